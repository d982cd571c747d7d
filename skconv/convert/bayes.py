"""Naive Bayes of counts: a linear rule."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.naive_bayes import BernoulliNB, ComplementNB, MultinomialNB
from sklearn.utils.validation import check_is_fitted

from skconv.convert.core import check, convert, probabilities, refuse
from skconv.convert.decision import decide
from skconv.convert.linear import append_linear
from skconv.graph import Graph, Softmax
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


@check.register
def _(model: BernoulliNB) -> None:
    check_is_fitted(model)
    if model.binarize is not None:
        raise refuse(model, "binarize", "use binarize=None on features of 0 and 1")


@convert.register
def _(model: BernoulliNB, graph: Graph) -> Graph:
    absent = np.log1p(-np.exp(model.feature_log_prob_))
    bias = model.class_log_prior_ + absent.sum(axis=1)
    return _decided(graph, model.feature_log_prob_ - absent, bias, model.classes_)


@probabilities.register(MultinomialNB)
@probabilities.register(ComplementNB)
@probabilities.register(BernoulliNB)
def _(model: Any) -> Probabilities:
    if len(model.classes_) < 2:
        reason = "it was fitted on one class, whose probability is always 1"
        raise refuse(model, "classes_", "fit on two classes or more", reason)
    return Softmax()
