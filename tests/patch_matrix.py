"""All patches of maps as rows: what kernels are learned from without ever being made."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from skconv.kernels.base import border


def patches_of(maps: NDArray[Any], size: tuple[int, int], padding: str) -> NDArray[Any]:
    """Every patch as a row, in float64."""
    borders = border(size, padding)
    mode: Any = "wrap" if padding == "circular" else "constant"
    padded = np.pad(maps, ((0, 0), *borders, (0, 0)), mode=mode)
    windows = sliding_window_view(padded, size, axis=(1, 2)).transpose(0, 1, 2, 4, 5, 3)
    return windows.reshape(-1, math.prod(windows.shape[3:])).astype(np.float64)


def random_maps(*shape: int, seed: int = 0) -> NDArray[np.float64]:
    return np.random.default_rng(seed).normal(size=shape)


def responses(source: Any, maps: NDArray[Any], padding: str = "valid") -> NDArray[np.float64]:
    """What a fitted source's kernels and biases give on every patch, a row each."""
    kernels = source.kernels_.astype(np.float64)
    patches = patches_of(maps, kernels.shape[1:3], padding)
    return patches @ kernels.reshape(len(kernels), -1).T + source.biases_
