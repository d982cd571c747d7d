"""Example graphs of ops on signals and sound, and their parts."""

from __future__ import annotations

from typing import Any, get_args

import numpy as np
from numpy.typing import NDArray

from skconv.graph import (
    Above,
    Abs,
    Affine,
    ArgMax,
    BandPower,
    Biquads,
    Clip,
    EuclideanNorm,
    Graph,
    IntervalQuantiles,
    Log,
    MeanPool,
    MicroFrontend,
    MiniRocket,
    NoiseSuppression,
    Power,
    PowerNormalize,
    Root,
    WinnerCounts,
)
from skconv.graph.quantiles import Representation
from skconv.graph.spectra import band_runs
from skconv.testing.parts import chain, conv, linear


def signal_examples(rng: np.random.Generator) -> dict[str, Graph]:
    """Ops that work along time."""
    levels = np.array([[-0.5, 0, 0.5, 1], [1, 0.4, 2, -3]], "f4")
    intervals = np.array([[0, 21], [3, 4], [2, 5], [0, 10], [10, 21]], np.uint16)
    kinds = get_args(Representation)
    quantiles = {
        f"quantiles, {kind}": chain(
            IntervalQuantiles(intervals, 23, representation=kind), shape=(1, 23, 2)
        )
        for kind in kinds
    }
    sections = np.array([[0.1, 0.2, 0.1, 1, -1.2, 0.5], [1, -1, 0, 1, -0.9, 0]])
    return quantiles | {
        "biquads": chain(Biquads(1, sos=sections), Biquads(0, sos=sections[:1]), Abs()),
        "norms": chain(EuclideanNorm(2), conv(rng, (2, 2, 2, 1)), shape=(4, 5, 2)),
        "axes": chain(EuclideanNorm(3), shape=(1, 9, 6)),
        "above": chain(conv(rng, (4, 3, 3, 2)), Above(levels), MeanPool((3, 2), (3, 2))),
        "bare above": chain(Above(levels[:, :2])),
        "winners": chain(winner_counts(rng, (6, 4, 9), 40, 1), Root(), shape=(1, 40, 1)),
        "rocket": rocket_graph(rng, 40, 1),
        "rocket of channels": rocket_graph(rng, 23, 3),
        "winners of channels": chain(winner_counts(rng, (4, 3, 5), 23, 3), shape=(1, 23, 3)),
    }


def mini_rocket(rng: np.random.Generator, length: int, n_channels: int) -> MiniRocket:
    """Random convolutions of a signal whose numbers are about 1."""
    n = 30
    n_read = rng.integers(1, n_channels + 1, n)
    n_biases = rng.integers(1, 4, n)
    return MiniRocket(
        dilations=np.sort(rng.integers(1, (length + 7) // 8, n)).astype(np.uint16),
        kernels=rng.integers(0, 84, n).astype(np.uint8),
        padded=rng.integers(0, 2, n).astype(np.uint8),
        n_channels=n_read.astype(np.uint8),
        channels=np.concatenate([rng.permutation(n_channels)[:k] for k in n_read]).astype("u1"),
        n_biases=n_biases.astype(np.uint16),
        biases=rng.normal(size=n_biases.sum()).astype(np.float32),
        length=length,
    )


def rocket_graph(rng: np.random.Generator, length: int, n_channels: int) -> Graph:
    """The counts of random convolutions, and a classifier."""
    op = mini_rocket(rng, length, n_channels)
    head = linear(rng, 3, len(op.biases))
    return chain(op, head, ArgMax(), shape=(1, length, n_channels))


def winner_counts(
    rng: np.random.Generator, shape: tuple[int, int, int], length: int, n_channels: int
) -> WinnerCounts:
    """Random kernels ``(n_groups, n_kernels, kernel_length)`` that compete along a signal."""
    weights = rng.integers(-20, 21, shape)
    weights[:, :, 0] -= weights.sum(axis=2)
    groups = np.arange(len(weights))
    return WinnerCounts(
        weights.astype(np.int8),
        rng.integers(0, n_channels, (len(weights), min(2, n_channels)), np.uint8),
        1 + (groups // 2 % 3).astype(np.int16),
        (groups % 2).astype(np.uint8),
        length,
        scale=0.05,
    )


def sound_examples(rng: np.random.Generator) -> dict[str, Graph]:
    """Signals of one channel, and the power in their bands."""
    signal = (1, 150, 1)
    bank = np.maximum(rng.normal(size=(33, 4)), 0).astype(np.float32)
    window = np.hanning(50).astype(np.float32)
    power = BandPower(window, bank, 20)
    short = BandPower(np.ones(16, "f4"), bank[:9], 8)
    loud = Affine(np.array([4096.0], "f4"), np.zeros(1, "f4"))
    return {
        "log bands": chain(power, Log(0.1), shape=signal),
        "root bands": chain(power, Power(0.1), MeanPool((1, 2), (1, 2)), shape=signal),
        "bands": chain(short, Clip(0.0, 20.0), shape=signal),
        "normalized power": chain(
            power,
            PowerNormalize(1, 1, targets=np.full(bank.shape[1], 1.0, "f4"), lowest=1e-3, n_steps=8),
            shape=signal,
        ),
        "suppressed noise": chain(power, NoiseSuppression(1, 1, 1e-3), shape=signal),
        "powers": chain(Power(0.5), Log(0.3), shape=(7,)),
        "micro front end": chain(loud, micro_frontend(rng, 50, 64), shape=signal),
        "micro roots": chain(
            loud, micro_frontend(rng, 21, 32, gains=np.zeros(0, "i2"), log_shift=None), shape=signal
        ),
    }


def micro_frontend(
    rng: np.random.Generator, frame_length: int, n_fft: int, **changes: Any
) -> MicroFrontend:
    """The front end of TFLite-Micro with tables of any numbers, of samples of 16 bits."""
    from skconv.runtime.fft import places

    bank = rng.integers(0, 4097, (n_fft // 2 + 1, 5)) * rng.integers(0, 2, (n_fft // 2 + 1, 1))
    bank[[0, -1]] = bank[:, 0] = 0
    even, odd, remaining = (int(part) for part in rng.integers(0, 2**14 + 1, 3))
    fields: dict[str, Any] = {
        "gains": rng.integers(-(2**15), 2**15, 125).astype(np.int16),
        "correction": int(rng.integers(-3, 4)),
        "log_shift": 6,
        **band_runs(bank.astype(np.uint16)),
    }
    return MicroFrontend(
        rng.integers(-4096, 4097, frame_length).astype(np.int16),
        places(n_fft // 2).astype(np.uint16),
        hop=20,
        smoothing=(even, odd),
        remaining=remaining,
        **fields | changes,
    )


def resampling(new_size: int, size: int) -> NDArray[Any]:
    """A matrix ``(new_size, size)`` of linear interpolation between the two nearest entries."""
    places = np.linspace(0, size - 1, new_size)
    return np.maximum(1 - np.abs(places[:, None] - np.arange(size)), 0).astype(np.float32)
