"""Filters that run over whole recordings, before windows are cut from them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import clone

from skconv.signals.filters import SignalFilter


def filter_recordings(
    recordings: Iterable[Any], front: Sequence[SignalFilter]
) -> list[NDArray[np.float32]]:
    """Run filters one after the other over recordings, each from rest.

    Windows are cut afterwards, so none of them begins with a transient. ``to_c(...,
    front=front)`` gives C that does the same with a stream.

    Parameters
    ----------
    recordings : iterable of array-like of shape (length,) or (length, channels)
        Of any lengths.
    front : sequence of filters
        `IIRFilter`, `Decimate`, `VectorMagnitude`. They need not be fitted, and stay as they are.

    Returns
    -------
    filtered : list of ndarray of float32 of shape (length, channels)

    Examples
    --------
    >>> import numpy as np
    >>> from skconv import Decimate, IIRFilter, SlidingWindow, VectorMagnitude
    >>> from skconv.signals import filter_recordings
    >>> recordings = [np.random.default_rng(0).normal(size=(n, 3)) for n in (90, 70)]
    >>> filtered = filter_recordings(recordings, [IIRFilter(), Decimate(2), VectorMagnitude()])
    >>> [r.shape for r in filtered]
    [(45, 1), (35, 1)]
    >>> SlidingWindow(20, hop=5).cut(filtered).X.shape
    (10, 20, 1)
    """
    found = []
    for recording in recordings:
        x = np.asarray(recording)
        x = x[:, None] if x.ndim == 1 else x
        for step in front:
            fitted = clone(step).set_params(input_shape=x.shape, data_format="channels_last")
            x = fitted.fit_transform(x[None]).reshape(fitted.output_shape_)
        found.append(x.astype(np.float32))
    return found
