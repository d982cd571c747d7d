"""What becomes of responses along time."""

from __future__ import annotations

import numpy as np

from skconv.graph import Affine, Concat, Graph, L2Pool, MaxPool, MeanPool, Reshape, SubtractMean
from skconv.sound.gabor_graph import Responses

# The pools, and how many numbers each makes of the responses at one band.
POOLS = {"mean": 1, "std": 1, "max": 1, "quarters": 4}


def pooled(graph: Graph, responses: list[Responses], pools: tuple[str, ...]) -> Graph:
    """``graph`` with a vector behind it: for each node of `responses`, every pool in turn."""
    vectors, factors = [], []
    for node, _ in responses:
        n_times = graph.specs[node].shape[0]
        for pool in pools:
            graph = _pool(graph, node, pool)
            graph = graph.append(Reshape((graph.output.size,)))
            vectors.append(graph.output_name)
            factor = 1 / np.sqrt(n_times) if pool == "std" else 1.0
            factors.append(np.full(graph.output.size, factor, np.float32))
    if len(vectors) > 1:
        graph = graph.append(Concat(), *vectors)
    scale = np.concatenate(factors)
    return graph.append(Affine(scale, np.zeros_like(scale))) if "std" in pools else graph


def _pool(graph: Graph, node: str, pool: str) -> Graph:
    """One pool over time behind a node; ``"std"`` times the root of the number of responses."""
    n_times = graph.specs[node].shape[0]
    whole = (n_times, 1)
    if pool == "std":
        return graph.append(SubtractMean(), node).append(L2Pool(whole, whole))
    if pool == "quarters":
        size = (n_times // POOLS[pool], 1)
        if size[0] == 0:
            raise ValueError(
                f"pool='quarters' of {n_times} responses along time, expected at least 4: take "
                "longer spectrograms, a smaller size_max or time_step=1"
            )
        return graph.append(MeanPool(size, size), node)
    return graph.append({"mean": MeanPool, "max": MaxPool}[pool](whole, whole), node)
