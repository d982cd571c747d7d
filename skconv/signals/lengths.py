"""Signals of unequal lengths: padded with zeros or cut at the end, or refused."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

PadTo = int | Literal["longest"] | None

# The axis of time in one signal.
LAST_IS_CHANNELS, FIRST_IS_CHANNELS = 0, -1


def lengths_of(signals: Sequence[Any], *, channels_first: bool) -> NDArray[np.int64]:
    """How long each signal is.

    Examples
    --------
    >>> import numpy as np
    >>> from skconv.signals.lengths import lengths_of
    >>> lengths_of([np.zeros((7, 2)), np.zeros((9, 2))], channels_first=False)
    array([7, 9])
    """
    axis = FIRST_IS_CHANNELS if channels_first else LAST_IS_CHANNELS
    return np.array([np.shape(signal)[axis] for signal in signals], np.int64)


def is_ragged(X: Any) -> bool:
    """Whether ``X`` is a sequence of signals that do not make one array."""
    if isinstance(X, np.ndarray):
        return X.dtype == object and X.ndim == 1 and all(np.ndim(signal) for signal in X)
    if not isinstance(X, list | tuple):
        return False
    return len({np.shape(signal) for signal in X}) > 1


def one_length(
    X: Any, pad_to: PadTo, fitted: int | None, *, channels_first: bool
) -> NDArray[Any] | Any:
    """Signals as one array, every one of the same length.

    Parameters
    ----------
    X : array-like or sequence of arrays
        Signals ``(length,)`` or ``(length, channels)``; ``(channels, length)`` with
        `channels_first`. An array of two axes holds signals of one channel.
    pad_to : int, "longest" or None
        The length: shorter signals get zeros at their end, longer ones lose their end.
        ``"longest"`` is that of the longest. None: all must be equally long.
    fitted : int or None
        The length that ``"longest"`` was in `fit`.
    channels_first : bool
        Whether the axis of channels stands before that of time.

    Returns
    -------
    X : ndarray, or ``X`` itself where there is nothing to do

    Raises
    ------
    ValueError
        Where lengths differ and `pad_to` is None, or numbers of channels differ.

    Examples
    --------
    >>> from skconv.signals.lengths import one_length
    >>> one_length([[1.0, 2.0], [3.0, 4.0, 5.0]], "longest", None, channels_first=False)
    array([[1., 2., 0.],
           [3., 4., 5.]])
    """
    if pad_to is None:
        if is_ragged(X):
            raise ValueError(_refusal(X, channels_first=channels_first))
        return X
    if not hasattr(X, "shape"):
        X = list(X)
    axis = FIRST_IS_CHANNELS if channels_first else LAST_IS_CHANNELS
    lengths = lengths_of(X, channels_first=channels_first)
    longest = fitted or (int(lengths.max()) if len(lengths) else 0)
    length = longest if pad_to == "longest" else int(pad_to)
    if len(lengths) and not is_ragged(X) and (lengths == length).all():
        return X
    signals = [np.asarray(signal) for signal in X]
    if len({np.delete(np.shape(signal), axis).tobytes() for signal in signals}) > 1:
        shapes = sorted({signal.shape for signal in signals})
        raise ValueError(f"signals must have the same channels, got signals of shapes {shapes[:4]}")
    return np.stack([_resized(signal, length, axis) for signal in signals]) if signals else X


def _resized(signal: NDArray[Any], length: int, axis: int) -> NDArray[Any]:
    """A signal cut, or with zeros behind it, to a length."""
    cut = signal.take(range(min(length, signal.shape[axis])), axis)
    widths = [(0, 0)] * cut.ndim
    widths[axis] = (0, length - cut.shape[axis])
    return np.pad(cut, widths)


def _refusal(X: Sequence[Any], *, channels_first: bool) -> str:
    lengths = lengths_of(X, channels_first=channels_first)
    if lengths.min() == lengths.max():
        shapes = sorted({np.shape(signal) for signal in X})
        return f"signals must have the same channels, got signals of shapes {shapes[:4]}"
    return (
        f"X holds signals of {lengths.min()} to {lengths.max()} numbers: write pad_to='longest' "
        "to put zeros behind the shorter ones, or pad_to=<a length> to cut longer ones, too"
    )
