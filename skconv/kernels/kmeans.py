"""Kernels from k-means on whitened patches (Coates, Lee, Ng 2011)."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from numbers import Integral, Real
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, _fit_context
from sklearn.cluster import KMeans, MiniBatchKMeans
from sklearn.metrics import pairwise_distances_argmin
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import Interval, StrOptions

from skconv.kernels.base import (
    PADDINGS,
    Padding,
    Pair,
    check_maps,
    first_of_equals,
    limited,
    unit_rows,
)
from skconv.kernels.moments import Maps, PatchShape, RemoveMean, mean_projection
from skconv.kernels.patches import sample_patches
from skconv.kernels.whitening import Whitening, zca

Algorithm = Literal["minibatch", "lloyd"]

# Patches between two moves of the centroids in `partial_fit`: as `MiniBatchKMeans` has it.
_STEP = 1024


@dataclass(frozen=True)
class PatchDistances:
    """Distances of a patch to centroids, and their triangle: the definition of both.

    A patch ``p`` is normalised, whitened and compared::

        q   = P p / sqrt(mean((P p)^2) + contrast_eps)     (P removes the mean of the patch)
        x   = W (q - m) = W q - mu
        z_k = |x - c_k|
        f_k = max(0, mean(z) - z_k)                        the triangle, mean over k

    What a graph needs for it, at each place of a map:

    - the contrast ``s = sqrt(mean((P p)^2) + contrast_eps)``: two box filters, of ``p`` and
      of ``p^2``; 1 where ``contrast_eps`` is None, and then everything up to ``x`` folds;
    - ``x``, a cross-correlation with the rows of ``W`` (`whitening_kernels`; W = W P),
      divided by ``s``, less ``mu = W m``. Distances do not change under a rotation of ``x``:
      the rows of ``W`` may be replaced by ``diag(1 / sqrt(lam + eps)) V^T``, of which
      directions that are 0 can be left out;
    - ``z_k^2 = |x|^2 - 2 c_k . x + |c_k|^2``, clipped at 0: a 1 x 1 convolution of ``x``
      with the centroids, and the sum of the squares of ``x``. ``|x|^2`` is no function of
      the dot products with centroids, so ``x`` itself must be computed: ``n_entries^2 +
      n_kernels * n_entries`` multiplications a place, against ``n_kernels * n_entries`` of
      the dot products alone.

    Parameters
    ----------
    centroids : ndarray of float64 of shape (n_kernels, n_entries)
        ``c_k``.
    whitening : Whitening
        ``W`` and ``m``.
    projection : ndarray of float64 of shape (n_entries, n_entries)
        ``P``.
    contrast_eps : float or None
        In squared units of the maps. None: patches are not divided by their contrast.

    Examples
    --------
    >>> import numpy as np
    >>> from skconv.kernels.kmeans import PatchDistances
    >>> from skconv.kernels.whitening import Whitening
    >>> plain = Whitening(np.eye(2), np.zeros(2))
    >>> centroids = np.array([[0.0, 0.0], [4.0, 0.0], [0.0, 3.0]])
    >>> distances = PatchDistances(centroids, plain, np.eye(2), None)
    >>> distances.triangle(np.array([[1.0, 0.0]])).round(6)
    array([[1.387426, 0.      , 0.      ]])
    """

    centroids: NDArray[np.float64]
    whitening: Whitening
    projection: NDArray[np.float64]
    contrast_eps: float | None

    def whitening_kernels(
        self, patch: PatchShape
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Kernels whose responses, divided by ``s``, are ``W q``; and what to add: ``-mu``."""
        return self.whitening.fold(np.eye(len(self.projection)), patch)

    def normalized(self, patches: NDArray[Any]) -> NDArray[np.float64]:
        """``q`` of patches, a row each."""
        return normalized(patches @ self.projection, self.contrast_eps)

    def distances(self, patches: NDArray[Any]) -> NDArray[np.float64]:
        """``z`` of patches: an array of shape (n_patches, n_kernels)."""
        x = self.whitening.apply(self.normalized(patches))
        squares = (
            np.sum(x**2, axis=1, keepdims=True)
            - 2 * x @ self.centroids.T
            + np.sum(self.centroids**2, axis=1)
        )
        return np.sqrt(np.maximum(squares, 0))

    def triangle(self, patches: NDArray[Any]) -> NDArray[np.float64]:
        """``f`` of patches: an array of shape (n_patches, n_kernels)."""
        z = self.distances(patches)
        return np.maximum(z.mean(axis=1, keepdims=True) - z, 0)


