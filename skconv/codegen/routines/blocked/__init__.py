"""Convolutions by ``blocked_conv.h``: plain C, for cores without packed arithmetic."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from skconv.codegen.node import Call, NodeCode, emit, kernels, padding
from skconv.codegen.routines.base import Routine, Wish, without_dsp
from skconv.codegen.routines.blocked import packing
from skconv.codegen.text import call
from skconv.graph import QConv, TensorSpec
from skconv.graph.nested import Packed


@dataclass(frozen=True)
class BlockedConv(Packed):
    """A convolution, two kernels on two windows at a time."""

    reads_flash: ClassVar[bool] = True


def fits(op: QConv, x: TensorSpec, wish: Wish) -> bool:
    """Whether it is the routine to take: wherever it serves, if its ring may take memory."""
    return packing.fits(op, x) and wish.optimize != "size"


def plan(op: QConv, x: TensorSpec, wish: Wish) -> BlockedConv:
    """The op with its tables."""
    tables = {"weights": packing.weights(op, x), "bias": op.bias} | op.requantization.parameters
    return BlockedConv(op, tuple(tables.items()), packing.scratch_bytes(op, x))


@emit.register
def _(op: BlockedConv, code: NodeCode) -> Iterator[Call]:
    conv = op.op
    assert isinstance(conv, QConv)
    kind = "SK_INT8" if conv.form is None else f"SK_{conv.form.upper()}"
    tables = (code.tables["weights"], kind, code.table("bias", "int32"))
    shape = (kernels(conv), padding(conv), code.requantization(conv.requantization))
    arguments = (*code.input.typed, *code.output.typed, code.input.map, *tables, *shape)
    behind = f"(int8_t *)({code.scratch} + {packing.ring_bytes(conv, code.input.spec)})"
    room = (code.scratch, "NULL" if conv.form is None else behind)
    yield Call("blocked_conv.h", call("sk_blocked_conv", *arguments, *room))


ROUTINES = (Routine(QConv, without_dsp, fits, plan),)
