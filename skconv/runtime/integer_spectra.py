"""Bands of power, logarithms and powers of integers: the definition of their numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from skconv.graph import QBandLog, QBandPower, QBandRoot, QLog, QPower
from skconv.graph.integer import FINE_EXP2_BITS
from skconv.graph.integer_spectra import (
    LOG2_BITS,
    LOG2_TABLE_BITS,
    BandsOp,
    LogOp,
    PowerOp,
    log2_table,
)
from skconv.runtime import fixed
from skconv.runtime.fft import real_fft

Batch = NDArray[Any]

# Numbers of frames that are transformed at a time.
CHUNK = 2**21


def log2(x: Batch) -> Batch:
    """``log2(x)`` of integers from 1 to ``2^63 - 1``, with 16 bits of fraction.

    The whole part is the place of the leading bit. Of the bits behind it six choose an entry
    of the table, and 16 a place between it and the next. The error is below ``7.4e-5``: that
    of a chord of the logarithm, ``(1 / 64)^2 / (8 ln 2) = 4.4e-5``, and of two roundings,
    ``2^-16 + 2^-17``.
    """
    x = x.astype(np.int64)
    whole = np.where(x < 2**32, _leading_bit(x), 32 + _leading_bit(x >> 32))
    mantissa = np.where(whole < 31, x << np.maximum(31 - whole, 0), x >> np.maximum(whole - 31, 0))
    table = log2_table().astype(np.int64)
    step, place = (mantissa >> 25) & 63, (mantissa >> 9) & 0xFFFF
    fraction = (table[step] << 16) + (table[step + 1] - table[step]) * place
    down = LOG2_TABLE_BITS + 16 - LOG2_BITS
    return (whole << LOG2_BITS) + ((fraction + (1 << (down - 1))) >> down)


def log_above(x: Batch, octaves: Batch | int, op: LogOp) -> Batch:
    """``max(log2(x) - octaves + offset, 0)``, requantised; 0 where ``x`` is not positive."""
    level = log2(np.maximum(x, 1)) - (octaves << LOG2_BITS) + op.offset
    return fixed.requantize(np.where(x > 0, np.maximum(level, 0), 0), op.requantization)


def power_below(x: Batch, octaves: Batch | int, op: PowerOp) -> Batch:
    """``(2^(log2(x) - octaves + offset))^p``, at most 1, requantised; 0 as of `log_above`."""
    level = log2(np.maximum(x, 1)) - (octaves << LOG2_BITS) + op.offset
    return power_at(level, x > 0, op)


def power_at(level: Batch, is_positive: Batch, op: PowerOp) -> Batch:
    """``2^(p * level)``, at most 1, of logarithms with 16 bits of fraction; 0 of what is none."""
    below = np.clip(-level, 0, op.limit)
    power = fixed.exp2_negative(fixed.requantize(below, op.exponent), FINE_EXP2_BITS)
    return fixed.requantize(np.where(is_positive, power, 0), op.requantization)


def band_sums(op: BandsOp, x: Batch) -> tuple[Batch, Batch]:
    """The sums ``(n, n_frames, n_bands)``, and the octaves ``(n, n_frames, 1)`` they are above.

    The numbers of a frame are shifted to the left as far as the largest allows; the power is
    that much too large.
    """
    signals = x.reshape(len(x), -1)
    frames = sliding_window_view(signals, op.frame_length, axis=1)[:, :: op.hop]
    flat = frames.reshape(-1, op.frame_length)
    step = max(1, CHUNK // (2 * op.points))
    parts = [_sums(op, flat[i : i + step]) for i in range(0, len(flat), step)]
    sums, octaves = (np.concatenate(part) for part in zip(*parts, strict=True))
    return sums.reshape(*frames.shape[:2], -1), octaves.reshape(*frames.shape[:2], 1)


def _sums(op: BandsOp, frames: Batch) -> tuple[Batch, Batch]:
    starts, window = op.starts.astype(np.int64), op.window.astype(np.int64)
    half = 1 << (op.shift - 1)
    re, im = ((frames[:, starts + i] * window[:, i] + half) >> op.shift for i in (0, 1))
    table = np.stack([op.twiddles & 0xFFFF, op.twiddles >> 16], axis=1).astype(np.uint16)
    re, im = real_fft((re, im), table.view(np.int16))
    bits = np.bitwise_or.reduce((re ^ (re >> 63)) | (im ^ (im >> 63)), axis=1, keepdims=True)
    up = 30 - _leading_bit(np.maximum(bits, 1))
    power = (((re << up) ** 2) >> 32) + (((im << up) ** 2) >> 32)
    return power @ op.bank(), 2 * up


def _leading_bit(x: Batch) -> Batch:
    """The place of the highest bit of integers below ``2^32``: floats hold them exactly."""
    return np.frexp(x.astype(np.float64))[1].astype(np.int64) - 1


@fixed.evaluate.register
def _(op: QBandPower, x: Batch) -> Batch:
    sums, octaves = band_sums(op, x)
    shift = np.minimum(op.sum_shift + octaves, 63)
    power = np.minimum(((sums >> (shift - 1)) + 1) >> 1, op.maximum)
    return _shaped(power, x)


@fixed.evaluate.register
def _(op: QBandLog, x: Batch) -> Batch:
    return _shaped(log_above(*band_sums(op, x), op), x)


@fixed.evaluate.register
def _(op: QBandRoot, x: Batch) -> Batch:
    return _shaped(power_below(*band_sums(op, x), op), x)


def _shaped(y: Batch, x: Batch) -> Batch:
    """Frames in a row, or in a column where the signal is one."""
    return y[:, None] if x.shape[1] == 1 else y[:, :, None]


@fixed.evaluate.register
def _(op: QLog, x: Batch) -> Batch:
    return log_above(x.astype(np.int64), 0, op)


@fixed.evaluate.register
def _(op: QPower, x: Batch) -> Batch:
    return power_below(x.astype(np.int64), 0, op)
