"""Quantiles of dyadic intervals of a signal, of its differences and of its spectrum."""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Integral
from typing import Any, ClassVar, cast, get_args

import numpy as np
from numpy.typing import NDArray
from sklearn.utils._param_validation import Interval

from skconv.graph import (
    INPUT,
    BandPower,
    Concat,
    Conv,
    Graph,
    IntervalQuantiles,
    Magnitude,
    Permute,
    Power,
    Reshape,
    Root,
    Select,
    TensorSpec,
)
from skconv.graph.limits import UINT16_MAX
from skconv.graph.quantiles import SHORTER, Representation
from skconv.runtime import engine
from skconv.signals.base import SignalExtractor
from skconv.signals.lengths import PadTo

FOURIER = "fourier"
REPRESENTATIONS = (*get_args(Representation), FOURIER)
MOST_SAMPLES = 64
# The shortest signal that the fast transform takes.
LEAST_FAST = 8


class QuantFeatures(SignalExtractor):
    """Take quantiles of intervals of the signal, of its differences and of its spectrum (QUANT).

    The signal is cut into 1, 2, 4, ... intervals, and from two on into those half an interval
    later as well. Each interval of ``n`` numbers gives ``1 + (n - 1) // quantile_divisor``
    quantiles, evenly spaced; a single one is the median. The second, the fourth, ... of several
    are less the mean of the interval. The same is done to

    - the first differences, each the mean of 5 neighbours;
    - the second differences;
    - the magnitudes of the discrete Fourier transform.

    Nothing is random, and only scales are learnt. Quantiles tell where in time something is, to
    the length of an interval, and not in which order numbers come inside of it.

    Parameters
    ----------
    interval_depth : int, default=6
        How often the signal is halved, less one: 1, 2, ... ``2 ** (interval_depth - 1)``
        intervals, as far as these have a number each.
    quantile_divisor : int, default=4
        Numbers of an interval for each quantile.
    representations : sequence of str, default=("raw", "difference", "second_difference", \
"fourier")
        What quantiles are taken of. In C ``"fourier"`` takes a fast transform where the length
        is a power of 2; else a table of as many bytes as the square of the length, and as many
        multiplications.
    unit_scale : bool, default=True
        Divide the features of each representation by their standard deviation over the samples
        of `fit`. Without it they are those of the paper.
    root : bool, default=True
        Take ``sign(f) sqrt(|f|)`` of every feature, which a linear classifier does better with:
        it tames the few that are very large. Trees see no difference.
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

    Attributes
    ----------
    representations_ : list of str
        Those that the signal is long enough for.
    scales_ : ndarray of shape (n_representations,)
        What the features of each representation are multiplied by.
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
    HydraFeatures : Counts of patterns, wherever they are.

    Notes
    -----
    Features come representation by representation, channel by channel, interval by interval. The
    head of the paper is extremely randomised trees: ``ExtraTreesClassifier(200,
    max_features=0.1, criterion="entropy")``. It is the most accurate, and does not convert to
    C. Of those that do, ``StandardScaler()`` and ``RidgeClassifierCV(np.logspace(-3, 3, 10))``
    come nearest (``tests/benchmarks/bench_hydra_quant.py``).

    References
    ----------
    A. Dempster, D. F. Schmidt, G. I. Webb, "QUANT: a minimalist interval method for time series
    classification", Data Mining and Knowledge Discovery 38, 2024.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.linear_model import RidgeClassifierCV
    >>> from sklearn.pipeline import make_pipeline
    >>> from skconv import QuantFeatures
    >>> rng = np.random.default_rng(0)
    >>> y = np.repeat([0, 1], 30)
    >>> X = rng.normal(size=(60, 50))
    >>> X[y == 1, 20:30] *= 8
    >>> model = make_pipeline(QuantFeatures(), RidgeClassifierCV())
    >>> model.fit(X[::2], y[::2]).score(X[1::2], y[1::2]) > 0.9
    True
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **SignalExtractor._parameter_constraints,
        "interval_depth": [Interval(Integral, 1, None, closed="left")],
        "quantile_divisor": [Interval(Integral, 1, None, closed="left")],
        "representations": ["array-like"],
        "unit_scale": ["boolean"],
        "root": ["boolean"],
    }

    _names_say_places = False

    representations_: list[str]
    scales_: NDArray[np.float64]

    def __init__(
        self,
        *,
        interval_depth: int = 6,
        quantile_divisor: int = 4,
        representations: Sequence[str] = REPRESENTATIONS,
        unit_scale: bool = True,
        root: bool = True,
        input_shape: Any = None,
        data_format: str = "channels_last",
        pad_to: PadTo = None,
        device: str = "cpu",
        batch_size: Any = "auto",
        n_jobs: int | None = None,
    ) -> None:
        self.interval_depth = interval_depth
        self.quantile_divisor = quantile_divisor
        self.representations = representations
        self.unit_scale = unit_scale
        self.root = root
        self.input_shape = input_shape
        self.data_format = data_format
        self.pad_to = pad_to
        self.device = device
        self.batch_size = batch_size
        self.n_jobs = n_jobs

    def _fit_graph(self, maps: NDArray[Any], y: Any) -> Graph:
        length = maps.shape[2]
        if length > UINT16_MAX:
            raise ValueError(f"X has signals of {length} numbers, expected at most {UINT16_MAX}")
        chosen = self._checked_representations()
        self.representations_ = [name for name in chosen if length > SHORTER.get(name, 0)]
        if not self.representations_:
            raise ValueError(f"representations={chosen}: signals of {length} number have none")
        bare = [self._quantiles(name, Graph(_spec(maps))) for name in self.representations_]
        few = maps[np.linspace(0, len(maps) - 1, min(MOST_SAMPLES, len(maps))).astype(np.intp)]
        scales = [self._scale(graph, few) for graph in bare]
        self.scales_ = np.array(scales)
        graph, names = Graph(_spec(maps)), []
        for name, scale in zip(self.representations_, scales, strict=True):
            graph = self._quantiles(name, graph, scale)
            names.append(graph.output_name)
        if len(names) > 1:
            graph = graph.append(Concat(), *names)
        return graph.append(Root()) if self.root else graph

    def _checked_representations(self) -> list[str]:
        names = self.representations
        chosen = [names] if isinstance(names, str) else list(names)
        if not chosen or not set(chosen) <= set(REPRESENTATIONS) or len(set(chosen)) < len(chosen):
            raise ValueError(
                f"representations={names!r}, expected some of {REPRESENTATIONS}, each once"
            )
        return chosen

    def _quantiles(self, name: str, graph: Graph, scale: float = 1.0) -> Graph:
        """``graph``, whose input is a signal, with the quantiles of one representation."""
        length = graph.input.shape[1]
        source, kind = INPUT, cast(Representation, name)
        if name == FOURIER:
            graph, kind, length = _spectrum(graph), "raw", length // 2 + 1
            source = graph.output_name
        intervals = dyadic_intervals(length - SHORTER[kind], self.interval_depth)
        op = IntervalQuantiles(intervals, length, self.quantile_divisor, kind, scale)
        return graph.append(op, source)

    def _scale(self, graph: Graph, samples: NDArray[Any]) -> float:
        """One over the standard deviation of features; 1 where they are all the same."""
        if not self.unit_scale:
            return 1.0
        features = engine.run(graph, samples, device=self.device)
        deviation = float(features.std(dtype=np.float64))
        return 1.0 / deviation if np.isfinite(deviation) and deviation > 0 else 1.0


def _spec(maps: NDArray[Any]) -> TensorSpec:
    return TensorSpec(maps.shape[1:])


def dyadic_intervals(length: int, depth: int) -> NDArray[np.uint16]:
    """Intervals of 1, 2, 4, ... parts, each level followed by itself half a part later.

    Examples
    --------
    >>> from skconv.signals.quant import dyadic_intervals
    >>> dyadic_intervals(7, 2).tolist()
    [[0, 7], [0, 3], [3, 7], [2, 5]]
    """
    levels = []
    for n_parts in 2 ** np.arange(min(depth, int(length).bit_length())):
        ends = np.arange(n_parts + 1) * length // n_parts
        level = np.stack([ends[:-1], ends[1:]], axis=1)
        levels.append(level)
        # The median of the sizes, the lower of two.
        if n_parts > 1 and np.sort(np.diff(ends))[(n_parts - 1) // 2] > 1:
            levels.append(level[:-1] + -(-length // (2 * n_parts)))
    return np.concatenate(levels).astype(np.uint16)


def _spectrum(graph: Graph) -> Graph:
    """The magnitudes of the discrete Fourier transform of every channel, as a signal."""
    length = graph.input.shape[1]
    if length >= LEAST_FAST and length & (length - 1) == 0:
        return _fast_spectrum(graph)
    return _spectrum_by_table(graph)


def _fast_spectrum(graph: Graph) -> Graph:
    """By the fast transform, whose length is a power of 2: one frame, a band for each bin."""
    _, length, channels = graph.input.shape
    bins, names = length // 2 + 1, []
    for channel in range(channels):
        source = INPUT
        if channels > 1:
            graph = graph.append(Select(np.array([channel], np.uint16)), INPUT)
            source = graph.output_name
        power = BandPower(np.ones(length, np.float32), np.eye(bins, dtype=np.float32), length)
        graph = graph.append(power, source).append(Power(0.5)).append(Reshape((1, bins, 1)))
        names.append(graph.output_name)
    return graph.append(Concat(), *names) if channels > 1 else graph


def _spectrum_by_table(graph: Graph) -> Graph:
    """By the cosines and sines themselves, of any length."""
    _, length, channels = graph.input.shape
    bins = length // 2 + 1
    angles = 2 * np.pi / length * np.outer(np.arange(bins), np.arange(length))
    waves = np.concatenate([np.cos(angles), np.sin(angles)]).astype(np.float32)
    kernels = waves[:, None, :, None]
    transform = Conv(kernels, np.zeros(2 * bins, np.float32), shared=channels > 1)
    graph = graph.append(transform, INPUT)
    if channels > 1:
        cosines = (2 * bins * np.arange(channels)[:, None] + np.arange(bins)).ravel()
        order = np.concatenate([cosines, cosines + bins]).astype(np.uint16)
        graph = graph.append(Select(order))
    graph = graph.append(Magnitude())
    if channels == 1:
        return graph.append(Reshape((1, bins, 1)))
    return graph.append(Reshape((1, channels, bins))).append(Permute((0, 2, 1)))
