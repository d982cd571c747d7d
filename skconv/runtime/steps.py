"""Comparisons of columns with constants: their definition."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from skconv.graph import Matches, Steps
from skconv.runtime import reference

Batch = NDArray[Any]


@reference.evaluate.register
def _(op: Steps, x: Batch) -> Batch:
    y = np.empty_like(x)
    for column in range(x.shape[1]):
        row = column if len(op.edges) > 1 else 0
        places = np.searchsorted(op.edges[row], x[:, column], side="right")
        y[:, column] = op.values[row, places]
    return y


@reference.evaluate.register
def _(op: Matches, x: Batch) -> Batch:
    return (x[:, op.columns.astype(np.intp)] == op.numbers).astype(x.dtype)
