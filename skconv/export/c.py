"""Prints a graph and its memory plan as C99.

The printer writes tables, and the sequence of calls with literal sizes. What is computed
stands in the hand-written header files of ``csrc``, which go along.

The C of a model ``gesture`` offers, in ``gesture.h``:

- ``gesture_input_t``, ``gesture_output_t``, ``GESTURE_INPUT_SIZE``, ``GESTURE_OUTPUT_SIZE``,
  ``GESTURE_ARENA_BYTES`` and, of a classifier, ``GESTURE_N_CLASSES``;
- ``void gesture_run(const gesture_input_t *input, gesture_output_t *output)``: the scores of
  a classifier, the predictions of a regressor, the features of a transformer;
- ``int32_t gesture_predict(const gesture_input_t *input)``, of a classifier: the index of
  the class;
- with ``GESTURE_TRACE`` defined, ``gesture_trace``: every tensor of the last run, one after
  the other (`trace_offsets`);
- with ``GESTURE_NODES`` defined it calls ``gesture_node(index)`` after every node: a place to
  measure (`skconv.export.bench`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate
from pathlib import Path

from skconv.export.emit import copy, emit
from skconv.export.node import Call, NodeCode, Tensor
from skconv.export.text import CTYPES, Names, check_name, comment, statement, table
from skconv.graph import INPUT, Graph, Node, TensorSpec, verify
from skconv.memory import MemoryPlan, plan_memory, scratch_name

CSRC = Path(__file__).parent / "csrc"
HEADER_FOLDER = "skconv"


def render(graph: Graph, name: str, plan: MemoryPlan | None = None) -> dict[str, str]:
    """The C files of a graph.

    Parameters
    ----------
    graph : Graph
        An integer graph, or a float graph for targets with an FPU.
    name : str
        Begins every external symbol: a C identifier.
    plan : MemoryPlan or None
        Where the tensors live; `plan_memory` by default.

    Returns
    -------
    dict of str to str
        Text by file name: ``NAME.c``, ``NAME.h``, and the routines it calls in ``skconv/``.

    Raises
    ------
    ValueError
        Where ``name`` is no C identifier, or the graph is not legal.

    Examples
    --------
    >>> from skconv.export.c import render
    >>> from skconv.graph import Abs, Graph, TensorSpec
    >>> graph = Graph(TensorSpec((4,), "int16", minimum=-99, maximum=99)).append(Abs())
    >>> sorted(render(graph, "m"))
    ['m.c', 'm.h', 'skconv/pointwise.h', 'skconv/requantize.h', 'skconv/root.h', 'skconv/types.h']
    """
    check_name(name)
    verify(graph)
    program = Program(graph, name, plan or plan_memory(graph))
    source = "\n".join(_source(program)) + "\n"
    header = "\n".join(_header(program)) + "\n"
    return {f"{name}.c": source, f"{name}.h": header} | _routines(program)


def trace_offsets(graph: Graph) -> dict[str, int]:
    """Where the tensor of every node begins in the trace, in bytes."""
    specs = graph.specs
    sizes = (specs[node.name].nbytes for node in graph.nodes)
    names = (node.name for node in graph.nodes)
    return dict(zip(names, accumulate(sizes, initial=0), strict=False))


@dataclass(frozen=True)
class Program:
    """A graph with everything that its C text names."""

    graph: Graph
    name: str
    plan: MemoryPlan

    @cached_property
    def specs(self) -> dict[str, TensorSpec]:
        return self.graph.specs

    @property
    def macro(self) -> str:
        return self.name.upper()

    @property
    def scores(self) -> TensorSpec:
        return self.specs[self.graph.scores_name]

    @cached_property
    def decision(self) -> Node | None:
        """The last node of a classifier: ``predict`` ends with it."""
        return self.graph.nodes[-1] if self.graph.is_classifier else None

    @cached_property
    def nodes(self) -> tuple[Node, ...]:
        """The nodes that ``run`` computes."""
        return tuple(node for node in self.graph.nodes if node is not self.decision)

    @cached_property
    def names(self) -> Names:
        return Names(self.name)

    @cached_property
    def pointers(self) -> dict[str, str]:
        """The C pointer of every tensor: that of its home."""
        homes = self.plan.homes
        given = {homes[self.graph.scores_name]: "output"} | {INPUT: "input"}
        for name in homes.values():
            if name not in given:
                given[name] = self.names.give(name)
        return {tensor: given[home] for tensor, home in homes.items()}

    @cached_property
    def tables(self) -> dict[str, dict[str, str]]:
        """The C names of the parameters of every node."""
        self.pointers  # noqa: B018  (tensors choose their names first)
        return {
            node.name: {p: self.names.give(f"{node.name}_{p}") for p in node.op.parameters}
            for node in self.graph.nodes
        }

    def tensor(self, name: str) -> Tensor:
        return Tensor(self.pointers[name], self.specs[name])

    def code(self, node: Node) -> NodeCode:
        inputs = tuple(map(self.tensor, node.inputs))
        scratch = self.plan.buffer(scratch_name(node.name))
        place = "" if scratch is None else f"(arena.bytes + {scratch.offset})"
        return NodeCode(node, inputs, self.tensor(node.name), self.tables[node.name], place)

    @cached_property
    def calls(self) -> dict[str, tuple[Call, ...]]:
        return {node.name: tuple(emit(node.op, self.code(node))) for node in self.graph.nodes}

    @cached_property
    def final_copy(self) -> Call | None:
        """Scores that are the input itself still have to reach the output."""
        if self.plan.homes[self.graph.scores_name] != INPUT:
            return None
        return copy(self.tensor(INPUT), Tensor("output", self.specs[INPUT]))

    @property
    def headers(self) -> list[str]:
        """The routines that the text calls, directly."""
        calls = [call for calls in self.calls.values() for call in calls]
        if self.final_copy:
            calls.append(self.final_copy)
        return sorted({call.header for call in calls} | {"types.h"})


# -------------------------------------------------------------------------------- header


def _header(program: Program) -> Iterator[str]:
    name, macro = program.name, program.macro
    yield from _title(program)
    yield f"#ifndef {macro}_H"
    yield f"#define {macro}_H"
    yield from ("", "#include <stdint.h>", "", "#ifdef __cplusplus", 'extern "C" {', "#endif", "")
    yield f"#define {macro}_INPUT_SIZE {program.specs[INPUT].size}"
    yield f"#define {macro}_OUTPUT_SIZE {program.scores.size}"
    yield f"#define {macro}_ARENA_BYTES {program.plan.arena_bytes}"
    if program.decision:
        yield f"#define {macro}_N_CLASSES {max(2, program.scores.size)}"
    yield ""
    yield f"typedef {CTYPES[program.specs[INPUT].dtype]} {name}_input_t;"
    yield f"typedef {CTYPES[program.scores.dtype]} {name}_output_t;"
    yield ""
    yield f"/* {_meaning(program)} of one sample. Not reentrant: the arena is static. */"
    yield f"void {name}_run(const {name}_input_t *input, {name}_output_t *output);"
    if program.decision:
        yield ""
        yield "/* Index of the class of one sample. */"
        yield f"int32_t {name}_predict(const {name}_input_t *input);"
    yield ""
    yield f"#ifdef {macro}_TRACE"
    yield "/* Every tensor of the last run, one after the other. */"
    yield f"#define {macro}_TRACE_BYTES {_trace_bytes(program.graph)}"
    yield f"extern uint8_t {name}_trace[{macro}_TRACE_BYTES];"
    yield from ("#endif", "", "#ifdef __cplusplus", "}", "#endif", "", "#endif")


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
    zero = f" - {spec.zero_point}" if spec.zero_point else ""
    return f"{text}, real = {spec.scale:.9g} * {f'(q{zero})' if zero else 'q'}"


def _meaning(program: Program) -> str:
    return "Scores" if program.decision else "Results"


def _trace_bytes(graph: Graph) -> int:
    specs = graph.specs
    return max(1, sum(specs[node.name].nbytes for node in graph.nodes))


# -------------------------------------------------------------------------------- source


def _source(program: Program) -> Iterator[str]:
    yield f"/* {program.name}: generated by skconv for {program.name}; changes here are lost. */"
    yield f'#include "{program.name}.h"'
    yield from ("", "#include <string.h>", "")
    for header in program.headers:
        yield f'#include "{HEADER_FOLDER}/{header}"'
    yield ""
    yield from _trace(program)
    yield from _node_hook(program)
    if program.plan.arena_bytes:
        yield "/* The memory of all tensors that live inside; int64_t aligns it. */"
        yield "static union {"
        yield f"    uint8_t bytes[{program.macro}_ARENA_BYTES];"
        yield "    int64_t alignment;"
        yield "} arena;"
        yield ""
    yield from _tables(program)
    yield from _functions(program)
    yield from _run(program)
    if program.decision:
        yield from _predict(program, program.decision)


def _trace(program: Program) -> Iterator[str]:
    name, macro = program.name, program.macro
    yield f"#ifdef {macro}_TRACE"
    yield f"uint8_t {name}_trace[{macro}_TRACE_BYTES];"
    yield f"#define TRACE(offset, tensor, bytes) memcpy({name}_trace + (offset), (tensor), (bytes))"
    yield "#else"
    yield "#define TRACE(offset, tensor, bytes) ((void)0)"
    yield "#endif"
    yield ""


def _node_hook(program: Program) -> Iterator[str]:
    yield f"#ifdef {program.macro}_NODES"
    yield "/* Called after every node: a place to measure. */"
    yield f"void {program.name}_node(int32_t index);"
    yield f"#define NODE(index) {program.name}_node(index)"
    yield "#else"
    yield "#define NODE(index) ((void)0)"
    yield "#endif"
    yield ""


def _tables(program: Program) -> Iterator[str]:
    for node in program.graph.nodes:
        for key, array in node.op.parameters.items():
            yield f"/* {comment(node.name)}: {key} {array.shape}, {array.nbytes:,} bytes */"
            yield from table(program.tables[node.name][key], array)
            yield ""


def _functions(program: Program) -> Iterator[str]:
    """Functions that calls need, equal ones once."""
    calls = (call for calls in program.calls.values() for call in calls)
    for function in dict.fromkeys(function for call in calls for function in call.functions):
        yield from function.lines
        yield ""


def _run(program: Program) -> Iterator[str]:
    name = program.name
    yield f"void {name}_run(const {name}_input_t *input, {name}_output_t *output)"
    yield "{"
    declarations = list(_declarations(program))
    yield from declarations
    for i, node in enumerate(program.nodes):
        if i or declarations:
            yield ""
        yield from _node(program, node)
    if program.final_copy:
        yield from statement(program.final_copy.text)
    yield "}"


def _declarations(program: Program) -> Iterator[str]:
    """A typed pointer for every tensor that is the first in its memory."""
    for node in program.nodes:
        pointer = program.pointers[node.name]
        buffer = program.plan.buffer(node.name)
        if buffer is not None and pointer != "output":
            kind = CTYPES[program.specs[node.name].dtype]
            yield f"    {kind} *const {pointer} = ({kind} *)(arena.bytes + {buffer.offset});"


def _node(program: Program, node: Node) -> Iterator[str]:
    spec = program.specs[node.name]
    yield f"    /* {comment(node.name)}: {node.op.describe()} -> {spec.dtype} {spec.shape} */"
    for call in program.calls[node.name]:
        yield from statement(call.text, call.result)
    offset = trace_offsets(program.graph)[node.name]
    yield f"    TRACE({offset}, {program.pointers[node.name]}, {spec.nbytes});"
    yield f"    NODE({program.graph.nodes.index(node)});"


def _predict(program: Program, decision: Node) -> Iterator[str]:
    name, graph = program.name, program.graph
    yield ""
    yield f"int32_t {name}_predict(const {name}_input_t *input)"
    yield "{"
    home = program.plan.buffer(program.plan.homes[graph.scores_name])
    if home is not None:
        kind = f"{name}_output_t"
        yield f"    {kind} *const output = ({kind} *)(arena.bytes + {home.offset});"
        yield f"    {name}_run(input, output);"
        yield ""
    yield f"    /* {comment(decision.name)}: {decision.op.describe()} */"
    (call,) = program.calls[decision.name]
    yield from statement(call.text, "const int32_t class_index")
    offset = trace_offsets(graph)[decision.name]
    yield f"    TRACE({offset}, &class_index, {program.specs[decision.name].nbytes});"
    yield f"    NODE({len(graph.nodes) - 1});"
    yield "    return class_index;"
    yield "}"


# ------------------------------------------------------------------------------ routines


def _routines(program: Program) -> dict[str, str]:
    """The header files that the text needs, those that they include among them."""
    found: dict[str, str] = {}
    wanted = list(program.headers)
    while wanted:
        name = wanted.pop()
        if name not in found:
            found[name] = (CSRC / name).read_text(encoding="utf-8")
            wanted += re.findall(r'#include "([^"]+)"', found[name])
    return {f"{HEADER_FOLDER}/{name}": found[name] for name in sorted(found)}
