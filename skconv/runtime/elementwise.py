"""Sums, products and activations of two tensors or one: on floats, then on integers."""

from __future__ import annotations

from collections.abc import Callable
from math import pi, sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import erf, expit

from skconv.graph import Activation, Add, Multiply, QActivation, QAdd, QMultiply
from skconv.runtime import fixed, reference

Batch = NDArray[Any]

SELU_SCALE = 1.0507009873554804934193349852946
SELU_ALPHA = 1.6732632423543772848170429916717


@reference.evaluate.register
def _(op: Add, first: Batch, second: Batch) -> Batch:
    return first + second


@reference.evaluate.register
def _(op: Multiply, first: Batch, second: Batch) -> Batch:
    return first * second


@reference.evaluate.register
def _(op: Activation, x: Batch) -> Batch:
    if op.function == "leaky_relu":
        return np.where(x > 0, x, op.slope * x)
    return FUNCTIONS[op.function](x)


@fixed.evaluate.register
def _(op: QAdd, first: Batch, second: Batch) -> Batch:
    terms = (
        x.astype(np.int64) * factor for x, factor in zip((first, second), op.factors, strict=True)
    )
    return fixed.requantize(sum(terms), op.requantization)  # type: ignore[arg-type]


@fixed.evaluate.register
def _(op: QMultiply, first: Batch, second: Batch) -> Batch:
    product = first.astype(np.int64) * second.astype(np.int64)
    return fixed.requantize(product, op.requantization)


@fixed.evaluate.register
def _(op: QActivation, x: Batch) -> Batch:
    return op.table[x.astype(np.int64) & 255]


def hard_sigmoid(x: Batch) -> Batch:
    return np.clip(x / 6 + 0.5, 0, 1)


def gelu_tanh(x: Batch) -> Batch:
    return x * (1 + np.tanh(sqrt(2 / pi) * (x + 0.044715 * x**3))) / 2


def elu(x: Batch) -> Batch:
    return np.where(x > 0, x, np.expm1(np.minimum(x, 0)))


def selu(x: Batch) -> Batch:
    return SELU_SCALE * np.where(x > 0, x, SELU_ALPHA * np.expm1(np.minimum(x, 0)))


def softplus(x: Batch) -> Batch:
    return np.logaddexp(x, 0)


FUNCTIONS: dict[str, Callable[[Batch], Batch]] = {
    "sigmoid": expit,
    "hardsigmoid": hard_sigmoid,
    "silu": lambda x: x * expit(x),
    "hardswish": lambda x: x * hard_sigmoid(x),
    "gelu": lambda x: x * (1 + erf(x / sqrt(2))) / 2,
    "gelu_tanh": gelu_tanh,
    "tanh": np.tanh,
    "elu": elu,
    "selu": selu,
    "softplus": softplus,
    "mish": lambda x: x * np.tanh(softplus(x)),
}
