"""The C of a model whose input comes row by row: begin, push, finish."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from skconv.codegen.body import (
    decision_lines,
    declaration,
    declarations,
    node_lines,
    scores_pointer,
    trace_lines,
    unpacking,
)
from skconv.codegen.header import (
    begin_signature,
    finish_signature,
    predict_signature,
    push_signature,
    run_signature,
)
from skconv.codegen.program import Program
from skconv.codegen.text import call, comment, statement
from skconv.graph import Node
from skconv.graph.nested import Streamed


def by_rows(program: Program) -> Iterator[str]:
    """All functions; those of a whole sample push its rows."""
    streams = program.streamed
    if len(streams) > 1:
        for node in streams:
            yield f"static {push_signature(program, _taker(program, node))}"
            yield from ("{", *_taking(program, node), "}", "")
    yield from (begin_signature(program), "{", *_beginning(program), "}", "")
    yield from (push_signature(program), "{")
    if len(streams) > 1:
        yield from (f"    {_call(program, _taker(program, node), 'row')};" for node in streams)
    else:
        yield from _taking(program, streams[0])
    yield from ("}", "")
    yield from _finish(program)
    yield from ("", run_signature(program), "{")
    yield from _push_all(program)
    discard = "(void)" if program.decision else ""
    yield f"    {discard}{_call(program, 'finish', 'output')};"
    yield "}"
    if program.decision:
        yield from ("", predict_signature(program), "{")
        yield from _push_all(program)
        yield f"    return {_call(program, 'finish', 'NULL')};"
        yield "}"


def _taker(program: Program, node: Node) -> str:
    """The function that gives a row to one of the first stages: ``push`` where it is alone."""
    streams = program.streamed
    return f"push_{streams.index(node)}" if len(streams) > 1 else "push"


def _taking(program: Program, node: Node) -> Iterator[str]:
    """What one of the first stages does with a row."""
    spec = program.specs[node.name]
    yield f"    /* {comment(node.name)}: {node.op.describe()} -> {spec.dtype} {spec.shape} */"
    yield from _pointer(program, node)
    _, *push = program.calls[node.name]
    for part in push:
        yield from statement(part.text, part.result)


def _beginning(program: Program) -> Iterator[str]:
    yield from unpacking(program)
    for node in program.streamed:
        yield from _pointer(program, node)
    for node in program.streamed:
        begin, *_ = program.calls[node.name]
        yield from statement(begin.text)
    yield from _zeros(program, "top")


def _call(program: Program, function: str, *arguments: str) -> str:
    arena = ("arena",) if program.takes_arena else ()
    return call(f"{program.name}_{function}", *arena, *arguments)


def _push_all(program: Program) -> Iterator[str]:
    macro = program.macro
    yield f"    {_call(program, 'begin')};"
    yield f"    for (int32_t row = 0; row < {macro}_ROWS; row++) {{"
    yield f"        {_call(program, 'push', f'input + row * {macro}_ROW_SIZE')};"
    yield "    }"


def _zeros(program: Program, side: Literal["top", "bottom"]) -> Iterator[str]:
    """Rows of zeros: vertical padding, of each of the first stages its own."""
    for node in program.streamed:
        assert isinstance(node.op, Streamed)
        rows = node.op.top if side == "top" else node.op.bottom
        if rows:
            yield f"    for (int32_t i = 0; i < {rows}; i++) {{"
            yield f"        {_call(program, _taker(program, node), 'NULL')};"
            yield "    }"


def _pointer(program: Program, node: Node) -> Iterator[str]:
    """The pointer to what one of the first stages writes."""
    if program.pointers[node.name] == "output":
        yield from scores_pointer(program)
    else:
        yield from declaration(program, node)


def _finish(program: Program) -> Iterator[str]:
    yield finish_signature(program)
    yield "{"
    yield from declarations(program)
    yield from scores_pointer(program)
    yield from _zeros(program, "bottom")
    for node in program.streamed:
        yield from trace_lines(program, node)
    for node in program.nodes[len(program.streamed) :]:
        yield ""
        yield from node_lines(program, node)
    if program.decision:
        yield ""
        yield from decision_lines(program, program.decision)
    if program.keeps_scores:
        yield "    if (scores != NULL) {"
        yield f"        memcpy(scores, output, {program.scores.nbytes});"
        yield "    }"
    if program.decision:
        yield "    return class_index;"
    yield "}"
