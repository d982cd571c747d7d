"""The front end of TFLite-Micro: bands of sound in its own integers.

`skconv.runtime.micro_frontend` defines the numbers, on floats that hold integers and on integers
alike.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import isqrt

import numpy as np

from skconv.graph.axes import Axes, windows
from skconv.graph.base import Array, Op, TensorSpec, require, require_map
from skconv.graph.facts import Facts
from skconv.graph.integer import IntegerOp
from skconv.graph.limits import INT16_MAX
from skconv.graph.spectra import frame_shape

__all__ = ["MicroFrontend", "QMicroBands", "QMicroLevels"]

# Of the window and of the weights of bands.
WEIGHT_BITS = 12
NOISE_BITS = 14
SMOOTHING_BITS = 10
GAIN_BITS = 21
SNR_BITS = 12
# Logarithms have 16 bits of fraction, and a table of 128 steps of what they differ from a line.
LOG_BITS = 16
LOG_STEPS = 128
LN2 = 45426
MOST_LOG_SHIFT = 10
# Three numbers for each number of bits, and one that is not used.
GAIN_ENTRIES = 125
FEWEST_POINTS, MOST_POINTS = 4, 2**14
LARGEST_ENERGY = 2**31
# What floats hold exactly: the definition adds in them.
LARGEST_SUM = 2**53
UINT16_MAX = 2**16 - 1


def transform_twiddles(points: int) -> Array:
    """``e^(-2 pi i k / points)``, ``k < 3/4 points``: uint32, the real part in the low half."""
    return _packed(-2 * np.pi * np.arange(3 * points // 4) / points)


def split_twiddles(points: int) -> Array:
    """``e^(-pi i (k / points + 1/2))`` for ``k = 1 .. points / 2``, packed likewise."""
    return _packed(-np.pi * (np.arange(1, points // 2 + 1) / points + 0.5))


def _packed(angles: Array) -> Array:
    """Real and imaginary parts with 15 bits of fraction, the largest 32767."""
    re, im = (
        np.floor(0.5 + INT16_MAX * f(angles)).astype(np.int64) & 0xFFFF for f in (np.cos, np.sin)
    )
    return (re | im << 16).astype(np.uint32)


def log_table() -> Array:
    """``log2(1 + i / 128) - i / 128`` with 16 bits of fraction; one more entry for what is next."""
    steps = np.arange(LOG_STEPS + 1) / LOG_STEPS
    return np.append(np.rint(2**LOG_BITS * (np.log2(1 + steps) - steps)), 0).astype(np.uint16)


@dataclass(frozen=True)
class MicroBands(Op):
    """The root of the energy in bands of frames, as TFLite-Micro's front end has it.

    - samples times a window of 12 bits of fraction, rounded down; shifted to the left until the
      largest has 15 bits;
    - a transform of integers of 16 bits that divides by two at every step of two (kissfft);
    - squares, weighted sums of them, their rounded roots, shifted back.

    Parameters
    ----------
    window : ndarray of int16 of shape (frame_length,)
    places : ndarray of uint16 of shape (n_fft / 2,)
        Which pair of samples stands at each place of the transform (`skconv.runtime.fft.places`).
        Zeros fill a frame up.
    band_starts, band_counts : ndarray of uint16 of shape (n_bands,)
        The first bin of every band, and how many there are.
    weights : ndarray of uint16
        Those of the bins of every band, one band after the other.
    hop : int
        Samples from one frame to the next.
    """

    window: Array
    places: Array
    band_starts: Array
    band_counts: Array
    weights: Array
    hop: int

    @property
    def points(self) -> int:
        """Complex numbers in a transform."""
        return len(self.places)

    @property
    def n_fft(self) -> int:
        """Samples in a transform."""
        return 2 * self.points

    @property
    def scratch_bytes(self) -> int:
        """The transform of a frame."""
        return 4 * self.points

    @property
    def parameters(self) -> dict[str, Array]:
        return super().parameters | {
            "twiddles": transform_twiddles(self.points),
            "split": split_twiddles(self.points),
        }

    def bank(self) -> Array:
        """The weights as a matrix ``(points + 1, n_bands)``."""
        bank = np.zeros((self.points + 1, len(self.band_starts)))
        ends = np.cumsum(self.band_counts.astype(np.int64))
        for band, (start, count, end) in enumerate(
            zip(self.band_starts, self.band_counts, ends, strict=True)
        ):
            bank[start : start + count, band] = self.weights[end - count : end]
        return bank

    def band_shape(self, x: TensorSpec) -> tuple[int, ...]:
        """The shape of the bands; ValueError where the tables do not fit."""
        name, points = type(self).__name__, self.points
        require(
            FEWEST_POINTS <= points <= MOST_POINTS and self.n_fft & (self.n_fft - 1) == 0,
            f"{name} needs n_fft a power of two from 8 to 32768, got {self.n_fft}",
        )
        require(
            len(self.window) <= self.n_fft and np.abs(self.window).max() <= 1 << WEIGHT_BITS,
            f"{name}: a window of {len(self.window)} for transforms of {self.n_fft}",
        )
        last = self.band_starts.astype(np.int64) + self.band_counts
        require(
            bool((last[self.band_counts > 0] <= points).all())
            and bool((self.band_starts[self.band_counts > 0] > 0).all())
            and self.weights.max(initial=0) <= 1 << WEIGHT_BITS,
            f"{name}: bands reach from bin 1 to {points - 1}, weights to {1 << WEIGHT_BITS}",
        )
        require(
            int(self.bank().sum(axis=0).max(initial=0)) * LARGEST_ENERGY <= LARGEST_SUM,
            f"{name}: a band of a transform of {self.n_fft} has too many bins: take shorter frames",
        )
        require(self.hop >= 1, f"{name} needs hop >= 1, got {self.hop}")
        return frame_shape(name, x, len(self.window), self.hop, len(self.band_starts))

    def macs(self, *inputs: TensorSpec) -> int:
        """As of `BandPower`."""
        frames = np.prod(self.band_shape(inputs[0])[:2])
        points = self.points
        butterflies = 4 * (points // 2) * max(1, points.bit_length() - 1)
        return int(frames) * (len(self.window) + butterflies + 6 * points + len(self.weights))

    def describe(self) -> str:
        name = type(self).__name__
        return f"{name} {len(self.window)}->{len(self.band_starts)}, hop {self.hop}"


@dataclass(frozen=True)
class MicroLevels(Op):
    """Noise reduction, gain control (PCAN) and logarithm, as TFLite-Micro's front end has them.

    Each sample of the graph begins with an estimate of noise of 0.

    Parameters
    ----------
    smoothing : (int, int)
        How much of a frame goes into the estimate of noise, with 14 bits of fraction: of bands 0,
        2, ... and of bands 1, 3, ...
    remaining : int
        The least part that is left of a band, likewise.
    gains : ndarray of int16 of shape (125,) or (0,)
        The gain for every estimate: of 0 and 1, and then for every number of bits the
        coefficients of a parabola. Empty: no gain control.
    correction : int
        Bits to the left before the logarithm; where negative, to the right.
    log_shift : int or None
        The logarithm is multiplied by ``2^log_shift``. ``None``: none is taken.
    """

    smoothing: tuple[int, int] = field(kw_only=True)
    remaining: int = field(kw_only=True)
    gains: Array = field(kw_only=True)
    correction: int = field(kw_only=True)
    log_shift: int | None = field(kw_only=True)

    @property
    def snr_shift(self) -> int:
        return GAIN_BITS - self.correction - SNR_BITS

    @property
    def parameters(self) -> dict[str, Array]:
        tables = dict(super().parameters)
        if not len(self.gains):
            del tables["gains"]
        if self.log_shift is not None:
            tables["log_table"] = log_table()
        return tables

    @property
    def largest(self) -> int:
        """The largest result."""
        if self.log_shift is None:
            return UINT16_MAX
        # The chord of the last step ends above one: its table has 0 there, not less.
        octaves = (32 << LOG_BITS) + (1 << LOG_BITS) // LOG_STEPS
        logarithm = (LN2 * octaves >> LOG_BITS) + 1
        return ((logarithm << self.log_shift) >> LOG_BITS) + 1

    def check(self) -> None:
        """ValueError where parameters do not fit."""
        name, one = type(self).__name__, 1 << NOISE_BITS
        require(
            all(0 <= part <= one for part in (*self.smoothing, self.remaining)),
            f"{name}: smoothing={self.smoothing} and remaining={self.remaining}, at most {one}",
        )
        require(
            len(self.gains) in (0, GAIN_ENTRIES) and self.snr_shift in range(32),
            f"{name}: {len(self.gains)} gains, a shift of {self.snr_shift}",
        )
        require(
            -16 < self.correction < 16 and (self.log_shift or 0) in range(MOST_LOG_SHIFT + 1),
            f"{name}: correction={self.correction}, log_shift={self.log_shift}",
        )


@dataclass(frozen=True)
class MicroFrontend(MicroLevels, MicroBands):
    """The front end of TFLite-Micro on numbers that are rounded to integers of 16 bits.

    From a signal ``(1, length, 1)`` to bands ``(1, n_frames, n_bands)``: `MicroBands`, and then
    `MicroLevels`.

    References
    ----------
    TensorFlow Lite for Microcontrollers, ``tensorflow/lite/experimental/microfrontend``.

    Y. Wang, P. Getreuer, T. Hughes, R. F. Lyon, R. A. Saurous, "Trainable frontend for robust and
    far-field keyword spotting", ICASSP 2017.
    """

    facts = Facts("window")

    def output(self, *inputs: TensorSpec) -> TensorSpec:
        self.check()
        return TensorSpec(self.band_shape(inputs[0]))

    @property
    def scratch_bytes(self) -> int:
        """Of the C for floats: a frame of integers, its transform, its bands, the noise."""
        frame = len(self.window) + len(self.window) % 2
        return 2 * frame + super().scratch_bytes + 8 * len(self.band_starts)


@dataclass(frozen=True)
class QMicroBands(MicroBands, IntegerOp):
    """The first half of `MicroFrontend`, frame by frame: samples of 16 bits to int32.

    It computes with the integers, whatever scale they have.
    """

    facts = Facts("window")

    def output(self, *inputs: TensorSpec) -> TensorSpec:
        (x,) = inputs
        shape = self.band_shape(x)
        require(
            x.dtype != "int32" and x.magnitude <= INT16_MAX + 1,
            f"QMicroBands needs integers of 16 bits, got {x.dtype} up to {x.magnitude}",
        )
        most = int(self.bank().sum(axis=0).max(initial=0)) * LARGEST_ENERGY
        return TensorSpec(shape, "int32", 1.0, minimum=0, maximum=isqrt(most) + 1)

    def sampling(self) -> Axes:
        return windows((1, len(self.window)), (1, self.hop), (0, 0))


@dataclass(frozen=True)
class QMicroLevels(MicroLevels, IntegerOp):
    """`MicroLevels` of int32, as `QMicroBands` yields them, to int16; int32 without logarithm."""

    facts = Facts("window")

    def output(self, *inputs: TensorSpec) -> TensorSpec:
        (x,) = inputs
        require_map(self, x)
        self.check()
        require(1 in x.shape[:2], f"QMicroLevels needs (1, n_frames, n_bands), got {x.shape}")
        require(
            x.dtype == "int32" and x.limits[0] >= 0,
            f"QMicroLevels needs int32 of at least 0, got {x.dtype} from {x.limits[0]}",
        )
        dtype = "int32" if self.log_shift is None else "int16"
        return TensorSpec(x.shape, dtype, 1.0, minimum=0, maximum=self.largest)

    def macs(self, *inputs: TensorSpec) -> int:
        return 6 * inputs[0].size
