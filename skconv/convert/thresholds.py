"""A classifier of two classes with another threshold."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.model_selection import FixedThresholdClassifier, TunedThresholdClassifierCV
from sklearn.utils.validation import check_is_fitted

from skconv.convert.core import (
    check,
    convert,
    convert_scores,
    float32,
    inside,
    probabilities,
    refuse,
)
from skconv.convert.core import score_function as scores_of
from skconv.convert.decision import decide
from skconv.convert.members import append_probabilities, undecided
from skconv.graph import Affine, Graph, Linear
from skconv.graph.probabilities import Probabilities

# A share that reaches the threshold is above it: half of the last bit that probabilities have.
REACHED = 2.0**-14


def _inner(model: Any) -> Any:
    return getattr(model, "estimator_", model.estimator)


def _method(model: Any) -> str:
    """The first method of those that may answer."""
    methods = (
        ("predict_proba", "decision_function")
        if model.response_method == "auto"
        else (model.response_method,)
    )
    return next(name for name in methods if hasattr(_inner(model), name))


def _threshold(model: Any) -> float:
    if isinstance(model, TunedThresholdClassifierCV):
        return float(model.best_threshold_)
    if model.threshold != "auto":
        return float(model.threshold)
    return 0.5 if _method(model) == "predict_proba" else 0.0


def _is_second(model: Any) -> bool:
    """Whether the second class is the one whose scores reach the threshold."""
    if isinstance(model, TunedThresholdClassifierCV):
        positive = model._curve_scorer._get_pos_label()
    else:
        positive = model.pos_label
    return bool(positive is None or positive == _inner(model).classes_[1])


@check.register(FixedThresholdClassifier)
@check.register(TunedThresholdClassifierCV)
def _(model: Any) -> None:
    check_is_fitted(model)
    with inside("estimator_"):
        check(_inner(model))
        if _method(model) == "predict_proba":
            probabilities(_inner(model))
        else:
            scores_of(_inner(model))


@convert.register(FixedThresholdClassifier)
@convert.register(TunedThresholdClassifierCV)
def _(model: Any, graph: Graph) -> Graph:
    """The score less the threshold; of the first class the other way round."""
    sign = 1.0 if _is_second(model) else -1.0
    threshold = _threshold(model)
    if _method(model) == "predict_proba":
        graph = append_probabilities(_inner(model), graph)
        if not _is_second(model):
            # p_0 >= t is p_1 <= 1 - t.
            return decide(_compared(graph, 1 - threshold + REACHED), model.classes_)
        return decide(_compared(graph, threshold - REACHED), model.classes_)
    graph = undecided(convert_scores(_inner(model), graph))
    offsets = float32([-sign * threshold])
    return decide(graph.append(Affine(float32([1.0]), offsets)), model.classes_)


@probabilities.register(FixedThresholdClassifier)
@probabilities.register(TunedThresholdClassifierCV)
def _(model: Any) -> Probabilities:
    reason = "its scores are distances from the threshold"
    advice = "convert its estimator_ with probabilities=True, and compare them in the firmware"
    raise refuse(model, "probabilities", advice, reason)


def _compared(graph: Graph, threshold: float) -> Graph:
    """How far the probability of the second class is above a threshold."""
    return graph.append(Linear(float32([[0, 1]]), float32(np.array([-threshold]))))
