"""Depthwise convolutions by ``dsp_depthwise.h``."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from skconv.codegen.node import Call, NodeCode, emit
from skconv.codegen.routines.base import Routine, Wish, lanes_call, with_dsp
from skconv.codegen.routines.depthwise import packing
from skconv.graph import QConv, TensorSpec
from skconv.graph.nested import Packed


@dataclass(frozen=True)
class DspDepthwise(Packed):
    """A kernel for each channel, two channels at a time."""


def fits(op: QConv, x: TensorSpec, wish: Wish) -> bool:
    """Whether it is the routine to take: wherever it serves, for no other one does."""
    return packing.fits(op, x)


def plan(op: QConv, x: TensorSpec, wish: Wish) -> DspDepthwise:
    """The op with its tables."""
    tables = (("packed", packing.pack(op, x)),)
    in_place = packing.in_place(op, x)
    return DspDepthwise(op, tables, packing.scratch_bytes(op, x), in_place=in_place)


@emit.register
def _(op: DspDepthwise, code: NodeCode) -> Iterator[Call]:
    conv = op.op
    assert isinstance(conv, QConv)
    value = packing.literal(conv, code.input.spec)
    yield Call("dsp_depthwise.h", lanes_call("sk_depthwise", conv, code, value))


ROUTINES = (Routine(QConv, with_dsp, fits, plan),)
