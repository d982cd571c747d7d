"""Calibrated classifiers: probabilities out of the scores of a classifier, learnt on others."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.calibration import CalibratedClassifierCV
from sklearn.utils.validation import check_is_fitted

from skconv.convert.core import check, convert, float32, inside, probabilities, refuse
from skconv.convert.decision import decide, decide_between_shares
from skconv.convert.linear import append_linear
from skconv.convert.members import (
    append_response,
    check_response,
    has_decision_function,
    joined,
    mean,
)
from skconv.graph import (
    Affine,
    Graph,
    Interpolate,
    Linear,
    Normalize,
    Shares,
    Sigmoids,
    Softmax,
)
from skconv.graph.probabilities import Probabilities


@check.register
def _(model: CalibratedClassifierCV) -> None:
    check_is_fitted(model)
    for i, calibrated in enumerate(model.calibrated_classifiers_):
        with inside(f"calibrated_classifiers_[{i}]"):
            check_response(calibrated.estimator)
        if len(calibrated.estimator.classes_) != len(model.classes_):
            reason = "a fold of cross-validation did not hold all classes"
            raise refuse(model, "cv", "use fewer folds, or more samples", reason)
        if model.method == "temperature" and not has_decision_function(calibrated.estimator):
            reason = "method='temperature' takes the logarithm of probabilities"
            advice = "use method='sigmoid', or a classifier with decision_function"
            raise refuse(model, "method", advice, reason)


@convert.register
def _(model: CalibratedClassifierCV, graph: Graph) -> Graph:
    """The mean of the probabilities of all folds; of one fold the scores that they rise with."""
    folds = model.calibrated_classifiers_
    if len(folds) == 1:
        return decide(_append_scores(folds[0], graph), model.classes_)
    rule = _rule(model)
    branches = [partial(_append_probabilities, rule, fold) for fold in folds]
    graph = mean(joined(graph, branches), len(branches))
    return decide_between_shares(graph, model.classes_)


def _append_probabilities(rule: Probabilities, calibrated: Any, graph: Graph) -> Graph:
    return _append_scores(calibrated, graph).append(rule)


def _append_scores(calibrated: Any, graph: Graph) -> Graph:
    """What the rule makes probabilities of."""
    graph = append_response(calibrated.estimator, graph)
    if calibrated.method == "isotonic":
        return _append_lines(calibrated.calibrators, graph)
    if calibrated.method == "temperature":
        # Of two classes the logits are -s and s.
        factor = calibrated.calibrators[0].beta_ * (2 if graph.output.size == 1 else 1)
        factors = np.full(graph.output.size, factor)
        return _scaled(graph, factors, np.zeros_like(factors))
    slopes = np.array([-each.a_ for each in calibrated.calibrators])
    return _scaled(graph, slopes, np.array([-each.b_ for each in calibrated.calibrators]))


def _append_lines(calibrators: Sequence[Any], graph: Graph) -> Graph:
    """Isotonic regressions: straight lines between knots, and their values divided by the sum.

    Of two classes the difference of the probabilities, from that of the second.
    """
    most = max(len(each.X_thresholds_) for each in calibrators)
    knots = [_padded(each.X_thresholds_, most) for each in calibrators]
    values = np.array([_padded(each.y_thresholds_, most) for each in calibrators])
    if len(calibrators) == 1:
        return graph.append(Interpolate(float32(knots), float32(2 * values - 1)))
    return graph.append(Interpolate(float32(knots), float32(values))).append(Normalize("l1"))


def _padded(numbers: Any, size: int) -> NDArray[np.float64]:
    """With the last one repeated."""
    return np.pad(np.asarray(numbers, np.float64), (0, size - len(numbers)), mode="edge")


def _scaled(graph: Graph, factors: Any, offsets: Any) -> Graph:
    """``x * factors + offsets``, into a linear layer that ends the graph where there is one."""
    *rest, last = graph.nodes or (None,)
    if last is not None and isinstance(last.op, Linear):
        before = Graph(graph.input, tuple(rest))
        weights = last.op.weights * factors[:, None]
        if last.inputs == (before.output_name,):
            return append_linear(before, weights, last.op.bias * factors + offsets)
    return graph.append(Affine(float32(factors), float32(offsets)))


def _rule(model: CalibratedClassifierCV) -> Probabilities:
    rules = {"temperature": Softmax(), "isotonic": Shares(), "sigmoid": Sigmoids()}
    return rules[model.method]


@probabilities.register
def _(model: CalibratedClassifierCV) -> Probabilities:
    return _rule(model) if len(model.calibrated_classifiers_) == 1 else Shares()
