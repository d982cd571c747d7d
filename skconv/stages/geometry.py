"""How kernels and windows lie on a map: pairs of numbers, and borders."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np

Pair = tuple[int, int]
Padding = Literal["valid", "same", "circular"]

PADDINGS = frozenset({"valid", "same", "circular"})


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
