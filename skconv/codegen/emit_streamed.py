"""How a fused stage that reads its input row by row is printed: its begin and its push."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
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
from skconv.graph.ops import PoolGeometry
from skconv.target.stage_memory import StageMemory


@dataclass(frozen=True)
class StreamedStage(Streamed):
    """A stage by ``stage_stream.h``, on any core; kernel by kernel by ``stage_kernels.h``."""

    reads_flash: ClassVar[bool] = True
    by_kernel: bool = field(default=False, kw_only=True)

    @property
    def repeats(self) -> float:
        """Kernel by kernel, rows that windows share are computed for each of them."""
        assert isinstance(self.stage, Fused)
        memory = StageMemory(self.stage.graph, streamed=True)
        rows, pool = memory.specs[memory.pool.inputs[0]].shape[0], memory.pool.op
        assert isinstance(pool, PoolGeometry)
        windows = memory.specs[memory.pool.name].shape[0]
        return windows * pool.size[0] / rows if self.by_kernel else 1.0


def streamed_stage(op: Fused, *, small: bool = False) -> StreamedStage:
    """The stage with its tables.

    Where a ``small`` one is wanted and rows of windows overlap, one kernel is computed after the
    other if that takes less memory: rows of the input in place of the sums of all kernels.
    """
    top, bottom = zeros(op)
    tables = tuple(op.parameters.items())
    memory = StageMemory(op.graph, streamed=True)
    by_kernel = replace(memory, by_kernel=True)
    if small and memory.slots > 1 and memory.has_kernels_apart and by_kernel.nbytes < memory.nbytes:
        memory = by_kernel
    return StreamedStage(
        op, tables, memory.nbytes, stage=op, top=top, bottom=bottom, by_kernel=memory.by_kernel
    )


@emit.register
def _(op: StreamedStage, code: NodeCode) -> Iterator[Call]:
    fused = op.stage
    assert isinstance(fused, Fused)
    memory = StageMemory(fused.graph, streamed=True, by_kernel=op.by_kernel)
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
    name = "stage_kernels" if op.by_kernel else "stage_stream"
    yield Call(f"{name}.h", call(f"sk_{name}_begin", value), functions=functions)
    yield from before
    yield Call(f"{name}.h", call(f"sk_{name}_push", value, row))
