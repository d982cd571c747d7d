"""Gradient boosting on histograms: one sum of trees that compare in float64."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.utils.validation import check_is_fitted

from skconv.convert.core import ScoreFunction, check, convert, probabilities, refuse, score_function
from skconv.convert.decision import decide
from skconv.convert.function_steps import append_curve
from skconv.convert.trees import append_trees
from skconv.graph import Graph, Softmax, Tree, ensemble_of
from skconv.graph.probabilities import Probabilities

Nodes = NDArray[Any]

# The predictions are exponentials of the sums.
LOG_LOSSES = ("gamma", "poisson")


# ---------------------------------------------------------------------- what cannot convert


@check.register(HistGradientBoostingClassifier)
@check.register(HistGradientBoostingRegressor)
def _(model: Any) -> None:
    check_is_fitted(model)
    if model.is_categorical_ is not None:
        features = np.flatnonzero(model.is_categorical_).tolist()
        reason = f"its trees look up the categories of the features {features} in sets"
        advice = "use OneHotEncoder in a ColumnTransformer in front, and categorical_features=None"
        raise refuse(model, "categorical_features", advice, reason)
    if any(_has_met_missing_values(nodes) for nodes in _all_nodes(model)):
        reason = "it was fitted on missing values, and on the device no number is missing"
        raise refuse(model, "", "fit it on samples without NaN, or behind SimpleImputer", reason)


def _has_met_missing_values(nodes: Nodes) -> bool:
    """Whether a node has learnt where they go.

    Without any, they go where more samples went, and no node parts them from all others.
    """
    inner = nodes[nodes["is_leaf"] == 0]
    is_more = nodes["count"][inner["left"]] > nodes["count"][inner["right"]]
    is_learnt = (inner["missing_go_to_left"] != 0) != is_more
    return bool((is_learnt | np.isinf(inner["num_threshold"])).any())


def _all_nodes(model: Any) -> list[Nodes]:
    return [predictor.nodes for stage in model._predictors for predictor in stage]


# ------------------------------------------------------------------------------- converters


@convert.register
def _(model: HistGradientBoostingClassifier, graph: Graph) -> Graph:
    return decide(_append_sum(model, graph), model.classes_)


@convert.register
def _(model: HistGradientBoostingRegressor, graph: Graph) -> Graph:
    graph = _append_sum(model, graph)
    return append_curve(graph, "exp") if model.loss in LOG_LOSSES else graph


def _append_sum(model: Any, graph: Graph) -> Graph:
    """The trees of all stages; their leaves hold the learning rate."""
    n_outputs = model.n_trees_per_iteration_
    trees = [_tree(nodes, i % n_outputs) for i, nodes in enumerate(_all_nodes(model))]
    start = np.ravel(model._baseline_prediction)
    return append_trees(graph, ensemble_of(trees, model.n_features_in_, start, is_single=False))


def _tree(nodes: Nodes, output: int) -> Tree:
    """The children of a leaf are 0."""
    left, right = (nodes[side].astype(np.intp) for side in ("left", "right"))
    values = nodes["value"][:, None]
    return Tree(left, right, nodes["feature_idx"], nodes["num_threshold"], values, output)


# ----------------------------------------------------------------- probabilities and scores


@probabilities.register
def _(model: HistGradientBoostingClassifier) -> Probabilities:
    if len(model.classes_) < 2:
        reason = "it was fitted on one class, whose probability is always 1"
        raise refuse(model, "classes_", "fit on two classes or more", reason)
    return Softmax()


@score_function.register
def _(model: HistGradientBoostingClassifier) -> ScoreFunction:
    return "decision_function"
