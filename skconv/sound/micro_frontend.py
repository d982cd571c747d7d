"""The front end of TFLite-Micro as an extractor."""

from __future__ import annotations

from numbers import Integral, Real
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from sklearn.utils._param_validation import Interval

from skconv.exceptions import InputRangeWarning, warn
from skconv.graph import Graph, Reshape, TensorSpec
from skconv.graph.micro_frontend import MOST_LOG_SHIFT, MOST_POINTS, MicroFrontend
from skconv.graph.spectra import band_runs
from skconv.runtime.fft import places
from skconv.signals.lengths import PadTo
from skconv.sound.frames import Spectrogram, in_samples
from skconv.sound.micro_tables import gain_table, mel_bank, noise_weight, window_table
from skconv.utils.whole import is_whole

Array = NDArray[Any]

# Bits of the root of the weights of a band.
_ROOT_BITS = 6
# 7500 Hz at 16 kHz.
_HIGHEST = 15 / 32


class MicroFrontendSpectrogram(Spectrogram):
    """The features of TFLite-Micro's audio front end, in its integers.

    Wake words and other models for microcontrollers are often trained on these features
    (microWakeWord, the examples of TensorFlow Lite for Microcontrollers). With the default
    parameters they equal those of the package ``pymicro-features`` to the last bit:

    - frames of 30 ms times a Hann window, a transform in 16 bits, the root of the energy in
      bands of equal width in mel;
    - noise: a slow mean of every band is taken off, a faster one of every second band;
    - gain control (PCAN): each band is divided by a power of that mean;
    - a logarithm, times 64.

    The mean begins at 0 with each sample of ``X``, as in a new front end: the first tenths of
    a second of a sample have less taken off. Samples are integers from -32768 to 32767. Sound
    of other numbers is rounded to them, with an `InputRangeWarning`.

    It yields the map ``(n_frames, n_bands, 1)``, flat.

    Parameters
    ----------
    sample_rate : float, default=16000
        Samples in a second.
    frame_length : float or int, default=0.03
        Length of a frame: seconds where it is a float, samples where it is an int. The
        transform is as long as the next power of two.
    hop_length : float or int, default=0.01
        From the beginning of one frame to that of the next, likewise.
    n_bands : int, default=40
        Bands of frequency.
    low_frequency : float, default=125.0
        Where the lowest band begins, in Hz.
    high_frequency : float or None, default=None
        Where the highest band ends; ``None`` is 15/32 of the sample rate, 7500 Hz at 16 kHz.
    even_smoothing : float in [0, 1], default=0.025
        How much of each frame goes into the mean of bands 0, 2, ...
    odd_smoothing : float in [0, 1], default=0.06
        The same of bands 1, 3, ...
    min_signal_remaining : float in [0, 1], default=0.05
        The least part of a band that is left. With 1 nothing is taken off.
    pcan : bool, default=True
        Whether there is gain control.
    pcan_strength : float in [0, 1], default=0.95
        The power of the mean that a band is divided by.
    pcan_offset : float, default=80.0
        Added to the mean before, at least 1.
    log : bool, default=True
        Whether the logarithm is taken. Without, features above 65535 are 65535.
    log_scale_shift : int, default=6
        The logarithm is multiplied by two to this power; at most 10.
    input_shape : (length,) or None, default=None
        Shape of one signal. ``None`` takes the shape of ``X``.
    data_format : {"channels_last", "channels_first"}, default="channels_last"
        Where the one channel lies in samples of two axes.
    pad_to : int, "longest" or None, default=None
        Signals get zeros at their end, or lose it, until they are this long.
    device : {"cpu", "cuda", "auto"}, default="cpu"
        Numbers are integers, and always computed by numpy.
    batch_size : int or "auto", default="auto"
        Samples computed at a time; ``"auto"`` takes as many as fit the cache.
    n_jobs : int or None, default=None
        Jobs of joblib that `transform` shares the samples out among.

    Attributes
    ----------
    bank_ : ndarray of int16 of shape (n_fft / 2 + 1, n_bands)
        The weights of the bins in every band, with 12 bits of fraction.
    output_shape_ : (int, int)
        ``(n_frames, n_bands)`` of the spectrogram of one sample.
    graph_ : Graph
        From a flat signal to its flat spectrogram.
    n_features_in_ : int
        Samples of one signal.

    See Also
    --------
    LogMelSpectrogram : Bands that depend on no other frame.
    PowerNormalizedSpectrogram : Noise is taken off by what `fit` has learnt.

    References
    ----------
    TensorFlow Lite for Microcontrollers, ``tensorflow/lite/experimental/microfrontend``.

    Y. Wang, P. Getreuer, T. Hughes, R. F. Lyon, R. A. Saurous, "Trainable frontend for robust and
    far-field keyword spotting", ICASSP 2017.

    Examples
    --------
    >>> import numpy as np
    >>> from skconv import MicroFrontendSpectrogram
    >>> sound = 8000 * np.sin(np.arange(16000) / 3) + 100 * np.cos(np.arange(16000) ** 2)
    >>> spectrogram = MicroFrontendSpectrogram()
    >>> features = spectrogram.fit_transform(np.rint(sound).astype(np.int16)[None])
    >>> spectrogram.output_shape_, features.shape
    ((98, 40), (1, 3920))
    >>> int(features.reshape(98, 40)[0].argmax())  # The band around 849 Hz.
    10
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **Spectrogram._parameter_constraints,
        "even_smoothing": [Interval(Real, 0, 1, closed="both")],
        "odd_smoothing": [Interval(Real, 0, 1, closed="both")],
        "min_signal_remaining": [Interval(Real, 0, 1, closed="both")],
        "pcan": ["boolean"],
        "pcan_strength": [Interval(Real, 0, 1, closed="both")],
        "pcan_offset": [Interval(Real, 1, None, closed="left")],
        "log": ["boolean"],
        "log_scale_shift": [Interval(Integral, 0, MOST_LOG_SHIFT, closed="both")],
    }

    def __init__(
        self,
        sample_rate: float = 16000,
        *,
        frame_length: float = 0.03,
        hop_length: float = 0.01,
        n_bands: int = 40,
        low_frequency: float = 125.0,
        high_frequency: float | None = None,
        even_smoothing: float = 0.025,
        odd_smoothing: float = 0.06,
        min_signal_remaining: float = 0.05,
        pcan: bool = True,
        pcan_strength: float = 0.95,
        pcan_offset: float = 80.0,
        log: bool = True,
        log_scale_shift: int = 6,
        input_shape: Any = None,
        data_format: str = "channels_last",
        pad_to: PadTo = None,
        device: str = "cpu",
        batch_size: Any = "auto",
        n_jobs: int | None = None,
    ) -> None:
        self.sample_rate = sample_rate
        self.frame_length = frame_length
        self.hop_length = hop_length
        self.n_bands = n_bands
        self.low_frequency = low_frequency
        self.high_frequency = high_frequency
        self.even_smoothing = even_smoothing
        self.odd_smoothing = odd_smoothing
        self.min_signal_remaining = min_signal_remaining
        self.pcan = pcan
        self.pcan_strength = pcan_strength
        self.pcan_offset = pcan_offset
        self.log = log
        self.log_scale_shift = log_scale_shift
        self.input_shape = input_shape
        self.data_format = data_format
        self.pad_to = pad_to
        self.device = device
        self.batch_size = batch_size
        self.n_jobs = n_jobs

    n_fft = None

    def _limits(self) -> tuple[float, float]:
        highest = _HIGHEST * self.sample_rate
        if self.high_frequency is not None:
            return super()._limits()
        if self.low_frequency >= highest:
            raise ValueError(
                f"low_frequency={self.low_frequency!r}, expected less than {highest:g}, 15/32 of "
                "sample_rate: where the highest band ends"
            )
        return self.low_frequency, highest

    def _validated(self, X: Any, *, reset: bool) -> Array:
        """Samples as numbers of 16 bits; ValueError where they are beyond."""
        flat = super()._validated(X, reset=reset)
        if flat.dtype.kind != "f":
            return flat
        name = type(self).__name__
        largest = float(np.abs(flat).max(initial=0))
        if largest > 2**15:
            raise ValueError(
                f"X reaches {largest:g}, {name} reads samples from -32768 to 32767: scale X"
            )
        if not is_whole(flat):
            warn(
                f"X holds numbers that are not whole, up to {largest:g}: the nearest integer is "
                f"used. {name} reads integers of 16 bits; sound from -1 to 1 becomes that by "
                "np.rint(32767 * X).astype(np.int16)",
                InputRangeWarning,
            )
        return flat

    def _fit_graph(self, maps: Array, y: Any) -> Graph:
        graph = Graph(TensorSpec(maps.shape[1:])).append(self._front_end(maps))
        _, frames, bands = graph.output.shape
        return graph.append(Reshape((frames, bands, 1)))

    def _front_end(self, maps: Array) -> MicroFrontend:
        self._check_channels(maps)
        wanted = in_samples("frame_length", self.frame_length, self.sample_rate)
        n_fft = self._transform_length(wanted)
        if n_fft > 2 * MOST_POINTS:
            raise ValueError(
                f"frame_length={self.frame_length!r} is {wanted} samples, expected at most "
                f"{2 * MOST_POINTS}"
            )
        self.bank_ = mel_bank(n_fft, self.sample_rate, self.n_bands, *self._limits())
        correction = n_fft.bit_length() - 1 - _ROOT_BITS
        return MicroFrontend(
            window_table(self._frame_that_fits(wanted, maps.shape[2])),
            places(n_fft // 2).astype(np.uint16),
            **band_runs(self.bank_.astype(np.uint16)),
            hop=in_samples("hop_length", self.hop_length, self.sample_rate),
            smoothing=(noise_weight(self.even_smoothing), noise_weight(self.odd_smoothing)),
            remaining=noise_weight(self.min_signal_remaining),
            gains=self._gains(correction),
            correction=correction,
            log_shift=int(self.log_scale_shift) if self.log else None,
        )

    def _gains(self, correction: int) -> Array:
        if not self.pcan:
            return np.zeros(0, np.int16)
        return gain_table(self.pcan_strength, self.pcan_offset, correction)
