"""A support vector classifier with the Laplacian kernel, made for small targets."""

from __future__ import annotations

import math
from itertools import combinations
from numbers import Integral, Real
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin, _fit_context
from sklearn.svm import NuSVC
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import HasMethods, Interval, StrOptions
from sklearn.utils.multiclass import _ovr_decision_function, check_classification_targets
from sklearn.utils.validation import check_is_fitted, check_memory, validate_data

from skconv.classifiers.laplacian import (
    ACCEPTED,
    dense,
    l1_distances,
    laplacian_kernel,
    machine_sums,
    steepness,
)
from skconv.classifiers.reduced_set import learn_reduced_set
from skconv.graph import KernelMachine
from skconv.runtime.windows import votes
from skconv.utils.doc_link import DocLinkMixin
from skconv.utils.restore import restored_on_error


def _check_nu(nu: float, classes: NDArray[Any], counts: NDArray[np.intp]) -> None:
    """ValueError where a pair of classes is too unequal for ``nu``.

    The smallest class with the largest decides. At the limit itself the problem has one
    point, but no finite scale (every coefficient of the smaller class is at its bound):
    libsvm returns infinities. The limit is cut, not rounded, to six digits.
    """
    few, many = int(counts.argmin()), int(counts.argmax())
    if nu * (counts[few] + counts[many]) / 2 < counts[few]:
        return
    limit = 2 * counts[few] / (counts[few] + counts[many])
    raise ValueError(
        f"nu={nu} is infeasible for the classes {classes[few]!s} ({counts[few]} samples) and "
        f"{classes[many]!s} ({counts[many]} samples): nu must be less than "
        f"{math.floor(limit * 1e6) / 1e6}"
    )


