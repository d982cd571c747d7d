"""Probabilities of scores: on floats, then on integers."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, log_expit, softmax

from skconv.graph import QShares, QSigmoids, QSoftmax, Shares, Sigmoids, Softmax
from skconv.graph.integer import KERNEL_FRACTION_BITS
from skconv.graph.probabilities import ONE, Exponentials
from skconv.runtime.fixed import evaluate as fixed_evaluate
from skconv.runtime.fixed import exp2_negative, requantize, rounded_quotient
from skconv.runtime.reference import evaluate

Batch = NDArray[Any]


@evaluate.register
def _(op: Softmax, x: Batch) -> Batch:
    return np.asarray(softmax(op.factor * _of_two(x), axis=1))


@evaluate.register
def _(op: Sigmoids, x: Batch) -> Batch:
    if x.shape[1] == 1:
        return np.hstack([expit(-x), expit(x)])
    return np.asarray(softmax(log_expit(x), axis=1))


@evaluate.register
def _(op: Shares, x: Batch) -> Batch:
    shares = op.factor * x
    if x.shape[1] == 1:
        shares = (1 + np.hstack([-shares, shares])) / 2
    return shares.clip(0, 1)


def _of_two(scores: Batch) -> Batch:
    """One score stands for two classes: the first has score 0."""
    return np.hstack([np.zeros_like(scores), scores]) if scores.shape[1] == 1 else scores


# ----------------------------------------------------------------------------- integers


@fixed_evaluate.register
def _(op: QSoftmax, x: Batch) -> Batch:
    scores = _of_two(x.astype(np.int64))
    return _divided_by_sum(_powers(op, scores.max(axis=1, keepdims=True) - scores))


@fixed_evaluate.register
def _(op: QSigmoids, x: Batch) -> Batch:
    scores = x.astype(np.int64)
    largest = np.minimum(scores.max(axis=1, keepdims=True), 0)
    powers = _powers(op, np.maximum(largest - scores, 0))
    sums = ONE + _powers(op, np.abs(scores))
    return _divided_by_sum(rounded_quotient(powers << KERNEL_FRACTION_BITS, sums))


@fixed_evaluate.register
def _(op: QShares, x: Batch) -> Batch:
    near = x.astype(np.int64).clip(-op.limit, op.limit)
    shares = requantize(near, op.requantization).astype(np.int64)
    if x.shape[1] == 1:
        shares = ONE // 2 + np.hstack([-shares, shares])
    return shares


def _powers(op: Exponentials, distances: Batch) -> Batch:
    near = np.minimum(distances >> op.shift, op.limit)
    return exp2_negative(requantize(near, op.exponent))


def _divided_by_sum(parts: Batch) -> Batch:
    return rounded_quotient(parts << KERNEL_FRACTION_BITS, parts.sum(axis=1, keepdims=True))
