"""Bagging: the mean of members, each of which reads columns of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import BaggingClassifier, BaggingRegressor
from sklearn.neighbors import KNeighborsClassifier
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor
from sklearn.utils.validation import check_is_fitted

from skconv.convert.core import as_vector, check, convert, inside, probabilities, refuse
from skconv.convert.decision import decide_between_shares
from skconv.convert.linear import REGRESSORS, append_linear
from skconv.convert.members import (
    Branch,
    append_probabilities,
    append_scores,
    append_vote,
    joined,
    mean,
)
from skconv.convert.trees import (
    append_trees,
    leaf_probabilities,
    mean_of,
    reading,
    tree_of,
)
from skconv.graph import Graph, Select, Shares
from skconv.graph.probabilities import Probabilities

Array = NDArray[Any]


def _members(model: Any) -> Iterator[tuple[Any, Array]]:
    """Fitted members, and the columns that each of them reads."""
    return zip(model.estimators_, map(np.asarray, model.estimators_features_), strict=True)


def _are(kind: type | tuple[type, ...], model: Any) -> bool:
    """Whether all members are of a kind."""
    return all(isinstance(member, kind) for member in model.estimators_)


def _joined(model: Any, graph: Graph, branches: Sequence[Branch]) -> Graph:
    """What branches make of the columns of the members, one behind the other."""
    pairs = zip(branches, model.estimators_features_, strict=True)
    return joined(graph, [partial(_append_columns, *pair) for pair in pairs])


def _append_columns(branch: Branch, features: Any, graph: Graph) -> Graph:
    graph = as_vector(graph)
    if not np.array_equal(features, np.arange(graph.output.size)):
        graph = graph.append(Select(np.asarray(features, np.uint16)))
    return branch(graph)


# -------------------------------------------------------------------------- classifiers


@check.register
def _(model: BaggingClassifier) -> None:
    check_is_fitted(model)
    for i, member in enumerate(model.estimators_):
        with inside(f"estimators_[{i}]"):
            check(member)
            if isinstance(member, DecisionTreeClassifier):
                continue
            if len(member.classes_) < 2:
                reason = "its samples are of one class"
                raise refuse(member, "classes_", "use more max_samples in the bagging", reason)
            if hasattr(member, "predict_proba"):
                probabilities(member)


@convert.register
def _(model: BaggingClassifier, graph: Graph) -> Graph:
    """The mean of probabilities; a member that has none votes."""
    n_classes = len(model.classes_)
    if _are(DecisionTreeClassifier, model):
        trees = [
            reading(tree_of(member, leaf_probabilities(member) @ _places(member, n_classes)), read)
            for member, read in _members(model)
        ]
        graph = append_trees(graph, mean_of(trees, model.n_features_in_, n_classes))
        return decide_between_shares(graph, model.classes_)
    append = _append_shares(model)
    graph = _joined(model, graph, [partial(append, member) for member in model.estimators_])
    if _know_all(model):
        graph = mean(graph, len(model.estimators_))
    else:
        places = [_places(member, n_classes) for member in model.estimators_]
        graph = append_linear(graph, np.vstack(places).T, np.zeros(n_classes))
    return decide_between_shares(graph, model.classes_)


def _know_all(model: BaggingClassifier) -> bool:
    """Whether the samples of every member were of all classes."""
    return all(len(member.classes_) == len(model.classes_) for member in model.estimators_)


def _append_shares(model: BaggingClassifier) -> Callable[[Any, Graph], Graph]:
    """What appends a number for each class of a member; neighbours are counted, which is exact."""
    if _are(KNeighborsClassifier, model):
        return append_scores
    has_shares = hasattr(model.estimators_[0], "predict_proba")
    return append_probabilities if has_shares else append_vote


def _places(member: Any, n_classes: int) -> Array:
    """1 where a class of a member stands among all: it has met some, and knows their numbers."""
    return np.eye(n_classes)[np.asarray(member.classes_, np.intp)]


@probabilities.register
def _(model: BaggingClassifier) -> Probabilities:
    """Of a member without probabilities scikit-learn takes its votes for such."""
    if len(model.classes_) < 2:
        reason = "it was fitted on one class, whose probability is always 1"
        raise refuse(model, "classes_", "fit on two classes or more", reason)
    members = model.estimators_
    rule = probabilities(members[0]) if _are(KNeighborsClassifier, model) else Shares()
    is_mean = _know_all(model) or _are(DecisionTreeClassifier, model)
    assert isinstance(rule, Shares)
    return rule if is_mean else Shares(rule.factor / len(members))


# --------------------------------------------------------------------------- regressors


@check.register
def _(model: BaggingRegressor) -> None:
    check_is_fitted(model)
    for i, member in enumerate(model.estimators_):
        with inside(f"estimators_[{i}]"):
            check(member)


@convert.register
def _(model: BaggingRegressor, graph: Graph) -> Graph:
    """The mean of values: of trees one sum of trees, of linear models one linear layer."""
    n_features = model.n_features_in_
    if _are(DecisionTreeRegressor, model):
        parts = [
            reading(tree_of(member, member.tree_.value[:, :, 0]), read)
            for member, read in _members(model)
        ]
        return append_trees(graph, mean_of(parts, n_features, parts[0].values.shape[1]))
    if _are(REGRESSORS, model):
        rows = [_coefficients(member, read, n_features) for member, read in _members(model)]
        intercepts = [np.ravel(member.intercept_) for member in model.estimators_]
        return append_linear(graph, np.mean(rows, axis=0), np.mean(intercepts, axis=0))
    graph = _joined(model, graph, [partial(convert, member) for member in model.estimators_])
    return mean(graph, len(model.estimators_))


def _coefficients(member: Any, features: Array, n_features: int) -> Array:
    """Of all columns; one that a member reads twice has the sum."""
    coef = np.atleast_2d(np.asarray(member.coef_, np.float64))
    return coef @ np.eye(n_features)[features]
