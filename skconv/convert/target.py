"""A regressor of a transformed target: the values go back the way that they came."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.compose import TransformedTargetRegressor
from sklearn.preprocessing import (
    FunctionTransformer,
    MaxAbsScaler,
    MinMaxScaler,
    RobustScaler,
    StandardScaler,
)
from sklearn.utils.validation import check_is_fitted

from skconv.convert.core import as_vector, check, convert, float32, inside, refuse
from skconv.graph import Affine, Graph, Linear, Square

_SCALERS = (MaxAbsScaler, MinMaxScaler, RobustScaler, StandardScaler)


def _is_square(transformer: Any) -> bool:
    return isinstance(transformer, FunctionTransformer) and transformer.inverse_func is np.square


def _is_identity(transformer: Any) -> bool:
    return isinstance(transformer, FunctionTransformer) and transformer.inverse_func is None


@check.register
def _(model: TransformedTargetRegressor) -> None:
    check_is_fitted(model)
    with inside("regressor_"):
        check(model.regressor_)
    transformer = model.transformer_
    if isinstance(transformer, MinMaxScaler) and transformer.clip:
        raise refuse(model, "transformer", "use MinMaxScaler(clip=False)")
    if not (
        isinstance(transformer, _SCALERS) or _is_square(transformer) or _is_identity(transformer)
    ):
        advice = (
            "use StandardScaler, MinMaxScaler, MaxAbsScaler, RobustScaler or inverse_func="
            "np.square; else convert its regressor_, and apply the function to what the C returns"
        )
        given = "inverse_func" if model.transformer is None else "transformer"
        raise refuse(model, given, advice)


@convert.register
def _(model: TransformedTargetRegressor, graph: Graph) -> Graph:
    graph = as_vector(convert(model.regressor_, graph))
    if _is_identity(model.transformer_):
        return graph
    if _is_square(model.transformer_):
        return graph.append(Square())
    factors, offsets = _inverse(model.transformer_, graph.output.size)
    last = graph.nodes[-1]
    if isinstance(last.op, Linear):
        layer = Linear(
            float32(last.op.weights * factors[:, None]),
            float32(last.op.bias * factors + offsets),
        )
        return Graph(graph.input, graph.nodes[:-1]).append(layer, *last.inputs)
    return graph.append(Affine(float32(factors), float32(offsets)))


def _inverse(scaler: Any, size: int) -> tuple[Any, Any]:
    """The factor and the offset of each value, from those of 0 and 1."""
    offsets, ends = scaler.inverse_transform(np.array([np.zeros(size), np.ones(size)]))
    return ends - offsets, offsets
