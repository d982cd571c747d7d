"""A few prototypes in place of many samples: chosen from them, or learnt.

Learnt ones start as centres of clusters and descend the gradient of a soft nearest neighbour:
every prototype takes part, with a share that falls with its distance.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.distance import cdist
from sklearn.cluster import KMeans, MiniBatchKMeans

from skconv.graph.neighbours import Metric
from skconv.utils.descent import Adam

Array = NDArray[Any]
Floats = NDArray[np.floating[Any]]

EPOCHS, FEWEST_STEPS, BATCH = 30, 300, 200
RATE = 0.03  # of the first step, in spreads of a feature
# More samples than this are clustered in batches.
MOST_AT_ONCE = 10_000
# How many samples the typical distance is taken of.
MOST_SAMPLES = 2000
NEIGHBOURS_TO_AGREE = 3
# Sums of absolute differences vary less than sums of squares.
WIDTH_OF: dict[Metric, float] = {"l1": 0.4, "l2": 1.0}


@dataclass(frozen=True)
class Prototypes:
    """Prototypes, and the class (an index) or the values of each."""

    samples: Floats
    targets: Array


# ------------------------------------------------------------------------------- distances


def distances(x: Floats, prototypes: Floats, metric: Metric) -> Floats:
    """Sums of absolute differences, or of squares."""
    if metric == "l1":
        return np.asarray(cdist(x, prototypes, "cityblock"), x.dtype)
    squares = (x**2).sum(axis=1)[:, None] + (prototypes**2).sum(axis=1) - 2 * x @ prototypes.T
    return np.asarray(np.maximum(squares, 0))


def _gradient(by_distance: Floats, x: Floats, prototypes: Floats, metric: Metric) -> Floats:
    """Gradient of the prototypes, from that of their distances to a batch."""
    if metric == "l2":
        return np.asarray(
            2 * (prototypes * by_distance.sum(axis=0)[:, None] - by_distance.T @ x), x.dtype
        )
    rows = [weights @ np.sign(p - x) for weights, p in zip(by_distance.T, prototypes, strict=True)]
    return np.asarray(rows, x.dtype)


def _shares(found: Floats, width: float) -> Floats:
    """``exp(-d / width)`` of each row, divided by the sum."""
    powers = np.exp((found.min(axis=1, keepdims=True) - found) / width)
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))


def _width(x: Floats, prototypes: Floats, metric: Metric, share: float) -> float:
    """So much of the typical distance to the nearest prototype."""
    found = distances(x[:MOST_SAMPLES], prototypes, metric).min(axis=1)
    return WIDTH_OF[metric] * share * float(found.mean()) or 1.0


# -------------------------------------------------------------------------------- clusters


def clusters_of_classes(
    x: Floats, codes: Array, n_prototypes: int, random_state: np.random.RandomState
) -> Prototypes:
    """As many centres of clusters for every class, as far as it has samples."""
    counts = np.bincount(codes)
    parts = [
        _centres(x[codes == code], n, random_state)
        for code, n in enumerate(_evenly(counts, n_prototypes))
    ]
    labels = np.repeat(np.arange(len(counts)), [len(part) for part in parts])
    return Prototypes(np.concatenate(parts), labels)


def _evenly(counts: Array, n: int) -> Array:
    """How many of ``n`` each class gets: as even as the counts allow."""
    given = np.zeros_like(counts)
    while given.sum() < n:
        free = np.flatnonzero(given < counts)
        fewest = free[given[free] == given[free].min()]
        given[fewest[: n - int(given.sum())]] += 1
    return given


def _centres(x: Floats, n: int, random_state: np.random.RandomState) -> Floats:
    if n == len(x):
        return x
    return np.asarray(_clustered(x, n, random_state).cluster_centers_, x.dtype)


def _clustered(x: Floats, n: int, random_state: np.random.RandomState) -> Any:
    kind = KMeans if len(x) <= MOST_AT_ONCE else MiniBatchKMeans
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Fewer distinct samples than clusters do no harm.
        return kind(n, n_init=1, random_state=random_state).fit(x)


def clusters_of_values(
    x: Floats, values: Floats, n_prototypes: int, random_state: np.random.RandomState
) -> Prototypes:
    """Centres of clusters of samples and values, which spread as much as the samples do."""
    if n_prototypes == len(x):
        return Prototypes(x, values)
    spread = values.std(axis=0)
    unit = np.sqrt(x.var(axis=0).sum() / values.shape[1])
    scaled = values * unit / np.where(spread > 0, spread, 1)
    found = _clustered(np.hstack([x, scaled]), n_prototypes, random_state)
    labels = found.predict(np.hstack([x, scaled]))
    filled = np.unique(labels)
    return Prototypes(
        np.array([x[labels == i].mean(axis=0) for i in filled], x.dtype),
        np.array([values[labels == i].mean(axis=0) for i in filled], x.dtype),
    )


# --------------------------------------------------------------------------------- learning


def learn_classes(
    x: Floats,
    codes: Array,
    start: Prototypes,
    metric: Metric,
    random_state: np.random.RandomState,
    share: float = 0.4,
) -> Prototypes:
    """Prototypes that tell classes apart: robust soft learning vector quantisation.

    The probability of a class is the share of its prototypes in the sum of ``exp(-d / width)``;
    the loss is its negative logarithm. ``share`` of the typical distance is the width.

    References
    ----------
    S. Seo, K. Obermayer, "Soft Learning Vector Quantization", Neural Computation 15, 2003
    (section 3.2).
    """
    width = _width(x, start.samples, metric, share)

    def gradients(rows: Array, prototypes: Floats) -> list[Floats]:
        found = distances(x[rows], prototypes, metric)
        is_own = codes[rows][:, None] == start.targets
        own = _shares(np.where(is_own, found, np.inf), width)
        by_distance = (own - _shares(found, width)) / (width * len(rows))
        return [_gradient(by_distance, x[rows], prototypes, metric)]

    learnt = [start.samples.copy()]
    _descend(x, learnt, gradients, random_state)
    return Prototypes(learnt[0], start.targets)


def learn_values(
    x: Floats,
    values: Floats,
    start: Prototypes,
    metric: Metric,
    random_state: np.random.RandomState,
    share: float,
) -> Prototypes:
    """Prototypes and values whose soft mean is near to the values of samples, by squared error."""
    width = _width(x, start.samples, metric, share)
    mean, spread = values.mean(axis=0), np.where(values.std(axis=0) > 0, values.std(axis=0), 1)
    wanted = (values - mean) / spread

    def gradients(rows: Array, prototypes: Floats, learnt_values: Floats) -> list[Floats]:
        shares = _shares(distances(x[rows], prototypes, metric), width)
        found = shares @ learnt_values
        error = 2 * (found - wanted[rows]) / len(rows)
        towards = error @ learnt_values.T - (error * found).sum(axis=1, keepdims=True)
        by_distance = -shares * towards / width
        return [_gradient(by_distance, x[rows], prototypes, metric), shares.T @ error]

    learnt = [start.samples.copy(), ((start.targets - mean) / spread).astype(x.dtype)]
    _descend(x, learnt, gradients, random_state)
    return Prototypes(learnt[0], learnt[1] * spread + mean)


def _descend(
    x: Floats, learnt: list[Floats], gradients: Any, random_state: np.random.RandomState
) -> None:
    """Change what is learnt, the prototypes first, within the range of the samples."""
    unit = float(np.sqrt(x.var(axis=0).mean())) or 1.0
    low, high = x.min(axis=0), x.max(axis=0)
    n_batches = -(-len(x) // BATCH)
    epochs = max(EPOCHS, -(-FEWEST_STEPS // n_batches))
    rates = [RATE * unit, *[RATE] * (len(learnt) - 1)]
    adam = Adam(learnt, rates, epochs * n_batches)
    for _ in range(epochs):
        for rows in np.array_split(random_state.permutation(len(x)), n_batches):
            adam.step(gradients(rows, *learnt))
            np.clip(learnt[0], low, high, out=learnt[0])


# --------------------------------------------------------------------------------- choosing


def agreeing(x: Floats, codes: Array, metric: Metric) -> Array:
    """Samples whose three nearest others mostly have their class.

    References
    ----------
    D. Wilson, "Asymptotic Properties of Nearest Neighbor Rules Using Edited Data", IEEE
    Transactions on Systems, Man, and Cybernetics 2, 1972.
    """
    k = min(NEIGHBOURS_TO_AGREE, len(x) - 1)
    is_kept = np.zeros(len(x), bool)
    for rows in np.array_split(np.arange(len(x)), -(-len(x) // BATCH)):
        found = distances(x[rows], x, metric)
        found[np.arange(len(rows)), rows] = np.inf
        nearest = np.argpartition(found, k - 1, axis=1)[:, :k]
        is_kept[rows] = (codes[nearest] == codes[rows][:, None]).sum(axis=1) > k / 2
    return np.flatnonzero(is_kept)


def condensed(
    x: Floats, codes: Array, metric: Metric, most: int, random_state: np.random.RandomState
) -> Array:
    """Samples of which the nearest has the class of each sample, if ``most`` are enough.

    References
    ----------
    P. Hart, "The Condensed Nearest Neighbor Rule", IEEE Transactions on Information Theory 14,
    1968.
    """
    order = random_state.permutation(len(x))
    firsts = np.unique(codes[order], return_index=True)[1]
    kept: list[int] = []
    nearest = np.full(len(x), np.inf, x.dtype)
    found = np.full(len(x), -1)
    wrong = order[firsts]
    while wrong.size and len(kept) < most:
        for place in wrong:
            if found[place] == codes[place] and len(kept) >= len(firsts):
                continue
            kept.append(int(place))
            new = distances(x, x[place : place + 1], metric)[:, 0]
            is_nearer = new < nearest
            nearest[is_nearer], found[is_nearer] = new[is_nearer], codes[place]
            if len(kept) == most:
                break
        left = order[found[order] != codes[order]]
        # Samples that equal a kept one of another class stay wrong.
        wrong = left[~np.isin(left, kept)]
    return np.asarray(kept, np.intp)
