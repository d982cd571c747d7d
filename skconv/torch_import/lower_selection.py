"""Parts of tensors of torch as ops: some of their channels, a section of their space."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skconv.graph import Resize
from skconv.torch_import.builder import Builder, Value, unsupported
from skconv.torch_import.lower_layers import numbers
from skconv.torch_import.registry import lowers

_ALL = slice(None)


@lowers("getitem")
def item(build: Builder, x: Value, index: Any) -> Value:
    indices = list(index) if isinstance(index, tuple) else [index]
    if not all(i is None or i is Ellipsis or isinstance(i, int | slice) for i in indices):
        unsupported(f"index {index} of a tensor {('n', *x.shape)}; only numbers and slices")
    missing = [_ALL] * (len(x.shape) + 1 - sum(isinstance(i, int | slice) for i in indices))
    at = indices.index(Ellipsis) if Ellipsis in indices else len(indices)
    indices[at : at + 1] = missing
    if indices[0] != _ALL:
        unsupported("an index of samples, or an axis in front of them")
    return _part(build, x, indices[1:])


def _part(build: Builder, x: Value, parts: Sequence[int | slice | None]) -> Value:
    """An entry or a section of every axis of a sample; that of an entry goes, None is a new one."""
    x = build.settled(x)
    old = [part for part in parts if part is not None]
    if isinstance(old[0], int):
        unsupported(f"channel {old[0]} alone, without its axis")
    entries = [
        np.arange(n)[part : part + 1 or None] if isinstance(part, int) else np.arange(n)[part]
        for n, part in zip(x.shape, old, strict=True)
    ]
    lengths = [len(chosen) for chosen in entries]
    if 0 in lengths:
        unsupported(f"a part of {('n', *x.shape)} that is empty")
    result = build.selected(x, entries[0])
    if lengths[1:] != list(x.shape[1:]):
        rows, columns = (
            _chosen(chosen, n) for chosen, n in zip(_two(entries[1:]), x.space, strict=True)
        )
        result = build.mapped(Resize(rows, columns), result)
    left = iter(lengths)
    sizes = [(1 if part is None else next(left), part) for part in parts]
    return build.reshaped(result, tuple(n for n, part in sizes if not isinstance(part, int)))


def _two(entries: list[NDArray[np.intp]]) -> list[NDArray[np.intp]]:
    """Of rows and columns; a signal has one row."""
    return [np.arange(1), *entries][-2:]


def _chosen(entries: NDArray[np.intp], length: int) -> NDArray[np.float32]:
    """The matrix that takes some entries out of an axis."""
    return np.eye(length, dtype=np.float32)[entries]


def _along(build: Builder, x: Value, dim: int, part: int | slice) -> Value:
    axis = dim % (len(x.shape) + 1) - 1
    if axis < 0:
        unsupported("a part of the samples")
    parts: list[int | slice] = [_ALL] * len(x.shape)
    parts[axis] = part
    return _part(build, x, parts)


@lowers("slice")
def section(
    build: Builder, x: Value, dim: int = 0, start: Any = None, end: Any = None, step: int = 1
) -> Value:
    whole = start in (0, None) and (end is None or end >= build.n_samples) and step == 1
    if dim == 0 and whole:
        return x
    return _along(build, x, dim, slice(start, end, step))


@lowers("select")
def entry(build: Builder, x: Value, dim: int, index: int) -> Value:
    return _along(build, x, dim, index)


@lowers("index_select")
def index_select(build: Builder, x: Value, dim: int, index: Any) -> Value:
    if dim % (len(x.shape) + 1) != 1:
        unsupported(f"index_select along dim={dim}; only along channels")
    return build.selected(build.settled(x), numbers(index).astype(np.intp))


@lowers("narrow")
def narrow(build: Builder, x: Value, dim: int, start: int, length: int) -> Value:
    return _along(build, x, dim, slice(start, start + length))


@lowers("split", "split_with_sizes")
def split(build: Builder, x: Value, split_size_or_sections: Any, dim: int = 0) -> tuple[Value, ...]:
    length = (build.n_samples, *x.shape)[dim]
    sizes = split_size_or_sections
    if not isinstance(sizes, list | tuple):
        sizes = [min(sizes, length - start) for start in range(0, length, sizes)]
    ends = np.cumsum(sizes).tolist()
    return tuple(
        _along(build, x, dim, slice(end - size, end)) for size, end in zip(sizes, ends, strict=True)
    )


@lowers("chunk")
def chunk(build: Builder, x: Value, chunks: int, dim: int = 0) -> tuple[Value, ...]:
    length = (build.n_samples, *x.shape)[dim]
    return split(build, x, -(-length // chunks), dim)
