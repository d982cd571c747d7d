"""How far the numbers that a model gives are from those of its estimator."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class ScoreError:
    """The error of scores or values against a method of the estimator, in its units.

    Attributes
    ----------
    method : str
        ``"decision_function"``, ``"score_samples"``, or ``"predict"`` of a regressor.
    largest, mean : float
        The largest and the mean absolute difference.
    low, high : float
        The smallest and the largest number that the estimator itself returned.
    """

    method: str
    largest: float
    mean: float
    low: float
    high: float

    def __str__(self) -> str:
        return (
            f"error against {self.method}: {self.mean:.3g} on average, {self.largest:.3g} at "
            f"most, of numbers from {self.low:.4g} to {self.high:.4g}"
        )


def score_error(method: str, found: NDArray[Any], wanted: NDArray[Any]) -> ScoreError | None:
    """The error; None where there are no samples."""
    if not wanted.size:
        return None
    error = np.abs(np.asarray(wanted, np.float64).reshape(found.shape) - found)
    return ScoreError(
        method, float(error.max()), float(error.mean()), float(wanted.min()), float(wanted.max())
    )
