"""Power normalisation of band powers: on floats."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from skconv.graph.power_normalization import PowerNormalize
from skconv.runtime import reference

Batch = NDArray[Any]


def medium_power(power: Batch, reach: int) -> Batch:
    """Means over ``2 * reach + 1`` frames; the first and the last go on beyond the ends."""
    padded = np.pad(power, ((0, 0), (reach, reach), (0, 0)), mode="edge")
    return np.asarray(sliding_window_view(padded, 2 * reach + 1, axis=1).mean(axis=-1))


def log_ratio(power: Batch) -> Batch:
    """``ln`` of the arithmetic over the geometric mean over all frames ``(n, n_bands)``."""
    return np.asarray(np.log(power.mean(axis=1)) - np.log(power).mean(axis=1))


def background(medium: Batch, targets: Batch, floor: float, n_steps: int) -> Batch:
    """What is taken off each band ``(n, 1, n_bands)`` so that its ratio becomes the target."""
    low, high = np.zeros_like(medium[:, :1]), medium.mean(axis=1, keepdims=True)
    for _ in range(n_steps):
        middle = (low + high) / 2
        ratio = log_ratio(np.maximum(medium - middle, floor * medium))[:, None]
        low = np.where(ratio < targets, middle, low)
        high = np.where(ratio < targets, high, middle)
    needed = log_ratio(medium)[:, None] < targets
    return np.where(needed, (low + high) / 2, 0)


def band_mean(weights: Batch, reach: int) -> Batch:
    """Means over bands at most ``reach`` apart; at the ends over fewer."""
    sums = np.pad(np.cumsum(weights, axis=2), ((0, 0), (0, 0), (1, 0)))
    bands = np.arange(weights.shape[2])
    first, last = np.maximum(bands - reach, 0), np.minimum(bands + reach + 1, len(bands))
    return np.asarray((sums[:, :, last] - sums[:, :, first]) / (last - first))


def over_level(power: Batch, level: Batch, exponent: float) -> Batch:
    """``(power / level)^exponent``, and 0 where nothing is."""
    safe = np.where(level > 0, level, 1)
    return np.asarray(np.maximum(power / safe, 0) ** exponent)


def frames_of(x: Batch) -> Batch:
    """Powers ``(n, n_frames, n_bands)`` of a signal in a row or in a column."""
    return x.reshape(len(x), -1, x.shape[-1])


@reference.evaluate.register
def _(op: PowerNormalize, x: Batch) -> Batch:
    power = np.maximum(frames_of(x).astype(np.float64), op.lowest)
    medium = medium_power(power, op.reach)
    taken = background(medium, op.targets, op.floor, op.n_steps)
    kept = np.maximum(medium - taken, op.floor * medium)
    power = power * band_mean(kept / medium, op.smoothing)
    level = power.mean(axis=(1, 2), keepdims=True)
    return over_level(power, level, op.exponent).reshape(x.shape)
