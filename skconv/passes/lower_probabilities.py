"""The integer form of what makes probabilities of scores."""

from __future__ import annotations

import math
from functools import singledispatch

from skconv.graph import (
    Op,
    QShares,
    QSigmoids,
    QSoftmax,
    Shares,
    Sigmoids,
    Softmax,
    TensorSpec,
)
from skconv.graph.core import Node
from skconv.graph.integer import EXP2_FRACTION_BITS, Requantization
from skconv.graph.limits import ACCUMULATOR_MAX
from skconv.graph.probabilities import ONE, IntegerProbabilities, Probabilities
from skconv.passes.lower import lower
from skconv.passes.lowering import Lowering
from skconv.passes.scales import requantization

LARGEST_EXPONENT = 16  # 2^-16 is 0 in 15 bits of fraction


@singledispatch
def integer_probabilities(op: Op, scores: TensorSpec) -> IntegerProbabilities:
    """The op on integer scores that is `Softmax`, `Sigmoids` or `Shares` on real ones."""
    raise TypeError(f"{type(op).__name__} makes no probabilities")


@integer_probabilities.register
def _(op: Softmax, scores: TensorSpec) -> QSoftmax:
    return QSoftmax(*_exponent(scores.scale * op.factor))


@integer_probabilities.register
def _(op: Sigmoids, scores: TensorSpec) -> QSoftmax | QSigmoids:
    """Of one score the softmax is the sigmoid."""
    form = QSoftmax if scores.size == 1 else QSigmoids
    return form(*_exponent(scores.scale))


@integer_probabilities.register
def _(op: Shares, scores: TensorSpec) -> QShares:
    low, high = (-ONE // 2, ONE // 2) if scores.size == 1 else (0, ONE)
    unit = 2.0 / ONE if scores.size == 1 else 1.0 / ONE
    limit = min(scores.magnitude, math.ceil(1 / (scores.scale * op.factor)))
    wanted = TensorSpec((1,), "int32", unit, low, high)
    return QShares(limit, requantization(scores.scale * op.factor, limit, wanted))


def _exponent(scale: float) -> tuple[int, int, Requantization]:
    """Fields of the exponentials of scores of that scale, which are natural logarithms."""
    bits = scale / math.log(2)
    limit = math.ceil(LARGEST_EXPONENT / bits)
    shift = max(0, limit.bit_length() - ACCUMULATOR_MAX.bit_length())
    limit >>= shift
    largest = LARGEST_EXPONENT << EXP2_FRACTION_BITS
    exponents = TensorSpec((1,), "int32", 2.0**-EXP2_FRACTION_BITS, 0, largest)
    return shift, limit, requantization(bits * 2.0**shift, limit, exponents)


@lower.register
def _(op: Probabilities, node: Node, lowering: Lowering) -> None:
    """Scores are read as they are: no rounding comes between them and probabilities."""
    (source,) = node.inputs
    lowering.add(node, integer_probabilities(op, lowering.spec(source)), lowering.names[source])
