"""The length of vectors: of an acceleration whatever the direction of its axes."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from math import isqrt

from skconv.graph.base import Op, Shape, TensorSpec, require
from skconv.graph.facts import Facts
from skconv.graph.integer import IntegerOp, Requantization
from skconv.graph.limits import INT16_MAX

__all__ = ["EuclideanNorm", "QEuclideanNorm"]

LARGEST_SUM = 2**32 - 1


@dataclass(frozen=True)
class AxesOp(Op):
    """Which channels are the axes of one vector: so many that follow each other."""

    n_axes: int = 3

    def shape(self, x: TensorSpec) -> Shape:
        """A channel for every vector; ValueError where channels are left over."""
        name, channels = type(self).__name__, x.shape[-1]
        require(
            self.n_axes >= 1 and channels % self.n_axes == 0,
            f"{name} of {self.n_axes} axes needs a multiple of that in channels, got {x.shape}",
        )
        return (*x.shape[:-1], channels // self.n_axes)

    def macs(self, *inputs: TensorSpec) -> int:
        return inputs[0].size

    def describe(self) -> str:
        return f"{type(self).__name__} of {self.n_axes} axes"


@dataclass(frozen=True)
class EuclideanNorm(AxesOp):
    """``sqrt(sum x^2)`` over each ``n_axes`` channels that follow each other.

    Examples
    --------
    >>> import numpy as np
    >>> from skconv.graph import EuclideanNorm, Graph, TensorSpec
    >>> from skconv.runtime import reference
    >>> graph = Graph(TensorSpec((1, 1, 4))).append(EuclideanNorm(2))
    >>> reference.run(graph, np.array([[[[3.0, 4.0, 5.0, 12.0]]]])).ravel()
    array([ 5., 13.])
    """

    facts = Facts("pixelwise")

    def output(self, *inputs: TensorSpec) -> TensorSpec:
        return replace(inputs[0], shape=self.shape(inputs[0]))

    def largest_read(self, x: TensorSpec) -> int:
        """So that the sum of squares fits 32 bits without a sign."""
        return min(INT16_MAX, largest_axis(self.n_axes))


def largest_axis(n_axes: int) -> int:
    """The largest integers of which so many squares add up to 32 bits."""
    return isqrt(LARGEST_SUM // n_axes)


@dataclass(frozen=True)
class QEuclideanNorm(AxesOp, IntegerOp):
    """The nearest integer to ``sqrt(4^shift * sum x^2)``, requantised."""

    facts = Facts("pixelwise")
    shift: int = field(kw_only=True)
    requantization: Requantization = field(kw_only=True)

    def output(self, *inputs: TensorSpec) -> TensorSpec:
        (x,) = inputs
        largest = self.n_axes * x.magnitude**2 << 2 * self.shift
        require(
            largest <= LARGEST_SUM,
            f"QEuclideanNorm: squares of {self.n_axes} integers up to {x.magnitude}, with "
            f"{self.shift} bits more, do not fit 32 bits",
        )
        return self.requantization.spec(self.shape(x), isqrt(largest) + 1)
