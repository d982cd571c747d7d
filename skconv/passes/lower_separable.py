"""How separable convolutions become integers: their factors are integers already."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skconv.graph import Conv, Hash, QSeparableConv, SeparableConv, TensorSpec
from skconv.graph.core import Node
from skconv.graph.integer import row_bound
from skconv.graph.limits import ACCUMULATOR_MAX
from skconv.passes.lower import conv_rule, lower
from skconv.passes.lowering import Lowering
from skconv.passes.scales import TOLERANCE, integer_bias

Array = NDArray[Any]


@lower.register
def _(op: SeparableConv, node: Node, lowering: Lowering) -> None:
    """With its factors; as any other convolution where the weights are theirs no longer."""
    geometry = {
        f.name: getattr(op, f.name) for f in fields(Conv) if f.name not in ("weights", "bias")
    }
    (name,) = node.inputs
    source = lowering.read(name, lowering.conv_limit(node))
    x = lowering.graph.specs[source]
    whole = op.factors.weights(op.groups, op.weights.shape[3])
    scales = factor_scales(op, whole, x)
    if scales is None or _is_hashed(node, lowering):
        lower.dispatch(Conv)(Conv(op.weights, op.bias, **geometry), node, lowering)
        return
    bias = integer_bias(op.bias.astype(np.float64), scales, x)
    result, rule = conv_rule(node, lowering, scales * x.scale, row_bound(whole, bias, x))
    integer = QSeparableConv(whole, bias, **geometry, requantization=rule, factors=op.factors)
    lowering.add(result, integer, source)


def factor_scales(op: SeparableConv, whole: Array, x: TensorSpec) -> Array | None:
    """The positive number that makes products of factors the weights of each kernel.

    None where there is none, or where sums of such integers might not fit int32.
    """
    products = whole.reshape(len(whole), -1).astype(np.float64)
    weights = op.weights.reshape(len(whole), -1).astype(np.float64)
    squares = (products**2).sum(axis=1)
    scales = (products * weights).sum(axis=1) / np.where(squares > 0, squares, 1.0)
    scales = np.where(squares > 0, scales, 1.0)
    if not (scales > 0).all():
        return None
    # Float32 has rounded the weights.
    tolerated = TOLERANCE + np.finfo(np.float32).eps * np.abs(products).max(axis=1)
    errors = np.abs(weights / scales[:, None] - products).max(axis=1)
    bound = np.abs(products).sum(axis=1) * x.magnitude + np.abs(op.bias) / (scales * x.scale) + 1
    return scales if (errors <= tolerated).all() and bound.max() <= ACCUMULATOR_MAX else None


def _is_hashed(node: Node, lowering: Lowering) -> bool:
    return any(isinstance(user.op, Hash) for user in lowering.source.users(node.name))
