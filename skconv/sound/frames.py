"""Frames of sound: how long they are, how they are weighted, and the base of spectrograms."""

from __future__ import annotations

from numbers import Integral, Real
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from scipy.signal import get_window
from sklearn.utils._param_validation import Interval, StrOptions

from skconv.exceptions import ShapeWarning, warn
from skconv.graph import BandPower, Graph, TensorSpec
from skconv.runtime import engine
from skconv.signals.base import SignalExtractor

Array = NDArray[Any]

SHORTEST_TRANSFORM = 8
# Signals whose bands are computed at a time in `fit`.
CHUNK = 256


def in_samples(name: str, length: float, sample_rate: float) -> int:
    """A length in samples: an int is one; a float is seconds, and becomes an even number.

    Examples
    --------
    >>> from skconv.sound.frames import in_samples
    >>> in_samples("hop_length", 0.025, 16000), in_samples("hop_length", 160, 16000)
    (400, 160)
    """
    if isinstance(length, Integral):
        return int(length)
    samples = 2 * round(length * sample_rate / 2)
    if samples < 2:
        raise ValueError(
            f"{name}={length!r} seconds are less than 2 samples at sample_rate={sample_rate!r}: "
            "write a longer time, or an int for samples"
        )
    return samples


class Spectrogram(SignalExtractor):
    """Base class of spectrograms: frames, their window, and bands of their power.

    A subclass defines ``__init__`` with all parameters spelled out, those below and those of
    `SignalExtractor` among them, and `_bank`; `_band_power` is the first op of its graph.

    Parameters
    ----------
    sample_rate : float
        Samples in a second.
    frame_length : float or int
        Length of a frame: seconds where it is a float, samples where it is an int.
    hop_length : float or int
        From the beginning of one frame to that of the next, likewise.
    n_bands : int
        Bands of frequency.
    n_fft : int or None
        Length of the transform, at least that of a frame. ``None`` is the next power of two;
        `skconv.to_c` needs one.
    low_frequency : float
        Where the lowest band begins, in Hz.
    high_frequency : float or None
        Where the highest band ends; ``None`` is half the sample rate.
    preemphasis : float in [0, 1)
        How much high frequencies are lifted: the power at frequency ``f`` is multiplied by
        ``|1 - a e^(-2 pi i f / sample_rate)|^2``, that of the filter ``x[t] - a x[t - 1]``.
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **SignalExtractor._parameter_constraints,
        "sample_rate": [Interval(Real, 0, None, closed="neither")],
        "frame_length": [Interval(Real, 0, None, closed="neither")],
        "hop_length": [Interval(Real, 0, None, closed="neither")],
        "n_bands": [Interval(Integral, 1, None, closed="left")],
        "n_fft": [Interval(Integral, SHORTEST_TRANSFORM, None, closed="left"), None],
        "low_frequency": [Interval(Real, 0, None, closed="left")],
        "high_frequency": [Interval(Real, 0, None, closed="neither"), None],
        "preemphasis": [Interval(Real, 0, 1, closed="left")],
        "window": [StrOptions({"hann", "hamming", "rectangular"})],
    }

    _names_say_places = False

    sample_rate: float
    frame_length: float
    hop_length: float
    n_bands: int
    n_fft: int | None
    low_frequency: float
    high_frequency: float | None
    preemphasis: float
    window: str
    bank_: Array

    def _bank(self, n_fft: int, low: float, high: float) -> Array:
        """Weights ``(n_fft / 2 + 1, n_bands)`` of the bins in every band."""
        raise NotImplementedError

    def _band_power(self, maps: Array) -> BandPower:
        """Frames, window and bands for these signals; sets ``bank_``."""
        self._check_channels(maps)
        wanted = in_samples("frame_length", self.frame_length, self.sample_rate)
        hop = in_samples("hop_length", self.hop_length, self.sample_rate)
        n_fft = self._transform_length(wanted)
        bank = self._bank(n_fft, *self._limits())
        self.bank_ = (bank * self._emphasis(n_fft)[:, None]).astype(np.float32)
        length = self._frame_that_fits(wanted, maps.shape[2])
        window = get_window({"rectangular": "boxcar"}.get(self.window, self.window), length)
        return BandPower(window.astype(np.float32), self.bank_, hop)

    def _check_channels(self, maps: Array) -> None:
        if maps.shape[3] != 1:
            raise ValueError(
                f"{type(self).__name__} reads sound of one channel, got {maps.shape[3]}: mix "
                "them, for example X.mean(axis=2), or take one"
            )

    def _transform_length(self, frame: int) -> int:
        if self.n_fft is None:
            return int(max(SHORTEST_TRANSFORM, 2 ** (frame - 1).bit_length()))
        if self.n_fft < frame or self.n_fft % 2:
            raise ValueError(
                f"n_fft={self.n_fft}, expected an even number that is at least the frame of "
                f"{frame} samples"
            )
        return self.n_fft

    def _limits(self) -> tuple[float, float]:
        half = self.sample_rate / 2
        high = half if self.high_frequency is None else self.high_frequency
        if not self.low_frequency < high <= half:
            raise ValueError(
                f"low_frequency={self.low_frequency!r} and high_frequency={high!r}, expected "
                f"low < high <= {half:g}, half of sample_rate"
            )
        return self.low_frequency, high

    def _emphasis(self, n_fft: int) -> Array:
        """What pre-emphasis does to the power of every bin."""
        turn = np.exp(-2j * np.pi * np.arange(n_fft // 2 + 1) / n_fft)
        return np.asarray(np.abs(1 - self.preemphasis * turn) ** 2)

    def _frame_that_fits(self, wanted: int, length: int) -> int:
        """A frame no longer than the signal, of an even number of samples."""
        if wanted <= length:
            return wanted
        if length < 2:
            raise ValueError(
                f"a signal of {length} sample(s) has no frame: expected at least 2 samples "
                f"({length} feature(s))"
            )
        if not self._may_cut("frame_length"):
            raise ValueError(
                f"frame_length={self.frame_length!r} is {wanted} samples, the signal has {length}"
            )
        used = length - length % 2
        text = f"frame_length={self.frame_length!r} is {wanted} samples, longer than the signal"
        warn(f"{text}: one of {used} samples is used", ShapeWarning)
        return used

    def _largest_power(self, op: BandPower, maps: Array) -> float:
        """The largest power of any band of any signal."""
        graph = Graph(TensorSpec(maps.shape[1:])).append(op)
        parts = (maps[i : i + CHUNK] for i in range(0, len(maps), CHUNK))
        return max(float(engine.run(graph, part, device=self.device).max()) for part in parts)

    def get_feature_names_out(self, input_features: Any = None) -> NDArray[Any]:
        """``band3_12`` is band 3 of frame 12, both from 0.

        Parameters
        ----------
        input_features : array-like of str, default=None
            Checked against the names seen in `fit`, otherwise ignored.

        Returns
        -------
        names : ndarray of str of shape (n_features_out,)
            One name a feature.
        """
        super().get_feature_names_out(input_features)
        frames, bands = self.output_shape_
        names = [f"{self._word}{b}_{t}" for t in range(frames) for b in range(bands)]
        return np.array(names, dtype=object)

    _word: ClassVar[str] = "band"

    @property
    def output_shape_(self) -> tuple[int, int]:
        """``(n_frames, n_bands)`` of the spectrogram of one sample."""
        maps = [spec.shape for spec in self.graph_.specs.values() if len(spec.shape) == 3]
        return maps[-1][0], maps[-1][1]
