"""Ops on the patches of a map: their median, their contrast, their distances to centroids.

`LocalContrast`, `Divide` and `Triangle` are the features of Coates, Lee and Ng (2011) where
they do not fold into a convolution; the first two are local contrast normalisation. An
integer form stands behind each; `skconv.runtime.fixed` defines its integers.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import isqrt, prod, sqrt
from typing import ClassVar, Literal

import numpy as np

from skconv.graph.axes import Axes, windows
from skconv.graph.base import (
    BOTH,
    INTEGER,
    Array,
    Op,
    Shape,
    TensorSpec,
    require,
    require_map,
)
from skconv.graph.facts import Facts
from skconv.graph.integer import IntegerOp, Requantization
from skconv.graph.limits import ACCUMULATOR_MAX, INT16_MAX
from skconv.graph.ops import window_count

__all__ = [
    "Divide",
    "LocalContrast",
    "Median",
    "QDivide",
    "QLocalContrast",
    "QTriangle",
    "Triangle",
]

RemoveMean = Literal["channel", "patch"]
LARGEST_TOTAL = 2**62


@dataclass(frozen=True)
class PatchGeometry(Op):
    """Where patches lie: as the windows of a convolution.

    ``padding`` is ``((top, bottom), (left, right))``.
    """

    size: tuple[int, int] = (3, 3)
    stride: tuple[int, int] = (1, 1)
    padding: tuple[tuple[int, int], tuple[int, int]] = ((0, 0), (0, 0))
    pad_mode: Literal["zero", "circular"] = "zero"

    def sampling(self) -> Axes:
        return windows(self.size, self.stride, (self.padding[0][0], self.padding[1][0]))

    def turned(self) -> Op:
        return replace(
            self, size=self.size[::-1], stride=self.stride[::-1], padding=self.padding[::-1]
        )

    def places(self, x: TensorSpec) -> tuple[int, int]:
        """Rows and columns of patches; ValueError where none fits."""
        require_map(self, x)
        height, width, _ = x.shape
        require(
            self.pad_mode == "zero"
            or all(
                p <= size
                for pads, size in zip(self.padding, (height, width), strict=True)
                for p in pads
            ),
            f"circular padding {self.padding} is larger than the map {height}x{width}",
        )
        rows = window_count(height, self.size[0], self.stride[0], sum(self.padding[0]))
        columns = window_count(width, self.size[1], self.stride[1], sum(self.padding[1]))
        require(
            rows > 0 and columns > 0,
            f"patch {self.size[0]}x{self.size[1]} is larger than the {height}x{width} map",
        )
        return rows, columns

    def describe(self) -> str:
        return f"{type(self).__name__} {self.size[0]}x{self.size[1]}"


# Behind these exchanges, each of which puts the smaller of two entries first, entry 4 of
# nine is their median: 19 suffice.
MEDIAN_NETWORK: tuple[tuple[int, int], ...] = (
    *((1, 2), (4, 5), (7, 8), (0, 1), (3, 4), (6, 7), (1, 2), (4, 5), (7, 8)),
    *((0, 3), (5, 8), (4, 7), (3, 6), (1, 4), (2, 5), (4, 7), (4, 2), (6, 4), (4, 2)),
)


@dataclass(frozen=True)
class Median(PatchGeometry):
    """The median of every patch of 3 x 3, channel by channel; zeros outside count."""

    facts = Facts("window", reads="readers")
    domains = BOTH

    def output(self, *inputs: TensorSpec) -> TensorSpec:
        (x,) = inputs
        require(self.size == (3, 3), f"Median needs size (3, 3), got {self.size}")
        result = replace(x, shape=(*self.places(x), x.shape[2]))
        if x.domain == "float":
            return result
        low, high = x.limits
        return replace(result, minimum=min(low, 0), maximum=max(high, 0))


# ---------------------------------------------------------------------------- contrast


@dataclass(frozen=True)
class ContrastGeometry(PatchGeometry):
    """Patches, and the mean that each is freed of before its squares are taken.

    With ``n`` entries in a patch, sums ``S`` over each group of entries that has a mean of
    its own, and ``weight`` entries in each group::

        variance = total / (n * weight),    total = weight * sum(p^2) - sum(S^2)

    ``remove_mean``: "patch" is one group, "channel" one a channel; None is none, weight 1.
    """

    remove_mean: RemoveMean | None = "patch"

    def entries(self, channels: int) -> int:
        """``n``."""
        return prod(self.size) * channels

    def weight(self, channels: int) -> int:
        area = prod(self.size)
        return {"patch": area * channels, "channel": area, None: 1}[self.remove_mean]

    def divisor(self, channels: int) -> int:
        """``n * weight``: what makes a variance of the total."""
        return self.entries(channels) * self.weight(channels)

    def macs(self, *inputs: TensorSpec) -> int:
        (x,) = inputs
        return prod(self.places(x)) * self.entries(x.shape[2])


@dataclass(frozen=True)
class LocalContrast(ContrastGeometry):
    """``sqrt(variance + eps)`` of every patch: a map of one channel.

    The variance is the mean of the squares of the patch less its mean: that of the patch, of
    each channel, or nothing.

    References
    ----------
    Coates, Lee, Ng, "An analysis of single-layer networks in unsupervised feature learning",
    AISTATS 2011. Jarrett, Kavukcuoglu, Ranzato, LeCun, "What is the best multi-stage
    architecture for object recognition?", ICCV 2009 (local contrast normalisation).
    """

    facts = Facts("window")
    eps: float = 1.0

    def output(self, *inputs: TensorSpec) -> TensorSpec:
        (x,) = inputs
        require(self.eps > 0, f"LocalContrast needs eps > 0, got {self.eps}")
        return TensorSpec((*self.places(x), 1))


@dataclass(frozen=True)
class QLocalContrast(ContrastGeometry):
    """Nearest integer to the root of ``total + eps``, shifted right: uint16, at least 1.

    ``total`` is exact, of 64 bits. A shift below 0 is one to the left; it is even.
    """

    facts = Facts("window", stage="contrast")
    domains = INTEGER
    eps: int = 1
    shift: int = 0

    def output(self, *inputs: TensorSpec) -> TensorSpec:
        (x,) = inputs
        require(self.shift % 2 == 0, f"QLocalContrast needs an even shift, got {self.shift}")
        low, high = (self._shifted(total) for total in (self.eps, self.largest_total(x)))
        require(
            low >= 1 and high <= ACCUMULATOR_MAX and self.largest_total(x) < LARGEST_TOTAL,
            f"{self.describe()}: totals {self.eps}..{self.largest_total(x)} >> {self.shift} "
            "must be in 1..2^31 - 1",
        )
        scale = x.scale * 2.0 ** (self.shift // 2) / sqrt(self.divisor(x.shape[2]))
        low, high = isqrt(low), isqrt(high) + 1
        return TensorSpec((*self.places(x), 1), "uint16", scale, minimum=low, maximum=high)

    def largest_total(self, x: TensorSpec) -> int:
        return self.divisor(x.shape[2]) * x.magnitude**2 + self.eps

    def _shifted(self, total: int) -> int:
        return total >> self.shift if self.shift >= 0 else total << -self.shift


def _require_divisor(op: Op, x: TensorSpec, divisor: TensorSpec) -> None:
    wanted = (*x.shape[:-1], 1)
    require(
        divisor.shape == wanted,
        f"{type(op).__name__} of {x.shape} needs a divisor {wanted}, got {divisor.shape}",
    )


@dataclass(frozen=True)
class Divide(Op):
    """A map over a map of one positive channel: ``x[i, j, k] / divisor[i, j, 0]``."""

    facts = Facts("joining")
    n_inputs = 2

    def output(self, *inputs: TensorSpec) -> TensorSpec:
        x, divisor = inputs
        _require_divisor(self, x, divisor)
        return x

    def macs(self, *inputs: TensorSpec) -> int:
        return inputs[0].size


@dataclass(frozen=True)
class QDivide(IntegerOp):
    """A map over a map of one positive channel, requantised.

    The multiplier of the rule is divided by the divisor first, rounded: once a pixel.
    """

    facts = Facts("joining", stage="divide")
    n_inputs = 2
    requantization: Requantization

    def output(self, *inputs: TensorSpec) -> TensorSpec:
        x, divisor = inputs
        _require_divisor(self, x, divisor)
        require(divisor.limits[0] >= 1, f"QDivide needs a divisor >= 1, got {divisor.limits}")
        require(len(self.requantization.multiplier) == 1, "QDivide needs one multiplier for all")
        return self.requantization.spec(x.shape, x.magnitude)

    def macs(self, *inputs: TensorSpec) -> int:
        return inputs[0].size


# ---------------------------------------------------------------------------- triangle


@dataclass(frozen=True)
class CentroidsOp(Op):
    """Centroids ``(n_centroids, channels)`` that every pixel is compared with."""

    centroids: Array

    def shape(self, x: TensorSpec) -> Shape:
        require(
            self.centroids.shape[1] == x.shape[-1],
            f"{self.describe()}: centroids {self.centroids.shape} do not fit "
            f"{x.shape[-1]} channels",
        )
        return (*x.shape[:-1], len(self.centroids))

    def macs(self, *inputs: TensorSpec) -> int:
        (x,) = inputs
        return x.size * len(self.centroids)

    def describe(self) -> str:
        n_centroids, channels = self.centroids.shape
        return f"{type(self).__name__} {channels}->{n_centroids}"


@dataclass(frozen=True)
class Triangle(CentroidsOp):
    """``f_k = max(0, mean_j z_j - z_k)``, ``z_k`` the distance of a pixel to centroid ``k``.

    References
    ----------
    Coates, Lee, Ng, "An analysis of single-layer networks in unsupervised feature learning",
    AISTATS 2011.

    Examples
    --------
    >>> import numpy as np
    >>> from skconv.graph import Graph, TensorSpec, Triangle
    >>> from skconv.runtime import reference
    >>> graph = Graph(TensorSpec((2,))).append(Triangle(np.float32([[0, 0], [4, 0], [0, 3]])))
    >>> reference.run(graph, np.array([[1.0, 0.0]])).round(6)
    array([[1.387426, 0.      , 0.      ]])
    """

    facts = Facts("pixelwise")

    def output(self, *inputs: TensorSpec) -> TensorSpec:
        return TensorSpec(self.shape(inputs[0]))

    def largest_read(self, x: TensorSpec) -> int:
        """Differences from a centroid, which is as large, are twice as large."""
        return min(INT16_MAX, isqrt(ACCUMULATOR_MAX // x.shape[-1]) // 2)


def largest_distance(centroids: Array, x: TensorSpec) -> int:
    """A bound of the distances of pixels to integer centroids, from the centroids themselves."""
    centroids = centroids.astype(np.int64)
    low, high = x.limits
    reach = np.maximum(np.abs(centroids - low), np.abs(high - centroids))
    largest = int((reach * reach).sum(axis=1).max())
    n_centroids, channels = centroids.shape
    require(
        largest <= ACCUMULATOR_MAX,
        f"QTriangle {channels}->{n_centroids}: squared distances up to {largest} do not fit int32",
    )
    return isqrt(largest) + 1


@dataclass(frozen=True)
class QTriangle(CentroidsOp, IntegerOp):
    """The triangle of integer distances: nearest integers to roots, and to their mean.

    ``centroids`` are int16 on the scale of the input.
    """

    facts = Facts("pixelwise", stage="pixel")
    domains = INTEGER
    # The distances of one pixel wait for their mean.
    DISTANCE_DTYPE: ClassVar[str] = "uint16"
    requantization: Requantization

    @property
    def scratch_bytes(self) -> int:
        return len(self.centroids) * np.dtype(self.DISTANCE_DTYPE).itemsize

    def output(self, *inputs: TensorSpec) -> TensorSpec:
        (x,) = inputs
        shape = self.shape(x)
        require(len(self.requantization.multiplier) == 1, "QTriangle needs one multiplier for all")
        return self.requantization.spec(shape, largest_distance(self.centroids, x))
