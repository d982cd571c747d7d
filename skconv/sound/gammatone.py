"""A gammatone bank on the scale of equivalent rectangular bandwidths (ERB)."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

LEAST = 1e-4


def erb(frequency: Any) -> Any:
    """The equivalent rectangular bandwidth of hearing at a frequency, in hertz.

    Glasberg and Moore 1990: ``24.7 * (4.37 * f / 1000 + 1)``.

    >>> round(erb(1000.0), 3)
    132.639
    """
    return 24.7 * (4.37 * frequency / 1000 + 1)


def erb_rate(frequency: Any) -> Any:
    """How many such bandwidths lie below a frequency: ``21.4 * log10(1 + 0.00437 * f)``.

    >>> round(float(erb_rate(1000.0)), 4)
    15.6214
    """
    return 21.4 * np.log10(1 + 0.00437 * frequency)


def centre_frequencies(n_bands: int, f_min: float, f_max: float) -> Floats:
    """Frequencies from one end to the other, equally far apart in ERB rate."""
    rates = np.linspace(erb_rate(f_min), erb_rate(f_max), n_bands)
    return np.asarray((10 ** (rates / 21.4) - 1) / 0.00437)


def gammatone_bank(centres: Floats, n_fft: int, sample_rate: float) -> Floats:
    """Weights ``(n_fft / 2 + 1, n_bands)`` of the power of each bin in each band.

    ``(1 + ((f - fc) / (1.019 erb(fc)))^2)^-4``, the squared response of a gammatone filter of
    order 4, of sum 1 over the bins of each band.

    Examples
    --------
    >>> from skconv.sound.gammatone import centre_frequencies, gammatone_bank
    >>> bank = gammatone_bank(centre_frequencies(40, 100, 7200), 512, 16000)
    >>> bank.shape, float(bank.sum(axis=0).round(6).min())
    ((257, 40), 1.0)
    """
    bins = np.arange(n_fft // 2 + 1) * sample_rate / n_fft
    distances = (bins[:, None] - centres) / (1.019 * erb(centres))
    weights = (1 + distances**2) ** -4.0
    # What lies 40 dB and more below the middle is left out: the bank is a matrix of short runs.
    weights[weights < LEAST] = 0
    return np.asarray(weights / weights.sum(axis=0))
