"""Convolutions of kernels that are mostly zeros, by ``sparse_conv.h``: plain C, for all cores."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from skconv.codegen.node import Call, NodeCode, emit, kernels, padding
from skconv.codegen.routines.base import Routine, Wish, with_dsp, without_dsp
from skconv.codegen.routines.blocked import packing as blocked
from skconv.codegen.routines.sparse import packing
from skconv.codegen.text import call
from skconv.graph import QConv, TensorSpec
from skconv.graph.nested import Packed


@dataclass(frozen=True)
class SparseConv(Packed):
    """A convolution, weight by weight that is no zero, on a few windows at a time."""

    reads_flash: ClassVar[bool] = True

    def macs(self, *inputs: TensorSpec) -> int:
        assert isinstance(self.op, QConv)
        return round(self.op.macs(*inputs) * packing.share(self.op))


def fits_plain(op: QConv, x: TensorSpec, wish: Wish) -> bool:
    """Whether it is the routine to take: where enough weights are zeros, if a ring may be."""
    return _fits(op, x, wish, "plain")


def fits_dsp(op: QConv, x: TensorSpec, wish: Wish) -> bool:
    """The same beside packed arithmetic, which takes two products at a time."""
    return _fits(op, x, wish, "dsp")


def _fits(op: QConv, x: TensorSpec, wish: Wish, cores: str) -> bool:
    most = packing.SHARES[cores].get(wish.optimize, 0.0)
    return packing.serves(op, x) and packing.share(op) < most


def plan(op: QConv, x: TensorSpec, wish: Wish) -> SparseConv:
    """The op with its tables."""
    tables = packing.tables(op, x) | {"bias": op.bias} | op.requantization.parameters
    return SparseConv(op, tuple(tables.items()), blocked.scratch_bytes(op, x))


@emit.register
def _(op: SparseConv, code: NodeCode) -> Iterator[Call]:
    conv = op.op
    assert isinstance(conv, QConv)
    dtypes = {"entries": "uint8", "counts": "uint16", "bias": "int32"}
    tables = (code.table(name, dtype) for name, dtype in dtypes.items())
    shape = (kernels(conv), padding(conv), code.requantization(conv.requantization))
    arguments = (*code.input.typed, *code.output.typed, code.input.map, *tables, *shape)
    yield Call("sparse_conv.h", call("sk_sparse_conv", *arguments, code.scratch))


ROUTINES = (
    Routine(QConv, without_dsp, fits_plain, plan, worth_a_map=True),
    Routine(QConv, with_dsp, fits_dsp, plan, worth_a_map=True),
)
