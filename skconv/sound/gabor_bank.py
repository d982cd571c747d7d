"""The bank of spectro-temporal Gabor filters: centre frequencies, profiles, filters.

A filter is a plane wave on the spectrogram under a Hann envelope. Frequencies are in radians a
frame and radians a band.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Complex = NDArray[np.complex128]

OMEGA_MAX = np.pi / 2


def centre_frequencies(
    omega_max: float, size_max: float, nu: float, distance: float
) -> NDArray[np.float64]:
    """Frequencies from `omega_max` down to the lowest whose filter fits into `size_max`.

    Neighbours lie ``(1 + c / 2) / (1 - c / 2)`` apart, ``c = 8 * distance / nu``.

    Examples
    --------
    Modulations in hertz of 100 frames a second.

    >>> from skconv.sound.gabor_bank import OMEGA_MAX, centre_frequencies
    >>> (centre_frequencies(OMEGA_MAX, 40, 3.5, 0.2) * 100 / 6.283185).round(2)
    array([25.  , 15.7 ,  9.86,  6.19])
    """
    c = 8 * distance / nu
    ratio = (1 + c / 2) / (1 - c / 2)
    lowest = nu * np.pi / size_max
    if lowest > omega_max:
        return np.zeros(0)
    count = int(np.floor(np.log(omega_max / lowest) / np.log(ratio) + 1e-9)) + 1
    return np.asarray(omega_max / ratio ** np.arange(count))


class Profile(NamedTuple):
    """A wave along one axis, ``envelope(n) * exp(i * omega * n)``, ``n`` from its middle."""

    omega: float
    envelope: NDArray[np.float64]

    @property
    def wave(self) -> Complex:
        reach = len(self.envelope) // 2
        phases = self.omega * np.arange(-reach, reach + 1)
        return np.asarray(self.envelope * np.exp(1j * phases))

    def within(self, reach: int) -> Profile:
        """Its middle, with at most `reach` numbers on either side."""
        cut = max(0, len(self.envelope) // 2 - reach)
        return Profile(self.omega, self.envelope[cut : len(self.envelope) - cut])


def profile(omega: float, nu: float, size_max: float) -> Profile:
    """The profile of a frequency: `nu` half waves under a Hann window, at most `size_max` wide.

    Examples
    --------
    >>> import numpy as np
    >>> from skconv.sound.gabor_bank import profile
    >>> profile(np.pi / 2, 3.5, 40).envelope.round(2)
    array([0.05, 0.39, 0.81, 1.  , 0.81, 0.39, 0.05])
    """
    width = size_max if omega == 0 else min(nu * np.pi / omega, size_max)
    reach = int(np.ceil(width / 2)) - 1  # Where the window is above 0.
    n = np.arange(-reach, reach + 1)
    return Profile(omega, 0.5 + 0.5 * np.cos(2 * np.pi * n / width))


def centred_wave(wave: Complex, envelope: NDArray[np.float64], omega: float) -> Complex:
    """A wave less as much of its envelope as makes its sum 0, at absolute sum 1.

    At frequency 0 it keeps its sum, and is a smoothing window.
    """
    if omega != 0:
        wave = wave - envelope * (wave.sum() / envelope.sum())
    total = np.abs(wave).sum()
    return np.asarray(wave / total if total > 0 else wave)


def filter_1d(along: Profile) -> Complex:
    """The filter of one profile.

    Examples
    --------
    >>> import numpy as np
    >>> from skconv.sound.gabor_bank import filter_1d, profile
    >>> bool(abs(filter_1d(profile(np.pi / 2, 3.5, 40)).sum()) < 1e-12)
    True
    """
    return centred_wave(along.wave, along.envelope, along.omega)


def filter_2d(temporal: Profile, spectral: Profile) -> Complex:
    """The filter ``(n_frames, n_bands)`` of two profiles, centred under their joint envelope.

    The product of two `filter_1d`, the separable form, differs from it only in that each
    profile is centred by itself.
    """
    envelope = np.outer(temporal.envelope, spectral.envelope)
    omega = max(abs(temporal.omega), abs(spectral.omega))
    return centred_wave(np.outer(temporal.wave, spectral.wave), envelope, omega)


def filter_bank(
    temporal: NDArray[np.float64], spectral: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Every pair of frequencies, 0 among them, once: a wave and its negative are the same.

    Returns
    -------
    filters : ndarray of shape (n_filters, 2)
        Frequencies along time, at least 0, and along the bands, of either sign. A wave of
        positive spectral frequency falls from high bands to low ones.

    Examples
    --------
    >>> import numpy as np
    >>> from skconv.sound.gabor_bank import filter_bank
    >>> len(filter_bank(np.array([1.0, 0.5, 0.3, 0.2]), np.array([1.0, 0.5, 0.2, 0.1])))
    41
    """
    pairs = [
        (t, sign * s)
        for s in (0.0, *spectral)
        for t in (0.0, *temporal)
        for sign in ((1, -1) if s and t else (1,))
    ]
    return np.array(pairs)
