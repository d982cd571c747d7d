"""What stages share that take their input row by row: zeros around it, and a rescaled row."""

from __future__ import annotations

from dataclasses import replace
from typing import TypeVar

import numpy as np

from skconv.codegen.node import Call, NodeCode, Tensor
from skconv.codegen.text import call
from skconv.graph import Fused, Graph, Node, Rescale, TensorSpec
from skconv.graph.nested import Packed, Streamed
from skconv.graph.ops import ConvGeometry, PoolGeometry
from skconv.target.stage_memory import StageMemory

StreamedT = TypeVar("StreamedT", bound=Streamed)

PROGRESS_BYTES = 2 * np.dtype(np.int32).itemsize


def zeros(op: Fused) -> tuple[int, int]:
    """Rows of zeros above, and as many below as windows need."""
    memory = StageMemory(op.graph, streamed=True)
    conv, pool = memory.first.op, memory.pool
    assert isinstance(conv, ConvGeometry)
    assert isinstance(pool.op, PoolGeometry)
    top = conv.padding[0][0]
    windows = memory.specs[pool.name].shape[0]
    reach = (windows - 1) * pool.op.stride[0] + pool.op.size[0]
    wanted = (reach - 1) * conv.stride[0] + conv.window[0]
    return top, max(0, wanted - top - op.graph.input.shape[0])


def streamed(make: type[StreamedT], whole: Packed, op: Fused) -> StreamedT:
    """A packed stage that takes rows; its progress stands behind the rest of its memory."""
    top, bottom = zeros(op)
    nbytes = whole.scratch_bytes + PROGRESS_BYTES
    return make(whole, whole.tables, nbytes, stage=whole, top=top, bottom=bottom)


def rescaled(op: Streamed, x: TensorSpec, node: Node) -> Streamed:
    """The stage with a rescaled row before it, behind the rest of its scratch memory."""
    rescale = node.op
    assert isinstance(rescale, Rescale)
    chain = Graph(x).append(rescale, name=node.name).append(op.op, name="stage")
    multipliers = tuple((f"rescale.{n}", a) for n, a in rescale.parameters.items())
    return replace(
        op,
        op=Fused(chain),
        tables=(*op.tables, *multipliers),
        scratch_bytes=_row_place(op.scratch_bytes) + _row(rescale, x).nbytes,
        rescale=rescale,
    )


def _row(rescale: Rescale, x: TensorSpec) -> TensorSpec:
    """One row of the input, rescaled."""
    return rescale.output(replace(x, shape=(1, *x.shape[1:])))


def _row_place(nbytes: int) -> int:
    return -(-nbytes // 2) * 2


def row_calls(op: Streamed, code: NodeCode) -> tuple[tuple[Call, ...], str]:
    """What is done to a row before the stage takes it, and its pointer then."""
    if op.rescale is None:
        return (), "row"
    row = _row(op.rescale, code.input.spec)
    to = Tensor(f"({code.scratch} + {op.scratch_bytes - row.nbytes})", row)
    tables = {"multiplier": code.tables.get("rescale.multiplier", "")}
    inner = replace(code, node=replace(code.node, op=op.rescale), tables=tables)
    rule = inner.requantization(op.rescale.requantization)
    sizes = (to.pixels, to.channels)
    text = call("sk_rescale_row", "row", code.input.type, *to.typed, *sizes, rule)
    return (Call("pointwise.h", text, "const void *const rescaled"),), "rescaled"
