"""The length of vectors: on floats, then on integers."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from skconv.graph import EuclideanNorm, QEuclideanNorm
from skconv.runtime import fixed, reference

Batch = NDArray[Any]


def sums_of_squares(x: Batch, n_axes: int) -> Batch:
    """Over each ``n_axes`` channels that follow each other."""
    return np.asarray(np.square(x.reshape(*x.shape[:-1], -1, n_axes)).sum(axis=-1))


@reference.evaluate.register
def _(op: EuclideanNorm, x: Batch) -> Batch:
    return np.sqrt(sums_of_squares(x, op.n_axes))


@fixed.evaluate.register
def _(op: QEuclideanNorm, x: Batch) -> Batch:
    root = fixed.rounded_root(sums_of_squares(x.astype(np.int64), op.n_axes) << 2 * op.shift)
    return fixed.requantize(root, op.requantization)
