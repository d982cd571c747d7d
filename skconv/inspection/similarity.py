"""Which kernels are alike but for a flip, a turn, a sign or a scale."""

from __future__ import annotations

from collections.abc import Collection
from numbers import Integral
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, _fit_context
from sklearn.utils import check_array, check_random_state
from sklearn.utils._param_validation import Interval
from sklearn.utils.validation import check_is_fitted

from skconv.kernels.orbits import best_clustered, explained, nearest, orbit_of, units

Floats = NDArray[np.float64]

INVARIANCES = ("flips", "turns", "sign")


def kernel_similarity(
    first: Any, second: Any, invariances: Collection[str] = INVARIANCES
) -> NDArray[np.float64]:
    """The cosine of each kernel of one bank with each of another, the largest that there is.

    Kernels are compared as vectors, in any scale; of the images of a kernel under flips,
    quarter turns and change of sign the most similar counts.

    Parameters
    ----------
    first : array-like of shape (n_first, height, width, channels)
    second : array-like of shape (n_second, height, width, channels)
    invariances : collection of {"flips", "turns", "sign"}, default=all of them
        What does not count as a difference: flips up and down, left and right; quarter
        turns (of square kernels); the sign.

    Returns
    -------
    similarity : ndarray of float64 of shape (n_first, n_second)
        1 where two kernels are the same, 0 with a kernel of zeros. With ``"sign"`` not
        negative.

    Raises
    ------
    ValueError
        Where kernels are not such arrays of finite numbers, differ in shape, or are not
        square with ``"turns"``, or where an invariance has another name.

    Examples
    --------
    >>> import numpy as np
    >>> from skconv.inspection import kernel_similarity
    >>> sobel = np.array([[1, 0, -1], [2, 0, -2], [1, 0, -1]])[None, :, :, None]
    >>> kernel_similarity(sobel, -3 * np.rot90(sobel, axes=(1, 2)))
    array([[1.]])
    >>> kernel_similarity(sobel, np.rot90(sobel, axes=(1, 2)), ["flips", "sign"]).round(9)
    array([[0.]])
    """
    vectors = units(checked_kernels(first, invariances))
    orbit = orbit_of(checked_kernels(second, invariances), invariances)
    if vectors.shape[1] != orbit.shape[2] or np.shape(first)[1:] != np.shape(second)[1:]:
        raise ValueError(
            f"kernels have shapes {np.shape(first)[1:]} and {np.shape(second)[1:]}, expected "
            f"the same"
        )
    similarity = np.full((len(vectors), orbit.shape[1]), -np.inf)
    for images in orbit:
        np.maximum(similarity, vectors @ images.T, out=similarity)
    return similarity


