"""Scalers: one factor and one offset for each feature, unit norm, the square root."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.preprocessing import (
    FunctionTransformer,
    MaxAbsScaler,
    MinMaxScaler,
    Normalizer,
    RobustScaler,
    StandardScaler,
)
from sklearn.utils.validation import check_is_fitted

from skconv.convert.advice import BEFORE
from skconv.convert.core import as_vector, check, convert, float32, refuse
from skconv.graph import Affine, Graph, Normalize, Root


def _append_centred(graph: Graph, n_features: int, centre: Any, scale: Any) -> Graph:
    """``(x - centre) / scale``, each None where the scaler leaves it out."""
    factors = np.ones(n_features) if scale is None else 1 / np.asarray(scale, np.float64)
    offsets = np.zeros(n_features) if centre is None else -centre * factors
    return as_vector(graph).append(Affine(float32(factors), float32(offsets)))


@convert.register
def _(scaler: StandardScaler, graph: Graph) -> Graph:
    centre = scaler.mean_ if scaler.with_mean else None
    return _append_centred(graph, scaler.n_features_in_, centre, scaler.scale_)


@convert.register
def _(scaler: RobustScaler, graph: Graph) -> Graph:
    return _append_centred(graph, scaler.n_features_in_, scaler.center_, scaler.scale_)


@convert.register
def _(scaler: MaxAbsScaler, graph: Graph) -> Graph:
    return _append_centred(graph, scaler.n_features_in_, None, scaler.scale_)


@convert.register
def _(scaler: MinMaxScaler, graph: Graph) -> Graph:
    return as_vector(graph).append(Affine(float32(scaler.scale_), float32(scaler.min_)))


@check.register(MinMaxScaler)
@check.register(MaxAbsScaler)
def _(scaler: MinMaxScaler | MaxAbsScaler) -> None:
    # MaxAbsScaler has no `clip` in older versions of scikit-learn.
    if getattr(scaler, "clip", False):
        raise refuse(scaler, "clip", "use clip=False")
    check_is_fitted(scaler)


@convert.register
def _(normalizer: Normalizer, graph: Graph) -> Graph:
    return as_vector(graph).append(Normalize(normalizer.norm))


# ------------------------------------------------------------------------------- functions


@check.register
def _(transformer: FunctionTransformer) -> None:
    func = transformer.func
    if func is not None and func is not np.sqrt:
        name = getattr(func, "__name__", repr(func))
        advice = f"{BEFORE}; func=np.sqrt and func=None convert"
        reason = f"func={name} is Python code, of which no C can be made"
        raise refuse(transformer, "func", advice, reason)
    if transformer.kw_args:
        raise refuse(transformer, "kw_args", "use kw_args=None")


@convert.register
def _(transformer: FunctionTransformer, graph: Graph) -> Graph:
    """`np.sqrt` of numbers >= 0 is a `Root`. Of others it is NaN, which a target has not."""
    return graph if transformer.func is None else graph.append(Root())
