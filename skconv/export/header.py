"""The header file of a model: sizes, types, and what a caller may call."""

from __future__ import annotations

import math
from collections.abc import Iterator

from skconv.export.program import Program
from skconv.export.text import CTYPES, comment, float_literal, macro_table, string
from skconv.graph import INPUT, TensorSpec


def header(program: Program) -> Iterator[str]:
    """The lines of ``NAME.h``."""
    name, macro = program.name, program.macro
    yield from _title(program)
    yield f"#ifndef {macro}_H"
    yield f"#define {macro}_H"
    yield from ("", "#include <stdint.h>", "", "#ifdef __cplusplus", 'extern "C" {', "#endif", "")
    yield f"#define {macro}_INPUT_SIZE {program.specs[INPUT].size}"
    yield f"#define {macro}_OUTPUT_SIZE {program.scores.size}"
    yield f"#define {macro}_ARENA_BYTES {program.plan.arena_bytes}"
    if program.decision:
        yield f"#define {macro}_N_CLASSES {program.graph.n_classes}"
    yield ""
    yield from _own_scales(f"{macro}_INPUT", program.specs[INPUT])
    yield from _own_scales(f"{macro}_OUTPUT", program.scores)
    yield f"typedef {CTYPES[program.specs[INPUT].dtype]} {name}_input_t;"
    yield f"typedef {CTYPES[program.scores.dtype]} {name}_output_t;"
    yield ""
    yield from _functions(program)
    yield ""
    yield f"#ifdef {macro}_TRACE"
    yield "/* Every tensor of the last run, one after the other. */"
    yield f"#define {macro}_TRACE_BYTES {program.trace_bytes}"
    yield f"extern uint8_t {name}_trace[{macro}_TRACE_BYTES];"
    yield from ("#endif", "", "#ifdef __cplusplus", "}", "#endif", "", "#endif")


def _own_scales(prefix: str, spec: TensorSpec) -> Iterator[str]:
    """Macros for scales and zero points, where the entries of a tensor have their own."""
    if len(spec.scales) > 1:
        integer = "(q - zero_point)" if spec.zero_points else "q"
        yield f"/* Of every entry: real = scale * {integer} */"
        yield from macro_table(f"{prefix}_SCALES", map(float_literal, spec.scales))
        if spec.zero_points:
            yield from macro_table(f"{prefix}_ZERO_POINTS", map(str, spec.zero_points))
        yield ""


def _functions(program: Program) -> Iterator[str]:
    name = program.name
    memory = "Not reentrant: the arena is static."
    if program.takes_arena:
        memory = "The arena is free again behind it."
        yield "/* The memory that the model works in. */"
        yield "typedef union {"
        yield f"    uint8_t bytes[{program.macro}_ARENA_BYTES];"
        yield "    int64_t alignment;"
        yield f"}} {name}_arena_t;"
        yield ""
    if program.streamed:
        yield from _rows(program)
    yield f"/* {_meaning(program)} of one sample. {memory} */"
    yield f"{run_signature(program)};"
    if program.decision:
        yield ""
        yield "/* Index of the class of one sample. */"
        yield f"{predict_signature(program)};"
    if program.interface.probabilities:
        yield ""
        yield f"/* Of the classes, out of the scores of {name}_run: 32768 stands for 1. */"
        yield f"{probabilities_signature(program)};"
    if program.graph.classes is not None and program.decision:
        yield ""
        yield from _labels(name, [str(label) for label in program.graph.classes])


def _rows(program: Program) -> Iterator[str]:
    rows, size, *more = program.specs[INPUT].shape
    yield "/* One sample row by row: begin, push all rows from the first to the last, finish. A row"
    yield " * is not needed any longer when it has been pushed; the arena is, until the end."
    yield " */"
    yield f"#define {program.macro}_ROWS {rows}"
    yield f"#define {program.macro}_ROW_SIZE {size * math.prod(more)}"
    yield f"{begin_signature(program)};"
    yield f"{push_signature(program)};"
    if program.decision:
        yield "/* Index of the class, and scores where they are wanted: else NULL. */"
    yield f"{finish_signature(program)};"
    yield ""


def begin_signature(program: Program) -> str:
    return f"void {program.name}_begin({_arena(program).removesuffix(', ') or 'void'})"


def push_signature(program: Program) -> str:
    return f"void {program.name}_push({_arena(program)}const {program.name}_input_t *row)"


def finish_signature(program: Program) -> str:
    result = "int32_t" if program.decision else "void"
    pointer = "scores" if program.keeps_scores else "output"
    parameter = f"{program.name}_output_t *{pointer}"
    return f"{result} {program.name}_finish({_arena(program)}{parameter})"


def run_signature(program: Program) -> str:
    name = program.name
    return f"void {name}_run({_arena(program)}const {name}_input_t *input, {name}_output_t *output)"


def predict_signature(program: Program) -> str:
    name = program.name
    return f"int32_t {name}_predict({_arena(program)}const {name}_input_t *input)"


def probabilities_signature(program: Program) -> str:
    name = program.name
    return f"void {name}_probabilities(const {name}_output_t *scores, uint16_t *probabilities)"


def _arena(program: Program) -> str:
    return f"{program.name}_arena_t *arena, " if program.takes_arena else ""


def _labels(name: str, labels: list[str]) -> Iterator[str]:
    """A function, so that the words take memory only where it is called."""
    yield "/* The label of a class, by its index. */"
    yield f"static inline const char *{name}_label(int32_t class_index)"
    yield "{"
    yield "    switch (class_index) {"
    for i, label in enumerate(labels):
        yield f"    case {i}:"
        yield f"        return {string(label)};"
    yield "    default:"
    yield '        return "";'
    yield "    }"
    yield "}"


def _title(program: Program) -> Iterator[str]:
    graph, name = program.graph, program.name
    yield f"/* {name}: generated by skconv for {name}; changes here are lost."
    yield " *"
    yield f" * input    {_described(program.specs[INPUT])}"
    yield f" * output   {_described(program.scores)}: {_meaning(program).lower()}"
    yield f" * tables   {graph.parameter_bytes:,} bytes"
    yield f" * arena    {program.plan.arena_bytes:,} bytes"
    yield f" * MACs     {graph.macs:,}"
    if graph.classes is not None and program.decision:
        for i, label in enumerate(graph.classes):
            yield f" * class {i:<3}{comment(str(label))}"
    yield " */"


def _described(spec: TensorSpec) -> str:
    text = f"{spec.dtype} {spec.shape}"
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
    return "Scores" if program.decision else "Results"
