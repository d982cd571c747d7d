"""Shapes, flattening and borders of torch as ops."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from skconv.graph import Conv
from skconv.torch_import.builder import Builder, Value, size, unsupported
from skconv.torch_import.registry import lowers


@lowers("size", "sym_size")
def shape_of(build: Builder, x: Value, dim: int | None = None) -> Any:
    shape = (build.n_samples, *x.shape)
    return shape if dim is None else shape[dim]


@lowers("dim")
def n_axes(build: Builder, x: Value) -> int:
    return len(x.shape) + 1


@lowers("getattr")
def attribute(build: Builder, x: Value, name: str) -> Any:
    if name not in ("shape", "ndim"):
        unsupported(f"attribute {name!r} of a tensor")
    return shape_of(build, x) if name == "shape" else n_axes(build, x)


@lowers("flatten")
def flatten(build: Builder, x: Value, start_dim: int = 0, end_dim: int = -1) -> Value:
    rank = len(x.shape) + 1
    start, end = start_dim % rank, end_dim % rank
    if start == 0:
        unsupported("flatten over samples: expected start_dim=1")
    merged = size(x.shape[start - 1 : end])
    return build.reshaped(x, (*x.shape[: start - 1], merged, *x.shape[end:]))


@lowers("unflatten")
def unflatten(build: Builder, x: Value, dim: int, sizes: Any) -> Value:
    at = dim % (len(x.shape) + 1) - 1
    if at < 0:
        unsupported("unflatten of samples")
    known = list(sizes)
    if -1 in known:
        known[known.index(-1)] = x.shape[at] // -size(tuple(known))
    return build.reshaped(x, (*x.shape[:at], *known, *x.shape[at + 1 :]))


def _listed(numbers: tuple[Any, ...]) -> list[Any]:
    """Of arguments that torch takes one by one or in a sequence."""
    one_by_one = len(numbers) != 1 or not isinstance(numbers[0], list | tuple)
    return list(numbers) if one_by_one else list(numbers[0])


@lowers("view", "reshape", "unsafe_view")
def view(build: Builder, x: Value, *shape: Any) -> Value:
    wanted = _listed(shape)
    n_samples = build.n_samples
    whole = n_samples * size(x.shape)
    if -1 in wanted:
        known = -size(tuple(wanted))
        wanted[wanted.index(-1)] = whole // known
    if wanted[0] != n_samples or size(tuple(wanted)) != whole:
        unsupported(f"view of {('n', *x.shape)} as {tuple(shape)}: samples must stay apart")
    return build.reshaped(x, tuple(wanted[1:]))


@lowers("squeeze")
def squeeze(build: Builder, x: Value, dim: Any = None) -> Value:
    rank = len(x.shape) + 1
    dims = range(1, rank) if dim is None else dim if isinstance(dim, list | tuple) else [dim]
    gone = {d % rank - 1 for d in dims}
    shape = tuple(n for i, n in enumerate(x.shape) if n != 1 or i not in gone)
    return build.reshaped(x, shape or (1,))


@lowers("unsqueeze")
def unsqueeze(build: Builder, x: Value, dim: int) -> Value:
    at = dim % (len(x.shape) + 2) - 1
    if at < 1:
        unsupported(f"unsqueeze of dim={dim}: only behind the channels")
    return build.reshaped(x, (*x.shape[:at], 1, *x.shape[at:]))


@lowers("expand")
def expand(build: Builder, x: Value, *sizes: Any, implicit: bool = False) -> Value:
    wanted = _listed(sizes)
    if len(wanted) != len(x.shape) + 1 or wanted[0] not in (-1, build.n_samples):
        unsupported(f"expand of {('n', *x.shape)} to {tuple(wanted)}")
    shape = tuple(old if new == -1 else new for old, new in zip(x.shape, wanted[1:], strict=True))
    return build.expanded(x, shape)


@lowers("expand_as")
def expand_as(build: Builder, x: Value, other: Value) -> Value:
    return build.expanded(x, other.shape)


@lowers("transpose", "swapaxes", "swapdims")
def transpose(build: Builder, x: Value, dim0: int, dim1: int) -> Value:
    dims = list(range(len(x.shape) + 1))
    dims[dim0], dims[dim1] = dims[dim1], dims[dim0]
    return permute(build, x, dims)


@lowers("permute")
def permute(build: Builder, x: Value, *dims: Any) -> Value:
    """Of the two axes that channels were split into: a step of a channel shuffle."""
    wanted = _listed(dims)
    axes = [d % (len(x.shape) + 1) for d in wanted]
    if axes == list(range(len(axes))):
        return x
    if x.grid is None or axes != [0, 2, 1, *range(3, len(axes))]:
        unsupported(f"permutation {tuple(wanted)} of a tensor {('n', *x.shape)}")
    rows, columns, *space = x.shape
    return replace(x, shape=(columns, rows, *space), grid=x.grid.T)


@lowers("channel_shuffle")
def channel_shuffle(build: Builder, x: Value, groups: int) -> Value:
    order = np.arange(x.shape[0]).reshape(groups, -1).T
    return build.selected(build.settled(x), order.ravel())


def _more_channels(build: Builder, x: Value, before: int, after: int) -> Value:
    """Channels of zeros: kernels of one pixel, of which these are 0."""
    weights = np.pad(np.eye(x.shape[0], dtype=np.float32), ((before, after), (0, 0)))
    conv = Conv(weights[:, np.newaxis, np.newaxis], np.zeros(len(weights), np.float32))
    return build.mapped(conv, x)


@lowers("pad", "constant_pad_nd")
def pad(build: Builder, x: Value, pad: Any, mode: Any = "constant", value: Any = None) -> Value:
    if not isinstance(mode, str):
        mode, value = "constant", mode
    if mode not in ("constant", "circular") or (mode == "constant" and value):
        unsupported(f"padding with mode={mode!r}, value={value!r}; only zeros, or circular")
    sides = [int(n) for n in pad] + [0] * 6
    space, (before, after), others = sides[: 2 * x.n_space], sides[2 * x.n_space :][:2], sides[6:]
    if not x.is_map or any(others) or min(sides) < 0 or (mode == "circular" and before + after):
        unsupported(f"padding {tuple(pad)} of a tensor {('n', *x.shape)}")
    if before + after:
        x = _more_channels(build, x, before, after)
    left, right, top, bottom = [*space, 0, 0][:4]
    if (left, right, top, bottom) == (0, 0, 0, 0):
        return x
    x = build.padded(x)
    channels, *space = x.shape
    grown = (top + bottom, left + right)[2 - len(space) :]
    shape = (channels, *(n + more for n, more in zip(space, grown, strict=True)))
    kind = "zero" if mode == "constant" else mode
    return Value(x.name, shape, False, ((top, bottom), (left, right)), kind)
