"""Ops that change the height and the width of a map: borders, repetition, resampling.

`skconv.runtime.spatial` defines what their integers are.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from skconv.graph.axes import Axes, repeated, resampled, windows
from skconv.graph.base import (
    BOTH,
    Array,
    Op,
    TensorSpec,
    require,
    require_map,
)
from skconv.graph.facts import Facts
from skconv.graph.integer import IntegerOp, Requantization
from skconv.graph.limits import ACCUMULATOR_MAX

__all__ = ["Pad", "QPad", "QResize", "Resize", "Upsample"]


@dataclass(frozen=True)
class Upsample(Op):
    """Every pixel ``factor[0]`` times below itself and ``factor[1]`` times beside itself."""

    facts = Facts("spatial", reads="readers", passes_factors=True)
    domains = BOTH
    factor: tuple[int, int] = (2, 2)

    def sampling(self) -> Axes:
        return repeated(self.factor)

    def turned(self) -> Upsample:
        return Upsample(self.factor[::-1])

    def output(self, *inputs: TensorSpec) -> TensorSpec:
        (x,) = inputs
        require_map(self, x)
        require(
            min(self.factor) >= 1,
            f"Upsample needs factors of at least 1, got {self.factor}",
        )
        height, width, channels = x.shape
        return replace(x, shape=(height * self.factor[0], width * self.factor[1], channels))

    def describe(self) -> str:
        return f"Upsample {self.factor[0]}x{self.factor[1]}"


Padding = tuple[tuple[int, int], tuple[int, int]]


def padded(op: Op, x: TensorSpec, padding: Padding) -> TensorSpec:
    """What a map is with a border of ``((top, bottom), (left, right))``."""
    require_map(op, x)
    (top, bottom), (left, right) = padding
    require(
        min(top, bottom, left, right) >= 0,
        f"{type(op).__name__} needs a padding of at least 0, got {padding}",
    )
    height, width, channels = x.shape
    return replace(x, shape=(top + height + bottom, left + width + right, channels))


@dataclass(frozen=True)
class Pad(Op):
    """A border around a map: ``padding`` is ``((top, bottom), (left, right))``.

    It is filled with zeros, or with the lowest number: minus infinity, in integers the least
    one that the map can hold. With the lowest a `MaxPool` behind it never chooses the border.
    """

    facts = Facts("spatial", reads="readers", passes_factors=True)
    padding: Padding = ((0, 0), (0, 0))
    fill: Literal["zero", "lowest"] = "zero"

    def sampling(self) -> Axes:
        return windows((1, 1), (1, 1), (self.padding[0][0], self.padding[1][0]))

    def turned(self) -> Pad:
        return replace(self, padding=self.padding[::-1])

    def output(self, *inputs: TensorSpec) -> TensorSpec:
        (x,) = inputs
        require(
            self.fill in ("zero", "lowest"),
            f"Pad needs fill 'zero' or 'lowest', got {self.fill!r}",
        )
        return padded(self, x, self.padding)

    def describe(self) -> str:
        return f"Pad {self.fill}"


@dataclass(frozen=True)
class QPad(IntegerOp):
    """A border of the integer ``value`` around a map."""

    facts = Facts("spatial")
    padding: Padding = ((0, 0), (0, 0))
    value: int = 0

    def sampling(self) -> Axes:
        return windows((1, 1), (1, 1), (self.padding[0][0], self.padding[1][0]))

    def turned(self) -> QPad:
        return replace(self, padding=self.padding[::-1])

    def output(self, *inputs: TensorSpec) -> TensorSpec:
        (x,) = inputs
        info = np.iinfo(x.dtype)
        require(
            info.min <= self.value <= info.max,
            f"QPad of {x.dtype} with {self.value}, which does not fit the type",
        )
        low, high = x.limits
        result = padded(self, x, self.padding)
        return replace(result, minimum=min(low, self.value), maximum=max(high, self.value))

    def describe(self) -> str:
        return f"QPad {self.value}"


@dataclass(frozen=True)
class Resize(Op):
    """``rows @ x @ columns.T``, channel by channel: any linear resampling that is separable.

    Bilinear and bicubic interpolation, with antialiasing or without, are such matrices; so
    are a crop and pooling by means whose windows end at the border.

    Parameters
    ----------
    rows : ndarray of shape (new_height, height)
    columns : ndarray of shape (new_width, width)

    Examples
    --------
    >>> import numpy as np
    >>> from skconv.graph import Graph, Resize, TensorSpec
    >>> from skconv.runtime import reference
    >>> halves = Resize(np.float32([[1]]), np.float32([[0.5, 0.5, 0, 0], [0, 0, 0.5, 0.5]]))
    >>> graph = Graph(TensorSpec((1, 4, 1))).append(halves)
    >>> reference.run(graph, np.array([[[[1.0], [3.0], [5.0], [9.0]]]])).ravel()
    array([2., 7.])
    """

    facts = Facts("spatial", reads="readers", passes_factors=True)
    rows: Array
    columns: Array

    def sampling(self) -> Axes:
        return resampled(self.rows), resampled(self.columns)

    def turned(self) -> Resize:
        return Resize(self.columns, self.rows)

    def output(self, *inputs: TensorSpec) -> TensorSpec:
        (x,) = inputs
        require_map(self, x)
        height, width, channels = x.shape
        require(
            (self.rows.shape[1], self.columns.shape[1]) == (height, width),
            f"{self.describe()} does not fit the {height}x{width} map",
        )
        return TensorSpec((len(self.rows), len(self.columns), channels))

    def macs(self, *inputs: TensorSpec) -> int:
        return int((self.rows != 0).sum() * (self.columns != 0).sum()) * inputs[0].shape[2]

    def describe(self) -> str:
        (height, old_height), (width, old_width) = self.rows.shape, self.columns.shape
        return f"{type(self).__name__} {old_height}x{old_width}->{height}x{width}"


@dataclass(frozen=True)
class QResize(IntegerOp):
    """`Resize` of an integer map with int16 weights.

    Every row of a matrix is a run of ``taps`` weights and the place where it begins. Of each
    output the columns come first, rounded, then their sum, requantised::

        t_j = (sum_i row_weights_i * x_ij + 2^(shift - 1)) >> shift
        q = requantize(sum_j column_weights_j * t_j)

    Parameters
    ----------
    size : tuple of int
        Height and width of the input.
    row_starts, column_starts : ndarray of shape (new_height,), (new_width,)
        uint16.
    row_weights, column_weights : ndarray of shape (new_height, row_taps), (new_width, taps)
        int16.
    shift : int
        0: nothing is rounded.
    """

    facts = Facts("spatial")
    size: tuple[int, int]
    row_starts: Array
    row_weights: Array
    column_starts: Array
    column_weights: Array
    shift: int
    requantization: Requantization

    def output(self, *inputs: TensorSpec) -> TensorSpec:
        (x,) = inputs
        self.check(x)
        shape = (len(self.row_starts), len(self.column_starts), x.shape[2])
        return self.requantization.spec(shape, self.accumulator_bound(x))

    def check(self, x: TensorSpec) -> None:
        require_map(self, x)
        require(x.shape[:2] == self.size, f"{self.describe()} does not fit shape {x.shape}")
        for size, starts, weights in zip(
            self.size,
            (self.row_starts, self.column_starts),
            (self.row_weights, self.column_weights),
            strict=True,
        ):
            require(
                int(starts.max()) + weights.shape[1] <= size,
                f"{self.describe()}: weights reach beyond the map",
            )

    def accumulator_bound(self, x: TensorSpec) -> int:
        """The largest sum over columns; those over rows are proven to fit as well."""
        first = largest_row(self.row_weights) * x.magnitude + self.half
        second = largest_row(self.column_weights) * (first >> self.shift)
        for bound in (first, second):
            require(
                bound <= ACCUMULATOR_MAX,
                f"{self.describe()}: accumulator up to {bound} does not fit int32",
            )
        return second

    @property
    def half(self) -> int:
        """What is added before the shift, so that it rounds."""
        return (1 << self.shift) >> 1

    def macs(self, *inputs: TensorSpec) -> int:
        taps = self.row_weights.shape[1] * self.column_weights.shape[1]
        return self.output(*inputs).size * taps

    def describe(self) -> str:
        height, width = self.size
        rows, columns = len(self.row_starts), len(self.column_starts)
        return f"{type(self).__name__} {height}x{width}->{rows}x{columns}"


def largest_row(weights: Array) -> int:
    """The largest sum of magnitudes of a row."""
    return int(np.abs(weights.astype(np.int64)).sum(axis=1).max())
