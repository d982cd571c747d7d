"""Convolutions of one channel by ``dsp_rows.h``."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from skconv.codegen.node import Call, NodeCode, emit
from skconv.codegen.routines.base import Routine, Wish, lanes_call, with_dsp
from skconv.codegen.routines.rows import packing
from skconv.graph import QConv, TensorSpec
from skconv.graph.nested import Packed

WIDEST = 7


@dataclass(frozen=True)
class DspRows(Packed):
    """A convolution of one channel, two rows of the output at a time."""


def fits(op: QConv, x: TensorSpec, wish: Wish) -> bool:
    """Whether it is the routine to take: for maps, where kernels are not too wide.

    The second row of a signal would be computed for nothing. Of wider kernels a run of
    weights and pixels does not fit the registers; nor does it with an even number of
    weights, where a last column stands alone.
    """
    rows, columns, _ = op.map_shape(x)
    breadth = op.weights.shape[2]
    return (
        packing.fits(op, x)
        and wish.optimize != "size"
        and rows > 1
        and breadth <= WIDEST
        and (breadth % 2 == 1 or columns % 2 == 0)
    )


def plan(op: QConv, x: TensorSpec, wish: Wish) -> DspRows:
    """The op with its tables."""
    return DspRows(op, (("packed", packing.pack(op, x)),), packing.scratch_bytes(op, x))


@emit.register
def _(op: DspRows, code: NodeCode) -> Iterator[Call]:
    conv = op.op
    assert isinstance(conv, QConv)
    value = packing.literal(conv, code.input.spec)
    yield Call("dsp_rows.h", lanes_call("sk_rows_conv", conv, code, value))


ROUTINES = (Routine(QConv, with_dsp, fits, plan),)
