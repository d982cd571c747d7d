"""The penalty of a logistic head, found again from the head itself."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skconv.graph import Graph, Linear
from skconv.passes.compress.base import Samples, head_of
from skconv.passes.compress.loss import probabilities

Array = NDArray[Any]


def _ones(features: Array) -> Array:
    return np.ones(features.shape[1])


def _variances(features: Array) -> Array:
    return np.asarray(features.var(axis=0, dtype=np.float64))


def _largest(features: Array) -> Array:
    return np.asarray(np.abs(features).max(axis=0).astype(np.float64) ** 2)


def _ranges(features: Array) -> Array:
    return np.asarray(np.ptp(features, axis=0).astype(np.float64) ** 2)


# What a penalty of scaled features is in units of the features themselves: no scaler,
# StandardScaler, MaxAbsScaler, MinMaxScaler.
UNITS: tuple[Callable[[Array], Array], ...] = (_ones, _variances, _largest, _ranges)


@dataclass(frozen=True)
class Penalty:
    """``strength * units(features) / 2`` times the square of each weight, for one sample."""

    strength: float
    units: Callable[[Array], Array]

    def of(self, features: Array) -> Array:
        """The penalty of the weight of each feature."""
        return self.strength * self.units(features)


def penalty_of(graph: Graph, samples: Samples) -> Penalty:
    """The penalty under which a logistic head is the best one.

    A graph does not hold the ``C`` of the classifier, and its scaler is part of the weights. But at
    the minimum the gradient of the likelihood and that of the penalty cancel: the head says what
    it was fitted with. Of the scalers that there are the one is taken that explains the gradient
    best.
    """
    head = head_of(graph)
    assert head is not None and isinstance(head.op, Linear)
    features, op = samples.tensor(graph, head.inputs[0]), head.op
    if samples.y is None:
        return Penalty(0.0, _ones)  # The scores themselves are wanted: no gradient at all.
    scores = features @ op.weights.T + op.bias
    p = probabilities(scores)
    error = (p - np.eye(p.shape[1])[samples.y])[:, -len(op.bias) :] / len(features)
    gradient = error.T.astype(np.float32) @ features
    weights = op.weights.astype(np.float64)
    found = [_fitted(gradient, weights, units, features) for units in UNITS]
    return min(found, key=lambda pair: pair[0])[1]


def _fitted(
    gradient: Array, weights: Array, units: Callable[[Array], Array], features: Array
) -> tuple[float, Penalty]:
    """The strength with the least error of ``gradient = -strength * units * weights``."""
    held = weights * units(features)
    strength = max(0.0, -float((gradient * held).sum()) / max(float((held**2).sum()), 1e-300))
    return float(((gradient + strength * held) ** 2).sum()), Penalty(strength, units)