def normalized(patches: NDArray[np.float64], contrast_eps: float | None) -> NDArray[np.float64]:
    """Rows divided by the root of their mean square plus `contrast_eps`, if there is one."""
    if contrast_eps is None:
        return patches
    return patches / np.sqrt(np.mean(patches**2, axis=1, keepdims=True) + contrast_eps)


def moved(
    centroids: NDArray[np.float64], sizes: NDArray[np.int64], white: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Centroids and the sizes of their clusters after more whitened patches.

    Each patch goes to the nearest centroid, which stays the mean of all that came to it
    (Sculley 2010); so many at a time that one product gives their distances.
    """
    centroids, sizes = centroids.copy(), sizes.copy()
    for start in range(0, len(white), _STEP):
        batch = white[start : start + _STEP]
        nearest = pairwise_distances_argmin(batch, centroids)
        came = np.bincount(nearest, minlength=len(sizes))
        sums = np.zeros_like(centroids)
        np.add.at(sums, nearest, batch)
        sizes += came
        centroids += (sums - came[:, None] * centroids) / np.maximum(sizes, 1)[:, None]
    return centroids, sizes


def _largest_first(
    centroids: NDArray[np.float64], sizes: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    order = np.argsort(-sizes, kind="stable")
    return centroids[order], sizes[order]


class KMeansKernels(BaseEstimator):
    """Centroids of normalised, whitened patches, found by k-means.

    ``q`` is a patch less its own mean, divided by its contrast; ``x = W (q - m)`` is ``q``
    whitened (`PatchDistances` states both); k-means on ``x`` gives the centroids ``c_k``.

    There are two ways to use them. The triangle nonlinearity of the paper needs distances:
    ``distances_`` holds what defines them. Dot products are a convolution, and that is what
    the kernels are, with ``d = c / |c|``::

        response = d . x = d^T W (P p / s - m) = kernel . p + bias
        kernel   = W d / s,    bias = -d^T W m

    where ``s`` is the contrast of the patch. It differs from patch to patch, which no
    convolution can follow: ``s`` here is ``contrast_``, the root mean square contrast of
    all patches. With ``contrast_eps=None`` there is none (``s = 1``), and the response is
    exactly ``d . x``.

    Parameters
    ----------
    n_kernels : int, default=64
        How many centroids.
    kernel_size : int or (int, int), default=6
        Height and width, in pixels.
    eps : float or None, default=0.1
        Strength of whitening: what is added to the variance of every direction, relative
        to the mean variance of an entry of ``q``. That is near 1 where patches are divided by
        their contrast, so that the literature's 0.1 is 0.1 here. None: no whitening.
    contrast_eps : float or None, default=0.005
        What is added to the variance of every patch before its root divides it, relative to
        the mean of these variances; keeps flat patches flat. 0.005 is about the
        literature's 10 for photographs in [0, 255]. None: contrast is kept.
    remove_mean : {"channel", "patch"} or None, default="patch"
        What each patch is made free of first: the mean of each channel, that over all
        channels, or nothing.
    padding : {"valid", "same", "full", "circular"}, default="valid"
        Where patches lie: inside the maps; around every pixel, zeros outside; or the same
        with the opposite border outside.
    n_patches : int, default=50000
        How many patches are drawn to learn from. This bounds the memory: about 50 bytes for
        each number in them.
    algorithm : {"minibatch", "lloyd"}, default="minibatch"
        `sklearn.cluster.MiniBatchKMeans` or `sklearn.cluster.KMeans`.
    max_iter : int, default=100
        Passes over the patches at most.
    clip : bool, default=False
        Where there are fewer than `n_kernels`: take as many, with a warning, instead of
        raising.
    random_state : int, RandomState instance or None, default=None
        An int makes the kernels reproducible.

    Attributes
    ----------
    kernels_ : ndarray of float32 of shape (n_kernels, kernel_height, kernel_width, channels)
        ``W d / s``.
    biases_ : ndarray of float32 of shape (n_kernels,)
        ``-d^T W m``.
    centroids_ : ndarray of float64 of shape (n_kernels, n_entries)
        ``c``; the cluster of most patches first.
    cluster_sizes_ : ndarray of int64 of shape (n_kernels,)
        Patches nearest to each centroid, over all calls of `partial_fit`.
    distances_ : PatchDistances
        ``W``, ``m``, ``P`` and the absolute ``contrast_eps``.
    contrast_ : float
        ``s``; 1 without contrast normalisation.

    References
    ----------
    A. Coates, H. Lee, A. Y. Ng, "An analysis of single-layer networks in unsupervised feature
    learning", AISTATS 2011.

    D. Sculley, "Web-scale k-means clustering", WWW 2010 (`partial_fit`).

    Examples
    --------
    >>> import numpy as np
    >>> from skconv.kernels import KMeansKernels
    >>> maps = np.random.default_rng(0).integers(0, 256, size=(20, 8, 8, 1)).astype(np.uint8)
    >>> source = KMeansKernels(n_kernels=4, kernel_size=3, random_state=0).fit(maps)
    >>> source.kernels_.shape, source.centroids_.shape
    ((4, 3, 3, 1), (4, 9))
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "n_kernels": [Interval(Integral, 1, None, closed="left")],
        "kernel_size": ["array-like", Interval(Integral, 1, None, closed="left")],
        "eps": [Interval(Real, 0, None, closed="left"), None],
        "contrast_eps": [Interval(Real, 0, None, closed="neither"), None],
        "remove_mean": [StrOptions({"channel", "patch"}), None],
        "padding": [StrOptions(set(PADDINGS))],
        "n_patches": [Interval(Integral, 1, None, closed="left")],
        "algorithm": [StrOptions({"minibatch", "lloyd"})],
        "max_iter": [Interval(Integral, 1, None, closed="left")],
        "clip": ["boolean"],
        "random_state": ["random_state"],
    }

    def __init__(
        self,
        *,
        n_kernels: int = 64,
        kernel_size: int | Pair = 6,
        eps: float | None = 0.1,
        contrast_eps: float | None = 0.005,
        remove_mean: RemoveMean = "patch",
        padding: Padding = "valid",
        n_patches: int = 50_000,
        algorithm: Algorithm = "minibatch",
        max_iter: int = 100,
        clip: bool = False,
        random_state: Any = None,
    ) -> None:
        self.n_kernels = n_kernels
        self.kernel_size = kernel_size
        self.eps = eps
        self.contrast_eps = contrast_eps
        self.remove_mean = remove_mean
        self.padding = padding
        self.n_patches = n_patches
        self.algorithm = algorithm
        self.max_iter = max_iter
        self.clip = clip
        self.random_state = random_state

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, maps: Maps, y: Any = None) -> KMeansKernels:
        """Learn the kernels from maps ``(n_samples, height, width, channels)``.

        Raises
        ------
        ValueError
            Where ``maps`` is not such an array of finite numbers, the kernel does not fit
            in it, or there are fewer different patches than `n_kernels`.
        """
        return self._learn(maps)

    @_fit_context(prefer_skip_nested_validation=True)
    def partial_fit(self, maps: Maps, y: Any = None) -> KMeansKernels:
        """Learn from more maps: the first call is `fit`, later ones move its centroids.

        Contrast and whitening stay those of the first call, for the centroids are points of
        the space that they make; so the first maps should be a fair sample of all. Of each
        call's maps `n_patches` are drawn, at most, and each patch goes to the nearest
        centroid, which stays the mean of all that came to it.

        Raises
        ------
        ValueError
            As `fit`; also where patches have another shape than before, or `n_kernels`
            has changed.
        """
        if not hasattr(self, "centroids_"):
            return self._learn(maps)
        maps, size = check_maps(maps, self.kernel_size, self.padding)
        patch = (*size, maps.shape[3])
        self._check_as_before(patch)
        drawn, _ = sample_patches(maps, size, self.n_patches, self._random_state, self.padding)
        distances = self.distances_
        patches = distances.normalized(drawn.reshape(len(drawn), math.prod(patch)))
        centroids, sizes = moved(
            self.centroids_, self.cluster_sizes_, distances.whitening.apply(patches)
        )
        return self._set(*_largest_first(centroids, sizes), distances, self.contrast_, patch)

    def _learn(self, maps: Maps) -> KMeansKernels:
        maps, size = check_maps(maps, self.kernel_size, self.padding)
        patch = (*size, maps.shape[3])
        random_state = check_random_state(self.random_state)
        drawn, _ = sample_patches(maps, size, self.n_patches, random_state, self.padding)
        projection = mean_projection(patch, self.remove_mean)
        raw = drawn.reshape(len(drawn), math.prod(patch))
        patches = raw @ projection
        if np.abs(patches).max() <= Whitening(projection, np.zeros(len(projection))).rounding(raw):
            raise ValueError("maps have patches that are all flat: there is nothing to learn")
        contrast_eps, contrast = self._contrast(patches)
        patches = normalized(patches, contrast_eps)
        whitening = self._whitening(patches, projection)
        white = whitening.apply(patches)
        centroids, sizes = self._cluster(white, random_state)
        distances = PatchDistances(centroids, whitening, projection, contrast_eps)
        self._random_state = random_state
        return self._set(centroids, sizes, distances, contrast, patch)

    def _set(
        self,
        centroids: NDArray[np.float64],
        sizes: NDArray[np.int64],
        distances: PatchDistances,
        contrast: float,
        patch: PatchShape,
    ) -> KMeansKernels:
        """Keep what was learnt: centroids, in the whitened space of some `distances`."""
        kernels, biases = distances.whitening.fold(unit_rows(centroids), patch)
        self.kernels_, self.biases_ = (kernels / contrast).astype(np.float32), biases
        self.centroids_, self.cluster_sizes_, self.contrast_ = centroids, sizes, contrast
        self.distances_ = replace(distances, centroids=centroids)
        return self

    def _check_as_before(self, patch: PatchShape) -> None:
        seen = self.kernels_.shape
        n_kernels = min(self.n_kernels, seen[0]) if self.clip else self.n_kernels
        if seen != (n_kernels, *patch):
            raise ValueError(
                f"partial_fit with {self.n_kernels} kernels on patches of shape {patch}, "
                f"expected {seen[0]} and patches of shape {seen[1:]} as before"
            )

    def _contrast(self, patches: NDArray[np.float64]) -> tuple[float | None, float]:
        """Absolute ``contrast_eps`` and the contrast that stands for that of every patch."""
        if self.contrast_eps is None:
            return None, 1.0
        mean = float(np.mean(patches**2))
        absolute = self.contrast_eps * mean
        return absolute, math.sqrt(mean + absolute)

    def _whitening(
        self, patches: NDArray[np.float64], projection: NDArray[np.float64]
    ) -> Whitening:
        if self.eps is None:
            return Whitening(projection, np.zeros(len(projection)))
        moments = patches.T @ patches / len(patches), patches.mean(axis=0)
        return zca(moments, self.eps, projection)

    def _cluster(
        self, white: NDArray[np.float64], random_state: np.random.RandomState
    ) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        """Centroids and the sizes of their clusters, the largest first."""
        what = f"different patches among {len(white)} drawn"
        n_kernels = limited(self.n_kernels, len(first_of_equals(white)), what, clip=self.clip)
        means = {"minibatch": MiniBatchKMeans, "lloyd": KMeans}[self.algorithm](
            n_kernels,
            init="k-means++",
            n_init=1,
            max_iter=self.max_iter,
            random_state=random_state.randint(2**31),
        )
        labels = means.fit(white).labels_
        sizes = np.bincount(labels, minlength=n_kernels)
        return _largest_first(means.cluster_centers_.astype(np.float64), sizes)
