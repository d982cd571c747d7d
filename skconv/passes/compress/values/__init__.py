"""Kernels whose weights are signs, or powers of two."""

from skconv.passes.compress.values.binary import BinaryKernels
from skconv.passes.compress.values.shift import ShiftKernels

__all__ = ["BinaryKernels", "ShiftKernels"]
