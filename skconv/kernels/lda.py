"""Kernels from linear discriminants of patches (LDANet)."""

from __future__ import annotations

import math
from numbers import Integral
from typing import Any, ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, _fit_context
from sklearn.utils._param_validation import Interval, StrOptions

from skconv.kernels.base import PADDINGS, Padding, Pair, check_labels, check_maps
from skconv.kernels.batches import batches_of
from skconv.kernels.moments import (
    Maps,
    PatchShape,
    RemoveMean,
    mean_projection,
    rounding_of,
    second_moment,
)
from skconv.kernels.pca import check_rank, max_rank, with_fixed_signs

_CHUNK_BYTES = 2**26


class ClassSums(NamedTuple):
    """What the samples of each class add up to: attributes of `LDAKernels` of the same names."""

    classes: NDArray[Any]
    counts: NDArray[np.int64]
    scatters: NDArray[np.float64]
    sums: NDArray[np.float64]

    def joined(self, other: ClassSums) -> ClassSums:
        """The sums of the samples of both."""
        classes = np.union1d(self.classes, other.classes)
        totals = [np.zeros((len(classes), *each.shape[1:]), each.dtype) for each in self[1:]]
        for part in (self, other):
            places = np.searchsorted(classes, part.classes)
            for total, each in zip(totals, part[1:], strict=True):
                total[places] += each
        return ClassSums(classes, *totals)


def class_sums(maps: Maps, y: NDArray[Any], size: Pair, padding: Padding) -> ClassSums:
    """For each class: its samples, their number, and the second moment of their patches."""
    classes, labels, counts = np.unique(y, return_inverse=True, return_counts=True)
    entries = math.prod(size) * maps.shape[3]
    scatters = np.zeros((len(classes), entries, entries))
    sums = np.zeros((len(classes), *maps.shape[1:]))
    start = 0
    for batch in batches_of(maps, _CHUNK_BYTES):
        of_batch = labels[start : start + len(batch)]
        start += len(batch)
        for label in np.unique(of_batch):
            samples = batch[of_batch == label]
            scatters[label] += second_moment(samples, size, padding)
            sums[label] += samples.sum(axis=0, dtype=np.float64)
    return ClassSums(classes, counts.astype(np.int64), scatters, sums)


