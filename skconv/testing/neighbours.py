"""Example graphs of distances to stored samples."""

from __future__ import annotations

from typing import Any

import numpy as np

from skconv.graph import (
    ArgMax,
    Distances,
    Graph,
    NeighbourMeans,
    NeighbourVotes,
    NoveltyMargin,
    Threshold,
)
from skconv.graph.neighbours import Metric
from skconv.testing.parts import chain, linear

N_PROTOTYPES, N_FEATURES = 13, 7


def neighbour_examples(rng: np.random.Generator) -> dict[str, Graph]:
    """Votes, means, margins and distances, of both metrics, with weights and without."""
    prototypes = rng.normal(size=(N_PROTOTYPES, N_FEATURES)).astype(np.float32)
    labels = (np.arange(N_PROTOTYPES) % 3).astype(np.uint8)
    values = rng.normal(size=(N_PROTOTYPES, 2)).astype(np.float32)
    positive = rng.uniform(1, 3, (2, N_PROTOTYPES)).astype(np.float32)
    metrics: tuple[tuple[Metric, bool], ...] = (("l1", False), ("l2", True))
    found: dict[str, Graph] = {}
    for metric, weighted in metrics:
        votes = NeighbourVotes(metric, prototypes, 4, labels, 3, weighted)
        means = NeighbourMeans(metric, prototypes, 3, values, weighted)
        margin = NoveltyMargin(metric, prototypes, 5, positive[0], positive[1], 6.0)
        nearest = Distances(metric, prototypes, negated=True)
        found |= {
            f"{metric} votes": _chain(votes, ArgMax()),
            f"{metric} means": _chain(means),
            f"{metric} margin": _chain(margin, Threshold()),
            f"{metric} nearest": _chain(nearest, ArgMax()),
            f"{metric} distances": _chain(
                Distances(metric, prototypes), linear(rng, 3, N_PROTOTYPES), ArgMax()
            ),
        }
    return found


def _chain(*ops: Any) -> Graph:
    return chain(*ops, shape=(N_FEATURES,))
