"""The ops on maps: layout, convolution, pooling, hashing.

Those marked ``BOTH`` mean the same on floats and on integers. Nonlinearities are in
`skconv.graph.nonlinearities`, ops on patches in `skconv.graph.patches`, those on vectors in
`skconv.graph.vectors`, those of integers alone in `skconv.graph.integer`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import isqrt
from typing import Literal

import numpy as np

from skconv.graph.axes import Axes, windows
from skconv.graph.base import (
    BOTH,
    Array,
    Op,
    Shape,
    TensorSpec,
    require,
    require_map,
)
from skconv.graph.facts import Facts
from skconv.graph.limits import ACCUMULATOR_MAX, INT16_MAX
from skconv.graph.storage.coded import Coded

__all__ = [
    "BlockHistogram",
    "Concat",
    "Conv",
    "Hash",
    "L2Pool",
    "MaxPool",
    "MeanPool",
    "Permute",
    "Reshape",
    "Select",
    "SumPool",
]

# ---------------------------------------------------------------- layout (no arithmetic)


@dataclass(frozen=True)
class Reshape(Op):
    """The same numbers in another shape (row-major, channels last)."""

    facts = Facts("layout", in_place=True, reads="readers", stage="flatten")
    domains = BOTH
    shape: Shape = ()

    def output(self, *inputs: TensorSpec) -> TensorSpec:
        (x,) = inputs
        result = replace(x, shape=self.shape)
        require(result.size == x.size, f"Reshape {x.shape} -> {self.shape}: sizes differ")
        return result

    def describe(self) -> str:
        return "Reshape" if len(self.shape) > 1 else "Flatten"


@dataclass(frozen=True)
class Permute(Op):
    """Axes in another order, as ``numpy.transpose``."""

    facts = Facts("layout", reads="readers")
    domains = BOTH
    axes: tuple[int, ...] = ()

    def output(self, *inputs: TensorSpec) -> TensorSpec:
        (x,) = inputs
        require(
            sorted(self.axes) == list(range(len(x.shape))),
            f"Permute axes {self.axes} do not fit shape {x.shape}",
        )
        return replace(x, shape=tuple(x.shape[a] for a in self.axes))

    def describe(self) -> str:
        return f"Permute {self.axes}"


@dataclass(frozen=True)
class Concat(Op):
    """Vectors, or maps of the same height and width, one after the other (last axis)."""

    facts = Facts("joining", reads="readers")
    domains = BOTH
    n_inputs = None

    def output(self, *inputs: TensorSpec) -> TensorSpec:
        first = inputs[0]
        for x in inputs[1:]:
            require(
                x.shape[:-1] == first.shape[:-1],
                f"Concat of shapes {[i.shape for i in inputs]}: only the last axis may differ",
            )
            require(
                (x.dtype, x.scale) == (first.dtype, first.scale),
                "Concat needs inputs of one type and scale",
            )
        channels = sum(x.shape[-1] for x in inputs)
        result = replace(first, shape=(*first.shape[:-1], channels), minimum=None, maximum=None)
        if first.domain == "float":
            return result
        limits = [x.limits for x in inputs]
        low, high = min(low for low, _ in limits), max(high for _, high in limits)
        return replace(result, minimum=low, maximum=high)


@dataclass(frozen=True)
class Select(Op):
    """Chosen entries of a vector, or channels of a map: ``x[..., indices]``."""

    facts = Facts("layout", reads="readers")
    domains = BOTH
    indices: Array  # of any integers (n_selected,)

    def output(self, *inputs: TensorSpec) -> TensorSpec:
        (x,) = inputs
        channels = x.shape[-1]
        require(
            self.indices.size > 0 and 0 <= self.indices.min() <= self.indices.max() < channels,
            f"Select indices must be in 0..{channels - 1} and not empty",
        )
        return replace(x, shape=(*x.shape[:-1], len(self.indices)))

    def describe(self) -> str:
        return f"Select {len(self.indices)}"


# ------------------------------------------------------------------------- convolution


def window_count(size: int, window: int, stride: int, pad: int = 0) -> int:
    """How many windows fit along one axis."""
    return (size + pad - window) // stride + 1


@dataclass(frozen=True)
class ConvGeometry(Op):
    """Where the windows of a convolution lie: shared by `Conv` and its integer forms.

    ``weights`` is ``(n_kernels, kernel_height, kernel_width, channels // groups)``.
    With ``shared=True`` the bank has one channel and is applied to every input channel
    alone: ``n_kernels`` maps per input channel, input channel slowest.
    ``padding`` is ``((top, bottom), (left, right))``. ``coded`` is how a target stores the weights,
    where that is not one by one. Weights of a kernel are whole multiples, up to ``levels``, of
    one number, and so stored several in a byte; 0: any. See `skconv.graph.storage`.
    """

    weights: Array
    bias: Array  # (n_kernels,)
    stride: tuple[int, int] = (1, 1)
    padding: tuple[tuple[int, int], tuple[int, int]] = ((0, 0), (0, 0))
    pad_mode: Literal["zero", "circular"] = "zero"
    dilation: tuple[int, int] = (1, 1)
    groups: int = 1
    shared: bool = False
    coded: Coded | None = None
    levels: int = 0

    @property
    def window(self) -> tuple[int, int]:
        """Height and width that one kernel covers, dilation included."""
        (kh, kw), (dh, dw) = self.weights.shape[1:3], self.dilation
        return (kh - 1) * dh + 1, (kw - 1) * dw + 1

    def sampling(self) -> Axes:
        return windows(self.window, self.stride, (self.padding[0][0], self.padding[1][0]))

    def turned(self) -> Op:
        return replace(
            self,
            weights=self.weights.transpose(0, 2, 1, 3),
            coded=None,
            stride=self.stride[::-1],
            dilation=self.dilation[::-1],
            padding=self.padding[::-1],
        )

    def map_shape(self, x: TensorSpec) -> Shape:
        """Shape of the convolved maps; ValueError where the kernel does not fit."""
        require_map(self, x)
        height, width, channels = x.shape
        n_kernels = self.weights.shape[0]
        wanted = 1 if self.shared else channels // self.groups
        require(
            self.weights.shape[3] == wanted
            and channels % self.groups == 0
            and n_kernels % self.groups == 0,
            f"{self.describe()}: kernels {self.weights.shape} with groups={self.groups} "
            f"do not fit {channels} input channels",
        )
        require(
            self.pad_mode == "zero"
            or all(
                p <= size
                for pads, size in zip(self.padding, (height, width), strict=True)
                for p in pads
            ),
            f"circular padding {self.padding} is larger than the map {height}x{width}",
        )
        rows = window_count(height, self.window[0], self.stride[0], sum(self.padding[0]))
        columns = window_count(width, self.window[1], self.stride[1], sum(self.padding[1]))
        require(
            rows > 0 and columns > 0,
            f"kernel {self.window[0]}x{self.window[1]} is larger than the {height}x{width} map",
        )
        return rows, columns, n_kernels * (channels if self.shared else 1)

    def macs(self, *inputs: TensorSpec) -> int:
        taps = int(np.prod(self.weights.shape[1:]))
        return int(np.prod(self.map_shape(inputs[0]))) * taps

    def describe(self) -> str:
        n_kernels, kh, kw, channels = self.weights.shape
        text = f"{type(self).__name__} {kh}x{kw} {channels * self.groups}->{n_kernels}"
        if self.stride != (1, 1):
            text += f" stride {self.stride[0]}x{self.stride[1]}"
        if self.groups > 1:
            text += f" groups {self.groups}"
        if self.shared:
            text += " shared"
        if any(map(any, self.padding)):
            text += f" {self.pad_mode} pad"
        if self.coded is not None:
            text += f" {type(self.coded).__name__.lower()}"
        return text


@dataclass(frozen=True)
class Conv(ConvGeometry):
    """Cross-correlation of a map with a bank of kernels, plus a bias."""

    facts = Facts("kernels", reads="kernels")

    def output(self, *inputs: TensorSpec) -> TensorSpec:
        return TensorSpec(self.map_shape(inputs[0]))


# ----------------------------------------------------------------------------- pooling


@dataclass(frozen=True)
class PoolGeometry(Op):
    """Where the windows of a pooling lie; windows that do not fit whole are left out."""

    size: tuple[int, int] = (2, 2)
    stride: tuple[int, int] = (2, 2)

    @property
    def area(self) -> int:
        return self.size[0] * self.size[1]

    @property
    def weight(self) -> int:
        """What a sum over a window comes to where all entries are 1."""
        return self.area

    def sampling(self) -> Axes:
        return windows(self.size, self.stride, (0, 0))

    def turned(self) -> Op:
        return replace(self, size=self.size[::-1], stride=self.stride[::-1])

    def map_shape(self, x: TensorSpec) -> Shape:
        require_map(self, x)
        rows = window_count(x.shape[0], self.size[0], self.stride[0])
        columns = window_count(x.shape[1], self.size[1], self.stride[1])
        require(
            rows > 0 and columns > 0,
            f"pool {self.size[0]}x{self.size[1]} is larger than the {x.shape[0]}x{x.shape[1]} map",
        )
        return rows, columns, x.shape[2]

    def describe(self) -> str:
        (h, w), (sh, sw) = self.size, self.stride
        return f"{type(self).__name__} {h}x{w} stride {sh}x{sw}"


@dataclass(frozen=True)
class MaxPool(PoolGeometry):
    """The largest entry of every window."""

    facts = Facts("window", reads="readers", passes_factors=True, stage="pool")
    domains = BOTH

    def output(self, *inputs: TensorSpec) -> TensorSpec:
        (x,) = inputs
        return replace(x, shape=self.map_shape(x))


@dataclass(frozen=True)
class MeanPool(PoolGeometry):
    """The mean of every window."""

    facts = Facts("window", passes_factors=True)

    def output(self, *inputs: TensorSpec) -> TensorSpec:
        return TensorSpec(self.map_shape(inputs[0]))

    def macs(self, *inputs: TensorSpec) -> int:
        return self.output(*inputs).size * self.area


@dataclass(frozen=True)
class SumPool(MeanPool):
    """The sum of every window."""


@dataclass(frozen=True)
class L2Pool(MeanPool):
    """``sqrt(sum of squares)`` of every window (square pooling, Saxe et al. 2011)."""

    def largest_read(self, x: TensorSpec) -> int:
        return min(INT16_MAX, isqrt(ACCUMULATOR_MAX // self.area))


# ------------------------------------------------------- binary hashing (Chan et al. 2015)


def code_shape(shape: Shape, n_bits: int) -> Shape:
    """Shape of the codes of maps whose channels are hashed ``n_bits`` at a time."""
    require(
        1 <= n_bits <= 8 and shape[-1] % n_bits == 0,
        f"hash of {shape[-1]} channels with n_bits={n_bits}: needs 1..8 bits that divide them",
    )
    return (*shape[:-1], shape[-1] // n_bits)


@dataclass(frozen=True)
class Hash(Op):
    """Runs of ``n_bits`` channels become one code: ``sum_j 2^j [x_j > 0]``, first = LSB."""

    facts = Facts("pixelwise")
    domains = BOTH
    n_bits: int = 8

    def output(self, *inputs: TensorSpec) -> TensorSpec:
        (x,) = inputs
        shape = code_shape(x.shape, self.n_bits)
        if x.domain == "float":
            return TensorSpec(shape)
        return TensorSpec(shape, "uint8", minimum=0, maximum=2**self.n_bits - 1)

    def describe(self) -> str:
        return f"Hash {self.n_bits} bits"


@dataclass(frozen=True)
class BlockHistogram(PoolGeometry):
    """How often every code occurs in every block of every map.

    Maps ``(h, w, n_maps)`` of codes below ``n_bins`` become ``(rows, columns,
    n_maps * n_bins)`` counts, bins fastest.
    """

    facts = Facts("window", stage="histogram")
    domains = BOTH
    n_bins: int = 256

    def output(self, *inputs: TensorSpec) -> TensorSpec:
        (x,) = inputs
        rows, columns, n_maps = self.map_shape(x)
        shape = (rows, columns, n_maps * self.n_bins)
        if x.domain == "float":
            return TensorSpec(shape)
        require(
            self.area <= np.iinfo(np.uint16).max,
            f"block of {self.area} pixels: counts do not fit uint16",
        )
        dtype = "uint8" if self.area <= np.iinfo(np.uint8).max else "uint16"
        return TensorSpec(shape, dtype, minimum=0, maximum=self.area)

    def describe(self) -> str:
        return f"{super().describe()}, {self.n_bins} bins"
