"""Chance of sources inside of an extractor, made reproducible by the extractor's own seed."""

from __future__ import annotations

from typing import Any

from sklearn.base import clone
from sklearn.utils import check_random_state


def seeded(estimator: Any, random_state: Any) -> Any:
    """A clone in which every ``random_state=None``, however deep, is a number drawn.

    One number for all: a source is then the same whichever others there are beside it. Where
    `random_state` is None itself, they stay None.
    """
    estimator = clone(estimator)
    if random_state is None:
        return estimator
    seed = check_random_state(random_state).randint(2**31)
    unset = [
        name
        for name, value in estimator.get_params().items()
        if name.rpartition("__")[2] == "random_state" and value is None
    ]
    return estimator.set_params(**dict.fromkeys(unset, seed))
