"""Pruning: what a linear head does not need is neither stored nor computed."""

from skconv.passes.compress.pruning.dead import PruneDead, prune_dead
from skconv.passes.compress.pruning.features import PruneFeatures

__all__ = ["PruneDead", "PruneFeatures", "prune_dead"]
