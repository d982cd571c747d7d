"""Kernels from principal components of patches (Chan et al. 2015)."""

from __future__ import annotations

import math
from numbers import Integral
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, _fit_context
from sklearn.utils._param_validation import Interval, StrOptions

from skconv.exceptions import ShapeWarning, warn
from skconv.kernels.base import PADDINGS, Padding, Pair, check_maps
from skconv.kernels.moments import (
    Maps,
    PatchShape,
    RemoveMean,
    count_patches,
    mean_projection,
    rounding_of,
    second_moment,
)

# Entries that differ by less than this are as large as one another: symmetric patches
# have kernels whose largest entries differ by rounding alone.
_TIE = 1e-6


def max_rank(patch: PatchShape, remove_mean: RemoveMean) -> int:
    """The largest number of kernels that any data can give."""
    return math.prod(patch) - {"channel": patch[2], "patch": 1, None: 0}[remove_mean]


def check_rank(n_kernels: int, rank: int, patch: PatchShape, *, clip: bool) -> int:
    """How many kernels to take of a given rank; ValueError where it is too low."""
    if n_kernels <= rank:
        return n_kernels
    excess = f"n_kernels={n_kernels} is more than the rank of the patches"
    if clip and rank > 0:
        warn(f"{excess}: {rank} is used", ShapeWarning)
        return rank
    raise ValueError(
        f"{excess}: patches of {math.prod(patch)} feature(s), shape {patch}, have rank "
        f"{rank} once their means are removed as told; expected n_kernels <= {rank}"
    )


def principal_kernels(
    moment: NDArray[np.float64],
    patch: PatchShape,
    n_kernels: int,
    *,
    remove_mean: RemoveMean = "channel",
    clip: bool = False,
) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
    """Leading eigenvectors, as kernels, and eigenvalues of a second moment of patches.

    To remove the mean of every patch is to project the moment on both sides with
    ``I - 1 1^T / n``. With `clip` fewer kernels than asked for come, with a warning,
    where the rank is lower; without it that is a ValueError.
    """
    projection = mean_projection(patch, remove_mean)
    values, vectors = np.linalg.eigh(projection @ moment @ projection)
    values, vectors = values[::-1], vectors[:, ::-1]
    rank = int(np.sum(values > rounding_of(moment)))
    n_kernels = check_rank(n_kernels, rank, patch, clip=clip)
    kernels = with_fixed_signs(vectors[:, :n_kernels].T).reshape(n_kernels, *patch)
    return np.ascontiguousarray(kernels, np.float32), values[:n_kernels].copy()


def with_fixed_signs(vectors: NDArray[np.float64]) -> NDArray[np.float64]:
    """Each vector times ±1, so that its largest entry (the first one on ties) is positive."""
    sizes = np.abs(vectors)
    largest = sizes >= (1 - _TIE) * sizes.max(axis=1, keepdims=True)
    first = np.take_along_axis(vectors, largest.argmax(axis=1)[:, None], axis=1)
    return vectors * np.sign(first)


