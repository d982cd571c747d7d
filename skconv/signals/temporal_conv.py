"""Stages of causal, dilated convolutions along time, side by side or one on another."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from inspect import signature
from numbers import Integral
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from sklearn.base import clone
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import HasMethods, Interval, StrOptions

from skconv.features.seeds import seeded
from skconv.graph import INPUT, Concat, Graph, Relu, TensorSpec
from skconv.signals.base import SignalExtractor
from skconv.signals.dilation import powers_of_two
from skconv.signals.lengths import PadTo
from skconv.signals.temporal_sources import named_source, taps
from skconv.signals.time_stage import (
    POOLINGS,
    Pooling,
    StageFit,
    TimePadding,
    TimeStage,
)
from skconv.stages.windows import fit_window


class TemporalConvFeatures(SignalExtractor):
    """Convolve along time with dilated kernels, and pool what each answers over time.

    A stage has a dilation: the taps of its kernels lie so many steps of time apart. Nothing
    looks ahead: a response at a step of time rests on that step and those before it. The
    responses of every kernel are brought to variance 1, a factor that is part of the kernel.
    In each stage:

    - ``z[t] = sum_i kernel[i] x[t - (kernel_size - 1 - i) dilation]``, for every kernel;
    - ``"ppv"``: the share of the time that ``z`` is above a level, for `n_levels` levels of
      every map: quantiles of the ``z`` seen in `fit`. On integers it is counted, not rounded;
    - ``"max"``, ``"mean"``, ``"last"``: of ``z`` over time, or at its end.

    Stages stand side by side on the signal, or each reads ``max(z, 0)`` of the one before
    (``stacked=True``): layer-wise greedy learning of a temporal convolutional network, without
    back-propagation. Either way the features are those of all stages.

    Parameters
    ----------
    n_kernels : int, default=32
        How many kernels a stage has.
    kernel_size : int, default=9
        Taps of a kernel. Without ``input_shape`` kernels longer than the signal are cut to it,
        with a warning.
    dilations : "auto" or sequence of int, default="auto"
        Steps between two taps, a stage each. ``"auto"`` is 1, 2, 4, ... as long as a kernel
        lies within the signal.
    kernels : str or kernel source, default="random"
        ``"random"``: normal, of mean 0. Learnt from the patches of the dilation:
        ``"patches"``, whitened; ``"pca"``, at most as many as a patch has numbers;
        ``"kmeans"``. ``"gabor"``: waves of 3 to `kernel_size` steps of the dilation, even and
        odd, on each channel alone. Or any estimator of `skconv.kernels`, with its own
        ``n_kernels`` and ``kernel_size``; a clone is fitted for each stage.
    pool : str or sequence of str, default="ppv"
        ``"ppv"``, ``"max"``, ``"mean"``, ``"last"``, or several of them. With ``"ppv"`` alone C
        keeps no map; ``("ppv", "max")`` was no better on seven sets of signals.
    n_levels : int, default=8
        Levels of every map, for ``"ppv"``.
    stacked : bool, default=False
        Whether a stage reads the one before, in place of the signal.
    padding : {"causal", "valid"}, default="causal"
        ``"causal"`` puts zeros in front of a signal, so that all steps of time have responses.
        ``"valid"`` adds nothing: a response is the same wherever a window begins.
    input_shape : (length,), (length, channels) or None, default=None
        Shape of one signal; ``(channels, length)`` with ``data_format="channels_first"``.
        ``None`` takes the shape of ``X``.
    data_format : {"channels_last", "channels_first"}, default="channels_last"
        Where the channels of a signal lie in ``X`` and in ``input_shape``.
    pad_to : int, "longest" or None, default=None
        Signals get zeros at their end, or lose it, until they are this long.
    device : {"cpu", "cuda", "auto"}, default="cpu"
        Where `transform` computes.
    batch_size : int or "auto", default="auto"
        Samples computed at a time; ``"auto"`` takes as many as fit the cache.
    n_jobs : int or None, default=None
        Jobs of joblib that `transform` shares the samples out among.
    random_state : int, RandomState instance or None, default=None
        An int makes the kernels reproducible. It seeds sources that have no seed.

    Attributes
    ----------
    stages_ : tuple of TimeStage
        Each with ``conv`` and ``levels``.
    kernels_, biases_, levels_ : tuple of ndarray of float32
        Those of every stage.
    dilations_ : tuple of int
        Those of every stage.
    receptive_field_ : int
        Steps of time that a response of the last stage rests on.
    graph_ : Graph
        From a flat sample to its features.
    map_shape_ : tuple of int
        ``(1, length, channels)``.
    n_features_in_ : int
        Numbers in one sample.
    feature_names_in_ : ndarray of str
        Columns of ``X``, where it is a data frame.

    References
    ----------
    S. Bai, J. Z. Kolter, V. Koltun, "An empirical evaluation of generic convolutional and
    recurrent networks for sequence modeling", arXiv:1803.01271, 2018 (causal dilated stages).

    A. Dempster, F. Petitjean, G. I. Webb, "ROCKET: exceptionally fast and accurate time series
    classification using random convolutional kernels", Data Mining and Knowledge Discovery 34,
    2020 (random kernels, PPV and maximum).

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.linear_model import RidgeClassifierCV
    >>> from sklearn.pipeline import make_pipeline
    >>> from skconv import TemporalConvFeatures
    >>> rng = np.random.default_rng(0)
    >>> y = np.repeat([0, 1], 30)
    >>> X = rng.normal(size=(60, 50)) + np.sin(np.arange(50) * (1 + y[:, None] / 5))
    >>> features = TemporalConvFeatures(n_kernels=8, random_state=0)
    >>> model = make_pipeline(features, RidgeClassifierCV())
    >>> model.fit(X[::2], y[::2]).score(X[1::2], y[1::2]) > 0.9
    True
    >>> model[0].dilations_
    (1, 2, 4)
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **SignalExtractor._parameter_constraints,
        "n_kernels": [Interval(Integral, 1, None, closed="left")],
        "kernel_size": [Interval(Integral, 1, None, closed="left")],
        "dilations": ["array-like", StrOptions({"auto"})],
        "kernels": [
            StrOptions({"random", "patches", "pca", "kmeans", "gabor"}),
            HasMethods(["fit", "get_params"]),
        ],
        "pool": ["array-like", StrOptions(set(POOLINGS))],
        "n_levels": [Interval(Integral, 1, None, closed="left")],
        "stacked": ["boolean"],
        "padding": [StrOptions({"causal", "valid"})],
        "random_state": ["random_state"],
    }

    _names_say_places = False

    stages_: tuple[TimeStage, ...]
    dilations_: tuple[int, ...]
    levels_: tuple[NDArray[np.float32], ...]
    receptive_field_: int
    kernels_: Any
    biases_: Any

    def __init__(
        self,
        *,
        n_kernels: int = 32,
        kernel_size: int = 9,
        dilations: Any = "auto",
        kernels: Any = "random",
        pool: Any = "ppv",
        n_levels: int = 8,
        stacked: bool = False,
        padding: TimePadding = "causal",
        input_shape: Any = None,
        data_format: str = "channels_last",
        pad_to: PadTo = None,
        device: str = "cpu",
        batch_size: Any = "auto",
        n_jobs: int | None = None,
        random_state: Any = None,
    ) -> None:
        self.n_kernels = n_kernels
        self.kernel_size = kernel_size
        self.dilations = dilations
        self.kernels = kernels
        self.pool = pool
        self.n_levels = n_levels
        self.stacked = stacked
        self.padding = padding
        self.input_shape = input_shape
        self.data_format = data_format
        self.pad_to = pad_to
        self.device = device
        self.batch_size = batch_size
        self.n_jobs = n_jobs
        self.random_state = random_state

    def _fit_graph(self, maps: NDArray[Any], y: Any) -> Graph:
        pool = self._checked_pool()
        source = self._source(maps)
        self.dilations_ = self._checked_dilations(maps.shape[2], taps(source))
        fit = StageFit(maps, y, self.padding, self.n_levels, self.device, self.batch_size)
        graph = before = Graph(TensorSpec(maps.shape[1:]))
        read = responses = INPUT
        stages: list[TimeStage] = []
        vectors: list[str] = []
        for stage_source, dilation in zip(self._seeded(source), self.dilations_, strict=True):
            if self.stacked and stages:
                before = before.append(stages[-1].conv).append(Relu())
                graph = graph.append(Relu(), responses)
                read = graph.output_name
            stage = fit.fit(before, stage_source, dilation, taps(source))
            if self.stacked and stages and stage.conv.shared:
                raise ValueError(
                    "stacked=True with kernels of one channel, which are laid on every map alone: "
                    "each stage would multiply the maps. Write stacked=False."
                )
            graph = graph.append(stage.conv, read)
            responses = graph.output_name
            graph, pooled = stage.pooled(graph, responses, pool)
            stages.append(stage)
            vectors += pooled
        self._keep(tuple(stages))
        return graph.append(Concat(), *vectors) if len(vectors) > 1 else graph

    def _keep(self, stages: tuple[TimeStage, ...]) -> None:
        """The attributes of fitted stages."""
        self.stages_ = stages
        self.kernels_ = tuple(stage.conv.weights for stage in stages)
        self.biases_ = tuple(stage.conv.bias for stage in stages)
        self.levels_ = tuple(stage.levels for stage in stages)
        reaches = [stage.conv.window[1] - 1 for stage in stages]
        self.receptive_field_ = 1 + (sum(reaches) if self.stacked else max(reaches))

    def _source(self, maps: NDArray[Any]) -> Any:
        """The unfitted source of kernels, which are no longer than the signal."""
        if isinstance(self.kernels, str):
            clip = self._may_cut("kernel_size")
            (_, size) = fit_window(
                self.kernel_size, maps.shape[1:], "kernel_size", signal=True, clip=clip
            )
            return named_source(self.kernels, self.n_kernels, size)
        parameters = signature(type(self)).parameters
        for name in ("n_kernels", "kernel_size"):
            if getattr(self, name) != parameters[name].default:
                raise ValueError(
                    f"{name}={getattr(self, name)!r} with kernels={self.kernels!r}, which has its "
                    f"own: write it there, or set kernels__{name}"
                )
        return clone(self.kernels)

    def _seeded(self, source: Any) -> Iterator[Any]:
        """A clone of the source for each stage, with a seed of its own."""
        rng = None if self.random_state is None else check_random_state(self.random_state)
        for _ in self.dilations_:
            yield seeded(source, rng)

    def _checked_pool(self) -> tuple[Pooling, ...]:
        pool = (self.pool,) if isinstance(self.pool, str) else tuple(self.pool)
        if not pool or not set(pool) <= set(POOLINGS) or len(set(pool)) < len(pool):
            raise ValueError(f"pool={self.pool!r}, expected some of {POOLINGS}, each once")
        return pool

    def _checked_dilations(self, length: int, kernel_size: int) -> tuple[int, ...]:
        if isinstance(self.dilations, str):
            return powers_of_two(length, kernel_size)
        found: Sequence[Any] = np.ravel(self.dilations).tolist()
        if not found or not all(isinstance(d, int) and d >= 1 for d in found):
            raise ValueError(f"dilations={self.dilations!r}, expected 'auto' or positive integers")
        if kernel_size > 1 and max(found) >= length:
            raise ValueError(
                f"dilations={self.dilations!r}: with {max(found)} steps between taps only one of "
                f"them meets a signal of {length}, expected less than {length}"
            )
        return tuple(found)

    def get_feature_names_out(self, input_features: Any = None) -> NDArray[Any]:
        """Feature names that tell stage, kernel and pooling.

        ``stage2_conv3_ppv1`` is kernel 3 of the third stage, above its second level;
        ``stage0_conv3_max`` its maximum; ``conv3ch1`` kernel 3 on channel 1 alone.

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
        pool = self._checked_pool()
        stages = enumerate(self.stages_)
        names = [name for i, stage in stages for name in stage.feature_names(i, pool)]
        return np.array(names, dtype=object)
