"""Depthwise convolutions by ``dsp_depthwise.h``."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from skconv.codegen.node import Call, NodeCode, emit
from skconv.codegen.routines import narrow_taps
from skconv.codegen.routines.base import Routine, Wish, lanes_call, with_dsp
from skconv.codegen.routines.depthwise import packing
from skconv.graph import QConv, TensorSpec
from skconv.graph.nested import Packed

# Taps from one pair of lanes to the next.
STEP = 1


@dataclass(frozen=True)
class DspDepthwise(Packed):
    """A kernel for each channel, two channels at a time."""

    narrow: bool = False


def fits(op: QConv, x: TensorSpec, wish: Wish) -> bool:
    """Whether it is the routine to take: wherever it serves, for no other one does."""
    return packing.fits(op, x)


def plan(op: QConv, x: TensorSpec, wish: Wish) -> DspDepthwise:
    """The op with its tables."""
    narrow, room = narrow_taps.is_narrow(op, wish), packing.scratch_bytes(op, x)
    room += narrow_taps.scratch_bytes(op, x, STEP) if narrow else 0
    tables = (("packed", (narrow_taps if narrow else packing).pack(op, x)),)
    return DspDepthwise(op, tables, room, narrow, in_place=packing.in_place(op, x))


@emit.register
def _(op: DspDepthwise, code: NodeCode) -> Iterator[Call]:
    conv = op.op
    assert isinstance(conv, QConv)
    value = packing.literal(conv, x := code.input.spec)
    room = packing.scratch_bytes(conv, x)
    taps = narrow_taps.literal(
        conv, x, STEP, narrow_taps.behind(code, room) if op.narrow else "NULL"
    )
    yield Call("dsp_depthwise.h", lanes_call("sk_depthwise", conv, code, value, taps))


ROUTINES = (Routine(QConv, with_dsp, fits, plan),)
