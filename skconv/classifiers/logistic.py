"""Logistic regression on thousands of features that are much alike, in tens of passes."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from numbers import Integral, Real
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import LinAlgError, cholesky, qr, solve_triangular
from scipy.optimize import OptimizeResult, minimize
from scipy.special import log_softmax, softmax
from sklearn.base import BaseEstimator, _fit_context
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model._base import LinearClassifierMixin
from sklearn.utils import compute_sample_weight
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import _check_sample_weight, validate_data

from skconv.utils.doc_link import DocLinkMixin
from skconv.utils.restore import restored_on_error

Array = NDArray[Any]

# What the second derivative of the loss is about, for one class on one sample: p (1 - p).
CURVATURE = 0.04
# Of the mean of the Hessian's diagonal: the least that makes a factor in float32 exist.
JITTERS = (1e-7, 1e-5, 1e-3, 1e-1)
# Samples whose scores are computed at a time: they stay in the cache.
ROWS = 2_000


class PreconditionedLogisticRegression(LinearClassifierMixin, DocLinkMixin, BaseEstimator):
    r"""Logistic regression whose solver knows the moments of the features.

    The answer is that of `sklearn.linear_model.LogisticRegression`: the minimum of::

        sum_i w_i loss(y_i, W x_i + b) + |W|^2 / (2 C)

    with the softmax of all classes. Features of windows that overlap are much alike, so that L-BFGS
    takes thousands of passes over them, and is stopped before with a worse answer. Here it works in
    coordinates in which the Hessian is about the identity: with ``M`` the covariance of the
    features and ``L`` the Cholesky factor of ``0.04 M + I / (n C)``, it looks for ``W L``. Tens of
    passes are enough.

    The factor takes ``n_features^2`` numbers. With fewer samples than features the weights are
    looked for in the span of the samples, where the minimum is.

    Parameters
    ----------
    C : float > 0, default=1.0
        Inverse strength of the penalty.
    class_weight : dict, "balanced" or None, default=None
        Weight of each class, 1 where the dict has none; it multiplies that of the sample.
        ``"balanced"`` gives ``n_samples / (n_classes * n_c)``.
    max_iter : int, default=100
        Most passes of L-BFGS.
    tol : float, default=1e-4
        It ends where no slope is steeper, in its coordinates, or where a pass lowers the loss by
        less than a hundredth of it.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        Labels.
    coef_ : ndarray of shape (n_classes, n_features) or (1, n_features)
        Weights of the scores; two classes share one.
    intercept_ : ndarray of shape (n_classes,) or (1,)
        What is added to the scores.
    n_iter_ : ndarray of shape (1,)
        Passes.
    n_features_in_ : int
        Features seen in `fit`.

    See Also
    --------
    sklearn.linear_model.LogisticRegression : Other penalties and solvers.
    BatchRidgeClassifier : A closed form.

    References
    ----------
    J. Nocedal, S. J. Wright, "Numerical optimization", 2nd edition, 2006: algorithm 7.4, and
    section 5.1 on preconditioning.

    Examples
    --------
    >>> from skconv import PreconditionedLogisticRegression, RandomConvFeatures
    >>> from skconv.datasets import load_digits
    >>> X, y = load_digits(return_X_y=True)
    >>> features = RandomConvFeatures(n_kernels=8, pool="tent", pool_size=4, random_state=0)
    >>> features = features.fit_transform(X)
    >>> model = PreconditionedLogisticRegression(C=10).fit(features[:500], y[:500])
    >>> bool(model.score(features[500:], y[500:]) > 0.93)
    True
    >>> bool(model.n_iter_[0] < 60)
    True
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "C": [Interval(Real, 0, None, closed="neither")],
        "class_weight": [dict, StrOptions({"balanced"}), None],
        "max_iter": [Interval(Integral, 1, None, closed="left")],
        "tol": [Interval(Real, 0, None, closed="neither")],
    }

    def __init__(
        self,
        *,
        C: float = 1.0,
        class_weight: Any = None,
        max_iter: int = 100,
        tol: float = 1e-4,
    ) -> None:
        self.C = C
        self.class_weight = class_weight
        self.max_iter = max_iter
        self.tol = tol

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> PreconditionedLogisticRegression:
        """Learn from samples.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Training samples; float32 is computed with as it is.
        y : array-like of shape (n_samples,)
            Labels.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights, none negative. None: 1 each.

        Returns
        -------
        self : object
            The fitted classifier.
        """
        with restored_on_error(self):
            X, y = validate_data(self, X, y, dtype=[np.float64, np.float32])
            check_classification_targets(y)
            self.classes_, codes = np.unique(y, return_inverse=True)
            if len(self.classes_) < 2:
                (only,) = self.classes_.tolist()
                raise ValueError(f"y holds one class ({only!r}), expected at least 2")
            weights = self._weights(X, y, sample_weight)
            used = weights > 0
            problem = _problem(X[used], codes[used], weights[used], len(self.classes_), self.C)
            found = self._minimum(problem)
            self.coef_, self.intercept_ = problem.answer(found.x)
            self.n_iter_ = np.array([found.nit], np.int32)
        return self

    def predict_proba(self, X: Any) -> Array:
        """Probabilities of the classes, in the order of ``classes_``.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Samples.

        Returns
        -------
        probabilities : ndarray of shape (n_samples, n_classes)
            They sum to 1.
        """
        return np.asarray(softmax(self._logits(X), axis=1))

    def predict_log_proba(self, X: Any) -> Array:
        """Logarithms of the probabilities.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Samples.

        Returns
        -------
        logarithms : ndarray of shape (n_samples, n_classes)
            In the same order.
        """
        return np.asarray(log_softmax(self._logits(X), axis=1))

    def _logits(self, X: Any) -> Array:
        scores = self.decision_function(X)
        if scores.ndim == 2:
            return np.asarray(scores)
        return np.column_stack([np.zeros_like(scores), scores])

    def _weights(self, X: Array, y: Array, sample_weight: Any) -> Array:
        weights = _check_sample_weight(sample_weight, X, ensure_non_negative=True, copy=True)
        if self.class_weight is not None:
            weights *= compute_sample_weight(self.class_weight, y)
        return np.asarray(weights, np.float64)

    def _minimum(self, problem: _Problem) -> OptimizeResult:
        options = {"maxiter": self.max_iter, "maxcor": 20, "gtol": self.tol, "ftol": self.tol / 100}
        start = np.zeros(problem.n_classes * (problem.X.shape[1] + 1))
        found = minimize(problem.loss, start, jac=True, method="L-BFGS-B", options=options)
        if found.nit >= self.max_iter:
            warnings.warn(
                f"no minimum after max_iter={self.max_iter} passes. Give it more, or a larger tol.",
                ConvergenceWarning,
                stacklevel=4,
            )
        return found


