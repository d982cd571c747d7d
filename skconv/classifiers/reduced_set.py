"""Reduced sets: a few learnt vectors that replace all support vectors of a machine.

The vectors and their coefficients descend the gradient of the squared margin errors on the
training samples, through the Laplacian kernel. Every class uses all of them: what is learnt
is one score a class (two classes: one score).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.distance import cdist

from skconv.utils.descent import Adam
from skconv.utils.whole import is_whole

EPOCHS = 300
FEWEST_STEPS = 600
BATCH = 200
# Steps of the vectors, in mean absolute deviations of a feature, for up to 64 of them. More
# vectors take steps in proportion to their number, up to the limit: large steps are what
# keeps a large set from following single samples. A third of a rate ends in a worse set.
VECTOR_RATE = 0.13
LARGEST_VECTOR_RATE = 0.45
COEFFICIENT_RATE = 0.0125
RIDGE = 1e-5
ABOVE_ALL = np.float32(2.0**60)  # times a difference that is not 0: above 1

Floats = NDArray[np.floating]


@dataclass(frozen=True)
class ReducedSet:
    """The vectors and coefficients that were learnt.

    Attributes
    ----------
    origins : ndarray of int of shape (n_vectors,)
        The samples that the vectors started from, sorted by class.
    vectors : ndarray of shape (n_vectors, n_features)
        Within the range of the samples; integers where all samples are.
    coefficients : ndarray of shape (n_scores, n_vectors)
        One row a class, for two classes one row, positive for the second.
    intercept : ndarray of shape (n_scores,)
        Added to the scores.
    """

    origins: NDArray[np.intp]
    vectors: Floats
    coefficients: NDArray[np.float64]
    intercept: NDArray[np.float64]


def learn_reduced_set(
    X: Floats,
    codes: NDArray[np.intp],
    candidates: NDArray[np.intp],
    n_vectors: int,
    gamma: float,
    random_state: np.random.RandomState,
) -> ReducedSet:
    """Learn vectors and coefficients of a Laplacian kernel machine.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_features)
        Training samples.
    codes : ndarray of int of shape (n_samples,)
        Class of each, from 0 on.
    candidates : ndarray of int
        Samples that vectors may start from: the support vectors of the whole machine.
    n_vectors : int
        How many vectors, at most as many as there are candidates.
    gamma : float
        The kernel is ``exp(-gamma * ||x - s||_1)``.
    random_state : RandomState
        Chooses where the vectors start, and the order of the samples.

    References
    ----------
    M. Wu, B. Schölkopf, G. Bakir, "A Direct Method for Building Sparse Kernel Learning
    Algorithms", JMLR 7, 2006, section 3: gradient descent on the expansion vectors.
    K. Crammer, Y. Singer, "On the Algorithmic Implementation of Multiclass Kernel-based
    Vector Machines", JMLR 2, 2001: the margin between the own class and any other.

    Examples
    --------
    >>> import numpy as np
    >>> from skconv.classifiers.reduced_set import learn_reduced_set
    >>> X, codes = np.array([[0.0], [1.0], [8.0], [9.0]]), np.array([0, 0, 1, 1])
    >>> rng = np.random.RandomState(0)
    >>> learnt = learn_reduced_set(X, codes, np.arange(4), 2, 0.1, rng)
    >>> learnt.vectors.shape, learnt.coefficients.shape
    ((2, 1), (1, 2))
    """
    chosen = candidates[_spread_out(X[candidates], n_vectors, random_state)]
    origins = chosen[np.argsort(codes[chosen], kind="stable")]
    coefficients, intercept = _ridge(X, codes, X[origins], gamma)
    vectors, coefficients, intercept = _descend(
        X, codes, X[origins], coefficients, intercept, gamma, random_state
    )
    vectors = vectors.astype(X.dtype)
    if is_whole(X):
        vectors = np.rint(vectors)
    if coefficients.shape[0] == 2:
        coefficients, intercept = coefficients[1:] - coefficients[:1], intercept[1:] - intercept[:1]
    return ReducedSet(origins, vectors, coefficients, intercept)


def _spread_out(X: Floats, n: int, random_state: np.random.RandomState) -> NDArray[np.intp]:
    """Indices of ``n`` rows far from each other: the start of k-means++, by L1 distance."""
    indices = [int(random_state.randint(len(X)))]
    nearest = cdist(X[indices], X, "cityblock")[0]
    while len(indices) < n:
        # Equal rows: any that is left.
        weights = nearest if nearest.any() else np.ones(len(X))
        weights[indices] = 0
        index = int(random_state.choice(len(X), p=weights / weights.sum()))
        indices.append(index)
        nearest = np.minimum(nearest, cdist(X[[index]], X, "cityblock")[0])
    return np.asarray(indices, np.intp)


def _ridge(
    X: Floats, codes: NDArray[np.intp], vectors: Floats, gamma: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Coefficients and intercepts fitted to 1 for a sample's own class and -1 for others."""
    kernel = np.exp(-gamma * cdist(X, vectors, "cityblock"))
    design = np.column_stack([kernel, np.ones(len(X))])
    targets = np.where(codes[:, None] == np.arange(codes.max() + 1), 1.0, -1.0)
    normal = design.T @ design + RIDGE * len(X) * np.eye(design.shape[1])
    solution = np.linalg.solve(normal, design.T @ targets)
    return solution[:-1].T, solution[-1]


