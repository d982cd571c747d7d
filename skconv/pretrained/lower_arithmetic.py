"""Sums, products and concatenation of torch as ops."""

from __future__ import annotations

from dataclasses import replace
from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from skconv.graph import Add, Concat, Multiply
from skconv.pretrained.builder import Builder, Value, unsupported
from skconv.pretrained.lower_layers import numbers, per_channel
from skconv.pretrained.registry import lowers


def _constant(x: Value, other: Any) -> NDArray[np.float64]:
    """A number, or a constant with a number for every channel of ``x``."""
    if isinstance(other, Real):
        return np.array([other], np.float64)
    values = numbers(other).astype(np.float64)
    rank = len(x.shape) + 1
    shape = (1,) * (rank - values.ndim) + values.shape
    if values.size != 1 and (len(shape) != rank or shape[1] != values.size):
        unsupported(f"a constant of shape {values.shape} with a tensor {('n', *x.shape)}")
    return values.ravel()


def _is_constant(value: Any) -> bool:
    return isinstance(value, Real | Tensor)


def _both(build: Builder, x: Value, y: Value) -> tuple[Value, Value]:
    """Two values ready to be combined; two of one flattened shape stay maps."""
    if x.flat and y.flat and build.specs[x.name].shape == build.specs[y.name].shape:
        return x, y
    return build.settled(x), build.settled(y)


@lowers("add", "iadd")
def add(build: Builder, x: Any, y: Any, *, alpha: float = 1) -> Value:
    if not isinstance(x, Value):
        x, y, alpha = _scaled(build, y, alpha), x, 1
    if _is_constant(y):
        return per_channel(build, x, 1.0, alpha * _constant(x, y))
    y = _scaled(build, y, alpha)
    if x.shape != y.shape:
        unsupported(f"a sum of shapes {x.shape} and {y.shape}")
    x, y = _both(build, x, y)
    return replace(x, name=build.add(Add(), x.name, y.name))


def _scaled(build: Builder, x: Any, factor: float) -> Any:
    """``factor * x``."""
    if factor == 1:
        return x
    return per_channel(build, x, factor, 0.0) if isinstance(x, Value) else factor * x


@lowers("sub", "isub", "subtract")
def sub(build: Builder, x: Any, y: Any, *, alpha: float = 1) -> Value:
    return add(build, x, y, alpha=-alpha)


@lowers("rsub")
def rsub(build: Builder, x: Any, y: Any, *, alpha: float = 1) -> Value:
    return sub(build, y, x, alpha=alpha)


@lowers("neg")
def neg(build: Builder, x: Value) -> Value:
    return per_channel(build, x, -1.0, 0.0)


@lowers("mul", "imul", "multiply")
def mul(build: Builder, x: Any, y: Any) -> Value:
    if not isinstance(x, Value):
        x, y = y, x
    if _is_constant(y):
        return per_channel(build, x, _constant(x, y), 0.0)
    if not _fits(x, y):
        x, y = y, x
    if not _fits(x, y):
        unsupported(f"a product of shapes {x.shape} and {y.shape}")
    x, y = _both(build, x, y)
    return replace(x, name=build.add(Multiply(), x.name, y.name))


def _fits(x: Value, gate: Value) -> bool:
    """Whether ``gate`` has the shape of ``x``, or a number for every channel of it."""
    return gate.shape in (x.shape, (x.shape[0], *(1 for _ in x.shape[1:])))


@lowers("div", "truediv", "itruediv", "true_divide")
def div(build: Builder, x: Any, y: Any, *, rounding_mode: Any = None) -> Value:
    if not isinstance(x, Value) or not _is_constant(y) or rounding_mode:
        unsupported("a quotient by a tensor")
    return per_channel(build, x, 1 / _constant(x, y), 0.0)


@lowers("cat", "concat", "concatenate")
def cat(build: Builder, tensors: Any, dim: int = 0, axis: int | None = None) -> Value:
    dim = dim if axis is None else axis
    if not all(isinstance(x, Value) for x in tensors):
        unsupported("concatenation with a constant")
    values = [build.settled(x) for x in tensors]
    rank = len(values[0].shape) + 1
    if dim % rank != 1:
        unsupported(f"concatenation along dim={dim}; only along channels")
    channels = sum(x.shape[0] for x in values)
    name = build.add(Concat(), *(x.name for x in values))
    return Value(name, (channels, *values[0].shape[1:]))
