"""Scalers: one factor and one offset for each feature, unit norm, the square root."""

from __future__ import annotations

from collections.abc import Callable
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

from skconv.convert.advice import BEFORE
from skconv.convert.core import as_vector, check, convert, refuse
from skconv.convert.function_steps import append_curve
from skconv.graph import (
    Abs,
    Affine,
    Clip,
    Cosine,
    CurveFunction,
    Graph,
    Normalize,
    Op,
    Root,
    Square,
)
from skconv.graph.folding import wide

Append = Callable[[Graph], Graph]


def _append_centred(graph: Graph, n_features: int, centre: Any, scale: Any) -> Graph:
    """``(x - centre) / scale``, each None where the scaler leaves it out.

    In float64, until the graph is done: trees behind it decide as they do in scikit-learn.
    """
    factors = np.ones(n_features) if scale is None else 1 / np.asarray(scale, np.float64)
    offsets = np.zeros(n_features) if centre is None else -centre * factors
    return as_vector(graph).append(Affine(factors, np.asarray(offsets, np.float64)))


@convert.register
def _(scaler: StandardScaler, graph: Graph) -> Graph:
    centre = scaler.mean_ if scaler.with_mean else None
    return _append_centred(graph, scaler.n_features_in_, centre, scaler.scale_)


@convert.register
def _(scaler: RobustScaler, graph: Graph) -> Graph:
    return _append_centred(graph, scaler.n_features_in_, scaler.center_, scaler.scale_)


@convert.register
def _(scaler: MaxAbsScaler, graph: Graph) -> Graph:
    graph = _append_centred(graph, scaler.n_features_in_, None, scaler.scale_)
    return graph.append(Clip(-1.0, 1.0)) if _clips(scaler) else graph


@convert.register
def _(scaler: MinMaxScaler, graph: Graph) -> Graph:
    graph = as_vector(graph).append(Affine(wide(scaler.scale_), wide(scaler.min_)))
    return graph.append(Clip(*map(float, scaler.feature_range))) if _clips(scaler) else graph


def _clips(scaler: MinMaxScaler | MaxAbsScaler) -> bool:
    """Whether it clips; MaxAbsScaler has no `clip` in older versions of scikit-learn."""
    return bool(getattr(scaler, "clip", False))


@convert.register
def _(normalizer: Normalizer, graph: Graph) -> Graph:
    return as_vector(graph).append(Normalize(normalizer.norm))


# ------------------------------------------------------------------------------- functions


@check.register
def _(transformer: FunctionTransformer) -> None:
    func = transformer.func
    if func is not None and func not in _FUNCTIONS:
        name = getattr(func, "__name__", repr(func))
        known = ", ".join(f"np.{known.__name__}" for known in _FUNCTIONS)
        advice = f"{BEFORE}; func=None and {known} convert"
        reason = f"func={name} is Python code, of which no C can be made"
        raise refuse(transformer, "func", advice, reason)
    if transformer.kw_args:
        raise refuse(transformer, "kw_args", "use kw_args=None")


def _appending(op: Op) -> Append:
    return lambda graph: graph.append(op)


def _curve(function: CurveFunction, **numbers: float) -> Append:
    return lambda graph: append_curve(graph, function, **numbers)


# `np.sqrt` of numbers >= 0 is a `Root`. Of others it is NaN, which a target has not.
_FUNCTIONS: dict[Any, Append] = {
    np.sqrt: _appending(Root()),
    np.absolute: _appending(Abs()),
    np.square: _appending(Square()),
    np.exp: _curve("exp"),
    np.exp2: _curve("exp", factor=np.log(2.0)),
    np.expm1: _curve("expm1"),
    np.cos: _appending(Cosine()),
    np.log: _curve("log"),
    np.log2: _curve("log", gain=1 / np.log(2.0)),
    np.log10: _curve("log", gain=1 / np.log(10.0)),
    np.log1p: _curve("log1p"),
    np.tanh: _curve("tanh"),
}


@convert.register
def _(transformer: FunctionTransformer, graph: Graph) -> Graph:
    return graph if transformer.func is None else _FUNCTIONS[transformer.func](graph)
