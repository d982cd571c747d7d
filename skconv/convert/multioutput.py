"""Several outputs: one regressor for each, alone or one after the other.

Several decisions have no place in the interface of the C: classifiers of several outputs are
refused, each of their members converts.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
from sklearn.multioutput import (
    ClassifierChain,
    MultiOutputClassifier,
    MultiOutputRegressor,
    RegressorChain,
)
from sklearn.utils.validation import check_is_fitted

from skconv.convert.core import check, convert, float32, inside, refuse
from skconv.convert.linear import REGRESSORS, append_linear
from skconv.convert.members import joined
from skconv.graph import Graph

_SEVERAL = "it decides on several labels, and the C returns the index of one class"


@check.register
def _(model: MultiOutputRegressor) -> None:
    check_is_fitted(model)
    for i, member in enumerate(model.estimators_):
        with inside(f"estimators_[{i}]"):
            check(member)


@convert.register
def _(model: MultiOutputRegressor, graph: Graph) -> Graph:
    members: Sequence[Any] = model.estimators_
    if all(isinstance(member, REGRESSORS) for member in members):
        coef = np.vstack([np.atleast_2d(float32(member.coef_)) for member in members])
        intercepts = [np.broadcast_to(np.ravel(float32(m.intercept_)), 1) for m in members]
        return append_linear(graph, coef, np.concatenate(intercepts))
    return joined(graph, [partial(convert, member) for member in members])


@check.register
def _(model: RegressorChain) -> None:
    check_is_fitted(model)
    for member in model.estimators_:
        if not isinstance(member, REGRESSORS):
            reason = f"it holds {type(member).__name__}, which is not a linear model"
            advice = "use a linear model such as Ridge, or MultiOutputRegressor"
            raise refuse(model, "estimator", advice, reason)


@convert.register
def _(model: RegressorChain, graph: Graph) -> Graph:
    """Linear models that read the sample and each other's values are one linear layer."""
    n_features = model.n_features_in_
    coef, intercept = np.zeros((0, n_features)), np.zeros(0)
    for member in model.estimators_:
        row = np.ravel(np.asarray(member.coef_, np.float64))
        own, of_values = row[:n_features], row[n_features:]
        offset = float(np.ravel(member.intercept_)[0]) + of_values @ intercept
        coef = np.vstack([coef, own + of_values @ coef])
        intercept = np.append(intercept, offset)
    order = np.argsort(model.order_)
    return append_linear(graph, coef[order], intercept[order])


@check.register
def _(model: MultiOutputClassifier) -> None:
    advice = "convert each of its estimators_, as to_c(model.estimators_[0], X)"
    raise refuse(model, "classes_", advice, _SEVERAL)


@check.register
def _(model: ClassifierChain) -> None:
    advice = (
        "convert each of its estimators_, as to_c(model.estimators_[1], "
        "np.column_stack([X, first])), where first is the answer of estimators_[0]"
    )
    raise refuse(model, "classes_", advice, _SEVERAL)
