"""Where the pixels behind an op lie, along the rows and the columns of the map before it."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray


class Axis(NamedTuple):
    """Places along rows or columns: pixel ``i`` lies at ``start + i * step``."""

    start: float = 0.0
    step: float = 1.0


Axes = tuple[Axis, Axis]


def windows(size: tuple[int, int], stride: tuple[int, int], before: tuple[int, int]) -> Axes:
    """The middle of every window, borders of so many pixels ``before`` the map."""
    rows, columns = (
        Axis((n - 1) / 2 - border, float(step))
        for n, step, border in zip(size, stride, before, strict=True)
    )
    return rows, columns


def repeated(factor: tuple[int, int]) -> Axes:
    """Every pixel so many times."""
    rows, columns = (Axis((1 / n - 1) / 2, 1 / n) for n in factor)
    return rows, columns


def resampled(matrix: NDArray[Any]) -> Axis:
    """The line through the centres of the rows; at the border these are cut off."""
    weights = matrix.astype(np.float64)
    centres = weights @ np.arange(weights.shape[1]) / weights.sum(axis=1)
    whole = (weights[:, 0] == 0) & (weights[:, -1] == 0)
    rows = np.flatnonzero(whole) if whole.sum() > 1 else np.arange(len(centres))
    if len(rows) == 1:
        return Axis(float(centres[0]), 1.0)
    step, start = np.polyfit(rows, centres[rows], 1)
    return Axis(float(start), float(step))
