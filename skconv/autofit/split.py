"""Samples that are held out: never two windows of one recording on both sides."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold

Rows = NDArray[np.intp]

# One sample in so many is held out, and folds of what is left choose the Pipeline.
HELD_OUT, FOLDS = 4, 3


def held_out(y: NDArray[Any], files: NDArray[Any], seed: int) -> tuple[Rows, Rows]:
    """Rows to fit, and rows to measure the accuracy on.

    Examples
    --------
    >>> import numpy as np
    >>> from skconv.autofit.split import held_out
    >>> y, files = np.repeat(["a", "b"], 8), np.repeat(np.arange(8), 2)
    >>> train, test = held_out(y, files, seed=0)
    >>> len(test), len(set(files[test]) & set(files[train]))
    (4, 0)
    """
    return _splits(HELD_OUT, y, files, seed)[0]


def folds(y: NDArray[Any], files: NDArray[Any], seed: int) -> list[tuple[Rows, Rows]]:
    """Rows to fit and rows to score of each fold."""
    return list(_splits(FOLDS, y, files, seed))


def _splits(n: int, y: NDArray[Any], files: NDArray[Any], seed: int) -> Sequence[tuple[Rows, Rows]]:
    one_each = len(np.unique(files)) == len(files)
    kind = StratifiedKFold if one_each else StratifiedGroupKFold
    cv = kind(n, shuffle=True, random_state=seed)
    return list(cv.split(np.zeros(len(y)), y, None if one_each else files))
