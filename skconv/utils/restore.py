"""Restores an estimator if `fit` fails."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sklearn.base import BaseEstimator


@contextmanager
def restored_on_error(estimator: BaseEstimator) -> Iterator[None]:
    """Give an estimator its attributes back where the block raises or is interrupted.

    Examples
    --------
    >>> from sklearn.linear_model import Ridge
    >>> from skconv.utils.restore import restored_on_error
    >>> ridge = Ridge()
    >>> try:
    ...     with restored_on_error(ridge):
    ...         ridge.coef_ = "half done"
    ...         raise KeyboardInterrupt
    ... except KeyboardInterrupt:
    ...     hasattr(ridge, "coef_")
    False
    """
    before = vars(estimator).copy()
    try:
        yield
    except BaseException:
        vars(estimator).clear()
        vars(estimator).update(before)
        raise
