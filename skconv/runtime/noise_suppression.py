"""Asymmetric noise suppression: on floats, and the definition of its integers."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from skconv.graph.noise_suppression import (
    EXCITATION,
    FALLING,
    FIRST,
    FRACTION_BITS,
    LEVEL,
    LEVEL_BITS,
    MASKED,
    MASKING,
    PRODUCT_SHIFT,
    RISING,
    RISING_BITS,
    STATE_BITS,
    NoiseSuppression,
    QNoiseSuppression,
)
from skconv.graph.power_normalization import WEIGHT_BITS
from skconv.runtime import fixed, reference
from skconv.runtime.integer_power_normalization import medium_sum, smoothed
from skconv.runtime.integer_spectra import log2, power_at
from skconv.runtime.power_normalization import band_mean, frames_of, medium_power, over_level

Batch = NDArray[Any]

UINT32_MAX = 2**32 - 1

# ------------------------------------------------------------------------------------ floats


def asymmetric(x: Batch) -> Batch:
    """A lowpass along frames that rises slowly and falls fast."""
    y = np.empty_like(x)
    last = FIRST * x[:, 0]
    for m in range(x.shape[1]):
        memory = np.where(x[:, m] >= last, RISING, FALLING)
        last = y[:, m] = memory * last + (1 - memory) * x[:, m]
    return y


def masked(x: Batch) -> Batch:
    """What is hidden behind a louder moment before becomes a part of that moment."""
    y, peak = np.empty_like(x), np.zeros_like(x[:, 0])
    for m in range(x.shape[1]):
        heard = x[:, m] >= MASKING * peak
        y[:, m] = np.where(heard, x[:, m], MASKED * peak)
        peak = np.maximum(MASKING * peak, x[:, m])
    return y


def running_level(power: Batch) -> Batch:
    """A slow mean over bands and past frames ``(n, n_frames, 1)``."""
    of_frames = power.mean(axis=2)
    level, last = np.empty_like(of_frames), of_frames.mean(axis=1)
    for m in range(of_frames.shape[1]):
        last = level[:, m] = LEVEL * last + (1 - LEVEL) * of_frames[:, m]
    return level[:, :, None]


@reference.evaluate.register
def _(op: NoiseSuppression, x: Batch) -> Batch:
    power = frames_of(x).astype(np.float64)
    medium = np.maximum(medium_power(power, op.reach), op.lowest)
    noise = asymmetric(medium)
    speech = np.maximum(medium - noise, 0)
    floor = asymmetric(speech)
    kept = np.where(medium >= EXCITATION * noise, np.maximum(masked(speech), floor), floor)
    power = power * band_mean(kept / medium, op.smoothing)
    return over_level(power, running_level(power), op.exponent).reshape(x.shape)


# ---------------------------------------------------------------------------------- integers


def followed(x: Batch) -> Batch:
    """`asymmetric` of integers below ``2^31``, with as many bits of fraction."""
    y = np.empty_like(x)
    rising = round((1 - RISING) * 2**RISING_BITS)
    last = x[:, 0] * round(FIRST * 2**STATE_BITS)
    for m in range(x.shape[1]):
        change = (x[:, m] << STATE_BITS) - last
        last = last + np.where(change >= 0, (change * rising) >> RISING_BITS, change >> 1)
        y[:, m] = last
    return y


def unmasked(x: Batch) -> Batch:
    """`masked` of integers."""
    memory, part = (round(share * 2**FRACTION_BITS) for share in (MASKING, MASKED))
    y, peak = np.empty_like(x), np.zeros_like(x[:, 0])
    for m in range(x.shape[1]):
        faded = (peak * memory) >> FRACTION_BITS
        y[:, m] = np.where(x[:, m] >= faded, x[:, m], (peak * part) >> FRACTION_BITS)
        peak = np.maximum(faded, x[:, m])
    return y


def weights(medium: Batch) -> Batch:
    """What is left of each band, over what there was."""
    noise = followed(medium)
    speech = np.maximum(medium - (noise >> STATE_BITS), 0)
    floor = followed(speech) >> STATE_BITS
    is_loud = (medium << (STATE_BITS - 1)) >= noise
    kept = np.where(is_loud, np.maximum(unmasked(speech), floor), floor)
    return np.minimum((kept << WEIGHT_BITS) // medium, UINT32_MAX)


def levels(power: Batch) -> Batch:
    """A slow mean of sums over bands, and past frames ``(n, n_frames, 1)``."""
    totals = (power >> PRODUCT_SHIFT).sum(axis=2)
    level, last = np.empty_like(totals), (totals // totals.shape[1]).sum(axis=1)
    for m in range(totals.shape[1]):
        last = level[:, m] = last + ((totals[:, m] - last) >> LEVEL_BITS)
    return level[:, :, None]


@fixed.evaluate.register
def _(op: QNoiseSuppression, x: Batch) -> Batch:
    power = frames_of(x).astype(np.int64)
    share = smoothed(weights(medium_sum(op, np.maximum(power, op.lowest))), op.smoothing)
    power = power * share
    level = levels(power)
    below = log2(np.maximum(power, 1)) - log2(np.maximum(level, 1)) + op.offset
    return power_at(below, (power > 0) & (level > 0), op).reshape(x.shape)
