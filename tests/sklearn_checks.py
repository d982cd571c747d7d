"""All checks of scikit-learn for some estimators, as one parametrised test."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from unittest.mock import patch

import numpy as np
import pytest
from sklearn.utils._testing import assert_allclose_dense_sparse
from sklearn.utils.estimator_checks import estimator_checks_generator

# Of float32: the order of sums hangs on where in a batch a sample stands.
SINGLE = 1e-6


def with_checks(estimators: Iterable[Any]) -> pytest.MarkDecorator:
    """`parametrize_with_checks`, without its names of tests, which take seconds to write."""
    cases = [
        pytest.param(estimator, check, id=f"{type(estimator).__name__}-{name_of(check)}")
        for each in estimators
        for estimator, check in estimator_checks_generator(each)
    ]
    return pytest.mark.parametrize(("estimator", "check"), cases)


def run_check(check: Any, estimator: Any) -> None:
    """Run a check, with float32 compared to six digits.

    scikit-learn wants seven of them where it puts samples in another order, drawn anew each time.
    """
    with patch("sklearn.utils.estimator_checks.assert_allclose_dense_sparse", _assert_close):
        check(estimator)


def _assert_close(x: Any, y: Any, rtol: float = 1e-7, **options: Any) -> None:
    rtol = max(rtol, SINGLE) if getattr(x, "dtype", None) == np.float32 else rtol
    assert_allclose_dense_sparse(x, y, rtol=rtol, **options)


def name_of(check: Any) -> str:
    """Of the function, and of what is bound to it."""
    bound = (f"{name}={value}" for name, value in check.keywords.items())
    return ", ".join((check.func.__name__, *bound))
