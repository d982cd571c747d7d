"""Random ensembles of trees on integers: thresholds at the ends, many features, votes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from skconv.graph import ArgMax, Graph, QTreeEnsemble, TensorSpec, ensemble_of
from skconv.passes.lower_trees import integer_trees
from skconv.testing.trees import random_tree

LIMITS = {"uint8": (0, 255), "int8": (-127, 127), "int16": (-32767, 32767)}


def add_trees(graph: Graph, rng: np.random.Generator, source: str) -> Graph:
    """Votes, and sums of values, of what a tensor holds."""
    x = graph.specs[source]
    for are_votes in (False, True):
        graph = graph.append(_ensemble(rng, x, 3, are_votes), source)
    return graph


def trees_of_seed(seed: int) -> Graph:
    """Of 1 to 6 trees with up to 20 leaves; every second graph of votes, some with a decision.

    Leaves of some have values for a few of the outputs: others have none, or those of many trees.
    """
    rng = np.random.default_rng(seed)
    dtype = tuple(LIMITS)[seed % 3]
    low, high = LIMITS[dtype]
    x = TensorSpec((int(rng.choice([1, 5, 70, 300])),), dtype, 1.0, minimum=low, maximum=high)
    width = int(rng.integers(1, 5))
    op = _ensemble(rng, x, width, bool(seed % 2), n_spare=int(rng.integers(0, 4)))
    graph = Graph(x).append(op)
    return graph.append(ArgMax()) if len(op.constant) > 1 else graph


def _ensemble(
    rng: np.random.Generator, x: TensorSpec, width: int, are_votes: bool, n_spare: int = 0
) -> QTreeEnsemble:
    low, high = x.limits
    trees = []
    for _ in range(int(rng.integers(1, 7))):
        tree = random_tree(rng, int(rng.integers(2, 21)), x.size, width)
        n_nodes = len(tree.left)
        thresholds = rng.integers(low, high + 1, n_nodes) + rng.choice([0, 0.5], n_nodes)
        thresholds[rng.random(n_nodes) < 0.1] = low
        values = np.eye(width)[rng.integers(0, width, n_nodes)] if are_votes else tree.values
        first = int(rng.integers(0, n_spare + 1))
        tree = replace(tree, threshold=thresholds * x.scale, values=values, first_output=first)
        trees.append(tree)
    n_outputs = width + n_spare
    constant = np.zeros(n_outputs) if are_votes else rng.normal(size=n_outputs)
    return integer_trees(ensemble_of(trees, x.size, constant), x, are_scores=n_outputs > 1)
