"""Windows of recordings: what a classifier of signals is trained on, and which belong together."""

from __future__ import annotations

from numbers import Integral
from typing import Any, ClassVar, NamedTuple

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray
from sklearn.base import BaseEstimator
from sklearn.utils._param_validation import Interval, StrOptions

from skconv.exceptions import ShapeWarning, warn
from skconv.utils.doc_link import DocLinkMixin

Array = NDArray[Any]


class Windows(NamedTuple):
    """Windows, their labels, and the recordings that they come from.

    Attributes
    ----------
    X : ndarray of shape (n_windows, length) or (n_windows, length, channels)
    y : ndarray of shape (n_windows,) or None
    groups : ndarray of shape (n_windows,)
    """

    X: Array
    y: Array | None
    groups: Array


class SlidingWindow(DocLinkMixin, BaseEstimator):
    """Cuts recordings into windows of one length, with labels and groups.

    Windows that overlap are nearly the same sample: a split that puts one of them into training
    and another one into test measures memory. ``groups`` keeps those of a recording together, as
    in ``GroupKFold().split(X, y, groups)``.

    Parameters
    ----------
    length : int
        Samples in a window.
    hop : int, default=None
        Samples from the beginning of a window to that of the next one; ``length`` by default, so
        that windows do not overlap.
    label : {"majority", "last"}, default="majority"
        The label of a window where each sample has its own: the most frequent one (of several
        the first in sorted order), or that of the last sample.
    drop_mixed : bool, default=False
        Whether to leave windows out in which labels change.

    See Also
    --------
    skconv.to_c : ``input="samples"`` decides on the same windows of a stream.

    Examples
    --------
    >>> import numpy as np
    >>> from skconv import SlidingWindow
    >>> recordings = [np.zeros((250, 3)), np.ones((130, 3))]
    >>> X, y, groups = SlidingWindow(100, hop=50).cut(recordings, ["rest", "walk"])
    >>> X.shape, y.tolist(), groups.tolist()
    ((5, 100, 3), ['rest', 'rest', 'rest', 'rest', 'walk'], [0, 0, 0, 0, 1])
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "length": [Interval(Integral, 1, None, closed="left")],
        "hop": [Interval(Integral, 1, None, closed="left"), None],
        "label": [StrOptions({"majority", "last"})],
        "drop_mixed": ["boolean"],
    }

    def __init__(
        self,
        length: int,
        *,
        hop: int | None = None,
        label: str = "majority",
        drop_mixed: bool = False,
    ) -> None:
        self.length = length
        self.hop = hop
        self.label = label
        self.drop_mixed = drop_mixed

    def cut(self, recordings: Any, labels: Any = None, groups: Any = None) -> Windows:
        """Cut recordings into windows.

        Parameters
        ----------
        recordings : list of ndarray (n_samples, channels) or (n_samples,), or ndarray of 3 axes
            One recording each. They may be of unequal lengths; what is left at the end of one is
            not used.
        labels : sequence, optional
            One for each recording, or an array for each with one for every sample.
        groups : sequence, optional
            What a recording belongs to, such as a person; its index by default.

        Returns
        -------
        windows : Windows
            ``X, y, groups`` in the order of the recordings and of time.

        Warns
        -----
        ShapeWarning
            Where a recording is shorter than a window, and gives none.
        """
        self._validate_params()
        arrays = _recordings(recordings)
        given = _one_each("labels", labels, arrays)
        belongs = np.asarray(_one_each("groups", groups, arrays) or range(len(arrays)))
        X: list[Array] = []
        y, of_window = [], []
        for i, array in enumerate(arrays):
            starts = self.starts(len(array))
            if given is not None:
                starts, marks = self._labelled(given[i], i, len(array), starts)
                y.append(marks)
            X.append(_windows(array, self.length, starts))
            of_window.append(np.repeat(belongs[i], len(starts)))
        _check_lengths(arrays, self.length)
        kept = [part for part in X if len(part)]
        if not kept:
            raise ValueError("drop_mixed=True leaves no window: labels change in every one")
        return Windows(
            np.concatenate(kept),
            None if given is None else np.concatenate([part for part in y if len(part)]),
            np.concatenate([part for part in of_window if len(part)]),
        )

    def starts(self, n_samples: int) -> Array:
        """Where the windows of a recording begin.

        Parameters
        ----------
        n_samples : int
            In the recording.

        Returns
        -------
        starts : ndarray of int
            Indices of the first sample of each window.
        """
        return np.arange(0, n_samples - self.length + 1, self.hop or self.length)

    def _labelled(self, label: Any, index: int, size: int, starts: Array) -> tuple[Array, Array]:
        """The windows of a recording that are kept, and their labels."""
        marks = np.asarray(label)
        if marks.ndim == 0:
            return starts, np.repeat(marks, len(starts))
        if marks.shape != (size,):
            raise ValueError(
                f"labels[{index}] has shape {marks.shape}, expected one label, or one for each of "
                f"the {size} samples of the recording"
            )
        if not len(starts):
            return starts, marks[:0]
        classes, codes = np.unique(marks, return_inverse=True)
        views = sliding_window_view(codes, self.length)[starts]
        if self.label == "last":
            found = views[:, -1]
        else:
            counts = np.stack([(views == k).sum(axis=1) for k in range(len(classes))])
            found = counts.argmax(axis=0)
        pure = (views == views[:, :1]).all(axis=1)
        kept = pure if self.drop_mixed else np.ones(len(starts), bool)
        return starts[kept], classes[found[kept]]


def _windows(array: Array, length: int, starts: Array) -> Array:
    if not len(starts):
        return array[:0]
    return np.moveaxis(sliding_window_view(array, length, axis=0)[starts], -1, 1)


def _recordings(recordings: Any) -> list[Array]:
    """Recordings as arrays with time first."""
    if isinstance(recordings, np.ndarray) and recordings.dtype != object and recordings.ndim < 3:
        raise ValueError(
            f"recordings is an array of shape {recordings.shape}, expected a list of recordings, "
            "or an array (n_recordings, n_samples, channels); write [recording] for one of them"
        )
    arrays = [np.asarray(recording) for recording in recordings]
    if not arrays:
        raise ValueError("recordings is empty, expected one recording at least")
    axes = {array.ndim for array in arrays}
    channels = {array.shape[1:] for array in arrays}
    if not axes <= {1, 2} or len(channels) > 1:
        shapes = ", ".join(str(array.shape) for array in arrays[:3])
        raise ValueError(
            f"recordings have shapes {shapes}, expected (n_samples, channels) with the same number "
            "of channels, or (n_samples,), of each"
        )
    return arrays


def _one_each(name: str, values: Any, arrays: list[Array]) -> list[Any] | None:
    """What is given for each recording."""
    if values is None:
        return None
    found = list(values)
    if len(found) != len(arrays):
        raise ValueError(f"{name} has {len(found)} entries for {len(arrays)} recordings")
    return found


def _check_lengths(arrays: list[Array], length: int) -> None:
    """Tell of recordings that give no window."""
    lengths = np.array([len(array) for array in arrays])
    if lengths.max() < length:
        raise ValueError(f"length={length}, but the longest recording has {lengths.max()} samples")
    if (lengths < length).any():
        first = int(np.flatnonzero(lengths < length)[0])
        warn(
            f"{int((lengths < length).sum())} of {len(arrays)} recordings give no window: they are "
            f"shorter than length={length}; recordings[{first}] has {lengths[first]} samples",
            ShapeWarning,
        )
