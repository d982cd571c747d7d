"""What MiniRocket draws and learns: dilations, channels and biases of its convolutions."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from skconv.graph import MiniRocket
from skconv.graph.minirocket import KERNEL_LENGTH, TRIPLES

N_KERNELS = len(TRIPLES)
CENTRE = KERNEL_LENGTH // 2
MOST_CHANNELS = 9
GOLDEN_RATIO = (np.sqrt(5) + 1) / 2


def dilations_of(
    length: int, n_per_kernel: int, max_dilations: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Dilations of a kernel, and how many features it has of each (section 3.1.3).

    Exponents are evenly spaced from 0 to that of the longest kernel that fits.

    Examples
    --------
    >>> from skconv.signals.rocket_kernels import dilations_of
    >>> dilations, n_features = dilations_of(150, 119, 32)
    >>> dilations.tolist()
    [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 14, 15, 16, 18]
    >>> n_features.tolist()
    [30, 15, 12, 12, 4, 8, 8, 4, 4, 4, 3, 3, 3, 3, 3, 3]
    """
    most = min(n_per_kernel, max_dilations)
    highest = np.log2((length - 1) / (KERNEL_LENGTH - 1))
    spaced = np.logspace(0, highest, most, base=2).astype(np.int64)
    dilations, counts = np.unique(spaced, return_counts=True)
    counts = (counts * (n_per_kernel / most)).astype(np.int64)
    missing = n_per_kernel - int(counts.sum())
    counts += np.bincount(np.arange(missing) % len(counts), minlength=len(counts))
    return dilations, counts


def levels(n: int) -> NDArray[np.float32]:
    """Quantiles that spread evenly, however many there are: fractions of multiples of phi.

    Examples
    --------
    >>> from skconv.signals.rocket_kernels import levels
    >>> [f"{level:.4f}" for level in levels(3)]
    ['0.6180', '0.2361', '0.8541']
    """
    return np.asarray(np.arange(1, n + 1) * GOLDEN_RATIO % 1, np.float32)


def draw_channels(
    rng: np.random.RandomState, n_convolutions: int, channels: int
) -> list[NDArray[np.int64]]:
    """The channels of each convolution: their number is even on a scale of logarithms."""
    highest = np.log2(min(channels, MOST_CHANNELS) + 1)
    counts = (2 ** rng.uniform(0, highest, n_convolutions)).astype(np.int64)
    return [rng.choice(channels, count, replace=False) for count in counts]


def fitted_kernels(
    maps: NDArray[Any], n_features: int, max_dilations: int, seed: int
) -> MiniRocket:
    """The convolutions for signals ``(n, 1, length, channels)``, their biases learnt from them.

    The order of what is drawn is that of the published code, and so are its numbers.
    """
    n, _, length, channels = maps.shape
    dilations, counts = dilations_of(length, n_features // N_KERNELS, max_dilations)
    n_convolutions = N_KERNELS * len(dilations)
    chosen = draw_channels(np.random.RandomState(seed), n_convolutions, channels)
    samples = np.random.RandomState(seed).randint(n, size=n_convolutions)
    n_biases = np.repeat(counts, N_KERNELS)
    wanted = np.split(levels(int(n_biases.sum())), np.cumsum(n_biases)[:-1])
    each = np.repeat(dilations, N_KERNELS)
    kernels = np.tile(np.arange(N_KERNELS), len(dilations))
    biases = [
        np.quantile(_response(maps[sample, 0, :, which], int(dilation), TRIPLES[kernel]), at)
        for sample, which, dilation, kernel, at in zip(
            samples, chosen, each, kernels, wanted, strict=True
        )
    ]
    place = np.repeat(np.arange(len(dilations)), N_KERNELS)
    return MiniRocket(
        dilations=each.astype(np.uint16),
        kernels=kernels.astype(np.uint8),
        padded=((place + kernels) % 2 == 0).astype(np.uint8),
        n_channels=np.array([len(which) for which in chosen], np.uint8),
        channels=np.concatenate(chosen).astype(np.uint8),
        n_biases=n_biases.astype(np.uint16),
        biases=np.concatenate(biases).astype(np.float32),
        length=length,
    )


def _response(signals: NDArray[Any], dilation: int, triple: tuple[int, ...]) -> NDArray[np.float64]:
    """The convolution of one signal, ``(channels, length)``, zeros at its ends: always those."""
    x = signals.astype(np.float32)
    length = x.shape[1]
    edge = CENTRE * dilation
    padded = np.pad(x, ((0, 0), (edge, edge)))
    taps = [padded[:, tap * dilation : tap * dilation + length] for tap in range(KERNEL_LENGTH)]
    result: NDArray[np.float32] = -taps[CENTRE]
    for tap in (*taps[:CENTRE], *taps[CENTRE + 1 :]):
        result = result - tap
    for place in triple:
        result = result + np.float32(3) * taps[place]
    return result.sum(axis=0).astype(np.float64)
