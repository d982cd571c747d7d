"""Convolutions, linear layers and batch normalisation of torch as ops."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from skconv.graph import Affine, Conv, Linear, Reshape
from skconv.graph.spatial import Padding
from skconv.stages.geometry import Pair
from skconv.torch_import.builder import NO_PADDING, Builder, Value, unsupported
from skconv.torch_import.registry import lowers


def numbers(tensor: Any) -> NDArray[Any]:
    """A constant of the network as an array; float64 stays, all else becomes float32."""
    if isinstance(tensor, Tensor):
        tensor = tensor.detach().cpu()
        tensor = tensor.numpy() if tensor.dtype.itemsize == 8 else tensor.float().numpy()
    return np.asarray(tensor)


def two(value: Any, n_space: int, along_signal: int) -> Pair:
    """An int or a sequence of torch for height and width; a signal has no height."""
    values = [int(v) for v in value] if isinstance(value, list | tuple) else [int(value)]
    if n_space == 1:
        return along_signal, values[0]
    return (values[0], values[-1])


def float32(values: Any) -> NDArray[np.float32]:
    return np.ascontiguousarray(values, np.float32)


# ----------------------------------------------------------------------------- convolution


@lowers("conv1d", "conv2d")
def conv(
    build: Builder,
    x: Value,
    weight: Any,
    bias: Any = None,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
) -> Value:
    weights = numbers(weight)
    if weights.ndim == 3:
        weights = weights[:, :, np.newaxis]
    n_space = x.n_space
    dilation = two(dilation, n_space, 1)
    own = _padding(padding, n_space, weights.shape[2:], dilation)
    if x.pad_mode != "zero" and own != NO_PADDING:
        unsupported(f"{x.pad_mode} padding inside of zero padding")
    op = Conv(
        float32(weights.transpose(0, 2, 3, 1)),
        np.zeros(len(weights), np.float32) if bias is None else float32(numbers(bias)),
        two(stride, n_space, 1),
        _sum(own, x.padding),
        x.pad_mode if x.padding != NO_PADDING else "zero",  # type: ignore[arg-type]
        dilation,
        int(groups),
    )
    return build.mapped(op, build.without_border(x))


def _padding(padding: Any, n_space: int, kernel: tuple[int, ...], dilation: Pair) -> Padding:
    if padding == "valid":
        return NO_PADDING
    if padding == "same":
        totals = [d * (k - 1) for k, d in zip(kernel, dilation, strict=True)]
        (top, left), (rows, columns) = [t // 2 for t in totals], totals
        return (top, rows - top), (left, columns - left)
    rows, columns = two(padding, n_space, 0)
    return (rows, rows), (columns, columns)


def _sum(first: Padding, second: Padding) -> Padding:
    (top, bottom), (left, right) = first
    (more_top, more_bottom), (more_left, more_right) = second
    return (top + more_top, bottom + more_bottom), (left + more_left, right + more_right)


@lowers("linear")
def linear(build: Builder, x: Value, weight: Any, bias: Any = None) -> Value:
    if x.is_map:
        unsupported(f"a linear layer on a map {x.shape}")
    weights = numbers(weight)
    offsets = np.zeros(len(weights)) if bias is None else numbers(bias)
    name = x.name
    if x.flat:
        weights = build.in_map_order(weights, x)
        name = build.add(Reshape(x.shape), name)
    name = build.add(Linear(float32(weights), float32(offsets)), name)
    return Value(name, (len(weights),))


# --------------------------------------------------------------------- batch normalisation


@lowers("batch_norm")
def batch_norm(
    build: Builder,
    x: Value,
    mean: Any,
    var: Any,
    weight: Any = None,
    bias: Any = None,
    training: bool = False,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Value:
    if training or mean is None or var is None:
        unsupported("batch normalisation by the statistics of the batch")
    factors = 1 / np.sqrt(numbers(var).astype(np.float64) + eps)
    if weight is not None:
        factors = factors * numbers(weight)
    offsets = -factors * numbers(mean)
    if bias is not None:
        offsets = offsets + numbers(bias)
    return per_channel(build, x, factors, offsets)


@lowers("aten.batch_norm")
def aten_batch_norm(
    build: Builder,
    x: Value,
    weight: Any,
    bias: Any,
    mean: Any,
    var: Any,
    training: bool,
    momentum: float,
    eps: float,
    cudnn: bool = False,
) -> Value:
    return batch_norm(build, x, mean, var, weight, bias, training, momentum, eps)


def per_channel(build: Builder, x: Value, factors: Any, offsets: Any) -> Value:
    """``x * factors + offsets`` with a number for every channel, or for every entry."""
    factors, offsets = (
        np.broadcast_to(np.asarray(v, np.float64).ravel(), (x.shape[0],))
        for v in (factors, offsets)
    )
    if x.flat:
        per_channel_of_map = build.settled(x)
        return per_channel(build, per_channel_of_map, factors, offsets)
    # In float64 until it is known whether it goes into weights: rounded once.
    return build.pointwise(Affine(np.array(factors), np.array(offsets)), x)
