"""How filters of signals become integer ops: second-order sections, the length of vectors."""

from __future__ import annotations

from math import ceil, floor, log, log2
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skconv.graph import Biquads, EuclideanNorm, QBiquads, QEuclideanNorm, TensorSpec
from skconv.graph.biquads import FEEDBACK_BITS, LARGEST_SIGNAL, pole_radii
from skconv.graph.core import Node
from skconv.graph.euclidean_norm import LARGEST_SUM, largest_axis
from skconv.graph.limits import ACCUMULATOR_MAX
from skconv.passes.lower import lower
from skconv.passes.lowering import Lowering
from skconv.passes.refusal import NoIntegerFormError
from skconv.passes.scales import exact_requantization, round_keeping_sums

Array = NDArray[Any]

# Poles farther out are not told from unstable ones by 30 bits of fraction.
OUTERMOST_POLE = 1 - 2.0**-16
# Bits by which the rest of an impulse response is smaller than where it begins.
DECAY = 80
# Room for what sections round.
MARGIN = 1 + 2.0**-10
# Sums of magnitudes of numerators: with 30 bits of fraction they fit 32 bits.
MOST_AHEAD = 2 - 2.0**-20
LARGEST_SHIFT = 40


@lower.register
def _(op: Biquads, node: Node, lowering: Lowering) -> None:
    source = lowering.read(node.inputs[0])
    tables, unit = sections(op.sos, lowering.graph.specs[source])
    rule = exact_requantization(unit, LARGEST_SIGNAL, lowering.wanted(node.name))
    lowering.add(node, QBiquads(op.axis, **tables, requantization=rule), source)


def sections(sos: Array, x: TensorSpec) -> tuple[dict[str, Any], float]:
    """The tables of the sections, and what one unit of the last signal is worth."""
    input_shift = (LARGEST_SIGNAL // max(x.magnitude, 1)).bit_length() - 1
    feedback = np.rint(-sos[:, 4:] * 2**FEEDBACK_BITS).clip(-ACCUMULATOR_MAX, ACCUMULATOR_MAX)
    rounded = _same_gain(sos, np.hstack([sos[:, :4], -feedback / 2**FEEDBACK_BITS]))
    largest = MARGIN * x.scale * x.magnitude * gains(rounded)
    unit = x.scale * 2.0**-input_shift
    numerators, shifts = [], []
    for b, signal in zip(rounded[:, :3], largest, strict=True):
        total = np.abs(b).sum()
        before, unit = unit, max(signal / LARGEST_SIGNAL, total * unit / MOST_AHEAD) or unit
        ahead = before / unit
        shift = floor(log2(MOST_AHEAD / (total * ahead))) if total > 0 else 0
        shifts.append(min(max(shift, 0), LARGEST_SHIFT))
        numerators.append(b * ahead * 2.0 ** (FEEDBACK_BITS + shifts[-1]))
    tables = {
        # Sums that are 0 stay 0: a high-pass lets nothing through that does not change.
        "numerators": round_keeping_sums(np.array(numerators), ACCUMULATOR_MAX).astype(np.int32),
        "shifts": np.array(shifts, np.uint8),
        "feedback": feedback.astype(np.int32),
        "input_shift": input_shift,
    }
    return tables, unit


def _same_gain(sos: Array, rounded: Array) -> Array:
    """Sections with rounded feedback, their numerators multiplied to keep the gain.

    It is kept at frequency 0 or at half the sampling rate, where the numerator is larger. Poles
    near 1, of low cut-off frequencies, make much of what is rounded.
    """
    powers = np.array([[1, 1, 1], [1, -1, 1]])
    at = np.abs(sos[:, :3] @ powers.T).argmax(axis=1)
    before, after = ((s[:, 3:] * powers[at]).sum(axis=1, keepdims=True) for s in (sos, rounded))
    return np.hstack([rounded[:, :3] * after / before, rounded[:, 3:]])


def gains(sos: Array) -> Array:
    """How much larger than its input the signal behind each section may become.

    That is the sum of the magnitudes of the impulse response up to there.
    """
    from scipy.signal import sosfilt

    radius = pole_radii(sos).max()
    if radius > OUTERMOST_POLE:
        raise NoIntegerFormError(
            "a filter with a pole within 2^-16 of the unit circle",
            "take a higher cut-off frequency, or put Decimate before the filter",
            "sos",
        )
    length = ceil(DECAY * log(2) / -log(radius)) if radius > 0 else 0
    response = np.zeros(length + 2 * len(sos) + 1)
    response[0] = 1
    found = []
    for section in sos:
        response = sosfilt(section[None], response)
        found.append(np.abs(response).sum())
    return np.array(found)


@lower.register
def _(op: EuclideanNorm, node: Node, lowering: Lowering) -> None:
    (name,) = node.inputs
    most = largest_axis(op.n_axes)
    source = lowering.read(name, op.largest_read(lowering.spec(name)), at_most=most)
    x = lowering.graph.specs[source]
    square = op.n_axes * max(x.magnitude, 1) ** 2
    shift = ((LARGEST_SUM // square).bit_length() - 1) // 2
    rule = exact_requantization(x.scale / 2**shift, 2**16, lowering.wanted(node.name))
    lowering.add(node, QEuclideanNorm(op.n_axes, shift=shift, requantization=rule), source)
