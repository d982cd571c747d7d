"""Where the kernels of a stage along time come from, by name."""

from __future__ import annotations

from typing import Any

import numpy as np

from skconv.kernels.gabor import GaborKernels
from skconv.kernels.kmeans import KMeansKernels
from skconv.kernels.pca import PCAKernels
from skconv.kernels.random import RandomKernels
from skconv.kernels.random_patches import PatchKernels

SHORTEST_WAVE = 3.0


def named_source(name: str, n_kernels: int, kernel_size: int) -> Any:
    """An unfitted source of kernels ``(1, kernel_size)``; `TemporalConvFeatures` says which.

    Examples
    --------
    >>> from skconv.signals.temporal_sources import named_source
    >>> named_source("gabor", 6, 9).wavelengths
    (3.0, 5.19..., 9.0)
    """
    size = (1, kernel_size)
    if name == "random":
        # The mean of a kernel of one tap is the kernel.
        return RandomKernels(n_kernels=n_kernels, kernel_size=size, zero_mean=kernel_size > 1)
    if name == "gabor":
        longest = max(SHORTEST_WAVE, float(kernel_size))
        waves = np.geomspace(SHORTEST_WAVE, longest, max(1, n_kernels // 2))
        return GaborKernels(wavelengths=tuple(map(float, waves)), kernel_size=size)
    sources: dict[str, Any] = {"patches": PatchKernels, "pca": PCAKernels, "kmeans": KMeansKernels}
    return sources[name](n_kernels=n_kernels, kernel_size=size, clip=True)


def taps(source: Any) -> int:
    """How many taps along time the kernels of an unfitted source have; 1 where it does not say."""
    parameters = source.get_params()
    if "kernel_size" in parameters:
        return int(np.ravel(parameters["kernel_size"])[-1])
    kernels = parameters.get("kernels")
    return np.shape(kernels)[2] if np.ndim(kernels) == 4 else 1
