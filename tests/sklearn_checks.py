"""All checks of scikit-learn for some estimators, as one parametrised test."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest
from sklearn.utils.estimator_checks import estimator_checks_generator


def with_checks(estimators: Iterable[Any]) -> pytest.MarkDecorator:
    """`parametrize_with_checks`, without its names of tests, which take seconds to write."""
    cases = [
        pytest.param(estimator, check, id=f"{type(estimator).__name__}-{name_of(check)}")
        for each in estimators
        for estimator, check in estimator_checks_generator(each)
    ]
    return pytest.mark.parametrize(("estimator", "check"), cases)


def name_of(check: Any) -> str:
    """Of the function, and of what is bound to it."""
    bound = (f"{name}={value}" for name, value in check.keywords.items())
    return ", ".join((check.func.__name__, *bound))
