"""The header file of a model: sizes, types and functions."""

from __future__ import annotations

import math
from collections.abc import Iterator

from skconv.codegen.input_layout import sample_of
from skconv.codegen.labels import label_function, several_labels_function
from skconv.codegen.program import Program
from skconv.codegen.scales import conversions, scale_macros, shape_macros
from skconv.codegen.stack import stack_bytes
from skconv.codegen.text import CTYPES, comment
from skconv.graph import INPUT, TensorSpec
from skconv.graph.base import Shape
from skconv.graph.ring import runs_per_hop
from skconv.graph.smoothing import Events


def header(program: Program) -> Iterator[str]:
    """The lines of ``NAME.h``."""
    name, macro = program.name, program.macro
    guard = f"{macro}_MODEL_H"
    yield from _title(program)
    yield f"#ifndef {guard}"
    yield f"#define {guard}"
    includes = ("#include <stdbool.h>",) if program.rings else ()
    yield from (
        "",
        *includes,
        "#include <stdint.h>",
        "",
        "#ifdef __cplusplus",
        'extern "C" {',
        "#endif",
        "",
    )
    yield f'#define {macro}_SKCONV_VERSION "{version()}"'
    yield f"#define {macro}_INPUT_SIZE {program.definition.input.size}"
    yield from shape_macros(program)
    yield f"#define {macro}_OUTPUT_SIZE {program.scores.size}"
    if program.decision:
        yield f"#define {macro}_N_CLASSES {program.graph.n_classes}"
    yield f"#define {macro}_ARENA_BYTES {program.plan.arena_bytes}"
    yield from _stack_macro(program)
    yield ""
    yield from scale_macros(program)
    yield f"typedef {CTYPES[program.specs[INPUT].dtype]} {name}_input_t;"
    yield f"typedef {CTYPES[program.scores.dtype]} {name}_output_t;"
    yield ""
    yield from _functions(program)
    yield ""
    yield from conversions(program)
    yield f"#ifdef {macro}_TRACE"
    yield "/* Every tensor of the last run, one after the other. */"
    yield f"#define {macro}_TRACE_BYTES {program.trace_bytes}"
    yield f"extern uint8_t {name}_trace[{macro}_TRACE_BYTES];"
    yield from ("#endif", "", "#ifdef __cplusplus", "}", "#endif", "", "#endif")


def _stack_macro(program: Program) -> Iterator[str]:
    """Stack, on an AVR and elsewhere."""
    name, sizes = f"{program.macro}_STACK_BYTES", _stack(program)
    if sizes[0] == sizes[1]:
        yield f"#define {name} {sizes[0]}"
        return
    yield from ("#if defined(__AVR__)", f"#define {name} {sizes[1]}")
    yield from ("#else", f"#define {name} {sizes[0]}", "#endif")


def _stack(program: Program) -> tuple[int, int]:
    """Bytes of stack on a 32-bit core, and on an AVR."""
    return stack_bytes(program.graph), stack_bytes(program.graph, is_avr=True)


def version() -> str:
    """The version of skconv that prints."""
    from skconv import __version__

    return __version__


def _functions(program: Program) -> Iterator[str]:
    name = program.name
    if program.takes_arena:
        yield "/* Working memory, which the caller provides. */"
        yield "typedef union {"
        yield f"    uint8_t bytes[{program.macro}_ARENA_BYTES];"
        yield "    int64_t alignment;"
        yield f"}} {name}_arena_t;"
        yield ""
    if program.unpacking:
        yield "/* Unpacks tables to RAM, which takes a while. The first inference does it, too. */"
        yield from (f"{unpack_signature(program)};", "")
    if program.streamed:
        yield from _rows(program)
    if program.rings:
        yield from _samples(program)
    if program.decision:
        yield "/* Returns the index of the class of one sample. */"
        yield f"{predict_signature(program)};"
        yield ""
    yield f"/* Writes the {_meaning(program)} of one sample to output. */"
    yield f"{run_signature(program)};"
    if _has_value(program):
        yield ""
        yield from _value(program)
    if op := program.graph.decisions:
        yield ""
        yield from _classes(program)
        yield ""
        yield from several_labels_function(name, op.labels)
    if program.interface.probabilities:
        yield ""
        yield f"/* Class probabilities, from the scores of {name}_run; 32768 = 1.0 */"
        yield f"{probabilities_signature(program)};"
    if program.graph.classes is not None and program.decision:
        yield ""
        yield from label_function(name, program.graph.classes)


