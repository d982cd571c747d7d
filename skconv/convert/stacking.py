"""Stacking: a last estimator reads what the others say of a sample."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
from sklearn.base import is_classifier
from sklearn.ensemble import StackingClassifier, StackingRegressor
from sklearn.utils.validation import check_is_fitted

from skconv.convert.core import (
    ScoreFunction,
    as_vector,
    check,
    check_transform,
    convert,
    convert_scores,
    inside,
    probabilities,
    refuse,
    score_function,
)
from skconv.convert.members import append_probabilities, joined, undecided
from skconv.graph import Graph, Select
from skconv.graph.probabilities import Probabilities


def _members(model: Any) -> Iterator[tuple[str, Any, str]]:
    """Name, fitted member, and the method that the last estimator reads of it."""
    names = [name for name, member in model.estimators if member != "drop"]
    return zip(names, model.estimators_, model.stack_method_, strict=True)


@check.register(StackingClassifier)
@check.register(StackingRegressor)
def _(model: Any) -> None:
    check_is_fitted(model)
    if isinstance(getattr(model, "classes_", None), list):
        advice, reason = "convert one classifier for each label", "it predicts many labels"
        raise refuse(model, "classes_", advice, reason)
    for name, member, method in _members(model):
        with inside(name):
            _check_member(model, member, method)
    with inside("final_estimator_"):
        check(model.final_estimator_)


def _check_member(model: Any, member: Any, method: str) -> None:
    check(member)
    if method == "predict_proba":
        probabilities(member)
    elif method == "decision_function":
        score_function(member)
    elif is_classifier(member):
        reason = f"the last estimator reads the labels of {type(member).__name__} as numbers"
        advice = "use stack_method='predict_proba' or 'decision_function'"
        raise refuse(model, "stack_method", advice, reason)


@check_transform.register(StackingClassifier)
@check_transform.register(StackingRegressor)
def _(model: Any) -> None:
    reason = "its transform, as a step of a Pipeline, cannot be converted"
    raise refuse(model, "estimators", "use a FeatureUnion, or let it be the last step", reason)


@convert.register
def _(model: StackingRegressor, graph: Graph) -> Graph:
    return convert(model.final_estimator_, _append_first(model, graph))


@convert.register
def _(model: StackingClassifier, graph: Graph) -> Graph:
    """The last estimator knows classes by their indices."""
    graph = convert(model.final_estimator_, _append_first(model, graph))
    return replace(graph, classes=model.classes_)


def _append_first(model: Any, graph: Graph) -> Graph:
    """What the last estimator reads: of each member, then the sample itself where it passes."""
    branches = [partial(_append_member, member, method) for _, member, method in _members(model)]
    return joined(graph, [*branches, as_vector] if model.passthrough else branches)


def _append_member(member: Any, method: str, graph: Graph) -> Graph:
    """Of two classes the probability of the second alone."""
    if method == "predict":
        return convert(member, graph)
    if method == "decision_function":
        return undecided(convert_scores(member, graph))
    graph = append_probabilities(member, graph)
    return graph.append(Select(np.array([1], np.uint16))) if graph.output.size == 2 else graph


@score_function.register
def _(model: StackingClassifier) -> ScoreFunction:
    with inside("final_estimator_"):
        return score_function(model.final_estimator_)


@convert_scores.register
def _(model: StackingClassifier, graph: Graph) -> Graph:
    graph = convert_scores(model.final_estimator_, _append_first(model, graph))
    return replace(graph, classes=model.classes_) if graph.is_classifier else graph


@probabilities.register
def _(model: StackingClassifier) -> Probabilities:
    with inside("final_estimator_"):
        return probabilities(model.final_estimator_)
