"""Depthwise convolutions at an even column stride by ``dsp_strided_depthwise.h``."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from skconv.codegen.node import Call, NodeCode, emit
from skconv.codegen.routines.base import Routine, Wish, lanes_call, with_dsp
from skconv.codegen.routines.strided_depthwise import packing
from skconv.graph import QConv, TensorSpec
from skconv.graph.nested import Packed


@dataclass(frozen=True)
class DspStridedDepthwise(Packed):
    """A kernel for each channel, two channels at a time, two windows side by side."""


def fits(op: QConv, x: TensorSpec, wish: Wish) -> bool:
    """Whether it is the routine to take: wherever it serves, for no other one does."""
    return packing.fits(op, x)


def plan(op: QConv, x: TensorSpec, wish: Wish) -> DspStridedDepthwise:
    """The op with its tables."""
    tables = (("packed", packing.pack(op, x)),)
    return DspStridedDepthwise(op, tables, packing.scratch_bytes(op, x))


@emit.register
def _(op: DspStridedDepthwise, code: NodeCode) -> Iterator[Call]:
    conv = op.op
    assert isinstance(conv, QConv)
    value = packing.literal(conv, code.input.spec)
    text = lanes_call("sk_strided_depthwise", conv, code, value)
    yield Call("dsp_strided_depthwise.h", text)


ROUTINES = (Routine(QConv, with_dsp, fits, plan),)
