"""Gabor kernels: a plane wave under a Gaussian envelope."""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Integral, Real
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, _fit_context
from sklearn.utils._param_validation import Interval, StrOptions

from skconv.kernels.base import pair
from skconv.kernels.moments import Maps

Phase = Literal["even", "odd", "both"]


def envelope_sigma(wavelength: float, bandwidth: float) -> float:
    """Standard deviation, in pixels, of the envelope of a half-response `bandwidth`.

    ``sigma / wavelength = sqrt(ln 2 / 2) / pi * (2^b + 1) / (2^b - 1)``, b in octaves.
    """
    ratio = (2.0**bandwidth + 1) / (2.0**bandwidth - 1)
    return wavelength * np.sqrt(np.log(2) / 2) / np.pi * ratio


def gabor_kernel(
    size: tuple[int, int],
    theta: float,
    wavelength: float,
    *,
    sigma: float,
    gamma: float = 1.0,
    remove_dc: bool = True,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The even (cosine) and the odd (sine) kernel of one wave.

    With ``x`` to the right and ``y`` down, measured from the middle of the kernel::

        x' =  x cos(theta) + y sin(theta)
        y' = -x sin(theta) + y cos(theta)
        envelope = exp(-(x'^2 + gamma^2 y'^2) / (2 sigma^2))
        even = envelope * (cos(2 pi x' / wavelength) - c)
        odd  = envelope * sin(2 pi x' / wavelength)

    ``c`` makes the even kernel sum to 0: the mean of the wave is taken off under the
    envelope, which keeps the kernel smooth at its border. The odd one sums to 0 by
    itself. Amplitude 1: nothing is normalised.

    Parameters
    ----------
    size : (int, int)
        Height and width, in pixels.
    theta : float
        Direction of the wave in radians; its stripes are at right angles to it.
    wavelength : float
        Pixels from crest to crest.
    sigma : float
        Standard deviation of the envelope along the wave, in pixels.
    gamma : float, default=1.0
        Aspect: below 1 the envelope is longer along the stripes.
    remove_dc : bool, default=True
        Whether the even kernel sums to 0.

    Returns
    -------
    even, odd : ndarray of float64 of shape `size`

    Examples
    --------
    >>> from skconv.kernels.gabor import gabor_kernel
    >>> even, odd = gabor_kernel((1, 5), 0.0, 4.0, sigma=2.0, remove_dc=False)
    >>> odd.round(3)
    array([[-0.   , -0.882,  0.   ,  0.882,  0.   ]])
    """
    height, width = size
    y, x = np.mgrid[:height, :width]
    x, y = x - (width - 1) / 2, y - (height - 1) / 2
    along = x * np.cos(theta) + y * np.sin(theta)
    across = -x * np.sin(theta) + y * np.cos(theta)
    envelope = np.exp(-(along**2 + (gamma * across) ** 2) / (2 * sigma**2))
    wave = np.exp(2j * np.pi * along / wavelength)
    even = wave.real
    if remove_dc:
        even = even - (envelope * even).sum() / envelope.sum()
    return envelope * even, envelope * wave.imag


def checked_wavelengths(wavelengths: Sequence[float]) -> NDArray[np.float64]:
    """Wavelengths as an array; ValueError where there is none, or one below 2 pixels."""
    found = np.asarray(wavelengths, np.float64)
    if found.ndim != 1 or found.size == 0 or not (found >= 2).all():
        raise ValueError(f"wavelengths={wavelengths!r} must be numbers of pixels, each at least 2")
    return found


class GaborKernels(BaseEstimator):
    """A bank of Gabor kernels, each orientation at each wavelength.

    The order is: phase (all even kernels, then all odd ones), wavelength, orientation
    (fastest). Kernels have one channel. They are meant for cross-correlation: true
    convolution would turn the sign of the odd ones.

    Parameters
    ----------
    n_orientations : int, default=8
        Directions ``i * pi / n_orientations``, ``i = 0, 1, ...``. A wave turned by pi is the
        same even kernel and the negative odd one, so all lie in [0, pi). A signal (kernels
        of height 1) has one direction.
    wavelengths : sequence of float, default=(3.0, 4.5, 6.75)
        Pixels from crest to crest, at least 2 (Nyquist).
    kernel_size : int or (int, int), default=9
        Height and width.
    bandwidth : float, default=1.0
        Half-response bandwidth in octaves: sets the envelope's width from the wavelength.
    gamma : float, default=1.0
        Aspect of the envelope: below 1 it is longer along the stripes.
    phase : {"even", "odd", "both"}, default="both"
        Which kernels of each wave.

    Attributes
    ----------
    kernels_ : ndarray of float32 of shape (n_kernels, kernel_height, kernel_width, 1)
        The kernels.
    biases_ : ndarray of float32 of shape (n_kernels,)
        Zeros.
    orientations_, wavelengths_ : ndarray of shape (n_kernels,)
        Direction (radians) and wavelength (pixels) of every kernel.

    References
    ----------
    J. G. Daugman, "Uncertainty relation for resolution in space, spatial frequency, and
    orientation optimized by two-dimensional visual cortical filters", J. Opt. Soc. Am. A
    2(7), 1985.

    Examples
    --------
    >>> import numpy as np
    >>> from skconv.kernels import GaborKernels
    >>> source = GaborKernels(n_orientations=4, wavelengths=(4.0,), kernel_size=9)
    >>> source.fit(np.zeros((1, 28, 28, 1))).kernels_.shape
    (8, 9, 9, 1)
    >>> bool(np.abs(source.kernels_.sum(axis=(1, 2, 3))).max() < 1e-5)
    True
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "n_orientations": [Interval(Integral, 1, None, closed="left")],
        "wavelengths": ["array-like"],
        "kernel_size": [Interval(Integral, 1, None, closed="left"), "array-like"],
        "bandwidth": [Interval(Real, 0, None, closed="neither")],
        "gamma": [Interval(Real, 0, None, closed="neither")],
        "phase": [StrOptions({"even", "odd", "both"})],
    }

    def __init__(
        self,
        *,
        n_orientations: int = 8,
        wavelengths: Sequence[float] = (3.0, 4.5, 6.75),
        kernel_size: Any = 9,
        bandwidth: float = 1.0,
        gamma: float = 1.0,
        phase: Phase = "both",
    ) -> None:
        self.n_orientations = n_orientations
        self.wavelengths = wavelengths
        self.kernel_size = kernel_size
        self.bandwidth = bandwidth
        self.gamma = gamma
        self.phase = phase

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, maps: Maps | None = None, y: Any = None) -> GaborKernels:
        """Compute the kernels; neither argument is read.

        Returns
        -------
        self : object
            The fitted source.

        Raises
        ------
        ValueError
            Where there is no wavelength, or one below 2 pixels.
        """
        size = pair(self.kernel_size, "kernel_size")
        wavelengths = checked_wavelengths(self.wavelengths)
        n_orientations = self.n_orientations if size[0] > 1 else 1
        thetas = np.arange(n_orientations) * np.pi / n_orientations
        waves = [(theta, wavelength) for wavelength in wavelengths for theta in thetas]
        pairs = [
            gabor_kernel(
                size,
                theta,
                wavelength,
                sigma=envelope_sigma(wavelength, self.bandwidth),
                gamma=self.gamma,
            )
            for theta, wavelength in waves
        ]
        even, odd = (np.stack(kernels) for kernels in zip(*pairs, strict=True))
        bank = {"even": [even], "odd": [odd], "both": [even, odd]}[self.phase]
        self.kernels_ = np.concatenate(bank)[..., None].astype(np.float32)
        self.biases_ = np.zeros(len(self.kernels_), np.float32)
        self.orientations_, self.wavelengths_ = np.tile(waves, (len(bank), 1)).T
        return self
