"""How kernels and windows lie on a map: pairs of numbers, and borders."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np

Pair = tuple[int, int]
Padding = Literal["valid", "same", "circular", "full"]

PADDINGS = frozenset({"valid", "same", "circular", "full"})


def pair(value: Any, name: str) -> Pair:
    """``value`` for both axes; ValueError unless it is a positive integer or two of them."""
    values = (value, value) if np.ndim(value) == 0 else tuple(value)
    if len(values) != 2 or not all(float(v).is_integer() and v > 0 for v in values):
        raise ValueError(f"{name}={value!r} must be a positive integer or a pair of them")
    return int(values[0]), int(values[1])


def same_padding(window: Pair) -> tuple[Pair, Pair]:
    """Padding that keeps the size at stride 1.

    A window of even size wants one row (column) more on one side: it is put below (to
    the right).
    """
    (top, bottom), (left, right) = (((k - 1) // 2, k // 2) for k in window)
    return (top, bottom), (left, right)


def border(window: Pair, padding: Padding) -> tuple[Pair, Pair]:
    """Rows above and below a map, columns left and right of it, that a padding adds.

    ``"full"`` keeps every place where a window holds a pixel of the map, as
    `scipy.signal.correlate2d`.

    >>> border((3, 4), "full")
    ((2, 2), (3, 3))
    """
    if padding == "valid":
        return (0, 0), (0, 0)
    if padding == "full":
        return (window[0] - 1, window[0] - 1), (window[1] - 1, window[1] - 1)
    return same_padding(window)


def grid(map_size: Pair, window: Pair, padding: Padding) -> Pair:
    """Rows and columns of windows on a map, at stride 1.

    >>> grid((8, 6), (3, 3), "full")
    (10, 8)
    """
    rows, columns = (
        size + sum(added) - length + 1
        for size, added, length in zip(map_size, border(window, padding), window, strict=True)
    )
    return rows, columns
