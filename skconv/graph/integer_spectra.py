"""The integer forms of the auditory front end: bands of power, logarithms and powers.

`skconv.runtime.integer_spectra` defines their integers.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from skconv.graph.axes import Axes, windows
from skconv.graph.base import Array, TensorSpec, require
from skconv.graph.facts import Facts
from skconv.graph.integer import KERNEL_FRACTION_BITS, IntegerOp, Requantization, exp2_table
from skconv.graph.limits import ACCUMULATOR_MAX
from skconv.graph.spectra import frame_shape

__all__ = ["QBandLog", "QBandPower", "QBandRoot", "QLog", "QPower"]

LOG2_BITS = 16
LOG2_STEPS = 64
LOG2_TABLE_BITS = 15
# Sums of bands have less than 63 bits: twice that many octaves.
MOST_OCTAVES = 64
# Twiddle factors that were rounded may be longer than 1, and products are rounded down.
SLACK = 1 + 2.0**-8


def log2_table() -> Array:
    """``log2(1 + i / 64)`` for ``i = 0 .. 64``: uint16 with 15 bits of fraction."""
    steps = 1 + np.arange(LOG2_STEPS + 1) / LOG2_STEPS
    table = np.rint(2.0**LOG2_TABLE_BITS * np.log2(steps)).astype(np.uint16)
    table.setflags(write=False)
    return table


# ----------------------------------------------------------------------- frames and bands


@dataclass(frozen=True)
class BandsOp(IntegerOp):
    """Frames of a signal, their transform, its power, and its sums in bands.

    Parameters
    ----------
    starts : ndarray of uint16 of shape (points,)
        The first of the pair of samples that stands at each place of the transform of
        ``points = n_fft / 2`` complex numbers; 0 where the frame has ended.
    window : ndarray of int16 of shape (points, 2)
        The weights of these pairs; 0 where the frame has ended.
    twiddles : ndarray of uint32 of shape (3 / 2 * points,)
        ``e^(-i pi k / points)``: the real part in the low half, the imaginary one in the high.
    band_starts, band_counts : ndarray of uint16 of shape (n_bands,)
        The first bin of every band, and how many there are.
    weights : ndarray of uint16
        Those of the bins of every band, one band after the other.
    frame_length, hop, shift : int
        ``shift`` to the right of what comes of the window.
    """

    facts = Facts("window")
    starts: Array
    window: Array
    twiddles: Array
    band_starts: Array
    band_counts: Array
    weights: Array
    frame_length: int
    hop: int
    shift: int

    @property
    def points(self) -> int:
        return len(self.starts)

    @property
    def scratch_bytes(self) -> int:
        return 8 * self.points

    def shape(self, x: TensorSpec) -> tuple[int, ...]:
        """The shape of the result; ValueError where an accumulator does not fit."""
        name = type(self).__name__
        largest = 2 * int(np.abs(self.window.astype(np.int64)).sum()) * x.magnitude
        require(
            self.shift >= 1 and (largest >> self.shift) * SLACK <= ACCUMULATOR_MAX,
            f"{name}: a transform up to {largest} >> {self.shift} does not fit int32",
        )
        sums = np.add.reduceat(np.append(self.weights.astype(np.int64), 0), self._first_weights())
        sums[self.band_counts == 0] = 0
        require(sums.max(initial=0) < 2**32, f"{name}: weights of a band sum up to {sums.max()}")
        return frame_shape(name, x, self.frame_length, self.hop, len(self.band_starts))

    def _first_weights(self) -> Array:
        ends = np.cumsum(self.band_counts.astype(np.int64))
        return ends - self.band_counts

    def bank(self) -> Array:
        """The weights as a matrix ``(points + 1, n_bands)`` of int64."""
        bank = np.zeros((self.points + 1, len(self.band_starts)), np.int64)
        runs = zip(self.band_starts, self.band_counts, self._first_weights(), strict=True)
        for band, (start, count, first) in enumerate(runs):
            bank[start : start + count, band] = self.weights[first : first + count]
        return bank

    def macs(self, *inputs: TensorSpec) -> int:
        """As of `BandPower`."""
        (x,) = inputs
        points = self.points
        butterflies = 4 * (points // 2) * max(1, points.bit_length() - 1)
        per_frame = self.frame_length + butterflies + 6 * points + len(self.weights)
        frames = self.shape(x)[0] * self.shape(x)[1]
        return frames * per_frame

    def sampling(self) -> Axes:
        return windows((1, self.frame_length), (1, self.hop), (0, 0))

    def describe(self) -> str:
        return f"{type(self).__name__} {self.frame_length}->{len(self.band_starts)}, hop {self.hop}"


@dataclass(frozen=True)
class QBandPower(BandsOp):
    """Power in bands as int32: the sum of a band, shifted to the right, up to a maximum."""

    facts = Facts("window")
    sum_shift: int
    maximum: int
    scale: float

    def output(self, *inputs: TensorSpec) -> TensorSpec:
        require(self.sum_shift >= 1, f"QBandPower needs sum_shift >= 1, got {self.sum_shift}")
        shape = self.shape(inputs[0])
        return TensorSpec(shape, "int32", self.scale, minimum=0, maximum=self.maximum)


# ------------------------------------------------------------------- logarithms and powers


@dataclass(frozen=True)
class LogOp(IntegerOp):
    """``max(log2(x) + offset, 0)``, with 16 bits of fraction, requantised; 0 where x is 0."""

    offset: int
    requantization: Requantization

    @property
    def parameters(self) -> dict[str, Array]:
        return super().parameters | {"log2_table": log2_table()}

    def log_spec(self, shape: tuple[int, ...]) -> TensorSpec:
        largest = max(0, (MOST_OCTAVES << LOG2_BITS) + self.offset)
        return self.requantization.spec(shape, largest)


@dataclass(frozen=True)
class PowerOp(IntegerOp):
    """``(x / top)^p`` with 15 bits of fraction, requantised; 0 where x is 0.

    ``d = -(log2(x) + offset)``, at least 0 and at most ``limit``, is how many octaves ``x``
    lies below ``top``, with 16 bits of fraction; ``exponent`` makes of it ``u = p d`` with 14,
    and the result is ``2^-u``.
    """

    offset: int
    limit: int
    exponent: Requantization
    requantization: Requantization

    @property
    def parameters(self) -> dict[str, Array]:
        tables = {"log2_table": log2_table(), "exp2_table": exp2_table()}
        return super().parameters | tables

    def power_spec(self, shape: tuple[int, ...]) -> TensorSpec:
        self.exponent.spec((1,), self.limit)
        return self.requantization.spec(shape, 2**KERNEL_FRACTION_BITS)


@dataclass(frozen=True)
class QBandLog(LogOp, BandsOp):
    """The logarithm of the power in bands, above a floor."""

    facts = Facts("window")

    def output(self, *inputs: TensorSpec) -> TensorSpec:
        return self.log_spec(self.shape(inputs[0]))


@dataclass(frozen=True)
class QBandRoot(PowerOp, BandsOp):
    """The power in bands to an exponent between 0 and 1."""

    facts = Facts("window")

    def output(self, *inputs: TensorSpec) -> TensorSpec:
        return self.power_spec(self.shape(inputs[0]))


@dataclass(frozen=True)
class QLog(LogOp):
    """The logarithm of integers above a floor."""

    facts = Facts("entrywise")

    def output(self, *inputs: TensorSpec) -> TensorSpec:
        return self.log_spec(inputs[0].shape)


@dataclass(frozen=True)
class QPower(PowerOp):
    """A power of integers, with an exponent between 0 and 1."""

    facts = Facts("entrywise")

    def output(self, *inputs: TensorSpec) -> TensorSpec:
        return self.power_spec(inputs[0].shape)
