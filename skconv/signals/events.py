"""Events in a stream of scores, such as wake words: a mean, a threshold, a pause after each."""

from __future__ import annotations

from numbers import Integral, Real
from typing import Any, ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator
from sklearn.utils._param_validation import Interval

Array = NDArray[Any]


class EventDetector(BaseEstimator):
    """Turns a stream of scores into events.

    An event begins where the mean of the last ``n_smooth`` scores reaches ``threshold``, unless
    fewer than ``refractory`` scores have come since the last event. There is none before
    ``n_smooth`` scores have come. Sums of integer scores are exact.

    Parameters
    ----------
    threshold : float
        In units of the scores.
    refractory : int, default=1
        Least number of scores from one event to the next: 1 allows one at every score.
    n_smooth : int, default=1
        How many scores the mean is of.

    Examples
    --------
    >>> from skconv import EventDetector
    >>> detector = EventDetector(threshold=2, refractory=3, n_smooth=2)
    >>> detector.detect([0, 1, 4, 5, 5, 5, 0]).tolist()
    [2, 5]
    >>> [detector.push([score]).tolist() for score in (0, 1, 4)]
    [[False], [False], [True]]
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "threshold": [Real],
        "refractory": [Interval(Integral, 1, None, closed="left")],
        "n_smooth": [Interval(Integral, 1, None, closed="left")],
    }

    def __init__(self, threshold: float, *, refractory: int = 1, n_smooth: int = 1) -> None:
        self.threshold = threshold
        self.refractory = refractory
        self.n_smooth = n_smooth

    def begin(self) -> EventDetector:
        """Forget all scores; returns the detector."""
        self._last = np.empty(0, np.int64)
        self._since = self.refractory
        return self

    def detect(self, scores: Any) -> NDArray[np.intp]:
        """The events of a whole stream: indices of scores. `push` begins anew after it."""
        found = self.begin().push(scores)
        self.begin()
        return np.flatnonzero(found)

    def push(self, scores: Any) -> NDArray[np.bool_]:
        """Take the next scores of a stream; whether an event begins at each."""
        self._validate_params()
        if not hasattr(self, "_last"):
            self.begin()
        given = _checked(scores)
        known = np.concatenate([self._last, given])
        reached = self._reached(known)[len(self._last) :]
        self._last = known[max(0, len(known) - self.n_smooth + 1) :]
        events = np.zeros(len(given), bool)
        for i in range(len(given)):
            if reached[i] and self._since >= self.refractory:
                events[i] = True
                self._since = 0
            self._since += 1
        return events

    def _reached(self, scores: Array) -> Array:
        """Whether the mean of the last scores reaches the threshold, at each score."""
        n = self.n_smooth
        found = np.zeros(len(scores), bool)
        if len(scores) >= n:
            sums = np.lib.stride_tricks.sliding_window_view(scores, n).sum(axis=1)
            found[n - 1 :] = sums >= n * self.threshold
        return found


class EventCounts(NamedTuple):
    """How well events were found.

    Attributes
    ----------
    hits, misses : int
        Events that were found, and that were not.
    false_alarms : int
        What was found where no event is; of several in one event the first is a hit, and the
        others count as neither.
    """

    hits: int
    misses: int
    false_alarms: int


def count_events(found: Any, wanted: Any) -> EventCounts:
    """Hits, misses and false alarms of an `EventDetector`.

    Parameters
    ----------
    found : array-like of shape (n_found,)
        Times of the events that were found.
    wanted : array-like of shape (n_wanted, 2)
        From when to when, inclusive, each event may be found; in the same unit of time.

    Examples
    --------
    >>> from skconv.signals.events import count_events
    >>> count_events([3, 4, 20], [(2, 5), (10, 12)])
    EventCounts(hits=1, misses=1, false_alarms=1)
    """
    times = np.asarray(found).reshape(-1, 1)
    spans = np.asarray(wanted).reshape(-1, 2)
    inside = (times >= spans[:, 0]) & (times <= spans[:, 1])
    hits = int(inside.any(axis=0).sum())
    return EventCounts(hits, len(spans) - hits, int((~inside.any(axis=1)).sum()))


def _checked(scores: Any) -> Array:
    """Scores as int64 or float64, so that sums are exact or nearly so."""
    array = np.asarray(scores)
    if array.ndim != 1 or array.dtype.kind not in "buif":
        raise ValueError(
            f"scores have shape {array.shape} and dtype {array.dtype}, expected one real number "
            "for each window: write scores[:, k] for class k of several"
        )
    if not np.isfinite(array).all():
        raise ValueError("scores have NaN or infinite entries, expected finite numbers")
    return array.astype(np.int64 if array.dtype.kind in "bui" else np.float64)
