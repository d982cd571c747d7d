"""Convolutions with kernels of few terms, each a column times a row."""

from skconv.passes.compress.separable.kernels import SeparableKernels

__all__ = ["SeparableKernels"]
