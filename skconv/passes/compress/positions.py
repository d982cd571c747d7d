"""What kernels read: patches of a map, at as many positions as there is memory for."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from skconv.graph import Conv
from skconv.passes.compress.base import Array, Samples
from skconv.runtime.windows import pad, windows

# Patches of a layer, and numbers in all of them.
MOST_POSITIONS = 20_000
MOST_NUMBERS = 2**26


def spread(samples: Samples, most: int) -> Samples:
    """At most so many samples, evenly spaced."""
    rows = np.linspace(0, len(samples.X) - 1, min(most, len(samples.X))).astype(np.intp)
    return replace(samples, X=samples.X[rows], y=None if samples.y is None else samples.y[rows])


def patches(op: Conv, maps: Array, answers: Array) -> tuple[Array, Array]:
    """Patches that the kernels of a convolution read, a drawn sample of them where there are many.

    Parameters
    ----------
    op : Conv
    maps : ndarray of shape (n_samples, height, width, channels)
    answers : ndarray of shape (n_samples, map_height, map_width, n_kernels)
        Of any convolution of the same geometry.

    Returns
    -------
    rows : ndarray of float32 of shape (n_groups, n_positions, n_weights)
        Of the kernels of each group, with weights in their order. Where a bank is shared by all
        channels, each channel is a position more.
    answers : ndarray of float64 of shape (n_groups, n_positions, n_kernels // n_groups)
        Those at the same positions.
    """
    view = windows(pad(maps, op), op.weights.shape[1:3], op.stride, op.dilation)
    total, numbers = int(np.prod(view.shape[:3])), int(np.prod(view.shape[3:]))
    count = min(total, MOST_POSITIONS, max(1, MOST_NUMBERS // numbers))
    drawn = np.random.default_rng(0).permutation(total)[:count]
    chosen = np.unravel_index(np.sort(drawn), view.shape[:3])
    n_groups = 1 if op.shared else op.groups
    by_channel = view[chosen].reshape(count, -1, op.weights.shape[3], *view.shape[4:])
    rows = by_channel.transpose(0, 1, 3, 4, 2).reshape(-1, n_groups, op.weights[0].size)
    by_kernel = answers[chosen].reshape(-1, n_groups, len(op.weights) // n_groups)
    return (
        np.ascontiguousarray(rows.transpose(1, 0, 2), np.float32),
        np.ascontiguousarray(by_kernel.transpose(1, 0, 2), np.float64),
    )
