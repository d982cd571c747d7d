"""Quantiles of intervals: their definition, in floats and in integers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skconv.graph import IntervalQuantiles, QIntervalQuantiles
from skconv.graph.quantiles import SMOOTHED, Intervals
from skconv.runtime import fixed, reference

Batch = NDArray[Any]
# A sum of numbers over how many there are.
Quotient = Callable[[Batch, int], Batch]


def represented(op: Intervals, x: Batch) -> Batch:
    """``(n, channels, length)``: the signal or its differences, the smoothed ones as sums of 5."""
    rows = x[:, 0].swapaxes(1, 2)
    if op.representation == "second_difference":
        return np.diff(rows, 2)
    if op.representation == "raw":
        return rows
    ends = SMOOTHED // 2
    wide = np.pad(np.diff(rows), ((0, 0), (0, 0), (ends, ends)), mode="edge")
    length = wide.shape[2] - 2 * ends
    return np.add.reduce([wide[:, :, i : i + length] for i in range(SMOOTHED)])


def quantiles(op: Intervals, x: Batch, quotient: Quotient) -> Batch:
    """``(n, n_features)``; intervals of one size are sorted at a time."""
    rows = represented(op, x)
    counts, sizes = op.counts, op.sizes
    ends = np.cumsum(counts)
    output = np.empty((*rows.shape[:2], int(ends[-1])), rows.dtype)
    for size in np.unique(sizes):
        (alike,) = np.nonzero(sizes == size)
        places = op.intervals[alike, :1].astype(np.int64) + np.arange(size)
        columns = (ends - counts)[alike, None] + np.arange(counts[alike[0]])
        output[:, :, columns] = _of_size(rows[:, :, places], counts[alike[0]], quotient)
    return output.reshape(len(x), -1)


def _of_size(numbers: Batch, count: int, quotient: Quotient) -> Batch:
    """The quantiles of numbers ``(..., size)``: ``(..., count)``."""
    size, numbers = numbers.shape[-1], np.sort(numbers, axis=-1)
    parts, steps = (count - 1, np.arange(count)) if count > 1 else (2, np.ones(1, np.int64))
    low, share = np.divmod(steps * (size - 1), parts)
    high, share = np.minimum(low + 1, size - 1), share.astype(numbers.dtype)
    found = quotient(numbers[..., low] * (parts - share) + numbers[..., high] * share, parts)
    if count > 1:
        found[..., 1::2] -= quotient(numbers.sum(axis=-1, keepdims=True), size)
    return found


@reference.evaluate.register
def _(op: IntervalQuantiles, x: Batch) -> Batch:
    """Of the type of ``x``: the float engines run this in float32."""
    unit = op.scale / (SMOOTHED if op.representation == "difference" else 1)
    return quantiles(op, x, np.divide) * x.dtype.type(unit)


@fixed.evaluate.register
def _(op: QIntervalQuantiles, x: Batch) -> Batch:
    def quotient(total: Batch, count: int) -> Batch:
        return fixed.rounded_quotient(total << op.fraction_bits, np.array(count))

    return fixed.requantize(quantiles(op, x.astype(np.int64), quotient), op.requantization)
