"""Votes of several classifiers: on floats, then on integers."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skconv.graph import PairConfidence, QPairConfidence, Winner
from skconv.graph.ballots import CONFIDENCE_BITS, Pairs
from skconv.runtime.fixed import evaluate as fixed_evaluate
from skconv.runtime.fixed import rounded_quotient
from skconv.runtime.reference import evaluate

Batch = NDArray[Any]


@evaluate.register
def _(op: Winner, x: Batch) -> Batch:
    scores = np.hstack([np.zeros_like(x), x]) if x.shape[1] == 1 else x
    return (np.arange(scores.shape[1]) == scores.argmax(axis=1)[:, None]).astype(x.dtype)


@evaluate.register
def _(op: PairConfidence, x: Batch) -> Batch:
    votes, sums = _counted(op, x)
    return votes + sums / (3 * (np.abs(sums) + 1))


@fixed_evaluate.register
def _(op: QPairConfidence, x: Batch) -> Batch:
    votes, sums = _counted(op, x.astype(np.int64))
    sizes = np.abs(sums)
    parts = rounded_quotient(sizes << CONFIDENCE_BITS, 3 * (sizes + op.one))
    return (votes << CONFIDENCE_BITS) + np.sign(sums) * parts


def _counted(op: Pairs, decisions: Batch) -> tuple[Batch, Batch]:
    """Votes for each class, and sums of decisions for it."""
    votes = np.zeros((len(decisions), op.n_classes), decisions.dtype)
    sums = np.zeros_like(votes)
    for k, (i, j) in enumerate(combinations(range(op.n_classes), 2)):
        for_first = decisions[:, k] if op.first_is_positive else -decisions[:, k]
        votes[:, i] += for_first >= 0
        votes[:, j] += for_first < 0
        sums[:, i] += for_first
        sums[:, j] -= for_first
    return votes, sums
