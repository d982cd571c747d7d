"""Fused stages on maps of one channel by ``csrc/dsp_stage.h``."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from skconv.export.node import Call, NodeCode, emit
from skconv.export.packing import row_head, rows, rows_pool
from skconv.export.packing import stage as packing
from skconv.export.text import call, struct
from skconv.graph import Fused
from skconv.graph.nested import Packed


@dataclass(frozen=True)
class DspStage(Packed):
    """A convolution, a nonlinearity, a pooling and perhaps a linear head, row after row."""


def pack(op: Fused) -> DspStage | None:
    """The op with its tables; None where the routine does not serve it."""
    stage = packing.stage_of(op)
    if stage is None:
        return None
    return DspStage(op, tuple(packing.tables(stage).items()), packing.scratch_bytes(stage))


@emit.register
def _(op: DspStage, code: NodeCode) -> Iterator[Call]:
    fused = op.op
    assert isinstance(fused, Fused)
    stage = packing.stage_of(fused)
    assert stage is not None
    value = _stage_value(stage, code)
    if stage.linear is None:
        arguments: tuple[object, ...] = (value, code.output.pointer, stage.feature_bytes)
        yield Call("dsp_stage.h", call("sk_dsp_stage_map", *arguments))
        return
    run = f"({code.scratch} + {packing.rows_bytes(stage)})"
    head = row_head.literal(stage.linear, stage.features, stage.run)
    weights = (code.table("head", "int32"), code.table("bias", "int32"))
    arguments = (value, run, *weights, code.output.pointer, head)
    yield Call("dsp_stage.h", call("sk_dsp_stage_scores", *arguments))


def _stage_value(stage: packing.Stage, code: NodeCode) -> str:
    rules = {"square": stage.square, "to": stage.to}
    values = {name: code.requantization(r) for name, r in rules.items() if r is not None}
    height, _, _ = stage.input.shape
    return struct(
        "sk_dsp_stage",
        input=code.input.pointer,
        height=height,
        row_bytes=stage.input.nbytes // height,
        top=stage.conv.padding[0][0],
        pushes=rows_pool.rows_to_push(stage.conv, stage.pool, stage.features),
        rows=f"(uint32_t *){code.scratch}",
        table=code.table("packed", "int32"),
        conv=rows.literal(stage.conv, stage.input),
        pool=rows_pool.literal(stage.nonlinearity, stage.pool, stage.features, **values),
    )
