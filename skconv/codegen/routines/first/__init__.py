"""Convolutions of a few channels by ``dsp_first.h``."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from skconv.codegen.node import Call, NodeCode, emit
from skconv.codegen.routines.base import Routine, Wish, lanes_call, with_dsp
from skconv.codegen.routines.first import packing
from skconv.graph import QConv, TensorSpec
from skconv.graph.nested import Packed

MOST_SLOTS = {"uint8": 3, "int8": 3, "int16": 2}


@dataclass(frozen=True)
class DspFirst(Packed):
    """A convolution of a few channels, two kernels at two pixels at a time."""


def fits(op: QConv, x: TensorSpec, wish: Wish) -> bool:
    """Whether it is the routine to take: where a pixel has few lanes.

    One channel, two, or three at an even stride; of int16, whose rows are slower to fill,
    one or two. The tables hold 16 bits a weight: `DspConv` with as many is as fast where
    columns are odd and the last but one is computed twice, and has 4 bits for few levels.
    """
    return (
        wish.optimize != "size"
        and (op.form is None or wish.optimize == "speed")
        and packing.fits(op, x)
        and packing.slots(op, x) <= MOST_SLOTS[x.dtype]
        and (wish.optimize != "speed" or op.map_shape(x)[1] % 2 == 0)
    )


def plan(op: QConv, x: TensorSpec, wish: Wish) -> DspFirst:
    """The op with its tables."""
    return DspFirst(op, (("packed", packing.pack(op, x)),), packing.scratch_bytes(op, x))


@emit.register
def _(op: DspFirst, code: NodeCode) -> Iterator[Call]:
    conv = op.op
    assert isinstance(conv, QConv)
    value = packing.literal(conv, code.input.spec)
    yield Call("dsp_first.h", lanes_call("sk_first_conv", conv, code, value))


ROUTINES = (Routine(QConv, with_dsp, fits, plan),)
