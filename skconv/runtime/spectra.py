"""Power of signals in bands, and its logarithm and powers: on floats."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from skconv.graph import BandPower, Log, Power, TensorSpec
from skconv.runtime import numpy_engine, reference

Batch = NDArray[Any]


def frames_of(op: BandPower, x: Batch) -> Batch:
    """Every frame of signals ``(n, ..., length, ...)``: a view ``(n, n_frames, frame_length)``."""
    signals = x.reshape(len(x), -1)
    return sliding_window_view(signals, len(op.window), axis=1)[:, :: op.hop]


@reference.evaluate.register
def _(op: BandPower, x: Batch) -> Batch:
    shape = op.shape(TensorSpec(x.shape[1:]))
    spectrum = np.fft.rfft(frames_of(op, x) * op.window.astype(np.float64), op.n_fft)
    power = spectrum.real**2 + spectrum.imag**2
    return (power @ op.bank.astype(np.float64)).reshape(len(x), *shape)


@numpy_engine.evaluate.register
def _(op: BandPower, x: Batch) -> Batch:
    """`scipy.fft` computes in float32 where `numpy.fft` took float64 in older releases."""
    from scipy.fft import rfft

    shape = op.shape(TensorSpec(x.shape[1:]))
    frames = frames_of(op, x) * op.window.astype(np.float32)
    spectrum = rfft(frames, op.n_fft, overwrite_x=True)
    power = spectrum.real**2 + spectrum.imag**2
    return np.asarray(power @ op.bank.astype(np.float32)).reshape(len(x), *shape)


@reference.evaluate.register
def _(op: Log, x: Batch) -> Batch:
    return np.log(np.maximum(x / op.floor, 1))


@reference.evaluate.register
def _(op: Power, x: Batch) -> Batch:
    return np.asarray(np.maximum(x, 0) ** op.exponent)
