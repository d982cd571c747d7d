"""Pooling and resampling of torch as ops."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skconv.graph import MaxPool, MeanPool, Op, Pad, Reshape, Resize, SumPool, Upsample
from skconv.stages.geometry import Pair
from skconv.torch_import.builder import Builder, Value, graph_shape, unsupported
from skconv.torch_import.lower_layers import two
from skconv.torch_import.registry import lowers


@lowers("max_pool1d", "max_pool2d")
def max_pool(
    build: Builder,
    x: Value,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    dilation: Any = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Value:
    if two(dilation, x.n_space, 1) != (1, 1) or return_indices:
        unsupported("max pooling with dilation or indices")
    size, step, border = _geometry(x, kernel_size, stride, padding)
    x = build.padded(x)
    if border != (0, 0) or ceil_mode:
        ends = _ends(x.space, size, step, border, ceil_mode)
        (top, left), (bottom, right) = border, ends
        if (top, left, bottom, right) != (0, 0, 0, 0):
            x = build.mapped(Pad(((top, bottom), (left, right)), "lowest"), x)
    return build.mapped(MaxPool(size, step), x)


@lowers("avg_pool1d", "avg_pool2d")
def avg_pool(
    build: Builder,
    x: Value,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
) -> Value:
    if divisor_override is not None:
        unsupported("average pooling with divisor_override")
    size, step, border = _geometry(x, kernel_size, stride, padding)
    x = build.padded(x)
    if border != (0, 0) and not count_include_pad:
        return build.mapped(_means_inside(x.space, size, step, border, ceil_mode), x)
    if ceil_mode and _ends(x.space, size, step, border, True) != border:
        return build.mapped(_means_inside(x.space, size, step, border, True), x)
    if border != (0, 0):
        (top, left) = border
        x = build.mapped(Pad(((top, top), (left, left))), x)
    return build.mapped(MeanPool(size, step), x)


def _geometry(x: Value, kernel_size: Any, stride: Any, padding: Any) -> tuple[Pair, Pair, Pair]:
    size = two(kernel_size, x.n_space, 1)
    step = two(stride, x.n_space, 1) if stride not in (None, [], ()) else size
    return size, step, two(padding, x.n_space, 0)


def _counts(space: Pair, size: Pair, step: Pair, border: Pair, ceil_mode: bool) -> Pair:
    """How many windows there are along each axis, as torch counts them."""

    def count(length: int, window: int, stride: int, pad: int) -> int:
        room = length + 2 * pad - window
        n = -(-room // stride) + 1 if ceil_mode else room // stride + 1
        # The last window must begin inside of the map or of its border before it.
        return n - 1 if ceil_mode and (n - 1) * stride >= length + pad else n

    rows, columns = map(count, space, size, step, border)
    return rows, columns


def _ends(space: Pair, size: Pair, step: Pair, border: Pair, ceil_mode: bool) -> Pair:
    """The border below and to the right that the last windows need."""
    counts = _counts(space, size, step, border, ceil_mode)

    def end(count: int, length: int, window: int, stride: int, pad: int) -> int:
        return max((count - 1) * stride + window - length - pad, 0)

    bottom, right = map(end, counts, space, size, step, border)
    return bottom, right


def _means_inside(space: Pair, size: Pair, step: Pair, border: Pair, ceil_mode: bool) -> Resize:
    """Means over that part of every window that lies on the map."""
    if ceil_mode and border != (0, 0):
        unsupported("average pooling with padding and ceil_mode")
    counts = _counts(space, size, step, border, ceil_mode)
    rows, columns = (
        _means(
            length,
            [(max(i * s - p, 0), min(i * s - p + window, length)) for i in range(count)],
        )
        for length, window, s, p, count in zip(space, size, step, border, counts, strict=True)
    )
    return Resize(rows, columns)


def _means(length: int, windows: list[tuple[int, int]]) -> NDArray[np.float32]:
    """A matrix whose rows are means over windows ``[start, end)``."""
    matrix = np.zeros((len(windows), length), np.float32)
    for row, (start, end) in zip(matrix, windows, strict=True):
        row[start:end] = 1 / (end - start)
    return matrix


# --------------------------------------------------------------------- adaptive and global


def _adaptive_windows(length: int, count: int) -> list[tuple[int, int]]:
    """Windows ``[start, end)`` of adaptive pooling."""
    return [(i * length // count, -(-(i + 1) * length // count)) for i in range(count)]


def _equal(windows: list[tuple[int, int]]) -> tuple[int, int] | None:
    """Size and step of windows, where all have the same."""
    sizes = {end - start for start, end in windows}
    starts = [start for start, _ in windows]
    steps = {b - a for a, b in pairwise(starts)} or set(sizes)
    return (sizes.pop(), steps.pop()) if len(sizes) == len(steps) == 1 else None


def _adaptive(build: Builder, x: Value, output_size: Any, pool: type[MaxPool | MeanPool]) -> Value:
    wanted = output_size if isinstance(output_size, list | tuple) else [output_size] * x.n_space
    counts = [n or length for n, length in zip(wanted, x.shape[1:], strict=True)]
    x = build.padded(x)
    axes = [
        _adaptive_windows(length, count)
        for length, count in zip(x.space, [1, *counts][-2:], strict=True)
    ]
    equal = [_equal(windows) for windows in axes]
    op: Op
    if equal[0] and equal[1]:
        (height, down), (width, right) = equal[0], equal[1]
        op = pool((height, width), (down, right))
    elif pool is MeanPool:
        rows, columns = (_means(n, w) for n, w in zip(x.space, axes, strict=True))
        op = Resize(rows, columns)
    else:
        return unsupported(f"adaptive max pooling of {x.space} to {tuple(counts)}: unequal windows")
    return build.mapped(op, x)


@lowers("adaptive_avg_pool1d", "adaptive_avg_pool2d")
def adaptive_avg_pool(build: Builder, x: Value, output_size: Any) -> Value:
    return _adaptive(build, x, output_size, MeanPool)


@lowers("adaptive_max_pool1d", "adaptive_max_pool2d")
def adaptive_max_pool(
    build: Builder, x: Value, output_size: Any, return_indices: bool = False
) -> Value:
    if return_indices:
        unsupported("max pooling with indices")
    return _adaptive(build, x, output_size, MaxPool)


@lowers("mean")
def mean(
    build: Builder, x: Value, dim: Any = None, keepdim: bool = False, dtype: Any = None
) -> Value:
    return _over_space(build, x, dim, keepdim, MeanPool)


@lowers("sum")
def total(
    build: Builder, x: Value, dim: Any = None, keepdim: bool = False, dtype: Any = None
) -> Value:
    return _over_space(build, x, dim, keepdim, SumPool)


@lowers("amax")
def amax(build: Builder, x: Value, dim: Any = (), keepdim: bool = False) -> Value:
    return _over_space(build, x, dim, keepdim, MaxPool)


def _over_space(
    build: Builder, x: Value, dim: Any, keepdim: bool, pool: type[MaxPool | MeanPool]
) -> Value:
    """Pooling over whole axes."""
    dims = dim if isinstance(dim, list | tuple) else [dim]
    if not x.is_map or None in dims or not dims:
        unsupported(f"{pool.__name__[:-4].lower()} over dim={dim} of {('n', *x.shape)}")
    axes = {d % (len(x.shape) + 1) - 1 for d in dims}  # of a sample
    if not all(axis >= 1 for axis in axes):
        unsupported(f"{pool.__name__[:-4].lower()} over samples or channels: dim={dim}")
    x = build.padded(x)
    window = [n if axis in axes else 1 for axis, n in enumerate(x.shape) if axis]
    height, width = [1, *window][-2:]
    pooled = build.mapped(pool((height, width), (height, width)), x)
    if keepdim:
        return pooled
    shape = tuple(n for axis, n in enumerate(x.shape) if axis not in axes)
    if graph_shape(shape) == build.specs[pooled.name].shape:
        return Value(pooled.name, shape)
    return Value(build.add(Reshape(graph_shape(shape)), pooled.name), shape)


# ------------------------------------------------------------------------------ resampling


def _factors(x: Value, scale: Any) -> list[float]:
    """By which the axes of space grow."""
    factors = scale if isinstance(scale, list | tuple) else [scale] * x.n_space
    return [float(factor) for factor in factors]


def _scaled_size(x: Value, scale: Any) -> list[int]:
    return [int(n * factor) for n, factor in zip(x.shape[1:], _factors(x, scale), strict=True)]


def _resized(build: Builder, x: Value, size: Any, scale: Any, mode: str, **options: Any) -> Value:
    """``x`` of another size; a scale that does not lead to whole pixels is taken as it is."""
    x = build.padded(x)
    target = two(_scaled_size(x, scale) if size is None else size, x.n_space, 1)
    down, right = (new / old for new, old in zip(target, x.space, strict=True))
    if size is None:
        down, right = [1.0, *_factors(x, scale)][-2:]
    if mode == "nearest" and all(f >= 1 and f == int(f) for f in (down, right)):
        return build.mapped(Upsample((int(down), int(right))), x)
    from skconv.torch_import.resampling import resampling_matrix

    rows, columns = (
        resampling_matrix(old, new, mode, scale=factor, **options)
        for old, new, factor in zip(x.space, target, (down, right), strict=True)
    )
    return build.mapped(Resize(rows, columns), x)


@lowers("interpolate")
def interpolate(
    build: Builder,
    x: Value,
    size: Any = None,
    scale_factor: Any = None,
    mode: str = "nearest",
    align_corners: bool | None = None,
    recompute_scale_factor: bool | None = None,
    antialias: bool = False,
) -> Value:
    if recompute_scale_factor:
        size = _scaled_size(x, scale_factor)
    if mode == "linear":
        mode = "bilinear"
    if mode not in ("nearest", "nearest-exact", "bilinear", "bicubic", "area"):
        unsupported(f"interpolate with mode={mode!r}")
    return _resized(
        build, x, size, scale_factor, mode, align_corners=align_corners, antialias=antialias
    )


@lowers("upsample_nearest1d", "upsample_nearest2d")
def upsample_nearest(build: Builder, x: Value, size: Any, scale: Any = None) -> Value:
    return _resized(build, x, size, scale, "nearest")


def _register_smooth(name: str, mode: str, antialias: bool) -> None:
    @lowers(name)
    def upsample_smooth(
        build: Builder, x: Value, size: Any, align_corners: bool, scale: Any = None
    ) -> Value:
        options = {"align_corners": align_corners, "antialias": antialias}
        return _resized(build, x, size, scale, mode, **options)


for _mode in ("bilinear", "bicubic"):
    _register_smooth(f"upsample_{_mode}2d", _mode, antialias=False)
    _register_smooth(f"upsample_{_mode}2d_aa", _mode, antialias=True)
_register_smooth("upsample_linear1d", "bilinear", antialias=False)
