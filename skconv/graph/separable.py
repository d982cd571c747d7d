"""Convolutions whose kernels are sums of a column times a row: separable ones.

A column of weights on a few rows of a map gives a line, a row of weights on lines gives sums. One
line serves all the kernels that have its column in common.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from skconv.graph.base import Array, Op, Shape, TensorSpec, require
from skconv.graph.integer import QConv
from skconv.graph.limits import INT16_MAX
from skconv.graph.ops import Conv, ConvGeometry

__all__ = ["Factors", "QSeparableConv", "SeparableConv"]

# A product of a kernel: the channel that it reads, its column and its row.
Term = tuple[int, Array, Array]


@dataclass(frozen=True)
class Factors:
    """Integer kernels as sums of products of a column and a row.

    Attributes
    ----------
    columns : ndarray of int8 of shape (n_lines, kernel_height)
        The weights of each line.
    channels : ndarray of unsigned integers of shape (n_lines,)
        The channel of the input that each line reads.
    rows : ndarray of int8 of shape (n_terms, kernel_width)
        The weights that each term has for the line that it reads.
    lines : ndarray of unsigned integers of shape (n_terms,)
        That line.
    starts : ndarray of uint16 of shape (n_kernels + 1,)
        The first term of each kernel; its terms end where those of the next one begin.

    Examples
    --------
    >>> import numpy as np
    >>> from skconv.graph import Factors
    >>> blur, edge = np.int8([1, 2, 1]), np.int8([1, 0, -1])
    >>> sobel = Factors.of([[(0, edge, blur)], [(0, blur, edge)]])
    >>> sobel.weights(1, 1)[0, :, :, 0].tolist()
    [[1, 2, 1], [0, 0, 0], [-1, -2, -1]]
    """

    columns: Array
    channels: Array
    rows: Array
    lines: Array
    starts: Array

    @classmethod
    def of(cls, kernels: Sequence[Sequence[Term]]) -> Factors:
        """Those of the terms of each kernel; equal columns of one channel make one line."""
        found: dict[tuple[int, bytes], int] = {}
        columns, channels, rows, lines = [], [], [], []
        for channel, column, row in (term for terms in kernels for term in terms):
            key = (int(channel), np.asarray(column, np.int8).tobytes())
            if key not in found:
                columns.append(column)
                channels.append(channel)
            lines.append(found.setdefault(key, len(found)))
            rows.append(row)
        ends = np.cumsum([0, *map(len, kernels)])
        return cls(
            np.array(columns, np.int8),
            _unsigned(channels),
            np.array(rows, np.int8),
            _unsigned(lines),
            ends.astype(np.uint16),
        )

    def terms(self) -> list[list[Term]]:
        """The terms of each kernel."""
        found = [
            (int(self.channels[line]), self.columns[line], row)
            for line, row in zip(self.lines, self.rows, strict=True)
        ]
        bounds = zip(self.starts[:-1], self.starts[1:], strict=True)
        return [found[start:end] for start, end in bounds]

    def turned(self) -> Factors:
        """Those of the kernels whose rows are columns."""
        return Factors.of([[(c, row, column) for c, column, row in k] for k in self.terms()])

    def weights(self, groups: int, depth: int) -> Array:
        """The kernels themselves, as int32 ``(n_kernels, height, width, depth)``."""
        n_kernels = len(self.starts) - 1
        shape = (n_kernels, self.columns.shape[1], self.rows.shape[1], depth)
        found = np.zeros(shape, np.int32)
        for kernel, terms in enumerate(self.terms()):
            first = kernel * groups // n_kernels * depth
            for channel, column, row in terms:
                found[kernel, :, :, channel - first] += np.outer(column.astype(np.int32), row)
        return found

    @property
    def tables(self) -> dict[str, Array]:
        """What a target holds in flash."""
        return {
            "columns": self.columns,
            "channels": self.channels,
            "rows": self.rows,
            "lines": self.lines,
            "starts": self.starts,
        }

    def line_dtype(self, x: TensorSpec) -> str:
        """The smallest type that holds every line of an input, whatever it is."""
        largest = int(np.abs(self.columns.astype(np.int64)).sum(axis=1).max()) * x.magnitude
        return "int16" if largest <= INT16_MAX else "int32"


def _unsigned(values: Sequence[int]) -> Array:
    """In the smaller of two types."""
    return np.array(values, np.uint8 if max(values) <= np.iinfo(np.uint8).max else np.uint16)


def _check(op: ConvGeometry, factors: Factors) -> None:
    n_kernels, height, width, depth = op.weights.shape
    found = (len(factors.starts) - 1, factors.columns.shape[1], factors.rows.shape[1])
    require(
        found == (n_kernels, height, width) and not op.shared,
        f"{type(op).__name__} of kernels {op.weights.shape}, shared={op.shared}: factors are of "
        f"{found[0]} kernels of {found[1]}x{found[2]}, expected as many of this size, not shared",
    )
    require(
        bool(np.diff(factors.starts.astype(np.int64)).min() >= 1)
        and int(factors.channels.max()) < op.groups * depth,
        f"{type(op).__name__}: every kernel needs a term, and channels below {op.groups * depth}",
    )


def _turned(op: SeparableConv | QSeparableConv) -> Op:
    geometry = {name: getattr(op, name) for name in ("stride", "padding", "dilation")}
    plain = Conv(op.weights, op.bias, **geometry).turned()
    changed = {name: getattr(plain, name) for name in ("weights", *geometry)}
    return replace(op, factors=op.factors.turned(), **changed)


def _macs(op: SeparableConv | QSeparableConv, x: TensorSpec) -> int:
    """Of the lines, each computed once a row of windows, and of the terms."""
    rows, columns, _ = op.map_shape(x)
    height, width = op.weights.shape[1:3]
    of_lines = len(op.factors.columns) * x.shape[1] * height
    return rows * (of_lines + len(op.factors.rows) * columns * int(width))


@dataclass(frozen=True)
class SeparableConv(Conv):
    """A convolution with kernels that are integer ``factors`` times a number a kernel.

    ``weights`` are these products. Integers keep the factors as they are; weights that were
    changed since are quantised as those of any other convolution.
    """

    factors: Factors = field(kw_only=True)

    def __post_init__(self) -> None:
        _check(self, self.factors)

    def turned(self) -> Op:
        return _turned(self)

    def macs(self, *inputs: TensorSpec) -> int:
        return _macs(self, inputs[0])


@dataclass(frozen=True)
class QSeparableConv(QConv):
    """A convolution of an integer map whose kernels are ``factors``, requantised per kernel.

    ``weights`` are their products, in int32: the sums are those of the convolution with them. A
    target computes lines first, in the type that `Factors.line_dtype` proves to be enough.
    """

    factors: Factors = field(kw_only=True)

    def __post_init__(self) -> None:
        _check(self, self.factors)
        whole = self.factors.weights(self.groups, self.weights.shape[3])
        require(
            self.weights.dtype == np.int32 and np.array_equal(self.weights, whole),
            "QSeparableConv needs the products of its factors as weights, in int32",
        )

    def turned(self) -> Op:
        return _turned(self)

    def macs(self, *inputs: TensorSpec) -> int:
        return _macs(self, inputs[0])

    @property
    def parameters(self) -> dict[str, Array]:
        """The factors in place of their products."""
        plain = super().parameters
        return {n: p for n, p in plain.items() if n != "weights"} | self.factors.tables

    def lines_shape(self, x: TensorSpec) -> Shape:
        """Lines, and entries of each."""
        return len(self.factors.columns), x.shape[1]
