"""Fused stages with separable kernels by ``dsp_separable.h``."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from skconv.codegen.node import Call, NodeCode, Tensor, emit
from skconv.codegen.routines import row_head
from skconv.codegen.routines.base import Routine, Wish, with_dsp
from skconv.codegen.routines.row_stage import (
    features_value,
    inner_stage,
    pixelwise_functions,
    place,
)
from skconv.codegen.routines.separable import packing
from skconv.codegen.streamed import row_calls, streamed
from skconv.codegen.text import call, struct
from skconv.graph import Fused, QLocalContrast, TensorSpec
from skconv.graph.nested import Packed, Streamed


@dataclass(frozen=True)
class DspSeparableStage(Packed):
    """Lines, sums of them, a nonlinearity and a pooling, row after row."""


@dataclass(frozen=True)
class StreamedDspSeparableStage(Streamed):
    """The same, where rows of the input are pushed."""


def fits(op: Fused, x: TensorSpec, wish: Wish) -> bool:
    """Whether it is the routine to take: where it serves, and memory is not to be spared.

    Pushed rows are not kept as they came, which a contrast needs.
    """
    if wish.optimize == "size" or packing.separable_stage_of(op) is None:
        return False
    return wish.input != "rows" or not any(isinstance(n.op, QLocalContrast) for n in op.graph.nodes)


def plan(op: Fused, x: TensorSpec, wish: Wish) -> DspSeparableStage | StreamedDspSeparableStage:
    """The op with its tables."""
    stage = packing.separable_stage_of(op)
    assert stage is not None
    whole = DspSeparableStage(op, tuple(stage.tables.items()), stage.scratch_bytes)
    return streamed(StreamedDspSeparableStage, whole, op) if wish.input == "rows" else whole


@emit.register
def _(op: DspSeparableStage, code: NodeCode) -> Iterator[Call]:
    stage = stage_of(op)
    x = code.input
    arguments = (stage_value(stage, code, x), x.pointer, x.map, stage.reached.padding[0][0])
    functions = pixelwise_functions(stage, code)
    yield Call("dsp_separable.h", call("sk_dsp_separable_run", *arguments), functions=functions)


@emit.register
def _(op: StreamedDspSeparableStage, code: NodeCode) -> Iterator[Call]:
    packed = op.stage
    assert isinstance(packed, DspSeparableStage)
    stage = stage_of(packed)
    value = stage_value(stage, code, Tensor("NULL", code.input.spec))
    progress = f"(sk_progress *)({code.scratch} + {packed.scratch_bytes})"
    before, row = row_calls(op, code)
    functions = pixelwise_functions(stage, code)
    begin = call("sk_dsp_separable_begin", value, progress)
    yield Call("dsp_separable.h", begin, functions=functions)
    yield from before
    yield Call("dsp_separable.h", call("sk_dsp_separable_push", value, progress, row))


def stage_of(op: DspSeparableStage) -> packing.SeparableStage:
    """The members of a packed stage."""
    assert isinstance(op.op, Fused)
    stage = packing.separable_stage_of(op.op)
    assert stage is not None
    return stage


def stage_value(stage: packing.SeparableStage, code: NodeCode, x: Tensor) -> str:
    """The C value of `sk_dsp_separable`."""
    fields: dict[str, object] = {
        "rows": f"(uint32_t *){code.scratch}",
        "lines": f"(uint32_t *){place(stage, code, 'lines')}",
        "count": len(stage.reached.factors.columns),
        "columns": code.table("columns", "int32"),
        "table": code.table("packed", "int32"),
    }
    if (linear := stage.stage.linear) is not None:
        fields |= {
            "head_weights": code.table("head", "int32"),
            "head_bias": code.table("bias", "int32"),
            "scores": code.output.pointer,
            "head": row_head.literal(linear, stage.stage.features, stage.stage.run),
        }
    return struct(
        "sk_dsp_separable",
        **fields,
        conv=stage.literal,
        features=features_value(stage, code),
        stage=inner_stage(stage, code, x),
    )


ROUTINES = (Routine(Fused, with_dsp, fits, plan, inputs=("whole", "rows")),)
