"""Means taken off along an axis: on floats, then on integers."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from skconv.graph import QSubtractMean, SubtractMean
from skconv.runtime import fixed, reference

Batch = NDArray[Any]


@reference.evaluate.register
def _(op: SubtractMean, x: Batch) -> Batch:
    return x - x.mean(axis=1 + op.axis, keepdims=True)


@fixed.evaluate.register
def _(op: QSubtractMean, x: Batch) -> Batch:
    x, axis = x.astype(np.int64), 1 + op.axis
    return fixed.requantize(x.shape[axis] * x - x.sum(axis=axis, keepdims=True), op.requantization)
