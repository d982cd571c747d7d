"""The logarithm of the power of sound in bands of equal pitch, and its cosine transform."""

from __future__ import annotations

from numbers import Integral, Real
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from scipy.fft import dct
from sklearn.utils._param_validation import Interval

from skconv.graph import Conv, Graph, Log, Reshape, TensorSpec
from skconv.signals.lengths import PadTo
from skconv.sound.frames import Spectrogram
from skconv.sound.mel import mel_bank

Array = NDArray[Any]


class LogMelSpectrogram(Spectrogram):
    """The logarithm of the power in bands of equal pitch, frame by frame.

    A frame is weighted by a window and transformed; the power of its frequencies is summed in
    triangular bands of equal width in mel, ``2595 log10(1 + f / 700)``; then ``ln(power /
    floor)``, at least 0. The floor lies `floor_db` below the largest band of `fit`, so features
    do not depend on the unit of the samples, and silence is 0.

    The features are flat, frame after frame, bands fastest: `output_shape_` is the shape of
    the map ``(n_frames, n_bands)`` that `ConvFeatures` and the others take as `input_shape`.

    `skconv.to_c` makes integers of it: samples of 16 bits, a transform in 32 bits, no floats.

    Parameters
    ----------
    sample_rate : float, default=16000
        Samples in a second.
    frame_length : float or int, default=0.025
        Length of a frame: seconds where it is a float, samples where it is an int. A frame
        longer than the signal is cut to it, with a `ShapeWarning`.
    hop_length : float or int, default=0.01
        From the beginning of one frame to that of the next, likewise.
    n_bands : int, default=40
        Bands of frequency.
    n_fft : int or None, default=None
        Length of the transform, at least that of a frame. ``None`` is the next power of two;
        `skconv.to_c` needs one.
    low_frequency : float, default=20.0
        Where the lowest band begins, in Hz.
    high_frequency : float or None, default=None
        Where the highest band ends; ``None`` is half the sample rate.
    preemphasis : float in [0, 1), default=0.97
        How much high frequencies are lifted: the power at frequency ``f`` is multiplied by
        ``|1 - a e^(-2 pi i f / sample_rate)|^2``, that of the filter ``x[t] - a x[t - 1]``.
    window : {"hann", "hamming", "rectangular"}, default="hann"
        The weights of the samples of a frame.
    floor_db : float, default=80.0
        How many decibels below the largest band of `fit` the logarithm becomes 0.
    input_shape : (length,) or None, default=None
        Samples of one sound; ``None`` takes the length of ``X``.
    data_format : {"channels_last", "channels_first"}, default="channels_last"
        Where the one channel lies in ``X`` of three axes.
    pad_to : int, "longest" or None, default=None
        Sounds get zeros at their end, or lose it, until they are this long. ``None`` refuses
        sounds of unequal lengths.
    device : {"cpu", "cuda", "auto"}, default="cpu"
        Where `transform` computes.
    batch_size : int or "auto", default="auto"
        Samples computed at a time; ``"auto"`` takes as many as fit the cache.
    n_jobs : int or None, default=None
        Jobs of joblib that `transform` shares the samples out among. ``None`` is 1, unless
        a `joblib.parallel_config` says otherwise; -1 takes all processors.

    Attributes
    ----------
    bank_ : ndarray of float32 of shape (n_fft / 2 + 1, n_bands)
        The weights of every frequency of the transform in every band, with the pre-emphasis.
    floor_ : float
        The power whose logarithm is 0.
    output_shape_ : (int, int)
        ``(n_frames, n_bands)`` of one sample.
    graph_ : Graph
        From a flat sample to its features.
    map_shape_ : tuple of int
        ``(1, length, 1)`` of a sound.
    n_features_in_ : int
        Numbers in one sample.
    feature_names_in_ : ndarray of str
        Columns of ``X``, where it is a data frame.

    See Also
    --------
    MFCC : The cosine transform of each frame.

    References
    ----------
    S. B. Davis, P. Mermelstein, "Comparison of parametric representations for monosyllabic word
    recognition in continuously spoken sentences", IEEE Transactions on Acoustics, Speech, and
    Signal Processing 28, 1980.

    Examples
    --------
    >>> import numpy as np
    >>> from skconv import ConvFeatures, LogMelSpectrogram
    >>> from sklearn.linear_model import RidgeClassifier
    >>> from sklearn.pipeline import make_pipeline
    >>> rng = np.random.default_rng(0)
    >>> y = np.repeat([0, 1], 30)
    >>> t = np.arange(4000) / 16000
    >>> pitch = np.where(y[:, None] == 1, 500, 600) * (1 + rng.random((60, 1)) / 8)
    >>> X = np.sin(2 * np.pi * pitch * t) + rng.normal(size=(60, 4000))
    >>> spectrogram = LogMelSpectrogram().fit(X)
    >>> spectrogram.output_shape_
    (23, 40)
    >>> features = ConvFeatures(input_shape=spectrogram.output_shape_, random_state=0)
    >>> model = make_pipeline(spectrogram, features, RidgeClassifier())
    >>> model.fit(X[::2], y[::2]).score(X[1::2], y[1::2]) > 0.8
    True
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **Spectrogram._parameter_constraints,
        "floor_db": [Interval(Real, 0, None, closed="neither")],
    }

    _word = "mel"

    floor_: float

    def __init__(
        self,
        sample_rate: float = 16000,
        *,
        frame_length: float = 0.025,
        hop_length: float = 0.01,
        n_bands: int = 40,
        n_fft: int | None = None,
        low_frequency: float = 20.0,
        high_frequency: float | None = None,
        preemphasis: float = 0.97,
        window: str = "hann",
        floor_db: float = 80.0,
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
        self.n_fft = n_fft
        self.low_frequency = low_frequency
        self.high_frequency = high_frequency
        self.preemphasis = preemphasis
        self.window = window
        self.floor_db = floor_db
        self.input_shape = input_shape
        self.data_format = data_format
        self.pad_to = pad_to
        self.device = device
        self.batch_size = batch_size
        self.n_jobs = n_jobs

    def _bank(self, n_fft: int, low: float, high: float) -> Array:
        return mel_bank(n_fft, self.sample_rate, self.n_bands, low, high)

    def _logarithms(self, maps: Array) -> Graph:
        """The graph up to the logarithms ``(1, n_frames, n_bands)``."""
        op = self._band_power(maps)
        largest = self._largest_power(op, maps)
        self.floor_ = largest * 10 ** (-self.floor_db / 10) if largest > 0 else 1.0
        return Graph(TensorSpec(maps.shape[1:])).append(op).append(Log(self.floor_))

    def _fit_graph(self, maps: Array, y: Any) -> Graph:
        graph = self._logarithms(maps)
        _, frames, bands = graph.output.shape
        return graph.append(Reshape((frames, bands, 1)))


class MFCC(LogMelSpectrogram):
    """Mel-frequency cepstral coefficients: the cosine transform of every log-mel frame.

    The discrete cosine transform of type II, orthonormal, of the bands of `LogMelSpectrogram`,
    of which the first coefficients are kept: the shape of the spectrum, from coarse to fine.

    Parameters
    ----------
    sample_rate : float, default=16000
        Samples in a second.
    n_coefficients : int, default=13
        The first so many of the `n_bands` coefficients.
    frame_length : float or int, default=0.025
        Length of a frame: seconds, or samples where it is an int.
    hop_length : float or int, default=0.01
        From one frame to the next, likewise.
    n_bands : int, default=40
        Bands of frequency.
    n_fft : int or None, default=None
        Length of the transform; ``None`` is the next power of two.
    low_frequency : float, default=20.0
        Where the lowest band begins, in Hz.
    high_frequency : float or None, default=None
        Where the highest band ends; ``None`` is half the sample rate.
    preemphasis : float in [0, 1), default=0.97
        How much high frequencies are lifted.
    window : {"hann", "hamming", "rectangular"}, default="hann"
        The weights of the samples of a frame.
    floor_db : float, default=80.0
        How many decibels below the largest band the logarithm becomes 0.
    input_shape : (length,) or None, default=None
        Samples of one sound; ``None`` takes the length of ``X``.
    data_format : {"channels_last", "channels_first"}, default="channels_last"
        Where the one channel lies in ``X`` of three axes.
    pad_to : int, "longest" or None, default=None
        Length to which sounds are filled with zeros or cut.
    device : {"cpu", "cuda", "auto"}, default="cpu"
        Where `transform` computes.
    batch_size : int or "auto", default="auto"
        Samples computed at a time.
    n_jobs : int or None, default=None
        Jobs of joblib that `transform` shares the samples out among.

    Attributes
    ----------
    kernels_ : ndarray of float32 of shape (n_coefficients, 1, 1, n_bands)
        The rows of the cosine transform.
    output_shape_ : (int, int)
        ``(n_frames, n_coefficients)`` of one sample.

    See Also
    --------
    LogMelSpectrogram : The bands themselves, with all further attributes.

    References
    ----------
    S. B. Davis, P. Mermelstein, "Comparison of parametric representations for monosyllabic word
    recognition in continuously spoken sentences", IEEE Transactions on Acoustics, Speech, and
    Signal Processing 28, 1980.

    Examples
    --------
    >>> import numpy as np
    >>> from skconv import MFCC
    >>> X = np.random.default_rng(0).normal(size=(2, 1600))
    >>> MFCC().fit(X).output_shape_
    (8, 13)
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **LogMelSpectrogram._parameter_constraints,
        "n_coefficients": [Interval(Integral, 1, None, closed="left")],
    }

    _word = "mfcc"

    def __init__(
        self,
        sample_rate: float = 16000,
        *,
        n_coefficients: int = 13,
        frame_length: float = 0.025,
        hop_length: float = 0.01,
        n_bands: int = 40,
        n_fft: int | None = None,
        low_frequency: float = 20.0,
        high_frequency: float | None = None,
        preemphasis: float = 0.97,
        window: str = "hann",
        floor_db: float = 80.0,
        input_shape: Any = None,
        data_format: str = "channels_last",
        pad_to: PadTo = None,
        device: str = "cpu",
        batch_size: Any = "auto",
        n_jobs: int | None = None,
    ) -> None:
        super().__init__(
            sample_rate,
            frame_length=frame_length,
            hop_length=hop_length,
            n_bands=n_bands,
            n_fft=n_fft,
            low_frequency=low_frequency,
            high_frequency=high_frequency,
            preemphasis=preemphasis,
            window=window,
            floor_db=floor_db,
            input_shape=input_shape,
            data_format=data_format,
            pad_to=pad_to,
            device=device,
            batch_size=batch_size,
            n_jobs=n_jobs,
        )
        self.n_coefficients = n_coefficients

    def _fit_graph(self, maps: Array, y: Any) -> Graph:
        if self.n_coefficients > self.n_bands:
            raise ValueError(
                f"n_coefficients={self.n_coefficients}, expected at most n_bands={self.n_bands}"
            )
        rows = dct(np.eye(self.n_bands), norm="ortho", axis=0)[: self.n_coefficients]
        self.kernels_ = rows[:, None, None, :].astype(np.float32)
        self.biases_ = np.zeros(self.n_coefficients, np.float32)
        graph = self._logarithms(maps).append(Conv(self.kernels_, self.biases_))
        return graph.append(Reshape((graph.output.shape[1], self.n_coefficients, 1)))
