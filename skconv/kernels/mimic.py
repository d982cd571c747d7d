"""Kernels whose responses stand for the activations of another model: reduced-rank ridge."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from numbers import Integral, Real
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, _fit_context
from sklearn.utils._param_validation import Interval, StrOptions

from skconv.kernels.base import PADDINGS, Padding, Pair, check_maps
from skconv.kernels.batches import batches_of
from skconv.kernels.moments import Maps, cross_moment, rounding_of, second_moment, sum_of_patches
from skconv.kernels.pca import with_fixed_signs

Floats = NDArray[np.float64]
Teacher = ArrayLike | Callable[[NDArray[Any]], ArrayLike]

_CHUNK_BYTES = 2**24
# Less than this share of the mean square is its rounding.
_NO_VARIANCE = 1e-12


class MimicKernels(BaseEstimator):
    """The kernels that predict the activations of a teacher best, as a linear model of patches.

    A ridge regression leads from patches ``p`` to the teacher's activations ``t`` at the same
    places; with ``A`` and ``B`` their covariance and cross-covariance::

        C = (A + alpha a I)^-1 B,           a the mean of the diagonal of A
        kernels   = D C^T,                  biases = D (mean(t) - C^T mean(p))
        predicted = D^T response + offset,  offset = (I - D^T D) mean(t)

    The rows of ``D`` are the leading eigenvectors of ``B^T C``: of all sets of so many kernels,
    these predict best. Covariances come from all patches, none of which is laid out.

    Parameters
    ----------
    teacher : array-like of shape (n_samples, rows, columns, n_activations), or callable
        The activations, or what makes them of some of the maps: a layer of a deep network,
        say. They lie as the responses of a convolution of `kernel_size` with `padding` do, at
        stride 1.
    n_kernels : int or None, default=None
        How many. None: one for every activation, which it predicts (``D = I``).
    kernel_size : int or (int, int), default=7
        Height and width, in pixels.
    alpha : float, default=0.001
        Penalty, relative to the mean variance of an entry of a patch. 0: least squares, the
        solution of least length.
    padding : {"valid", "same", "circular"}, default="same"
        Which patches count: those inside the maps; one around every pixel, zeros outside;
        or the same with the opposite border outside.

    Attributes
    ----------
    kernels_ : ndarray of float32 of shape (n_kernels, kernel_height, kernel_width, channels)
        ``D C^T``, that which predicts most first.
    biases_ : ndarray of float32 of shape (n_kernels,)
        ``D (mean(t) - C^T mean(p))``.
    components_ : ndarray of float64 of shape (n_kernels, n_activations)
        ``D``.
    offset_ : ndarray of float64 of shape (n_activations,)
        What ``responses @ components_`` lacks.
    score_ : float
        The share of the variance of the activations that is predicted, on the maps of `fit`.

    References
    ----------
    A. J. Izenman, "Reduced-rank regression for the multivariate linear model", Journal of
    Multivariate Analysis 5(2), 1975.

    Examples
    --------
    A teacher that is a convolution is learnt as such:

    >>> import numpy as np
    >>> from skconv.kernels import MimicKernels
    >>> maps = np.random.default_rng(0).normal(size=(10, 6, 6, 1))
    >>> source = MimicKernels(
    ...     teacher=lambda maps: 3 - np.diff(maps, axis=2),
    ...     kernel_size=(1, 2),
    ...     alpha=0,
    ...     padding="valid",
    ... ).fit(maps)
    >>> source.kernels_.ravel().round(4), source.biases_.round(4)
    (array([ 1., -1.], dtype=float32), array([3.], dtype=float32))
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "teacher": [callable, "array-like"],
        "n_kernels": [Interval(Integral, 1, None, closed="left"), None],
        "kernel_size": ["array-like", Interval(Integral, 1, None, closed="left")],
        "alpha": [Interval(Real, 0, None, closed="left")],
        "padding": [StrOptions(set(PADDINGS))],
    }

    def __init__(
        self,
        *,
        teacher: Teacher,
        n_kernels: int | None = None,
        kernel_size: int | Pair = 7,
        alpha: float = 1e-3,
        padding: Padding = "same",
    ) -> None:
        self.teacher = teacher
        self.n_kernels = n_kernels
        self.kernel_size = kernel_size
        self.alpha = alpha
        self.padding = padding

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, maps: Maps, y: Any = None) -> MimicKernels:
        """Learn the kernels from maps ``(n_samples, height, width, channels)``.

        Raises
        ------
        ValueError
            Where ``maps`` is not such an array of finite numbers, or the kernel does not fit
            in it; where activations are not finite, do not lie as responses do, are all
            equal, or are fewer than `n_kernels`.
        """
        maps, size = check_maps(maps, self.kernel_size, self.padding)
        n_patches, mean, square, cross = self._activation_moments(maps, size)
        patch_mean = sum_of_patches(maps, size, self.padding) / n_patches
        second = second_moment(maps, size, self.padding) / n_patches
        covariance = second - np.outer(patch_mean, patch_mean)
        cross = cross - np.outer(patch_mean, mean)
        coefficients = self._ridge(covariance, cross, rounding_of(second))
        components = np.eye(len(mean))
        if self.n_kernels is not None:
            vectors = np.linalg.eigh(cross.T @ coefficients)[1].T[::-1]
            components = with_fixed_signs(vectors[: self.n_kernels])
        kernels = components @ coefficients.T
        self.kernels_ = kernels.reshape(-1, *size, maps.shape[3]).astype(np.float32)
        # Of the kernels as they are stored: the mean patch gives the mean activation.
        stored = self.kernels_.reshape(kernels.shape).astype(np.float64)
        self.biases_ = (components @ mean - stored @ patch_mean).astype(np.float32)
        self.components_, self.offset_ = components, mean - components.T @ (components @ mean)
        missed = np.sum((kernels @ covariance) * kernels) - 2 * np.sum(
            components * (kernels @ cross)
        )
        self.score_ = float(-missed / (square - mean @ mean))
        return self

    def _activation_moments(self, maps: Maps, size: Pair) -> tuple[int, Floats, float, Floats]:
        """How many patches; mean of ``t``, of ``|t|^2``, and of ``p t^T``."""
        n_patches, total, square, cross = 0, np.zeros(1), 0.0, np.zeros(1)
        for batch, activations in self._with_activations(maps, size):
            vectors = activations.reshape(-1, activations.shape[3])
            n_patches += len(vectors)
            total = total + vectors.sum(axis=0)
            square += float(np.sum(vectors**2))
            cross = cross + cross_moment(batch, activations, size, self.padding)
        if self.n_kernels is not None and self.n_kernels > len(total):
            raise ValueError(
                f"n_kernels={self.n_kernels} is more than the {len(total)} activation(s) of teacher"
            )
        mean = total / n_patches
        square /= n_patches
        if square - mean @ mean <= _NO_VARIANCE * square:
            raise ValueError("teacher gives activations that are all equal: nothing to learn")
        return n_patches, mean, square, cross / n_patches

    def _with_activations(self, maps: Maps, size: Pair) -> Iterator[tuple[NDArray[Any], Floats]]:
        """Maps in batches, and the activations of each; ValueError where they do not fit."""
        height, width = maps.shape[1:3]
        if self.padding == "valid":
            height, width = height - size[0] + 1, width - size[1] + 1
        teacher: Any = self.teacher
        given = None if callable(teacher) else np.asarray(teacher)
        if given is not None and len(given) != len(maps):
            raise ValueError(f"teacher has activations of {len(given)} maps, want {len(maps)}")
        start = 0
        for batch in batches_of(maps, _CHUNK_BYTES):
            found = teacher(batch) if given is None else given[start : start + len(batch)]
            start += len(batch)
            activations = np.asarray(found, np.float64)
            wanted = (len(batch), height, width)
            if activations.ndim != 4 or activations.shape[:3] != wanted:
                raise ValueError(
                    f"teacher gives activations of shape {activations.shape}, want {wanted} "
                    f"and their number: kernel_size={self.kernel_size!r}, "
                    f"padding={self.padding!r}"
                )
            if not np.isfinite(activations).all():
                raise ValueError("teacher gives activations that are not finite, want numbers")
            yield batch, activations

    def _ridge(self, covariance: Floats, cross: Floats, noise: float) -> Floats:
        """``C``, on the directions in which patches vary by more than `noise`."""
        values, vectors = np.linalg.eigh(covariance)
        varies = values > noise
        kept = vectors[:, varies]
        penalty = self.alpha * np.trace(covariance) / len(covariance)
        return (kept / (values[varies] + penalty)) @ (kept.T @ cross)
