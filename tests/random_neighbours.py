"""Random distances to stored samples, for the random graphs."""

from __future__ import annotations

from typing import Any

import numpy as np

from skconv.graph import (
    Graph,
    Op,
    QDistances,
    QNeighbourMeans,
    QNeighbourVotes,
    QNoveltyMargin,
    TensorSpec,
)
from skconv.graph.neighbours import largest_sum, spare_root_bits


def add_neighbours(graph: Graph, rng: np.random.Generator, source: str) -> Graph:
    """Every one of the ops on a tensor."""
    x = graph.specs[source]
    low, high = x.limits
    prototypes = rng.integers(low, high + 1, (6, x.size)).astype(x.dtype)
    one = np.arange(1, 7)
    for metric in ("l1", "l2"):
        bits = spare_root_bits(metric, largest_sum(metric, prototypes, x))
        near: Any = {"metric": metric, "prototypes": prototypes, "root_bits": bits}
        few: Any = near | {"k": 3}
        weighted = {"weighted": metric == "l2"}
        offsets, values = np.array([7], np.int32), one[:, None].astype(np.int8)
        for op in (
            QDistances(**near, negated=True),
            QNeighbourVotes(**few, labels=(one % 2).astype(np.uint8), n_classes=2, **weighted),
            QNeighbourMeans(**few, values=values, offsets=offsets, **weighted),
            QNoveltyMargin(
                **few,
                reaches=one.astype(np.uint16),
                densities=one.astype(np.uint16),
                limit=9000,
            ),
        ):
            graph = graph.append(op, source)
    return graph


def neighbours(d: Any, x: TensorSpec) -> Op:
    """One of the ops; samples repeat, so that there are equals among the neighbours."""
    low, high = x.limits
    n_prototypes, metric = d.integer(1, 11), d.one_of("l1", "l2")
    prototypes = d.array((n_prototypes, x.size), low, high, x.dtype)
    prototypes[n_prototypes // 2 :] = prototypes[: n_prototypes - n_prototypes // 2]
    bits = spare_root_bits(metric, largest_sum(metric, prototypes, x))
    k, weighted = d.integer(1, n_prototypes), d.one_of(False, True)
    shared: dict[str, Any] = {"metric": metric, "prototypes": prototypes, "root_bits": bits}
    match d.one_of("distances", "votes", "means", "margin"):
        case "distances":
            return QDistances(**shared, negated=d.one_of(False, True))
        case "votes":
            labels = d.array((n_prototypes,), 0, 3, d.one_of(np.uint8, np.uint16))
            return QNeighbourVotes(**shared, k=k, labels=labels, n_classes=4, weighted=weighted)
        case "means":
            values = d.array((n_prototypes, d.integer(1, 3)), -128, 127, d.one_of("i1", "i2"))
            offsets = d.array((values.shape[1],), -(2**20), 2**20, np.int32)
            return QNeighbourMeans(**shared, k=k, values=values, weighted=weighted, offsets=offsets)
        case _:
            reaches = d.array((n_prototypes,), 0, 40_000, d.one_of(np.uint16, np.int32))
            densities = d.array((n_prototypes,), 1, 65_535, d.one_of(np.uint16, np.int32))
            limit, shift = d.integer(0, 2**30) << d.integer(0, 8), d.integer(0, 12)
            return QNoveltyMargin(
                **shared, k=k, reaches=reaches, densities=densities, limit=limit, shift=shift
            )
