"""Spectro-temporal Gabor features of spectrograms."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from numbers import Integral, Real
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from sklearn.utils._param_validation import Interval, StrOptions

from skconv.exceptions import ShapeWarning, warn
from skconv.features.base import ConvExtractor
from skconv.features.shapes import Shape3
from skconv.graph import Graph, SubtractMean, TensorSpec
from skconv.kernels.base import centred
from skconv.sound.gabor_bank import OMEGA_MAX, centre_frequencies, filter_2d, filter_bank
from skconv.sound.gabor_graph import GaborBank, Part, Responses
from skconv.sound.pooling import POOLS, pooled
from skconv.sound.selection import sparse_pca_choice

# Samples that filters are chosen by.
_MOST_SAMPLES = 500


class SpectroTemporalGaborFeatures(ConvExtractor):
    """Convolve spectrograms with a bank of Gabor filters in time and frequency, and pool.

    - a filter is a plane wave under a Hann envelope: it answers to a modulation of so many hertz
      and so many cycles a band, and to the direction in which it moves;
    - the bank of Schädler et al.: 5 frequencies along time, 5 along the bands, 0 among both,
      rising and falling: 41 filters;
    - each filter is sampled every quarter of its width, in time and along the bands;
    - its magnitude, or its real part, is pooled over time.

    A sample is a spectrogram, time first: what `LogMelSpectrogram` and
    `PowerNormalizedSpectrogram` yield. Behind one of them in a Pipeline, ``n_bands`` says how
    long a frame is.

    Parameters
    ----------
    n_bands : int, default=None
        Bands of a frame, where samples are flat. None: the shape of ``X`` or ``input_shape``.
    omega_max : (float, float), default=(pi / 2, pi / 2)
        The highest frequency along time and along the bands, in radians a frame and a band.
    size_max : (float, float or None), default=(40, None)
        The widest envelope, in frames and bands. None: three times the bands.
    nu : (float, float), default=(3.5, 3.5)
        Half waves under an envelope.
    distance : (float, float), default=(0.2, 0.3)
        How far neighbouring frequencies are apart, as a part of their bandwidth.
    part : {"magnitude", "real"}, default="magnitude"
        The magnitude of the complex response does not depend on where in its period a wave is.
    separable : bool, default=True
        Each filter is the product of two in one dimension, which takes fewer multiplications.
        False: the published filters in two dimensions. The two differ in how their mean is
        removed.
    time_step : int or "quarter", default="quarter"
        Frames from one response to the next. ``"quarter"``: of the width of each filter.
    pool : str or sequence of str, default=("mean", "std")
        What becomes of the responses along time: ``"mean"``, ``"std"``, ``"max"``,
        ``"quarters"`` (the mean of every quarter), or several of them. The mean of a real part
        is about 0: take ``"std"`` with it.
    remove_mean : bool, default=True
        Take the mean of every band off first: it tells the microphone and the room.
    n_filters : int, default=None
        Keep so many filters, chosen by sparse principal components of their mean responses to
        500 samples. None: all.
    input_shape : (n_frames, n_bands) or None, default=None
        Shape of one sample.
    data_format : {"channels_last", "channels_first"}, default="channels_last"
        Where the one channel lies in samples of three axes.
    device : {"cpu", "cuda", "auto"}, default="cpu"
        Where `transform` computes.
    batch_size : int or "auto", default="auto"
        Samples computed at a time; ``"auto"`` takes as many as fit the cache.
    n_jobs : int or None, default=None
        Jobs of joblib that `transform` shares the samples out among.
    random_state : int, RandomState instance or None, default=None
        For ``n_filters``.

    Attributes
    ----------
    filters_ : ndarray of shape (n_filters, 2)
        Frequencies of each filter along time and along the bands, in radians. A wave of positive
        second frequency falls.
    kernels_ : ndarray of float32 of shape (n_filters, height, width, 1)
        The real parts of the filters, zeros around them; for display.
    biases_ : ndarray of float32 of shape (n_filters,)
        Zeros.
    feature_filters_ : ndarray of int of shape (n_features_out,)
        The filter of each feature.
    graph_ : Graph
        From a flat sample to its features.
    map_shape_ : tuple of int
        ``(n_frames, n_bands, 1)``.
    n_features_in_ : int
        Numbers in one sample.

    See Also
    --------
    GaborFeatures : Gabor kernels for images.

    References
    ----------
    M. R. Schädler, B. T. Meyer, B. Kollmeier, "Spectro-temporal modulation subspace-spanning
    filter bank features for robust automatic speech recognition", J. Acoust. Soc. Am. 131(5),
    2012.

    M. R. Schädler, B. Kollmeier, "Separable spectro-temporal Gabor filter bank features: Reducing
    the complexity of robust features for automatic speech recognition", J. Acoust. Soc. Am.
    137(4), 2015.

    S.-Y. Chang, N. Morgan, "Informative spectro-temporal bottleneck features for noise-robust
    speech recognition", Interspeech 2013 (filters chosen by sparse PCA).

    Examples
    --------
    >>> import numpy as np
    >>> from skconv import SpectroTemporalGaborFeatures
    >>> spectrograms = np.random.RandomState(0).normal(size=(3, 98, 40))
    >>> gabor = SpectroTemporalGaborFeatures().fit(spectrograms)
    >>> len(gabor.filters_), gabor.transform(spectrograms).shape
    (41, (3, 1128))
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **ConvExtractor._parameter_constraints,
        "n_bands": [Interval(Integral, 1, None, closed="left"), None],
        "omega_max": ["array-like"],
        "size_max": ["array-like"],
        "nu": ["array-like"],
        "distance": ["array-like"],
        "part": [StrOptions({"magnitude", "real"})],
        "separable": ["boolean"],
        "time_step": [Interval(Integral, 1, None, closed="left"), StrOptions({"quarter"})],
        "pool": [StrOptions(set(POOLS)), "array-like"],
        "remove_mean": ["boolean"],
        "n_filters": [Interval(Integral, 1, None, closed="left"), None],
        "random_state": ["random_state"],
    }

    _fit_reads_maps = False
    _names_say_places = False

    def __init__(
        self,
        *,
        n_bands: int | None = None,
        omega_max: Sequence[float] = (OMEGA_MAX, OMEGA_MAX),
        size_max: Sequence[float | None] = (40, None),
        nu: Sequence[float] = (3.5, 3.5),
        distance: Sequence[float] = (0.2, 0.3),
        part: Part = "magnitude",
        separable: bool = True,
        time_step: Any = "quarter",
        pool: str | Sequence[str] = ("mean", "std"),
        remove_mean: bool = True,
        n_filters: int | None = None,
        input_shape: Any = None,
        data_format: str = "channels_last",
        device: str = "cpu",
        batch_size: Any = "auto",
        n_jobs: int | None = None,
        random_state: Any = None,
    ) -> None:
        self.n_bands = n_bands
        self.omega_max = omega_max
        self.size_max = size_max
        self.nu = nu
        self.distance = distance
        self.part = part
        self.separable = separable
        self.time_step = time_step
        self.pool = pool
        self.remove_mean = remove_mean
        self.n_filters = n_filters
        self.input_shape = input_shape
        self.data_format = data_format
        self.device = device
        self.batch_size = batch_size
        self.n_jobs = n_jobs
        self.random_state = random_state

    def _axes(self, shape: tuple[int, ...]) -> Shape3:
        """Frames of ``n_bands``, where samples are flat."""
        if len(shape) > 1:
            if self.n_bands not in (None, shape[1]) and len(shape) == 2:
                raise ValueError(
                    f"n_bands={self.n_bands} with spectrograms of shape {shape}, whose frames "
                    f"have {shape[1]} bands"
                )
            return super()._axes(shape)
        n_bands = 1 if self.n_bands is None else self.n_bands
        if shape[0] % n_bands:
            raise ValueError(
                f"n_bands={n_bands} does not divide the {shape[0]} numbers of a sample"
            )
        if self.n_bands is None:
            warn(
                f"n_bands=None with flat samples of {shape[0]} numbers: one band is used. "
                "Write n_bands or input_shape=(n_frames, n_bands).",
                ShapeWarning,
            )
        return super()._axes((shape[0] // n_bands, n_bands))

    def _reads_rows(self) -> bool:
        return True

    def _fit_graph(self, maps: NDArray[Any], y: Any) -> Graph:
        if maps.shape[3] != 1:
            raise ValueError(
                f"{type(self).__name__} reads spectrograms (n_frames, n_bands), got samples of "
                f"shape {maps.shape[1:]}"
            )
        bank, pools = self._bank(maps.shape[1:3]), self._pools()
        if self.n_filters is not None and self.n_filters < len(bank.filters):
            bank = replace(bank, filters=bank.filters[self._chosen(bank, maps)])
        graph, features = self._features(bank, pools, maps.shape[1:])
        self.filters_ = bank.filters
        self.kernels_ = _display_kernels(bank, maps.shape[2])
        self.biases_ = np.zeros(len(self.kernels_), np.float32)
        self.feature_filters_ = features
        return graph

    def _bank(self, map_shape: tuple[int, ...]) -> GaborBank:
        """All filters that fit a spectrogram."""
        n_frames, n_bands = map_shape
        omega_max, nu, distance = (
            _pair_above_0(name, getattr(self, name)) for name in ("omega_max", "nu", "distance")
        )
        frames, bands = _two(self.size_max, "size_max")
        size = _pair_above_0("size_max", (frames, 3 * n_bands if bands is None else bands))
        _check_bank(omega_max, nu, distance)
        if size[0] > n_frames:
            warn(
                f"size_max={self.size_max!r} is longer than spectrograms of {n_frames} frames: "
                f"{n_frames} is used",
                ShapeWarning,
            )
            size = (n_frames, size[1])
        temporal, spectral = (
            centre_frequencies(*numbers)
            for numbers in zip(omega_max, size, nu, distance, strict=True)
        )
        filters = filter_bank(temporal, spectral)
        return GaborBank(filters, nu, size, self.part, self.separable, self.time_step)

    def _pools(self) -> tuple[str, ...]:
        pools = (self.pool,) if isinstance(self.pool, str) else tuple(self.pool)
        unknown = [pool for pool in pools if pool not in POOLS]
        if unknown or not pools or len(set(pools)) < len(pools):
            raise ValueError(f"pool={self.pool!r}, expected some of {', '.join(POOLS)}")
        if self.part == "real" and pools == ("mean",):
            warn(
                "pool='mean' of part='real' is about 0 whatever the sound: write pool='std' or "
                "part='magnitude'",
                ShapeWarning,
            )
        return pools

    def _features(
        self, bank: GaborBank, pools: tuple[str, ...], map_shape: tuple[int, ...]
    ) -> tuple[Graph, NDArray[np.int64]]:
        """The graph of a map, and the filter of each feature."""
        graph = Graph(TensorSpec(map_shape))
        if self.remove_mean:
            graph = graph.append(SubtractMean())
        graph, responses = bank.append(graph)
        return pooled(graph, responses, pools), _filters_of(graph, responses, pools)

    def _chosen(self, bank: GaborBank, maps: NDArray[Any]) -> NDArray[np.int64]:
        from skconv.runtime import engine

        assert self.n_filters is not None
        graph, features = self._features(bank, ("mean",), maps.shape[1:])
        rows = np.linspace(0, len(maps) - 1, min(len(maps), _MOST_SAMPLES)).astype(int)
        found = np.abs(engine.run(graph, np.asarray(maps[rows], np.float32), device=self.device))
        means = [found[:, features == i].mean(axis=1) for i in range(len(bank.filters))]
        return sparse_pca_choice(np.stack(means, axis=1), self.n_filters, self.random_state)


def _two(value: Any, name: str) -> tuple[Any, Any]:
    if np.ndim(value) != 1 or len(value) != 2:
        raise ValueError(f"{name}={value!r}, expected two numbers: along time, along the bands")
    return value[0], value[1]


def _pair_above_0(name: str, value: Any) -> tuple[float, float]:
    first, second = _two(value, name)
    if not all(isinstance(number, Real) and float(number) > 0 for number in (first, second)):
        raise ValueError(f"{name}={value!r}, expected two numbers above 0")
    return float(first), float(second)


def _check_bank(
    omega_max: tuple[float, float], nu: tuple[float, float], distance: tuple[float, float]
) -> None:
    if max(omega_max) > np.pi:
        raise ValueError(
            f"omega_max={omega_max}, expected at most pi: half a period a frame, or a band"
        )
    if any(4 * d >= n for d, n in zip(distance, nu, strict=True)):
        raise ValueError(f"distance={distance} with nu={nu}, expected less than nu / 4")


def _filters_of(
    graph: Graph, responses: list[Responses], pools: tuple[str, ...]
) -> NDArray[np.int64]:
    """The filter of each feature, in the order of `pooled`."""
    found = []
    for node, members in responses:
        n_bands = graph.specs[node].shape[1]
        found += [np.tile(members, n_bands * POOLS[pool]) for pool in pools]
    return np.concatenate(found)


def _display_kernels(bank: GaborBank, n_bands: int) -> NDArray[np.float32]:
    """The real parts of all filters, in the middle of kernels of one size."""
    waves = [
        filter_2d(bank.temporal(t), bank.spectral(abs(s), n_bands)._replace(omega=s)).real
        for t, s in bank.filters
    ]
    height, width = (max(wave.shape[axis] for wave in waves) for axis in (0, 1))
    return np.concatenate(
        [centred(wave[None, ..., None], (height, width)) for wave in waves]
    ).astype(np.float32)
