"""Distances to stored samples: the nearest of them vote, are averaged, or judge an outlier.

`skconv.runtime.neighbours` defines both forms of every op.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from math import isqrt
from typing import Any, Literal, TypeVar

import numpy as np

from skconv.graph.base import Array, Op, TensorSpec, require, require_vector
from skconv.graph.facts import Facts
from skconv.graph.integer import IntegerOp
from skconv.graph.limits import ACCUMULATOR_MAX

__all__ = [
    "Distances",
    "NeighbourMeans",
    "NeighbourVotes",
    "NoveltyMargin",
    "QDistances",
    "QNeighbourMeans",
    "QNeighbourVotes",
    "QNoveltyMargin",
]

Metric = Literal["l1", "l2"]
# What scikit-learn calls them.
METRICS: dict[str, Metric] = {
    "euclidean": "l2",
    "l2": "l2",
    "manhattan": "l1",
    "cityblock": "l1",
    "l1": "l1",
}

WEIGHT_BITS = 15  # of the weight of the nearest neighbour, which is 1
MEAN_BITS = 8  # of fraction of a weighted mean
LARGEST_SQUARE = 2**32 - 1
NEIGHBOUR_BYTES = 8  # a distance and a place


P = TypeVar("P", bound="Prototypes")


@dataclass(frozen=True)
class Prototypes(Op):
    """Stored samples, and how far from each a sample is.

    Parameters
    ----------
    metric : {"l1", "l2"}
        Sum of absolute differences, or root of the sum of squares.
    prototypes : ndarray of shape (n_prototypes, n_features)
        On the scale of the input.
    """

    metric: Metric
    prototypes: Array

    def check(self, x: TensorSpec) -> None:
        """ValueError where the prototypes do not fit the input."""
        require_vector(self, x, self.prototypes.shape[1])
        require(
            not isinstance(self, IntegerOp) or self.prototypes.dtype == x.dtype,
            f"prototypes are {self.prototypes.dtype}, the input is {x.dtype}",
        )

    def macs(self, *inputs: TensorSpec) -> int:
        return int(self.prototypes.size)

    def describe(self) -> str:
        n_prototypes, n_features = self.prototypes.shape
        return f"{type(self).__name__} {self.metric} {n_prototypes}x{n_features}"


@dataclass(frozen=True)
class Neighbours(Prototypes):
    """The ``k`` nearest prototypes.

    They are found one after the other in a heap of ``k``, as scikit-learn's brute force does: so
    the same ones are kept among those at the same distance.
    """

    k: int

    def of(self: P, chosen: Array) -> P:
        """This op with some of its prototypes, and what is known of them."""
        n_prototypes = len(self.prototypes)
        kept: dict[str, Any] = {
            name: p[chosen] for name, p in self.parameters.items() if len(p) == n_prototypes
        }
        return replace(self, **kept)

    @property
    def scratch_bytes(self) -> int:
        """The heap."""
        return NEIGHBOUR_BYTES * self.k

    def check(self, x: TensorSpec) -> None:
        super().check(x)
        n_prototypes = len(self.prototypes)
        require(
            1 <= self.k <= n_prototypes,
            f"{self.describe()}: k={self.k}, expected 1 to {n_prototypes}",
        )


# ------------------------------------------------------------------------------------- floats


@dataclass(frozen=True)
class Distances(Prototypes):
    """``unit`` times the distance to every prototype; ``negated``, so that the nearest is largest.

    Examples
    --------
    >>> import numpy as np
    >>> from skconv.graph import Distances, Graph, TensorSpec
    >>> from skconv.runtime import reference
    >>> graph = Graph(TensorSpec((2,))).append(Distances("l2", np.float32([[0, 0], [3, 0]])))
    >>> reference.run(graph, np.array([[3.0, 4.0]]))
    array([[5., 4.]])
    """

    facts = Facts("vector", reads="scores")
    negated: bool = False
    unit: float = 1.0

    def output(self, *inputs: TensorSpec) -> TensorSpec:
        self.check(inputs[0])
        return TensorSpec((len(self.prototypes),))


@dataclass(frozen=True)
class NeighbourVotes(Neighbours):
    """How many of the ``k`` nearest prototypes have each label.

    With ``weighted`` a neighbour counts as often as the nearest is nearer: the distance of the
    nearest over its own, 1 for all that are as near as the nearest; the results are shares of
    the sum.

    Examples
    --------
    >>> import numpy as np
    >>> from skconv.graph import Graph, NeighbourVotes, TensorSpec
    >>> from skconv.runtime import reference
    >>> samples, labels = np.float32([[0], [1], [4]]), np.uint8([0, 1, 1])
    >>> graph = Graph(TensorSpec((1,))).append(NeighbourVotes("l1", samples, 2, labels, 2))
    >>> reference.run(graph, np.array([[3.0], [0.0]]))
    array([[0., 2.],
           [1., 1.]])
    """

    facts = Facts("vector", reads="scores")
    labels: Array
    n_classes: int
    weighted: bool = False

    def check(self, x: TensorSpec) -> None:
        super().check(x)
        require(
            self.labels.shape == (len(self.prototypes),)
            and self.labels.dtype in (np.uint8, np.uint16)
            and int(self.labels.max()) < self.n_classes,
            f"{self.describe()}: a label below {self.n_classes} for every prototype wanted",
        )

    def output(self, *inputs: TensorSpec) -> TensorSpec:
        self.check(inputs[0])
        return TensorSpec((self.n_classes,))


@dataclass(frozen=True)
class NeighbourMeans(Neighbours):
    """The mean of the values of the ``k`` nearest prototypes, weighted as `NeighbourVotes` are.

    Examples
    --------
    >>> import numpy as np
    >>> from skconv.graph import Graph, NeighbourMeans, TensorSpec
    >>> from skconv.runtime import reference
    >>> samples, values = np.float32([[0], [1], [4]]), np.float32([[10], [20], [60]])
    >>> graph = Graph(TensorSpec((1,))).append(NeighbourMeans("l1", samples, 2, values))
    >>> reference.run(graph, np.array([[3.0], [0.0]]))
    array([[40.],
           [15.]])
    """

    facts = Facts("vector", reads="scores")
    values: Array
    weighted: bool = False

    def check(self, x: TensorSpec) -> None:
        super().check(x)
        require(
            self.values.ndim == 2 and len(self.values) == len(self.prototypes),
            f"{self.describe()}: a row of values for every prototype wanted",
        )

    def output(self, *inputs: TensorSpec) -> TensorSpec:
        self.check(inputs[0])
        return TensorSpec((self.values.shape[1],))


@dataclass(frozen=True)
class NoveltyMargin(Neighbours):
    """How far below its limit the local outlier factor of a sample is; an outlier has less than 0.

    ``limit - mean_j(density_j) * mean_j max(reach_j, d(x, p_j))`` over the ``k`` nearest
    prototypes. ``reaches`` are their distances to their own ``k``-th neighbours, ``densities``
    their local reachability densities.

    References
    ----------
    Breunig, Kriegel, Ng, Sander, "LOF: identifying density-based local outliers", SIGMOD 2000
    (definitions 5 to 7).

    Examples
    --------
    >>> import numpy as np
    >>> from skconv.graph import Graph, NoveltyMargin, TensorSpec
    >>> from skconv.runtime import reference
    >>> samples, one = np.float32([[0], [1], [2]]), np.ones(3, np.float32)
    >>> graph = Graph(TensorSpec((1,))).append(NoveltyMargin("l1", samples, 2, one, one, 1.5))
    >>> reference.run(graph, np.array([[0.5], [4.0]]))
    array([[ 0.5],
           [-1. ]])
    """

    facts = Facts("vector", reads="scores")
    reaches: Array
    densities: Array
    limit: float

    def check(self, x: TensorSpec) -> None:
        super().check(x)
        require(
            self.reaches.shape == self.densities.shape == (len(self.prototypes),),
            f"{self.describe()}: a reach and a density for every prototype wanted",
        )

    def output(self, *inputs: TensorSpec) -> TensorSpec:
        self.check(inputs[0])
        return TensorSpec((1,))


# ----------------------------------------------------------------------------------- integers


def largest_sum(metric: Metric, prototypes: Array, x: TensorSpec) -> int:
    """A bound of the sums of differences, or of squares, from the prototypes themselves."""
    low, high = x.limits
    whole = prototypes.astype(np.int64)
    reach = np.maximum(np.abs(whole - low), np.abs(high - whole))
    return int((reach if metric == "l1" else reach * reach).sum(axis=1).max())


def spare_root_bits(metric: Metric, largest: int) -> int:
    """How many bits of fraction a root has, where its square fills 32 bits; 0 for L1."""
    return 0 if metric == "l1" else max(0, (32 - largest.bit_length()) // 2)


@dataclass(frozen=True)
class IntegerPrototypes(Prototypes, IntegerOp):
    """Prototypes of the type and scale of the input.

    Distances of L1 are sums; those of L2 nearest integers to ``sqrt(4^root_bits * sum)``.
    """

    root_bits: int = field(default=0, kw_only=True)

    def largest_distance(self, x: TensorSpec) -> int:
        """A bound of the distances; ValueError where sums could be too large."""
        bound = largest_sum(self.metric, self.prototypes, x)
        require(bound < ACCUMULATOR_MAX, f"{self.describe()}: sums up to {bound} do not fit int32")
        if self.metric == "l1":
            return bound
        largest = bound << 2 * self.root_bits
        require(
            largest <= LARGEST_SQUARE,
            f"{self.describe()}: sums up to {bound} leave no room for {self.root_bits} bits",
        )
        return isqrt(largest) + 1


@dataclass(frozen=True)
class QDistances(Distances, IntegerPrototypes):
    """`Distances` in integers: int32, in units of ``scale``."""

    facts = Facts("vector")
    scale: float = 1.0

    def output(self, *inputs: TensorSpec) -> TensorSpec:
        (x,) = inputs
        self.check(x)
        bound = self.largest_distance(x)
        limits = (-bound, 0) if self.negated else (0, bound)
        return TensorSpec((len(self.prototypes),), "int32", self.scale, *limits)


@dataclass(frozen=True)
class QNeighbourVotes(NeighbourVotes, IntegerPrototypes):
    """`NeighbourVotes` in integers: counts, or shares with 15 bits of fraction, rounded."""

    facts = Facts("vector")

    def output(self, *inputs: TensorSpec) -> TensorSpec:
        (x,) = inputs
        self.check(x)
        self.largest_distance(x)
        require(
            self.k << WEIGHT_BITS <= ACCUMULATOR_MAX, f"{self.describe()}: k={self.k} is too large"
        )
        most, scale = (2**WEIGHT_BITS, 2.0**-WEIGHT_BITS) if self.weighted else (self.k, 1.0)
        return TensorSpec((self.n_classes,), "int32", scale, 0, most)


@dataclass(frozen=True)
class QNeighbourMeans(NeighbourMeans, IntegerPrototypes):
    """`NeighbourMeans` in integers: int32, ``offsets`` and what the neighbours add to it.

    Without weights that is the sum of their ``values``, so nothing is rounded: the scale of the
    result takes the place of the division by ``k``. With weights it is the nearest integer to
    the mean, with 8 bits of fraction.
    """

    facts = Facts("vector")
    offsets: Array = field(kw_only=True)
    scale: float = 1.0

    def output(self, *inputs: TensorSpec) -> TensorSpec:
        (x,) = inputs
        self.check(x)
        self.largest_distance(x)
        one = 2**MEAN_BITS if self.weighted else self.k
        values, offsets = self.values.astype(np.int64), self.offsets.astype(np.int64)
        low = int((offsets + one * values.min(axis=0)).min())
        high = int((offsets + one * values.max(axis=0)).max())
        require(
            max(-low, high) <= ACCUMULATOR_MAX,
            f"{self.describe()}: results from {low} to {high} do not fit int32",
        )
        return TensorSpec((values.shape[1],), "int32", self.scale, low, high)


@dataclass(frozen=True)
class QNoveltyMargin(NoveltyMargin, IntegerPrototypes):
    """`NoveltyMargin` in integers: ``ceil((limit + 1 - D R) / 2^shift)``, clipped to int32.

    ``D`` is the sum of the neighbours' ``densities``, ``R`` that of ``max(reach, distance)``; both
    and their product are exact, and the ceiling keeps the sign: above 0 is no outlier.
    """

    facts = Facts("vector")
    shift: int = 0
    scale: float = 1.0

    def output(self, *inputs: TensorSpec) -> TensorSpec:
        (x,) = inputs
        self.check(x)
        reach = max(self.largest_distance(x), int(self.reaches.max()))
        product = self.k**2 * int(self.densities.max()) * reach
        require(
            max(product, abs(int(self.limit))) < 2**62,
            f"{self.describe()}: products up to {product} do not fit int64",
        )
        return TensorSpec((1,), "int32", self.scale, -ACCUMULATOR_MAX, ACCUMULATOR_MAX)
