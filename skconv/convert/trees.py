"""Decision trees and forests: one sum of trees, exact on integers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from sklearn.ensemble import (
    ExtraTreesClassifier,
    ExtraTreesRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor
from sklearn.utils.validation import check_is_fitted

from skconv.convert.core import as_vector, check, convert, probabilities, refuse
from skconv.convert.decision import decide_each, refuse_several
from skconv.graph import Affine, ArgMax, Graph, Shares, Tree, TreeEnsemble, ensemble_of
from skconv.graph.probabilities import Probabilities


@check.register(DecisionTreeClassifier)
@check.register(RandomForestClassifier)
@check.register(ExtraTreesClassifier)
def _(model: Any) -> None:
    check_is_fitted(model)


@convert.register(DecisionTreeClassifier)
@convert.register(RandomForestClassifier)
@convert.register(ExtraTreesClassifier)
def _(model: Any, graph: Graph) -> Graph:
    """Scores are the mean probabilities of the classes: the first of the largest decides.

    Those of several outputs stand one behind the other.
    """
    trees = [tree_of(tree, leaf_probabilities(tree)) for tree in _trees(model)]
    graph = append_trees(graph, mean_of(trees, model.n_features_in_, trees[0].values.shape[1]))
    if model.n_outputs_ > 1:
        return decide_each(graph, model.classes_, model.n_classes_)
    return replace(graph.append(ArgMax()), classes=model.classes_)


@probabilities.register(DecisionTreeClassifier)
@probabilities.register(RandomForestClassifier)
@probabilities.register(ExtraTreesClassifier)
def _(model: Any) -> Probabilities:
    """Scores are the probabilities."""
    if model.n_outputs_ > 1:
        raise refuse_several(model, "probabilities")
    if len(model.classes_) < 2:
        reason = "it was fitted on one class, whose probability is always 1"
        raise refuse(model, "classes_", "fit on two classes or more", reason)
    return Shares()


@convert.register(DecisionTreeRegressor)
@convert.register(RandomForestRegressor)
@convert.register(ExtraTreesRegressor)
def _(model: Any, graph: Graph) -> Graph:
    trees = [tree_of(tree, tree.tree_.value[:, :, 0]) for tree in _trees(model)]
    return append_trees(graph, mean_of(trees, model.n_features_in_, model.n_outputs_))


def _trees(model: Any) -> Sequence[Any]:
    return list(getattr(model, "estimators_", [model]))


def tree_of(model: Any, values: Any, first_output: int = 0) -> Tree:
    """A fitted tree, with values ``(n_nodes, width)`` for its own."""
    tree = model.tree_
    return Tree(
        tree.children_left,
        tree.children_right,
        tree.feature,
        tree.threshold,
        np.asarray(values),
        first_output,
    )


def reading(tree: Tree, features: Any) -> Tree:
    """A tree that was fitted on chosen features, on the vector that these were chosen from."""
    return replace(tree, feature=np.where(tree.left > 0, np.asarray(features)[tree.feature], 0))


def leaf_probabilities(model: DecisionTreeClassifier) -> Any:
    """The probabilities of the classes ``(n_nodes, n_classes)`` at every node.

    Those of several outputs stand one behind the other.
    """
    values, n_classes = model.tree_.value, np.atleast_1d(model.n_classes_)
    return np.hstack([values[:, i, :n] for i, n in enumerate(n_classes)])


def mean_of(trees: Sequence[Tree], n_features: int, n_outputs: int) -> TreeEnsemble:
    """The mean of trees that read float32."""
    parts = [replace(tree, values=tree.values / len(trees)) for tree in trees]
    return ensemble_of(parts, n_features, np.zeros(n_outputs))


def append_trees(graph: Graph, op: TreeEnsemble) -> Graph:
    """``graph`` followed by trees; a scaler at its end goes into their thresholds."""
    graph = as_vector(graph)
    last = graph.nodes[-1] if graph.nodes else None
    if last is not None and isinstance(last.op, Affine):
        folded = op.behind(last.op.factors, last.op.offsets)
        if folded is not None:
            return replace(graph, nodes=graph.nodes[:-1]).append(folded, *last.inputs)
    return graph.append(op)
