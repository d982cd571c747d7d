"""Competing kernels: which kernel of a group answers most and least, counted along time."""

from __future__ import annotations

from numbers import Integral
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import Interval

from skconv.graph import Graph, Root, TensorSpec, WinnerCounts
from skconv.graph.limits import INT8_MAX, UINT8_MAX
from skconv.passes.scales import round_keeping_sums
from skconv.runtime import engine
from skconv.signals.base import SignalExtractor
from skconv.signals.lengths import PadTo

KERNEL_LENGTH = 9
# Half of the magnitudes of a kernel is positive: none of its numbers is beyond 1/2.
UNITS = 2 * INT8_MAX
MOST_SAMPLES = 64


class HydraFeatures(SignalExtractor):
    """Let random kernels compete along time, and count who wins and who loses (Hydra).

    For every dilation 1, 2, 4, ... that fits the signal there are groups of random kernels of
    length 9, with the mean 0 and the sum of magnitudes 1. One half of the groups reads the
    signal, the other half its differences ``x[t + 1] - x[t]``. At each step of time

    - the kernel of a group with the largest response adds the response to its sum;
    - the kernel with the least response adds 1 to its count.

    The features are the square roots of sums and counts, which makes them fit a ridge as they
    are. Sums are in units of the mean largest response over the samples of `fit`, so they are
    about as large as counts, and do not depend on the unit of the signal.

    Kernels are whole multiples of 1/254. So `skconv.to_c` computes with the same kernels, and a
    flat part of a signal has the same winner everywhere: the first kernel of its group.

    Parameters
    ----------
    n_groups : int, default=64
        Groups for every dilation.
    n_kernels : int, default=8
        Kernels in a group.
    max_channels : int, default=8
        Of a signal of several channels each group reads the sum of some at random: half of
        them, but at least 2 and at most this many. A channel may be drawn twice.
    root : bool, default=True
        Take the (signed) square root. Without it features are the sums and counts themselves.
    input_shape : (length,), (length, channels) or None, default=None
        Shape of one signal; ``None`` takes that of ``X``.
    data_format : {"channels_last", "channels_first"}, default="channels_last"
        Where the channels of a signal lie in ``X`` and in ``input_shape``.
    pad_to : int, "longest" or None, default=None
        Signals get zeros at their end, or lose it, until they are this long. ``None`` refuses
        signals of unequal lengths.
    device : {"cpu", "cuda", "auto"}, default="cpu"
        Where `transform` computes.
    batch_size : int or "auto", default="auto"
        Samples computed at a time; ``"auto"`` takes as many as fit the cache.
    n_jobs : int or None, default=None
        Jobs of joblib that `transform` shares the samples out among. ``None`` is 1, unless
        a `joblib.parallel_config` says otherwise; -1 takes all processors.
    random_state : int, RandomState instance or None, default=None
        Determines the kernels and the channels. An int gives the same features each time.

    Attributes
    ----------
    kernels_ : ndarray of float32 of shape (n_groups_out, n_kernels, 9)
        The kernels, dilation by dilation.
    dilations_ : ndarray of int of shape (n_groups_out,)
        Of each group.
    differences_ : ndarray of bool of shape (n_groups_out,)
        Whether a group reads differences.
    channels_ : ndarray of int of shape (n_groups_out, n_summed)
        The channels whose sum a group reads.
    scale_ : float
        What sums are multiplied by.
    graph_ : Graph
        From a flat sample to its features.
    map_shape_ : tuple of int
        ``(1, length, channels)`` of a signal.
    n_features_in_ : int
        Numbers in one sample.
    feature_names_in_ : ndarray of str
        Columns of ``X``, where it is a data frame.

    See Also
    --------
    QuantFeatures : Quantiles of intervals, which do not need the places of a pattern.

    Notes
    -----
    Features come group by group: the sums of its kernels, then their counts. The paper scales
    them by their spread over the samples where they are not 0; with the square root a ridge
    is as good without (``tests/benchmarks/bench_hydra_quant.py``).

    References
    ----------
    A. Dempster, D. F. Schmidt, G. I. Webb, "Hydra: competing convolutional kernels for fast and
    accurate time series classification", Data Mining and Knowledge Discovery 37, 2023.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.linear_model import RidgeClassifierCV
    >>> from sklearn.pipeline import make_pipeline
    >>> from skconv import HydraFeatures
    >>> rng = np.random.default_rng(0)
    >>> y = np.repeat([0, 1], 30)
    >>> X = rng.normal(size=(60, 50)) + np.sin(np.arange(50) * (1 + y[:, None] / 5))
    >>> model = make_pipeline(HydraFeatures(n_groups=8, random_state=0), RidgeClassifierCV())
    >>> model.fit(X[::2], y[::2]).score(X[1::2], y[1::2]) > 0.9
    True
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **SignalExtractor._parameter_constraints,
        "n_groups": [Interval(Integral, 1, None, closed="left")],
        "n_kernels": [Interval(Integral, 2, None, closed="left")],
        "max_channels": [Interval(Integral, 1, None, closed="left")],
        "root": ["boolean"],
        "random_state": ["random_state"],
    }

    _names_say_places = False

    dilations_: NDArray[np.int64]
    differences_: NDArray[np.bool_]
    channels_: NDArray[np.int64]
    scale_: float

    def __init__(
        self,
        *,
        n_groups: int = 64,
        n_kernels: int = 8,
        max_channels: int = 8,
        root: bool = True,
        input_shape: Any = None,
        data_format: str = "channels_last",
        pad_to: PadTo = None,
        device: str = "cpu",
        batch_size: Any = "auto",
        n_jobs: int | None = None,
        random_state: Any = None,
    ) -> None:
        self.n_groups = n_groups
        self.n_kernels = n_kernels
        self.max_channels = max_channels
        self.root = root
        self.input_shape = input_shape
        self.data_format = data_format
        self.pad_to = pad_to
        self.device = device
        self.batch_size = batch_size
        self.n_jobs = n_jobs
        self.random_state = random_state

    def _fit_graph(self, maps: NDArray[Any], y: Any) -> Graph:
        length, channels = maps.shape[2:]
        if channels > UINT8_MAX + 1:
            raise ValueError(f"X has {channels} channels, expected at most {UINT8_MAX + 1}")
        rng = check_random_state(self.random_state)
        dilations = 2 ** np.arange(n_dilations(length))
        self.dilations_ = np.repeat(dilations, self.n_groups)
        reads_differences = np.arange(self.n_groups) >= (self.n_groups + 1) // 2
        self.differences_ = np.tile(reads_differences & (length > 1), len(dilations))
        weights = _random_kernels(rng, (len(self.dilations_), self.n_kernels, KERNEL_LENGTH))
        self.channels_ = self._random_channels(rng, channels)
        self.kernels_ = (weights / UNITS).astype(np.float32)
        self.biases_ = np.zeros(weights.shape[:2], np.float32).ravel()
        counts = WinnerCounts(
            weights,
            self.channels_.astype(np.uint8),
            self.dilations_.astype(np.int16),
            self.differences_.astype(np.uint8),
            length,
            1.0 / UNITS,
        )
        graph = Graph(TensorSpec(maps.shape[1:]))
        self.scale_ = _sum_scale(graph.append(counts), counts, maps, self.device)
        graph = graph.append(WinnerCounts(**{**vars(counts), "scale": counts.scale * self.scale_}))
        return graph.append(Root()) if self.root else graph

    def _random_channels(self, rng: np.random.RandomState, channels: int) -> NDArray[np.int64]:
        """The channels of each group; the one channel of a signal that has no more."""
        if channels == 1:
            return np.zeros((len(self.dilations_), 1), np.int64)
        n_summed = min(max(channels // 2, 2), self.max_channels)
        return rng.randint(0, channels, (len(self.dilations_), n_summed))


def n_dilations(length: int) -> int:
    """How many of the dilations 1, 2, 4, ... a signal has room for; at least one.

    Examples
    --------
    >>> from skconv.signals.hydra import n_dilations
    >>> [n_dilations(length) for length in (5, 16, 17, 150)]
    [1, 1, 2, 5]
    """
    windows = (length - 1) // (KERNEL_LENGTH - 1)
    return max(1, windows.bit_length())


def _random_kernels(rng: np.random.RandomState, shape: tuple[int, int, int]) -> NDArray[np.int8]:
    """Normal numbers less their mean, over the sum of their magnitudes, in units of 1/254."""
    kernels = rng.standard_normal(shape)
    kernels -= kernels.mean(axis=2, keepdims=True)
    kernels *= UNITS / np.abs(kernels).sum(axis=2, keepdims=True)
    return round_keeping_sums(kernels, INT8_MAX).astype(np.int8)


def _sum_scale(graph: Graph, op: WinnerCounts, maps: NDArray[Any], device: str) -> float:
    """One over the mean largest response, over some samples; 1 where all are flat."""
    few = maps[np.linspace(0, len(maps) - 1, min(MOST_SAMPLES, len(maps))).astype(np.intp)]
    features = engine.run(graph, few, device=device)
    sums = features.reshape(len(few), len(op.weights), 2, -1)[:, :, 0]
    mean = float(sums.sum(axis=2, dtype=np.float64).mean()) / op.length
    return 1.0 / mean if np.isfinite(mean) and mean > 0 else 1.0
