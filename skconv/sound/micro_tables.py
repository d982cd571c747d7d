"""The tables of TFLite-Micro's front end, in the floats that it computes them in.

All are computed in float32: its roundings decide on single integers. Cosines and powers are those
of float64, rounded. `log1p` is not: the C libraries of Linux and of microcontrollers round it
otherwise in one case of 24, and all alike.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from skconv.graph.limits import INT16_MAX
from skconv.graph.micro_frontend import (
    GAIN_BITS,
    GAIN_ENTRIES,
    NOISE_BITS,
    SMOOTHING_BITS,
    WEIGHT_BITS,
)

Array = NDArray[Any]
F = np.float32
# Of fdlibm (Sun Microsystems): of z, z^2, ...; and the logarithm of 2 in two parts.
_LOG_COEFFICIENTS = (
    0.66666668653,
    0.40000000596,
    0.28571429849,
    0.22222198546,
    0.18183572590,
    0.15313838422,
    0.14798198640,
)
_LN2_HIGH, _LN2_LOW = 0.69313812256, 9.0580006145e-06


def _nearest(x: Any) -> Array:
    """Numbers of `WEIGHT_BITS` of fraction, halves up."""
    return np.floor(x * F(1 << WEIGHT_BITS) + F(0.5)).astype(np.int16)


def window_table(length: int) -> Array:
    """A Hann window whose samples lie between those of the usual one: int16.

    Examples
    --------
    >>> from skconv.sound.micro_tables import window_table
    >>> window_table(4).tolist()
    [600, 3496, 3496, 600]
    """
    turn = F(np.pi) * F(2) / F(length)
    places = np.arange(length, dtype=F) + F(0.5)
    cosines = np.cos((turn * places).astype(np.float64)).astype(F)
    return _nearest(F(0.5) - F(0.5) * cosines)


def mel(frequency: Any) -> Array:
    """``1127 ln(1 + f / 700)``: float32."""
    return F(1127) * log1p(np.asarray(frequency, F) / F(700))


def log1p(x: Array) -> Array:
    """``ln(1 + x)`` of float32 of at least 0, with the roundings of fdlibm's ``log1pf``.

    ``1 + x = 2^k (1 + f)`` with ``f`` near 0; with ``s = f / (2 + f)`` the logarithm of ``1 + f``
    is ``f - f^2 / 2 + s (f^2 / 2 + R(s^2))``, where ``R`` is a polynomial.
    """
    total = F(1) + x
    mantissa, exponent = np.frexp(total)
    below = mantissa < F(np.sqrt(0.5))
    is_near = x < F(np.sqrt(2) - 1)
    k = np.where(is_near, 0, exponent - below).astype(F)
    lost = np.where(exponent > 1, F(1) - (total - x), x - (total - F(1))) / total
    f = np.where(is_near, x, np.where(below, 2 * mantissa, mantissa) - F(1))
    half = F(0.5) * f * f
    s = f / (F(2) + f)
    z = s * s
    r = np.zeros_like(z)
    for coefficient in reversed(_LOG_COEFFICIENTS):
        r = z * (F(coefficient) + r)
    far = k * F(_LN2_HIGH) - ((half - (s * (half + r) + (k * F(_LN2_LOW) + lost))) - f)
    return np.asarray(np.where(k == 0, f - (half - s * (half + r)), far))


def mel_bank(n_fft: int, sample_rate: float, n_bands: int, low: float, high: float) -> Array:
    """Weights ``(n_fft / 2 + 1, n_bands)`` of triangular bands, equally wide in mel: int16.

    A bin between the centres of two bands belongs to both, with parts that add up to one. None
    of bin 0; ValueError where a band has no bin, or ``high`` is not below half the rate.
    """
    spacing = (mel(high) - mel(low)) / F(n_bands + 1)
    centres = mel(low) + spacing * np.arange(1, n_bands + 2, dtype=F)
    step = F(0.5) * F(sample_rate) / F(n_fft // 2)
    first = int(F(1.5) + F(low) / step)
    bins = np.arange(n_fft // 2 + 1)
    of_bins = mel(bins.astype(F) * step)
    # The channel of a bin: that of the first centre at or above it.
    channels = np.searchsorted(centres, of_bins, side="left")
    bank = np.zeros((len(bins), n_bands + 2), np.int16)
    below = np.append(mel(low), centres)
    for k in bins[first:][channels[first:] <= n_bands]:
        channel = channels[k]
        weight = (centres[channel] - of_bins[k]) / (centres[channel] - below[channel])
        bank[k, channel] = _nearest(weight)
        bank[k, channel + 1] = _nearest(F(1) - weight)
    if bank[-1].any():
        raise ValueError(
            f"high_frequency={high!r} reaches half of sample_rate={sample_rate!r}, the end of the "
            f"transform: expected at most {0.47 * sample_rate:g}"
        )
    return bank[:, 1:-1]


def noise_weight(part: float) -> int:
    """A part of one with 14 bits of fraction, rounded down."""
    return int(F(part) * F(1 << NOISE_BITS))


def gain_table(strength: float, offset: float, correction: int) -> Array:
    """``2^21 (noise + offset)^-strength`` for all estimates of noise: int16.

    The first two are of 0 and 1. Each of the others is a parabola through the beginning, the
    middle and the end of the estimates of so many bits: what it begins with, and two coefficients.
    """
    gains = np.zeros(GAIN_ENTRIES, np.int16)
    scale = F(1 << (SMOOTHING_BITS - correction))

    def gain(noise: int) -> int:
        power = float(F(noise) / scale + F(offset)) ** -float(F(strength))
        found = F(1 << GAIN_BITS) * F(power)
        return INT16_MAX if found > INT16_MAX else int(found + F(0.5))

    gains[:2] = gain(0), gain(1)
    for bits in range(2, 33):
        begin = 1 << (bits - 1)
        end = min(2 * begin, 2**32 - 1)
        first, middle, last = gain(begin), gain(begin + begin // 2), gain(end)
        slope = 4 * (middle - first) - (last - first)
        entries = np.array([first, slope, last - first - slope])
        gains[4 * bits - 6 : 4 * bits - 3] = entries.astype(np.int16)
    return gains
