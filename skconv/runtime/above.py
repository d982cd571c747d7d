"""Which levels numbers exceed: one definition for floats and integers."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from skconv.graph import Above
from skconv.runtime import numpy_engine, reference

Batch = NDArray[Any]


@reference.evaluate.register
def _(op: Above, x: Batch) -> Batch:
    return _above(op, x).astype(np.float64)


@numpy_engine.evaluate.register
def _(op: Above, x: Batch) -> Batch:
    return _above(op, x).astype(np.float32)


def _above(op: Above, x: Batch) -> Batch:
    return np.concatenate([x > level for level in op.levels], axis=-1)
