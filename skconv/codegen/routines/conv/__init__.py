"""Convolutions of any channels by ``dsp_conv.h``."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from skconv.codegen.node import Call, Function, NodeCode, emit, kernels, padding
from skconv.codegen.routines.base import Routine, Wish, with_dsp
from skconv.codegen.routines.conv import packing
from skconv.codegen.routines.conv.conv_block import ConvBlock
from skconv.codegen.text import call
from skconv.graph import QConv, TensorSpec
from skconv.graph.nested import Packed


@dataclass(frozen=True)
class DspConv(Packed):
    """A convolution, four kernels at two pixels at a time."""

    weight_bits: packing.WeightBits = 8
    windows: int = packing.MOST_WINDOWS


def fits(op: QConv, x: TensorSpec, wish: Wish) -> bool:
    """Whether it is the routine to take: wherever it serves and no other one is to be taken."""
    return packing.fits(op, x)


def plan(op: QConv, x: TensorSpec, wish: Wish) -> DspConv:
    """The op with its tables."""
    bits = packing.weight_bits(op, fast=wish.optimize == "speed")
    windows = 2 if wish.optimize == "size" else packing.MOST_WINDOWS
    tables = (("packed", packing.table(op, x, bits)),)
    return DspConv(op, tables, packing.scratch_bytes(op, x, windows), bits, windows)


@emit.register
def _(op: DspConv, code: NodeCode) -> Iterator[Call]:
    x, y = code.input, code.output
    conv = op.op
    assert isinstance(conv, QConv)
    place = packing.layout(conv, x.spec, op.windows)
    blocks = packing.blocks(conv, x.spec, op.weight_bits, op.windows)
    main, rest = (block_function(block) for block in blocks)
    routines = (place.windows, main.name, rest.name, f"(int16_t *){code.scratch}")
    table = code.table("packed", "int32")
    if place.by_pixel:
        sizes = (x.pixels, x.channels, table, len(conv.bias))
        text = call("sk_dsp_conv_pixels", *x.typed, *y.typed, *sizes, *routines)
    else:
        shape = (x.map, table, kernels(conv), padding(conv))
        text = call("sk_dsp_conv", *x.typed, *y.typed, *shape, *routines)
    yield Call("dsp_conv.h", text, functions=(main, rest))


def block_function(block: ConvBlock) -> Function:
    """Equal blocks are one function, whichever layers they are of."""
    name = f"conv_block_{zlib.crc32(repr(block).encode()):08x}"
    return Function(name, tuple(block.source(name)), is_assembly=True)


ROUTINES = (Routine(QConv, with_dsp, fits, plan, worth_a_map=True),)
