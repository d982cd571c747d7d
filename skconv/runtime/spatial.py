"""Borders, repetition and resampling of maps: on floats, then on integers."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from skconv.graph import Pad, QPad, QResize, Resize, Upsample
from skconv.graph.spatial import Padding
from skconv.runtime import fixed, reference

Batch = NDArray[Any]


@reference.evaluate.register
@fixed.evaluate.register
def _(op: Upsample, x: Batch) -> Batch:
    return x.repeat(op.factor[0], axis=1).repeat(op.factor[1], axis=2)


@reference.evaluate.register
def _(op: Pad, x: Batch) -> Batch:
    return bordered(x, op.padding, 0.0 if op.fill == "zero" else -np.inf)


def bordered(x: Batch, padding: Padding, value: float) -> Batch:
    """Maps with a border of one number."""
    return np.pad(x, ((0, 0), *padding, (0, 0)), constant_values=value)


@reference.evaluate.register
def _(op: Resize, x: Batch) -> Batch:
    rows, columns = op.rows.astype(np.float64), op.columns.astype(np.float64)
    return np.einsum("ij,njkc,lk->nilc", rows, x, columns, optimize=True)


@fixed.evaluate.register
def _(op: QPad, x: Batch) -> Batch:
    return bordered(x, op.padding, op.value)


@fixed.evaluate.register
def _(op: QResize, x: Batch) -> Batch:
    sums = weighted_runs(x.astype(np.int64), op.row_starts, op.row_weights, axis=1)
    rounded = (sums + op.half) >> op.shift
    sums = weighted_runs(rounded, op.column_starts, op.column_weights, axis=2)
    return fixed.requantize(sums, op.requantization)


def weighted_runs(x: Batch, starts: Batch, weights: Batch, axis: int) -> Batch:
    """Along an axis: the sums of runs that begin at ``starts``, times ``weights``."""
    shape = [1] * x.ndim
    shape[axis] = -1
    first = starts.astype(np.intp)
    return sum(
        x.take(first + tap, axis) * column.astype(np.int64).reshape(shape)
        for tap, column in enumerate(weights.T)
    )
