"""AdaBoost: members vote, and each vote has its weight."""

from __future__ import annotations

from functools import partial

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import AdaBoostClassifier
from sklearn.tree import DecisionTreeClassifier
from sklearn.utils.validation import check_is_fitted

from skconv.convert.core import (
    ScoreFunction,
    check,
    convert,
    inside,
    probabilities,
    refuse,
    score_function,
)
from skconv.convert.decision import decide
from skconv.convert.linear import append_linear
from skconv.convert.members import append_vote, joined
from skconv.convert.trees import append_trees, leaf_probabilities, tree_of
from skconv.graph import Graph, Softmax, ensemble_of
from skconv.graph.probabilities import Probabilities

Array = NDArray[np.float64]


@check.register
def _(model: AdaBoostClassifier) -> None:
    check_is_fitted(model)
    if len(model.classes_) < 2:
        reason = "it was fitted on one class, so there is nothing to decide"
        raise refuse(model, "classes_", "fit on two classes or more", reason)
    for i, member in enumerate(model.estimators_):
        with inside(f"estimators_[{i}]"):
            check(member)
            if not np.array_equal(member.classes_, model.classes_):
                reason = "it was fitted on fewer classes than the model that holds it"
                raise refuse(member, "classes_", "fit on more samples of each class", reason)


@convert.register
def _(model: AdaBoostClassifier, graph: Graph) -> Graph:
    """The scores of ``decision_function``; votes of trees stand in their leaves."""
    members, constant = model.estimators_, _votes_for_others(model)
    if all(isinstance(member, DecisionTreeClassifier) for member in members):
        trees = [
            tree_of(member, np.eye(len(votes))[leaf_probabilities(member).argmax(axis=1)] @ votes)
            for member, votes in zip(members, _votes(model), strict=True)
        ]
        graph = append_trees(graph, ensemble_of(trees, model.n_features_in_, constant))
    else:
        graph = joined(graph, [partial(append_vote, member) for member in members])
        graph = append_linear(graph, np.vstack(_votes(model)).T, constant)
    return decide(graph, model.classes_)


def _weights(model: AdaBoostClassifier) -> Array:
    """Weights of the members; scikit-learn divides by the sum of all, also of those that failed."""
    weights = np.asarray(model.estimator_weights_, np.float64)
    return weights[: len(model.estimators_)] / weights.sum()


def _votes(model: AdaBoostClassifier) -> list[Array]:
    """What a vote of each member for each class adds to the scores ``(n_classes, n_scores)``.

    Of two classes there is one score, from which a vote for the first takes as much as one for the
    second adds. Of ``K`` classes a vote of weight ``w`` is ``w`` for one and ``-w / (K - 1)`` for
    all others: the last is `_votes_for_others`, and the vote adds the difference.
    """
    n_classes = len(model.classes_)
    if n_classes == 2:
        return [2 * weight * np.array([[-1.0], [1.0]]) for weight in _weights(model)]
    share = n_classes / (n_classes - 1)
    return [share * weight * np.eye(n_classes) for weight in _weights(model)]


def _votes_for_others(model: AdaBoostClassifier) -> Array:
    n_classes = len(model.classes_)
    return np.zeros(1) if n_classes == 2 else np.full(n_classes, -1 / (n_classes - 1))


@score_function.register
def _(model: AdaBoostClassifier) -> ScoreFunction:
    return "decision_function"


@probabilities.register
def _(model: AdaBoostClassifier) -> Probabilities:
    """Zhu, Zou, Rosset, Hastie, "Multi-class AdaBoost", 2009, equation 15."""
    return Softmax(1 / (len(model.classes_) - 1))