def _classes(program: Program) -> Iterator[str]:
    """The classes of several outputs: what ``run`` writes, under the name that decisions have."""
    name, arena = program.name, "arena, " if program.takes_arena else ""
    parameters = _parameters(program, _input(program, "input"), _output(program, "classes"))
    yield "/* Writes the index of the class of each output of one sample to classes, an array of"
    yield f" * {program.macro}_OUTPUT_SIZE entries."
    yield " */"
    yield f"static inline void {name}_predict({parameters})"
    yield "{"
    yield f"    {name}_run({arena}input, classes);"
    yield "}"


def _has_value(program: Program) -> bool:
    """Whether the model is a regressor of one output."""
    return program.interface.is_regressor and program.scores.size == 1


def _value(program: Program) -> Iterator[str]:
    """The value of a regressor as a result, and the real number that it stands for."""
    name, macro = program.name, program.macro
    arena = "arena, " if program.takes_arena else ""
    parameters = _parameters(program, _input(program, "input"))
    if program.scores.domain == "integer":
        yield f"/* Returns the value of one sample as an integer: {macro}_REAL(integer) is the real"
        yield " * number."
        yield " */"
        zero_point = f"(float){macro}_OUTPUT_ZERO_POINT"
        yield f"#define {macro}_REAL(integer) \\"
        yield f"    ({macro}_OUTPUT_SCALE * ((float)(integer) - {zero_point}))"
    else:
        yield "/* Returns the value of one sample. */"
    yield f"static inline {name}_output_t {name}_predict({parameters})"
    yield "{"
    yield f"    {name}_output_t value[1];"
    yield f"    {name}_run({arena}input, value);"
    yield "    return value[0];"
    yield "}"


def _rows(program: Program) -> Iterator[str]:
    name, macro = program.name, program.macro
    rows, size, *more = program.specs[INPUT].shape
    yield f"/* One sample row by row: call {name}_begin once, {name}_push for each of the"
    yield f" * {macro}_ROWS rows from the first to the last, then {name}_finish. A row may be"
    yield f" * overwritten as soon as {name}_push returns; working memory is in use from begin to"
    yield " * finish."
    yield " */"
    yield f"#define {macro}_ROWS {rows}"
    yield f"#define {macro}_ROW_SIZE {size * math.prod(more)}"
    yield f"{begin_signature(program)};"
    yield f"{push_signature(program)};"
    if program.decision:
        yield "/* Returns the index of the class. Writes the scores, unless the pointer is NULL. */"
    else:
        yield f"/* Writes the {_meaning(program)}. */"
    yield f"{finish_signature(program)};"
    yield ""


def _samples(program: Program) -> Iterator[str]:
    name, macro, window = program.name, program.macro, program.interface.window
    assert window is not None
    yield f"/* A stream: call {name}_begin once, then {name}_push for each sample of"
    yield f" * {macro}_SAMPLE_SIZE numbers. It returns whether a new result is ready: the first of"
    yield f" * {macro}_WINDOW samples, then one every {macro}_HOP samples. {name}_result gives it"
    yield f" * until the next push. A sample may be overwritten as soon as {name}_push returns."
    yield f" * Working memory is in use all the time; {name}_run begins a new stream."
    yield " */"
    yield f"#define {macro}_WINDOW {window.length}"
    yield f"#define {macro}_HOP {window.hop}"
    yield f"#define {macro}_SAMPLE_SIZE {program.specs[INPUT].size}"
    yield f"{begin_signature(program)};"
    yield f"{push_sample_signature(program)};"
    if program.decision and isinstance(program.interface.smoothing, Events):
        yield "/* Returns the index of the class of which an event begins, or -1 where none does."
        yield " * Writes the scores, unless the pointer is NULL."
        yield " */"
    elif program.decision:
        yield "/* Returns the index of the class. Writes the scores, unless the pointer is NULL. */"
    else:
        yield f"/* Writes the {_meaning(program)}. */"
    yield f"{result_signature(program)};"
    yield ""


def begin_signature(program: Program) -> str:
    return f"void {program.name}_begin({_parameters(program)})"


def push_signature(program: Program, function: str = "push") -> str:
    return f"void {program.name}_{function}({_parameters(program, _input(program, 'row'))})"


def push_sample_signature(program: Program) -> str:
    return f"bool {program.name}_push({_parameters(program, _input(program, 'sample'))})"


def result_signature(program: Program) -> str:
    kind, pointer = ("int32_t", "scores") if program.decision else ("void", "result")
    return f"{kind} {program.name}_result({_parameters(program, _output(program, pointer))})"


def finish_signature(program: Program) -> str:
    result = "int32_t" if program.decision else "void"
    pointer = "scores" if program.keeps_scores else "output"
    return f"{result} {program.name}_finish({_parameters(program, _output(program, pointer))})"


def unpack_signature(program: Program) -> str:
    return f"void {program.name}_unpack({_parameters(program)})"


