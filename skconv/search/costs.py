"""What a candidate costs on the target: found before it is fitted to all samples."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import issparse
from sklearn.base import clone, is_classifier
from sklearn.frozen import FrozenEstimator
from sklearn.pipeline import Pipeline
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

    RAM and tables are those of the model fitted to all samples, to the byte, unless they hang on
    what the samples are. A feature that is constant in so few samples counts as if it varied: what
    is constant in all of them, or rounded to zero, is left out and makes the tables smaller than
    was said. The bits of features, and the number of support vectors, may differ either way.

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
    return planned(trial(estimator, X, y), X, options, budget)


def trial(estimator: Any, X: Any, y: NDArray[Any]) -> Any:
    """A clone fitted to few samples, whose tables are as long as those of one fitted to many."""
    if not isinstance(estimator, Compressed):
        return _with_all_weights(clone(estimator).fit(X, y), X)
    quick = clone(estimator)
    inner = _with_all_weights(quick.estimator.fit(X, y), X)
    quick.set_params(estimator=FrozenEstimator(inner), with_costs=False)
    quick.passes = [
        PlainRounding(**each.get_params()) if type(each) is SecondOrderRounding else each
        for each in quick.passes
    ]
    return quick.fit(X, y)


def _with_all_weights(fitted: Any, X: Any) -> Any:
    """A mean weight for each feature that is constant in so few samples, and so has none.

    In more samples it varies. Nothing is stored for a feature without a weight.
    """
    weights = vars(fitted[-1]).get("coef_") if isinstance(fitted, Pipeline) else None
    if isinstance(weights, np.ndarray) and len(fitted) > 1:
        features = fitted[:-1].transform(X)
        features = features.toarray() if issparse(features) else np.asarray(features)
        rows = np.atleast_2d(weights)
        rows[:, np.ptp(features, axis=0) == 0] = np.abs(rows).mean(axis=1, keepdims=True)
    return fitted


def planned(fitted: Any, X: Any, options: Options, budget: Budget) -> Plan:
    """The first way of exporting a fitted estimator that fits, else the one that takes least."""
    first, *others = _ways(options)
    model = exported(fitted, X, first)
    found = _as_plan(model, first, budget)
    for way in others:
        if not found.excess:
            break
        try:
            # The integers hang on no way; to choose them anew takes most of the time.
            found = _as_plan(_another_way(model, way), way, budget)
        except ValueError:
            continue  # The input of this graph cannot come row by row.
    return found


def _as_plan(model: CModel, options: Options, budget: Budget) -> Plan:
    costs = Costs.of(model)
    return Plan(costs, options, budget.excess(costs))


def _another_way(model: CModel, way: Options) -> CModel:
    """The same integers with other routines."""
    input_ = way.get("input", model.interface.input)
    interface = replace(model.interface, input=input_)
    optimize = way.get("optimize", model.optimize)
    integers = (model.estimator, model._any_target, model.name)
    return CModel(*integers, model.target, model.samples, optimize, interface)


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
