"""Networks: layers of `Linear`, and a nonlinearity behind each but the last."""

from __future__ import annotations

from functools import reduce
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.neural_network import BernoulliRBM, MLPClassifier, MLPRegressor
from sklearn.utils.validation import check_is_fitted

from skconv.convert.core import check, convert, probabilities, refuse
from skconv.convert.decision import refuse_several
from skconv.convert.linear import append_linear, decide_as, has_many_labels
from skconv.graph import Activation, Graph, Op, Relu, Softmax
from skconv.graph.probabilities import Probabilities

_NONLINEARITIES: dict[str, Op] = {
    "logistic": Activation("sigmoid"),
    "relu": Relu(),
    "tanh": Activation("tanh"),
}

Layer = tuple[NDArray[Any], NDArray[Any]]


@convert.register
def _(model: MLPClassifier, graph: Graph) -> Graph:
    return decide_as(model, _append_layers(graph, model))


@probabilities.register
def _(model: MLPClassifier) -> Probabilities:
    """The last layer gives scores; their softmax, or logistic function, is the probability."""
    if has_many_labels(model):
        raise refuse_several(model, "probabilities")
    return Softmax()


@check.register
def _(model: MLPRegressor) -> None:
    check_is_fitted(model)
    if model.out_activation_ != "identity":
        advice = "use loss='squared_error' on np.log1p(y), and np.expm1 of what the C returns"
        raise refuse(model, "loss", advice, "it predicts the exponential of its last layer")


@convert.register
def _(model: MLPRegressor, graph: Graph) -> Graph:
    return _append_layers(graph, model)


def _append_layers(graph: Graph, model: MLPClassifier | MLPRegressor) -> Graph:
    """The layers but for the function of the last one, which is not part of the scores."""
    layers = [(w.T, b) for w, b in zip(model.coefs_, model.intercepts_, strict=True)]
    if model.activation == "identity":
        layers = [reduce(_composed, layers)]
    *hidden, last = layers
    for weights, bias in hidden:
        graph = append_linear(graph, weights, bias).append(_NONLINEARITIES[model.activation])
    return append_linear(graph, *last)


def _composed(first: Layer, second: Layer) -> Layer:
    """Two layers with nothing between them are one."""
    weights = np.asarray(second[0], np.float64)
    return weights @ first[0], weights @ first[1] + second[1]


@convert.register
def _(model: BernoulliRBM, graph: Graph) -> Graph:
    """The probability that each hidden unit is 1."""
    graph = append_linear(graph, model.components_, model.intercept_hidden_)
    return graph.append(Activation("sigmoid"))