class PCAKernels(BaseEstimator):
    """Principal components of the patches of maps.

    One patch lies at every pixel. The kernels are the leading eigenvectors of the second
    moment ``sum p p^T`` of the patches ``p``, each less its own mean. The moment is *not*
    centred across patches, so it is not what `sklearn.decomposition.PCA` sees.

    A kernel has unit length and, unless ``remove_mean=None``, sums to zero; therefore a
    plain convolution gives the same as one with patches whose means are removed. Its sign
    is fixed: the entry of largest magnitude, the first of several, is positive.

    Parameters
    ----------
    n_kernels : int, default=8
        How many.
    kernel_size : int or (int, int), default=7
        Height and width, in pixels.
    padding : {"valid", "same", "full", "circular"}, default="valid"
        Which patches count: those inside the maps; one around every pixel, zeros outside;
        or the same with the opposite border outside.
    remove_mean : {"channel", "patch"} or None, default="channel"
        What each patch is made free of: the mean of each of its channels (as PCANet
        does), its mean over all channels, or nothing.
    clip : bool, default=False
        Where the rank of the patches is lower than `n_kernels`: take as many, with a
        warning, instead of raising.

    Attributes
    ----------
    kernels_ : ndarray of float32 of shape (n_kernels, kernel_height, kernel_width, channels)
        The eigenvectors, largest eigenvalue first.
    biases_ : ndarray of float32 of shape (n_kernels,)
        Zeros.
    eigenvalues_ : ndarray of float64 of shape (n_kernels,)
        Mean square of the response to each kernel.
    scatter_ : ndarray of float64 of shape (n_entries, n_entries)
        Sum of ``p p^T`` before any mean is removed: what `partial_fit` adds to.
    n_patches_ : int
        How many patches were seen.

    References
    ----------
    T.-H. Chan, K. Jia, S. Gao, J. Lu, Z. Zeng, Y. Ma, "PCANet: a simple deep learning
    baseline for image classification?", IEEE Transactions on Image Processing 24(12),
    2015, equations 1 to 3.

    Examples
    --------
    On patches of two pixels the one kernel is their difference:

    >>> import numpy as np
    >>> from skconv.kernels.pca import PCAKernels
    >>> maps = np.array([1.0, 3.0, 2.0, 2.0]).reshape(1, 1, 4, 1)
    >>> source = PCAKernels(n_kernels=1, kernel_size=(1, 2)).fit(maps)
    >>> source.kernels_.ravel()
    array([ 0.70710677, -0.70710677], dtype=float32)
    >>> source.eigenvalues_.round(4)                       # (2^2 + 1^2 + 0^2) / 3 / 2
    array([0.8333])
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "n_kernels": [Interval(Integral, 1, None, closed="left")],
        "kernel_size": ["array-like", Interval(Integral, 1, None, closed="left")],
        "padding": [StrOptions(set(PADDINGS))],
        "remove_mean": [StrOptions({"channel", "patch"}), None],
        "clip": ["boolean"],
    }

    def __init__(
        self,
        *,
        n_kernels: int = 8,
        kernel_size: int | Pair = 7,
        padding: Padding = "valid",
        remove_mean: RemoveMean = "channel",
        clip: bool = False,
    ) -> None:
        self.n_kernels = n_kernels
        self.kernel_size = kernel_size
        self.padding = padding
        self.remove_mean = remove_mean
        self.clip = clip

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, maps: Maps, y: Any = None) -> PCAKernels:
        """Learn the kernels from maps ``(n_samples, height, width, channels)``.

        Raises
        ------
        ValueError
            Where ``maps`` is not such an array of finite numbers, the kernel does not fit
            in it, or `n_kernels` is more than the rank of the patches.
        """
        return self._learn(maps, scatter=None, n_patches=0)

    @_fit_context(prefer_skip_nested_validation=True)
    def partial_fit(self, maps: Maps, y: Any = None) -> PCAKernels:
        """Learn from more maps: the kernels are those of all maps seen since `fit`."""
        if not hasattr(self, "scatter_"):
            return self._learn(maps, scatter=None, n_patches=0)
        return self._learn(maps, scatter=self.scatter_, n_patches=self.n_patches_)

    def _add_sums(self, other: PCAKernels) -> None:
        """What `skconv.merge` does, once both are known to be alike."""
        patch = self.kernels_.shape[1:]
        if patch != other.kernels_.shape[1:]:
            raise ValueError(
                f"merge of PCAKernels of patches of shape {patch} and {other.kernels_.shape[1:]}, "
                "expected maps of one number of channels"
            )
        self._set(self.scatter_ + other.scatter_, self.n_patches_ + other.n_patches_, patch)

    def _learn(self, maps: Maps, scatter: NDArray[np.float64] | None, n_patches: int) -> PCAKernels:
        maps, size = check_maps(maps, self.kernel_size, self.padding)
        patch = (*size, maps.shape[3])
        if not self.clip:
            check_rank(self.n_kernels, max_rank(patch, self.remove_mean), patch, clip=False)
        if scatter is not None and len(scatter) != math.prod(patch):
            raise ValueError(
                f"partial_fit with patches of {math.prod(patch)} numbers {patch}, expected the "
                f"{len(scatter)} of the maps before"
            )
        moment = second_moment(maps, size, self.padding)
        moment = moment if scatter is None else scatter + moment
        return self._set(moment, n_patches + count_patches(maps.shape, size, self.padding), patch)

    def _set(self, moment: NDArray[np.float64], n_patches: int, patch: PatchShape) -> PCAKernels:
        kernels, values = principal_kernels(
            moment, patch, self.n_kernels, remove_mean=self.remove_mean, clip=self.clip
        )
        self.kernels_, self.eigenvalues_ = kernels, values / n_patches
        self.biases_ = np.zeros(len(kernels), np.float32)
        self.scatter_, self.n_patches_ = moment, n_patches
        return self