class LaplacianNuSVC(ClassifierMixin, DocLinkMixin, BaseEstimator):
    r"""Nu support vector classifier with the kernel :math:`e^{-\gamma \|x - s\|_1}`.

    The Laplacian kernel needs no multiplication on the target: with ``power_of_two=True``
    on integers, as `QuantizedFeatures` gives them, it is :math:`2^{-2^{-p} d}` of an
    integer distance ``d``, which is a table and a shift. On other features the distance is
    brought to the exponent by one product for each support vector.
    The estimator owns its support vectors, so it can be saved, read and exported.

    Several classes are handled one against one, as in `sklearn.svm.NuSVC`: the class that
    wins most pairs is predicted, the first of them where several do.

    With `max_support_vectors` a larger machine is replaced by so many vectors, which need
    not be samples and which all classes share: gradient descent moves them and their
    coefficients until each sample's own class has the largest score. The largest score is
    then predicted.

    Parameters
    ----------
    nu : float in (0, 1), default=0.05
        Upper bound on the fraction of margin errors, lower bound on the fraction of
        support vectors. For classes of sizes a <= b it must be less than 2a / (a + b).
        The default is less than the 0.5 of `sklearn.svm.NuSVC`: every support vector
        costs flash, and 0.5 is infeasible for classes more unequal than 1 : 3
        (0.05: 1 : 39).
    max_support_vectors : int or None, default=None
        The most support vectors to keep; at least as many as classes. Where the machine
        has more, a reduced set is learnt, in at least 300 passes over the training
        samples.
        ``None`` keeps all.
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
    decision_function_shape : {"ovr", "ovo"}, default="ovr"
        ``"ovo"`` returns one decision for each pair of classes, ``"ovr"`` one value for
        each class: its votes, plus less than one half for the size of the decisions.
    memory : str, `joblib.Memory` or None, default=None
        Where the distances between training samples are kept. A grid over `gamma` and
        `nu` then computes them once for each fold.
    random_state : int, RandomState instance or None, default=None
        An int makes a reduced set reproducible; without one nothing is random.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        Labels.
    support_ : ndarray of shape (n_support_vectors,)
        Indices of the support vectors in the training data, sorted by class. Of a reduced
        set: of the samples that its vectors started from.
    support_vectors_ : ndarray of shape (n_support_vectors, n_features)
        Support vectors, float32 where the training data were, else float64. Those of a
        reduced set are within the range of the training data, and integers where all of
        those are, as behind `QuantizedFeatures`.
    n_support_ : ndarray of shape (n_classes,)
        Support vectors of each class.
    dual_coef_ : ndarray of shape (n_classes - 1, n_support_vectors)
        Coefficients, signed as in `sklearn.svm.NuSVC`. Of a reduced set for more than two
        classes: ``(n_classes, n_support_vectors)``, those of each class's score.
    intercept_ : ndarray of shape (n_classes * (n_classes - 1) / 2,)
        Intercepts. Of a reduced set for more than two classes: ``(n_classes,)``.
    gamma_ : float
        The steepness in use.
    n_iter_ : ndarray of shape (n_classes * (n_classes - 1) / 2,)
        Iterations of the solver for each pair of classes.
    n_features_in_ : int
        Features seen in `fit`.

    See Also
    --------
    LaplacianOneClassSVM : Where there are samples of one class only.
    sklearn.svm.NuSVC : The same machine with other kernels.

    Notes
    -----
    `nu` is no cap on the support vectors: `gamma` decides their number at least as much,
    and for a large `gamma` every sample is one. `max_support_vectors` is the cap; on
    images a few dozen learnt vectors often do as well as thousands of samples. Scale the
    features to a common unit first:
    the L1 distance is not scale invariant.

    `decision_function` breaks a tie of votes by the size of the decisions, `predict` does
    not, as in `sklearn.svm.NuSVC` with ``break_ties=False``: it is what a target computes.

    With parallel workers, those that start on a fold at the same time may each compute
    its distances.

    References
    ----------
    .. [1] B. Schölkopf, A. Smola, R. Williamson, P. Bartlett, "New Support Vector
       Algorithms", Neural Computation 12, 2000, section 5.
    .. [2] D. Anguita, S. Pischiutta, S. Ridella, D. Sterpi, "Feed-Forward Support Vector
       Machine Without Multipliers", IEEE Transactions on Neural Networks 17(5), 2006.

    Examples
    --------
    >>> import numpy as np
    >>> from skconv import LaplacianNuSVC
    >>> X, y = np.array([[0.0], [1.0]]), ["left", "right"]
    >>> model = LaplacianNuSVC(nu=0.5, gamma=np.log(2)).fit(X, y)
    >>> model.predict([[0.2], [0.7]])
    array(['left', 'right'], dtype='<U5')
    >>> model.dual_coef_.round(6)
    array([[-2.,  2.]])

    Thirty vectors, shared by ten classes:

    >>> from skconv.datasets import load_digits
    >>> X, y = load_digits(return_X_y=True)
    >>> small = LaplacianNuSVC(max_support_vectors=30, random_state=0)
    >>> small.fit(X[:500].reshape(500, -1), y[:500]).support_vectors_.shape
    (30, 64)
    >>> small.score(X[500:].reshape(-1, 64), y[500:]) > 0.9
    True
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "nu": [Interval(Real, 0.0, 1.0, closed="neither")],
        "max_support_vectors": [Interval(Integral, 1, None, closed="left"), None],
        "gamma": [StrOptions({"scale", "auto"}), Interval(Real, 0.0, None, closed="neither")],
        "power_of_two": ["boolean"],
        "tol": [Interval(Real, 0.0, None, closed="neither")],
        "max_iter": [Interval(Integral, -1, None, closed="left")],
        "cache_size": [Interval(Real, 0.0, None, closed="neither")],
        "decision_function_shape": [StrOptions({"ovr", "ovo"})],
        "memory": [str, HasMethods(["cache"]), None],
        "random_state": ["random_state"],
    }

    def __init__(
        self,
        *,
        nu: float = 0.05,
        max_support_vectors: int | None = None,
        gamma: float | Literal["scale", "auto"] = "scale",
        power_of_two: bool = False,
        tol: float = 1e-3,
        max_iter: int = -1,
        cache_size: float = 200,
        decision_function_shape: Literal["ovr", "ovo"] = "ovr",
        memory: Any = None,
        random_state: Any = None,
    ) -> None:
        self.nu = nu
        self.max_support_vectors = max_support_vectors
        self.gamma = gamma
        self.power_of_two = power_of_two
        self.tol = tol
        self.max_iter = max_iter
        self.cache_size = cache_size
        self.decision_function_shape = decision_function_shape
        self.memory = memory
        self.random_state = random_state

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: Any, y: Any) -> LaplacianNuSVC:
        """Find the support vectors.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Training samples. A sparse matrix is made dense: support vectors are kept so.
        y : array-like of shape (n_samples,)
            Labels.

        Returns
        -------
        self : LaplacianNuSVC
            The fitted classifier.

        Raises
        ------
        ValueError
            Where `nu` is infeasible for a pair of classes, or `max_support_vectors` less
            than the number of classes, before any distance is computed; where ``X`` or
            ``y`` is not what it must be.
        """
        with restored_on_error(self):
            return self._fit(X, y)

    def _fit(self, X: Any, y: Any) -> LaplacianNuSVC:
        X, y = validate_data(self, X, y, **ACCEPTED)
        X = dense(X)
        check_classification_targets(y)
        classes, codes, counts = np.unique(y, return_inverse=True, return_counts=True)
        if len(classes) < 2:
            raise ValueError(f"y must have at least 2 classes, got 1 class: {classes[0]!s}")
        _check_nu(self.nu, classes, counts)
        limit = self.max_support_vectors
        if limit is not None and limit < len(classes):
            raise ValueError(
                f"max_support_vectors={limit} must be at least the number of classes, "
                f"{len(classes)}"
            )

        distances = check_memory(self.memory).cache(l1_distances)(X)
        gamma = steepness(self.gamma, self.power_of_two, distances, X.shape[1])
        solution = self._solve(laplacian_kernel(distances, gamma), codes)

        self.classes_ = classes
        self.gamma_ = gamma
        self.support_ = solution.support_
        self.support_vectors_ = X[solution.support_]
        self.n_support_ = solution.n_support_
        self.dual_coef_ = solution.dual_coef_
        self.intercept_ = solution.intercept_
        self.n_iter_ = solution.n_iter_
        if limit is not None and limit < len(self.support_):
            self._reduce(X, codes, limit)
        return self

    def _reduce(self, X: NDArray[np.floating], codes: NDArray[np.intp], limit: int) -> None:
        """Replace the support vectors by a few learnt ones."""
        rng = check_random_state(self.random_state)
        learnt = learn_reduced_set(X, codes, self.support_, limit, self.gamma_, rng)
        self.support_ = learnt.origins.astype(self.support_.dtype)
        self.support_vectors_ = learnt.vectors
        counts = np.bincount(codes[learnt.origins], minlength=len(self.classes_))
        self.n_support_ = counts.astype(self.n_support_.dtype)
        self.dual_coef_ = learnt.coefficients
        self.intercept_ = learnt.intercept

    @property
    def _is_scored(self) -> bool:
        """Whether decisions are scores of classes, the layout of a reduced set."""
        return len(self.dual_coef_) == len(self.classes_)

    def decision_function(self, X: Any) -> NDArray[np.float64]:
        """Signed distances to the boundaries.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Samples.

        Returns
        -------
        decision : ndarray
            Two classes: ``(n_samples,)``, positive for ``classes_[1]``. More:
            ``(n_samples, n_classes)`` or, with ``decision_function_shape="ovo"``,
            ``(n_samples, n_pairs)``, positive for the first class of a pair. Of a reduced
            set: the scores of the classes, or their differences.
        """
        decisions = self._pair_decisions(X)
        if len(self.classes_) == 2:
            return decisions[:, 0]
        if self._is_scored:
            return self._scores_or_differences(decisions)
        if self.decision_function_shape == "ovo":
            return decisions
        return np.asarray(_ovr_decision_function(decisions < 0, -decisions, len(self.classes_)))

    def predict(self, X: Any) -> NDArray[Any]:
        """Labels.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Samples.

        Returns
        -------
        labels : ndarray of shape (n_samples,)
            The class that wins most pairs; of a reduced set the one with the largest
            score.
        """
        decisions = self._pair_decisions(X)
        if len(self.classes_) == 2:
            return self.classes_[(decisions[:, 0] > 0).astype(np.intp)]
        if not self._is_scored:
            decisions = votes(decisions, len(self.classes_))
        return self.classes_[decisions.argmax(axis=1)]

    def _scores_or_differences(self, scores: NDArray[np.float64]) -> NDArray[np.float64]:
        if self.decision_function_shape == "ovr":
            return scores
        first, second = np.array([*combinations(range(len(self.classes_)), 2)]).T
        return scores[:, first] - scores[:, second]

    def _solve(self, kernel: NDArray[np.float64], codes: NDArray[np.intp]) -> NuSVC:
        """The support set: the only place that decides which samples are kept."""
        return NuSVC(
            nu=self.nu,
            kernel="precomputed",
            tol=self.tol,
            max_iter=self.max_iter,
            cache_size=self.cache_size,
        ).fit(kernel, codes)

    def _kernel_machine(self) -> KernelMachine:
        """The fitted machine as an op of a graph; numbers are not rounded."""
        return KernelMachine(
            "laplacian",
            self.support_vectors_,
            self.dual_coef_,
            self.intercept_,
            () if self._is_scored else tuple(int(n) for n in self.n_support_),
            gamma=self.gamma_,
        )

    def _pair_decisions(self, X: Any) -> NDArray[np.float64]:
        check_is_fitted(self)
        X = dense(validate_data(self, X, reset=False, **ACCEPTED))
        return machine_sums(self._kernel_machine(), X)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags
