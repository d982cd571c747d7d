"""The C of a model that a stream is pushed into, sample by sample: begin, push, result.

The nodes stand in ``NAME_push`` one after the other. A ring that is not full yet ends the call:
nothing behind it has anything new to read.
"""

from __future__ import annotations

from collections.abc import Iterator

from skconv.codegen.body import (
    decision_lines,
    declarations,
    node_lines,
    scores_pointer,
    trace_lines,
    unpacking,
)
from skconv.codegen.header import (
    begin_signature,
    predict_signature,
    push_sample_signature,
    result_signature,
    run_signature,
)
from skconv.codegen.program import Program
from skconv.codegen.text import call, comment, statement
from skconv.graph import Node
from skconv.graph.ring import Ring
from skconv.graph.running import Running
from skconv.graph.smoothing import Smoothed


def by_samples(program: Program) -> Iterator[str]:
    """All functions; those of a whole window push its samples."""
    yield from (begin_signature(program), "{", *_beginning(program), "}", "")
    yield from (push_sample_signature(program), "{", *_taking(program), "}", "")
    yield from (result_signature(program), "{", *_result(program), "}", "")
    yield from (run_signature(program), "{", *_push_all(program))
    discard = "(void)" if program.decision else ""
    yield from (f"    {discard}{_call(program, 'result', 'output')};", "}")
    if program.decision:
        yield from ("", predict_signature(program), "{", *_push_all(program))
        yield from (f"    return {_call(program, 'result', 'NULL')};", "}")


def _beginning(program: Program) -> Iterator[str]:
    yield from unpacking(program)
    for node in program.graph.nodes:
        if isinstance(node.op, Ring | Running | Smoothed):
            begin, *_ = program.calls[node.name]
            yield from statement(begin.text)


def _taking(program: Program) -> Iterator[str]:
    yield from declarations(program)
    yield from scores_pointer(program)
    for node in program.nodes:
        yield ""
        yield from (
            _ring_lines(program, node) if isinstance(node.op, Ring) else node_lines(program, node)
        )
    if program.decision and isinstance(program.decision.op, Smoothed):
        yield from _smoothing_lines(program, program.decision)
    yield from ("", "    return true;")


def _smoothing_lines(program: Program, decision: Node) -> Iterator[str]:
    """The decision on the window, and what those before make of it."""
    _, *pushing, _ = program.calls[decision.name]
    yield from ("", f"    /* {comment(decision.name)}: {decision.op.describe()} */")
    for each in pushing:
        yield from statement(each.text, each.result)


def _ring_lines(program: Program, node: Node) -> Iterator[str]:
    """An entry more; the end of the call where the ring is not full with it."""
    spec, (_, push) = program.specs[node.name], program.calls[node.name]
    yield f"    /* {comment(node.name)}: {node.op.describe()} -> {spec.dtype} {spec.shape} */"
    yield from statement(push.text, f"const bool {_is_full(program, node)}")
    yield f"    NODE({program.graph.nodes.index(node)});"
    yield f"    if (!{_is_full(program, node)}) {{"
    yield "        return false;"
    yield "    }"
    yield next(trace_lines(program, node))


def _is_full(program: Program, node: Node) -> str:
    rings = [node for node in program.nodes if isinstance(node.op, Ring)]
    return f"is_full_{rings.index(node)}" if len(rings) > 1 else "is_full"


def _result(program: Program) -> Iterator[str]:
    yield from scores_pointer(program)
    if program.decision:
        yield from decision_lines(program, program.decision)
    to, size = ("scores", "    ") if program.decision else ("result", "")
    copying = f"{size}    memcpy({to}, output, {program.scores.nbytes});"
    yield from (f"    if ({to} != NULL) {{", copying, "    }") if program.decision else (copying,)
    if program.decision:
        yield "    return class_index;"


def _push_all(program: Program) -> Iterator[str]:
    macro, sample = program.macro, f"input + i * {program.macro}_SAMPLE_SIZE"
    yield f"    {_call(program, 'begin')};"
    yield f"    for (int32_t i = 0; i < {macro}_WINDOW; i++) {{"
    yield f"        if ({_call(program, 'push', sample)}) {{"
    yield from ("            break;", "        }", "    }")


def _call(program: Program, function: str, *arguments: str) -> str:
    arena = ("arena",) if program.takes_arena else ()
    return call(f"{program.name}_{function}", *arena, *arguments)
