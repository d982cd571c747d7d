"""Decisions on consecutive windows, smoothed: the last step of a Pipeline on a stream."""

from __future__ import annotations

from itertools import pairwise
from numbers import Integral, Real
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin, MetaEstimatorMixin, clone
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold, cross_val_predict
from sklearn.utils import get_tags
from sklearn.utils._param_validation import HasMethods, Interval, StrOptions
from sklearn.utils.validation import check_is_fitted

from skconv.graph import ArgMax, Graph
from skconv.graph.base import Op
from skconv.graph.smoothing import Majority, Markov, Smoothed
from skconv.runtime.smoothing import smooth

Array = NDArray[Any]

ONE = 65535


class SmoothedClassifier(ClassifierMixin, MetaEstimatorMixin, BaseEstimator):
    """A classifier of windows whose decision remembers those on the windows before.

    ``predict`` takes the windows of recordings in the order of time. `skconv.to_c` with
    ``input="samples"`` gives C that decides the same in a stream, in integers.

    Parameters
    ----------
    estimator : classifier
        It decides on each window alone.
    method : {"majority", "hmm"}, default="majority"
        ``"majority"``: the most frequent decision of the last ``n_windows``; of several as
        frequent the one that was seen last. ``"hmm"``: the forward filter of a hidden Markov
        model: how labels follow each other in `fit`, and how often each is taken for each other
        one in cross-validation, give the most probable class now.
    n_windows : int, default=5
        How many decisions vote.
    cv : int, default=5
        Folds of the cross-validation of ``"hmm"``; recordings stay together where ``groups`` are
        given.
    prior : float, default=1.0
        Added to every count of ``"hmm"``, so that nothing is impossible.

    Attributes
    ----------
    estimator_ : classifier
        Fitted.
    classes_ : ndarray of shape (n_classes,)
    transitions_, emissions_ : ndarray of shape (n_classes, n_classes)
        Of ``"hmm"``: probabilities from the class in the row to that in the column, and of the
        decision in the row while the class of the column is true, in units of 1 / 65535.

    References
    ----------
    Rabiner, "A Tutorial on Hidden Markov Models and Selected Applications in Speech
    Recognition", Proc. IEEE 77(2), 1989: the forward procedure (equation 20).

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.linear_model import RidgeClassifier
    >>> from skconv import SmoothedClassifier
    >>> X, y = np.array([[-1], [-1], [-1], [1], [1], [1]]), np.repeat(["rest", "walk"], 3)
    >>> smoothed = SmoothedClassifier(RidgeClassifier(), n_windows=3).fit(X, y)
    >>> smoothed.predict([[-1], [-1], [1], [-1], [1], [1]]).tolist()
    ['rest', 'rest', 'rest', 'rest', 'walk', 'walk']
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "estimator": [HasMethods(["fit", "predict"])],
        "method": [StrOptions({"majority", "hmm"})],
        "n_windows": [Interval(Integral, 1, 32767, closed="both")],
        "cv": [Interval(Integral, 2, None, closed="left")],
        "prior": [Interval(Real, 0, None, closed="neither")],
    }

    def __init__(
        self,
        estimator: Any,
        *,
        method: str = "majority",
        n_windows: int = 5,
        cv: int = 5,
        prior: float = 1.0,
    ) -> None:
        self.estimator = estimator
        self.method = method
        self.n_windows = n_windows
        self.cv = cv
        self.prior = prior

    def fit(self, X: Any, y: Any, groups: Any = None) -> SmoothedClassifier:
        """Fit the classifier of windows, and count how labels follow each other.

        Parameters
        ----------
        X : array-like of shape (n_windows, ...)
            In the order of time.
        y : array-like of shape (n_windows,)
        groups : array-like of shape (n_windows,), optional
            Which recording a window is of; all of one by default.
        """
        self._validate_params()
        self.estimator_ = clone(self.estimator).fit(X, y)
        self.classes_ = self.estimator_.classes_
        if self.method == "hmm":
            self._count(X, np.asarray(y), groups)
        return self

    def predict(self, X: Any, groups: Any = None) -> Array:
        """The class at each window, of that and the windows before in its recording.

        Parameters
        ----------
        X : array-like of shape (n_windows, ...)
            In the order of time.
        groups : array-like of shape (n_windows,), optional
            A recording begins where the value changes; all are one recording by default.
        """
        check_is_fitted(self, "estimator_")
        indices = np.searchsorted(self.classes_, self.estimator_.predict(X))
        op = self._op(ArgMax())
        parts = [smooth(op, indices[part], None)[0] for part in recordings_of(len(indices), groups)]
        return np.asarray(self.classes_[np.concatenate(parts)])

    @property
    def n_features_in_(self) -> int:
        """Numbers in one window."""
        check_is_fitted(self, "estimator_")
        return int(self.estimator_.n_features_in_)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags = get_tags(self.estimator).input_tags
        return tags

    def smoothing_op(self, graph: Graph) -> Smoothed:
        """What a stream does after the decision of a graph on each window."""
        return self._op(graph.nodes[-1].op)

    def _op(self, decision: Op) -> Smoothed:
        if self.method == "majority":
            return Majority.of(decision, self.n_windows)
        n_classes = len(self.classes_)
        initial = np.full(n_classes, ONE // n_classes)
        return Markov.of(decision, initial, self.transitions_, self.emissions_)

    def _count(self, X: Any, y: Array, groups: Any) -> None:
        codes, n = np.searchsorted(self.classes_, y), len(self.classes_)
        transitions = np.full((n, n), float(self.prior))
        for part in recordings_of(len(y), groups):
            np.add.at(transitions, (codes[part][:-1], codes[part][1:]), 1)
        # Windows next to each other stay in one fold: they are nearly the same.
        n_folds = min(self.cv, int(np.bincount(codes).min()))
        if groups is None:
            folds = StratifiedKFold(max(2, n_folds))
        else:
            folds = StratifiedGroupKFold(max(2, min(n_folds, len(np.unique(groups)))))
        found = cross_val_predict(clone(self.estimator), X, y, groups=groups, cv=folds)
        emissions = np.full((n, n), float(self.prior))
        np.add.at(emissions, (np.searchsorted(self.classes_, found), codes), 1)
        self.transitions_ = _shares(transitions, axis=1)
        self.emissions_ = _shares(emissions, axis=0)


def _shares(counts: Array, axis: int) -> Array:
    """Counts as shares of their sums, rounded down, in units of 1 / 65535."""
    return np.floor(ONE * counts / counts.sum(axis=axis, keepdims=True)).astype(np.uint16)


def recordings_of(n_windows: int, groups: Any) -> list[slice]:
    """The windows of each recording: they follow each other."""
    if groups is None:
        return [slice(0, n_windows)]
    marks = np.asarray(groups)
    if marks.shape != (n_windows,):
        raise ValueError(
            f"groups has shape {marks.shape}, expected one for each window: ({n_windows},)"
        )
    starts = [0, *(np.flatnonzero(marks[1:] != marks[:-1]) + 1).tolist(), n_windows]
    return [slice(a, b) for a, b in pairwise(starts)]
