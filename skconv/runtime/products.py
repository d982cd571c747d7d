"""Products of columns: their definition."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from skconv.graph import Products, QProducts
from skconv.runtime import fixed, reference

Batch = NDArray[Any]


def products(x: Batch, indices: Batch) -> Batch:
    """With a column of ones behind the last, for what is no factor."""
    padded = np.hstack([x, np.ones((len(x), 1), x.dtype)])
    found = padded[:, indices[:, 0].astype(np.intp)]
    for column in indices.T[1:].astype(np.intp):
        found = found * padded[:, column]
    return np.asarray(found)


@reference.evaluate.register
def _(op: Products, x: Batch) -> Batch:
    return products(x, op.indices)


@fixed.evaluate.register
def _(op: QProducts, x: Batch) -> Batch:
    return fixed.requantize(products(x.astype(np.int64), op.indices), op.requantization)
