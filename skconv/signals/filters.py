"""Filters of signals, as steps in front of an extractor: a signal goes in, one comes out."""

from __future__ import annotations

from numbers import Integral
from typing import Any, ClassVar

from numpy.typing import NDArray
from sklearn.utils._param_validation import Interval
from sklearn.utils.validation import check_is_fitted

from skconv.graph import EuclideanNorm, Graph, MeanPool, Op, SubtractMean, TensorSpec
from skconv.signals.base import SignalExtractor
from skconv.signals.lengths import PadTo


class SignalFilter(SignalExtractor):
    """Base of the filters: their features are signals, sample after sample, channels fastest."""

    _names_say_places = False

    @property
    def output_shape_(self) -> tuple[int, int]:
        """``(length, channels)`` of the signals that come out: what the next step reads."""
        check_is_fitted(self)
        length, channels = self._filtered().output.shape[1:]
        return length, channels

    def _fit_graph(self, maps: NDArray[Any], y: Any) -> Graph:
        return self._filtered()

    def _filtered(self) -> Graph:
        return Graph(TensorSpec(self.map_shape_)).append(self._op())

    def _op(self) -> Op:
        raise NotImplementedError


class RemoveMean(SignalFilter):
    """Takes the mean over time off each channel of a signal: what gravity or an offset adds.

    The mean is that of the window, which only its end tells. Where a filter runs on over a whole
    recording, a high-pass such as ``IIRFilter()`` stands in its place.

    Parameters
    ----------
    input_shape : (length,), (length, channels) or None, default=None
        Shape of one signal; ``None`` takes the shape of ``X``.
    data_format : {"channels_last", "channels_first"}, default="channels_last"
        Where the channels of a signal lie in ``X`` and in ``input_shape``. What comes out has
        them last.
    pad_to : int, "longest" or None, default=None
        Signals get zeros at their end, or lose it, until they are this long; ``"longest"`` is
        the longest signal of `fit`. ``None`` refuses signals of unequal lengths.
    device : {"cpu", "cuda", "auto"}, default="cpu"
        Where `transform` computes.
    batch_size : int or "auto", default="auto"
        Samples computed at a time; ``"auto"`` takes as many as fit the cache.
    n_jobs : int or None, default=None
        Jobs of joblib that `transform` shares the samples out among. ``None`` is 1, unless
        a `joblib.parallel_config` says otherwise; -1 takes all processors.

    Attributes
    ----------
    output_shape_ : (int, int)
        Length and channels of what comes out: ``input_shape`` of the next step.

    Examples
    --------
    >>> import numpy as np
    >>> from skconv.signals import RemoveMean
    >>> RemoveMean().fit_transform(np.array([[[1, 9], [3, 9], [5, 9]]]))
    array([[-2.,  0.,  0.,  0.,  2.,  0.]], dtype=float32)
    """

    def __init__(
        self,
        *,
        input_shape: Any = None,
        data_format: str = "channels_last",
        pad_to: PadTo = None,
        device: str = "cpu",
        batch_size: Any = "auto",
        n_jobs: int | None = None,
    ) -> None:
        self.input_shape = input_shape
        self.data_format = data_format
        self.pad_to = pad_to
        self.device = device
        self.batch_size = batch_size
        self.n_jobs = n_jobs

    def _op(self) -> Op:
        return SubtractMean(axis=1)


