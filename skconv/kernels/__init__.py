"""Kernel sources: small estimators whose ``fit(maps, y=None)`` sets ``kernels_``, ``biases_``."""

from skconv.kernels.gabor import GaborKernels
from skconv.kernels.pca import PCAKernels
from skconv.kernels.random import RandomKernels

__all__ = ["GaborKernels", "PCAKernels", "RandomKernels"]
