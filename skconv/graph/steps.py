"""Comparisons of columns with constants: bins, and equality with categories.

They mean the same on floats and on integers, where ``x >= edge`` is ``x >= ceil(edge)``.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from skconv.graph.base import BOTH, Array, Op, TensorSpec, require, require_vector
from skconv.graph.facts import Facts

__all__ = ["Matches", "Steps"]


@dataclass(frozen=True)
class Steps(Op):
    """Whole numbers that change at edges: ``values[how many edges are <= x]``, column by column.

    Parameters
    ----------
    edges : ndarray of shape (n_columns, n_edges) or (1, n_edges)
        Ascending.
    values : ndarray of int16 of shape (n_columns, n_edges + 1) or (1, n_edges + 1)

    Examples
    --------
    >>> import numpy as np
    >>> from skconv.graph import Graph, Steps, TensorSpec
    >>> from skconv.runtime import reference
    >>> op = Steps(np.float32([[1.5, 4]]), np.int16([[0, 1, 2]]))
    >>> reference.run(Graph(TensorSpec((4,))).append(op), np.array([[1.0, 1.5, 3.9, 4.0]]))
    array([[0., 1., 1., 2.]])
    """

    facts = Facts("vector", reads="fine")
    domains = BOTH
    edges: Array
    values: Array

    def in_units(self, x: TensorSpec) -> Steps:
        low, high = x.limits
        edges = np.ceil(np.clip(self.edges.astype(np.float64) / x.scale, low, high + 1.0))
        return replace(self, edges=edges.astype(np.int32))

    def output(self, *inputs: TensorSpec) -> TensorSpec:
        (x,) = inputs
        require_vector(self, x)
        rows, n_edges = self.edges.shape
        require(
            rows in (1, x.size) and self.values.shape == (rows, n_edges + 1),
            f"{self.describe()}: edges {self.edges.shape} and values {self.values.shape} for a "
            f"vector of {x.size}",
        )
        require(bool((np.diff(self.edges) >= 0).all()), f"{self.describe()}: edges do not ascend")
        if x.domain == "float":
            return TensorSpec(x.shape)
        low, high = int(self.values.min()), int(self.values.max())
        dtype = "uint8" if low >= 0 and high <= 255 else "int16"
        return TensorSpec(x.shape, dtype, minimum=low, maximum=high)

    def macs(self, *inputs: TensorSpec) -> int:
        return inputs[0].size

    def describe(self) -> str:
        return f"Steps {len(self.edges)}x{self.edges.shape[1]}"


@dataclass(frozen=True)
class Matches(Op):
    """1 where a column equals a number, else 0; as many as there are pairs of the two.

    Parameters
    ----------
    columns : ndarray of uint16 of shape (n_pairs,)
    numbers : ndarray of shape (n_pairs,)

    Examples
    --------
    >>> import numpy as np
    >>> from skconv.graph import Graph, Matches, TensorSpec
    >>> from skconv.runtime import reference
    >>> op = Matches(np.uint16([0, 0, 1]), np.float32([3, 5, 0]))
    >>> reference.run(Graph(TensorSpec((2,))).append(op), np.array([[5, 0], [4, 0]]))
    array([[0., 1., 1.],
           [0., 0., 1.]])
    """

    facts = Facts("vector", reads="fine")
    domains = BOTH
    columns: Array
    numbers: Array

    def in_units(self, x: TensorSpec) -> Matches:
        """Numbers are rounded as the input is; what no whole number equals stays unequal to all."""
        low, high = x.limits
        units = self.numbers.astype(np.float64) / x.scale
        numbers = np.clip(np.rint(units), low - 1.0, high + 1.0)
        if x.scale == 1:
            numbers = np.where(units == np.rint(units), numbers, low - 1.0)
        return replace(self, numbers=numbers.astype(np.int32))

    def output(self, *inputs: TensorSpec) -> TensorSpec:
        (x,) = inputs
        require_vector(self, x)
        require(
            self.columns.shape == self.numbers.shape and int(self.columns.max(initial=0)) < x.size,
            f"{self.describe()}: column {self.columns.max(initial=0)} of a vector of {x.size}",
        )
        shape = (len(self.columns),)
        if x.domain == "float":
            return TensorSpec(shape)
        return TensorSpec(shape, "uint8", minimum=0, maximum=1)

    def macs(self, *inputs: TensorSpec) -> int:
        return len(self.columns)

    def describe(self) -> str:
        return f"Matches {len(self.columns)}"
