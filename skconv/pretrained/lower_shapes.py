"""Shapes, flattening and borders of torch as ops."""

from __future__ import annotations

from typing import Any

from skconv.pretrained.builder import Builder, Value, size, unsupported
from skconv.pretrained.registry import lowers


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
        unsupported("flatten over samples: want start_dim=1")
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


@lowers("view", "reshape", "unsafe_view")
def view(build: Builder, x: Value, *shape: Any) -> Value:
    wanted = list(shape[0]) if len(shape) == 1 and isinstance(shape[0], list | tuple) else [*shape]
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


@lowers("pad", "constant_pad_nd")
def pad(build: Builder, x: Value, pad: Any, mode: Any = "constant", value: Any = None) -> Value:
    if not isinstance(mode, str):
        mode, value = "constant", mode
    if mode not in ("constant", "circular") or (mode == "constant" and value):
        unsupported(f"padding with mode={mode!r}, value={value!r}; only zeros, or circular")
    pads = [int(n) for n in pad] + [0] * 4
    left, right, top, bottom = pads[:4]
    if not x.is_map or any(pads[4:]) or min(pads) < 0 or (x.n_space == 1 and top + bottom):
        unsupported(f"padding {tuple(pad)} of a tensor {('n', *x.shape)}")
    if (left, right, top, bottom) == (0, 0, 0, 0):
        return x
    x = build.padded(x)
    channels, *space = x.shape
    grown = (top + bottom, left + right)[2 - len(space) :]
    shape = (channels, *(n + more for n, more in zip(space, grown, strict=True)))
    kind = "zero" if mode == "constant" else mode
    return Value(x.name, shape, False, ((top, bottom), (left, right)), kind)
