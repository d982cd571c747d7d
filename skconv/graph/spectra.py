"""Ops of the auditory front end: the power of a signal in bands, frame by frame, and its scale.

A signal of one channel becomes a signal of as many channels as there are bands, one sample a
frame: it stays a signal, local in time. A `Reshape` makes of it the map ``(n_frames, n_bands,
1)`` that two-dimensional kernels read; the numbers lie in the same order.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

import numpy as np

from skconv.graph.axes import Axes, windows
from skconv.graph.base import Array, Op, Shape, TensorSpec, require
from skconv.graph.facts import Facts
from skconv.graph.ops import window_count

__all__ = ["BandPower", "Log", "Power"]


def frame_shape(name: str, x: TensorSpec, frame_length: int, hop: int, n_bands: int) -> Shape:
    """A row of frames with so many bands; a column where the signal is one.

    ValueError where it is no signal of one channel, or shorter than a frame.
    """
    length = x.size
    require(
        len(x.shape) == 3 and max(x.shape[:2]) == length,
        f"{name} needs a signal of one channel (1, length, 1), got shape {x.shape}",
    )
    count = window_count(length, frame_length, hop)
    require(count > 0, f"frames of {frame_length} samples are longer than the signal of {length}")
    return (1, count, n_bands) if x.shape[0] == 1 else (count, 1, n_bands)


def band_runs(bank: Array) -> dict[str, Array]:
    """Of every band of ``(n_bins, n_bands)`` the bins from the first that counts to the last."""
    used = bank > 0
    first = used.argmax(axis=0)
    last = len(bank) - used[::-1].argmax(axis=0)
    counts = np.where(used.any(axis=0), last - first, 0)
    runs = [bank[s : s + n, band] for band, (s, n) in enumerate(zip(first, counts, strict=True))]
    return {
        "band_starts": first.astype(np.uint16),
        "band_counts": counts.astype(np.uint16),
        "weights": np.concatenate(runs),
    }


@dataclass(frozen=True)
class BandPower(Op):
    """The power of a signal in bands of frequency, frame by frame.

    A frame is ``len(window)`` samples, times the window, with zeros behind up to ``n_fft``.
    With ``X`` its discrete Fourier transform::

        P[frame, band] = sum_k |X[frame, k]|^2 * bank[k, band],    k = 0 .. n_fft / 2

    Frames begin every ``hop`` samples; one that does not fit whole is left out.

    Parameters
    ----------
    window : ndarray of shape (frame_length,)
    bank : ndarray of shape (n_fft / 2 + 1, n_bands)
        The weights of every bin in every band, at least 0.
    hop : int
        Samples from one frame to the next.

    Examples
    --------
    The bins of a cosine of 2 periods in 8 samples, one band a bin: ``|X[2]|^2 = (8 / 2)^2``.

    >>> import numpy as np
    >>> from skconv.graph import BandPower, Graph, TensorSpec
    >>> from skconv.runtime import reference
    >>> graph = Graph(TensorSpec((1, 8, 1))).append(BandPower(np.ones(8), np.eye(5), 8))
    >>> x = np.cos(2 * np.pi * 2 * np.arange(8) / 8).reshape(1, 1, 8, 1)
    >>> (reference.run(graph, x) + 0).round(6).ravel()
    array([ 0.,  0., 16.,  0.,  0.])
    """

    facts = Facts("window")
    window: Array
    bank: Array
    hop: int

    @property
    def n_fft(self) -> int:
        return 2 * (len(self.bank) - 1)

    @property
    def scratch_bytes(self) -> int:
        """One frame of the C for floats."""
        return 4 * self.n_fft

    @property
    def parameters(self) -> dict[str, Array]:
        """The tables of the C for floats: of every band the bins that it has."""
        points = self.n_fft // 2
        angles = np.pi * np.arange(points) / max(points, 1)
        return {
            "window": self.window.astype(np.float32),
            "twiddles": np.stack([np.cos(angles), -np.sin(angles)], axis=1).astype(np.float32),
            **band_runs(self.bank.astype(np.float32)),
        }

    def shape(self, x: TensorSpec) -> Shape:
        return frame_shape("BandPower", x, len(self.window), self.hop, self.bank.shape[1])

    def output(self, *inputs: TensorSpec) -> TensorSpec:
        (x,) = inputs
        require(self.hop >= 1, f"BandPower needs hop >= 1, got {self.hop}")
        require(
            len(self.window) <= self.n_fft,
            f"BandPower: frames of {len(self.window)} samples, a bank for {self.n_fft}",
        )
        require(bool((self.bank >= 0).all()), "BandPower needs a bank without negative weights")
        return TensorSpec(self.shape(x))

    def macs(self, *inputs: TensorSpec) -> int:
        """The window, the products of a transform of half the length, squares and bands."""
        half = self.n_fft // 2
        butterflies = 4 * (half // 2) * max(1, half.bit_length() - 1)
        squares = 2 * len(self.bank)
        bands = int(np.count_nonzero(self.bank))
        per_frame = len(self.window) + butterflies + 4 * half + squares + bands
        return prod(self.shape(inputs[0])[:2]) * per_frame

    def sampling(self) -> Axes:
        return windows((1, len(self.window)), (1, self.hop), (0, 0))

    def describe(self) -> str:
        return f"BandPower {len(self.window)}->{self.bank.shape[1]}, hop {self.hop}"


@dataclass(frozen=True)
class Log(Op):
    """``ln(max(x / floor, 1))``: 0 at the floor and below it.

    Examples
    --------
    >>> import numpy as np
    >>> from skconv.graph import Graph, Log, TensorSpec
    >>> from skconv.runtime import reference
    >>> reference.run(Graph(TensorSpec((3,))).append(Log(2.0)), np.array([[0, 2, 2 * np.e]]))
    array([[0., 0., 1.]])
    """

    facts = Facts("entrywise")
    floor: float = 1.0

    def output(self, *inputs: TensorSpec) -> TensorSpec:
        require(self.floor > 0, f"Log needs floor > 0, got {self.floor}")
        return TensorSpec(inputs[0].shape)


@dataclass(frozen=True)
class Power(Op):
    """``max(x, 0)^exponent``, for an exponent between 0 and 1.

    Examples
    --------
    Ten times the power is 1.2589 times its tenth power.

    >>> import numpy as np
    >>> from skconv.graph import Graph, Power, TensorSpec
    >>> from skconv.runtime import reference
    >>> graph = Graph(TensorSpec((3,))).append(Power(0.1))
    >>> reference.run(graph, np.array([[0.0, 1.0, 10.0]])).round(6)
    array([[0.      , 1.      , 1.258925]])
    """

    facts = Facts("entrywise")
    exponent: float = 0.1

    def output(self, *inputs: TensorSpec) -> TensorSpec:
        require(0 < self.exponent < 1, f"Power needs 0 < exponent < 1, got {self.exponent}")
        return TensorSpec(inputs[0].shape)

    def describe(self) -> str:
        return f"Power {self.exponent:.4g}"