def discriminants(
    within: NDArray[np.float64], between: NDArray[np.float64], noise: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Eigenvectors (rows) of ``within^+ between``, made orthonormal, and eigenvalues.

    On the range of ``within = U diag(s) U^T`` the problem is symmetric: ``B = s^-1/2 U^T
    between U s^-1/2`` has the same eigenvalues, and eigenvectors ``z`` that give ``U s^-1/2
    z``. Those are not orthogonal. Made so one after the other (QR), the first few span
    what they did. `noise` says which eigenvalues of `within` are rounding.
    """
    scales, basis = np.linalg.eigh(within)
    if not (scales > noise).any():
        raise ValueError("no class of y has two different samples: nothing varies within")
    basis = basis[:, scales > noise] / np.sqrt(scales[scales > noise])
    values, vectors = np.linalg.eigh(basis.T @ between @ basis)
    orthonormal = np.linalg.qr(basis @ vectors[:, ::-1])[0].T
    values = values[::-1]
    separates = values > len(within) * np.finfo(np.float64).eps * values[:1]
    return orthonormal[separates], values[separates]


class LDAKernels(BaseEstimator):
    """Linear discriminants of the patches of maps; supervised.

    Patches at one place are compared over samples (they are aligned). With ``P_i`` the
    matrix of the patches of sample ``i``, one column a place, each column less its own
    mean, ``G_c`` the mean of ``P_i`` over the samples of class ``c``, and ``G`` the mean of
    all ``G_c``::

        within  = sum_c mean_{i in c} (P_i - G_c)(P_i - G_c)^T
        between = mean_c (G_c - G)(G_c - G)^T

    The kernels are the leading eigenvectors of ``within^+ between``, made orthonormal one
    after the other. Each class counts the same, however many samples it has. A kernel
    has unit length and, unless ``remove_mean=None``, sums to zero, so that a plain
    convolution gives the same as one with patches whose means are removed. Its sign is
    that of `PCAKernels`: the entry of largest magnitude, the first of several, is positive.

    No matrix of patches is made: patches are linear in the maps, so ``G_c`` is the matrix
    of the patches of the mean map of the class, and both sums are second moments of maps.

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
        What each patch is made free of: the mean of each of its channels, its mean over
        all channels, or nothing.
    clip : bool, default=False
        Where there are fewer discriminants than `n_kernels`: take as many, with a warning,
        instead of raising.

    Attributes
    ----------
    kernels_ : ndarray of float32 of shape (n_kernels, kernel_height, kernel_width, channels)
        The discriminants, the one that separates best first.
    biases_ : ndarray of float32 of shape (n_kernels,)
        Zeros.
    eigenvalues_ : ndarray of float64 of shape (n_kernels,)
        Ratio of the variance between classes to that within, of each discriminant before
        it was made orthogonal to those in front of it.
    classes_ : ndarray of shape (n_classes,)
        The labels.
    class_counts_ : ndarray of int64 of shape (n_classes,)
        Samples seen of each class.
    class_scatters_ : ndarray of float64 of shape (n_classes, n_entries, n_entries)
        Sum of ``p p^T`` of each class before any mean is removed: what `partial_fit` adds to.
    class_sums_ : ndarray of float64 of shape (n_classes, height, width, channels)
        Sum of the samples of each class.

    References
    ----------
    T.-H. Chan, K. Jia, S. Gao, J. Lu, Z. Zeng, Y. Ma, "PCANet: a simple deep learning
    baseline for image classification?", IEEE Transactions on Image Processing 24(12),
    2015, section II-D (LDANet).

    Examples
    --------
    Two classes of pairs of pixels, which differ in the difference of the two:

    >>> import numpy as np
    >>> from skconv.kernels import LDAKernels
    >>> maps = np.random.default_rng(0).normal(size=(40, 1, 2, 1))
    >>> y = np.arange(40) % 2
    >>> maps[y == 1, 0, 1] += 3
    >>> source = LDAKernels(n_kernels=1, kernel_size=(1, 2)).fit(maps, y)
    >>> source.kernels_.ravel()
    array([ 0.70710677, -0.70710677], dtype=float32)
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "n_kernels": [Interval(Integral, 1, None, closed="left")],
        "kernel_size": ["array-like", Interval(Integral, 1, None, closed="left")],
        "padding": [StrOptions(set(PADDINGS))],
        "remove_mean": [StrOptions({"channel", "patch"}), None],
        "clip": ["boolean"],
    }

    classes_: NDArray[Any]
    class_counts_: NDArray[np.int64]
    class_scatters_: NDArray[np.float64]
    class_sums_: NDArray[np.float64]

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
    def fit(self, maps: Maps, y: Any = None) -> LDAKernels:
        """Learn the kernels from maps ``(n_samples, height, width, channels)`` and labels.

        Raises
        ------
        ValueError
            Where ``y`` is missing, not of classes or of another length, has one class
            only, or no class has two different samples; where ``maps`` is not such an
            array of finite numbers, the kernel does not fit in it, or `n_kernels` is more
            than the discriminants there are.
        """
        return self._learn(maps, y, seen=False)

    @_fit_context(prefer_skip_nested_validation=True)
    def partial_fit(self, maps: Maps, y: Any = None) -> LDAKernels:
        """Learn from more maps: the kernels are those of all maps seen since `fit`.

        New classes may come at any time; the first call wants two of them.
        """
        return self._learn(maps, y, seen=hasattr(self, "classes_"))

    def _learn(self, maps: Maps, y: Any, *, seen: bool) -> LDAKernels:
        maps, size = check_maps(maps, self.kernel_size, self.padding)
        y = check_labels(y, maps, type(self).__name__)
        patch = (*size, maps.shape[3])
        if not self.clip:
            check_rank(self.n_kernels, max_rank(patch, self.remove_mean), patch, clip=False)
        if seen:
            self._check_as_before(maps, patch)
        elif (y == y[0]).all():
            raise ValueError(f"y holds one class ({y[0]!r}), expected at least 2")
        found = class_sums(maps, y, size, self.padding)
        return self._set(self._sums.joined(found) if seen else found, patch)

    def _add_sums(self, other: LDAKernels) -> None:
        """What `skconv.merge` does, once both are known to be alike."""
        shapes = [each.class_sums_.shape[1:] for each in (self, other)]
        if shapes[0] != shapes[1]:
            raise ValueError(
                f"merge of LDAKernels of maps of shape {shapes[0]} and {shapes[1]}, "
                "expected maps of one shape"
            )
        self._set(self._sums.joined(other._sums), self.kernels_.shape[1:])

    @property
    def _sums(self) -> ClassSums:
        return ClassSums(self.classes_, self.class_counts_, self.class_scatters_, self.class_sums_)

    def _set(self, sums: ClassSums, patch: PatchShape) -> LDAKernels:
        kernels, values = self._kernels(*sums[1:], patch)
        self.kernels_, self.eigenvalues_ = kernels, values
        self.biases_ = np.zeros(len(kernels), np.float32)
        self.classes_, self.class_counts_, self.class_scatters_, self.class_sums_ = sums
        return self

    def _check_as_before(self, maps: Maps, patch: PatchShape) -> None:
        seen = self.class_sums_.shape[1:], self.class_scatters_.shape[1]
        if seen != (maps.shape[1:], math.prod(patch)):
            raise ValueError(
                f"partial_fit with maps of shape {maps.shape[1:]} and patches of shape {patch}, "
                f"expected maps {seen[0]} and patches of {seen[1]} numbers as before"
            )

    def _kernels(
        self,
        counts: NDArray[np.int64],
        scatters: NDArray[np.float64],
        sums: NDArray[np.float64],
        patch: PatchShape,
    ) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
        """Kernels and eigenvalues from what the classes add up to."""
        means = sums / counts[:, None, None, None]
        weighted = np.tensordot(1 / counts, scatters, 1)
        projection = mean_projection(patch, self.remove_mean)
        within, between = (
            projection @ scatter @ projection
            for scatter in (
                weighted - second_moment(means, patch[:2], self.padding),
                second_moment(means - means.mean(axis=0), patch[:2], self.padding) / len(means),
            )
        )
        vectors, values = discriminants(within, between, rounding_of(weighted))
        n_kernels = check_rank(self.n_kernels, len(vectors), patch, clip=self.clip)
        kernels = with_fixed_signs(vectors[:n_kernels]).reshape(n_kernels, *patch)
        return np.ascontiguousarray(kernels, np.float32), values[:n_kernels].copy()
