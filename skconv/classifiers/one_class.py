"""A one-class machine with the Laplacian kernel, made for small targets."""

from __future__ import annotations

from numbers import Integral, Real
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, OutlierMixin, _fit_context
from sklearn.svm import OneClassSVM
from sklearn.utils._param_validation import HasMethods, Interval, StrOptions
from sklearn.utils.validation import check_is_fitted, check_memory, validate_data

from skconv.classifiers.laplacian import (
    ACCEPTED,
    dense,
    l1_distances,
    laplacian_kernel,
    machine_sums,
    steepness,
)
from skconv.graph import KernelMachine
from skconv.utils.doc_link import DocLinkMixin
from skconv.utils.restore import restored_on_error


class LaplacianOneClassSVM(OutlierMixin, DocLinkMixin, BaseEstimator):
    r"""One-class support vector machine with the kernel :math:`e^{-\gamma \|x - s\|_1}`.

    It learns where samples lie, without outliers to learn from: its score is high there, and
    less than 0 elsewhere. The Laplacian kernel needs no multiplication on the target, as
    `LaplacianNuSVC` explains. The estimator owns its support vectors, so it can be saved, read
    and exported.

    Parameters
    ----------
    nu : float in (0, 1], default=0.05
        Upper bound on the fraction of training samples that are taken for outliers, lower bound
        on the fraction that are support vectors. The default is less than the 0.5 of
        `sklearn.svm.OneClassSVM`: every support vector costs flash, and half of all samples are
        seldom outliers.
    gamma : {"scale", "auto"} or float > 0, default="scale"
        Steepness of the kernel. ``"scale"`` is 1 / (mean L1 distance of two training
        samples): a typical kernel value is then 1/e, whatever the number and the unit of
        the features. ``"auto"`` is 1 / n_features.
    power_of_two : bool, default=False
        Round ``gamma / ln 2`` to the nearest power of two.
    tol : float, default=1e-3
        Tolerance of the solver.
    max_iter : int, default=-1
        Limit on iterations of the solver, -1 for none.
    cache_size : float, default=200
        Kernel cache of the solver in MB.
    memory : str, `joblib.Memory` or None, default=None
        Where the distances between training samples are kept. A grid over `gamma` and
        `nu` then computes them once for each fold.

    Attributes
    ----------
    support_ : ndarray of shape (n_support_vectors,)
        Indices of the support vectors in the training data.
    support_vectors_ : ndarray of shape (n_support_vectors, n_features)
        Support vectors, float32 where the training data were, else float64.
    dual_coef_ : ndarray of shape (1, n_support_vectors)
        Coefficients, from 0 to 1.
    offset_ : float
        What `score_samples` exceeds for an inlier: ``decision_function = score_samples -
        offset_``.
    gamma_ : float
        The steepness in use.
    n_iter_ : int
        Iterations of the solver.
    n_features_in_ : int
        Features seen in `fit`.

    See Also
    --------
    LaplacianNuSVC : Where there are samples of all classes.
    sklearn.svm.OneClassSVM : The same machine with other kernels.

    Notes
    -----
    The kernel of every sample with itself is 1, so the machine is also the smallest sphere
    around the training samples in the feature space of the kernel [1]_. Scale the features to
    a common unit first: the L1 distance is not scale invariant.

    References
    ----------
    .. [1] B. Schölkopf, J. Platt, J. Shawe-Taylor, A. Smola, R. Williamson, "Estimating the
       Support of a High-Dimensional Distribution", Neural Computation 13, 2001.

    Examples
    --------
    Two samples at a distance of ln 2 have a kernel of 1/2. Each has half of the weight, and both
    lie on the border, at a score of 1/2 * 1 + 1/2 * 1/2. Farther out by ln 2 it is half of that.

    >>> import numpy as np
    >>> from skconv import LaplacianOneClassSVM
    >>> X = np.array([[0.0], [np.log(2)]])
    >>> model = LaplacianOneClassSVM(nu=0.5, gamma=1.0).fit(X)
    >>> model.dual_coef_, round(model.offset_, 6)
    (array([[0.5, 0.5]]), 0.75)
    >>> model.score_samples([[0.0], [2 * np.log(2)]]).round(6)
    array([0.75 , 0.375])
    >>> model.predict([[2 * np.log(2)]])
    array([-1])
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "nu": [Interval(Real, 0.0, 1.0, closed="right")],
        "gamma": [StrOptions({"scale", "auto"}), Interval(Real, 0.0, None, closed="neither")],
        "power_of_two": ["boolean"],
        "tol": [Interval(Real, 0.0, None, closed="neither")],
        "max_iter": [Interval(Integral, -1, None, closed="left")],
        "cache_size": [Interval(Real, 0.0, None, closed="neither")],
        "memory": [str, HasMethods(["cache"]), None],
    }

    def __init__(
        self,
        *,
        nu: float = 0.05,
        gamma: float | Literal["scale", "auto"] = "scale",
        power_of_two: bool = False,
        tol: float = 1e-3,
        max_iter: int = -1,
        cache_size: float = 200,
        memory: Any = None,
    ) -> None:
        self.nu = nu
        self.gamma = gamma
        self.power_of_two = power_of_two
        self.tol = tol
        self.max_iter = max_iter
        self.cache_size = cache_size
        self.memory = memory

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: Any, y: Any = None) -> LaplacianOneClassSVM:
        """Find the support vectors.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Training samples, at least 2. A sparse matrix is made dense.
        y : ignored
            There are no labels.

        Returns
        -------
        self : LaplacianOneClassSVM
            The fitted machine.
        """
        with restored_on_error(self):
            return self._fit(X)

    def _fit(self, X: Any) -> LaplacianOneClassSVM:
        X = dense(validate_data(self, X, ensure_min_samples=2, **ACCEPTED))
        distances = check_memory(self.memory).cache(l1_distances)(X)
        gamma = steepness(self.gamma, self.power_of_two, distances, X.shape[1])
        solution = OneClassSVM(
            kernel="precomputed",
            nu=self.nu,
            tol=self.tol,
            max_iter=self.max_iter,
            cache_size=self.cache_size,
        ).fit(laplacian_kernel(distances, gamma))
        self.gamma_ = gamma
        self.support_ = solution.support_
        self.support_vectors_ = X[solution.support_]
        self.dual_coef_ = solution.dual_coef_
        self.offset_ = float(np.ravel(solution.offset_)[0])
        self.n_iter_ = int(solution.n_iter_)
        return self

    def score_samples(self, X: Any) -> NDArray[np.float64]:
        """Weighted sums of kernels: the higher, the more a sample is like those of `fit`.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Samples.

        Returns
        -------
        scores : ndarray of shape (n_samples,)
            ``decision_function(X) + offset_``.
        """
        return self.decision_function(X) + self.offset_

    def decision_function(self, X: Any) -> NDArray[np.float64]:
        """Positive for inliers.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Samples.

        Returns
        -------
        decision : ndarray of shape (n_samples,)
            The sums of kernels less ``offset_``.
        """
        check_is_fitted(self)
        X = dense(validate_data(self, X, reset=False, **ACCEPTED))
        return machine_sums(self._kernel_machine(), X)[:, 0]

    def predict(self, X: Any) -> NDArray[np.intp]:
        """1 for inliers, -1 for outliers.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Samples.

        Returns
        -------
        labels : ndarray of shape (n_samples,)
            1 where `decision_function` is positive.
        """
        return np.where(self.decision_function(X) > 0, 1, -1)

    def _kernel_machine(self) -> KernelMachine:
        """The fitted machine as an op of a graph; numbers are not rounded."""
        return KernelMachine(
            "laplacian",
            self.support_vectors_,
            self.dual_coef_,
            np.array([-self.offset_]),
            gamma=self.gamma_,
        )

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags
