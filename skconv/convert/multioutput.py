"""Several outputs: one regressor or classifier for each, alone or one after the other."""

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

from skconv.convert.core import (
    ScoreFunction,
    as_vector,
    check,
    convert,
    float32,
    inside,
    probabilities,
    refuse,
    score_function,
)
from skconv.convert.decision import INDICATOR, refuse_several
from skconv.convert.linear import REGRESSORS, append_linear
from skconv.convert.members import extended, joined, undecided
from skconv.convert.several import check_members, decide_on_ends, decide_on_members
from skconv.graph import Concat, Graph, Select, Winner
from skconv.graph.probabilities import Probabilities


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
    check_is_fitted(model)
    check_members(model)


@convert.register
def _(model: MultiOutputClassifier, graph: Graph) -> Graph:
    return decide_on_members(graph, model.estimators_)


@check.register
def _(model: ClassifierChain) -> None:
    check_is_fitted(model)
    if model.chain_method_ != "predict":
        reason = f"its links read what {model.chain_method_} says of those before"
        raise refuse(model, "chain_method", "use chain_method='predict'", reason)
    check_members(model)


@convert.register
def _(model: ClassifierChain, graph: Graph) -> Graph:
    """Each link reads the sample, and the labels that the links before it gave."""
    graph = as_vector(graph)
    source, members = graph.output_name, model.estimators_
    ends: list[str] = []
    known: list[str] = []
    for i, member in enumerate(members):
        if i > 0:
            graph = _append_label(graph.append(Winner(), ends[-1]), members[i - 1])
            known.append(graph.output_name)
            graph = graph.append(Concat(), source, *known)
        read = graph.output_name
        branch = undecided(convert(member, Graph(graph.output)))
        graph, end = extended(graph, branch, read)
        ends.append(end)
    places = np.argsort(model.order_)
    return decide_on_ends(graph, [members[i] for i in places], [ends[i] for i in places])


def _append_label(graph: Graph, member: Any) -> Graph:
    """``graph``, which ends in the vote of a link, followed by its label as a number."""
    labels = np.asarray(member.classes_, np.float64)
    if np.array_equal(labels, INDICATOR):
        return graph.append(Select(np.array([1], np.uint16)))
    return append_linear(graph, np.resize(labels, graph.output.size), [0.0])


@probabilities.register(MultiOutputClassifier)
@probabilities.register(ClassifierChain)
def _(model: Any) -> Probabilities:
    raise refuse_several(model, "probabilities")


@score_function.register(MultiOutputClassifier)
@score_function.register(ClassifierChain)
def _(model: Any) -> ScoreFunction:
    raise refuse_several(model, "scores")
