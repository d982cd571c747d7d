"""Vectors of 16 values, evenly spaced, as a target stores them: two in a byte.

A vector begins at a new byte; its first feature is in the lower half. A half holds ``k`` from 0
to 15, and means ``first + step * k``, in the type and the units of what is compared with it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from skconv.graph.base import Array
from skconv.graph.storage.narrow import pack_lines

N_VALUES = 16
CLOSE = 1e-3  # Of a step: what rounding to float32 and folding may move a value by.


@dataclass(frozen=True)
class Grid:
    """The integers ``first + step * k``, ``k`` from 0 to 15.

    Examples
    --------
    >>> Grid(-4, 2).values.tolist()
    [-4, -2, 0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26]
    """

    first: int
    step: int

    @property
    def values(self) -> Array:
        return self.first + self.step * np.arange(N_VALUES)

    def places(self, vectors: Array) -> Array:
        """The ``k`` of the value nearest to each entry."""
        places = np.rint((vectors.astype(np.float64) - self.first) / self.step)
        return np.asarray(np.clip(places, 0, N_VALUES - 1), np.int64)

    def holds(self, vectors: Array) -> bool:
        """Whether every entry is one of the values."""
        return bool(np.isin(vectors, self.values).all())


def pack_grid(vectors: Array, grid: Grid) -> Array:
    """The bytes of vectors ``(n_vectors, n_features)``, as uint8.

    Examples
    --------
    >>> import numpy as np
    >>> pack_grid(np.uint8([[0, 255, 17], [34, 0, 0]]), Grid(0, 17)).tolist()
    [240, 1, 2, 0]
    """
    # Fields of four bits hold a number plus 8; a half that no feature fills is 0.
    even = np.pad(grid.places(vectors), ((0, 0), (0, vectors.shape[1] % 2)))
    return pack_lines(even - N_VALUES // 2, "int4")


def integer_grid(vectors: Array, limits: tuple[int, int]) -> Grid | None:
    """The grid on which real vectors lie that are given in units of an integer input.

    The step is rounded to a whole number, and the middle of the grid is that of the vectors, as
    far as all of it stays within the limits. None where a value would be off by more than a
    quarter of a step.

    Examples
    --------
    >>> import numpy as np
    >>> integer_grid(np.array([[0.0, 17.1, 85.5]]), (0, 255))
    Grid(first=0, step=17)
    """
    found = spacing(vectors)
    if found is None:
        return None
    low, step = found
    whole = max(1, min(round(step), (limits[1] - limits[0]) // (N_VALUES - 1)))
    used = np.arange(round((float(vectors.max()) - low) / step) + 1)
    first = round(low + used[-1] * (step - whole) / 2)
    first = int(np.clip(first, limits[0], limits[1] - (N_VALUES - 1) * whole))
    error = np.abs(low + step * used - first - whole * used).max()
    return Grid(first, whole) if 4 * error <= max(whole, 2) else None


def spacing(vectors: Array) -> tuple[float, float] | None:
    """Least value and step of evenly spaced numbers; None where they are not, or more than 16.

    Examples
    --------
    >>> import numpy as np
    >>> spacing(np.array([[1.0, 4.0], [2.0, 1.0]]))
    (1.0, 1.0)
    >>> spacing(np.array([0.0, 1.0, 20.0])) is None
    True
    """
    values = np.unique(vectors.astype(np.float64))
    low, width = values[0], values[-1] - values[0]
    if width == 0:
        return float(low), 1.0
    gaps = np.diff(values)
    least = gaps[gaps > width * CLOSE / N_VALUES].min()
    n_steps = round(width / least)
    step = width / n_steps
    places = (values - low) / step
    if n_steps >= N_VALUES or np.abs(places - np.rint(places)).max() > CLOSE:
        return None
    return float(low), float(step)