class Decimate(SignalFilter):
    """Means of ``factor`` samples each: a lower rate, and little of what that cannot hold.

    The mean is a low-pass filter whose zeros are the multiples of the new rate. Samples at the end
    that do not fill a mean are left out.

    Parameters
    ----------
    factor : int, default=2
        How many samples become one; a shorter signal becomes one.
    input_shape : (length,), (length, channels) or None, default=None
        Shape of one signal; ``None`` takes the shape of ``X``.
    data_format : {"channels_last", "channels_first"}, default="channels_last"
        Where the channels of a signal lie in ``X`` and in ``input_shape``. What comes out has
        them last.
    pad_to : int, "longest" or None, default=None
        Signals get zeros at their end, or lose it, until they are this long; ``"longest"`` is
        the longest signal of `fit`. ``None`` refuses signals of unequal lengths.
    device : {"cpu", "cuda", "auto"}, default="cpu"
        Where `transform` computes.
    batch_size : int or "auto", default="auto"
        Samples computed at a time; ``"auto"`` takes as many as fit the cache.
    n_jobs : int or None, default=None
        Jobs of joblib that `transform` shares the samples out among. ``None`` is 1, unless
        a `joblib.parallel_config` says otherwise; -1 takes all processors.

    Attributes
    ----------
    output_shape_ : (int, int)
        Length and channels of what comes out: ``input_shape`` of the next step.

    Examples
    --------
    >>> import numpy as np
    >>> from skconv.signals import Decimate
    >>> Decimate(3).fit_transform(np.array([[1, 2, 3, 10, 20, 30, 99]]))
    array([[ 2., 20.]], dtype=float32)
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **SignalExtractor._parameter_constraints,
        "factor": [Interval(Integral, 1, None, closed="left")],
    }

    def __init__(
        self,
        factor: int = 2,
        *,
        input_shape: Any = None,
        data_format: str = "channels_last",
        pad_to: PadTo = None,
        device: str = "cpu",
        batch_size: Any = "auto",
        n_jobs: int | None = None,
    ) -> None:
        self.factor = factor
        self.input_shape = input_shape
        self.data_format = data_format
        self.pad_to = pad_to
        self.device = device
        self.batch_size = batch_size
        self.n_jobs = n_jobs

    def _op(self) -> Op:
        factor = min(self.factor, self.map_shape_[1])
        return MeanPool((1, factor), (1, factor))


class VectorMagnitude(SignalFilter):
    """The length ``sqrt(x^2 + y^2 + z^2)`` of the vector that axes make, at each time.

    It does not change when a sensor is turned. Integers in C are the nearest to the root.

    Parameters
    ----------
    n_axes : int or None, default=None
        How many channels that follow each other make a vector. ``None``: all of them. An
        accelerometer and a gyroscope, six channels, are two vectors with ``n_axes=3``.
    input_shape : (length,), (length, channels) or None, default=None
        Shape of one signal; ``None`` takes the shape of ``X``.
    data_format : {"channels_last", "channels_first"}, default="channels_last"
        Where the channels of a signal lie in ``X`` and in ``input_shape``. What comes out has
        them last.
    pad_to : int, "longest" or None, default=None
        Signals get zeros at their end, or lose it, until they are this long; ``"longest"`` is
        the longest signal of `fit`. ``None`` refuses signals of unequal lengths.
    device : {"cpu", "cuda", "auto"}, default="cpu"
        Where `transform` computes.
    batch_size : int or "auto", default="auto"
        Samples computed at a time; ``"auto"`` takes as many as fit the cache.
    n_jobs : int or None, default=None
        Jobs of joblib that `transform` shares the samples out among. ``None`` is 1, unless
        a `joblib.parallel_config` says otherwise; -1 takes all processors.

    Attributes
    ----------
    output_shape_ : (int, int)
        Length and channels of what comes out: ``input_shape`` of the next step.

    Examples
    --------
    >>> import numpy as np
    >>> from skconv import VectorMagnitude
    >>> X = np.array([[[1, 2, 2, 0, 3, 4], [2, 3, 6, 1, 0, 0]]])
    >>> VectorMagnitude(n_axes=3, input_shape=(2, 6)).fit_transform(X)
    array([[3., 5., 7., 1.]], dtype=float32)
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **SignalExtractor._parameter_constraints,
        "n_axes": [Interval(Integral, 1, None, closed="left"), None],
    }

    def __init__(
        self,
        n_axes: int | None = None,
        *,
        input_shape: Any = None,
        data_format: str = "channels_last",
        pad_to: PadTo = None,
        device: str = "cpu",
        batch_size: Any = "auto",
        n_jobs: int | None = None,
    ) -> None:
        self.n_axes = n_axes
        self.input_shape = input_shape
        self.data_format = data_format
        self.pad_to = pad_to
        self.device = device
        self.batch_size = batch_size
        self.n_jobs = n_jobs

    def _op(self) -> Op:
        channels = self.map_shape_[2]
        n_axes = channels if self.n_axes is None else int(self.n_axes)
        if channels % n_axes:
            raise ValueError(
                f"n_axes={n_axes} with signals of {channels} channels, expected a divisor of that"
            )
        return EuclideanNorm(n_axes)
