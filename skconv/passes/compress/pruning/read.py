"""Which entries of its inputs an op reads for some entries of its result."""

from __future__ import annotations

from functools import singledispatch
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skconv.graph import (
    Affine,
    BothSigns,
    Concat,
    Conv,
    Divide,
    Linear,
    Magnitude,
    Op,
    Reshape,
    Select,
    SoftThreshold,
    TensorSpec,
    TentPool,
    TreeEnsemble,
)
from skconv.graph.ops import L2Pool, MaxPool, MeanPool, PoolGeometry

Mask = NDArray[np.bool_]
Masks = tuple[Mask, ...]
Array = NDArray[Any]


@singledispatch
def entries_read(op: Op, mask: Mask, *inputs: TensorSpec) -> Masks:
    """For each input which entries are read, where those of ``mask`` are wanted.

    All of them, where nothing is known of an op. An op that reads no entry at all still has to
    have an input of one.
    """
    if op.facts.role == "entrywise" and len(inputs) == 1:
        return (mask,)
    if op.facts.role == "spatial":
        return (_whole(inputs[0], channels_of(mask)),)
    return _all(*inputs)


def is_plain(op: Conv | Linear) -> bool:
    """Whether an op is nothing but its weights, so that some of them are an op, too."""
    return type(op) in (Conv, Linear) and op.coded is None


def _all(*inputs: TensorSpec) -> Masks:
    return tuple(np.ones(x.shape, bool) for x in inputs)


def channels_of(mask: Mask) -> Mask:
    """Channels of a map, or entries of a vector, of which something is wanted."""
    return np.asarray(mask.reshape(-1, mask.shape[-1]).any(axis=0))


def places_of(mask: Mask) -> Mask:
    """Pixels of a map of which something is wanted."""
    return np.asarray(mask.any(axis=-1))


def _whole(x: TensorSpec, channels: Mask) -> Mask:
    """Channels at every place of a map."""
    return np.broadcast_to(channels, x.shape)


@entries_read.register
def _(op: Affine, mask: Mask, *inputs: TensorSpec) -> Masks:
    return (mask,)


@entries_read.register
def _(op: Reshape, mask: Mask, *inputs: TensorSpec) -> Masks:
    (x,) = inputs
    if len(op.shape) == 1:
        return (mask.reshape(x.shape),)
    is_same = op.shape[-1] == x.shape[-1]
    return (_whole(x, channels_of(mask) if is_same else np.ones(x.shape[-1], bool)),)


@entries_read.register
def _(op: Select, mask: Mask, *inputs: TensorSpec) -> Masks:
    found = np.zeros(inputs[0].shape, bool)
    for place, index in enumerate(op.indices):
        found[..., index] |= mask[..., place]
    return (found,)


@entries_read.register
def _(op: Concat, mask: Mask, *inputs: TensorSpec) -> Masks:
    ends = np.cumsum([x.shape[-1] for x in inputs])[:-1]
    parts = np.split(channels_of(mask), ends)
    return tuple(_whole(x, part) for x, part in zip(inputs, parts, strict=True))


@entries_read.register
def _(op: Divide, mask: Mask, *inputs: TensorSpec) -> Masks:
    return _whole(inputs[0], channels_of(mask)), np.ones(inputs[1].shape, bool)


@entries_read.register(BothSigns)
@entries_read.register(SoftThreshold)
def _(op: BothSigns | SoftThreshold, mask: Mask, *inputs: TensorSpec) -> Masks:
    if isinstance(op, SoftThreshold) and not op.both_signs:
        return (mask,)
    positive, negative = np.split(mask, 2, axis=-1)
    return (positive | negative,)


@entries_read.register
def _(op: Magnitude, mask: Mask, *inputs: TensorSpec) -> Masks:
    return (np.concatenate([mask, mask], axis=-1),)


@entries_read.register
def _(op: Linear, mask: Mask, *inputs: TensorSpec) -> Masks:
    if not is_plain(op):
        return _all(*inputs)
    return (np.asarray(op.weights[mask].any(axis=0)),)


@entries_read.register
def _(op: TreeEnsemble, mask: Mask, *inputs: TensorSpec) -> Masks:
    """Trees are walked whole, whatever is wanted of them."""
    return (np.isin(np.arange(op.n_features), op.features),)


@entries_read.register(MeanPool)
@entries_read.register(MaxPool)
@entries_read.register(TentPool)
@entries_read.register(L2Pool)
def _(op: PoolGeometry, mask: Mask, *inputs: TensorSpec) -> Masks:
    found = np.zeros(inputs[0].shape, bool)
    if mask.all():
        return (~found,)
    (height, width), (down, right) = op.size, op.stride
    last_row, last_column = mask.shape[0] - 1, mask.shape[1] - 1
    for i, j in np.argwhere(places_of(mask)):
        # What is left behind the last window counts as its own: as where all of it is read.
        bottom = None if i == last_row else i * down + height
        end = None if j == last_column else j * right + width
        found[i * down : bottom, j * right : end] |= mask[i, j]
    return (found,)


@entries_read.register
def _(op: Conv, mask: Mask, *inputs: TensorSpec) -> Masks:
    (x,) = inputs
    if not is_plain(op):
        return _all(x)
    channels = _channels_read(op, channels_of(mask), x.shape[-1])
    return (_whole(x, channels) & _places_read(op, places_of(mask), x)[..., None],)


def _channels_read(op: Conv, wanted: Mask, n_channels: int) -> Mask:
    """Input channels for which a kernel that is wanted has a weight; groups stay whole."""
    has_weight = np.asarray(op.weights.any(axis=(1, 2)))  # (n_kernels, channels of a group)
    if op.shared:
        return np.asarray((wanted.reshape(n_channels, -1) & has_weight[:, 0]).any(axis=1))
    if op.groups == 1:
        return np.asarray(has_weight[wanted].any(axis=0))
    return np.repeat(np.asarray(wanted.reshape(op.groups, -1).any(axis=1)), n_channels // op.groups)


def _places_read(op: Conv, wanted: Mask, x: TensorSpec) -> Mask:
    """Pixels of the input in a window that is wanted; all of them where the border is a circle."""
    height, width, _ = x.shape
    if op.pad_mode != "zero" or wanted.all():
        return np.ones((height, width), bool)
    (top, bottom), (left, right) = op.padding
    padded = np.zeros((height + top + bottom, width + left + right), bool)
    rows, columns = op.window
    for i, j in np.argwhere(wanted):
        at = i * op.stride[0], j * op.stride[1]
        padded[at[0] : at[0] + rows, at[1] : at[1] + columns] = True
    return padded[top : top + height, left : left + width]
