"""Naive Bayes of counts and of categories: a linear rule."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.naive_bayes import BernoulliNB, CategoricalNB, ComplementNB, MultinomialNB

from skconv.convert.core import as_vector, convert, float32, probabilities, refuse
from skconv.convert.decision import decide
from skconv.convert.linear import append_linear
from skconv.graph import Above, Graph, Softmax
from skconv.graph.probabilities import Probabilities


def _decided(graph: Graph, weights: Any, bias: Any, classes: Any) -> Graph:
    """The largest score of a row for each class; of two classes their difference."""
    if len(classes) == 2:
        weights, bias = weights[1:] - weights[:1], bias[1:] - bias[:1]
    return decide(append_linear(graph, weights, bias), classes)


# ------------------------------------------------------------------------------ naive Bayes


@convert.register
def _(model: MultinomialNB, graph: Graph) -> Graph:
    return _decided(graph, model.feature_log_prob_, model.class_log_prior_, model.classes_)


@convert.register
def _(model: ComplementNB, graph: Graph) -> Graph:
    """The prior of a class does not count."""
    bias = np.zeros(len(model.classes_))
    return _decided(graph, model.feature_log_prob_, bias, model.classes_)


@convert.register
def _(model: BernoulliNB, graph: Graph) -> Graph:
    if model.binarize is not None:
        levels = np.full((1, model.n_features_in_), model.binarize)
        graph = as_vector(graph).append(Above(float32(levels)))
    absent = np.log1p(-np.exp(model.feature_log_prob_))
    bias = model.class_log_prior_ + absent.sum(axis=1)
    return _decided(graph, model.feature_log_prob_ - absent, bias, model.classes_)


@convert.register
def _(model: CategoricalNB, graph: Graph) -> Graph:
    """A table of each feature as steps: what a category adds to the one before it.

    Scikit-learn cuts numbers off to whole ones, so that a step lies just below the category. Beyond
    the last category, where it raises an error, the last one counts.
    """
    tables = model.feature_log_prob_
    bias = model.class_log_prior_ + sum(table[:, 0] for table in tables)
    n_steps = max(1, max(table.shape[1] for table in tables) - 1)
    steps = [np.diff(_padded(table, n_steps + 1), axis=1) for table in tables]
    levels = np.nextafter(np.arange(1, n_steps + 1, dtype=np.float32), np.float32(0))
    graph = as_vector(graph).append(Above(np.repeat(levels[:, None], len(tables), axis=1)))
    weights = np.stack(steps, axis=2).reshape(len(bias), -1)
    return _decided(graph, weights, bias, model.classes_)


def _padded(table: Any, n_categories: int) -> Any:
    """The last category again, as often as others have more."""
    return np.pad(table, ((0, 0), (0, n_categories - table.shape[1])), mode="edge")


@probabilities.register(MultinomialNB)
@probabilities.register(ComplementNB)
@probabilities.register(BernoulliNB)
@probabilities.register(CategoricalNB)
def _(model: Any) -> Probabilities:
    if len(model.classes_) < 2:
        reason = "it was fitted on one class, whose probability is always 1"
        raise refuse(model, "classes_", "fit on two classes or more", reason)
    return Softmax()
