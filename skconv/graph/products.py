"""Products of columns: the terms of a polynomial.

`QProducts` is the integer form; `skconv.runtime.products` defines both.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from skconv.graph.base import Array, Op, TensorSpec, require, require_vector
from skconv.graph.facts import Facts
from skconv.graph.integer import IntegerOp, Requantization
from skconv.graph.limits import ACCUMULATOR_MAX, INT16_MAX

__all__ = ["Products", "QProducts"]


@dataclass(frozen=True)
class Products(Op):
    """The product of some columns for each row of ``indices``.

    Parameters
    ----------
    indices : ndarray of uint16 of shape (n_products, degree)
        The factors. An index that is the number of columns is no factor.

    Examples
    --------
    >>> import numpy as np
    >>> from skconv.graph import Graph, Products, TensorSpec
    >>> from skconv.runtime import reference
    >>> op = Products(np.uint16([[0, 2], [0, 1], [1, 1]]))
    >>> reference.run(Graph(TensorSpec((2,))).append(op), np.array([[2.0, 5.0]]))
    array([[ 2., 10., 25.]])
    """

    facts = Facts("vector")
    indices: Array

    def largest_read(self, x: TensorSpec) -> int:
        """Products of integers of that size fit int32."""
        largest = int(ACCUMULATOR_MAX ** (1 / self.indices.shape[1]))
        return min(INT16_MAX, largest)

    def output(self, *inputs: TensorSpec) -> TensorSpec:
        (x,) = inputs
        return TensorSpec(products_shape(self, self.indices, x))

    def macs(self, *inputs: TensorSpec) -> int:
        return int(self.indices.size)

    def describe(self) -> str:
        return f"{type(self).__name__} {self.indices.shape[0]} of {self.indices.shape[1]}"


@dataclass(frozen=True)
class QProducts(IntegerOp):
    """`Products` of integers, requantised: int32 has room for them."""

    facts = Facts("vector")
    indices: Array
    requantization: Requantization

    def output(self, *inputs: TensorSpec) -> TensorSpec:
        (x,) = inputs
        shape = products_shape(self, self.indices, x)
        bound = max(x.magnitude, 1) ** self.indices.shape[1]
        require(bound <= ACCUMULATOR_MAX, f"{self.describe()}: products up to {bound} exceed int32")
        return self.requantization.spec(shape, bound)

    def macs(self, *inputs: TensorSpec) -> int:
        return int(self.indices.size)

    def describe(self) -> str:
        return f"{type(self).__name__} {self.indices.shape[0]} of {self.indices.shape[1]}"


def products_shape(op: Op, indices: Array, x: TensorSpec) -> tuple[int]:
    """How many products there are; ValueError where one has no factor, or one that is not there."""
    require_vector(op, x)
    require(
        indices.ndim == 2
        and int(indices.max()) <= x.size
        and bool((indices < x.size).any(1).all()),
        f"{op.describe()}: products of columns up to {np.max(indices)} of a vector of {x.size}",
    )
    return (len(indices),)
