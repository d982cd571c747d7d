"""The logarithm of a sum of densities, out of their logarithms."""

from __future__ import annotations

from dataclasses import dataclass

from skconv.graph.base import Array, Op, TensorSpec, require, require_vector
from skconv.graph.facts import Facts
from skconv.graph.integer import IntegerOp, Requantization, exp2_table
from skconv.graph.integer_spectra import LOG2_BITS, log2_table
from skconv.graph.limits import ACCUMULATOR_MAX

__all__ = ["LogSumExp", "QLogSumExp"]


@dataclass(frozen=True)
class LogSumExp(Op):
    """``log(sum_i exp(x_i))`` of a vector.

    Examples
    --------
    >>> import numpy as np
    >>> from skconv.graph import Graph, LogSumExp, TensorSpec
    >>> from skconv.runtime import reference
    >>> graph = Graph(TensorSpec((2,))).append(LogSumExp())
    >>> reference.run(graph, np.log([[1.0, 3.0]])).round(6).tolist()
    [[1.386294]]
    """

    facts = Facts("vector")

    def output(self, *inputs: TensorSpec) -> TensorSpec:
        require_scores(self, inputs[0])
        return TensorSpec((1,))

    def macs(self, *inputs: TensorSpec) -> int:
        return inputs[0].size


@dataclass(frozen=True)
class QLogSumExp(IntegerOp):
    """As `LogSumExp`, on the scale of what is read.

    The largest score, and the logarithm of the sum of ``2^-u_i``, where ``u_i`` is the distance
    of a score from the largest, as in `QSoftmax`: powers have 15 bits of fraction, and
    ``logarithm`` leads from a binary logarithm with 16 to units of a score.
    """

    facts = Facts("vector")
    shift: int
    limit: int
    exponent: Requantization
    logarithm: Requantization

    def output(self, *inputs: TensorSpec) -> TensorSpec:
        (x,) = inputs
        require_scores(self, x)
        self.exponent.spec((1,), self.limit)
        self.logarithm.spec((1,), x.size.bit_length() << LOG2_BITS)
        low, high = x.limits
        largest = high + self.logarithm.maximum
        require(largest <= ACCUMULATOR_MAX, f"QLogSumExp: up to {largest} does not fit int32")
        return TensorSpec((1,), "int32", x.scale, minimum=low, maximum=largest)

    @property
    def parameters(self) -> dict[str, Array]:
        return {"exp2_table": exp2_table(), "log2_table": log2_table()}

    def macs(self, *inputs: TensorSpec) -> int:
        return inputs[0].size


def require_scores(op: Op, x: TensorSpec) -> None:
    require_vector(op, x)
    require(x.size > 1, f"{type(op).__name__} of one number is that number")
