"""The nonlinearities: what becomes of the entries of one pixel, or of one entry alone.

All mean the same on floats and on integers but `Square` and `Root`, which integers
requantise (`skconv.graph.integer`). Those that look at the patch around a pixel are in
`skconv.graph.patches`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import inf, sqrt

import numpy as np

from skconv.graph.base import BOTH, Array, Op, TensorSpec, require
from skconv.graph.facts import Facts

__all__ = [
    "Abs",
    "BothSigns",
    "Clip",
    "KNearest",
    "Magnitude",
    "Relu",
    "Root",
    "Sign",
    "SoftThreshold",
    "Square",
]


@dataclass(frozen=True)
class Pointwise(Op):
    """An op on every entry alone that keeps the shape."""

    domains = BOTH

    def output(self, *inputs: TensorSpec) -> TensorSpec:
        (x,) = inputs
        if x.domain == "float":
            return x
        return replace(x, minimum=0, maximum=x.magnitude)


@dataclass(frozen=True)
class Relu(Pointwise):
    """``max(x, 0)``."""

    facts = Facts("entrywise", in_place=True, reads="readers", passes_factors=True, stage="entry")
    clip_limits = (0.0, inf)

    def output(self, *inputs: TensorSpec) -> TensorSpec:
        (x,) = inputs
        result = super().output(x)
        return result if x.domain == "float" else replace(result, maximum=max(0, x.limits[1]))


@dataclass(frozen=True)
class Abs(Pointwise):
    """``|x|``. An integer tensor must not hold the least number of its type."""

    facts = Facts("entrywise", in_place=True, reads="unsigned", stage="entry")

    def output(self, *inputs: TensorSpec) -> TensorSpec:
        (x,) = inputs
        if x.domain == "integer":
            require(
                x.magnitude <= np.iinfo(x.dtype).max,
                f"Abs of {x.dtype} in {x.limits}: |minimum| does not fit the type",
            )
        return super().output(x)


@dataclass(frozen=True)
class BothSigns(Op):
    """``[max(x, 0), max(-x, 0)]``: twice the channels, nothing of the sign is lost."""

    facts = Facts("pixelwise", reads="unsigned", stage="entry")
    domains = BOTH

    def output(self, *inputs: TensorSpec) -> TensorSpec:
        (x,) = inputs
        result = Abs().output(x)
        return replace(result, shape=(*x.shape[:-1], 2 * x.shape[-1]))


@dataclass(frozen=True)
class SoftThreshold(Op):
    """``[max(x - t, 0), max(-x - t, 0)]``, a threshold ``t >= 0`` for every channel.

    Twice the channels, or the first half alone without ``both_signs``. On integers ``t``
    is an integer of the type of ``x``.
    """

    facts = Facts("pixelwise", reads="unsigned", stage="entry")
    domains = BOTH
    threshold: Array
    both_signs: bool = True

    def in_units(self, x: TensorSpec) -> SoftThreshold:
        threshold = np.clip(np.rint(self.threshold / x.scale), 0, x.magnitude)
        return replace(self, threshold=threshold.astype(np.int16))

    def output(self, *inputs: TensorSpec) -> TensorSpec:
        (x,) = inputs
        require(
            self.threshold.shape == (x.shape[-1],),
            f"SoftThreshold has thresholds {self.threshold.shape}, got channels {x.shape[-1]}",
        )
        require(bool((self.threshold >= 0).all()), "SoftThreshold needs thresholds >= 0")
        return (BothSigns() if self.both_signs else Relu()).output(x)


@dataclass(frozen=True)
class Magnitude(Op):
    """``sqrt(even^2 + odd^2)`` of channel pairs: the first half with the second half.

    On integers: the nearest integer to the root.
    """

    facts = Facts("pixelwise", growth=sqrt(2), reads="unsigned", stage="entry")
    domains = BOTH

    def output(self, *inputs: TensorSpec) -> TensorSpec:
        (x,) = inputs
        require(x.shape[-1] % 2 == 0, f"Magnitude needs an even number of channels: {x.shape}")
        result = replace(x, shape=(*x.shape[:-1], x.shape[-1] // 2))
        if x.domain == "float":
            return result
        largest = round(np.sqrt(2.0) * x.magnitude)
        require(
            largest <= np.iinfo(x.dtype).max,
            f"Magnitude of {x.dtype} up to {x.magnitude} does not fit the type",
        )
        return replace(result, minimum=0, maximum=largest)

    def macs(self, *inputs: TensorSpec) -> int:
        return inputs[0].size


@dataclass(frozen=True)
class Square(Op):
    """``x^2``."""

    facts = Facts("entrywise")

    def output(self, *inputs: TensorSpec) -> TensorSpec:
        return inputs[0]

    def macs(self, *inputs: TensorSpec) -> int:
        return inputs[0].size


@dataclass(frozen=True)
class Root(Op):
    """``sign(x) sqrt(|x|)``: power normalisation, which evens out large and small features.

    References
    ----------
    Perronnin, Sanchez, Mensink, "Improving the Fisher kernel for large-scale image
    classification", ECCV 2010.

    Examples
    --------
    >>> import numpy as np
    >>> from skconv.graph import Graph, Root, TensorSpec
    >>> from skconv.runtime import reference
    >>> reference.run(Graph(TensorSpec((3,))).append(Root()), np.array([[-4.0, 0.25, 9.0]]))
    array([[-2. ,  0.5,  3. ]])
    """

    facts = Facts("entrywise")

    def output(self, *inputs: TensorSpec) -> TensorSpec:
        return inputs[0]


@dataclass(frozen=True)
class Clip(Pointwise):
    """``min(max(x, low), high)``; on integers ``low`` and ``high`` are integers of ``x``.

    Examples
    --------
    >>> import numpy as np
    >>> from skconv.graph import Clip, Graph, TensorSpec
    >>> from skconv.runtime import reference
    >>> graph = Graph(TensorSpec((3,))).append(Clip(-1.0, 2.0))
    >>> reference.run(graph, np.array([[-3.0, 0.5, 4.0]]))
    array([[-1. ,  0.5,  2. ]])
    """

    facts = Facts("entrywise", in_place=True, reads="unsigned", passes_factors=True, stage="pixel")
    low: float = 0.0
    high: float = 1.0

    @property
    def passes_factors(self) -> bool:
        return self.low == 0

    @property
    def clip_limits(self) -> tuple[float, float]:
        return self.low, self.high

    def in_units(self, x: TensorSpec) -> Clip:
        return Clip(*integer_limits(self.clip_limits, x.scale, *x.limits))

    def output(self, *inputs: TensorSpec) -> TensorSpec:
        (x,) = inputs
        require(self.low < self.high, f"Clip needs low < high, got {self.low}, {self.high}")
        result = super().output(x)
        if x.domain == "float":
            return result
        low, high = (int(min(max(limit, self.low), self.high)) for limit in x.limits)
        info = np.iinfo(x.dtype)
        require(
            info.min <= low and high <= info.max,
            f"{self.describe()} of {x.dtype} does not fit the type",
        )
        return replace(result, minimum=low, maximum=high)

    def describe(self) -> str:
        return f"Clip {self.low:g}..{self.high:g}"


def integer_limits(
    limits: tuple[float, float], scale: float, least: int, greatest: int
) -> tuple[int, int]:
    """Two different limits in units of ``scale``, not beyond the least and the greatest."""
    low = round(min(max(limits[0] / scale, least), greatest - 1))
    return low, round(min(max(limits[1] / scale, low + 1), greatest))


@dataclass(frozen=True)
class Sign(Op):
    """``1`` where ``x > 0``, ``-1`` where ``x < 0``, else ``0``: int8 on integers.

    Behind a convolution integers keep the sign of the accumulators. The step, 1 where
    ``x > 0`` and else 0, is ``Hash(1)``.
    """

    facts = Facts("entrywise", stage="pixel")
    domains = BOTH

    def output(self, *inputs: TensorSpec) -> TensorSpec:
        (x,) = inputs
        if x.domain == "float":
            return x
        return TensorSpec(x.shape, "int8", minimum=-1, maximum=1)


@dataclass(frozen=True)
class KNearest(Op):
    """1 where an entry is among the ``count`` largest of its pixel, else 0.

    With ``both_signs`` the entries are those of ``[x, -x]``, twice the channels. An entry is
    1 where at most ``count`` entries, itself included, are at least as large. So of entries
    that tie for the last places none is 1: a pixel never has more than ``count``, and none
    where all are equal.

    Responses of kernels of unit norm are the larger the nearer a patch is to the kernel:
    this is the code of the nearest patches of a dictionary.

    References
    ----------
    Thiry, Arbel, Belilovsky, Oyallon, "The unreasonable effectiveness of patches in deep
    convolutional kernels methods", ICLR 2021.

    Examples
    --------
    >>> import numpy as np
    >>> from skconv.graph import Graph, KNearest, TensorSpec
    >>> from skconv.runtime import reference
    >>> graph = Graph(TensorSpec((4,))).append(KNearest(2, both_signs=False))
    >>> reference.run(graph, np.array([[5.0, 1.0, 7.0, 2.0], [5.0, 7.0, 5.0, 2.0]]))
    array([[1., 0., 1., 0.],
           [0., 1., 0., 0.]])
    """

    facts = Facts("pixelwise", stage="pixel")
    domains = BOTH
    count: int = 1
    both_signs: bool = True

    def output(self, *inputs: TensorSpec) -> TensorSpec:
        (x,) = inputs
        channels = x.shape[-1] * (2 if self.both_signs else 1)
        require(
            1 <= self.count < channels,
            f"KNearest needs count in 1..{channels - 1} of {channels} entries, got {self.count}",
        )
        shape = (*x.shape[:-1], channels)
        if x.domain == "float":
            return TensorSpec(shape)
        require(x.magnitude < 2**31, f"KNearest needs entries above -2^31, got {x.limits}")
        return TensorSpec(shape, "uint8", minimum=0, maximum=1)

    def describe(self) -> str:
        return f"KNearest {self.count}"
