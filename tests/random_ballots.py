"""Votes of random scores."""

from __future__ import annotations

import numpy as np

from skconv.graph import Decisions, Graph, QLinear, QPairConfidence, TensorSpec, Winner


def ballots_of_seed(seed: int) -> Graph:
    """Decisions of pairs, with ties; whom they vote for, and what each score decides."""
    rng = np.random.default_rng(seed)
    n_classes = int(rng.integers(2, 6))
    n_pairs = n_classes * (n_classes - 1) // 2
    graph = Graph(TensorSpec((4,), "int8", minimum=-127, maximum=127))
    weights = rng.integers(-2, 3, (n_pairs, 4)).astype(np.int8)
    graph = graph.append(QLinear(weights, np.zeros(n_pairs, np.int32), 0.1)).append(Winner())
    one = int(rng.choice([1, 10, 2**31 - 1]))
    graph = graph.append(QPairConfidence(n_classes, bool(seed % 2), one), "qlinear")
    graph = graph.append(Winner())
    classes = np.arange(max(2, n_classes))
    labels = (*[classes[:2]] * n_pairs, classes)
    return graph.append(Decisions(labels, (*[1] * n_pairs, n_classes)), "qlinear", "winner_2")
