"""The Laplacian kernel on samples: what its machines share."""

from __future__ import annotations

import math
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.distance import pdist, squareform
from sklearn.metrics import pairwise_distances_chunked

from skconv.graph import KernelMachine
from skconv.runtime.windows import weighted_kernels

# Distances of a block of samples to all support vectors: fits the caches of a desktop CPU.
BLOCK_MIB = 64
ACCEPTED: dict[str, Any] = {
    "dtype": [np.float64, np.float32],
    "order": "C",
    "accept_sparse": "csr",
}


def dense(X: Any) -> NDArray[np.floating]:
    """Sparse features, such as block histograms, as an array: support vectors are kept dense."""
    return X.toarray() if hasattr(X, "toarray") else X


def l1_distances(X: NDArray[np.floating]) -> NDArray[np.float64]:
    """Distances of all pairs, condensed. Depends on ``X`` alone, so that it can be cached."""
    return np.asarray(pdist(X, "cityblock"))


def laplacian_kernel(distances: NDArray[np.float64], gamma: float) -> NDArray[np.float64]:
    """The matrix of kernels of all pairs."""
    # Half of the exponentials: the matrix is symmetric.
    values = distances * -gamma
    kernel = squareform(np.exp(values, out=values))
    np.fill_diagonal(kernel, 1.0)
    return np.asarray(kernel)


def steepness(
    gamma: float | Literal["scale", "auto"],
    power_of_two: bool,
    distances: NDArray[np.float64],
    n_features: int,
) -> float:
    """The ``gamma`` in use."""
    if gamma == "scale":
        mean = float(distances.mean())
        if mean == 0:
            raise ValueError("gamma='scale' needs samples that differ: all rows of X are equal")
        found = 1 / mean
    elif gamma == "auto":
        found = 1 / n_features
    else:
        found = float(gamma)
    return _nearest_power_of_two(found) if power_of_two else found


def _nearest_power_of_two(gamma: float) -> float:
    """The ``gamma`` nearest on a log scale for which ``gamma / ln 2`` is a power of two."""
    return math.ldexp(math.log(2), round(math.log2(gamma / math.log(2))))


def machine_sums(machine: KernelMachine, X: NDArray[np.floating]) -> NDArray[np.float64]:
    """The results of a Laplacian machine for samples, block by block."""

    def decide(distances: NDArray[np.float64], start: int) -> NDArray[np.float64]:
        distances *= -machine.gamma
        kernel = np.exp(distances, out=distances)
        return np.asarray(weighted_kernels(kernel, machine) + machine.intercept)

    blocks = pairwise_distances_chunked(
        X,
        machine.support_vectors,
        reduce_func=decide,
        metric="manhattan",
        working_memory=BLOCK_MIB,
    )
    return np.concatenate(list(blocks))
