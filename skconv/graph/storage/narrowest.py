"""The smallest type of integers."""

from __future__ import annotations

import numpy as np

from skconv.graph.base import Array

TYPES = ("uint8", "int8", "uint16", "int16", "int32")


def narrowest(numbers: Array) -> Array:
    """Integers in the smallest type that holds them; 32 bits at most."""
    low, high = int(numbers.min(initial=0)), int(numbers.max(initial=0))
    fits = (t for t in TYPES if np.iinfo(t).min <= low and high <= np.iinfo(t).max)
    return numbers.astype(next(fits))
