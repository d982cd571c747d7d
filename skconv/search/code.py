"""The name of a candidate in the journal: other searches of the same spaces build it from that."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import joblib
import numpy as np

from skconv.search.candidate import Candidate
from skconv.search.sampling import Distributions

NUMBERS = (int, float, str)


def encoded(candidate: Candidate, spaces: Sequence[Distributions]) -> str:
    """Its space, and of each parameter the place in the list, or the number that was drawn.

    A digest, where a distribution gives what JSON has not: others cannot build such a candidate.

    Examples
    --------
    >>> from scipy.stats import uniform
    >>> from skconv.search.candidate import Candidate
    >>> from skconv.search.code import decoded, encoded
    >>> spaces = [{"kernel": ["poly", "rbf"], "C": uniform()}]
    >>> encoded(Candidate({"kernel": "rbf", "C": 0.5}), spaces)
    '[0, {"C": 0.5, "kernel": 1}]'
    >>> decoded('[0, {"C": 0.5, "kernel": 1}]', spaces).params
    {'C': 0.5, 'kernel': 'rbf'}
    """
    space = spaces[candidate.space]
    try:
        found = {name: _code(value, space[name]) for name, value in candidate.params.items()}
    except LookupError:
        return str(joblib.hash(dict(candidate.params)))
    return json.dumps([candidate.space, found], sort_keys=True)


def decoded(code: str, spaces: Sequence[Distributions]) -> Candidate:
    """The candidate of that name, which is not a digest."""
    place, found = json.loads(code)
    params = {name: _value(each, spaces[place][name]) for name, each in found.items()}
    return Candidate(params, place, code=code, is_ours=False)


def _code(value: Any, values: Any) -> Any:
    if not hasattr(values, "rvs"):
        return _place(value, values)
    number = value.item() if isinstance(value, np.generic) else value
    if not isinstance(number, NUMBERS):
        raise LookupError(f"JSON has no {value!r}")
    return number


def _place(value: Any, values: Sequence[Any]) -> int:
    for place, each in enumerate(values):
        if each is value:
            return place
    for place, each in enumerate(values):  # An array makes a number anew whenever it is asked.
        if type(each) is type(value) and isinstance(each, (*NUMBERS, np.generic)) and each == value:
            return place
    raise LookupError(f"{value!r} is not in the list")


def _value(code: Any, values: Any) -> Any:
    return code if hasattr(values, "rvs") else values[code]
