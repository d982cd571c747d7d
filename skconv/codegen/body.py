"""Lines inside the functions of a model: pointers, and what is done node by node."""

from __future__ import annotations

from collections.abc import Iterator

from skconv.codegen.node import Call
from skconv.codegen.program import Program
from skconv.codegen.text import CTYPES, comment, statement
from skconv.graph import Node
from skconv.graph.running import Running

CLASS_INDEX = "const int32_t class_index"


def unpacking(program: Program) -> Iterator[str]:
    """The call that unpacks tables, where there are any."""
    if program.unpacking:
        yield f"    {program.name}_unpack({'arena' if program.takes_arena else ''});"


def declarations(program: Program) -> Iterator[str]:
    """A typed pointer for every tensor that is the first in its memory."""
    for node in program.nodes:
        yield from declaration(program, node)


def declaration(program: Program, node: Node) -> Iterator[str]:
    """The pointer to what a node writes, if that memory has none yet."""
    pointer = program.pointers[node.name]
    buffer = program.plan.buffer(node.name)
    if buffer is not None and pointer != "output":
        kind = CTYPES[program.specs[node.name].dtype]
        yield f"    {kind} *const {pointer} = ({kind} *)({program.arena} + {buffer.offset});"


def node_lines(program: Program, node: Node) -> Iterator[str]:
    """The calls of a node."""
    spec = program.specs[node.name]
    yield f"    /* {comment(node.name)}: {node.op.describe()} -> {spec.dtype} {spec.shape} */"
    begins = isinstance(node.op, Running)
    for call in program.calls[node.name][begins:]:
        yield from statement(call.text, call.result)
    yield from trace_lines(program, node)


def trace_lines(program: Program, node: Node) -> Iterator[str]:
    """The trace of a node, and the hook after it."""
    spec, offset = program.specs[node.name], program.trace_offsets[node.name]
    yield f"    TRACE({offset}, {program.pointers[node.name]}, {spec.nbytes});"
    yield f"    NODE({program.graph.nodes.index(node)});"


def scores_pointer(program: Program) -> Iterator[str]:
    """The pointer ``output`` to scores that live in the arena, if they do."""
    home = program.plan.buffer(program.plan.homes[program.graph.scores_name])
    if home is not None:
        kind = f"{program.name}_output_t"
        yield f"    {kind} *const output = ({kind} *)({program.arena} + {home.offset});"


def decision_lines(program: Program, decision: Node) -> Iterator[str]:
    """The last node of a classifier."""
    yield f"    /* {comment(decision.name)}: {decision.op.describe()} */"
    *_, call = program.calls[decision.name]
    yield from statement(call.text, CLASS_INDEX)
    yield from _class_trace(program, decision)


def class_lines(program: Program, decision: Node, call: Call) -> Iterator[str]:
    """The last two nodes of a classifier, where no scores are written."""
    scores = program.graph.nodes[0]
    yield f"    /* {comment(scores.name)}: {scores.op.describe()}; the class alone */"
    yield from statement(call.text, CLASS_INDEX)
    yield "    NODE(0);"
    yield from _class_trace(program, decision)


def _class_trace(program: Program, decision: Node) -> Iterator[str]:
    offset = program.trace_offsets[decision.name]
    yield f"    TRACE({offset}, &class_index, {program.specs[decision.name].nbytes});"
    yield f"    NODE({len(program.graph.nodes) - 1});"