def _descend(
    X: Floats,
    codes: NDArray[np.intp],
    vectors: Floats,
    coefficients: NDArray[np.float64],
    intercept: NDArray[np.float64],
    gamma: float,
    random_state: np.random.RandomState,
) -> tuple[Floats, NDArray[np.float64], NDArray[np.float64]]:
    """Adam with a cosine rate on vectors, coefficients and intercepts, in float32."""
    unit = float(np.abs(X - np.median(X, axis=0)).mean()) or 1.0
    samples = (X / unit).astype(np.float32)
    low, high = samples.min(axis=0), samples.max(axis=0)
    learnt = [
        start.astype(np.float32) for start in (vectors / unit, coefficients, np.asarray(intercept))
    ]
    rate = min(VECTOR_RATE * max(1, len(vectors) / 64), LARGEST_VECTOR_RATE)
    n_batches = -(-len(X) // BATCH)
    epochs = max(EPOCHS, -(-FEWEST_STEPS // n_batches))
    adam = Adam(learnt, [rate, COEFFICIENT_RATE, COEFFICIENT_RATE], epochs * n_batches)
    for _ in range(epochs):
        for rows in np.array_split(random_state.permutation(len(X)), n_batches):
            adam.step(_gradients(gamma * unit, samples[rows], codes[rows], *learnt))
            np.clip(learnt[0], low, high, out=learnt[0])
    found = [values.astype(np.float64) for values in learnt]
    return np.clip(found[0] * unit, X.min(axis=0), X.max(axis=0)), found[1], found[2]


def _gradients(
    gamma: float,
    samples: Floats,
    codes: NDArray[np.intp],
    vectors: Floats,
    coefficients: Floats,
    intercept: Floats,
) -> tuple[Floats, Floats, Floats]:
    """Gradients of the loss: squared errors to every other class, with a margin of 1."""
    kernel = np.exp(-gamma * cdist(samples, vectors, "cityblock")).astype(np.float32)
    scores = kernel @ coefficients.T + intercept
    own = np.arange(len(samples)), codes
    # The own class is among them, with an error of 1 that no gradient comes from.
    by_score = np.maximum(1 + scores - scores[own][:, None], 0) * np.float32(2 / len(samples))
    by_score[own] = 0
    by_score[own] = -by_score.sum(axis=1)
    by_distance = -np.float32(gamma) * kernel * (by_score @ coefficients)
    by_vector = np.empty_like(vectors)
    sides = np.empty_like(samples)  # 1 where a vector lies above a sample, -1 below
    for vector, weights, gradient in zip(vectors, by_distance.T, by_vector, strict=True):
        np.subtract(vector, samples, out=sides)
        np.multiply(sides, ABOVE_ALL, out=sides)  # with `clip` faster than `sign`
        np.clip(sides, -1, 1, out=sides)
        np.matmul(weights, sides, out=gradient)
    return by_vector, by_score.T @ kernel, by_score.sum(axis=0)
