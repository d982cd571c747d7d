"""ZCA: patches made uncorrelated and of equal variance, as an affine map that folds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skconv.kernels.base import Padding, Pair
from skconv.kernels.moments import (
    Maps,
    PatchShape,
    RemoveMean,
    count_patches,
    mean_projection,
    rounding_of,
    second_moment,
    sum_of_patches,
)

Moments = tuple[NDArray[np.float64], NDArray[np.float64]]


@dataclass(frozen=True)
class Whitening:
    """The affine map ``x = matrix (p - mean)`` of a patch ``p``, row-major.

    The dot product of ``x`` and a direction ``d`` is affine in the patch too, so that it
    is a cross-correlation and a bias (`fold`)::

        d . x = (matrix d) . p - (matrix d) . mean,        matrix symmetric

    Parameters
    ----------
    matrix : ndarray of float64 of shape (n_entries, n_entries)
        Symmetric. It also takes off the mean of the patch itself where that was asked for.
    mean : ndarray of float64 of shape (n_entries,)
        What is taken from a patch first.
    eps : float
        What was added to the eigenvalues, in squared units of the maps.

    Examples
    --------
    >>> import numpy as np
    >>> from skconv.kernels.whitening import learn_whitening
    >>> maps = np.random.default_rng(0).normal(3, 2, size=(50, 8, 8, 1))
    >>> whitening = learn_whitening(maps, (1, 2), eps=0.0)
    >>> patches = np.concatenate([maps[:, :, :-1], maps[:, :, 1:]], axis=3).reshape(-1, 2)
    >>> np.cov(whitening.apply(patches).T, bias=True).round(6) + 0.0
    array([[1., 0.],
           [0., 1.]])
    """

    matrix: NDArray[np.float64]
    mean: NDArray[np.float64]
    eps: float = 0.0

    def apply(self, patches: NDArray[Any]) -> NDArray[np.float64]:
        """``x`` of patches, a row each."""
        return (patches - self.mean) @ self.matrix

    def rounding(self, patches: NDArray[Any]) -> float:
        """Entries of ``apply(patches)`` below this are rounding."""
        largest = max(np.abs(patches).max(), np.abs(self.mean).max())
        return float(
            np.finfo(np.float64).eps * len(self.mean) * np.linalg.norm(self.matrix) * largest
        )

    def fold(
        self, directions: NDArray[np.floating], patch: PatchShape
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Kernels and biases whose responses to a patch are ``directions @ x``."""
        kernels = np.ascontiguousarray(directions @ self.matrix, np.float32)
        # Of the kernels as they are stored: the mean patch gives 0 whatever was rounded.
        biases = -(kernels.astype(np.float64) @ self.mean)
        return kernels.reshape(len(kernels), *patch), biases.astype(np.float32)


def learn_whitening(
    maps: Maps,
    kernel_size: Pair,
    *,
    eps: float | None,
    remove_mean: RemoveMean = None,
    padding: Padding = "valid",
) -> Whitening:
    """ZCA of all patches of maps, from their moments: no patch is ever made.

    With ``C = V diag(lam) V^T`` the covariance of the patches, each less its own mean where
    `remove_mean` says so, and ``m`` their mean::

        matrix = V diag(1 / sqrt(lam + eps * mean(lam))) V^T
        x      = matrix (p - m),            cov(x) = V diag(lam / (lam + eps * mean(lam))) V^T

    `eps` is relative to the mean eigenvalue (the mean variance of an entry of a patch), so
    that maps in [0, 1], in [0, 255] or standardised give the same ``x``. An `eps` from the
    literature for pixels in [0, 1], 1e-3 say, is divided by that variance: it is 0.01 for a
    standard deviation of 0.3. Directions in which patches do not vary at all are set to 0,
    also with ``eps=0``, which makes ``cov(x)`` the identity on all others.

    Parameters
    ----------
    maps : ndarray of shape (n_samples, height, width, channels)
    kernel_size : (height, width)
    eps : float or None
        See above. None: no whitening, and no mean patch is taken off; ``matrix`` removes
        the mean of each patch, if that.
    remove_mean : {"channel", "patch"} or None, default=None
        The mean that every patch is made free of: that of each channel, that of all
        channels, or none.
    padding : {"valid", "same", "full", "circular"}, default="valid"
        Which patches count.

    Returns
    -------
    whitening : Whitening

    Raises
    ------
    ValueError
        Where the patches are all equal.
    """
    patch = (*kernel_size, maps.shape[3])
    projection = mean_projection(patch, remove_mean)
    if eps is None:
        return Whitening(projection, np.zeros(len(projection)))
    n_patches = count_patches(maps.shape, kernel_size, padding)
    moments = (
        second_moment(maps, kernel_size, padding) / n_patches,
        sum_of_patches(maps, kernel_size, padding) / n_patches,
    )
    return zca(moments, eps, projection)


def zca(moments: Moments, eps: float, projection: NDArray[np.float64]) -> Whitening:
    """ZCA from the mean of ``p p^T`` and the mean of ``p``, means removed by a projection."""
    second, mean = moments
    covariance = projection @ (second - np.outer(mean, mean)) @ projection
    values, vectors = np.linalg.eigh(covariance)
    varies = values > rounding_of(second)
    if not varies.any():
        raise ValueError("maps whose patches are all equal cannot be whitened")
    absolute = eps * float(np.mean(np.where(varies, values, 0)))
    kept = vectors[:, varies]
    matrix = (kept / np.sqrt(values[varies] + absolute)) @ kept.T
    return Whitening(matrix, projection @ mean, absolute)
