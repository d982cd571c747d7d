"""Pruning: what a linear head does not need is neither stored nor computed."""

from skconv.passes.compress.pruning.dead import PruneDead, prune_dead
from skconv.passes.compress.pruning.features import PruneFeatures
from skconv.passes.compress.pruning.kernels import PruneKernels

__all__ = ["PruneDead", "PruneFeatures", "PruneKernels", "prune_dead"]
