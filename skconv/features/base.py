"""The base of all convolutional extractors: input, graph, output.

A subclass states its parameters and makes a graph of one map; everything that has to do
with how samples lie in ``X`` stands here, once.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from inspect import signature
from numbers import Integral, Real
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from sklearn.base import (
    BaseEstimator,
    ClassNamePrefixFeaturesOutMixin,
    TransformerMixin,
    _fit_context,
)
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.validation import _check_feature_names_in, check_is_fitted, validate_data

from skconv.features.finite import check_finite_features, check_finite_fit
from skconv.features.input_range import InputRange, input_range
from skconv.features.names import feature_names
from skconv.features.parallel import run_shared
from skconv.features.shapes import (
    Shape3,
    check_no_lone_sample,
    check_samples,
    check_stated_shape,
    check_unstated_shape,
    checked_input_shape,
    with_three_axes,
)
from skconv.graph import Graph, Permute, Reshape, TensorSpec, verify
from skconv.kernels.base import PADDINGS, KernelSource, Pair
from skconv.kernels.batches import MapBatches
from skconv.stages.spec import NONLINEARITY_NAMES, POOLS, StageSpec, Thresholds
from skconv.stages.windows import GRIDS, fit_window
from skconv.utils.doc_link import DocLinkMixin
from skconv.utils.paths import refuse_paths
from skconv.utils.restore import restored_on_error

# Kept as they are: converted to float32 chunk by chunk, when they are computed with.
_INPUT_DTYPES = (np.float32, np.uint8, np.int16)


_POSITIVE = Interval(Integral, 1, None, closed="left")

STAGE_CONSTRAINTS: dict[str, list[Any]] = {
    "stride": [_POSITIVE, "array-like"],
    "padding": [StrOptions(set(PADDINGS))],
    "nonlinearity": [StrOptions(NONLINEARITY_NAMES)],
    "threshold": [Interval(Real, 0, 1, closed="left")],
    "pool": [StrOptions(set(POOLS))],
    "pool_size": [_POSITIVE, "array-like", StrOptions(set(GRIDS)), None],
    "pool_stride": [_POSITIVE, "array-like", None],
    "root": ["boolean"],
}


def as_array(X: Any) -> Any:
    """``X`` with a shape; a data frame stays one, so that its column names are seen."""
    refuse_paths("X", X)
    if not hasattr(X, "shape"):
        X = np.asarray(X)
    columns = X.dtypes if hasattr(X, "dtypes") else [getattr(X, "dtype", None)]
    for dtype in columns:
        kind = getattr(dtype, "kind", None)
        if kind in ("U", "S"):
            raise ValueError(f"X must hold numbers, got strings (dtype {dtype})")
        if kind in ("m", "M"):
            raise ValueError(
                f"X must hold numbers, got dates or times (dtype {dtype}). Write numbers, "
                "for example X.astype('int64') / 1e9."
            )
    return X


@contextmanager
def naming(shape: tuple[int, ...]) -> Iterator[None]:
    """A ValueError of a source of kernels says what the samples are."""
    try:
        yield
    except ValueError as error:
        raise ValueError(
            f"{error} (samples of shape {shape[1:]}, {math.prod(shape[1:])} feature(s))"
        ) from error


class ConvExtractor(ClassNamePrefixFeaturesOutMixin, TransformerMixin, DocLinkMixin, BaseEstimator):
    """Base class of the convolutional feature extractors.

    A subclass defines ``__init__`` with all parameters spelled out, the five below among
    them, and `_fit_graph`. It gets maps ``(n_samples, height, width, channels)`` and
    returns a `Graph` from one map to its features.

    How samples may lie in ``X``, in fit and in transform alike:

    - ``(n_samples, n_features)``: flat. ``input_shape`` says what a row is; without it a
      row is a signal of one channel.
    - ``(n_samples, height, width)``: images of one channel.
    - ``(n_samples, height, width, channels)``: images.
    - ``(n_samples, length, channels)``: signals of several channels, with
      ``input_shape=(1, length, channels)``.

    The same numbers in any of these shapes give the same features.

    Parameters
    ----------
    input_shape : tuple of int, default=None
        Shape of one sample. One number: a signal ``(length,)``. Two numbers: always an
        image of one channel, ``(height, width)``. Three numbers: ``(height, width,
        channels)``; a signal of several channels is a map of height 1, ``(1, length,
        channels)``. With ``data_format="channels_first"`` channels stand first:
        ``(channels, height, width)``, ``(channels, 1, length)``. Axes of length 1 may be
        left out of ``X``, never out of three numbers. ``None`` takes the shape of ``X``.
    data_format : {"channels_last", "channels_first"}, default="channels_last"
        Where the channels of a sample lie in ``X`` and in ``input_shape``.
    device : {"cpu", "cuda", "auto"}, default="cpu"
        Where `transform` computes. ``"auto"`` takes CUDA where there is one.
    batch_size : int or "auto", default="auto"
        Samples that are computed at a time. ``"auto"`` takes as many as fit the cache.
    n_jobs : int or None, default=None
        Jobs of joblib that `transform` shares the samples out among. ``None`` is 1, unless
        a `joblib.parallel_config` says otherwise; -1 takes all processors. With 1 torch
        uses all of them itself.

    Attributes
    ----------
    graph_ : Graph
        From a flat sample ``(n_features_in_,)`` to its features ``(n_features_out,)``.
    kernels_ : ndarray of shape (n_kernels, kernel_height, kernel_width, channels)
        The kernels. They are cross-correlated with the maps (not flipped).
    biases_ : ndarray of shape (n_kernels,)
        What is added to the maps of every kernel.
    map_shape_ : tuple of int
        ``(height, width, channels)`` of one sample.
    n_features_in_ : int
        Numbers in one sample.
    input_range_ : (float, float, bool)
        The smallest and the largest number that `fit` saw, and whether all were whole;
        `skconv.to_c` compares its calibration samples with it.
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "input_shape": ["array-like", None],
        "data_format": [StrOptions({"channels_last", "channels_first"})],
        "device": [StrOptions({"cpu", "cuda", "auto"})],
        "batch_size": [Interval(Integral, 1, None, closed="left"), StrOptions({"auto"})],
        "n_jobs": [Integral, None],
    }

    # A source that looks at no more than the shape of the maps spares their conversion.
    _fit_reads_maps: ClassVar[bool] = True
    # A whole network pools its places away, and has features by number.
    _names_say_places: ClassVar[bool] = True
    # What joblib shares the samples out among where nobody says it: None is processes.
    _prefers: ClassVar[Literal["threads"] | None] = None

    input_shape: Any
    data_format: str
    device: str
    batch_size: Any
    n_jobs: int | None
    graph_: Graph
    kernels_: NDArray[np.float32]
    biases_: NDArray[np.float32]
    map_shape_: Shape3
    input_range_: InputRange

    def _fit_graph(self, maps: NDArray[Any], y: Any) -> Graph:
        """Set ``kernels_`` and ``biases_``; return the graph of one map.

        ``maps`` is float32 ``(n_samples, height, width, channels)``, C-contiguous, or of
        the type of ``X`` where the class says ``_fit_reads_maps = False``.
        """
        raise NotImplementedError

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: Any, y: Any = None) -> ConvExtractor:
        """Make the kernels.

        Parameters
        ----------
        X : array-like or `skconv.kernels.MapBatches`
            Samples, shaped as the class says; any real numbers. uint8 and int16 are not
            converted as a whole, and a memory map is not copied. Of `MapBatches` one batch
            is held at a time; `transform` then takes each batch alone.
        y : array-like, default=None
            Passed to a source of kernels that is supervised, otherwise ignored.

        Returns
        -------
        self : object
            The fitted extractor.

        Raises
        ------
        ValueError
            Where ``X`` is empty, not finite, not of numbers or of another shape than
            ``input_shape``, or where a kernel or a pool is larger than its map.
        """
        with restored_on_error(self):
            shape = checked_input_shape(self.input_shape)
            X = self._samples_to_fit(X)
            found = tuple(X.shape[1:])
            is_batches = isinstance(X, MapBatches)
            flat = self._checked_batches(X) if is_batches else self._validated(X, reset=True)
            sample = self._axes(shape or found[:3])
            check_samples(tuple(X.shape), sample)
            if shape is not None and self.data_format == "channels_first":
                check_stated_shape(shape, sample)
            is_stated = shape is not None or (len(found) == 1 and self._reads_rows())
            if not is_stated and not isinstance(flat, MapBatches):
                self._check_unstated_shape(X, flat, y)
            maps = self._maps(flat, sample)
            self.map_shape_ = maps.shape[1:]
            self.input_range_ = input_range(flat)
            with np.errstate(over="ignore", invalid="ignore"):  # refused next
                self.graph_ = self._sample_graph(self._fit_graph(maps, y), sample)
            check_finite_fit(self.graph_, flat)
        return self

    def _samples_to_fit(self, X: Any) -> Any:
        """``X`` as something with a shape: `MapBatches`, a data frame or an array."""
        return as_array(X)

    def _samples_to_transform(self, X: Any) -> Any:
        return as_array(X)

    def _axes(self, shape: tuple[int, ...]) -> Shape3:
        """The axes of a sample in full, in the order of `data_format`."""
        return with_three_axes(shape, channels_first=self.data_format == "channels_first")

    def _check_unstated_shape(self, X: Any, flat: NDArray[Any], y: Any) -> None:
        """Refuse or warn where nobody says what a sample is, and it could be two things."""
        first = self.data_format == "channels_first"
        check_unstated_shape(X, flat, y, channels_first=first)

    def _reads_rows(self) -> bool:
        """Whether rows are samples as they are meant to be, and no maps that were flattened."""
        return False

    def _checked_batches(self, batches: MapBatches) -> MapBatches:
        if self.data_format == "channels_first":
            raise ValueError(
                "MapBatches hold maps with channels last: write data_format='channels_last'"
            )
        self.n_features_in_ = math.prod(batches.shape[1:])
        if hasattr(self, "feature_names_in_"):
            del self.feature_names_in_
        return batches

    def _maps(self, flat: Any, sample: Shape3) -> Any:
        """Maps, channels last, of valid samples; those in batches are maps already."""
        if isinstance(flat, MapBatches):
            return flat
        maps = flat.reshape(-1, *sample)
        if self.data_format == "channels_first":
            maps = maps.transpose(0, 2, 3, 1)
        return np.ascontiguousarray(maps, np.float32) if self._fit_reads_maps else maps

    def transform(self, X: Any) -> NDArray[np.float32]:
        """Compute the features.

        Parameters
        ----------
        X : array-like
            Samples of the shape seen in `fit`, flat or not.

        Returns
        -------
        features : ndarray of float32 of shape (n_samples, n_features_out)
            C-contiguous; the same for any batch size and number of jobs, to rounding.

        Raises
        ------
        ValueError
            Where ``X`` is not as in `fit`, or its features are beyond what float32 holds.
        """
        check_is_fitted(self)
        samples = self._validated_samples(X)
        with np.errstate(over="ignore", invalid="ignore"):  # refused next
            features = run_shared(self._run, samples, self.n_jobs, prefer=self._prefers)
            check_finite_features(features, samples, self._run)
        return features

    def _run(self, flat: NDArray[Any]) -> NDArray[np.float32]:
        """The features of valid, flat samples."""
        from skconv.runtime import engine

        return engine.run(self.graph_, flat, device=self.device, batch_size=self.batch_size)

    def _validated_samples(self, X: Any) -> NDArray[Any]:
        """Samples for `transform`, flat; ValueError where they are not as in `fit`."""
        X = self._samples_to_transform(X)
        if isinstance(X, MapBatches):
            raise ValueError("transform takes arrays, got MapBatches: call it with each batch")
        height, width, channels = self.map_shape_
        first = self.data_format == "channels_first"
        wanted = (channels, height, width) if first else self.map_shape_
        if len(X.shape) > 2:
            check_samples(tuple(X.shape), wanted)
        elif len(X.shape) == 2 and X.shape[1] != self.n_features_in_:
            check_no_lone_sample(tuple(X.shape), wanted)
        return self._validated(X, reset=False)

    def _validated(self, X: Any, *, reset: bool) -> NDArray[Any]:
        """``X`` as a flat, finite, C-contiguous array, its number of features checked."""
        shape = tuple(X.shape)
        if len(shape) > 4:
            raise ValueError(f"X must have 2, 3 or 4 axes, got shape {shape}")
        if len(shape) > 2:
            if 0 in shape:
                raise ValueError(f"X is empty: shape {shape}, expected at least one sample")
            X = np.asarray(X).reshape(shape[0], -1)
        with np.errstate(over="ignore"):  # what float32 cannot hold becomes inf: refused next
            return validate_data(self, X, reset=reset, dtype=list(_INPUT_DTYPES), order="C")

    def _may_cut(self, name: str) -> bool:
        """Whether a parameter that is too large for the samples is cut to them, with a warning.

        Where nobody chose it, as it is the default, and where samples are plain rows, which have
        no shape that could be wrong.
        """
        if self.input_shape is None and self.map_shape_[0] == 1:
            return True
        default, value = signature(type(self)).parameters[name].default, getattr(self, name)
        return isinstance(value, type(default)) and bool(value == default)

    def _sample_graph(self, maps_graph: Graph, sample: Shape3) -> Graph:
        """``maps_graph`` behind the layout of a flat sample, its output flat too."""
        first = self.data_format == "channels_first"
        if first and sample[0] == 1:  # the order of the numbers is that of channels last
            first, sample = False, (*sample[1:], 1)
        graph = Graph(TensorSpec((math.prod(sample),))).append(Reshape(sample))
        if first:
            graph = graph.append(Permute((1, 2, 0)))
        graph = graph.extend(maps_graph)
        if len(graph.output.shape) > 1:
            graph = graph.append(Reshape((graph.output.size,)), name="flatten")
        return verify(graph)

    def get_feature_names_out(self, input_features: Any = None) -> NDArray[Any]:
        """Feature names that tell the kernel and the place.

        ``conv3_2x1`` is kernel 3, row 2, column 1 of the pooled map, all from 0; see
        `skconv.features.names.feature_names`.

        Parameters
        ----------
        input_features : array-like of str, default=None
            Checked against the names seen in `fit`, otherwise ignored.

        Returns
        -------
        names : ndarray of str of shape (n_features_out,)
            One name a feature.
        """
        check_is_fitted(self)
        _check_feature_names_in(self, input_features, generate_names=False)
        if not self._names_say_places:
            return np.asarray(super().get_feature_names_out(input_features))
        return feature_names(self.graph_)

    @property
    def _n_features_out(self) -> int:
        return self.graph_.output.size

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = True
        tags.input_tags.three_d_array = True
        tags.transformer_tags.preserves_dtype = ["float32"]
        return tags


