"""A ridge classifier that sees its samples in batches and gives the exact solution."""

from __future__ import annotations

from collections.abc import Iterator
from copy import copy
from numbers import Real
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import LinAlgError
from sklearn.base import BaseEstimator, _fit_context
from sklearn.linear_model._base import LinearClassifierMixin
from sklearn.utils import compute_sample_weight
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.multiclass import check_classification_targets, unique_labels
from sklearn.utils.validation import _check_sample_weight, validate_data

from skconv.utils.doc_link import DocLinkMixin
from skconv.utils.merge import check_alike
from skconv.utils.restore import restored_on_error
from skconv.utils.scatter import Scatter

Floats = NDArray[np.float64]

# A block of samples in float64: one matrix product of it is worth its conversion.
_BLOCK_BYTES = 2**24


def _blocks(X: Any) -> Iterator[tuple[slice, Floats]]:
    """Rows of an array, a memory map or a sparse matrix, dense and in float64."""
    step = max(1, _BLOCK_BYTES // (8 * X.shape[1]))
    for start in range(0, X.shape[0], step):
        rows = slice(start, start + step)
        block = X[rows].toarray() if hasattr(X, "toarray") else X[rows]
        yield rows, block.astype(np.float64)


class BatchRidgeClassifier(LinearClassifierMixin, DocLinkMixin, BaseEstimator):
    r"""Ridge classifier in closed form, fitted to any number of samples in batches.

    The answer is that of `sklearn.linear_model.RidgeClassifier` on all samples at once,
    however they are cut into batches: targets are 1 for the class and -1 for the others, and
    with ``m`` the mean sample, ``m_c`` and ``n_c`` the mean and the number of class ``c``,
    ``n`` the number of all (numbers are sums of weights, means weighted)::

        scatter = sum_i (x_i - m)(x_i - m)^T
        coef_c  = (scatter + alpha I)^-1 2 n_c (m_c - m)
        b_c     = (2 n_c - n) / n - coef_c . m

    Scatter, means and numbers are all that is kept of the samples: ``8 * n_features^2``
    bytes, and about as many again while the system is solved. While there are fewer samples
    than features, the samples are kept instead, and a system of ``n_samples`` is solved: the
    dual form. The system is solved at the end of every call, so a few thousand samples a batch
    are better than a few. A memory map is read block by block.

    Parameters
    ----------
    alpha : float > 0, default=1.0
        Strength of the penalty ``alpha * |coef|^2``.
    standardize : bool, default=False
        Penalise as if each feature had been divided by its standard deviation over all
        samples: what a `StandardScaler` in front would give, without a pass of its own.
        ``coef_`` are of the features as they come.
    class_weight : dict, "balanced" or None, default=None
        Weight of each class, 1 where the dict has none; it multiplies that of the sample.
        ``"balanced"`` gives ``n_samples / (n_classes * n_c)``. `partial_fit` does not know
        all samples, so it takes a dict only.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        Labels.
    coef_ : ndarray of float64 of shape (n_classes, n_features) or (1, n_features)
        Weights of the scores; two classes share one.
    intercept_ : ndarray of float64 of shape (n_classes,) or (1,)
        What is added to the scores.
    class_counts_ : ndarray of float64 of shape (n_classes,)
        Weight of the samples seen of each class: their number, where none has a weight.
    class_means_ : ndarray of float64 of shape (n_classes, n_features)
        Their means; zeros of a class that was not seen.
    scatter_ : ndarray of float64 of shape (n_features, n_features)
        Sum of the products of what the samples differ from their mean by; computed when it is
        asked for, while there are fewer samples than features.
    n_samples_seen_ : int
        How many samples were seen.
    n_features_in_ : int
        Features seen in `fit`.

    See Also
    --------
    sklearn.linear_model.RidgeClassifier : The same from all samples at once.

    References
    ----------
    A. E. Hoerl, R. W. Kennard, "Ridge regression: biased estimation for nonorthogonal
    problems", Technometrics 12(1), 1970.

    T. F. Chan, G. H. Golub, R. J. LeVeque, "Updating formulae and a pairwise algorithm for
    computing sample variances", COMPSTAT 1982.

    Examples
    --------
    >>> import numpy as np
    >>> from skconv import BatchRidgeClassifier, RandomConvFeatures
    >>> from skconv.datasets import load_digits
    >>> X, y = load_digits(return_X_y=True)
    >>> features = RandomConvFeatures(n_kernels=16, kernel_size=3, pool_size=3, random_state=0)
    >>> features = features.fit(X[:300])
    >>> model = BatchRidgeClassifier(alpha=100.0, standardize=True)
    >>> for rows in np.array_split(np.arange(1500), 5):
    ...     _ = model.partial_fit(features.transform(X[rows]), y[rows])
    >>> bool(model.score(features.transform(X[1500:]), y[1500:]) > 0.9)
    True
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "alpha": [Interval(Real, 0, None, closed="neither")],
        "standardize": ["boolean"],
        "class_weight": [dict, StrOptions({"balanced"}), None],
    }

    classes_: NDArray[Any]
    coef_: Floats
    intercept_: Floats
    class_counts_: Floats
    class_means_: Floats
    n_samples_seen_: int
    _scatter: Scatter

    def __init__(
        self, *, alpha: float = 1.0, standardize: bool = False, class_weight: Any = None
    ) -> None:
        self.alpha = alpha
        self.standardize = standardize
        self.class_weight = class_weight

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> BatchRidgeClassifier:
        """Learn from these samples alone.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Samples of any real type; a memory map is not copied.
        y : array-like of shape (n_samples,)
            Labels.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights, none negative. A weight of 2 is the sample twice. None: 1 each.

        Returns
        -------
        self : BatchRidgeClassifier
            The fitted classifier.

        Raises
        ------
        ValueError
            Where there are fewer than two classes, ``X`` or ``y`` is not what it must be,
            or `alpha` is so small beside the features that rounding hides it.
        """
        return self._learn(X, y, None, sample_weight, seen=False)

    @_fit_context(prefer_skip_nested_validation=True)
    def partial_fit(
        self, X: Any, y: Any, classes: Any = None, sample_weight: Any = None
    ) -> BatchRidgeClassifier:
        """Learn from more samples: the result is that of all samples since `fit`.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Samples.
        y : array-like of shape (n_samples,)
            Labels. New ones may come at any time.
        classes : array-like of shape (n_classes,), default=None
            Labels to reckon with before a sample of theirs has come. Without, the first
            call wants two different labels in ``y``.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights, none negative; None: 1 each.

        Returns
        -------
        self : BatchRidgeClassifier
            The fitted classifier.
        """
        if self.class_weight == "balanced":
            raise ValueError(
                "class_weight='balanced' in partial_fit, which cannot know how many samples each "
                "class will have. Write class_weight={label: weight, ...}, or call fit with all "
                "samples."
            )
        return self._learn(X, y, classes, sample_weight, seen=hasattr(self, "_scatter"))

    @property
    def scatter_(self) -> Floats:
        return self._scatter.matrix

    def _add_sums(self, other: BatchRidgeClassifier) -> None:
        """What `skconv.merge` does, once both are known to be alike."""
        check_alike(self, other, "n_features_in_", "feature_names_in_")
        if self.class_weight == "balanced":
            raise ValueError(
                "merge with class_weight='balanced': each part was weighted by its own numbers of "
                "samples. Write class_weight={label: weight, ...}."
            )
        labels = unique_labels(self.classes_, other.classes_)
        theirs = copy(other)
        for part in (self, theirs):
            part._make_room(labels, self.n_features_in_, seen=True)
        self._add_part(theirs)
        self.coef_, self.intercept_ = self._solution()

    def _add_part(self, other: BatchRidgeClassifier) -> None:
        """Add the samples of another with the same classes."""
        shift = self._shift(other.class_counts_.sum(), (other._mean, other._shares))
        sums = sum(part.class_counts_[:, None] * part.class_means_ for part in (self, other))
        self.n_samples_seen_ += other.n_samples_seen_
        self.class_counts_ += other.class_counts_
        self.class_means_ = sums / np.where(self.class_counts_ > 0, self.class_counts_, 1)[:, None]
        self._scatter.join(other._scatter)
        self._scatter.add(*shift)

    def _learn(
        self, X: Any, y: Any, classes: Any, sample_weight: Any, *, seen: bool
    ) -> BatchRidgeClassifier:
        with restored_on_error(self):
            X, y = validate_data(self, X, y, reset=not seen, accept_sparse="csr")
            check_classification_targets(y)
            known = [self.classes_] if seen else []
            announced = [] if classes is None else [np.asarray(classes)]
            labels = unique_labels(*known, *announced, y)
            if len(labels) < 2:
                raise ValueError(f"y holds one class ({labels[0]!r}), expected at least 2")
            weights = self._weights(X, y, sample_weight)
            self._make_room(labels, X.shape[1], seen=seen)
            codes = np.searchsorted(labels, y)
            for rows, block in _blocks(X):
                self._add(block, codes[rows], weights[rows])
            if not self.class_counts_.any():
                raise ValueError("all weights are 0, expected at least one that is positive")
            self.coef_, self.intercept_ = self._solution()
        return self

    def _weights(self, X: Any, y: NDArray[Any], sample_weight: Any) -> Floats:
        """A weight for each sample."""
        weights = _check_sample_weight(
            sample_weight, X, dtype=np.float64, ensure_non_negative=True, copy=True
        )
        if self.class_weight == "balanced":
            weights *= compute_sample_weight("balanced", y)
        elif self.class_weight is not None:
            if wrong := {k: v for k, v in self.class_weight.items() if not v >= 0}:
                raise ValueError(f"class_weight holds {wrong}. Write weights that are 0 or more.")
            weights *= [self.class_weight.get(label, 1.0) for label in y.tolist()]
        return np.asarray(weights)

    def _make_room(self, labels: NDArray[Any], n_features: int, *, seen: bool) -> None:
        """Counts, means and scatter for these labels: what was seen so far, else zeros."""
        counts = np.zeros(len(labels))
        means = np.zeros((len(labels), n_features))
        if seen:
            old = np.searchsorted(labels, self.classes_)
            counts[old], means[old] = self.class_counts_, self.class_means_
            self._scatter = self._scatter.copy(old, len(labels))
        else:
            self._scatter, self.n_samples_seen_ = Scatter(n_features, len(labels)), 0
        self.classes_, self.class_counts_, self.class_means_ = labels, counts, means

    @property
    def _mean(self) -> Floats:
        """The mean of all samples; zeros where there are no samples."""
        total = self.class_counts_.sum()
        return np.asarray(self.class_counts_ @ self.class_means_ / (total or 1))

    @property
    def _shares(self) -> Floats:
        """The mean of the targets 1 and 0 of each class, over all samples."""
        return self.class_counts_ / (self.class_counts_.sum() or 1)

    def _add(self, block: Floats, codes: NDArray[np.intp], weights: Floats) -> None:
        """Add samples to counts, means and scatter; overwrites their block."""
        self.n_samples_seen_ += len(block)
        members = np.equal.outer(np.arange(len(self.classes_)), codes).astype(np.float64)
        counts = members @ weights
        n_before, n_block = self.class_counts_.sum(), counts.sum()
        if n_block == 0:
            return
        means = weights @ block / n_block, counts / n_block
        shift = self._shift(n_block, means)
        moves = (members * weights) @ block - counts[:, None] * self.class_means_
        self.class_counts_ += counts
        self.class_means_ += (
            moves / np.where(self.class_counts_ > 0, self.class_counts_, 1)[:, None]
        )
        roots = np.sqrt(weights)[:, None]
        block -= means[0]
        block *= roots
        self._scatter.add(block, (members.T - means[1]) * roots)
        if n_before > 0:
            self._scatter.add(*shift)

    def _shift(self, n_block: float, means: tuple[Floats, Floats]) -> tuple[Floats, Floats]:
        """The row of the scatter for the distance of a block's means to those of all before."""
        n_before = self.class_counts_.sum()
        factor = np.sqrt(n_before * n_block / (n_before + n_block))
        before = self._mean, self._shares
        sample, target = (factor * (b - a)[None] for a, b in zip(before, means, strict=True))
        return sample, target

    def _solution(self) -> tuple[Floats, Floats]:
        """Coefficients and intercepts."""
        mean, shares = self._mean, self._shares
        try:
            coef = self._scatter.ridge(self._scales(mean), self.alpha)
        except LinAlgError:
            raise ValueError(
                f"alpha={self.alpha!r} is too small beside the features, the largest of which "
                f"has a sum of squares of {self._scatter.diagonal().max():.3g}: expected a "
                f"larger one"
            ) from None
        # Targets are 1 and -1, those of the scatter 1 and 0. Two classes: the score of the second.
        scored = slice(1, None) if len(shares) == 2 else slice(None)
        coef = 2 * coef[scored]
        return coef, 2 * shares[scored] - 1 - coef @ mean

    def _scales(self, mean: Floats) -> Floats:
        """The divisors of the features: 1 where a feature is constant but for rounding."""
        if not self.standardize:
            return np.ones(len(mean))
        deviations = np.sqrt(self._scatter.diagonal() / self.class_counts_.sum())
        rounding = self.n_samples_seen_ * np.finfo(np.float64).eps * np.abs(mean)
        return np.where(deviations > rounding, deviations, 1.0)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags
