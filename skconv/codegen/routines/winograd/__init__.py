"""Convolutions of 3x3 kernels by minimal filtering: ``dsp_winograd.h``, ``plain_winograd.h``."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from skconv.codegen.node import Call, Function, NodeCode, emit, padding
from skconv.codegen.routines.base import Routine, Wish, with_dsp, without_dsp
from skconv.codegen.routines.conv.conv_block import STEP_VALUES
from skconv.codegen.routines.winograd import line_packing, packing
from skconv.codegen.routines.winograd.product_block import ProductBlock
from skconv.codegen.text import call, struct
from skconv.graph import QConv, TensorSpec
from skconv.graph.nested import Packed


@dataclass(frozen=True)
class DspWinograd(Packed):
    """F(2x2, 3x3): two kernels on up to three tiles at a time."""

    places: ClassVar[int] = packing.PLACES
    scale_bits: ClassVar[int] = packing.SCALE_BITS
    tiles: int = packing.MOST_TILES


@dataclass(frozen=True)
class PlainWinograd(Packed):
    """F(2x2, 3x3) in plain C, on two tiles at a time."""

    reads_flash: ClassVar[bool] = True
    places: ClassVar[int] = packing.PLACES
    scale_bits: ClassVar[int] = packing.SCALE_BITS
    tiles: int = packing.PLAIN_TILES


@dataclass(frozen=True)
class PlainLine(Packed):
    """F(4, 3) along rows in plain C, on two tiles at a time."""

    reads_flash: ClassVar[bool] = True
    places: ClassVar[int] = line_packing.PLACES
    scale_bits: ClassVar[int] = line_packing.SCALE_BITS
    tiles: int = packing.PLAIN_TILES


def fits_dsp(op: QConv, x: TensorSpec, wish: Wish) -> bool:
    """Whether it is the routine to take: for speed alone, as tables are 3.6 times as large."""
    return wish.optimize == "speed" and packing.serves(op, x) and packing.saves_on_dsp(op, x)


def fits_plain(op: QConv, x: TensorSpec, wish: Wish) -> bool:
    """The same on cores without packed arithmetic."""
    return wish.optimize == "speed" and packing.serves(op, x) and packing.saves_plain(op, x)


def plan_dsp(op: QConv, x: TensorSpec, wish: Wish) -> DspWinograd:
    """The op with its tables."""
    tiles = packing.dsp_tiles(op, x)
    tables = {"packed": packing.dsp_table(op), "bias": packing.bias(op)}
    tables |= op.requantization.parameters
    nbytes = packing.Scratch(packing.PLACES, tiles, x.shape[2]).nbytes
    return DspWinograd(op, tuple(tables.items()), nbytes, tiles)


def plan_plain(op: QConv, x: TensorSpec, wish: Wish) -> PlainWinograd:
    """The op with its tables."""
    tables = {"kernels": packing.scaled_kernels(op), "bias": packing.bias(op)}
    tables |= op.requantization.parameters
    nbytes = packing.Scratch(packing.PLACES, packing.PLAIN_TILES, x.shape[2]).nbytes
    return PlainWinograd(op, tuple(tables.items()), nbytes)


def fits_line(op: QConv, x: TensorSpec, wish: Wish) -> bool:
    """The same of kernels of one row."""
    return wish.optimize == "speed" and line_packing.serves(op, x) and line_packing.saves(op, x)


def plan_line(op: QConv, x: TensorSpec, wish: Wish) -> PlainLine:
    """The op with its tables."""
    tables = {"kernels": line_packing.scaled_kernels(op), "bias": line_packing.bias(op)}
    tables |= op.requantization.parameters
    place = packing.Scratch(line_packing.PLACES, packing.PLAIN_TILES, x.shape[2])
    return PlainLine(op, tuple(tables.items()), place.nbytes)


@emit.register
def _(op: DspWinograd, code: NodeCode) -> Iterator[Call]:
    steps = code.input.channels // STEP_VALUES
    block = block_function(ProductBlock(op.tiles, steps, packing.PLACES))
    arguments = (value(op, code), code.table("packed", "int32"), block.name)
    yield Call("dsp_winograd.h", call("sk_dsp_winograd", *arguments), functions=(block,))


@emit.register
def _(op: PlainWinograd, code: NodeCode) -> Iterator[Call]:
    arguments = (value(op, code), code.table("kernels", "int16"))
    yield Call("plain_winograd.h", call("sk_plain_winograd", *arguments))


@emit.register
def _(op: PlainLine, code: NodeCode) -> Iterator[Call]:
    arguments = (value(op, code), code.table("kernels", "int16"))
    yield Call("plain_line.h", call("sk_plain_line", *arguments))


def value(op: DspWinograd | PlainWinograd | PlainLine, code: NodeCode) -> str:
    """The C value of `sk_winograd`."""
    conv, x, y = op.op, code.input, code.output
    assert isinstance(conv, QConv)
    rule, place = conv.requantization, packing.Scratch(op.places, op.tiles, x.channels)
    return struct(
        "sk_winograd",
        input=x.pointer,
        input_type=x.type,
        map=x.map,
        padding=padding(conv),
        output=y.pointer,
        output_type=y.type,
        rows=y.spec.shape[0],
        columns=y.spec.shape[1],
        kernels=y.channels,
        tiles=op.tiles,
        places=op.places,
        bias=code.table("bias", "int32"),
        surplus=packing.surplus(rule, op.scale_bits),
        values=f"(uint32_t *){code.scratch}",
        sums=f"(int32_t *)({code.scratch} + {place.sums})",
        zeros=f"(uint8_t *)({code.scratch} + {place.zeros})",
        to=code.requantization(packing.unscaled(rule, op.scale_bits)),
    )


def block_function(block: ProductBlock) -> Function:
    """Equal blocks are one function, whichever layers they are of."""
    name = f"winograd_block_{zlib.crc32(repr(block).encode()):08x}"
    return Function(name, tuple(block.source(name)), is_assembly=True)


ROUTINES = (
    Routine(QConv, with_dsp, fits_dsp, plan_dsp, worth_a_map=True, worth_a_stage=True),
    Routine(QConv, without_dsp, fits_plain, plan_plain, worth_a_map=True),
    Routine(QConv, without_dsp, fits_line, plan_line, worth_a_map=True),
)
