"""What kernels read: patches of a map, at as many positions as there is memory for."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skconv.graph import Conv
from skconv.passes.compress.base import Samples
from skconv.runtime.windows import pad, windows

Array = NDArray[Any]

MOST_SAMPLES = 512
# Patches of a layer, and numbers in all of them.
MOST_POSITIONS = 2**15
MOST_NUMBERS = 2**25


def spread(samples: Samples, most: int = MOST_SAMPLES) -> Samples:
    """At most so many samples, evenly spaced."""
    rows = np.linspace(0, len(samples.X) - 1, min(most, len(samples.X))).astype(np.intp)
    return replace(samples, X=samples.X[rows], y=None if samples.y is None else samples.y[rows])


def patches(op: Conv, maps: Array, seed: int = 0) -> Array:
    """Patches that the kernels of a convolution read, a drawn sample of them where there are many.

    Parameters
    ----------
    op : Conv
    maps : ndarray of shape (n_samples, height, width, channels)
    seed : int
        The same seed draws the same positions of maps of the same shape.

    Returns
    -------
    ndarray of float32 of shape (n_groups, n_positions, n_weights)
        Of the kernels of each group, with weights in their order. Where a bank is shared by all
        channels, each channel is a position more.
    """
    view = windows(pad(maps, op), op.weights.shape[1:3], op.stride, op.dilation)
    n_samples, rows, columns, channels, height, width = view.shape
    total, numbers = n_samples * rows * columns, channels * height * width
    most = min(total, MOST_POSITIONS, max(1, MOST_NUMBERS // numbers))
    chosen = np.random.default_rng(seed).choice(total, most, replace=False, shuffle=False)
    found = view[np.unravel_index(chosen, (n_samples, rows, columns))]
    n_groups = 1 if op.shared else op.groups
    grouped = found.reshape(most, -1, op.weights.shape[3], height, width)
    by_weight = grouped.transpose(1, 0, 3, 4, 2).reshape(n_groups, -1, op.weights[0].size)
    return np.ascontiguousarray(by_weight, np.float32)
