"""Example graphs of tree ensembles, and random trees."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from skconv.graph import ArgMax, Graph, Tree, TreeEnsemble, ensemble_of
from skconv.testing.parts import chain


def random_tree(
    rng: np.random.Generator, n_leaves: int, n_features: int, width: int, spread: float = 1.0
) -> Tree:
    """A tree that grows at random leaves; thresholds and values are normal."""
    left, right = [-1], [-1]
    while (left.count(-1)) < n_leaves:
        leaf = int(rng.choice(np.flatnonzero(np.array(left) < 0)))
        left[leaf], right[leaf] = len(left), len(left) + 1
        left += [-1, -1]
        right += [-1, -1]
    n_nodes = len(left)
    return Tree(
        np.array(left),
        np.array(right),
        rng.integers(0, n_features, n_nodes),
        rng.normal(scale=spread, size=n_nodes),
        rng.normal(size=(n_nodes, width)),
    )


def random_trees(
    rng: np.random.Generator, n_trees: int, n_features: int, n_outputs: int
) -> TreeEnsemble:
    """Some of them: trees of 1 to 12 leaves with a value for every output."""
    trees = [
        random_tree(rng, int(rng.integers(1, 13)), n_features, n_outputs) for _ in range(n_trees)
    ]
    return ensemble_of(trees, n_features, rng.normal(size=n_outputs))


def tree_examples(rng: np.random.Generator) -> dict[str, Graph]:
    one_each = [
        replace(random_tree(rng, 6, 9, 1), first_output=output) for output in (0, 1, 2, 0, 1, 2)
    ]
    votes = [random_tree(rng, 7, 9, 3) for _ in range(5)]
    votes = [replace(t, values=np.eye(3)[rng.integers(0, 3, len(t.left))]) for t in votes]
    return {
        "trees": chain(random_trees(rng, 4, 9, 3), ArgMax(), shape=(9,)),
        "votes of trees": chain(ensemble_of(votes, 9, np.zeros(3)), ArgMax(), shape=(9,)),
        "trees of one output": chain(ensemble_of(one_each, 9, np.ones(3)), ArgMax(), shape=(9,)),
        "tree of values": chain(random_trees(rng, 1, 300, 2), shape=(300,)),
    }
