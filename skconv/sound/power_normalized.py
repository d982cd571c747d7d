"""Power-normalised spectrograms."""

from __future__ import annotations

from numbers import Integral, Real
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from sklearn.utils._param_validation import Interval, StrOptions

from skconv.graph import Graph, Reshape, TensorSpec
from skconv.graph.noise_suppression import NoiseSuppression
from skconv.graph.power_normalization import MOST_SMOOTHING, PowerNormalize
from skconv.runtime.power_normalization import log_ratio, medium_power
from skconv.signals.lengths import PadTo
from skconv.sound.frames import Spectrogram
from skconv.sound.gammatone import centre_frequencies, gammatone_bank

# Clips that the target ratio is learnt from, and how far below the loudest power counts.
_MOST_CLIPS = 2000
_LOWEST = 1e-8
_HIGHEST = 0.45


class PowerNormalizedSpectrogram(Spectrogram):
    """Spectrograms from which a steady background is taken off, for recognition in noise.

    - frames times a Hamming window, pre-emphasis, the power of their Fourier transform;
    - a gammatone bank, its bands equally far apart on the ERB scale;
    - the power of each band averaged over ``2 * reach + 1`` frames; from it as much is taken off
      as gives the ratio of its arithmetic to its geometric mean that clean sound has, and as
      steady noise lowers that ratio, noise goes;
    - what is left of it, averaged over ``2 * smoothing + 1`` bands, weights the band power;
    - that is divided by its mean over the whole window, and a small exponent follows.

    Fit it to clean sound: the ratio is learnt there, band by band. It yields the map
    ``(n_frames, n_bands, 1)``, flat.

    Parameters
    ----------
    sample_rate : float, default=16000
        Samples in a second.
    variant : {"pns", "pncc2016"}, default="pns"
        ``"pns"`` is the above: bias by the ratio of means (Kim and Stern 2009), exponent 0.1
        (Chang and Morgan). ``"pncc2016"`` takes its place by asymmetric noise suppression,
        temporal masking, a running mean and the exponent 1/15; nothing is learnt.
    frame_length : float or int, default=0.025
        Length of a frame: seconds where it is a float, samples where it is an int.
    hop_length : float or int, default=0.01
        From the beginning of one frame to that of the next, likewise.
    n_bands : int, default=40
        Bands of frequency.
    n_fft : int or None, default=None
        Length of the transform, at least that of a frame. ``None`` is the next power of two;
        `skconv.to_c` needs one.
    low_frequency : float, default=100.0
        The centre of the lowest band, in Hz.
    high_frequency : float or None, default=None
        The centre of the highest band; ``None`` is 0.45 of the sample rate.
    preemphasis : float in [0, 1), default=0.97
        How much high frequencies are lifted, as by the filter ``x[t] - a x[t - 1]``.
    window : {"hann", "hamming", "rectangular"}, default="hamming"
        Weights of a frame.
    reach : int, default=2
        Frames before and after that share a medium-duration power.
    smoothing : int, default=4
        Bands below and above that share a weight, at most 31.
    floor : float, default=0.01
        The least part of the power that is left. Only for ``"pns"``.
    target : float, default=None
        The ratio of the means of clean sound, as a natural logarithm, for all bands. None: learnt
        band by band. Only for ``"pns"``.
    input_shape : (length,) or None, default=None
        Shape of one signal. ``None`` takes the shape of ``X``.
    data_format : {"channels_last", "channels_first"}, default="channels_last"
        Where the one channel lies in samples of two axes.
    pad_to : int, "longest" or None, default=None
        Signals get zeros at their end, or lose it, until they are this long.
    device : {"cpu", "cuda", "auto"}, default="cpu"
        Where `transform` computes.
    batch_size : int or "auto", default="auto"
        Samples computed at a time; ``"auto"`` takes as many as fit the cache.
    n_jobs : int or None, default=None
        Jobs of joblib that `transform` shares the samples out among.

    Attributes
    ----------
    targets_ : ndarray of shape (n_bands,) or None
        The learnt ratio of every band.
    centre_frequencies_ : ndarray of shape (n_bands,)
        In hertz.
    bank_ : ndarray of float32 of shape (n_fft / 2 + 1, n_bands)
        The weights of the bins in every band, pre-emphasis included.
    output_shape_ : (int, int)
        ``(n_frames, n_bands)`` of the spectrogram of one sample.
    graph_ : Graph
        From a flat signal to its flat spectrogram.
    n_features_in_ : int
        Samples of one signal.

    See Also
    --------
    SpectroTemporalGaborFeatures : Features of spectrograms.

    References
    ----------
    C. Kim, R. M. Stern, "Feature extraction for robust speech recognition using a power-law
    nonlinearity and power-bias subtraction", Interspeech 2009.

    C. Kim, R. M. Stern, "Power-normalized cepstral coefficients (PNCC) for robust speech
    recognition", IEEE/ACM Transactions on Audio, Speech, and Language Processing 24(7), 2016.

    S.-Y. Chang, N. Morgan, "Robust CNN-based speech recognition with Gabor filter kernels",
    Interspeech 2014.

    Examples
    --------
    >>> import numpy as np
    >>> from skconv import PowerNormalizedSpectrogram
    >>> clips = np.random.RandomState(0).normal(size=(4, 16000))
    >>> spectrogram = PowerNormalizedSpectrogram().fit(clips)
    >>> spectrogram.output_shape_, spectrogram.transform(clips).shape
    ((98, 40), (4, 3920))
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **Spectrogram._parameter_constraints,
        "variant": [StrOptions({"pns", "pncc2016"})],
        "reach": [Interval(Integral, 0, None, closed="left")],
        "smoothing": [Interval(Integral, 0, MOST_SMOOTHING, closed="both")],
        "floor": [Interval(Real, 0, 1, closed="neither")],
        "target": [Interval(Real, 0, None, closed="left"), None],
    }

    def __init__(
        self,
        sample_rate: float = 16000,
        *,
        variant: Literal["pns", "pncc2016"] = "pns",
        frame_length: float = 0.025,
        hop_length: float = 0.01,
        n_bands: int = 40,
        n_fft: int | None = None,
        low_frequency: float = 100.0,
        high_frequency: float | None = None,
        preemphasis: float = 0.97,
        window: str = "hamming",
        reach: int = 2,
        smoothing: int = 4,
        floor: float = 0.01,
        target: float | None = None,
        input_shape: Any = None,
        data_format: str = "channels_last",
        pad_to: PadTo = None,
        device: str = "cpu",
        batch_size: Any = "auto",
        n_jobs: int | None = None,
    ) -> None:
        self.sample_rate = sample_rate
        self.variant = variant
        self.frame_length = frame_length
        self.hop_length = hop_length
        self.n_bands = n_bands
        self.n_fft = n_fft
        self.low_frequency = low_frequency
        self.high_frequency = high_frequency
        self.preemphasis = preemphasis
        self.window = window
        self.reach = reach
        self.smoothing = smoothing
        self.floor = floor
        self.target = target
        self.input_shape = input_shape
        self.data_format = data_format
        self.pad_to = pad_to
        self.device = device
        self.batch_size = batch_size
        self.n_jobs = n_jobs

    def _limits(self) -> tuple[float, float]:
        if self.high_frequency is None and self.low_frequency < _HIGHEST * self.sample_rate:
            return self.low_frequency, _HIGHEST * self.sample_rate
        return super()._limits()

    def _bank(self, n_fft: int, low: float, high: float) -> NDArray[np.float64]:
        self.centre_frequencies_ = centre_frequencies(self.n_bands, low, high)
        return gammatone_bank(self.centre_frequencies_, n_fft, self.sample_rate)

    def _fit_graph(self, maps: NDArray[Any], y: Any) -> Graph:
        graph = Graph(TensorSpec(maps.shape[1:])).append(self._band_power(maps))
        powers = self._powers(graph, maps)
        lowest = float(powers.max(initial=0)) * _LOWEST or 1.0
        graph = graph.append(self._normalization(powers, lowest))
        _, frames, bands = graph.output.shape
        return graph.append(Reshape((frames, bands, 1)))

    def _powers(self, graph: Graph, maps: NDArray[Any]) -> NDArray[np.float64]:
        """The band powers ``(n, n_frames, n_bands)`` of clips taken evenly from all."""
        from skconv.runtime import engine

        rows = np.linspace(0, len(maps) - 1, min(len(maps), _MOST_CLIPS)).astype(int)
        found = engine.run(graph, np.asarray(maps[rows], np.float32), device=self.device)
        return np.asarray(found, np.float64).reshape(len(rows), *graph.output.shape[1:])

    def _normalization(
        self, powers: NDArray[np.float64], lowest: float
    ) -> PowerNormalize | NoiseSuppression:
        self.targets_ = None
        if self.variant == "pncc2016":
            return NoiseSuppression(self.reach, self.smoothing, lowest)
        if self.target is None:
            medium = np.maximum(medium_power(powers, self.reach), lowest)
            self.targets_ = log_ratio(medium).mean(axis=0)
        else:
            self.targets_ = np.full(self.n_bands, float(self.target))
        return PowerNormalize(
            self.reach,
            self.smoothing,
            targets=self.targets_.astype(np.float32),
            floor=self.floor,
            lowest=lowest,
        )
