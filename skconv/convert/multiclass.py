"""Many classes by classifiers of two: one against the rest, one against one, codes."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import is_regressor
from sklearn.multiclass import OneVsOneClassifier, OneVsRestClassifier, OutputCodeClassifier
from sklearn.utils.validation import check_is_fitted

from skconv.convert.core import (
    ScoreFunction,
    check,
    convert,
    float32,
    inside,
    probabilities,
    refuse,
    score_function,
)
from skconv.convert.decision import decide, refuse_several
from skconv.convert.linear import CLASSIFIERS, append_linear
from skconv.convert.members import (
    append_response,
    append_scores,
    check_response,
    has_decision_function,
    joined,
)
from skconv.convert.several import check_members, decide_on_members, is_constant
from skconv.graph import Clip, Graph, Linear, PairConfidence, Select, Sigmoids, Softmax
from skconv.graph.probabilities import Probabilities

# Scores, in natural logarithms, between which a probability in float64 is neither 0 nor 1.
SATURATED = (-700.0, 36.0)


def _check_members(model: Any) -> None:
    check_is_fitted(model)
    for i, member in enumerate(model.estimators_):
        if not is_constant(member):
            with inside(f"estimators_[{i}]"):
                check_response(member)


def _append_member(member: Any, graph: Graph) -> Graph:
    if is_constant(member):
        return append_linear(graph, np.zeros((1, graph.output.size)), member.y_.astype(float))
    return append_response(member, graph)


def _append_members(graph: Graph, members: Sequence[Any]) -> Graph:
    """A response for each; of linear members a row of coefficients."""
    if _are_linear(members):
        return append_linear(graph, *_rows(members))
    return joined(graph, [partial(_append_member, member) for member in members])


def _are_linear(members: Sequence[Any]) -> bool:
    """Whether all members are linear models, or constants beside such."""
    fitted = [member for member in members if not is_constant(member)]
    return bool(fitted) and all(isinstance(member, CLASSIFIERS) for member in fitted)


def _rows(members: Sequence[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    """Coefficients and intercepts of linear members, one below the other."""
    size = next(m for m in members if not is_constant(m)).coef_.shape[-1]
    rows = [
        (np.zeros(size), member.y_) if is_constant(member) else (member.coef_, member.intercept_)
        for member in members
    ]
    coef = np.vstack([np.atleast_2d(float32(row)) for row, _ in rows])
    return coef, np.concatenate([np.broadcast_to(np.ravel(float32(b)), 1) for _, b in rows])


def _are_probabilities(model: Any) -> bool:
    """Whether members answer by the probability of their second class."""
    fitted = [member for member in model.estimators_ if not is_constant(member)]
    return not any(is_regressor(member) or has_decision_function(member) for member in fitted)


# ------------------------------------------------------------------- one against the rest


@check.register
def _(model: OneVsRestClassifier) -> None:
    check_is_fitted(model)
    if model.multilabel_:
        check_members(model)
    else:
        _check_members(model)


@convert.register
def _(model: OneVsRestClassifier, graph: Graph) -> Graph:
    if model.multilabel_:
        return decide_on_members(graph, model.estimators_)
    if _are_logistic(model):
        members = [partial(_append_logit, member) for member in model.estimators_]
        return decide(joined(graph, members), model.classes_)
    graph = _append_members(graph, model.estimators_)
    member = model.estimators_[0]
    if len(model.classes_) == 2 and (_are_probabilities(model) or is_regressor(member)):
        graph = graph.append(Linear(float32([[2.0]]), float32([-1.0])))
    return decide(graph, model.classes_)


def _are_logistic(model: OneVsRestClassifier) -> bool:
    """Whether members answer by the logistic function of their scores."""
    fitted = [member for member in model.estimators_ if not is_constant(member)]
    return _are_probabilities(model) and all(
        probabilities(member) in (Softmax(), Sigmoids()) for member in fitted
    )


def _append_logit(member: Any, graph: Graph) -> Graph:
    """Scores are in the order of probabilities, and clipped where these are 0 or 1 in float64."""
    if is_constant(member):
        limits = float32([SATURATED[int(member.y_[0])]])
        return append_linear(graph, np.zeros((1, graph.output.size)), limits)
    return append_scores(member, graph).append(Clip(*SATURATED))


@score_function.register
def _(model: OneVsRestClassifier) -> ScoreFunction:
    if model.multilabel_:
        raise refuse_several(model, "scores")
    if _are_probabilities(model) or is_regressor(model.estimators_[0]):
        advice = "use an estimator with decision_function, or leave scores=True out"
        raise refuse(model, "estimator", advice, "it has no decision_function")
    return "decision_function"


@probabilities.register
def _(model: OneVsRestClassifier) -> Probabilities:
    """Those of logistic regressions of two classes, divided by their sum."""
    if model.multilabel_:
        raise refuse_several(model, "probabilities")
    if _are_logistic(model):
        return Sigmoids()
    advice, reason = "use estimator=LogisticRegression()", "its probabilities follow from no scores"
    for member in model.estimators_:
        is_fit = not is_constant(member) and has_decision_function(member)
        if not is_fit or probabilities(member) not in (Softmax(), Sigmoids()):
            raise refuse(model, "estimator", advice, reason)
    return Sigmoids()


# ------------------------------------------------------------------------ one against one


@check.register
def _(model: OneVsOneClassifier) -> None:
    _check_members(model)
    if _are_probabilities(model) or is_regressor(model.estimators_[0]):
        reason = "its pairs vote by their predictions, and break ties by other numbers"
        raise refuse(model, "estimator", "use an estimator with decision_function", reason)
    if any(is_constant(member) for member in model.estimators_):
        raise refuse(model, "estimators_", "fit on samples of all classes")


@convert.register
def _(model: OneVsOneClassifier, graph: Graph) -> Graph:
    """Votes, and of equal ones the sum of decisions, as in scikit-learn."""
    if model.pairwise_indices_ is None:
        graph = _append_members(graph, model.estimators_)
    else:
        pairs = zip(model.estimators_, model.pairwise_indices_, strict=True)
        branches = [partial(_append_pair, *pair) for pair in pairs]
        graph = joined(graph, branches)
    if len(model.classes_) > 2:
        graph = graph.append(PairConfidence(len(model.classes_), first_is_positive=False))
    return decide(graph, model.classes_)


def _append_pair(member: Any, places: Any, graph: Graph) -> Graph:
    """A member that reads some of the columns."""
    return append_response(member, graph.append(Select(np.asarray(places, np.uint16))))


@score_function.register
def _(model: OneVsOneClassifier) -> ScoreFunction:
    if len(model.classes_) == 2:
        reason = "of two classes it is the vote and a share of the decision"
        raise refuse(model, "estimator", "convert its estimators_[0]", reason)
    return "decision_function"


# ---------------------------------------------------------------------------------- codes


@check.register
def _(model: OutputCodeClassifier) -> None:
    _check_members(model)


@convert.register
def _(model: OutputCodeClassifier, graph: Graph) -> Graph:
    """The nearest code ``c``: ``-||y - c||^2`` is ``2 c.y - ||c||^2``, but for what all share."""
    codes = np.asarray(model.code_book_, np.float64)
    bias = -np.square(codes).sum(axis=1)
    weights = 2 * codes
    if len(codes) == 2:
        weights, bias = weights[1:] - weights[:1], bias[1:] - bias[:1]
    if _are_linear(model.estimators_):
        coef, intercept = _rows(model.estimators_)
        graph = append_linear(graph, weights @ coef, weights @ intercept + bias)
        return decide(graph, model.classes_)
    graph = _append_members(graph, model.estimators_)
    return decide(append_linear(graph, weights, bias), model.classes_)
