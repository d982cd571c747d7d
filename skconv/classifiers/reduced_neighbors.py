"""Nearest neighbours among a few prototypes in place of all samples."""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from numbers import Integral
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, MetaEstimatorMixin, clone
from sklearn.metrics import accuracy_score, r2_score
from sklearn.model_selection import train_test_split
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor
from sklearn.utils import check_random_state, get_tags
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.metaestimators import available_if
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, column_or_1d, validate_data

from skconv.classifiers import prototypes as reduce
from skconv.classifiers.prototypes import Prototypes
from skconv.graph.neighbours import METRICS
from skconv.utils.doc_link import DocLinkMixin
from skconv.utils.restore import restored_on_error
from skconv.utils.whole import is_whole

Array = NDArray[Any]

N_PROTOTYPES = 100
# A fifth of fewer samples would say nothing.
FEWEST_TO_HOLD_OUT = 50
# What a regressor may choose from: sharper and softer prototypes, and how many of them answer.
WIDTHS = (0.0, 0.2, 0.5)
FEW = (1, 3, 5)


def _is_classifier(model: ReducedNeighbors) -> bool:
    return get_tags(model.estimator).estimator_type == "classifier"


class ReducedNeighbors(MetaEstimatorMixin, DocLinkMixin, BaseEstimator):
    """Nearest neighbours among a few prototypes in place of all samples.

    A k-nearest-neighbours model keeps all the samples that it was fitted on. This one keeps so
    few that they fit a microcontroller, and says what that costs: a fifth of the samples is held
    out, full and reduced model are fitted on the others, and `loss_` is the difference of their
    scores. Then the prototypes are made of all samples.

    Parameters
    ----------
    estimator : KNeighborsClassifier or KNeighborsRegressor
        Its metric is Euclidean or Manhattan.
    n_prototypes : int, optional
        The largest number of prototypes. ``None``: 100, and as many as ``"condensed"`` and
        ``"edited"`` find.
    method : {"learned", "condensed", "edited"}, default="learned"
        ``"learned"`` prototypes are no samples: they start as the centres of clusters, and
        descend the gradient of a soft nearest neighbour. ``"condensed"`` are those samples that
        classify all the others; ``"edited"`` leaves out samples first that disagree with their
        neighbours. These two are for classifiers.
    random_state : int, RandomState or None, default=None
        What is held out, where clusters start, and the order of samples.
    verbose : int, default=0
        1 prints what the reduction costs.

    Attributes
    ----------
    prototypes_ : ndarray of shape (n_prototypes, n_features)
        Within the range of the samples; integers where all samples are.
    targets_ : ndarray of shape (n_prototypes,) or (n_prototypes, n_outputs)
        Labels or values of the prototypes.
    estimator_ : KNeighborsClassifier or KNeighborsRegressor
        Fitted on the prototypes. One prototype answers for a class. For values the held-out
        samples choose: 1, 3 or 5, weighted by distance.
    full_score_, reduced_score_ : float
        Accuracy or coefficient of determination on the samples held out, of all the others and
        of prototypes made of them. NaN with fewer than 50 samples.
    loss_ : float
        ``full_score_ - reduced_score_``; less than 0 where prototypes are better.
    classes_ : ndarray of shape (n_classes,)
        Labels; only of a classifier.
    n_features_in_ : int
        Features seen in `fit`.

    References
    ----------
    S. Seo, K. Obermayer, "Soft Learning Vector Quantization", Neural Computation 15, 2003.
    P. Hart, "The Condensed Nearest Neighbor Rule", IEEE Transactions on Information Theory 14,
    1968. D. Wilson, "Asymptotic Properties of Nearest Neighbor Rules Using Edited Data", IEEE
    Transactions on Systems, Man, and Cybernetics 2, 1972.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from sklearn.neighbors import KNeighborsClassifier
    >>> from skconv import ReducedNeighbors
    >>> X, y = load_digits(return_X_y=True)
    >>> small = ReducedNeighbors(KNeighborsClassifier(5), n_prototypes=50, random_state=0)
    >>> small.fit(X[:1300], y[:1300]).prototypes_.shape
    (50, 64)
    >>> small.loss_ < 0.03 and small.score(X[1300:], y[1300:]) > 0.95
    True
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "n_prototypes": [Interval(Integral, 1, None, closed="left"), None],
        "method": [StrOptions({"learned", "condensed", "edited"})],
        "random_state": ["random_state"],
        "verbose": ["verbose"],
    }

    def __init__(
        self,
        estimator: Any,
        n_prototypes: int | None = None,
        *,
        method: Literal["learned", "condensed", "edited"] = "learned",
        random_state: Any = None,
        verbose: int = 0,
    ) -> None:
        self.estimator = estimator
        self.n_prototypes = n_prototypes
        self.method = method
        self.random_state = random_state
        self.verbose = verbose

    def fit(self, X: Any, y: Any) -> ReducedNeighbors:
        """Measure what the reduction costs, then make prototypes of all samples.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Training samples.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Labels of a classifier, values of a regressor.

        Returns
        -------
        self : object
            The fitted estimator.
        """
        self._validate_params()
        with restored_on_error(self):
            return self._fit(X, y)

    def _fit(self, X: Any, y: Any) -> ReducedNeighbors:
        self._check_estimator()
        X, y = validate_data(self, X, y, multi_output=True, y_numeric=not _is_classifier(self))
        targets = self._targets(y)
        state = check_random_state(self.random_state)
        self._choose(X, targets, state)
        made = self._made(X, targets, state, self._width)
        self.prototypes_ = self._on_the_grid(made.samples, X)
        self.targets_ = made.targets
        if _is_classifier(self):
            self.targets_ = self.classes_[made.targets]
        elif y.ndim == 1:
            self.targets_ = made.targets[:, 0]
        self.estimator_ = self._neighbours(self._k, len(made.samples))
        self.estimator_.fit(self.prototypes_, self.targets_)
        if self.verbose:
            print(self._report(len(X)))
        return self

    def _check_estimator(self) -> None:
        if not isinstance(self.estimator, KNeighborsClassifier | KNeighborsRegressor):
            raise ValueError(
                f"estimator={self.estimator!r}, expected a KNeighborsClassifier or a "
                "KNeighborsRegressor"
            )
        if self.method != "learned" and not _is_classifier(self):
            raise ValueError(
                f"method={self.method!r} is for classifiers, use method='learned' with a "
                "KNeighborsRegressor"
            )

    def _targets(self, y: Array) -> Array:
        """Indices of classes, or values in columns."""
        if not _is_classifier(self):
            return np.asarray(y, np.float64).reshape(len(y), -1)
        y = column_or_1d(y, warn=True)
        check_classification_targets(y)
        self.classes_, codes = np.unique(y, return_inverse=True)
        if self.n_prototypes is not None and self.n_prototypes < len(self.classes_):
            raise ValueError(
                f"n_prototypes={self.n_prototypes}, expected one at least for each of "
                f"{len(self.classes_)} classes"
            )
        return np.asarray(codes, np.intp)

    # ------------------------------------------------------------------- the held-out fifth

    def _choose(self, X: Array, targets: Array, state: np.random.RandomState) -> None:
        """What a regressor chooses, and what the reduction costs."""
        self._width, self._k = (0.0, 1) if _is_classifier(self) else (WIDTHS[1], FEW[1])
        self.full_score_ = self.reduced_score_ = float("nan")
        if len(X) >= FEWEST_TO_HOLD_OUT:
            fitted, asked = _split(targets, _is_classifier(self), state)
            self._hold_out(X[fitted], X[asked], targets[fitted], targets[asked], state)
        self.loss_ = self.full_score_ - self.reduced_score_

    def _hold_out(
        self,
        X: Array,
        asked: Array,
        targets: Array,
        wanted: Array,
        state: np.random.RandomState,
    ) -> None:
        measure = accuracy_score if _is_classifier(self) else r2_score
        full = clone(self.estimator)
        full.set_params(n_neighbors=min(full.n_neighbors, len(X)))
        self.full_score_ = float(measure(wanted, full.fit(X, targets).predict(asked)))
        best = -np.inf
        for width, k, made in self._candidates(X, targets, state):
            samples = self._on_the_grid(made.samples, X)
            found = self._neighbours(k, len(samples)).fit(samples, made.targets).predict(asked)
            score = float(measure(wanted, found.reshape(wanted.shape)))
            if score > best:
                best, self._width, self._k = score, width, k
        self.reduced_score_ = best

    def _candidates(
        self, X: Array, targets: Array, state: np.random.RandomState
    ) -> Iterator[tuple[float, int, Prototypes]]:
        widths, counts = ((0.0,), (1,)) if _is_classifier(self) else (WIDTHS, FEW)
        for width in widths:
            made = self._made(X, targets, state, width)
            for k in counts:
                yield width, k, made

    # ------------------------------------------------------------------------ the prototypes

    def _made(
        self, X: Array, targets: Array, state: np.random.RandomState, width: float
    ) -> Prototypes:
        x = X.astype(np.float32)
        metric = self._metric()
        if not _is_classifier(self):
            n = min(self.n_prototypes or N_PROTOTYPES, len(x))
            start = reduce.clusters_of_values(x, targets, n, state)
            if width == 0:
                return start
            return reduce.learn_values(x, targets, start, metric, state, width)
        if self.method == "learned":
            n_classes = int(np.unique(targets).size)
            n = min(self.n_prototypes or max(N_PROTOTYPES, n_classes), len(x))
            start = reduce.clusters_of_classes(x, targets, n, state)
            return reduce.learn_classes(x, targets, start, metric, state)
        rows = np.arange(len(x))
        if self.method == "edited":
            # Of a class that disagrees with all neighbours, everything is kept.
            agreeing = reduce.agreeing(x, targets, metric)
            lost = np.setdiff1d(targets, targets[agreeing])
            rows = np.union1d(agreeing, np.flatnonzero(np.isin(targets, lost)))
        most = self.n_prototypes or len(x)
        kept = rows[reduce.condensed(x[rows], targets[rows], metric, most, state)]
        return Prototypes(X[kept], targets[kept])

    def _metric(self) -> Any:
        """L1 or L2, as scikit-learn understands the parameters of the estimator."""
        probe = clone(self.estimator).set_params(n_neighbors=1)
        probe.fit(np.zeros((1, 1)), np.zeros(1, int))
        found = METRICS.get(probe.effective_metric_)
        if found is None:
            raise ValueError(
                f"metric={probe.effective_metric_!r} cannot be reduced, use metric='euclidean' or "
                "'manhattan'"
            )
        return found

    def _neighbours(self, k: int, n_prototypes: int) -> Any:
        """The estimator for prototypes: they answer by their distance."""
        found = clone(self.estimator).set_params(n_neighbors=min(k, n_prototypes))
        return found if k == 1 else found.set_params(weights="distance")

    @staticmethod
    def _on_the_grid(samples: Array, X: Array) -> Array:
        """Prototypes of the type of the samples, whole where those are."""
        dtype = X.dtype if X.dtype.kind == "f" else np.float64
        return np.asarray(np.rint(samples) if is_whole(X) else samples, dtype)

    def _report(self, n_samples: int) -> str:
        name = "accuracy" if _is_classifier(self) else "R2"
        return (
            f"{n_samples:,} samples -> {len(self.prototypes_):,} prototypes; on samples held out: "
            f"{name} {self.full_score_:.3f} of all, {self.reduced_score_:.3f} of the prototypes"
        )

    # ----------------------------------------------------------------------------- answers

    def predict(self, X: Any) -> Array:
        """Labels or values.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Samples.

        Returns
        -------
        y : ndarray of shape (n_samples,) or (n_samples, n_outputs)
            Those of the nearest prototypes.
        """
        return np.asarray(self._fitted().predict(self._checked(X)))

    @available_if(_is_classifier)
    def predict_proba(self, X: Any) -> Array:
        """1 for the class of the nearest prototype, 0 for the others.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Samples.

        Returns
        -------
        p : ndarray of shape (n_samples, n_classes)
            In the order of ``classes_``.
        """
        return np.asarray(self._fitted().predict_proba(self._checked(X)))

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Accuracy of a classifier, coefficient of determination of a regressor.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Samples.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Their labels or values.
        sample_weight : array-like of shape (n_samples,), optional
            How much each sample counts; by default all count the same.

        Returns
        -------
        score : float
            1 at best.
        """
        measure = accuracy_score if _is_classifier(self) else r2_score
        return float(measure(y, self.predict(X), sample_weight=sample_weight))

    def _fitted(self) -> Any:
        check_is_fitted(self, "estimator_")
        return self.estimator_

    def _checked(self, X: Any) -> Array:
        return np.asarray(validate_data(self, X, reset=False))

    def __sklearn_tags__(self) -> Any:
        tags = deepcopy(get_tags(self.estimator))
        tags.input_tags.sparse = False
        tags.input_tags.pairwise = False
        if tags.classifier_tags is not None:
            tags.classifier_tags.multi_label = False
        tags.target_tags.multi_output = tags.estimator_type == "regressor"
        return tags


def _split(
    targets: Array, is_classifier: bool, state: np.random.RandomState
) -> tuple[Array, Array]:
    """A fifth held out, of every class where each has two samples at least."""
    n_held_out = -(-len(targets) // 5)
    counts = np.bincount(targets) if is_classifier else np.zeros(0)
    stratifies = is_classifier and counts.min() > 1 and len(counts) <= n_held_out
    fitted, asked = train_test_split(
        np.arange(len(targets)),
        test_size=n_held_out,
        stratify=targets if stratifies else None,
        random_state=state,
    )
    return fitted, asked
