"""Fused stages on maps of any channels by ``dsp_row_stage.h``."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from skconv.codegen.emit_fused import pooling_fields
from skconv.codegen.emit_pixelwise import Pixelwise, Place
from skconv.codegen.node import Call, Function, NodeCode, Tensor, emit, kernels, padding
from skconv.codegen.routines import row_head
from skconv.codegen.routines.base import Routine, Wish, with_dsp
from skconv.codegen.routines.conv import block_function
from skconv.codegen.routines.conv import packing as conv_packing
from skconv.codegen.routines.row_stage import packing
from skconv.codegen.routines.stage import packing as stage_packing
from skconv.codegen.streamed import row_calls, streamed
from skconv.codegen.text import call, struct
from skconv.graph import Fused, QLocalContrast, TensorSpec
from skconv.graph.nested import Packed, Streamed


@dataclass(frozen=True)
class DspRowStage(Packed):
    """A convolution, row by row, whose pixels go into the sums of a pooling."""

    weight_bits: conv_packing.WeightBits = 8


@dataclass(frozen=True)
class StreamedDspRowStage(Streamed):
    """The same by ``dsp_row_stream.h``, where rows of the input are pushed."""


def fits(op: Fused, x: TensorSpec, wish: Wish) -> bool:
    """Whether it is the routine to take.

    Not where memory is to be spared: pixels one by one need no rows of the input. `stage` is
    faster where it serves, but on rows of one pixel. Pushed rows are not kept as they came,
    which a contrast needs.
    """
    if wish.optimize == "size" or packing.row_stage_of(op, 8) is None:
        return False
    if wish.input == "rows" and any(isinstance(n.op, QLocalContrast) for n in op.graph.nodes):
        return False
    return wish.input == "turned" or stage_packing.stage_of(op) is None


def plan(op: Fused, x: TensorSpec, wish: Wish) -> DspRowStage | StreamedDspRowStage:
    """The op with its tables."""
    stage = packing.row_stage_of(op, 8)
    assert stage is not None
    bits = conv_packing.weight_bits(stage.reached, fast=wish.optimize == "speed")
    stage = replace(stage, weight_bits=bits)
    whole = DspRowStage(op, tuple(stage.tables.items()), stage.scratch_bytes, bits)
    return streamed(StreamedDspRowStage, whole, op) if wish.input == "rows" else whole


@emit.register
def _(op: DspRowStage, code: NodeCode) -> Iterator[Call]:
    row_stage = stage_of(op)
    linear, features = row_stage.stage.linear, row_stage.stage.features
    functions = stage_functions(row_stage, code)
    value = stage_value(row_stage, code)
    sink = features_value(row_stage, code)
    if linear is None:
        text = call("sk_dsp_row_stage_map", value, sink)
    else:
        weights = (code.table("head", "int32"), code.table("bias", "int32"))
        head = row_head.literal(linear, features, row_stage.stage.run, code)
        arguments = (value, sink, *weights, code.output.pointer, head)
        text = call("sk_dsp_row_stage_scores", *arguments)
    yield Call("dsp_row_stage.h", text, functions=functions)


@emit.register
def _(op: StreamedDspRowStage, code: NodeCode) -> Iterator[Call]:
    packed = op.stage
    assert isinstance(packed, DspRowStage)
    members = stage_of(packed)
    before, row = row_calls(op, code)
    fields: dict[str, object] = {
        "progress": f"(sk_progress *)({code.scratch} + {packed.scratch_bytes})",
        "features": features_value(members, code),
    }
    if (linear := members.stage.linear) is not None:
        fields["weights"], fields["bias"] = (code.table(n, "int32") for n in ("head", "bias"))
        fields["scores"] = code.output.pointer
        fields["head"] = row_head.literal(linear, members.stage.features, members.stage.run, code)
    functions = stage_functions(members, code)

    def value(pointer: str) -> str:
        taken = replace(code, inputs=(Tensor(pointer, code.input.spec),))
        return struct("sk_dsp_row_stream", **fields, stage=stage_value(members, taken))

    header = "dsp_row_stream.h"
    yield Call(header, call("sk_dsp_row_stream_begin", value("NULL")), functions=functions)
    yield from before
    yield Call(header, call("sk_dsp_row_stream_push", value(row)))


def stage_of(op: DspRowStage) -> packing.RowStage:
    """The members of a packed stage."""
    assert isinstance(op.op, Fused)
    row_stage = packing.row_stage_of(op.op, op.weight_bits)
    assert row_stage is not None
    return row_stage


def features_value(row_stage: packing.RowParts, code: NodeCode) -> str:
    """The C value of `sk_sink` for features: the output, or the run that a head takes."""
    stage = row_stage.stage
    pointer = code.output.pointer if stage.linear is None else place(row_stage, code, "run")
    result = Tensor(pointer, stage.features)
    return struct("sk_sink", output=result.pointer, type=result.type)


def stage_functions(row_stage: packing.RowStage, code: NodeCode) -> tuple[Function, ...]:
    """The functions that `stage_value` names: two blocks, and what is done to whole pixels."""
    blocks = tuple(block_function(block) for block in row_stage.blocks)
    return (*blocks, *pixelwise_functions(row_stage, code))


def pixelwise_functions(row_stage: packing.RowParts, code: NodeCode) -> tuple[Function, ...]:
    """What is done to whole pixels, where something is."""
    return (pixelwise(row_stage, code).function,) if row_stage.sums.pixelwise else ()


def pixelwise(row_stage: packing.RowParts, code: NodeCode) -> Pixelwise:
    """The ops on whole pixels, from a row to a row."""
    memory, stage = row_stage.sums, row_stage.stage
    of_rows = ("row", f"pixel of {memory.pixel.name}")
    places = {
        name: Place(
            row_stage.offset(name),
            row_stage.arrays[name] // row_stage.columns if name in of_rows else 0,
        )
        for name in ("row", *memory.pixelwise_arrays)
    }
    return Pixelwise(
        code, memory, {"pixel": places["row"], **places}, stage.input, stage.conv.padding
    )


def stage_value(row_stage: packing.RowStage, code: NodeCode) -> str:
    """The C value of `sk_dsp_row_stage`."""
    block, rest = (block_function(block).name for block in row_stage.blocks)
    x = Tensor(code.input.pointer, row_stage.stage.input)
    return struct(
        "sk_dsp_row_stage",
        by_pixel=row_stage.layout.by_pixel,
        windows=row_stage.layout.windows,
        block=block,
        rest=rest,
        table=code.table("packed", "int32"),
        ring=f"(int16_t *){code.scratch}",
        stage=inner_stage(row_stage, code, x),
    )


def inner_stage(row_stage: packing.RowParts, code: NodeCode, x: Tensor) -> str:
    """The C value of `sk_stage`, whose convolution of ``x`` is a row."""
    conv = row_stage.reached
    inputs = struct(
        "sk_conv_inputs",
        input=x.pointer,
        input_type=x.type,
        map=x.map,
        kernels=kernels(conv),
        padding=padding(conv),
    )
    row_type = f"SK_{conv.requantization.dtype.upper()}"
    row = struct("sk_conv_output", tensor=place(row_stage, code, "row"), type=row_type)
    fields = pooling_fields(code, row_stage.sums, place(row_stage, code, "sums"))
    if row_stage.sums.pixelwise:
        fields = pixelwise(row_stage, code).fields | fields
    return struct("sk_stage", **{"in": inputs}, conv=row, **fields)


def place(row_stage: packing.RowParts, code: NodeCode, name: str) -> str:
    """The C expression for an array of the scratch memory."""
    return f"({code.scratch} + {row_stage.offset(name)})"


ROUTINES = (Routine(Fused, with_dsp, fits, plan, inputs=("whole", "turned", "rows")),)
