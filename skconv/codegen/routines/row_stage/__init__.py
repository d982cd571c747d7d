"""Fused stages on maps of any channels by ``dsp_row_stage.h``."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from skconv.codegen.emit_fused import pooling_fields
from skconv.codegen.emit_pixelwise import Pixelwise, Place
from skconv.codegen.node import Call, Function, NodeCode, Tensor, emit, kernels, padding
from skconv.codegen.routines import row_head
from skconv.codegen.routines.base import Optimize
from skconv.codegen.routines.conv import block_function
from skconv.codegen.routines.conv import packing as conv_packing
from skconv.codegen.routines.row_stage import packing
from skconv.codegen.routines.stage import packing as stage_packing
from skconv.codegen.text import call, struct
from skconv.graph import Fused
from skconv.graph.nested import Packed


@dataclass(frozen=True)
class DspRowStage(Packed):
    """A convolution, row by row, whose pixels go into the sums of a pooling."""

    weight_bits: conv_packing.WeightBits = 8


def pack(op: Fused, optimize: Optimize) -> DspRowStage | None:
    """The op with its tables; None where the routine does not serve it.

    Nor does it where memory is to be spared: pixels one by one need no rows of the input.
    """
    bits: conv_packing.WeightBits = 16 if optimize == "speed" else 8
    stage = None if optimize == "size" else packing.row_stage_of(op, bits)
    if stage is None:
        return None
    return DspRowStage(op, tuple(stage.tables.items()), stage.scratch_bytes, bits)


def has_routine_in_parts(op: Fused) -> bool:
    """Whether only the pooling is what the routine does not serve."""
    members = stage_packing.members(op)
    return members is not None and conv_packing.fits(members.conv, members.input)


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
        head = row_head.literal(linear, features, row_stage.stage.run)
        arguments = (value, sink, *weights, code.output.pointer, head)
        text = call("sk_dsp_row_stage_scores", *arguments)
    yield Call("dsp_row_stage.h", text, functions=functions)


def stage_of(op: DspRowStage) -> packing.RowStage:
    """The members of a packed stage."""
    assert isinstance(op.op, Fused)
    row_stage = packing.row_stage_of(op.op, op.weight_bits)
    assert row_stage is not None
    return row_stage


def features_value(row_stage: packing.RowStage, code: NodeCode) -> str:
    """The C value of `sk_sink` for features: the output, or the run that a head takes."""
    stage = row_stage.stage
    pointer = code.output.pointer if stage.linear is None else _place(row_stage, code, "run")
    result = Tensor(pointer, stage.features)
    return struct("sk_sink", output=result.pointer, type=result.type)


def stage_functions(row_stage: packing.RowStage, code: NodeCode) -> tuple[Function, ...]:
    """The functions that `stage_value` names: two blocks, and what is done to whole pixels."""
    blocks = tuple(block_function(block) for block in row_stage.blocks)
    return (*blocks, _pixelwise(row_stage, code).function) if row_stage.sums.pixelwise else blocks


def _pixelwise(row_stage: packing.RowStage, code: NodeCode) -> Pixelwise:
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
    conv, layout = row_stage.reached, row_stage.layout
    x = Tensor(code.input.pointer, row_stage.stage.input)
    inputs = struct(
        "sk_conv_inputs",
        input=x.pointer,
        input_type=x.type,
        map=x.map,
        kernels=kernels(conv),
        padding=padding(conv),
    )
    row_type = f"SK_{conv.requantization.dtype.upper()}"
    row = struct("sk_conv_output", tensor=_place(row_stage, code, "row"), type=row_type)
    fields = pooling_fields(code, row_stage.sums, _place(row_stage, code, "sums"))
    if row_stage.sums.pixelwise:
        fields = _pixelwise(row_stage, code).fields | fields
    return struct(
        "sk_dsp_row_stage",
        by_pixel=layout.by_pixel,
        windows=layout.windows,
        block=block,
        rest=rest,
        table=code.table("packed", "int32"),
        ring=f"(int16_t *){code.scratch}",
        stage=struct("sk_stage", **{"in": inputs}, conv=row, **fields),
    )


def _place(row_stage: packing.RowStage, code: NodeCode, name: str) -> str:
    return f"({code.scratch} + {row_stage.offset(name)})"
