"""Isolation forests: a sample that few splits part from all others is an outlier."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import IsolationForest
from sklearn.utils.validation import check_is_fitted

from skconv.convert.core import (
    ScoreFunction,
    check,
    convert,
    convert_scores,
    float32,
    refuse,
    score_function,
)
from skconv.convert.decision import decide
from skconv.convert.one_class import OUTLIER_OR_NOT
from skconv.convert.trees import append_trees, reading, tree_of
from skconv.graph import Curve, Graph, Tree, TreeEnsemble, ensemble_of

Array = NDArray[np.float64]

# Of the usual sum of depths: more than what rounding takes off a sum.
TOLERANCE = 2.0**-20


@check.register
def _(model: IsolationForest) -> None:
    check_is_fitted(model)
    if model._max_samples < 2:
        reason = "trees of one sample part nothing"
        raise refuse(model, "max_samples", "use max_samples=2 or more", reason)


@convert.register
def _(model: IsolationForest, graph: Graph) -> Graph:
    """The sum of depths, less the least of an inlier.

    An inlier has ``2^(-sum / usual) <= -offset_``. One that meets this exactly, as a sample of
    ``fit`` does where ``contamination`` gives the offset, must not fall short by rounding.
    """
    constant = _usual_sum(model) * (np.log2(-model.offset_) + TOLERANCE)
    return decide(append_trees(graph, _depths(model, constant)), OUTLIER_OR_NOT)


@score_function.register
def _(model: IsolationForest) -> ScoreFunction:
    return "decision_function"


@convert_scores.register
def _(model: IsolationForest, graph: Graph) -> Graph:
    """``-2^(-sum / usual) - offset_``."""
    factor, offset = -np.log(2) / _usual_sum(model), -model.offset_
    numbers = (float32([number]) for number in (factor, 0, -1, offset))
    graph = append_trees(graph, _depths(model, 0.0)).append(Curve("exp", *numbers))
    return decide(graph, OUTLIER_OR_NOT)


def _depths(model: IsolationForest, constant: float) -> TreeEnsemble:
    """The sum of the depths that a sample reaches in all trees, and a constant."""
    members = zip(model.estimators_, model.estimators_features_, strict=True)
    trees = [_tree(member, features) for member, features in members]
    return ensemble_of(trees, model.n_features_in_, [constant])


def _tree(member: Any, features: Any) -> Tree:
    """A leaf stands for as many splits as would part its samples, too."""
    tree = member.tree_
    depths = _node_depths(tree.children_left, tree.children_right)
    values = depths + average_path_length(tree.n_node_samples)
    return reading(tree_of(member, values[:, None]), features)


def _node_depths(left: Array, right: Array) -> Array:
    """Splits above each node; parents stand before their children."""
    depths = np.zeros(len(left))
    for node in np.flatnonzero(left > 0):
        depths[[left[node], right[node]]] = depths[node] + 1
    return depths


def _usual_sum(model: IsolationForest) -> float:
    """The sum of depths of a sample like others."""
    return float(len(model.estimators_) * average_path_length(np.array([model._max_samples]))[0])


def average_path_length(n_samples: Any) -> Array:
    """Comparisons of an unsuccessful search in a binary tree of ``n_samples`` keys.

    Liu, Ting, Zhou, "Isolation forest", ICDM 2008, equation 1, with ``H(i) = ln(i) + gamma``; 0 of
    one key, and 1 of two.
    """
    n = np.maximum(np.asarray(n_samples, np.float64), 3)
    long = 2 * (np.log(n - 1) + np.euler_gamma) - 2 * (n - 1) / n
    return np.where(n_samples > 2, long, np.where(n_samples == 2, 1.0, 0.0))
