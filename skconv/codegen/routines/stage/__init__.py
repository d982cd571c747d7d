"""Fused stages on maps of one channel by ``dsp_stage.h``."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from skconv.codegen.node import Call, NodeCode, emit, signed_root
from skconv.codegen.routines import row_head
from skconv.codegen.routines.base import Routine, Wish, with_dsp
from skconv.codegen.routines.rows import packing as rows
from skconv.codegen.routines.stage import packing, rows_pool
from skconv.codegen.streamed import row_calls, streamed
from skconv.codegen.text import call, struct
from skconv.graph import Fused, SoftThreshold, TensorSpec
from skconv.graph.nested import Packed, Streamed


@dataclass(frozen=True)
class DspStage(Packed):
    """A convolution, a nonlinearity, a pooling and perhaps a linear head, row after row."""


@dataclass(frozen=True)
class StreamedDspStage(Streamed):
    """The same, where rows of the input are pushed."""


def fits(op: Fused, x: TensorSpec, wish: Wish) -> bool:
    """Whether it is the routine to take: wherever it serves, but where rows are too short.

    The portable stage keeps less of a signal that goes sample by sample.
    """
    is_too_short = wish == Wish("size", "turned")
    return not is_too_short and packing.stage_of(op) is not None


def plan(op: Fused, x: TensorSpec, wish: Wish) -> DspStage | StreamedDspStage:
    """The op with its tables."""
    stage = packing.stage_of(op)
    assert stage is not None
    tables = tuple(packing.tables(stage).items())
    whole = DspStage(op, tables, packing.scratch_bytes(stage))
    return streamed(StreamedDspStage, whole, op) if wish.input == "rows" else whole


@emit.register
def _(op: DspStage, code: NodeCode) -> Iterator[Call]:
    stage = stage_of(op)
    height, width, channels = stage.input.shape
    x = struct("sk_map", height=height, width=width, channels=channels)
    extent = (code.input.pointer, x, stage.conv.padding[0][0], pushes(stage))
    values = (stage_value(stage, code), sink_value(stage, code))
    yield Call("dsp_stage.h", call("sk_dsp_stage_run", *values, *extent))


@emit.register
def _(op: StreamedDspStage, code: NodeCode) -> Iterator[Call]:
    packed = op.stage
    assert isinstance(packed, DspStage)
    stage = stage_of(packed)
    value, sink = stage_value(stage, code), sink_value(stage, code)
    progress = f"(sk_progress *)({code.scratch} + {packed.scratch_bytes})"
    before, row = row_calls(op, code)
    yield Call("dsp_stage.h", call("sk_dsp_stage_begin", sink, progress))
    yield from before
    yield Call("dsp_stage.h", call("sk_dsp_stage_push", value, sink, progress, row))


def stage_of(op: DspStage) -> packing.Stage:
    """The members of a packed stage."""
    assert isinstance(op.op, Fused)
    stage = packing.stage_of(op.op)
    assert stage is not None
    return stage


def pushes(stage: packing.Stage) -> int:
    """Rows of the padded input that the features take."""
    return rows_pool.rows_to_push(stage.conv, stage.pool, stage.features)


def sink_value(stage: packing.Stage, code: NodeCode) -> str:
    """The C value of `sk_dsp_sink`."""
    fields: dict[str, object] = {"output": code.output.pointer}
    if stage.linear is None:
        return struct("sk_dsp_sink", **fields, feature_bytes=stage.feature_bytes)
    return struct(
        "sk_dsp_sink",
        **fields,
        run=f"({code.scratch} + {packing.rows_bytes(stage)})",
        weights=code.table("head", "int32"),
        bias=code.table("bias", "int32"),
        head=row_head.literal(stage.linear, stage.features, stage.run, code),
    )


def stage_value(stage: packing.Stage, code: NodeCode) -> str:
    """The C value of `sk_dsp_stage`."""
    rules = {"square": stage.square, "to": stage.to}
    values = {name: code.requantization(r) for name, r in rules.items() if r is not None}
    if stage.root is not None:
        values["root"] = signed_root(stage.root, stage.pooled, code)
    if isinstance(stage.nonlinearity, SoftThreshold):
        values["threshold"] = code.table("threshold", "int16")
    return struct(
        "sk_dsp_stage",
        rows=f"(uint32_t *){code.scratch}",
        feature_rows=stage.features.shape[0],
        table=code.table("packed", "int32"),
        conv=rows.literal(stage.conv, stage.input),
        pool=rows_pool.literal(stage.nonlinearity, stage.pool, stage.features, **values),
    )


ROUTINES = (Routine(Fused, with_dsp, fits, plan, inputs=("whole", "turned", "rows")),)