@dataclass
class _Problem:
    """The mean loss as a function of weights in other coordinates, and intercepts.

    Attributes
    ----------
    X : ndarray of shape (n_samples, n_inputs)
        The samples, or with fewer samples than features their places in the span of the samples.
    codes : ndarray of int of shape (n_samples,)
    weights : ndarray of shape (n_samples,)
        With sum 1.
    n_classes : int
    penalty : float
    basis : ndarray of shape (n_features, n_inputs) or None
        Of that span.
    mean : ndarray of shape (n_inputs,)
    factor : ndarray of shape (n_inputs, n_inputs)
        Lower triangular, times its transpose about the Hessian.
    """

    X: Array
    codes: Array
    weights: Array
    n_classes: int
    penalty: float
    basis: Array | None
    mean: Array
    factor: Array

    def unscaled(self, v: Array) -> tuple[Array, Array]:
        """Weights and intercepts; intercepts of ``v`` are those of features about their mean."""
        parts = v.reshape(self.n_classes, -1)
        scaled = parts[:, :-1].T.astype(self.factor.dtype)
        weights = solve_triangular(self.factor, scaled, lower=True, trans=1).T.astype(np.float64)
        return weights, parts[:, -1] - weights @ self.mean

    def loss(self, v: Array) -> tuple[float, Array]:
        """The mean loss with its penalty, and the gradient."""
        weights, intercepts = self.unscaled(v)
        slope: Array = np.zeros(weights.shape[::-1])
        loss, by_class = 0.0, np.zeros(self.n_classes)
        for start in range(0, len(self.X), ROWS):
            rows = slice(start, start + ROWS)
            x, codes, share = self.X[rows], self.codes[rows], self.weights[rows]
            logs = log_softmax(x @ weights.T.astype(x.dtype) + intercepts, axis=1)
            loss -= float(share @ logs[np.arange(len(x)), codes])
            error = (np.exp(logs) - np.eye(self.n_classes)[codes]) * share[:, None]
            slope += x.T @ error.astype(x.dtype)
            by_class += error.sum(axis=0)
        of_weights = slope.T - np.outer(by_class, self.mean) + self.penalty * weights
        scaled = solve_triangular(self.factor, of_weights.T.astype(self.factor.dtype), lower=True)
        gradient = np.column_stack([scaled.T, by_class]).astype(np.float64)
        return loss + self.penalty / 2 * float((weights**2).sum()), gradient.ravel()

    def answer(self, v: Array) -> tuple[Array, Array]:
        """Coefficients of the features and intercepts; two classes share one."""
        weights, intercepts = self.unscaled(v)
        if self.basis is not None:
            weights = weights @ self.basis.T
        if self.n_classes == 2:
            return weights[1:] - weights[:1], intercepts[1:] - intercepts[:1]
        return weights, intercepts


def _problem(X: Array, codes: Array, weights: Array, n_classes: int, C: float) -> _Problem:
    total = weights.sum()
    # Two classes share one vector of weights, half of which each of the two here has.
    penalty = (2 if n_classes == 2 else 1) / (C * total)
    basis = None
    if len(X) < X.shape[1]:
        basis, right = qr(X.T, mode="economic", check_finite=False)
        X = np.ascontiguousarray(right.T)
    share = weights / total
    mean = (share.astype(X.dtype) @ X).astype(np.float64)
    factor = _factor(X, share, mean, penalty)
    return _Problem(X, codes, share, n_classes, penalty, basis, mean, factor)


def _factor(X: Array, share: Array, mean: Array, penalty: float) -> Array:
    """A triangular root of about the Hessian of one class."""
    apart = (X - mean.astype(X.dtype)) * np.sqrt(share).astype(X.dtype)[:, None]
    hessian = CURVATURE * (apart.T @ apart)
    of_one = float(hessian.trace()) / len(hessian)
    for jitter in JITTERS:
        damped = hessian.copy()
        damped[np.diag_indices_from(damped)] += penalty + jitter * of_one
        try:
            return np.asarray(cholesky(damped, lower=True, overwrite_a=True, check_finite=False))
        except LinAlgError:
            continue
    return np.asarray(np.sqrt(penalty + of_one) * np.eye(len(hessian), dtype=X.dtype))
