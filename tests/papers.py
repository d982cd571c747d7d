"""Extractors as in the papers that they come from, in place of their defaults.

What is computed by hand, or is a theorem, wants the plain forms: no root, no border of zeros.
"""

from __future__ import annotations

from typing import Any

from skconv import (
    FixedConvFeatures,
    GaborFeatures,
    PCAConvFeatures,
    PCANetFeatures,
    RandomConvFeatures,
)


def random_conv(**params: Any) -> RandomConvFeatures:
    """Square pooling of normal kernels (Saxe et al. 2011)."""
    paper: dict[str, Any] = {
        "n_kernels": 64,
        "kernel_size": 7,
        "zero_mean": False,
        "padding": "valid",
        "nonlinearity": "square",
        "pool": "l2",
        "pool_size": 7,
        "root": False,
    }
    return RandomConvFeatures(**{**paper, **params})


def gabor(**params: Any) -> GaborFeatures:
    """Mean energy in windows side by side."""
    paper: dict[str, Any] = {"kernel_size": 9, "pool_size": 7, "root": False}
    return GaborFeatures(**{**paper, **params})


def fixed_conv(**params: Any) -> FixedConvFeatures:
    """Mean magnitudes in windows side by side (Laws 1980)."""
    paper: dict[str, Any] = {"pool_size": 7, "root": False}
    return FixedConvFeatures(**{**paper, **params})


def pca_conv(**params: Any) -> PCAConvFeatures:
    """Both signs of a few components."""
    paper: dict[str, Any] = {
        "n_kernels": 8,
        "padding": "valid",
        "nonlinearity": "both_signs",
        "pool_size": 7,
        "root": False,
    }
    return PCAConvFeatures(**{**paper, **params})


def pcanet(**params: Any) -> PCANetFeatures:
    """Two stages of eight kernels of 7 x 7 (Chan et al. 2015)."""
    paper: dict[str, Any] = {
        "n_kernels": (8, 8),
        "kernel_size": 7,
        "block_size": 7,
        "output": "float32",
    }
    return PCANetFeatures(**{**paper, **params})
