"""Competing kernels by ``dsp_winners.h``."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from skconv.codegen.emit_signals import integer_groups
from skconv.codegen.node import Call, NodeCode, emit
from skconv.codegen.routines.base import Routine, Wish, with_dsp
from skconv.codegen.text import call
from skconv.graph import QWinnerCounts, TensorSpec
from skconv.graph.base import Array
from skconv.graph.nested import Packed

# As many pairs as the routine has room for.
MOST_TAPS = 15


@dataclass(frozen=True)
class DspWinnerCounts(Packed):
    """Competing kernels, two taps at a time."""


def fits(op: QWinnerCounts, x: TensorSpec, wish: Wish) -> bool:
    """Whether it is the routine to take: unless flash is to be saved, or kernels are too long."""
    return wish.optimize != "size" and op.weights.shape[2] <= MOST_TAPS


def plan(op: QWinnerCounts, x: TensorSpec, wish: Wish) -> DspWinnerCounts:
    """The op with its kernels in pairs."""
    tables = op.parameters
    tables["packed"] = pairs(tables.pop("weights"))
    return DspWinnerCounts(op, tuple(tables.items()), op.scratch_bytes)


def pairs(weights: Array) -> Array:
    """Pairs of int16 as words, a zero behind the last tap."""
    wide = np.pad(weights.astype("<i2"), ((0, 0), (0, 0), (0, 1)))
    return np.ascontiguousarray(wide).view("<u4").ravel()


@emit.register
def _(op: DspWinnerCounts, code: NodeCode) -> Iterator[Call]:
    x, y, counts = code.input, code.output, op.op
    assert isinstance(counts, QWinnerCounts)
    groups = integer_groups(counts, code, "NULL")
    work = (code.tables["packed"], f"(int32_t *){code.scratch}")
    rule = code.requantization(counts.requantization)
    arguments = (*x.typed, *y.typed, x.map, groups, *work, rule)
    yield Call("dsp_winners.h", call("sk_dsp_winner_counts", *arguments))


ROUTINES = (Routine(QWinnerCounts, with_dsp, fits, plan),)