def run_signature(program: Program) -> str:
    parameters = _parameters(program, _input(program, "input"), _output(program, "output"))
    return f"void {program.name}_run({parameters})"


def predict_signature(program: Program) -> str:
    return f"int32_t {program.name}_predict({_parameters(program, _input(program, 'input'))})"


def probabilities_signature(program: Program) -> str:
    name = program.name
    return f"void {name}_probabilities(const {name}_output_t *scores, uint16_t *probabilities)"


def _parameters(program: Program, *own: str) -> str:
    """Those of a function of the model, the arena first where it takes one."""
    arena = (f"{program.name}_arena_t *arena",) if program.takes_arena else ()
    return ", ".join((*arena, *own)) or "void"


def _input(program: Program, pointer: str) -> str:
    return f"const {program.name}_input_t *{pointer}"


def _output(program: Program, pointer: str) -> str:
    return f"{program.name}_output_t *{pointer}"


def _title(program: Program) -> Iterator[str]:
    graph, name = program.graph, program.name
    yield f"/* {name}.h: the interface of the model; generated by skconv for {name}."
    yield " * SPDX-License-Identifier: BSD-3-Clause"
    yield " *"
    yield from (f" * {line}" for line in _what_to_call(program))
    yield " *"
    yield f" * skconv   {version()}; changes made here are lost at the next export"
    sample = sample_of(program.definition)
    yield f" * input    {described(program.definition.input, sample.shape)}"
    yield f" *          {sample.layout}"
    if graph.decisions:
        yield f" * output   int32 {program.scores.shape}: {_meaning(program)}, one an output"
    else:
        yield f" * output   {described(program.scores)}: {_meaning(program)}"
    if program.interface.scores:
        yield f" *          real numbers as {program.interface.scores} of scikit-learn returns them"
    yield f" * tables   {graph.parameter_bytes:,} bytes of flash; code comes on top"
    arena = f"{program.plan.arena_bytes:,} bytes of RAM"
    yield f" * arena    {arena}: {_working_memory(program)}"
    stack, on_avr = _stack(program)
    yield f" * stack    about {stack:,} bytes at -O2, estimated; without optimisation"
    yield " *          far more, up to tens of kilobytes"
    if on_avr != stack:
        yield f" *          on an AVR about {on_avr:,} bytes at -O2"
    macs, runs = graph.node_macs(), runs_per_hop(graph)
    total = sum(macs[name] * runs[name] for name in macs)
    yield f" * MACs     {total:,} multiply-accumulates a {'hop' if program.rings else 'sample'}"
    if graph.classes is not None and program.decision:
        for i, label in enumerate(graph.classes):
            yield f" * class {i:<3}{comment(str(label))}"
    if op := graph.decisions:
        for i, labels in enumerate(op.labels):
            yield f" * classes of output {i}: {comment(', '.join(map(str, labels)))}"
    yield " */"


def _working_memory(program: Program) -> str:
    if program.takes_arena:
        return "working memory, which the caller provides"
    if program.plan.arena_bytes:
        return "working memory, static, so calls must not overlap"
    return "the model needs no working memory"


def _what_to_call(program: Program) -> Iterator[str]:
    name, arena = program.name, "arena, " if program.takes_arena else ""
    if program.decision:
        yield f"Call {name}_predict({arena}input): it returns the index of the class."
        if program.graph.classes is not None:
            yield f"{name}_label(index) is the label of that class."
    elif program.graph.decisions:
        yield f"Call {name}_predict({arena}input, classes): it writes the index of the class of"
        yield f"each output. {name}_label(output, index) is the label of that class."
    else:
        yield f"Call {name}_run({arena}input, output): it writes the results."


def described(spec: TensorSpec, shape: Shape | None = None) -> str:
    """Type, shape and scale of a tensor, in words; the shape may be another of that size."""
    shape = spec.shape if shape is None else shape
    shape = shape[1:] if len(shape) == 3 and shape[0] == 1 else shape
    text = f"{spec.dtype} {shape}"
    if spec.domain == "float":
        return text
    return f"{text}, real = {_scale(spec)} * {_integer(spec)}"


def _scale(spec: TensorSpec) -> str:
    """One scale, or where the scale of each entry is found."""
    return "scale[i]" if len(spec.scales) > 1 else f"{spec.outer_scale[0]:.9g}"


def _integer(spec: TensorSpec) -> str:
    """The integer less its zero point."""
    if len(spec.zero_points) > 1:
        return "(q - zero_point[i])"
    zero = int(spec.outer_zero_point[0])
    return f"(q {'-' if zero > 0 else '+'} {abs(zero)})" if zero else "q"


def _meaning(program: Program) -> str:
    if program.graph.decisions:
        return "indices of classes"
    return "scores" if program.decision or program.interface.scores else "results"