class KernelDictionary(BaseEstimator):
    """A few kernels that many are, up to flips, quarter turns, sign and scale.

    Spherical k-means over orbits: a kernel belongs to the centroid that one of its images is
    most similar to, and a centroid is the direction of the sum of these images.

    Parameters
    ----------
    n_centroids : int, default=16
        Size of the dictionary.
    invariances : collection of {"flips", "turns", "sign"}, default=("flips", "turns", "sign")
        What does not count as a difference; see `kernel_similarity`. The scale never does.
    n_init : int, default=4
        Starts (k-means++), of which the best counts.
    max_iter : int, default=100
        Rounds at most, of each.
    random_state : int, RandomState instance or None, default=None
        An int makes the starts reproducible.

    Attributes
    ----------
    centroids_ : ndarray of float64 of shape (n_centroids, height, width, channels)
        Of length 1.
    labels_ : ndarray of int64 of shape (n_kernels,)
        The centroid of each kernel of `fit`.
    score_ : float
        What `score` says of the kernels of `fit`.

    See Also
    --------
    kernel_similarity : All pairs of kernels of two banks.

    References
    ----------
    S. Son, S. Nah, K. M. Lee, "Clustering convolutional kernels to compress deep neural
    networks", ECCV 2018.

    Examples
    --------
    >>> import numpy as np
    >>> from skconv.inspection import KernelDictionary
    >>> from skconv.kernels import FixedKernels
    >>> bank = FixedKernels(names="sobel").fit(np.zeros((1, 8, 8, 1)))
    >>> dictionary = KernelDictionary(n_centroids=2, random_state=0).fit(bank.kernels_)
    >>> dictionary.labels_, round(dictionary.score_, 6)
    (array([0, 1, 0, 1]), 1.0)

    Upright edges are one, oblique ones the other.
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "n_centroids": [Interval(Integral, 1, None, closed="left")],
        "invariances": [list, tuple, set, frozenset],
        "n_init": [Interval(Integral, 1, None, closed="left")],
        "max_iter": [Interval(Integral, 1, None, closed="left")],
        "random_state": ["random_state"],
    }

    def __init__(
        self,
        n_centroids: int = 16,
        *,
        invariances: Collection[str] = INVARIANCES,
        n_init: int = 4,
        max_iter: int = 100,
        random_state: Any = None,
    ) -> None:
        self.n_centroids = n_centroids
        self.invariances = invariances
        self.n_init = n_init
        self.max_iter = max_iter
        self.random_state = random_state

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, kernels: Any, y: Any = None) -> KernelDictionary:
        """Find the centroids of kernels ``(n_kernels, height, width, channels)``.

        Raises
        ------
        ValueError
            Where kernels are not such an array of finite numbers, are not square with
            ``"turns"``, or where fewer than `n_centroids` are not zero.
        """
        kernels = checked_kernels(kernels, self.invariances)
        orbit = orbit_of(kernels, self.invariances)
        used = orbit[:, np.any(orbit[0] != 0, axis=1)]
        if used.shape[1] < self.n_centroids:
            raise ValueError(
                f"n_centroids={self.n_centroids} is more than the {used.shape[1]} kernel(s) that "
                "are not zero"
            )
        random_state = check_random_state(self.random_state)
        centroids = best_clustered(used, self.n_centroids, random_state, self.n_init, self.max_iter)
        self.centroids_ = centroids.reshape(-1, *kernels.shape[1:])
        labels, _, cosines = nearest(orbit, centroids)
        self.labels_, self.score_ = labels, explained(cosines)
        return self

    def predict(self, kernels: Any) -> NDArray[np.int64]:
        """The centroid of each of other kernels."""
        return self._nearest(kernels)[0]

    def score(self, kernels: Any, y: Any = None) -> float:
        """How much of kernels is one of the centroids, turned and scaled as fits best.

        The share of the sum of squares, each kernel at length 1: the mean squared cosine.
        Kernels of zeros count as 0.
        """
        return explained(self._nearest(kernels)[2])

    def _nearest(self, kernels: Any) -> tuple[NDArray[np.int64], NDArray[np.int64], Floats]:
        check_is_fitted(self)
        kernels = checked_kernels(kernels, self.invariances)
        if kernels.shape[1:] != self.centroids_.shape[1:]:
            raise ValueError(
                f"kernels have shape {kernels.shape[1:]}, those of the dictionary "
                f"{self.centroids_.shape[1:]}"
            )
        return nearest(orbit_of(kernels, self.invariances), units(self.centroids_))


def checked_kernels(kernels: Any, invariances: Collection[str]) -> Floats:
    """Kernels as an array; ValueError where they are no bank, or cannot be turned."""
    if unknown := sorted(set(invariances) - set(INVARIANCES)):
        raise ValueError(f"invariances has {unknown}, expected some of {list(INVARIANCES)}")
    kernels = check_array(
        kernels, ensure_2d=False, allow_nd=True, dtype=np.float64, input_name="kernels"
    )
    if kernels.ndim != 4:
        raise ValueError(
            f"kernels have shape {kernels.shape}, expected (n_kernels, height, width, channels)"
        )
    if "turns" in invariances and kernels.shape[1] != kernels.shape[2]:
        raise ValueError(
            f"invariances={tuple(invariances)!r} of kernels {kernels.shape[1]}x{kernels.shape[2]}: "
            "'turns' needs square ones"
        )
    return kernels
