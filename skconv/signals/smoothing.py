"""Decisions on consecutive windows, smoothed: the last step of a Pipeline on a stream."""

from __future__ import annotations

from itertools import pairwise
from numbers import Integral, Real
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin, MetaEstimatorMixin, clone
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold, cross_val_predict
from sklearn.utils import column_or_1d, get_tags
from sklearn.utils._param_validation import HasMethods, Interval, StrOptions
from sklearn.utils.validation import check_is_fitted

from skconv.convert.core import probabilities
from skconv.graph import ArgMax, Graph, Sigmoids, Softmax
from skconv.graph.base import Op, TensorSpec
from skconv.graph.smoothing import (
    FINEST_LEVEL,
    LOWEST_LEVEL,
    Majority,
    Markov,
    Smoothed,
    Viterbi,
)
from skconv.runtime.smoothing import smooth
from skconv.utils.doc_link import DocLinkMixin

Array = NDArray[Any]

ONE = 65535


class SmoothedClassifier(ClassifierMixin, MetaEstimatorMixin, DocLinkMixin, BaseEstimator):
    """A classifier of windows whose decision remembers those on the windows before.

    ``predict`` takes the windows of recordings in the order of time. `skconv.to_c` with
    ``input="samples"`` gives C that decides the same in a stream, in integers.

    Parameters
    ----------
    estimator : classifier
        It decides on each window alone.
    method : {"majority", "hmm", "viterbi"}, default="majority"
        ``"majority"``: the most frequent decision of the last ``n_windows``; of several as
        frequent the one that was seen last. ``"hmm"``: the forward filter of a hidden Markov
        model: how labels follow each other in `fit`, and how often each is taken for each other
        one in cross-validation, give the most probable class now. ``"viterbi"``: the class at the
        end of the most probable sequence of classes, of the same transitions and of the
        probabilities that the classifier gives on each window. It hears how sure the classifier
        is, so these have to be calibrated, as those of a logistic regression are. Those of
        Gaussian naive Bayes claim too much: there ``"hmm"`` is often better.
    n_windows : int, default=5
        How many decisions vote.
    cv : int, default=5
        Folds of the cross-validation of ``"hmm"``; recordings stay together where ``groups`` are
        given.
    prior : float, default=1.0
        Added to every count of ``"hmm"`` and ``"viterbi"``, so that nothing is impossible.

    Attributes
    ----------
    estimator_ : classifier
        Fitted.
    classes_ : ndarray of shape (n_classes,)
    transitions_, emissions_ : ndarray of shape (n_classes, n_classes)
        Probabilities from the class in the row to that in the column, of ``"hmm"`` and
        ``"viterbi"``; of ``"hmm"`` those of the decision in the row while the class of the column
        is true. In units of 1 / 65535.
    priors_ : ndarray of shape (n_classes,)
        Of ``"viterbi"``: how frequent each class is in `fit`. A probability over the prior is the
        likelihood of a window.

    References
    ----------
    Rabiner, "A Tutorial on Hidden Markov Models and Selected Applications in Speech
    Recognition", Proc. IEEE 77(2), 1989: the forward procedure (equation 20), and the recursion of
    the Viterbi algorithm (equation 33a), whose best end is the answer at each window.

    Bourlard, Morgan, "Connectionist Speech Recognition", 1994: posteriors over priors.

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
        "method": [StrOptions({"majority", "hmm", "viterbi"})],
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
            Their labels.
        groups : array-like of shape (n_windows,), optional
            Which recording a window is of; all of one by default.

        Returns
        -------
        self : object
            The fitted classifier.
        """
        self._validate_params()
        self.estimator_ = clone(self.estimator).fit(X, y)
        self.classes_ = self.estimator_.classes_
        if self.method == "viterbi" and not hasattr(self.estimator_, "predict_proba"):
            raise ValueError(
                f"method='viterbi' with {type(self.estimator).__name__}, which has no "
                "predict_proba, expected a classifier that has, or method='hmm'"
            )
        if self.method != "majority":
            y = column_or_1d(y)
            codes = np.searchsorted(self.classes_, y)
            self.transitions_ = self._counted_transitions(codes, groups)
        if self.method == "hmm":
            self.emissions_ = self._counted_emissions(X, y, groups)
        if self.method == "viterbi":
            self.priors_ = np.bincount(codes, minlength=len(self.classes_)) / len(codes)
        return self

    def predict(self, X: Any, groups: Any = None) -> Array:
        """The class at each window, of that and the windows before in its recording.

        Parameters
        ----------
        X : array-like of shape (n_windows, ...)
            In the order of time.
        groups : array-like of shape (n_windows,), optional
            A recording begins where the value changes; all are one recording by default.

        Returns
        -------
        y : ndarray of shape (n_windows,)
            A label of each window.
        """
        check_is_fitted(self, "estimator_")
        op: Smoothed
        if self.method == "viterbi":
            op, windows = self._viterbi(ArgMax(), FINEST_LEVEL), self._log_probabilities(X)
        else:
            windows = np.searchsorted(self.classes_, self.estimator_.predict(X))
            op = self._op(ArgMax())
        parts = [smooth(op, windows[part], None)[0] for part in recordings_of(len(windows), groups)]
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
        """What a stream does after the decision of a graph on each window, or with its scores.

        Parameters
        ----------
        graph : Graph
            The integer graph of the classifier.

        Returns
        -------
        op : Smoothed
            The op that follows the decision or the scores.
        """
        decision = graph.nodes[-1].op
        if self.method == "viterbi":
            return self._viterbi(decision, self._unit(graph.specs[graph.scores_name]))
        return self._op(decision)

    def _viterbi(self, decision: Op, unit: float) -> Viterbi:
        """The filter of scores of which one unit is so much of a natural logarithm."""
        transitions = np.maximum(self.transitions_, 1) / ONE
        return Viterbi.of(decision, transitions, self.priors_, unit)

    def _log_probabilities(self, X: Any) -> Array:
        """Logarithms of probabilities of windows, in whole parts of a level."""
        with np.errstate(divide="ignore"):
            if hasattr(self.estimator_, "predict_log_proba"):
                logarithms = self.estimator_.predict_log_proba(X)
            else:
                logarithms = np.log(self.estimator_.predict_proba(X))
        lowest = -float(LOWEST_LEVEL)
        return np.rint(np.maximum(logarithms / FINEST_LEVEL, lowest)).astype(np.int64)

    def _unit(self, scores: TensorSpec) -> float:
        """What one unit of integer scores is worth, as a natural logarithm."""
        if scores.domain == "float":
            raise ValueError(
                "dtype='float32' with method='viterbi', expected dtype='int8': sums of integers "
                "are the same on every target"
            )
        rule = probabilities(self.estimator_)
        is_softmax = isinstance(rule, Softmax)
        if not is_softmax and not (isinstance(rule, Sigmoids) and scores.size == 1):
            raise ValueError(
                f"method='viterbi' with {type(self.estimator).__name__}, whose probabilities are "
                "not the softmax of its scores, expected such as LogisticRegression or GaussianNB"
            )
        return scores.scale * (rule.factor if isinstance(rule, Softmax) else 1.0)

    def _op(self, decision: Op) -> Smoothed:
        if self.method == "majority":
            return Majority.of(decision, self.n_windows)
        n_classes = len(self.classes_)
        initial = np.full(n_classes, ONE // n_classes)
        return Markov.of(decision, initial, self.transitions_, self.emissions_)

    def _counted_transitions(self, codes: Array, groups: Any) -> Array:
        n = len(self.classes_)
        transitions = np.full((n, n), float(self.prior))
        for part in recordings_of(len(codes), groups):
            np.add.at(transitions, (codes[part][:-1], codes[part][1:]), 1)
        return _shares(transitions, axis=1)

    def _counted_emissions(self, X: Any, y: Array, groups: Any) -> Array:
        codes, n = np.searchsorted(self.classes_, y), len(self.classes_)
        # Windows next to each other stay in one fold: they are nearly the same.
        n_folds = min(self.cv, int(np.bincount(codes).min()))
        if groups is None:
            folds = StratifiedKFold(max(2, n_folds))
        else:
            folds = StratifiedGroupKFold(max(2, min(n_folds, len(np.unique(groups)))))
        found = cross_val_predict(clone(self.estimator), X, y, groups=groups, cv=folds)
        emissions = np.full((n, n), float(self.prior))
        np.add.at(emissions, (np.searchsorted(self.classes_, found), codes), 1)
        return _shares(emissions, axis=0)


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
