"""Whole numbers in arrays of any type."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


def is_whole(x: NDArray[Any], rounding: float = 0.0) -> bool:
    """Whether all numbers are whole, up to a relative rounding.

    Examples
    --------
    >>> import numpy as np
    >>> from skconv.utils.whole import is_whole
    >>> is_whole(np.array([1.0, 2.0])), is_whole(np.array([1.0, 2.00001]))
    (True, False)
    >>> is_whole(np.array([1.0, 2.00001]), rounding=1e-4)
    True
    """
    if x.dtype.kind in "bui":
        return True
    return bool(np.all(np.abs(x - np.rint(x)) <= rounding * np.maximum(np.abs(x), 1)))
