"""How the ops of the auditory front end become integer ops."""

from __future__ import annotations

from math import ceil, floor, log, log2
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skconv.graph import (
    BandPower,
    Log,
    Power,
    QBandLog,
    QBandPower,
    QBandRoot,
    QLog,
    QPower,
    TensorSpec,
)
from skconv.graph.core import Node
from skconv.graph.integer import FINE_EXP2_BITS, KERNEL_FRACTION_BITS, Requantization
from skconv.graph.integer_spectra import LOG2_BITS, MOST_OCTAVES, SLACK
from skconv.graph.limits import ACCUMULATOR_MAX, INT16_MAX, UINT16_MAX
from skconv.graph.spectra import band_runs
from skconv.passes.lower import lower
from skconv.passes.lowering import Lowering
from skconv.passes.refusal import NoIntegerFormError
from skconv.passes.scales import requantization
from skconv.runtime.fft import places, twiddles

Array = NDArray[Any]

ONE = 2**LOG2_BITS
# Octaves of the result of a power below which it is 0.
DEEPEST = 16


@lower.register
def _(op: BandPower, node: Node, lowering: Lowering) -> None:
    """With the logarithm or the power behind it, if that is all that reads it."""
    source = lowering.read(node.inputs[0], at_most=INT16_MAX + 1)
    frames, gain = _frames(op, lowering.graph.specs[source])
    users = lowering.source.users(node.name)
    reader = users[0] if len(users) == 1 else node
    if isinstance(reader.op, Log):
        offset, rule = _log_rule(reader.op, reader, lowering, gain)
        lowering.add(reader, QBandLog(**frames, offset=offset, requantization=rule), source)
    elif isinstance(reader.op, Power):
        found = _power_rules(reader.op, reader, lowering, gain)
        lowering.add(reader, QBandRoot(**frames, **found), source)
    else:
        lowering.add(node, _linear(frames, gain, lowering.ranges[node.name][1]), source)


@lower.register
def _(op: Log, node: Node, lowering: Lowering) -> None:
    (name,) = node.inputs
    offset, rule = _log_rule(op, node, lowering, lowering.spec(name).scale)
    lowering.add(node, QLog(offset, rule), lowering.names[name])


@lower.register
def _(op: Power, node: Node, lowering: Lowering) -> None:
    (name,) = node.inputs
    found = _power_rules(op, node, lowering, lowering.spec(name).scale)
    lowering.add(node, QPower(**found), lowering.names[name])


# ----------------------------------------------------------------------- frames and bands


def _frames(op: BandPower, x: TensorSpec) -> tuple[dict[str, Any], float]:
    """The tables of the frames, and what one unit of a sum of a band is worth."""
    points, length = op.n_fft // 2, len(op.window)
    if op.n_fft < 8 or op.n_fft & (op.n_fft - 1):
        raise NoIntegerFormError(
            f"a transform of {op.n_fft} samples", "use n_fft=512, or another power of two"
        )
    if length % 2:
        raise NoIntegerFormError(
            f"frames of {length} samples", f"write frame_length={length + 1}, an even number"
        )
    window, unit = _rounded(op.window, INT16_MAX)
    starts = 2 * places(points)
    inside = starts < length
    starts = np.where(inside, starts, 0)
    pairs = np.where(inside[:, None], window[starts[:, None] + np.arange(2)], 0)
    shift = _shift(window, x.magnitude)
    turns = twiddles(points).astype(np.int64) & 0xFFFF
    bank, weight = _rounded(op.bank, UINT16_MAX)
    frames = {
        "starts": starts.astype(np.uint16),
        "window": pairs.astype(np.int16),
        "twiddles": (turns[:, 0] | (turns[:, 1] << 16)).astype(np.uint32),
        **band_runs(bank.astype(np.uint16)),
        "frame_length": length,
        "hop": op.hop,
        "shift": shift,
    }
    return frames, weight * (unit * x.scale) ** 2 * 2.0 ** (30 + 2 * shift)


def _rounded(values: Array, largest: int) -> tuple[Array, float]:
    """Integers up to a largest, and what one is worth."""
    values = values.astype(np.float64)
    unit = float(np.abs(values).max()) / largest or 1.0
    return np.rint(values / unit).astype(np.int64), unit


def _shift(window: Array, magnitude: int) -> int:
    """To the right of a weighted sample, so that twice the largest transform fits int32."""
    largest = 2 * int(np.abs(window).sum()) * magnitude * SLACK
    return max(1, ceil(log2(max(largest, 1) / ACCUMULATOR_MAX)))


def _linear(frames: dict[str, Any], gain: float, high: float) -> QBandPower:
    """As fine as int32 allows for the largest power."""
    octaves = log2(high / gain / ACCUMULATOR_MAX) if high > 0 else 0
    shift = max(1, ceil(octaves))
    scale = gain * 2.0**shift
    maximum = min(ACCUMULATOR_MAX, max(1, ceil(high / scale)))
    return QBandPower(**frames, sum_shift=shift, maximum=maximum, scale=scale)


# ------------------------------------------------------------------- logarithms and powers


def _log_rule(op: Log, node: Node, lowering: Lowering, unit: float) -> tuple[int, Requantization]:
    """What is added to the logarithm of integers that are worth ``unit``, and the rule."""
    offset = floor(ONE * log2(unit / op.floor) + 0.5)
    bound = max(0, MOST_OCTAVES * ONE + offset)
    return offset, requantization(log(2) / ONE, bound, lowering.wanted(node.name))


def _power_rules(op: Power, node: Node, lowering: Lowering, unit: float) -> dict[str, Any]:
    """The fields of a `PowerOp` on integers that are worth ``unit``."""
    largest = lowering.ranges[node.name][1] or 1.0
    # The logarithm first: a small power of a large number may be all that fits.
    offset = floor(ONE * (log2(unit) - log2(largest) / op.exponent) + 0.5)
    limit = ceil(DEEPEST / op.exponent) * ONE
    exponent = requantization(
        op.exponent / ONE,
        limit,
        TensorSpec((1,), "int32", 2.0**-FINE_EXP2_BITS, 0, ACCUMULATOR_MAX),
    )
    one = 2**KERNEL_FRACTION_BITS
    rule = requantization(largest / one, one, lowering.wanted(node.name))
    return {"offset": offset, "limit": limit, "exponent": exponent, "requantization": rule}
