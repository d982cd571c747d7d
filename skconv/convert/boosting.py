"""Gradient boosting: one sum of trees, in the unit of the loss."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import is_classifier
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.ensemble import GradientBoostingClassifier, GradientBoostingRegressor
from sklearn.utils.validation import check_is_fitted

from skconv.convert.core import (
    ScoreFunction,
    as_vector,
    check,
    convert,
    inside,
    probabilities,
    refuse,
    score_function,
)
from skconv.convert.decision import decide
from skconv.convert.linear import append_linear
from skconv.convert.members import append_scores
from skconv.convert.trees import append_trees, tree_of
from skconv.graph import Add, Graph, Sigmoids, Softmax, Tree, TreeEnsemble, ensemble_of
from skconv.graph.probabilities import Probabilities

# Of the largest sum. A score of exactly 0 is one of the second class: it needs to be above 0.
TIE = 2.0**-40


# ------------------------------------------------------------------- where the trees begin


@check.register(GradientBoostingClassifier)
@check.register(GradientBoostingRegressor)
def _(model: Any) -> None:
    check_is_fitted(model)
    first = model.init_
    if isinstance(first, DummyClassifier) and first.strategy == "stratified":
        reason = "init draws its classes by chance at every call"
        raise refuse(model, "init", "use init=None or init='zero'", reason)
    if _is_constant(first):
        return
    with inside("init_"):
        check(first)
        if is_classifier(first):
            _factor(model)


def _is_constant(first: Any) -> bool:
    """Whether all samples begin with the same numbers."""
    return isinstance(first, str | DummyClassifier | DummyRegressor)


def _factor(model: Any) -> float:
    """What makes logits of the scores of ``init``, whose probabilities the trees begin with."""
    rule = probabilities(model.init_)
    if isinstance(rule, Softmax):
        return rule.factor
    if isinstance(rule, Sigmoids) and model.n_classes_ == 2:
        return 1.0
    reason = f"trees begin with the logarithm of the probabilities of {type(model.init_).__name__}"
    advice = "use init=None, init='zero' or init=LogisticRegression()"
    raise refuse(model, "init", advice, reason)


def _start(model: Any) -> NDArray[np.float64]:
    """The numbers that all samples begin with."""
    if not _is_constant(model.init_):
        return np.zeros(model.estimators_.shape[1])
    anywhere = np.zeros((1, model.n_features_in_), np.float32)
    return np.asarray(model._raw_predict_init(anywhere)[0], np.float64)


def _trees(model: Any) -> list[Tree]:
    """The trees of all stages, and the output of each."""
    return [
        tree_of(tree, model.learning_rate * tree.tree_.value[:, :, 0], first_output=output)
        for stage in model.estimators_
        for output, tree in enumerate(stage)
    ]


# ------------------------------------------------------------------------------ converters


@convert.register
def _(model: GradientBoostingRegressor, graph: Graph) -> Graph:
    op = ensemble_of(_trees(model), model.n_features_in_, _start(model))
    return _append_sum(model, 1.0, op, graph)


@convert.register
def _(model: GradientBoostingClassifier, graph: Graph) -> Graph:
    trees, start = _trees(model), _start(model)
    if len(model.classes_) == 2:
        start = start + TIE * _largest(trees, start)
    op = ensemble_of(trees, model.n_features_in_, start)
    factor = 1.0 if _is_constant(model.init_) else _factor(model) / _steepness(model)
    return decide(_append_sum(model, factor, op, graph), model.classes_)


def _largest(trees: Sequence[Tree], start: NDArray[np.float64]) -> float:
    """What no sum exceeds; 1 where all are 0."""
    return float(np.abs(start).sum() + sum(np.abs(t.values).max() for t in trees)) or 1.0


def _append_sum(model: Any, factor: float, op: TreeEnsemble, graph: Graph) -> Graph:
    """The trees, added to ``factor`` times what ``init`` says of a sample.

    Logits of several classes have their mean taken off.
    """
    if _is_constant(model.init_):
        return append_trees(graph, op)
    graph = as_vector(graph)
    source, n_outputs = graph.output_name, len(op.constant)
    graph = as_vector(append_scores(model.init_, graph))
    if is_classifier(model):
        kept = np.eye(n_outputs) - (1 / n_outputs if n_outputs > 1 else 0)
        graph = append_linear(graph, factor * kept, np.zeros(n_outputs))
    first = graph.output_name
    graph = graph.append(op, source)
    return graph.append(Add(), first, graph.output_name)


# --------------------------------------------------------------- probabilities and scores


def _steepness(model: Any) -> float:
    """The logit that a unit of the score of two classes is worth."""
    return 2.0 if model.loss == "exponential" else 1.0


@probabilities.register
def _(model: GradientBoostingClassifier) -> Probabilities:
    return Softmax(_steepness(model))


@score_function.register
def _(model: GradientBoostingClassifier) -> ScoreFunction:
    return "decision_function"
