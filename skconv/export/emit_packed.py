"""How the routines of a kind of target are printed: their calls, and functions of their own."""

from __future__ import annotations

import zlib
from collections.abc import Iterator

from skconv.export.node import Call, Function, NodeCode, emit, kernels, padding
from skconv.export.packing import conv as conv_packing
from skconv.export.packing import kernel_machine as machine_packing
from skconv.export.packing import linear as linear_packing
from skconv.export.packing import row_head, rows, rows_pool
from skconv.export.packing import stage as stage_packing
from skconv.export.packing.conv_block import ConvBlock
from skconv.export.specialize import DspConv, DspKernelMachine, DspLinear, DspStage
from skconv.export.text import CTYPES, call, struct
from skconv.graph import Fused, QConv, QKernelMachine, QLinear


@emit.register
def _(op: DspConv, code: NodeCode) -> Iterator[Call]:
    x, y = code.input, code.output
    conv = op.op
    assert isinstance(conv, QConv)
    place = conv_packing.layout(conv, x.spec, op.windows)
    blocks = conv_packing.blocks(conv, x.spec, op.weight_bits, op.windows)
    main, rest = (_block_function(block) for block in blocks)
    routines = (place.windows, main.name, rest.name, f"(int16_t *){code.scratch}")
    table = code.table("packed", "int32")
    if place.by_pixel:
        sizes = (x.pixels, x.channels, table, len(conv.bias))
        text = call("sk_dsp_conv_pixels", *x.typed, *y.typed, *sizes, *routines)
    else:
        shape = (x.map, table, kernels(conv), padding(conv))
        text = call("sk_dsp_conv", *x.typed, *y.typed, *shape, *routines)
    yield Call("dsp_conv.h", text, functions=(main, rest))


def _block_function(block: ConvBlock) -> Function:
    """Equal blocks are one function, whichever layers they are of."""
    name = f"conv_block_{zlib.crc32(repr(block).encode()):08x}"
    return Function(name, tuple(block.source(name)))


@emit.register
def _(op: DspStage, code: NodeCode) -> Iterator[Call]:
    fused = op.op
    assert isinstance(fused, Fused)
    stage = stage_packing.stage_of(fused)
    assert stage is not None
    value = _stage_value(stage, code)
    if stage.linear is None:
        arguments: tuple[object, ...] = (value, code.output.pointer, stage.feature_bytes)
        yield Call("dsp_stage.h", call("sk_dsp_stage_map", *arguments))
        return
    run = f"({code.scratch} + {stage_packing.rows_bytes(stage)})"
    head = row_head.literal(stage.linear, stage.features, stage.run)
    weights = (code.table("head", "int32"), code.table("bias", "int32"))
    arguments = (value, run, *weights, code.output.pointer, head)
    yield Call("dsp_stage.h", call("sk_dsp_stage_scores", *arguments))


def _stage_value(stage: stage_packing.Stage, code: NodeCode) -> str:
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


@emit.register
def _(op: DspKernelMachine, code: NodeCode) -> Iterator[Call]:
    x, y = code.input, code.output
    machine = op.op
    assert isinstance(machine, QKernelMachine)
    packed = machine_packing.pack(machine, x.spec, wide=op.wide)
    tables = {name: code.tables[name] for name in op.parameters}
    value = struct(
        "sk_dsp_machine",
        kernel=f"SK_{machine.kernel.upper()}",
        type=x.type,
        vector_type=f"SK_{packed.vector_type.upper()}",
        features=x.spec.size,
        vectors=len(machine.support_vectors),
        classes=packed.classes,
        rows=len(machine.dual_coef),
        **tables,
        exponent=code.requantization(packed.exponent),
    )
    scratch = f"({CTYPES['int64']} *){code.scratch}" if op.scratch_bytes else "NULL"
    arguments = (x.pointer, y.pointer, scratch, value)
    yield Call("dsp_kernel_machine.h", call("sk_dsp_kernel_machine", *arguments))


@emit.register
def _(op: DspLinear, code: NodeCode) -> Iterator[Call]:
    x, y = code.input, code.output
    linear = op.op
    assert isinstance(linear, QLinear)
    rows, columns = linear.weights.shape
    matrix = struct(
        "sk_dsp_matrix",
        type=x.type,
        weight_type=f"SK_{linear_packing.weight_type(linear, wide=op.wide).upper()}",
        rows=rows,
        columns=columns,
        weights=code.tables["packed"],
        bias=code.table("bias", "int32"),
    )
    if linear.requantization is None:
        yield Call("dsp_linear.h", call("sk_dsp_linear", x.pointer, y.pointer, matrix))
        return
    arguments = (x.pointer, *y.typed, matrix, code.requantization(linear.requantization))
    yield Call("dsp_linear.h", call("sk_dsp_linear_requantized", *arguments))
