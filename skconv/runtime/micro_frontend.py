"""The front end of TFLite-Micro: the definition of its numbers.

Where integers of 32 or 64 bits of the original wrap around, these do.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from skconv.graph import MicroFrontend, QMicroBands, QMicroLevels, TensorSpec
from skconv.graph.micro_frontend import (
    LN2,
    LOG_BITS,
    LOG_STEPS,
    NOISE_BITS,
    SMOOTHING_BITS,
    SNR_BITS,
    UINT16_MAX,
    WEIGHT_BITS,
    MicroBands,
    MicroLevels,
    log_table,
)
from skconv.runtime import fixed, reference
from skconv.runtime.micro_fft import real_bins, wrapped

Batch = NDArray[Any]

# Numbers of frames that are transformed at a time.
CHUNK = 2**20
UINT32_MAX = 2**32 - 1
OUTPUT_BITS = 6


def bits_of(x: Batch) -> Batch:
    """How many bits integers from 0 to below ``2^53`` have."""
    return np.frexp(x.astype(np.float64))[1].astype(np.int64)


# ----------------------------------------------------------------------- frames and bands


def band_roots(op: MicroBands, x: Batch) -> Batch:
    """The roots of bands ``(n, n_frames, n_bands)`` of integers ``(n, ...)`` of 16 bits."""
    signals = x.reshape(len(x), -1)
    frames = sliding_window_view(signals, len(op.window), axis=1)[:, :: op.hop]
    flat = frames.reshape(-1, len(op.window))
    step = max(1, CHUNK // op.n_fft)
    parts = [_roots(op, flat[i : i + step]) for i in range(0, len(flat), step)]
    return np.concatenate(parts).reshape(*frames.shape[:2], -1)


def _roots(op: MicroBands, frames: Batch) -> Batch:
    weighted = (frames.astype(np.int32) * op.window.astype(np.int32)) >> WEIGHT_BITS
    # The magnitude of the least integer of 16 bits is no integer of 16 bits: it does not count.
    largest = wrapped(np.abs(weighted)).max(axis=1, initial=0)
    up = 15 - bits_of(largest)[:, None]
    numbers = np.zeros((len(frames), op.n_fft), np.int32)
    numbers[:, : len(op.window)] = wrapped(weighted << up)
    re, im = (part.astype(np.float64) for part in real_bins(numbers, op.places))
    # Sums stay below 2^53: floats hold them exactly.
    sums = (re**2 + im**2) @ op.bank()[1:-1]
    return rounded_root(sums.astype(np.int64)) >> up


def rounded_root(x: Batch) -> Batch:
    """The nearest integer to the root of integers below ``2^53``.

    The root of 32 bits has 16: it is not rounded up to more.
    """
    root = np.sqrt(x.astype(np.float64)).astype(np.int64)
    is_full = (x <= UINT32_MAX) & (root == UINT16_MAX)
    return root + ((x - root**2 > root) & ~is_full)


# ----------------------------------------------------------------------- noise and gain


def levels(op: MicroLevels, signal: Batch) -> Batch:
    """What becomes of bands ``(n, n_frames, n_bands)``, integers of 32 bits without sign."""
    signal = signal.astype(np.int64)
    noise = noise_estimates(op, signal)
    kept = without_noise(op, signal, noise)
    if len(op.gains):
        kept = shrunk(with_gain(kept, gain_of(noise, op.gains), op.snr_shift))
    if op.log_shift is not None:
        kept = logarithm(_shifted(kept, op.correction), op.log_shift)
    return np.minimum(kept, UINT16_MAX)


def _shifted(x: Batch, up: int) -> Batch:
    return (x << up) & UINT32_MAX if up >= 0 else x >> -up


def noise_estimates(op: MicroLevels, signal: Batch) -> Batch:
    """The estimate of noise at every frame, ``SMOOTHING_BITS`` above the signal."""
    up = _shifted(signal, SMOOTHING_BITS)
    weight = np.asarray(op.smoothing)[np.arange(signal.shape[2]) % 2]
    estimates, last = np.empty_like(signal), np.zeros_like(signal[:, 0])
    for frame in range(signal.shape[1]):
        mixed = up[:, frame] * weight + last * ((1 << NOISE_BITS) - weight)
        last = estimates[:, frame] = mixed >> NOISE_BITS
    return estimates


def without_noise(op: MicroLevels, signal: Batch, noise: Batch) -> Batch:
    """What is left of a signal, and no less than a part of it."""
    left = np.maximum(_shifted(signal, SMOOTHING_BITS) - noise, 0) >> SMOOTHING_BITS
    return np.maximum(left, (signal * op.remaining) >> NOISE_BITS)


def gain_of(noise: Batch, gains: Batch) -> Batch:
    """The gain for estimates of noise, by a parabola for every number of bits."""
    gains = gains.astype(np.int64)
    bits = np.maximum(bits_of(noise), 2)
    start = 4 * bits - 6
    inside = np.where(
        bits < 11, noise << np.maximum(11 - bits, 0), noise >> np.maximum(bits - 11, 0)
    )
    inside &= 0x3FF
    curve = ((gains[start + 2] * inside) >> 5) + (gains[start + 1] << 5)
    gain = wrapped(((curve * inside + (1 << 14)) >> 15) + gains[start])
    return np.where(noise <= 2, gains[np.minimum(noise, 2)], gain)


def with_gain(signal: Batch, gain: Batch, down: int) -> Batch:
    """Products of 64 bits, of which 32 are left."""
    product = signal.astype(np.uint64) * (gain & UINT32_MAX).astype(np.uint64)
    return (product >> np.uint64(down)).astype(np.int64) & UINT32_MAX


def shrunk(snr: Batch) -> Batch:
    """A square up to 2, and from there on a line."""
    square = (snr * snr) >> (2 + 2 * SNR_BITS - OUTPUT_BITS)
    line = (snr >> (SNR_BITS - OUTPUT_BITS)) - (1 << OUTPUT_BITS)
    return np.where(snr < 2 << SNR_BITS, square, line)


def logarithm(x: Batch, up: int) -> Batch:
    """``2^up ln(x)``, rounded, of integers of 32 bits; 0 of 0 and 1."""
    whole = bits_of(np.maximum(x, 1)) - 1
    rest = x - (1 << whole)
    rest = np.where(
        whole < LOG_BITS, rest << np.maximum(LOG_BITS - whole, 0), rest >> np.maximum(whole - 16, 0)
    )
    width = (1 << LOG_BITS) // LOG_STEPS
    table, step = log_table().astype(np.int64), np.maximum(rest, 0) // width
    inside = ((table[step + 1] - table[step]) * (rest % width)) >> LOG_BITS
    half = 1 << (LOG_BITS - 1)
    octaves = (whole << LOG_BITS) + rest + table[step] + inside
    natural = (LN2 * octaves + half) >> LOG_BITS
    return np.where(x > 1, ((natural << up) + half) >> LOG_BITS, 0)


# ------------------------------------------------------------------------------------ ops


def _shaped(y: Batch, x: Batch) -> Batch:
    """Frames in a row, or in a column where the signal is one."""
    return y[:, None] if x.shape[1] == 1 else y[:, :, None]


@fixed.evaluate.register
def _(op: QMicroBands, x: Batch) -> Batch:
    return _shaped(band_roots(op, x), x)


@fixed.evaluate.register
def _(op: QMicroLevels, x: Batch) -> Batch:
    frames = x.reshape(len(x), -1, x.shape[-1])
    return levels(op, frames).reshape(x.shape)


@reference.evaluate.register
def _(op: MicroFrontend, x: Batch) -> Batch:
    shape = op.output(TensorSpec(x.shape[1:])).shape
    whole = np.clip(np.rint(x), -32768, 32767).astype(np.int16)
    return levels(op, band_roots(op, whole)).reshape(len(x), *shape).astype(np.float64)
