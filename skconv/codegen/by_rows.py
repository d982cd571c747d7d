"""The C of a model whose input comes row by row: begin, push, finish."""

from __future__ import annotations

from collections.abc import Iterator

from skconv.codegen.body import (
    decision_lines,
    declaration,
    declarations,
    node_lines,
    scores_pointer,
    trace_lines,
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
from skconv.graph.nested import Streamed


def by_rows(program: Program, first: Streamed) -> Iterator[str]:
    """All functions; those of a whole sample push its rows."""
    begin, *push = program.calls[program.nodes[0].name]
    yield begin_signature(program)
    yield "{"
    yield from _first_pointer(program)
    yield from statement(begin.text)
    yield from _zeros(program, first.top)
    yield from ("}", "", push_signature(program), "{")
    node = program.nodes[0]
    spec = program.specs[node.name]
    yield f"    /* {comment(node.name)}: {node.op.describe()} -> {spec.dtype} {spec.shape} */"
    yield from _first_pointer(program)
    for part in push:
        yield from statement(part.text, part.result)
    yield from ("}", "")
    yield from _finish(program, first)
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


def _call(program: Program, function: str, *arguments: str) -> str:
    arena = ("arena",) if program.takes_arena else ()
    return call(f"{program.name}_{function}", *arena, *arguments)


def _push_all(program: Program) -> Iterator[str]:
    macro = program.macro
    yield f"    {_call(program, 'begin')};"
    yield f"    for (int32_t row = 0; row < {macro}_ROWS; row++) {{"
    yield f"        {_call(program, 'push', f'input + row * {macro}_ROW_SIZE')};"
    yield "    }"


def _zeros(program: Program, rows: int) -> Iterator[str]:
    """Rows of zeros: vertical padding."""
    if rows:
        yield f"    for (int32_t i = 0; i < {rows}; i++) {{"
        yield f"        {_call(program, 'push', 'NULL')};"
        yield "    }"


def _first_pointer(program: Program) -> Iterator[str]:
    """The pointer to what the first node writes."""
    first = program.nodes[0]
    if program.pointers[first.name] == "output":
        yield from scores_pointer(program)
    else:
        yield from declaration(program, first)


def _finish(program: Program, first: Streamed) -> Iterator[str]:
    yield finish_signature(program)
    yield "{"
    yield from declarations(program)
    yield from scores_pointer(program)
    yield from _zeros(program, first.bottom)
    for i, node in enumerate(program.nodes):
        if i:
            yield ""
            yield from node_lines(program, node)
        else:
            yield from trace_lines(program, node)
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
