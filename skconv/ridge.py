"""A ridge classifier that sees its samples in batches and gives the exact solution."""

from __future__ import annotations

from collections.abc import Iterator
from numbers import Real
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import LinAlgError, cho_factor, cho_solve
from sklearn.base import BaseEstimator, _fit_context
from sklearn.linear_model._base import LinearClassifierMixin
from sklearn.utils._param_validation import Interval
from sklearn.utils.multiclass import check_classification_targets, unique_labels
from sklearn.utils.validation import validate_data

from skconv.restore import restored_on_error

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


class BatchRidgeClassifier(LinearClassifierMixin, BaseEstimator):
    r"""Ridge classification in closed form, of any number of samples, seen in batches.

    The answer is that of `sklearn.linear_model.RidgeClassifier` on all samples at once,
    however they are cut into batches: targets are 1 for the class and -1 for the others, and
    with ``m`` the mean sample, ``m_c`` and ``n_c`` the mean and the number of class ``c``,
    ``n`` the number of all::

        scatter = sum_i (x_i - m)(x_i - m)^T
        coef_c  = (scatter + alpha I)^-1 2 n_c (m_c - m)
        b_c     = (2 n_c - n) / n - coef_c . m

    Scatter, means and numbers are all that is kept of the samples: ``8 * n_features^2``
    bytes, and about as many again while the system is solved. That is done at the end of
    every call, so a few thousand samples a batch are better than a few. A memory map is read
    block by block.

    Parameters
    ----------
    alpha : float > 0, default=1.0
        Strength of the penalty ``alpha * |coef|^2``.
    standardize : bool, default=False
        Penalise as if each feature had been divided by its standard deviation over all
        samples: what a `StandardScaler` in front would give, without a pass of its own.
        ``coef_`` are of the features as they come.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        Labels.
    coef_ : ndarray of float64 of shape (n_classes, n_features) or (1, n_features)
        Weights of the scores; two classes share one.
    intercept_ : ndarray of float64 of shape (n_classes,) or (1,)
        What is added to the scores.
    class_counts_ : ndarray of int64 of shape (n_classes,)
        Samples seen of each class.
    class_means_ : ndarray of float64 of shape (n_classes, n_features)
        Their means; zeros of a class that was not seen.
    scatter_ : ndarray of float64 of shape (n_features, n_features)
        Sum of the products of what the samples differ from their mean by.
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
    }

    classes_: NDArray[Any]
    coef_: Floats
    intercept_: Floats
    class_counts_: NDArray[np.int64]
    class_means_: Floats
    scatter_: Floats

    def __init__(self, *, alpha: float = 1.0, standardize: bool = False) -> None:
        self.alpha = alpha
        self.standardize = standardize

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: Any, y: Any) -> BatchRidgeClassifier:
        """Learn from these samples alone.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Samples of any real type; a memory map is not copied.
        y : array-like of shape (n_samples,)
            Labels.

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
        return self._learn(X, y, classes=None, seen=False)

    @_fit_context(prefer_skip_nested_validation=True)
    def partial_fit(self, X: Any, y: Any, classes: Any = None) -> BatchRidgeClassifier:
        """Learn from more samples: the answer is that of all seen since `fit`.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Samples.
        y : array-like of shape (n_samples,)
            Labels. New ones may come at any time.
        classes : array-like of shape (n_classes,), default=None
            Labels to reckon with before a sample of theirs has come. Without, the first
            call wants two different labels in ``y``.

        Returns
        -------
        self : BatchRidgeClassifier
            The fitted classifier.
        """
        return self._learn(X, y, classes, seen=hasattr(self, "scatter_"))

    def _learn(self, X: Any, y: Any, classes: Any, *, seen: bool) -> BatchRidgeClassifier:
        with restored_on_error(self):
            X, y = validate_data(self, X, y, reset=not seen, accept_sparse="csr")
            check_classification_targets(y)
            known = [self.classes_] if seen else []
            announced = [] if classes is None else [np.asarray(classes)]
            labels = unique_labels(*known, *announced, y)
            if len(labels) < 2:
                raise ValueError(f"y holds one class ({labels[0]!r}), want at least 2")
            self._make_room(labels, X.shape[1], seen=seen)
            codes = np.searchsorted(labels, y)
            for rows, block in _blocks(X):
                self._add(block, codes[rows])
            self.coef_, self.intercept_ = self._solution()
        return self

    def _make_room(self, labels: NDArray[Any], n_features: int, *, seen: bool) -> None:
        """Numbers, means and scatter for these labels: what was seen, zeros for the rest."""
        counts = np.zeros(len(labels), np.int64)
        means = np.zeros((len(labels), n_features))
        if seen:
            old = np.searchsorted(labels, self.classes_)
            counts[old], means[old] = self.class_counts_, self.class_means_
        self.classes_, self.class_counts_, self.class_means_ = labels, counts, means
        self.scatter_ = self.scatter_.copy() if seen else np.zeros((n_features, n_features))

    @property
    def _mean(self) -> Floats:
        """The mean of all samples."""
        n_samples = max(1, self.class_counts_.sum())
        return np.asarray(self.class_counts_ @ self.class_means_ / n_samples)

    def _add(self, block: Floats, codes: NDArray[np.intp]) -> None:
        """Take samples into numbers, means and scatter; their block is overwritten."""
        n_before, n_block, before = self.class_counts_.sum(), len(block), self._mean
        members = np.equal.outer(np.arange(len(self.classes_)), codes).astype(np.float64)
        counts = members.sum(axis=1)
        self.class_counts_ += counts.astype(np.int64)
        moves = members @ block - counts[:, None] * self.class_means_
        self.class_means_ += moves / np.maximum(1, self.class_counts_)[:, None]
        mean = block.mean(axis=0)
        block -= mean
        self.scatter_ += block.T @ block
        shift = (mean - before) * np.sqrt(n_before * n_block / (n_before + n_block))
        self.scatter_ += np.outer(shift, shift)

    def _solution(self) -> tuple[Floats, Floats]:
        """Coefficients and intercepts."""
        counts, mean = self.class_counts_, self._mean
        n_samples = counts.sum()
        scales = self._scales(mean, n_samples)
        matrix = self.scatter_ / scales
        matrix /= scales[:, None]
        matrix.flat[:: len(matrix) + 1] += self.alpha
        # Two classes: the score of the second alone.
        scored = slice(1, None) if len(counts) == 2 else slice(None)
        cross = 2 * counts[scored, None] * (self.class_means_[scored] - mean) / scales
        try:
            # The transpose of the symmetric matrix is laid out as LAPACK wants it.
            factor = cho_factor(matrix.T, overwrite_a=True, check_finite=False)
        except LinAlgError:
            raise ValueError(
                f"alpha={self.alpha!r} is too small beside the features, the largest of which "
                f"has a sum of squares of {self.scatter_.diagonal().max():.3g}: want a larger one"
            ) from None
        coef = cho_solve(factor, cross.T, check_finite=False).T / scales
        targets = (2 * counts[scored] - n_samples) / n_samples
        return coef, targets - coef @ mean

    def _scales(self, mean: Floats, n_samples: int) -> Floats:
        """What the features are divided by: 1 where they are constant but for rounding."""
        if not self.standardize:
            return np.ones(len(mean))
        deviations = np.sqrt(self.scatter_.diagonal() / n_samples)
        rounding = n_samples * np.finfo(np.float64).eps * np.abs(mean)
        return np.where(deviations > rounding, deviations, 1.0)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags
