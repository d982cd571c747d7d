"""Linear models: classifiers decide on their scores, regressors are their scores."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn import linear_model
from sklearn.linear_model import (
    ARDRegression,
    BayesianRidge,
    ElasticNet,
    ElasticNetCV,
    HuberRegressor,
    Lars,
    Lasso,
    LassoCV,
    LinearRegression,
    LogisticRegression,
    MultiTaskElasticNetCV,
    MultiTaskLassoCV,
    OrthogonalMatchingPursuit,
    OrthogonalMatchingPursuitCV,
    Perceptron,
    QuantileRegressor,
    RANSACRegressor,
    Ridge,
    RidgeClassifier,
    RidgeClassifierCV,
    RidgeCV,
    SGDClassifier,
    SGDRegressor,
    TheilSenRegressor,
)
from sklearn.svm import LinearSVC, LinearSVR
from sklearn.utils.validation import check_is_fitted

from skconv.classifiers.logistic import PreconditionedLogisticRegression
from skconv.classifiers.ridge import BatchRidgeClassifier
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
from skconv.convert.decision import decide, decide_on_labels, refuse_several
from skconv.graph import Graph, Linear, Shares, Sigmoids, Softmax
from skconv.graph.probabilities import Probabilities


def _by_name(*names: str) -> tuple[type, ...]:
    """Models that scikit-learn is about to drop, where it still has them."""
    return tuple(getattr(linear_model, name) for name in names if hasattr(linear_model, name))


# LogisticRegressionCV derives from LogisticRegression, LassoLars from Lars, MultiTaskLasso
# from Lasso: dispatch finds them.
CLASSIFIERS = (
    BatchRidgeClassifier,
    LinearSVC,
    LogisticRegression,
    Perceptron,
    PreconditionedLogisticRegression,
    RidgeClassifier,
    RidgeClassifierCV,
    SGDClassifier,
    *_by_name("PassiveAggressiveClassifier"),
)
REGRESSORS = (
    ARDRegression,
    BayesianRidge,
    ElasticNet,
    ElasticNetCV,
    HuberRegressor,
    Lars,
    Lasso,
    LassoCV,
    LinearRegression,
    LinearSVR,
    MultiTaskElasticNetCV,
    MultiTaskLassoCV,
    OrthogonalMatchingPursuit,
    OrthogonalMatchingPursuitCV,
    QuantileRegressor,
    Ridge,
    RidgeCV,
    SGDRegressor,
    TheilSenRegressor,
    *_by_name("PassiveAggressiveRegressor"),
)


def append_linear(graph: Graph, coef: Any, intercept: Any) -> Graph:
    """``coef @ x + intercept``; a single row of coefficients may have one axis."""
    weights = np.atleast_2d(float32(coef))
    bias = np.broadcast_to(np.ravel(float32(intercept)), len(weights)).copy()
    return as_vector(graph).append(Linear(weights, bias))


def has_many_labels(model: Any) -> bool:
    """Whether a classifier was fitted on many labels, which a sample has or has not."""
    binarizer = getattr(model, "_label_binarizer", None)
    return binarizer is not None and binarizer.y_type_.startswith("multilabel")


def decide_as(model: Any, graph: Graph) -> Graph:
    """``graph``, which ends in the scores of a classifier, followed by its decision."""
    return decide_on_labels(graph) if has_many_labels(model) else decide(graph, model.classes_)


def _convert_classifier(model: Any, graph: Graph) -> Graph:
    return decide_as(model, append_linear(graph, model.coef_, model.intercept_))


def _convert_regressor(model: Any, graph: Graph) -> Graph:
    return append_linear(graph, model.coef_, model.intercept_)


@probabilities.register
def _(model: LogisticRegression) -> Probabilities:
    # Older versions of scikit-learn fit one model against the rest, too.
    by_rest = getattr(model, "multi_class", "") == "ovr" or model.solver == "liblinear"
    return Sigmoids() if by_rest else Softmax()


@probabilities.register
def _(model: PreconditionedLogisticRegression) -> Probabilities:
    return Softmax()


@probabilities.register
def _(model: SGDClassifier) -> Probabilities:
    if model.loss == "log_loss":
        return Sigmoids()
    if model.loss != "modified_huber":
        raise refuse(model, "loss", "use loss='log_loss'", "it has no probabilities")
    if len(model.classes_) > 2:
        reason = "it divides clipped scores of more than two classes by their sum"
        raise refuse(model, "loss", "use loss='log_loss'", reason)
    return Shares()


def _decision_function(model: Any) -> ScoreFunction:
    if has_many_labels(model):
        raise refuse_several(model, "scores")
    return "decision_function"


for _class in CLASSIFIERS:
    score_function.register(_class, _decision_function)
    convert.register(_class, _convert_classifier)
for _class in REGRESSORS:
    convert.register(_class, _convert_regressor)


# ------------------------------------------------------------------ not only a linear model


@check.register
def _(model: RANSACRegressor) -> None:
    check_is_fitted(model)
    with inside("estimator_"):
        check(model.estimator_)


@convert.register
def _(model: RANSACRegressor, graph: Graph) -> Graph:
    """What was fitted on the inliers predicts."""
    return convert(model.estimator_, graph)
