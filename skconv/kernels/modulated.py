"""Kernels of another source, each turned into several by oriented masks (GoF)."""

from __future__ import annotations

from numbers import Integral, Real
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, _fit_context, clone
from sklearn.utils._param_validation import HasMethods, Interval

from skconv.kernels.base import Padding, Pair, check_maps
from skconv.kernels.gabor import gabor_kernel
from skconv.kernels.moments import Maps, count_patches, sum_of_patches
from skconv.kernels.pca import PCAKernels


def modulate(kernels: NDArray[np.floating], masks: NDArray[np.floating]) -> NDArray[np.float64]:
    """Each kernel times each mask, entry by entry; masks vary fastest.

    Parameters
    ----------
    kernels : ndarray of shape (n_kernels, height, width, channels)
    masks : ndarray of shape (n_masks, height, width)

    Returns
    -------
    modulated : ndarray of float64 of shape (n_kernels * n_masks, height, width, channels)
        Every channel of a kernel is multiplied by the same mask.
    """
    product = kernels[:, None].astype(np.float64) * masks[None, ..., None]
    return product.reshape(-1, *kernels.shape[1:])


class ModulatedKernels(BaseEstimator):
    """Kernels of another source times Gabor masks of several orientations.

    With ``k`` a kernel of the source and ``g_u`` the even Gabor kernel of orientation ``u``
    (a cosine under a Gaussian window, its mean not removed; see
    `skconv.kernels.gabor.gabor_kernel`), there are kernels ``k * g_u``, entry by entry, for
    every ``u``: of one learned kernel several that respond to one orientation each. Only
    ``k`` need be stored; masks are a formula.

    The biases of a source are there to take off the response to the mean patch ``m`` of
    the maps. Where it has any, the modulated kernel responds to ``m`` as the kernel did::

        bias' = bias + k . m - (k * g_u) . m

    and a source without biases gives none.

    Parameters
    ----------
    source : kernel source, default=None
        Where kernels come from. None is ``PCAKernels()``. Its parameters are reached as
        ``source__...``.
    n_orientations : int, default=4
        Directions ``i * pi / n_orientations``, ``i = 0, 1, ...``. Kernels of height 1 have
        one direction.
    wavelength : float, default=4.0
        Pixels from crest to crest, at least 2. The paper's scales are 4, 4 sqrt 2, 8 ...
    sigma : float or None, default=None
        Standard deviation of the window, in pixels. None is `wavelength`, as in the paper.
    zero_mean : bool, default=False
        Subtract from each product its mean in every channel, so that a constant image
        gives 0. The kernels of `PCAKernels` have that, but not their products.

    Attributes
    ----------
    kernels_ : ndarray of float32 of shape (n_kernels, kernel_height, kernel_width, channels)
        The products, orientations varying fastest.
    biases_ : ndarray of float32 of shape (n_kernels,)
        See above.
    masks_ : ndarray of float64 of shape (n_orientations, kernel_height, kernel_width)
        The masks.
    source_ : kernel source
        The fitted source.

    References
    ----------
    S. Luan, C. Chen, B. Zhang, J. Han, J. Liu, "Gabor convolutional networks", IEEE
    Transactions on Image Processing 27(9), 2018. There ``k`` is learned through the masks;
    here it is learned without them.

    Examples
    --------
    >>> import numpy as np
    >>> from skconv.kernels import ModulatedKernels, PCAKernels
    >>> maps = np.random.default_rng(0).normal(size=(20, 9, 9, 1))
    >>> source = PCAKernels(n_kernels=2, kernel_size=5)
    >>> ModulatedKernels(source=source, n_orientations=4).fit(maps).kernels_.shape
    (8, 5, 5, 1)
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "source": [HasMethods(["fit"]), None],
        "n_orientations": [Interval(Integral, 1, None, closed="left")],
        "wavelength": [Interval(Real, 2, None, closed="left")],
        "sigma": [Interval(Real, 0, None, closed="neither"), None],
        "zero_mean": ["boolean"],
    }

    def __init__(
        self,
        *,
        source: Any = None,
        n_orientations: int = 4,
        wavelength: float = 4.0,
        sigma: float | None = None,
        zero_mean: bool = False,
    ) -> None:
        self.source = source
        self.n_orientations = n_orientations
        self.wavelength = wavelength
        self.sigma = sigma
        self.zero_mean = zero_mean

    @_fit_context(prefer_skip_nested_validation=False)
    def fit(self, maps: Maps, y: Any = None) -> ModulatedKernels:
        """Fit the source to maps ``(n_samples, height, width, channels)``, and modulate.

        Raises
        ------
        ValueError
            What the source raises.
        """
        source = PCAKernels() if self.source is None else clone(self.source)
        source.fit(maps, y)
        size = source.kernels_.shape[1:3]
        masks = self._masks(size)
        kernels = modulate(source.kernels_, masks)
        if self.zero_mean:
            kernels = kernels - kernels.mean(axis=(1, 2), keepdims=True)
        biases = np.repeat(source.biases_.astype(np.float64), len(masks))
        if biases.any():
            padding: Padding = getattr(source, "padding", "valid")
            maps, size = check_maps(maps, size, padding)
            mean = sum_of_patches(maps, size, padding) / count_patches(maps.shape, size, padding)
            change = np.repeat(source.kernels_, len(masks), axis=0) - kernels
            biases += change.reshape(len(kernels), -1) @ mean
        self.kernels_ = kernels.astype(np.float32)
        self.biases_ = biases.astype(np.float32)
        self.masks_, self.source_ = masks, source
        return self

    def _masks(self, size: Pair) -> NDArray[np.float64]:
        n_orientations = self.n_orientations if size[0] > 1 else 1
        sigma = self.wavelength if self.sigma is None else self.sigma
        thetas = np.arange(n_orientations) * np.pi / n_orientations
        return np.stack(
            [
                gabor_kernel(size, theta, self.wavelength, sigma=sigma, remove_dc=False)[0]
                for theta in thetas
            ]
        )
