"""Scores that fall with a squared distance: logarithms of the densities of Gaussians."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import isqrt

import numpy as np

from skconv.graph.base import Array, Op, TensorSpec, require, require_vector
from skconv.graph.facts import Facts
from skconv.graph.integer import IntegerOp
from skconv.graph.limits import ACCUMULATOR_MAX, INT16_MAX

__all__ = ["DiagonalSquares", "GroupedSquares", "QDiagonalSquares", "QGroupedSquares"]

# No sum of squares is larger, so that an offset as large as that fits 64 bits with it.
LARGEST_SQUARES = 2**61
# Scores are clipped to this, with room for what a logarithm of a sum adds.
LARGEST_SCORE = 2**30


@dataclass(frozen=True)
class QuadraticScores(Op):
    """``offsets[k] - sum_j y[k, j]^2``: what its two forms share.

    A Gaussian's log-density is this, where ``y`` is the sample with its mean taken off, whitened,
    divided by the root of 2. As squares the sum loses nothing near the mean, where the expansion
    into powers of the sample would be the small difference of large numbers.

    With ``relative`` only the differences count, as for a decision or a softmax: from each score
    the largest one is taken off; of two scores the result is the second less the first.
    """

    facts = Facts("vector")
    offsets: Array
    relative: bool = False

    @property
    def n_scores(self) -> int:
        return len(self.offsets)

    @property
    def n_results(self) -> int:
        return 1 if self.relative and self.n_scores == 2 else self.n_scores


@dataclass(frozen=True)
class GroupedSquares(QuadraticScores):
    """``offsets[k]`` less the sum of squares of group ``k`` of a vector.

    The vector falls into as many groups as there are offsets, all of one size, one after the
    other.

    Examples
    --------
    >>> import numpy as np
    >>> from skconv.graph import Graph, GroupedSquares, TensorSpec
    >>> from skconv.runtime import reference
    >>> graph = Graph(TensorSpec((4,))).append(GroupedSquares(np.float32([10, 20])))
    >>> reference.run(graph, np.array([[1.0, 2.0, 3.0, 4.0]]))
    array([[ 5., -5.]])
    """

    def output(self, *inputs: TensorSpec) -> TensorSpec:
        (x,) = inputs
        require_groups(self, x)
        return TensorSpec((self.n_results,))

    def macs(self, *inputs: TensorSpec) -> int:
        return inputs[0].size


@dataclass(frozen=True)
class DiagonalSquares(QuadraticScores):
    """``offsets[k] - sum_j (factors[k, j] x[j] + biases[k, j])^2``.

    Examples
    --------
    >>> import numpy as np
    >>> from skconv.graph import DiagonalSquares, Graph, TensorSpec
    >>> from skconv.runtime import reference
    >>> factors, biases = np.float32([[1, 2], [1, 1]]), np.float32([[0, 1], [-1, -1]])
    >>> op = DiagonalSquares(np.float32([0, 0]), factors=factors, biases=biases)
    >>> reference.run(Graph(TensorSpec((2,))).append(op), np.array([[1.0, 2.0]]))
    array([[-26.,  -1.]])
    """

    factors: Array = field(kw_only=True)
    biases: Array = field(kw_only=True)

    def largest_read(self, x: TensorSpec) -> int:
        """Of the bits of a product the half: the factors have the others."""
        return min(INT16_MAX, isqrt(largest_term(x.size)))

    def output(self, *inputs: TensorSpec) -> TensorSpec:
        require_diagonal(self, inputs[0])
        return TensorSpec((self.n_results,))

    def macs(self, *inputs: TensorSpec) -> int:
        return 2 * int(self.factors.size)


def require_groups(op: QuadraticScores | QGroupedSquares, x: TensorSpec) -> None:
    require_vector(op, x)
    require(
        x.size % op.n_scores == 0,
        f"{type(op).__name__} of {op.n_scores} scores needs a multiple of that, got {x.shape}",
    )


def require_diagonal(op: DiagonalSquares | QDiagonalSquares, x: TensorSpec) -> None:
    require_vector(op, x, op.factors.shape[-1])
    require(
        op.factors.shape == op.biases.shape == (op.n_scores, x.size),
        f"{type(op).__name__} of {op.n_scores} scores of {x.size} numbers, "
        f"got factors {op.factors.shape} and biases {op.biases.shape}",
    )


def largest_term(n_terms: int) -> int:
    """The largest integer of which so many squares are no larger than `LARGEST_SQUARES`."""
    return min(ACCUMULATOR_MAX, isqrt(LARGEST_SQUARES // n_terms))


@dataclass(frozen=True)
class QuadraticIntegers(IntegerOp):
    """Sums of squares in 64 bits: exact. Base of what follows.

    ``s[k]`` is ``offsets[k]`` less the sum, shifted right by ``shifts[k]`` and rounded: a class of
    small variances may have coarser terms than the others. Where ``relative``, the largest is taken
    off, or of two the first off the second. Scores are clipped to ``2^30`` in magnitude: what is
    clipped is far below the best, or far below any density that is told from 0.
    """

    facts = Facts("vector")
    offsets: Array  # int64
    shifts: Array  # uint8
    scale: float = field(kw_only=True)
    relative: bool = field(kw_only=True)

    @property
    def n_scores(self) -> int:
        return len(self.offsets)

    @property
    def scratch_bytes(self) -> int:
        """A score of 64 bits for each class."""
        return self.offsets.nbytes

    def result(self, largest: int, n_terms: int) -> TensorSpec:
        """Scores, where so many terms of a sum are up to ``largest``."""
        name = type(self).__name__
        require(
            largest <= ACCUMULATOR_MAX and n_terms * largest**2 <= LARGEST_SQUARES,
            f"{name}: {n_terms} squares of integers up to {largest} do not fit",
        )
        offset = max(abs(int(self.offsets.min())), abs(int(self.offsets.max())))
        shifts = self.shifts
        require(
            offset <= LARGEST_SQUARES and len(shifts) == self.n_scores and int(shifts.max()) <= 61,
            f"{name}: offset {offset} or shifts {shifts.tolist()} do not fit 64 bits",
        )
        n_results = 1 if self.relative and self.n_scores == 2 else self.n_scores
        limit = LARGEST_SCORE
        highest = 0 if self.relative and self.n_scores != 2 else limit
        return TensorSpec((n_results,), "int32", self.scale, minimum=-limit, maximum=highest)


@dataclass(frozen=True)
class QGroupedSquares(QuadraticIntegers):
    """As `GroupedSquares`, of integers of up to 16 bits."""

    def output(self, *inputs: TensorSpec) -> TensorSpec:
        (x,) = inputs
        require_groups(self, x)
        require(
            x.magnitude <= INT16_MAX + 1,
            f"QGroupedSquares reads 16 bits, got integers up to {x.magnitude}",
        )
        return self.result(x.magnitude, x.size // self.n_scores)

    def macs(self, *inputs: TensorSpec) -> int:
        return inputs[0].size


@dataclass(frozen=True)
class QDiagonalSquares(QuadraticIntegers):
    """As `DiagonalSquares`: int16 factors, int32 biases; every term fits int32."""

    factors: Array = field(kw_only=True)
    biases: Array = field(kw_only=True)

    def output(self, *inputs: TensorSpec) -> TensorSpec:
        (x,) = inputs
        require_diagonal(self, x)
        terms = np.abs(self.factors.astype(np.int64)) * x.magnitude
        terms += np.abs(self.biases.astype(np.int64))
        return self.result(int(terms.max()), x.size)

    def macs(self, *inputs: TensorSpec) -> int:
        return 2 * int(self.factors.size)
