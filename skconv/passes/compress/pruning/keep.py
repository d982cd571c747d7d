"""Ops on some channels and places of their inputs, for some of their result."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import singledispatch

import numpy as np

from skconv.graph import (
    Affine,
    BothSigns,
    Concat,
    Conv,
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
from skconv.passes.compress.base import Array
from skconv.passes.compress.pruning.places import Range, pooled, windowed
from skconv.passes.compress.pruning.read import Mask, channels_of, is_plain, places_of

Places = tuple[Range, ...]


@dataclass(frozen=True)
class Kept:
    """What is left of a tensor.

    Attributes
    ----------
    spec : TensorSpec
        As it was.
    channels : ndarray of int
        Channels of a map, or entries of a vector; none: nothing is left.
    places : tuple of (first, end)
        Rows and columns of a map.
    """

    spec: TensorSpec
    channels: Array
    places: Places = ()

    @classmethod
    def whole(cls, spec: TensorSpec) -> Kept:
        """All of a tensor."""
        return cls(spec, np.arange(spec.shape[-1]), tuple((0, n) for n in spec.shape[:-1]))

    @property
    def n_channels(self) -> int:
        """How many there were."""
        return self.spec.shape[-1]

    @property
    def shape(self) -> tuple[int, ...]:
        """Of what is left."""
        return (*(end - first for first, end in self.places), len(self.channels))

    def among(self, wanted: Array) -> Array:
        """Where channels stand among those that are left."""
        return np.searchsorted(self.channels, wanted)

    @property
    def numbers(self) -> Array:
        """The entries that are left, in the order of the whole tensor."""
        everything = np.arange(self.spec.size).reshape(self.spec.shape)
        return everything[tuple(slice(*place) for place in self.places)][..., self.channels].ravel()


@dataclass(frozen=True)
class Restricted:
    """An op on what is left.

    Attributes
    ----------
    op : Op or None
        None: its input is the result.
    channels, places
        Of its result, as in `Kept`.
    selected : mapping of int to ndarray of int
        Of which inputs it cannot do with all that is left, and where what it reads stands.
    """

    op: Op | None
    channels: Array
    places: Places = ()
    selected: Mapping[int, Array] = field(default_factory=dict)


@singledispatch
def restricted(op: Op, mask: Mask, step: tuple[int, int], *inputs: Kept) -> Restricted:
    """An op that computes at least the entries of ``mask`` from what is left of its inputs.

    Rows and columns that it leaves out at the top and at the left are multiples of ``step``.
    An op of which nothing is known reads all of every input, so that all of it is left.
    """
    if op.facts.role == "entrywise" and len(inputs) == 1:
        return Restricted(op, inputs[0].channels, inputs[0].places)
    whole = _whole(op, mask)
    if op.facts.role == "spatial" or type(op).__name__ == "Divide":
        return Restricted(op, inputs[0].channels, whole.places)
    if mask.ndim == 1 and len(inputs) == 1:
        found = op.only(np.flatnonzero(mask), inputs[0].spec)
        if found is not None:
            return Restricted(*found)
    return whole


def _whole(op: Op, mask: Mask) -> Restricted:
    """All of the result."""
    return Restricted(op, np.arange(mask.shape[-1]), tuple((0, n) for n in mask.shape[:-1]))


# ------------------------------------------------------------------------ entry by entry


@restricted.register
def _(op: Affine, mask: Mask, step: tuple[int, int], *inputs: Kept) -> Restricted:
    (x,) = inputs
    narrow = Affine(op.factors[x.channels], op.offsets[x.channels])
    return Restricted(narrow, x.channels, x.places)


@restricted.register(BothSigns)
@restricted.register(SoftThreshold)
def _(
    op: BothSigns | SoftThreshold, mask: Mask, step: tuple[int, int], *inputs: Kept
) -> Restricted:
    (x,) = inputs
    if isinstance(op, SoftThreshold):
        op = replace(op, threshold=op.threshold[x.channels])
        if not op.both_signs:
            return Restricted(op, x.channels, x.places)
    return Restricted(op, np.concatenate([x.channels, x.channels + x.n_channels]), x.places)


@restricted.register
def _(op: Magnitude, mask: Mask, step: tuple[int, int], *inputs: Kept) -> Restricted:
    (x,) = inputs
    wanted = np.flatnonzero(channels_of(mask))
    pairs = np.concatenate([wanted, wanted + x.n_channels // 2])
    return Restricted(op, wanted, x.places, _selected(x, pairs))


def _selected(x: Kept, wanted: Array) -> Mapping[int, Array]:
    """What an op needs that reads some channels, and no others, of its input."""
    return {} if np.array_equal(wanted, x.channels) else {0: x.among(wanted)}


# -------------------------------------------------------------------------------- layout


@restricted.register
def _(op: Reshape, mask: Mask, step: tuple[int, int], *inputs: Kept) -> Restricted:
    (x,) = inputs
    if len(op.shape) == 1:
        return Restricted(Reshape((int(np.prod(x.shape)),)), x.numbers)
    shape = (*op.shape[:-1], len(x.channels)) if op.shape[-1] == x.n_channels else op.shape
    channels = x.channels if op.shape[-1] == x.n_channels else np.arange(op.shape[-1])
    return Restricted(Reshape(shape), channels, tuple((0, n) for n in shape[:-1]))


@restricted.register
def _(op: Select, mask: Mask, step: tuple[int, int], *inputs: Kept) -> Restricted:
    (x,) = inputs
    wanted = np.flatnonzero(channels_of(mask))
    among = x.among(op.indices[wanted]).astype(op.indices.dtype)
    changes_nothing = np.array_equal(among, np.arange(len(x.channels)))
    return Restricted(None if changes_nothing else Select(among), wanted, x.places)


@restricted.register
def _(op: Concat, mask: Mask, step: tuple[int, int], *inputs: Kept) -> Restricted:
    sizes = [x.n_channels for x in inputs]
    starts = np.cumsum([0, *sizes[:-1]])
    parts = [x.channels + start for x, start in zip(inputs, starts, strict=True)]
    is_alone = sum(len(part) > 0 for part in parts) == 1
    places = next(x.places for x in inputs if len(x.channels))
    return Restricted(None if is_alone else op, np.concatenate(parts), places)


# ------------------------------------------------------------------------ weights, windows


@restricted.register
def _(op: Linear, mask: Mask, step: tuple[int, int], *inputs: Kept) -> Restricted:
    if not is_plain(op):
        return _whole(op, mask)
    wanted = np.flatnonzero(mask)
    weights = op.weights[np.ix_(wanted, inputs[0].channels)]
    return Restricted(replace(op, weights=weights, bias=op.bias[wanted]), wanted)


@restricted.register
def _(op: TreeEnsemble, mask: Mask, step: tuple[int, int], *inputs: Kept) -> Restricted:
    (x,) = inputs
    places = np.zeros(op.n_features, np.intp)
    places[x.channels] = np.arange(len(x.channels))
    fewer = op.reading(places, len(x.channels))
    return Restricted(fewer, np.arange(len(op.constant)))


@restricted.register(MeanPool)
@restricted.register(MaxPool)
@restricted.register(TentPool)
@restricted.register(L2Pool)
def _(op: PoolGeometry, mask: Mask, step: tuple[int, int], *inputs: Kept) -> Restricted:
    (x,) = inputs
    axes = zip(x.places, op.size, op.stride, strict=True)
    return Restricted(op, x.channels, tuple(pooled(*axis) for axis in axes))


@restricted.register
def _(op: Conv, mask: Mask, step: tuple[int, int], *inputs: Kept) -> Restricted:
    (x,) = inputs
    if not is_plain(op):
        return _whole(op, mask)
    op, places = windowed(op, places_of(mask), x.places, step)
    wanted = channels_of(mask)
    if op.shared:
        return _shared(op, wanted, x, places)
    if op.groups > 1:
        return _grouped(op, wanted, x, places)
    kept = np.flatnonzero(wanted)
    weights = op.weights[kept][..., x.channels]
    return Restricted(replace(op, weights=weights, bias=op.bias[kept]), kept, places)


def _shared(op: Conv, wanted: Mask, x: Kept, places: Places) -> Restricted:
    """The same kernels on every channel."""
    n_kernels = len(op.weights)
    kept = np.flatnonzero(wanted.reshape(x.n_channels, n_kernels).any(axis=0))
    conv = replace(op, weights=op.weights[kept], bias=op.bias[kept])
    return Restricted(conv, (x.channels[:, None] * n_kernels + kept).ravel(), places)


def _grouped(op: Conv, wanted: Mask, x: Kept, places: Places) -> Restricted:
    """Whole groups, of which a kernel is wanted."""
    groups = np.flatnonzero(wanted.reshape(op.groups, -1).any(axis=1))
    sizes = len(op.weights), x.n_channels
    kernels, channels = (np.arange(n).reshape(op.groups, -1)[groups].ravel() for n in sizes)
    conv = replace(op, weights=op.weights[kernels], bias=op.bias[kernels], groups=len(groups))
    return Restricted(conv, kernels, places, _selected(x, channels))
