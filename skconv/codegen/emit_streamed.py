"""How a fused stage that reads its input row by row is printed: its begin and its push."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from skconv.codegen.emit_fused import (
    expansion_of,
    place,
    sink,
    stage,
    stage_functions,
    weights_place,
)
from skconv.codegen.node import Call, NodeCode, emit
from skconv.codegen.streamed import row_calls, zeros
from skconv.codegen.text import call, struct
from skconv.graph import Fused
from skconv.graph.nested import Streamed
from skconv.target.stage_memory import StageMemory


@dataclass(frozen=True)
class StreamedStage(Streamed):
    """A stage by ``stage_stream.h``, on any core."""

    reads_flash: ClassVar[bool] = True


def streamed_stage(op: Fused) -> StreamedStage:
    """The stage with its tables."""
    top, bottom = zeros(op)
    tables = tuple(op.parameters.items())
    nbytes = StageMemory(op.graph, streamed=True).nbytes
    return StreamedStage(op, tables, nbytes, stage=op, top=top, bottom=bottom)


@emit.register
def _(op: StreamedStage, code: NodeCode) -> Iterator[Call]:
    fused = op.stage
    assert isinstance(fused, Fused)
    memory = StageMemory(fused.graph, streamed=True)
    x = fused.graph.input
    functions = stage_functions(fused, code, memory)
    expanding: dict[str, object] = {}
    if fused.coded is not None:
        expand = expansion_of(fused.coded, code, memory)
        expanding = {"expand": expand.name, "weights": weights_place(code, memory)}
        functions = (*functions, expand)
    value = struct(
        "sk_stage_stream",
        rows=place(code, memory, "rows"),
        row_bytes=x.nbytes // x.shape[0],
        progress=f"(sk_progress *){place(code, memory, 'progress')}",
        **expanding,
        sink=sink(fused, code),
        stage=stage(fused, code, memory),
    )
    before, row = row_calls(op, code)
    yield Call("stage_stream.h", call("sk_stage_stream_begin", value), functions=functions)
    yield from before
    yield Call("stage_stream.h", call("sk_stage_stream_push", value, row))
