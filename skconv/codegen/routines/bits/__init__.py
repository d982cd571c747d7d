"""Convolutions of maps of 0 and 1 with kernels of signs by ``counted_conv.h``."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from skconv.codegen.node import Call, NodeCode, emit, kernels, padding
from skconv.codegen.routines.base import Routine, Wish
from skconv.codegen.text import call
from skconv.graph import QConv, TensorSpec
from skconv.graph.base import Array
from skconv.graph.nested import Packed
from skconv.target.targets import Target

WORD = 32
# With fewer kernels, a window costs more to be made bits than it saves.
FEWEST_KERNELS = 3


@dataclass(frozen=True)
class CountedConv(Packed):
    """A convolution whose products are counted, 32 at a time."""

    reads_flash: ClassVar[bool] = True


def without_packed_products(target: Target) -> bool:
    """Cores that take their products one by one; with the DSP extension these are as fast."""
    return not target.has_dsp


def fits(op: QConv, x: TensorSpec, wish: Wish) -> bool:
    """Whether it is the routine to take: where inputs are bits, and all weights are signs."""
    return (
        x.dtype == "uint8"
        and x.limits[1] <= 1
        and op.groups == 1
        and not op.shared
        and len(op.weights) >= FEWEST_KERNELS
        and bool((np.abs(op.weights) == 1).all())
    )


def plan(op: QConv, x: TensorSpec, wish: Wish) -> CountedConv:
    """The op with its tables."""
    tables = {"signs": signs(op.weights), "bias": op.bias} | op.requantization.parameters
    n_words = -(-op.weights[0].size // WORD)
    return CountedConv(op, tuple(tables.items()), 4 * n_words)


def signs(weights: Array) -> Array:
    """A bit for each positive weight, in words: each kernel from a new one."""
    bits = weights.reshape(len(weights), -1) > 0
    padded = np.pad(bits, ((0, 0), (0, -bits.shape[1] % WORD)))
    return np.packbits(padded, axis=1, bitorder="little").view("<u4").astype(np.uint32)


@emit.register
def _(op: CountedConv, code: NodeCode) -> Iterator[Call]:
    conv, x, y = op.op, code.input, code.output
    assert isinstance(conv, QConv)
    tables = (code.table("signs", "uint32"), code.table("bias", "int32"))
    shape = (kernels(conv), padding(conv), code.requantization(conv.requantization))
    arguments = (x.pointer, x.map, *y.typed, *tables, *shape, f"(uint32_t *){code.scratch}")
    yield Call("counted_conv.h", call("sk_counted_conv", *arguments))


ROUTINES = (Routine(QConv, without_packed_products, fits, plan, worth_a_map=True),)