class StageExtractor(ConvExtractor):
    """Base class of one-stage extractors: kernels, nonlinearity, pooling.

    A subclass has the parameters below beside those of `ConvExtractor`, and says with
    `_kernel_source` where its kernels come from: an estimator whose ``fit(maps, y)``
    sets ``kernels_`` and ``biases_``.

    Parameters
    ----------
    kernel_size : int or (int, int)
        Height and width of a kernel. A signal (map of height 1) uses the width alone.
        Without ``input_shape`` a kernel longer than the signal is cut to it, with a
        `ShapeWarning`; so is a pool. Kernels and pools of the default sizes are cut to
        samples of any shape.
    stride : int or (int, int)
        Step of the kernels.
    padding : {"valid", "same", "full", "circular"}
        ``"same"`` adds zeros, ``"circular"`` goes on at the opposite border; both keep
        the size of the map at stride 1. A kernel of even size reaches one row (column)
        further down (right) than up (left). ``"full"`` adds zeros so that every pixel
        lies under all weights of a kernel: maps grow by a kernel less one.
    nonlinearity : {"identity", "abs", "square", "relu", "sign", "both_signs", "soft_threshold"}
        What is done to every entry of the maps. ``"both_signs"`` yields ``max(z, 0)`` and
        ``max(-z, 0)``, twice the maps; ``"soft_threshold"`` ``max(z - t, 0)`` and
        ``max(-z - t, 0)``, with a ``t`` for each map.
    threshold : float in [0, 1)
        For ``"soft_threshold"``: the share of the entries of each map that become 0.
    pool : {"max", "mean", "sum", "l2", "tent"}
        How a window becomes one number. ``"l2"`` is ``sqrt(sum z^2)``. With it
        ``"square"`` squares once, not twice: it is the square pooling of Saxe et al.
        2011, and the same as ``"identity"`` and ``"abs"``. ``"tent"`` is a mean whose
        weights fall from the middle of a window to its border, by a straight line along
        each axis.
    pool_size : int, (int, int), str or None
        Height and width of a window, or a grid of windows that cover the map: ``"global"``
        one, ``"quadrants"`` 2 x 2, ``"sixteenths"`` 4 x 4, ``"pyramid"`` 1 x 1, 2 x 2 and
        4 x 4, one behind the other, ``"overlapping"`` 6 x 6, each about twice its step.
        ``None``: no pooling.
    pool_stride : int, (int, int) or None
        Step of the windows; ``None`` is ``pool_size``, for tents half of it. Windows that
        do not fit whole are left out.
    root : bool
        Take the signed square root of what comes of the pooling.

    Attributes
    ----------
    thresholds_ : ndarray of float32 of shape (n_maps,) or None
        ``t`` of every map; None where there is no soft threshold.
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **ConvExtractor._parameter_constraints,
        "kernel_size": [Interval(Integral, 1, None, closed="left"), "array-like"],
        **STAGE_CONSTRAINTS,
    }

    kernel_size: Any
    stride: Any
    padding: Any
    nonlinearity: str
    threshold: float
    pool: Any
    pool_size: Any
    pool_stride: Any
    root: bool
    thresholds_: Thresholds

    def _kernel_source(self, kernel_size: Pair) -> KernelSource:
        """An unfitted source of kernels of this size."""
        raise NotImplementedError

    @property
    def _clip(self) -> bool:
        """Whether more kernels than the samples can give are cut to what they give."""
        return self._may_cut("n_kernels")

    def _stage(self) -> StageSpec:
        return StageSpec(
            self.stride,
            self.padding,
            self.nonlinearity,
            self.pool,
            self.pool_size,
            self.pool_stride,
            self.threshold,
            root=self.root,
        )

    def _fit_kernels(self, maps: NDArray[Any], y: Any) -> KernelSource:
        """The fitted source, its kernels no larger than the maps."""
        size = fit_window(
            self.kernel_size,
            maps.shape[1:],
            "kernel_size",
            signal=maps.shape[1] == 1,
            clip=self._may_cut("kernel_size"),
        )
        with naming(maps.shape):
            return self._kernel_source(size).fit(maps, y)

    def _fit_graph(self, maps: NDArray[Any], y: Any) -> Graph:
        return self._graph_of(self._fit_kernels(maps, y), maps)

    def _graph_of(self, source: KernelSource, maps: NDArray[Any]) -> Graph:
        """The graph of a fitted source; thresholds are learnt from the maps."""
        self.kernels_, self.biases_ = source.kernels_, source.biases_
        stage, signal = self._stage(), maps.shape[1] == 1
        graph = self._responses(Graph(TensorSpec(maps.shape[1:])), source)
        self.thresholds_ = stage.learn_thresholds(graph, maps, self.device)
        clip = self._may_cut("pool_size")
        return stage.finish(graph, self.thresholds_, signal=signal, clip=clip)

    def _responses(self, graph: Graph, source: KernelSource) -> Graph:
        """``graph``, which is one map, with what the nonlinearity sees behind it."""
        signal = graph.output.shape[0] == 1
        return graph.append(self._stage().conv(self.kernels_, self.biases_, signal=signal))
