"""The mel scale of pitch, and bands of equal width on it."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


def mel(frequency: Any) -> Array:
    """Pitch in mel of frequencies in Hz: ``2595 log10(1 + f / 700)``, as in HTK.

    References
    ----------
    S. Young et al., "The HTK book", Cambridge University, 2006, equation 5.13.

    Examples
    --------
    >>> from skconv.sound.mel import mel
    >>> mel([0, 700, 1000]).round(2).tolist()
    [0.0, 781.17, 999.99]
    """
    return 2595 * np.log10(1 + np.asarray(frequency, np.float64) / 700)


def frequency_of_mel(pitch: Any) -> Array:
    """Frequencies in Hz of pitches in mel: the inverse of `mel`.

    Examples
    --------
    >>> from skconv.sound.mel import frequency_of_mel, mel
    >>> frequency_of_mel(mel([0, 440, 8000])).round(6).tolist()
    [0.0, 440.0, 8000.0]
    """
    return 700 * (10 ** (np.asarray(pitch, np.float64) / 2595) - 1)


def mel_edges(n_bands: int, low: float, high: float) -> Array:
    """``n_bands + 2`` frequencies at equal distances in mel: each band has three of them."""
    return frequency_of_mel(np.linspace(mel(low), mel(high), n_bands + 2))


def mel_bank(n_fft: int, sample_rate: float, n_bands: int, low: float, high: float) -> Array:
    """Triangular bands ``(n_fft / 2 + 1, n_bands)``, 1 in the middle.

    Band ``b`` rises from edge ``b`` to edge ``b + 1`` of `mel_edges`, and falls to ``b + 2``,
    along straight lines of frequency.

    Raises
    ------
    ValueError
        Where a band lies between two bins of the transform, so that it holds none.

    Examples
    --------
    The bands overlap so that their sum is 1 from the middle of the first to that of the last.

    >>> from skconv.sound.mel import mel_bank
    >>> bank = mel_bank(512, 16000, 40, 20, 8000)
    >>> bank.shape
    (257, 40)
    >>> float(bank[10:240].sum(axis=1).round(6).min())
    1.0
    """
    edges = mel_edges(n_bands, low, high)
    bins = np.arange(n_fft // 2 + 1)[:, None] * (sample_rate / n_fft)
    rising = (bins - edges[:-2]) / np.diff(edges)[:-1]
    falling = (edges[2:] - bins) / np.diff(edges)[1:]
    bank = np.maximum(np.minimum(rising, falling), 0)
    empty = np.flatnonzero(~bank.any(axis=0))
    if empty.size:
        first = int(empty[0])
        raise ValueError(
            f"n_bands={n_bands}: band {first} from {edges[first]:.0f} to {edges[first + 2]:.0f} Hz "
            f"holds no frequency of a transform of {n_fft} samples: write fewer bands, or a "
            f"larger n_fft than {n_fft}"
        )
    return bank.astype(np.float32)
