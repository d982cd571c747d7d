"""Dilated kernels along time: where they lie, and the patches that they are learnt from."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skconv.kernels.batches import MapBatches
from skconv.kernels.moments import Maps


def powers_of_two(length: int, kernel_size: int) -> tuple[int, ...]:
    """Dilations 1, 2, 4, ... with which a kernel lies within a signal; 1 always.

    Examples
    --------
    >>> from skconv.signals.dilation import powers_of_two
    >>> powers_of_two(40, 9), powers_of_two(5, 9)
    ((1, 2, 4), (1,))
    """
    reach = max(1, kernel_size - 1)
    largest = max(1, (length - 1) // reach)
    return tuple(2**i for i in range(largest.bit_length()))


def phases(maps: Maps, dilation: int, kernel_size: int) -> MapBatches:
    """Signals of every `dilation`-th number: patches of these are dilated patches of the signals.

    A signal ``(1, length, channels)`` becomes `dilation` ones, which begin at its first numbers
    one after the other, all equally long: what is too much is cut at the beginning. Where a
    kernel does not fit into them, zeros stand in front, as in front of a causal convolution.

    Examples
    --------
    >>> import numpy as np
    >>> from skconv.signals.dilation import phases
    >>> (batch,) = phases(np.arange(7.0).reshape(1, 1, 7, 1), 3, 2)
    >>> batch[:, 0, :, 0].tolist()
    [[1.0, 4.0], [2.0, 5.0], [3.0, 6.0]]
    """
    n_samples, _, length, channels = maps.shape
    steps = max(length // dilation, kernel_size)

    def batches() -> Iterator[NDArray[Any]]:
        for batch in (maps,) if isinstance(maps, np.ndarray) else maps:
            yield _phases(batch, dilation, steps)

    return MapBatches((n_samples * dilation, 1, steps, channels), batches)


def _phases(batch: NDArray[Any], dilation: int, steps: int) -> NDArray[Any]:
    n_samples, _, length, channels = batch.shape
    missing = max(0, steps * dilation - length)
    padded = np.pad(batch[:, 0], ((0, 0), (missing, 0), (0, 0)))[:, -steps * dilation :]
    apart = padded.reshape(n_samples, steps, dilation, channels).transpose(0, 2, 1, 3)
    return np.ascontiguousarray(apart.reshape(-1, 1, steps, channels))
