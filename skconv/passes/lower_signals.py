"""How the ops on signals become integer ops."""

from __future__ import annotations

from dataclasses import fields

import numpy as np

from skconv.graph import (
    IntervalQuantiles,
    QIntervalQuantiles,
    QWinnerCounts,
    WinnerCounts,
)
from skconv.graph.core import Node
from skconv.graph.limits import ACCUMULATOR_MAX, INT16_MAX
from skconv.graph.quantiles import LARGER, SMOOTHED, Intervals
from skconv.graph.winners import CompetingKernels
from skconv.passes.lower import lower
from skconv.passes.lowering import Lowering
from skconv.passes.scales import requantization

# Of quantiles: more would not show in 16 bits of a result.
MOST_FRACTION_BITS = 8


@lower.register
def _(op: WinnerCounts, node: Node, lowering: Lowering) -> None:
    (name,) = node.inputs
    source = lowering.read(name, op.largest_read(lowering.spec(name)))
    x = lowering.graph.specs[source]
    kernels = {f.name: getattr(op, f.name) for f in fields(CompetingKernels)}
    row_shift = _row_shift(op, max(np.abs(lowering.ranges[name])) / x.scale)
    shift = _shift(op)
    worth = x.scale * op.scale * 2.0 ** (row_shift + shift)
    unit = int(np.clip(np.rint(1 / worth), 1, ACCUMULATOR_MAX // op.length))
    bound = op.length * max((op.response_bound() >> shift) + (shift > 0), unit)
    rule = requantization(worth, bound, lowering.wanted(node.name))
    counts = QWinnerCounts(
        **kernels, unit=unit, shift=shift, row_shift=row_shift, requantization=rule
    )
    lowering.add(node, counts, source)


def _row_shift(op: WinnerCounts, largest: float) -> int:
    """How far sums of channels, or their differences, are shifted right to fit int16.

    Those of numbers as large as were seen: what is larger is clipped.
    """
    most = op.channels.shape[1] * (1 + int(op.differences.max())) * largest
    return max(0, int(np.ceil(np.log2(max(most, 1) / (INT16_MAX + 1)))))


def _shift(op: WinnerCounts) -> int:
    """How far responses are shifted right, so that the sum of one at every step fits int32."""
    largest = op.response_bound()
    shift = 0
    while op.length * ((largest >> shift) + (shift > 0)) > ACCUMULATOR_MAX:
        shift += 1
    return shift


@lower.register
def _(op: IntervalQuantiles, node: Node, lowering: Lowering) -> None:
    source = lowering.read(node.inputs[0], op.largest_read(lowering.spec(node.inputs[0])))
    x = lowering.graph.specs[source]
    intervals = {f.name: getattr(op, f.name) for f in fields(Intervals)}
    largest = LARGER[op.representation] * x.magnitude
    room = ACCUMULATOR_MAX.bit_length() - (2 * largest).bit_length()
    bits = min(MOST_FRACTION_BITS, room)
    worth = x.scale * op.scale / (SMOOTHED if op.representation == "difference" else 1) / 2**bits
    rule = requantization(worth, 2 * largest << bits, lowering.wanted(node.name))
    row_dtype = "int16" if largest <= INT16_MAX else "int32"
    quantiles = QIntervalQuantiles(
        **intervals, fraction_bits=bits, row_dtype=row_dtype, requantization=rule
    )
    lowering.add(node, quantiles, source)
