"""Events in a stream of windows, such as wake words: a mean, a threshold, a pause after each."""

from __future__ import annotations

import math
from fractions import Fraction
from numbers import Integral, Real
from typing import Any, ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, MetaEstimatorMixin, clone, is_classifier
from sklearn.utils import ClassifierTags, get_tags
from sklearn.utils._param_validation import HasMethods, Interval
from sklearn.utils.validation import check_is_fitted

from skconv.graph import ArgMax, Graph, TensorSpec
from skconv.graph.base import Op
from skconv.graph.smoothing import Events
from skconv.runtime.smoothing import smooth
from skconv.signals.smoothing import recordings_of
from skconv.utils.doc_link import DocLinkMixin

Array = NDArray[Any]

FLOAT_ROUNDING = 2.0**-52


class EventDetector(MetaEstimatorMixin, DocLinkMixin, BaseEstimator):
    """A classifier of windows whose scores, in the order of time, become events.

    An event of a class begins where the mean of its last ``n_smooth`` scores reaches
    ``threshold``, unless fewer than ``refractory`` windows have come since the last event. There
    is none before ``n_smooth`` windows have come. Where several classes reach the threshold, the
    largest mean counts.

    `skconv.to_c` with ``input="samples"`` gives C that finds the same events in a stream: sums of
    integer scores, an integer threshold. ``NAME_result`` returns the index of a class, or -1.

    Parameters
    ----------
    estimator : classifier
        It has ``decision_function``: a positive score speaks for the second of two classes.
    threshold : float, default=0.0
        In units of the scores. It may be set after `fit`.
    refractory : int, default=1
        Least number of windows from one event to the next: 1 allows one at every window.
    n_smooth : int, default=1
        How many scores the mean is of.
    keywords : label or array-like of labels, default=None
        The classes that have events. By default the second of two classes.

    Attributes
    ----------
    estimator_ : classifier
        Fitted.
    classes_ : ndarray of shape (n_classes,)
    keywords_ : ndarray of shape (n_keywords,)
        Indices of the classes that have events.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.linear_model import RidgeClassifier
    >>> from skconv import EventDetector
    >>> X, y = np.array([[-1], [-1], [1], [1]]), np.repeat(["other", "yes"], 2)
    >>> detector = EventDetector(RidgeClassifier(), threshold=0.5, refractory=3, n_smooth=2)
    >>> detector.fit(X, y).predict([[-1], [1], [1], [1], [1], [1], [-1]]).tolist()
    [-1, -1, 1, -1, -1, 1, -1]
    >>> detector.set_params(threshold=3).detect([0, 1, 4, 5, 5, 5, 0]).tolist()
    [-1, -1, -1, 1, -1, -1, -1]
    """

    _parameter_constraints: ClassVar[dict[str, Any]] = {
        "estimator": [HasMethods(["fit", "decision_function"])],
        "threshold": [Interval(Real, None, None, closed="neither")],
        "refractory": [Interval(Integral, 1, 2**31 - 1, closed="both")],
        "n_smooth": [Interval(Integral, 1, 32767, closed="both")],
        "keywords": "no_validation",
    }

    def __init__(
        self,
        estimator: Any,
        *,
        threshold: float = 0.0,
        refractory: int = 1,
        n_smooth: int = 1,
        keywords: Any = None,
    ) -> None:
        self.estimator = estimator
        self.threshold = threshold
        self.refractory = refractory
        self.n_smooth = n_smooth
        self.keywords = keywords

    def fit(self, X: Any, y: Any) -> EventDetector:
        """Fit the classifier to windows, each on its own.

        Parameters
        ----------
        X : array-like of shape (n_windows, ...)
            Windows in any order.
        y : array-like of shape (n_windows,)
            Their labels.

        Returns
        -------
        self : object
            The fitted detector.
        """
        self._validate_params()
        if not is_classifier(self.estimator):
            raise ValueError(
                f"estimator is a {type(self.estimator).__name__}, expected a classifier"
            )
        self.estimator_ = clone(self.estimator).fit(X, y)
        self.classes_ = self.estimator_.classes_
        self.keywords_ = self._found_keywords()
        return self

    def predict(self, X: Any, groups: Any = None) -> NDArray[np.int32]:
        """The index of the class of which an event begins at each window, -1 where none does.

        Parameters
        ----------
        X : array-like of shape (n_windows, ...)
            In the order of time.
        groups : array-like of shape (n_windows,), optional
            A recording begins where the value changes; all are one recording by default.

        Returns
        -------
        events : ndarray of int32 of shape (n_windows,)
            Indices into ``classes_``, or -1.
        """
        return self.detect(self.decision_function(X), groups)

    def decision_function(self, X: Any) -> Array:
        """Scores of the classifier on each window alone.

        Parameters
        ----------
        X : array-like of shape (n_windows, ...)
            Windows.

        Returns
        -------
        scores : ndarray of shape (n_windows,) or (n_windows, n_classes)
            As the classifier gives them.
        """
        check_is_fitted(self, "estimator_")
        return np.asarray(self.estimator_.decision_function(X))

    def detect(self, scores: Any, groups: Any = None) -> NDArray[np.int32]:
        """The same as `predict`, of the scores of windows.

        To choose a threshold: `fit` is not needed again after ``set_params(threshold=...)``.

        Parameters
        ----------
        scores : array-like of shape (n_windows,) or (n_windows, n_classes)
            In the order of time, as `decision_function` or a stream gives them. One column, too,
            for two classes.
        groups : array-like of shape (n_windows,), optional
            As in `predict`.

        Returns
        -------
        events : ndarray of int32 of shape (n_windows,)
            Indices into ``classes_``, or -1.
        """
        check_is_fitted(self, "estimator_")
        self._validate_params()
        rows = self._checked(scores)
        op = self._events(ArgMax(), self.n_smooth * self.threshold)
        parts = [smooth(op, rows[part])[0] for part in recordings_of(len(rows), groups)]
        return np.concatenate(parts)

    @property
    def n_features_in_(self) -> int:
        """Numbers in one window."""
        check_is_fitted(self, "estimator_")
        return int(self.estimator_.n_features_in_)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags = get_tags(self.estimator).input_tags
        tags.target_tags = get_tags(self.estimator).target_tags
        tags.classifier_tags = ClassifierTags(multi_class=self.keywords is not None)
        return tags

    def smoothing_op(self, graph: Graph) -> Events:
        """What a stream does with the scores that a graph gives of each window.

        Parameters
        ----------
        graph : Graph
            The integer graph of the classifier.

        Returns
        -------
        op : Events
            The op that follows the scores.

        Raises
        ------
        ValueError
            Where no integer stands for the threshold.
        """
        self._validate_params()
        scores = graph.specs[graph.scores_name]
        if scores.domain == "float":
            raise ValueError(
                "dtype='float32' with EventDetector, expected dtype='int8': sums of integers are "
                "the same on every target"
            )
        if graph.by_name[graph.scores_name].op.facts.role == "votes":
            raise ValueError(
                f"estimator is a {type(self.estimator).__name__}, which decides by votes of pairs "
                "of classes, expected one that has a score of each class, such as LinearSVC"
            )
        return self._events(graph.nodes[-1].op, self._integer_threshold(scores))

    def _integer_threshold(self, scores: TensorSpec) -> int:
        """The threshold of a sum of integer scores: one that a score equals is reached by it."""
        exact = self.n_smooth * Fraction(float(self.threshold)) / Fraction(scores.scale)
        # A score in its own units is rounded to a float: less than that is no difference.
        nearest = round(exact)
        is_rounded = abs(exact - nearest) <= abs(nearest) * Fraction(FLOAT_ROUNDING)
        found = nearest if is_rounded else math.ceil(exact)
        low, high = scores.limits
        if not self.n_smooth * low < found <= self.n_smooth * high:
            raise ValueError(
                f"threshold={self.threshold}, but the scores in integers lie between "
                f"{low * scores.scale:.4g} and {high * scores.scale:.4g}"
            )
        return found

    def _events(self, decision: Op, threshold: float) -> Events:
        keywords = tuple(self.keywords_.tolist())
        return Events.of(decision, keywords, threshold, self.n_smooth, self.refractory)

    def _found_keywords(self) -> NDArray[np.intp]:
        if self.keywords is None and len(self.classes_) != 2:
            raise ValueError(
                f"keywords=None with {len(self.classes_)} classes, expected labels of those that "
                "have events"
            )
        wanted = self.classes_[1:] if self.keywords is None else np.unique(self.keywords)
        if unknown := sorted(set(wanted.tolist()) - set(self.classes_.tolist())):
            raise ValueError(
                f"keywords has {unknown}, expected labels of y: {self.classes_.tolist()}"
            )
        return np.searchsorted(self.classes_, wanted)

    def _checked(self, scores: Any) -> Array:
        """Scores as int64 or float64, a row for each window."""
        array, n_classes = np.asarray(scores), len(self.classes_)
        size = 1 if n_classes == 2 else n_classes
        is_column = array.ndim == 1 and size == 1
        if not (is_column or (array.ndim == 2 and array.shape[1] == size)):
            raise ValueError(
                f"scores have shape {array.shape}, expected (n_windows, {size}) of "
                f"{n_classes} classes"
            )
        if array.dtype.kind not in "buif" or not np.isfinite(array).all():
            raise ValueError(
                f"scores have dtype {array.dtype} with NaN, infinite or other entries that are no "
                "numbers, expected finite numbers"
            )
        is_integer = array.dtype.kind in "bui"
        return array.astype(np.int64 if is_integer else np.float64).reshape(len(array), size)


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
