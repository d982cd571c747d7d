"""The nearest prototypes, and what they say: the definition in floats and in integers."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.distance import cdist

from skconv.graph import (
    Distances,
    NeighbourMeans,
    NeighbourVotes,
    NoveltyMargin,
    QDistances,
    QNeighbourMeans,
    QNeighbourVotes,
    QNoveltyMargin,
)
from skconv.graph.limits import ACCUMULATOR_MAX
from skconv.graph.neighbours import (
    MEAN_BITS,
    WEIGHT_BITS,
    IntegerPrototypes,
    Neighbours,
    Prototypes,
)
from skconv.runtime import fixed, reference

Batch = NDArray[Any]


def sums(op: Prototypes, x: Batch) -> Batch:
    """Sums of absolute differences or of squares; those of integers are exact."""
    metric = "cityblock" if op.metric == "l1" else "sqeuclidean"
    return cdist(x.astype(np.float64), op.prototypes.astype(np.float64), metric)


def nearest(distances: Batch, k: int) -> NDArray[np.intp]:
    """Columns ``(n_samples, k)`` of the ``k`` least of each row, in no order.

    Among equals it keeps those that a heap of ``k`` keeps which takes the columns one by one,
    as the brute force of scikit-learn.
    """
    if k == distances.shape[1]:
        return np.broadcast_to(np.arange(k), distances.shape)
    places = np.argpartition(distances, (k - 1, k), axis=1)
    found = places[:, :k]
    last = np.take_along_axis(distances, places[:, k - 1 : k + 1], axis=1)
    is_tied = last[:, 0] == last[:, 1]
    if is_tied.any():
        found[is_tied] = _heaped(distances[is_tied], k)
    return found


def _heaped(distances: Batch, k: int) -> NDArray[np.intp]:
    """`nearest` by heaps, the largest first."""
    n_samples, n_columns = distances.shape
    values = np.full((n_samples, k), np.inf)
    places = np.zeros((n_samples, k), np.intp)
    for column in range(n_columns):
        rows = np.flatnonzero(distances[:, column] < values[:, 0])
        if rows.size:
            _push(values, places, rows, distances[rows, column], column)
    return places


def _push(values: Batch, places: Batch, rows: Batch, new: Batch, column: int) -> None:
    """Replace the root of some heaps, and let what is new sink to its place."""
    k = values.shape[1]
    at = np.zeros(len(rows), np.intp)
    while rows.size:
        left, right = 2 * at + 1, 2 * at + 2
        of_left = np.where(left < k, values[rows, np.minimum(left, k - 1)], -np.inf)
        of_right = np.where(right < k, values[rows, np.minimum(right, k - 1)], -np.inf)
        child = np.where(of_left >= of_right, left, right)
        sinks = new < np.maximum(of_left, of_right)
        values[rows[~sinks], at[~sinks]] = new[~sinks]
        places[rows[~sinks], at[~sinks]] = column
        rows, at, new, child = rows[sinks], at[sinks], new[sinks], child[sinks]
        values[rows, at], places[rows, at] = values[rows, child], places[rows, child]
        at = child


def neighbours(op: Neighbours, x: Batch) -> tuple[NDArray[np.intp], Batch]:
    """Places of the ``k`` nearest prototypes, and their sums."""
    found = sums(op, x)
    places = nearest(found, op.k)
    return places, np.take_along_axis(found, places, axis=1)


def vote(places: Batch, weights: Batch, op: NeighbourVotes) -> Batch:
    """Sum of weights for every class."""
    labels = op.labels.astype(np.intp)[places]
    result = np.zeros((len(places), op.n_classes), weights.dtype)
    np.add.at(result, (np.arange(len(places))[:, None], labels), weights)
    return result


# ------------------------------------------------------------------------------------- floats


def _real(op: Prototypes, found: Batch) -> Batch:
    return found if op.metric == "l1" else np.sqrt(found)


def _weights(op: NeighbourVotes | NeighbourMeans, found: Batch) -> Batch:
    """Distance of the nearest over that of each; 1 for all that are as near."""
    if not op.weighted:
        return np.ones_like(found)
    distances = _real(op, found)
    least = distances.min(axis=1, keepdims=True)
    return np.divide(least, distances, out=np.ones_like(distances), where=distances > least)


@reference.evaluate.register
def _(op: Distances, x: Batch) -> Batch:
    return _real(op, sums(op, x)) * (-op.unit if op.negated else op.unit)


@reference.evaluate.register
def _(op: NeighbourVotes, x: Batch) -> Batch:
    places, found = neighbours(op, x)
    weights = _weights(op, found)
    votes = vote(places, weights, op)
    return votes / weights.sum(axis=1, keepdims=True) if op.weighted else votes


@reference.evaluate.register
def _(op: NeighbourMeans, x: Batch) -> Batch:
    places, found = neighbours(op, x)
    weights = _weights(op, found)[:, :, None]
    values = op.values.astype(np.float64)[places]
    return np.asarray((weights * values).sum(axis=1) / weights.sum(axis=1))


@reference.evaluate.register
def _(op: NoveltyMargin, x: Batch) -> Batch:
    places, found = neighbours(op, x)
    reach = np.maximum(op.reaches.astype(np.float64)[places], _real(op, found))
    densities = op.densities.astype(np.float64)[places]
    return np.asarray(op.limit - densities.mean(axis=1) * reach.mean(axis=1))[:, None]


# ----------------------------------------------------------------------------------- integers


def _whole(op: IntegerPrototypes, found: Batch) -> Batch:
    """Integer distances, with the bits of fraction that roots have."""
    whole = found.astype(np.int64)
    return whole if op.metric == "l1" else fixed.rounded_root(whole << 2 * op.root_bits)


def _whole_weights(op: QNeighbourVotes | QNeighbourMeans, found: Batch) -> Batch:
    """`_weights` with 15 bits of fraction; 1 where all count the same."""
    if not op.weighted:
        return np.ones(found.shape, np.int64)
    distances = _whole(op, found)
    least = distances.min(axis=1, keepdims=True)
    shares = fixed.rounded_quotient(least << WEIGHT_BITS, np.maximum(distances, 1))
    return np.where(distances > least, shares, 2**WEIGHT_BITS)


@fixed.evaluate.register
def _(op: QDistances, x: Batch) -> Batch:
    return _whole(op, sums(op, x)) * (-1 if op.negated else 1)


@fixed.evaluate.register
def _(op: QNeighbourVotes, x: Batch) -> Batch:
    places, found = neighbours(op, x)
    weights = _whole_weights(op, found)
    votes = vote(places, weights, op)
    if not op.weighted:
        return votes
    return fixed.rounded_quotient(votes << WEIGHT_BITS, weights.sum(axis=1, keepdims=True))


@fixed.evaluate.register
def _(op: QNeighbourMeans, x: Batch) -> Batch:
    places, found = neighbours(op, x)
    weights = _whole_weights(op, found)[:, :, None]
    total = (weights * op.values.astype(np.int64)[places]).sum(axis=1)
    if op.weighted:
        total = fixed.rounded_quotient(total << MEAN_BITS, weights.sum(axis=1))
    return np.asarray(total + op.offsets)


@fixed.evaluate.register
def _(op: QNoveltyMargin, x: Batch) -> Batch:
    places, found = neighbours(op, x)
    reach = np.maximum(op.reaches.astype(np.int64)[places], _whole(op, found))
    product = op.densities.astype(np.int64)[places].sum(axis=1) * reach.sum(axis=1)
    margin = -((product - int(op.limit) - 1) >> op.shift)
    return np.clip(margin, -ACCUMULATOR_MAX, ACCUMULATOR_MAX)[:, None]
