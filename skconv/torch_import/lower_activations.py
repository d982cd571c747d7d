"""Activations of torch as ops, and what does nothing when a network is evaluated."""

from __future__ import annotations

from typing import Any, get_args

import numpy as np

from skconv.graph import Activation, Clip, Relu
from skconv.graph.elementwise import ActivationFunction
from skconv.torch_import.builder import Builder, Value, unsupported
from skconv.torch_import.lower_arithmetic import add
from skconv.torch_import.lower_layers import numbers, per_channel
from skconv.torch_import.registry import LOWERINGS, lowers

_LARGEST = float(np.finfo(np.float32).max)


@lowers("relu")
def relu(build: Builder, x: Value, inplace: bool = False) -> Value:
    return build.pointwise(Relu(), x)


@lowers("relu6")
def relu6(build: Builder, x: Value, inplace: bool = False) -> Value:
    return build.pointwise(Clip(0.0, 6.0), x)


@lowers("hardtanh")
def hardtanh(
    build: Builder, x: Value, min_val: float = -1.0, max_val: float = 1.0, inplace: bool = False
) -> Value:
    return clamp(build, x, min_val, max_val)


@lowers("clamp", "clip")
def clamp(build: Builder, x: Value, min: Any = None, max: Any = None) -> Value:
    if isinstance(min, Value) or isinstance(max, Value):
        unsupported("clamp between tensors")
    if min == 0 and max is None:
        return build.pointwise(Relu(), x)
    low = -_LARGEST if min is None else float(min)
    high = _LARGEST if max is None else float(max)
    return build.pointwise(Clip(low, high), x)


@lowers("clamp_min")
def clamp_min(build: Builder, x: Value, min: Any) -> Value:
    return clamp(build, x, min)


@lowers("clamp_max")
def clamp_max(build: Builder, x: Value, max: Any) -> Value:
    return clamp(build, x, None, max)


@lowers("leaky_relu")
def leaky_relu(
    build: Builder, x: Value, negative_slope: float = 0.01, inplace: bool = False
) -> Value:
    return build.pointwise(Activation("leaky_relu", float(negative_slope)), x)


@lowers("prelu")
def prelu(build: Builder, x: Value, weight: Any) -> Value:
    """A slope for each channel: ``(1 - slope) max(x, 0) + slope x``."""
    slopes = numbers(weight)
    if len(slopes) == 1:
        return leaky_relu(build, x, slopes[0])
    above = per_channel(build, relu(build, x), 1 - slopes, 0.0)
    return add(build, above, per_channel(build, x, slopes, 0.0))


@lowers("elu")
def elu(
    build: Builder,
    x: Value,
    alpha: float = 1.0,
    scale: float = 1.0,
    input_scale: float = 1.0,
    inplace: bool = False,
) -> Value:
    if (alpha, scale, input_scale) != (1, 1, 1):
        unsupported(f"elu with alpha={alpha}; only 1")
    return build.pointwise(Activation("elu"), x)


@lowers("gelu")
def gelu(build: Builder, x: Value, approximate: str = "none") -> Value:
    return build.pointwise(Activation("gelu_tanh" if approximate == "tanh" else "gelu"), x)


@lowers("softplus")
def softplus(build: Builder, x: Value, beta: float = 1.0, threshold: float = 20.0) -> Value:
    if beta != 1:
        unsupported(f"softplus with beta={beta}; only 1")
    return build.pointwise(Activation("softplus"), x)


def _register(function: ActivationFunction) -> None:
    @lowers(function)
    def plain(build: Builder, x: Value, inplace: bool = False) -> Value:
        return build.pointwise(Activation(function), x)


# The others are called in torch what they are called here, and have no parameters.
for _function in get_args(ActivationFunction):
    if _function not in LOWERINGS:
        _register(_function)


@lowers(
    "dropout",
    "dropout1d",
    "dropout2d",
    "alpha_dropout",
    "feature_dropout",
    "feature_alpha_dropout",
    "stochastic_depth",
    "contiguous",
    "clone",
    "detach",
    "alias",
    "float",
    "lift_fresh_copy",
)
def nothing(build: Builder, x: Value, *args: Any, **kwargs: Any) -> Value:
    """Gone: it changes nothing in evaluation mode."""
    return x
