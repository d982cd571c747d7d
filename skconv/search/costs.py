"""What a candidate costs on the target: found before it is fitted to all samples."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import clone, is_classifier
from sklearn.utils import _safe_indexing

from skconv.compression import Compressed
from skconv.deploy.conversion import to_c
from skconv.deploy.model import CModel
from skconv.passes.compress import SecondOrderRounding
from skconv.passes.compress.plain_rounding import PlainRounding
from skconv.search.budget import Budget, Costs

Options = Mapping[str, Any]

# Samples of each class, and of all, that a trial fit sees. A head of so few samples is poor, but
# its tables are as long as those of the real one.
PER_CLASS = 8
AT_LEAST = 64
N_CALIBRATION = 500

# From the interface that is simplest for firmware to the one that takes the least memory.
WAYS: tuple[dict[str, Any], ...] = (
    {},
    {"optimize": "size"},
    {"input": "rows", "optimize": "size"},
)


@dataclass(frozen=True)
class Plan:
    """A candidate as it would be exported.

    Attributes
    ----------
    costs : Costs
    options : mapping
        Arguments of `to_c`.
    excess : str
        What is over the budget; empty where it fits.
    """

    costs: Costs
    options: Options
    excess: str


def trial_rows(estimator: Any, y: NDArray[Any]) -> NDArray[np.intp]:
    """Few samples, some of every class: enough to find out what a candidate costs.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.linear_model import LogisticRegression
    >>> from skconv.search.costs import trial_rows
    >>> len(trial_rows(LogisticRegression(), np.arange(1000) % 10))
    80
    """
    if not is_classifier(estimator):
        return np.arange(min(len(y), AT_LEAST))
    labels, indices = np.unique(y, return_inverse=True)
    n = max(PER_CLASS, -(-AT_LEAST // len(labels)))
    rows = [np.flatnonzero(indices == label)[:n] for label in range(len(labels))]
    return np.sort(np.concatenate(rows))


def plan(estimator: Any, X: Any, y: NDArray[Any], options: Options, budget: Budget) -> Plan:
    """Fit a clone to few samples, and find the first way of exporting it that fits.

    RAM and tables are those of the model fitted to all samples, to the byte, unless the size of
    tables hangs on what is in them: support vectors, features that are constant in so few
    samples and are left out, rounded weights that are stored by runs of zeros.

    Parameters
    ----------
    estimator : estimator
        Not fitted.
    X, y : array-like
        The samples of `trial_rows`.
    options : mapping
        Arguments of `to_c` that are the user's; they are not varied.
    budget : Budget
    """
    return planned(_quick(clone(estimator)).fit(X, y), X, options, budget)


def _quick(estimator: Any) -> Any:
    """The estimator, with passes whose time does not count."""
    if isinstance(estimator, Compressed):
        estimator.with_costs = False
        estimator.passes = [
            PlainRounding(**each.get_params()) if type(each) is SecondOrderRounding else each
            for each in estimator.passes
        ]
    return estimator


def planned(fitted: Any, X: Any, options: Options, budget: Budget) -> Plan:
    """The first way of exporting a fitted estimator that fits, else the one that takes least."""
    last: Plan | None = None
    for way in _ways(options):
        try:
            costs = Costs.of(exported(fitted, X, way))
        except ValueError:
            if last is None:
                raise
            continue  # The input of this graph cannot come row by row.
        last = Plan(costs, way, budget.excess(costs))
        if not last.excess:
            break
    assert last is not None
    return last


def exported(fitted: Any, X: Any, options: Options) -> CModel:
    """The C of a fitted estimator, calibrated on the first of the samples."""
    rows = np.arange(min(N_CALIBRATION, len(X)))
    return to_c(fitted, _safe_indexing(X, rows), **options)


def _ways(options: Options) -> Iterator[Options]:
    seen: list[Options] = []
    for way in WAYS:
        found = {**way, **options}
        if found not in seen:
            seen.append(found)
            yield found
