"""Scores that fall with a squared distance, and the logarithm of a sum: floats, then integers."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import logsumexp

from skconv.graph import (
    DiagonalSquares,
    GroupedSquares,
    LogSumExp,
    QDiagonalSquares,
    QGroupedSquares,
    QLogSumExp,
)
from skconv.graph.integer import KERNEL_FRACTION_BITS
from skconv.graph.integer_spectra import LOG2_BITS
from skconv.graph.quadratic import LARGEST_SCORE, QuadraticIntegers, QuadraticScores
from skconv.runtime import fixed, reference
from skconv.runtime.integer_spectra import log2

Batch = NDArray[Any]


@reference.evaluate.register
def _(op: GroupedSquares, x: Batch) -> Batch:
    return _compared(op, op.offsets - _of_groups(x, op.n_scores))


@reference.evaluate.register
def _(op: DiagonalSquares, x: Batch) -> Batch:
    return _compared(op, op.offsets - _of_axes(op.factors, op.biases, x))


@reference.evaluate.register
def _(op: LogSumExp, x: Batch) -> Batch:
    return np.asarray(logsumexp(x, axis=1, keepdims=True))


def _of_groups(x: Batch, n_groups: int) -> Batch:
    return np.asarray(np.square(x.reshape(len(x), n_groups, -1)).sum(axis=-1))


def _of_axes(factors: Batch, biases: Batch, x: Batch) -> Batch:
    """Score by score: all terms of a batch at once would not fit memory."""
    parts = zip(factors.astype(x.dtype), biases.astype(x.dtype), strict=True)
    return np.stack([np.square(f * x + b).sum(axis=1) for f, b in parts], axis=1)


def _compared(op: QuadraticScores | QuadraticIntegers, scores: Batch) -> Batch:
    """Scores, or what they are less the largest, or the second less the first."""
    if not op.relative:
        return scores
    if op.n_scores == 2:
        return scores[:, 1:] - scores[:, :1]
    return scores - scores.max(axis=1, keepdims=True)


# -------------------------------------------------------------------------------- integers


@fixed.evaluate.register
def _(op: QGroupedSquares, x: Batch) -> Batch:
    return _scores(op, _of_groups(x.astype(np.int64), op.n_scores))


@fixed.evaluate.register
def _(op: QDiagonalSquares, x: Batch) -> Batch:
    return _scores(op, _of_axes(op.factors, op.biases, x.astype(np.int64)))


def _scores(op: QuadraticIntegers, squares: Batch) -> Batch:
    shifts = op.shifts.astype(np.int64)
    distances = (squares + ((1 << shifts) >> 1)) >> shifts
    scores = _compared(op, op.offsets - distances)
    return np.clip(scores, -LARGEST_SCORE, LARGEST_SCORE).astype(np.int32)


@fixed.evaluate.register
def _(op: QLogSumExp, x: Batch) -> Batch:
    largest = x.max(axis=1, keepdims=True).astype(np.int64)
    near = np.minimum((largest - x) >> op.shift, op.limit)
    powers = fixed.exp2_negative(fixed.requantize(near, op.exponent))
    octaves = log2(powers.sum(axis=1, keepdims=True)) - (KERNEL_FRACTION_BITS << LOG2_BITS)
    return largest + fixed.requantize(octaves, op.logarithm)
