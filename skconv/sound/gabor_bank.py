"""The bank of spectro-temporal Gabor filters: centre frequencies, profiles, filters.

A filter is a plane wave on the spectrogram under a Hann envelope, the product of a profile in
time and one in frequency. Frequencies are in radians a frame and radians a band.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

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
    count = int(np.floor(np.log(omega_max / lowest) / np.log(ratio))) + 1
    return np.asarray(omega_max / ratio ** np.arange(count))


def profile(omega: float, nu: float, size_max: float) -> NDArray[np.complex128]:
    """``hann(n) * (exp(i * omega * n) - c)``: the wave along one axis, its sum 0.

    The envelope holds `nu` half waves, and is `size_max` wide where ``omega`` is 0; then it is
    the filter itself, scaled to the sum 1. Others have absolute values of sum 1.

    Examples
    --------
    >>> import numpy as np
    >>> from skconv.sound.gabor_bank import profile
    >>> wave = profile(np.pi / 2, 3.5, 40)
    >>> len(wave), bool(abs(wave.sum()) < 1e-12)
    (7, True)
    """
    width = size_max if omega == 0 else min(nu * np.pi / omega, size_max)
    reach = int(np.ceil(width / 2)) - 1  # The envelope is above 0.
    n = np.arange(-reach, reach + 1)
    envelope = 0.5 + 0.5 * np.cos(2 * np.pi * n / width)
    if omega == 0:
        return (envelope / envelope.sum()).astype(np.complex128)
    wave = np.exp(1j * omega * n)
    wave = envelope * (wave - (envelope * wave).sum() / envelope.sum())
    return np.asarray(wave / np.abs(wave).sum())


@dataclass(frozen=True)
class Filter:
    """One filter: its frequency along time, at least 0, and along the bands, of either sign.

    A wave of positive ``spectral`` frequency falls from high bands to low ones.
    """

    temporal: float
    spectral: float


def filter_bank(temporal: NDArray[np.float64], spectral: NDArray[np.float64]) -> list[Filter]:
    """Every pair of frequencies, 0 among them, once: a wave and its negative are the same.

    Examples
    --------
    >>> import numpy as np
    >>> from skconv.sound.gabor_bank import filter_bank
    >>> len(filter_bank(np.array([1.0, 0.5, 0.3, 0.2]), np.array([1.0, 0.5, 0.2, 0.1])))
    41
    """
    bank = []
    for s in (0.0, *spectral):
        for t in (0.0, *temporal):
            bank.append(Filter(float(t), float(s)))
            if t and s:
                bank.append(Filter(float(t), -float(s)))
    return bank
