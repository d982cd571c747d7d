"""Power normalisation of integers: the definition of its numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from skconv.graph import QPowerNormalize
from skconv.graph.power_normalization import FLOOR_BITS, LARGEST_BIT, WEIGHT_BITS, Powers
from skconv.runtime import fixed
from skconv.runtime.integer_spectra import log2, power_at
from skconv.runtime.power_normalization import frames_of

Batch = NDArray[Any]


def medium_sum(op: Powers, power: Batch) -> Batch:
    """``Q``: sums over frames, the first and the last going on beyond the ends.

    The largest of a band is shifted to 31 bits, and none is less than 1.
    """
    padded = np.pad(power, ((0, 0), (op.reach, op.reach), (0, 0)), mode="edge")
    sums = sliding_window_view(padded, 2 * op.reach + 1, axis=1).sum(axis=-1)
    down = leading_bit(sums.max(axis=1, keepdims=True)) - LARGEST_BIT
    return np.maximum((sums << np.maximum(-down, 0)) >> np.maximum(down, 0), 1)


def leading_bit(x: Batch) -> Batch:
    """The place of the highest bit of integers below ``2^53``, which floats hold exactly."""
    return np.frexp(x.astype(np.float64))[1].astype(np.int64) - 1


def less(op: QPowerNormalize, medium: Batch, taken: Batch) -> Batch:
    """``Q'``: what is left where ``taken`` is taken off."""
    return np.maximum(np.maximum(medium - taken, (medium * op.floor) >> FLOOR_BITS), 1)


def is_below(op: QPowerNormalize, medium: Batch) -> Batch:
    """Whether the ratio of the means of each band ``(n, 1, n_bands)`` is below its threshold."""
    of_sum = op.n_frames * log2(medium.sum(axis=1, keepdims=True))
    ratio = of_sum - log2(medium).sum(axis=1, keepdims=True)
    return np.asarray(ratio < op.n_frames * op.thresholds.astype(np.int64))


def background(op: QPowerNormalize, medium: Batch) -> Batch:
    """``q0`` of each band ``(n, 1, n_bands)``."""
    high = medium.sum(axis=1, keepdims=True) // op.n_frames
    low = np.zeros_like(high)
    for _ in range(op.n_steps):
        middle = (low + high) >> 1
        below = is_below(op, less(op, medium, middle))
        low, high = np.where(below, middle, low), np.where(below, high, middle)
    return np.where(is_below(op, medium), (low + high) >> 1, 0)


def weights(op: QPowerNormalize, medium: Batch) -> Batch:
    """``Q' / Q`` with 15 bits, of no more than 17 leading bits of both, rounded down."""
    kept = less(op, medium, background(op, medium))
    down = np.maximum(leading_bit(medium) - FLOOR_BITS, 0)
    return ((kept >> down) << WEIGHT_BITS) // (medium >> down)


def smoothed(weight: Batch, reach: int) -> Batch:
    """Rounded means over bands at most ``reach`` apart; at the ends over fewer."""
    sums = np.pad(np.cumsum(weight, axis=2), ((0, 0), (0, 0), (1, 0)))
    bands = np.arange(weight.shape[2])
    first, last = np.maximum(bands - reach, 0), np.minimum(bands + reach + 1, len(bands))
    return (sums[:, :, last] - sums[:, :, first] + (last - first) // 2) // (last - first)


@fixed.evaluate.register
def _(op: QPowerNormalize, x: Batch) -> Batch:
    power = np.maximum(frames_of(x).astype(np.int64), op.lowest)
    weight = smoothed(weights(op, medium_sum(op, power)), op.smoothing)
    power = np.maximum(power * weight, 1)
    level = log2(power) - log2(power.sum(axis=(1, 2), keepdims=True))
    return power_at(level, power > 0, op).reshape(x.shape)
