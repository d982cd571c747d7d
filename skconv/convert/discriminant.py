"""Linear discriminant analysis: a linear classifier, or a projection in front of others."""

from __future__ import annotations

import numpy as np
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.utils.validation import check_is_fitted

from skconv.convert.core import (
    ScoreFunction,
    as_vector,
    check_transform,
    convert,
    convert_transform,
    float32,
    probabilities,
    refuse,
    score_function,
)
from skconv.convert.decision import decide
from skconv.convert.linear import append_linear
from skconv.graph import Graph, Linear, Softmax
from skconv.graph.probabilities import Probabilities


@convert.register
def _(model: LinearDiscriminantAnalysis, graph: Graph) -> Graph:
    return decide(append_linear(graph, model.coef_, model.intercept_), model.classes_)


@probabilities.register
def _(model: LinearDiscriminantAnalysis) -> Probabilities:
    return Softmax()


@score_function.register
def _(model: LinearDiscriminantAnalysis) -> ScoreFunction:
    return "decision_function"


@check_transform.register
def _(model: LinearDiscriminantAnalysis) -> None:
    check_is_fitted(model)
    if model.solver == "lsqr":
        raise refuse(model, "solver", "use solver='svd' or 'eigen', whose transform exists")


@convert_transform.register
def _(model: LinearDiscriminantAnalysis, graph: Graph) -> Graph:
    weights = model.scalings_.T[: model._max_components]
    # Only the solver "svd" takes the mean off.
    centre = model.xbar_ if model.solver == "svd" else np.zeros(weights.shape[1])
    return as_vector(graph).append(Linear(float32(weights), float32(-weights @ centre)))
