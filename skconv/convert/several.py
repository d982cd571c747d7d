"""Classifiers of several outputs: the graph ends in `Decisions`, the index of a class for each."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import is_classifier

from skconv.convert.core import as_vector, check, inside, refuse
from skconv.convert.decision import INDICATOR, decide_each
from skconv.convert.linear import CLASSIFIERS, append_linear
from skconv.convert.members import append_scores, branched
from skconv.graph import Graph


def check_members(model: Any) -> None:
    """Refuse a model of which some output is not decided by a classifier that converts."""
    for i, member in enumerate(model.estimators_):
        with inside(f"estimators_[{i}]"):
            if is_constant(member):
                continue
            check(member)
            if not is_classifier(member):
                reason = "it is no classifier, and its values decide"
                raise refuse(member, "", "use a classifier such as RidgeClassifier", reason)


def is_constant(member: Any) -> bool:
    """Whether scikit-learn met one class alone where a member was to be fitted."""
    return type(member).__name__ == "_ConstantPredictor"


def decide_on_members(graph: Graph, members: Sequence[Any]) -> Graph:
    """``graph`` followed by the decision of each of several classifiers.

    Linear ones are one layer. A decision stays what it is if all scores of an output are
    multiplied by one positive number, so that rows of integers can share a scale.
    """
    fitted = [member for member in members if not is_constant(member)]
    if fitted and all(isinstance(member, CLASSIFIERS) for member in fitted):
        rows = [_rows(member, fitted[0].coef_.shape[-1]) for member in members]
        graph = append_linear(graph, *(np.concatenate(each) for each in zip(*rows, strict=True)))
        return decide_each(graph, list(map(_labels, members)), [len(bias) for _, bias in rows])
    graph, ends = branched(graph, [partial(_append_member, member) for member in members])
    return decide_on_ends(graph, members, ends)


def decide_on_ends(graph: Graph, members: Sequence[Any], ends: Sequence[str]) -> Graph:
    """``graph`` followed by the decisions of classifiers whose scores have these names."""
    sizes = [graph.specs[end].size for end in ends]
    return decide_each(graph, list(map(_labels, members)), sizes, *ends)


def _rows(member: Any, n_features: int) -> tuple[NDArray[Any], NDArray[Any]]:
    """Coefficients and intercepts of a linear classifier, the largest of which is 1."""
    if is_constant(member):
        return np.zeros((1, n_features)), 2.0 * np.ravel(member.y_) - 1
    coef = np.atleast_2d(np.asarray(member.coef_, np.float64))
    intercept = np.broadcast_to(np.ravel(member.intercept_), len(coef)).astype(np.float64)
    largest = max(np.abs(coef).max(), np.abs(intercept).max()) or 1.0
    return coef / largest, intercept / largest


def _labels(member: Any) -> NDArray[Any]:
    return INDICATOR if is_constant(member) else np.asarray(member.classes_)


def _append_member(member: Any, graph: Graph) -> Graph:
    """The scores of a classifier."""
    if is_constant(member):
        coef, intercept = _rows(member, as_vector(graph).output.size)
        return append_linear(graph, coef, intercept)
    return append_scores(member, graph)
