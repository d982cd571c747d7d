"""The base of the extractors of signals: what the axes of signals mean."""

from __future__ import annotations

from numbers import Integral
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from sklearn.utils._param_validation import Interval, StrOptions

from skconv.exceptions import ShapeWarning, warn
from skconv.features.base import ConvExtractor, as_array
from skconv.features.shapes import Shape3, neighbours_are_alike
from skconv.kernels.batches import MapBatches
from skconv.signals.lengths import PadTo, one_length

# An array that is at least this many times as long as wide, and no wider, may be one signal.
_LEAST_LENGTH, _MOST_CHANNELS = 8, 12


class SignalExtractor(ConvExtractor):
    """Base class of the feature extractors of signals.

    A subclass defines ``__init__`` with all parameters spelled out, those below and those of
    `ConvExtractor` among them, and `_fit_graph`, which gets maps ``(n_samples, 1, length,
    channels)`` of the type of ``X``: float32, int16 or uint8.

    How samples may lie in ``X``, in fit and in transform alike:

    - ``(n_samples, length)``: signals of one channel.
    - ``(n_samples, length, channels)``: signals.
    - ``(n_samples, channels, length)`` with ``data_format="channels_first"``, as in aeon.
    - ``(n_samples, length * channels)``: flat, with ``input_shape=(length, channels)``.
    - a list of signals of unequal lengths, with `pad_to`.

    Parameters
    ----------
    input_shape : (length,), (length, channels) or None, default=None
        Shape of one signal; ``(channels, length)`` with ``data_format="channels_first"``.
        ``None`` takes the shape of ``X``.
    data_format : {"channels_last", "channels_first"}, default="channels_last"
        Where the channels of a signal lie in ``X`` and in ``input_shape``.
    pad_to : int, "longest" or None, default=None
        Signals get zeros at their end, or lose it, until they are this long; ``"longest"``
        is the longest signal of `fit`. ``None`` refuses signals of unequal lengths.
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **ConvExtractor._parameter_constraints,
        "pad_to": [Interval(Integral, 1, None, closed="left"), StrOptions({"longest"}), None],
    }

    _fit_reads_maps = False

    pad_to: PadTo

    def _samples_to_fit(self, X: Any) -> Any:
        return self._one_length(X, None)

    def _samples_to_transform(self, X: Any) -> Any:
        return self._one_length(X, self.map_shape_[1])

    def _one_length(self, X: Any, fitted: int | None) -> Any:
        if isinstance(X, MapBatches):
            raise ValueError(f"{type(self).__name__} takes arrays, got MapBatches")
        first = self.data_format == "channels_first"
        flat = self.input_shape is not None and getattr(X, "ndim", 0) == 2
        return as_array(X if flat else one_length(X, self.pad_to, fitted, channels_first=first))

    def _axes(self, shape: tuple[int, ...]) -> Shape3:
        """A map of one row, in the order of `data_format`."""
        if len(shape) == 3 and 1 not in shape:
            raise ValueError(
                f"{type(self).__name__} reads signals (length, channels), got samples of shape "
                f"{shape}: images are for RandomConvFeatures and its like"
            )
        first = self.data_format == "channels_first"
        if len(shape) == 3:
            return shape[0], shape[1], shape[2]
        if len(shape) == 1:
            shape = (1, *shape) if first else (*shape, 1)
        return (shape[0], 1, shape[1]) if first else (1, shape[0], shape[1])

    def _check_unstated_shape(self, X: Any, flat: NDArray[Any], y: Any) -> None:
        """Warn of what is probably one signal, or has its channels on the other side."""
        labelled = y is not None and np.asarray(y).shape[:1] == (len(X),)
        shape = tuple(X.shape)
        if len(shape) == 3 and self._length(shape) < self._channels(shape):
            warn(self._other_side(shape), ShapeWarning)
        elif not labelled and _looks_like_one_signal(shape, flat):
            warn(_one_signal(shape), ShapeWarning)

    def _length(self, shape: tuple[int, ...]) -> int:
        return shape[2 if self.data_format == "channels_first" else 1]

    def _channels(self, shape: tuple[int, ...]) -> int:
        return shape[1 if self.data_format == "channels_first" else 2]

    def _other_side(self, shape: tuple[int, ...]) -> str:
        length, channels = self._length(shape), self._channels(shape)
        first = self.data_format == "channels_first"
        other = "channels_last" if first else "channels_first"
        stated = (channels, length) if first else (length, channels)
        return (
            f"X of shape {shape} is taken for signals of {length} numbers in {channels} channels: "
            f"write data_format={other!r} for signals of {channels} numbers, or "
            f"input_shape={stated} if this is what they are"
        )


def _looks_like_one_signal(shape: tuple[int, ...], flat: NDArray[Any]) -> bool:
    is_narrow = len(shape) == 2 and 1 < shape[1] <= _MOST_CHANNELS
    return is_narrow and shape[0] >= _LEAST_LENGTH * shape[1] and neighbours_are_alike(flat)


def _one_signal(shape: tuple[int, ...]) -> str:
    return (
        f"X of shape {shape} is taken for {shape[0]} signals of {shape[1]} numbers: write X[None] "
        f"if it is one signal of {shape[1]} channels, or input_shape=({shape[1]},) if it is not"
    )
