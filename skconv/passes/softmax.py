"""The op that makes probabilities of the scores of a quantised graph."""

from __future__ import annotations

import math

from skconv.graph import QSoftmax, TensorSpec
from skconv.graph.integer import EXP2_FRACTION_BITS
from skconv.graph.limits import ACCUMULATOR_MAX
from skconv.passes.scales import requantization

LARGEST_EXPONENT = 16  # 2^-16 is 0 in 15 bits of fraction


def softmax(scores: TensorSpec) -> QSoftmax:
    """The softmax of scores that are natural logarithms of probabilities, up to a constant."""
    bits = scores.scale / math.log(2)
    limit = math.ceil(LARGEST_EXPONENT / bits)
    shift = max(0, limit.bit_length() - ACCUMULATOR_MAX.bit_length())
    limit >>= shift
    largest = LARGEST_EXPONENT << EXP2_FRACTION_BITS
    exponents = TensorSpec((1,), "int32", 2.0**-EXP2_FRACTION_BITS, 0, largest)
    return QSoftmax(shift, limit, requantization(bits * 2.0**shift, limit, exponents))
