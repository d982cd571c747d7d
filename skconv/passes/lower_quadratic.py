"""How scores that fall with a squared distance become integer ops."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skconv.graph import (
    DiagonalSquares,
    GroupedSquares,
    LogSumExp,
    QDiagonalSquares,
    QGroupedSquares,
    QLogSumExp,
    QSoftmax,
    Softmax,
    TensorSpec,
)
from skconv.graph.core import Node
from skconv.graph.integer_spectra import LOG2_BITS
from skconv.graph.limits import ACCUMULATOR_MAX, INT16_MAX
from skconv.graph.quadratic import LARGEST_SCORE, LARGEST_SQUARES, QuadraticScores, largest_term
from skconv.passes.lower import lower
from skconv.passes.lower_probabilities import integer_probabilities
from skconv.passes.lowering import Lowering
from skconv.passes.refusal import NoIntegerFormError
from skconv.passes.scales import requantization

Array = NDArray[Any]

# Of a logarithm of a density: no decision hangs on less.
SCORE_UNIT = 2.0**-10
# How much further down than the calibration samples scores reach before they are clipped.
HEADROOM = 4
# A factor as large as this makes of one unit of the input a difference of 4096 in the score: that
# decides, and a larger one would take bits from the others.
LARGEST_FACTOR = 64.0
# Bits that the smallest of factors should have, before large ones have more than `LARGEST_FACTOR`.
FEWEST_LEVELS = 64


@lower.register
def _(op: GroupedSquares, node: Node, lowering: Lowering) -> None:
    source = lowering.read(node.inputs[0])
    x = lowering.graph.specs[source]
    units = np.full(op.n_scores, x.scale)
    scale = _score_unit(op, units, node, lowering)
    integer = QGroupedSquares(*_offsets_and_shifts(op, units, scale), **_meaning(op, scale))
    lowering.add(node, integer, source)


@lower.register
def _(op: DiagonalSquares, node: Node, lowering: Lowering) -> None:
    (name,) = node.inputs
    source = lowering.read(name, op.largest_read(lowering.spec(name)))
    x = lowering.graph.specs[source]
    finest = _finest_units(op, x)
    scale = _score_unit(op, finest, node, lowering)
    # A whole number of halvings leads from the unit of a score to that of a square.
    units = np.sqrt(scale * 2.0 ** -np.floor(np.log2(scale / finest**2)))
    factors, biases = _terms(op, x, units)
    integer = QDiagonalSquares(
        *_offsets_and_shifts(op, units, scale),
        **_meaning(op, scale),
        factors=factors,
        biases=biases,
    )
    lowering.add(node, integer, source)


def _terms(op: DiagonalSquares, x: TensorSpec, units: Array) -> tuple[Array, Array]:
    """Integer factors and biases, where one of a term is worth the unit of its class.

    A bias is that of the centre, with the factor as it was rounded: the term of a sample in the
    centre stays 0.
    """
    factors, biases = op.factors.astype(np.float64) * x.scale, op.biases.astype(np.float64)
    whole = np.clip(np.rint(factors / units[:, None]), -INT16_MAX, INT16_MAX)
    used = np.where(factors != 0, factors, 1.0)
    centred = np.where(factors != 0, biases / used * whole, biases / units[:, None])
    limit = largest_term(x.size) - np.abs(whole) * x.magnitude
    return whole.astype(np.int16), np.clip(np.rint(centred), -limit, limit).astype(np.int32)


def _finest_units(op: DiagonalSquares, x: TensorSpec) -> Array:
    """What one of a term is worth, class by class: as int16 factors and 64-bit sums allow."""
    sizes, biases = np.abs(op.factors.astype(np.float64)) * x.scale, np.abs(op.biases)
    is_used = sizes > 0
    if not is_used.any(axis=1).all():
        raise NoIntegerFormError("all factors of a class are 0", "fit on features that differ")
    least = sizes.min(axis=1, initial=np.inf, where=is_used)
    most = np.maximum(LARGEST_FACTOR, INT16_MAX / FEWEST_LEVELS * least)
    kept = np.minimum(sizes, most[:, None])
    centres = biases / np.where(is_used, sizes, 1.0)
    terms = kept * (x.magnitude + centres) + np.where(is_used, 0.0, biases)
    # Rounding adds half a unit a factor, and one to the bias.
    room = largest_term(x.size) - (x.magnitude + float(centres.max())) / 2 - 1
    if room <= 0:
        raise NoIntegerFormError("centres are too far from 0 for the input", "scale the features")
    return np.maximum(kept.max(axis=1) / INT16_MAX, terms.max(axis=1) / room)


def _score_unit(op: QuadraticScores, units: Array, node: Node, lowering: Lowering) -> float:
    """What one unit of a score is worth: fine, but with room for the scores that count."""
    wanted = max(SCORE_UNIT, float(units.max()) ** 2)
    if not op.relative:
        low, high = lowering.ranges[_counted(node, lowering)]
        wanted = max(wanted, HEADROOM * max(high, -low) / LARGEST_SCORE)
    if not isinstance(op, GroupedSquares):
        return wanted
    square = float(units[0]) ** 2
    return square * 2.0 ** math.floor(math.log2(wanted / square))


def _counted(node: Node, lowering: Lowering) -> str:
    """The tensor whose range counts: of a mixture that of the sum, which its largest part makes."""
    users = lowering.source.users(node.name)
    is_mixture = len(users) == 1 and isinstance(users[0].op, LogSumExp)
    return users[0].name if is_mixture else node.name


def _offsets_and_shifts(op: QuadraticScores, units: Array, scale: float) -> tuple[Array, Array]:
    offsets = np.rint(op.offsets.astype(np.float64) / scale)
    return (
        np.clip(offsets, -LARGEST_SQUARES, LARGEST_SQUARES).astype(np.int64),
        np.clip(np.rint(np.log2(scale / units**2)), 0, 61).astype(np.uint8),
    )


def _meaning(op: QuadraticScores, scale: float) -> dict[str, Any]:
    return {"scale": scale, "relative": op.relative}


@lower.register
def _(op: LogSumExp, node: Node, lowering: Lowering) -> None:
    source = lowering.names[node.inputs[0]]
    x = lowering.graph.specs[source]
    powers = integer_probabilities(Softmax(), x)
    assert isinstance(powers, QSoftmax)
    octave = math.log(2)
    bound = x.size.bit_length() << LOG2_BITS
    most = math.ceil(x.size.bit_length() * octave / x.scale)
    wanted = TensorSpec((1,), "int32", x.scale, 0, min(most, ACCUMULATOR_MAX))
    rule = requantization(octave / 2**LOG2_BITS, bound, wanted)
    lowering.add(node, QLogSumExp(powers.shift, powers.limit, powers.exponent, rule), source)
