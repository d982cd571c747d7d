"""Sums, products and concatenation of torch as ops."""

from __future__ import annotations

from dataclasses import replace
from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from skconv.graph import Add, Concat, Multiply
from skconv.torch_import.builder import NO_PADDING, Builder, Shape, Value, unsupported
from skconv.torch_import.lower_layers import numbers, per_channel
from skconv.torch_import.registry import lowers


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


def _common_shape(what: str, x: Value, y: Value) -> Shape:
    """Of two values, each repeated along the axes in which it has one entry."""
    pairs = zip(x.shape, y.shape, strict=False)
    if len(x.shape) != len(y.shape) or not all(a == b or 1 in (a, b) for a, b in pairs):
        unsupported(f"a {what} of shapes {x.shape} and {y.shape}")
    return tuple(max(a, b) for a, b in zip(x.shape, y.shape, strict=True))


@lowers("add", "iadd")
def add(build: Builder, x: Any, other: Any, *, alpha: float = 1) -> Value:
    if not isinstance(x, Value):
        x, other, alpha = _scaled(build, other, alpha), x, 1
    if _is_constant(other):
        return per_channel(build, x, 1.0, alpha * _constant(x, other))
    other = _scaled(build, other, alpha)
    shape = _common_shape("sum", x, other)
    x, other = _both(build, build.expanded(x, shape), build.expanded(other, shape))
    return replace(x, name=build.add(Add(), x.name, other.name))


def _scaled(build: Builder, x: Any, factor: float) -> Any:
    """``factor * x``."""
    if factor == 1:
        return x
    return per_channel(build, x, factor, 0.0) if isinstance(x, Value) else factor * x


@lowers("sub", "isub", "subtract")
def sub(build: Builder, x: Any, other: Any, *, alpha: float = 1) -> Value:
    return add(build, x, other, alpha=-alpha)


@lowers("rsub")
def rsub(build: Builder, x: Any, other: Any, *, alpha: float = 1) -> Value:
    return sub(build, other, x, alpha=alpha)


@lowers("neg")
def neg(build: Builder, x: Value) -> Value:
    return per_channel(build, x, -1.0, 0.0)


@lowers("mul", "imul", "multiply")
def mul(build: Builder, x: Any, other: Any) -> Value:
    if not isinstance(x, Value):
        x, other = other, x
    if _is_constant(other):
        return per_channel(build, x, _constant(x, other), 0.0)
    shape = _common_shape("product", x, other)
    if x.shape != shape or build.is_spread(x):
        x, other = other, x
    x = build.expanded(x, shape)
    if (gate := _gate(build, x, other)) is not None:
        x = build.settled(x)
        return replace(x, name=build.add(Multiply(), x.name, gate))
    x, other = _both(build, x, build.expanded(other, shape))
    return replace(x, name=build.add(Multiply(), x.name, other.name))


def _gate(build: Builder, x: Value, other: Value) -> str | None:
    """The tensor with a number for every channel of ``x`` that ``other`` is, if it is one."""
    is_plain = not other.flat and other.grid is None and other.padding == NO_PADDING
    one_pixel = (*(1 for _ in x.space), x.shape[0]) if x.is_map else x.shape
    found = build.specs[other.name].shape == one_pixel
    return other.name if is_plain and found else None


@lowers("div", "truediv", "itruediv", "true_divide")
def div(build: Builder, x: Any, other: Any, *, rounding_mode: Any = None) -> Value:
    if not isinstance(x, Value) or not _is_constant(other) or rounding_mode:
        unsupported("a quotient by a tensor")
    return per_channel(build, x, 1 / _constant(x, other), 0.0)


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
