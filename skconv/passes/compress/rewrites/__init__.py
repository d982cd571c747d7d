"""Passes that compute the same function in another form of convolution."""

from skconv.passes.compress.rewrites.condensed import CondensedConv
from skconv.passes.compress.rewrites.grouped import GroupedConv
from skconv.passes.compress.rewrites.strided import StridedPooling

__all__ = ["CondensedConv", "GroupedConv", "StridedPooling"]
