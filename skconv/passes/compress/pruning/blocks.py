"""The features of each kernel, which leave together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from skconv.graph import Graph
from skconv.passes.compress.base import Array
from skconv.passes.compress.pruning.origin import NOWHERE, kernels_of


@dataclass(frozen=True)
class Block:
    """The inputs of a head that come from one kernel, and the number of its layer."""

    inputs: Array
    layer: int


def blocks_of(graph: Graph, name: str, alive: Array) -> list[Block]:
    """One block for each kernel with features of its own, of those inputs of a node."""
    origin, firsts = kernels_of(graph, name)
    origin = origin[alive]
    return [
        Block(np.flatnonzero(origin == kernel), int(np.searchsorted(firsts, kernel, "right")))
        for kernel in np.unique(origin[origin != NOWHERE])
    ]


def layer_normalised(costs: Array, blocks: Sequence[Block]) -> Array:
    """Costs over the norm of all of their layer."""
    layers = np.array([block.layer for block in blocks])
    squares = np.bincount(layers, costs**2)[layers]
    return np.asarray(costs / np.sqrt(np.where(squares > 0, squares, 1)))
