"""Linear models, one for each class or target, as one layer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from sklearn.multiclass import OneVsRestClassifier
from sklearn.multioutput import MultiOutputRegressor
from sklearn.utils.validation import check_is_fitted

from skconv.convert.core import (
    ScoreFunction,
    check,
    convert,
    float32,
    refuse,
    score_function,
)
from skconv.convert.decision import decide
from skconv.convert.linear import CLASSIFIERS, REGRESSORS, append_linear
from skconv.graph import Graph


def _check_members(model: Any, linear: tuple[type, ...], example: str) -> None:
    check_is_fitted(model)
    for member in model.estimators_:
        if not isinstance(member, linear):
            reason = f"it holds {type(member).__name__}, which is not a linear model"
            raise refuse(model, "estimator", f"use estimator={example}", reason)


def _append_members(graph: Graph, members: Sequence[Any]) -> Graph:
    """A row of coefficients for each."""
    coef = np.vstack([np.atleast_2d(float32(member.coef_)) for member in members])
    intercepts = [np.broadcast_to(np.ravel(float32(m.intercept_)), 1) for m in members]
    return append_linear(graph, coef, np.concatenate(intercepts))


@check.register
def _(model: OneVsRestClassifier) -> None:
    _check_members(model, CLASSIFIERS, "LinearSVC()")
    if model.multilabel_:
        advice, reason = "convert one classifier for each label", "it predicts many labels"
        raise refuse(model, "classes_", advice, reason)


@convert.register
def _(model: OneVsRestClassifier, graph: Graph) -> Graph:
    return decide(_append_members(graph, model.estimators_), model.classes_)


@score_function.register
def _(model: OneVsRestClassifier) -> ScoreFunction:
    return "decision_function"


@check.register
def _(model: MultiOutputRegressor) -> None:
    _check_members(model, REGRESSORS, "Ridge()")


@convert.register
def _(model: MultiOutputRegressor, graph: Graph) -> Graph:
    return _append_members(graph, model.estimators_)
