"""Probabilities out of random scores."""

from __future__ import annotations

import numpy as np

from skconv.graph import ArgMax, Graph, QLinear, Shares, Sigmoids, Softmax, TensorSpec
from skconv.passes.lower_probabilities import integer_probabilities


def probabilities_of_seed(seed: int) -> Graph:
    """All three ways from the scores of a linear layer; every third graph has one score."""
    rng = np.random.default_rng(seed)
    n_scores = 1 if seed % 3 == 0 else int(rng.integers(2, 9))
    size = int(rng.integers(1, 13))
    graph = Graph(TensorSpec((size,), "int8", minimum=-127, maximum=127))
    weights = rng.integers(-127, 128, (n_scores, size)).astype(np.int8)
    scale = float(2.0 ** rng.uniform(-16, -6))
    scores = QLinear(weights, rng.integers(-5000, 5000, n_scores).astype(np.int32), scale)
    graph = graph.append(scores)
    share = 1 / (scores.output(graph.input).magnitude * scale)
    for op in (Softmax(), Softmax(0.3), Sigmoids(), Shares(share), Shares(100 * share)):
        spec = graph.specs["qlinear"]
        graph = graph.append(integer_probabilities(op, spec), "qlinear")
    return graph.append(ArgMax())
