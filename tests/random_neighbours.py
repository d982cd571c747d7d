"""Random distances to stored samples, for the random graphs."""

from __future__ import annotations

from dataclasses import replace
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


def neighbours_of_seed(seed: int) -> Graph:
    """One of the ops; samples repeat, so that there are equals among the neighbours."""
    rng = np.random.default_rng(seed)
    kinds = (_distances, _votes, _means, _margin)
    dtype = ("uint8", "int8", "int16")[seed // len(kinds) % 3]
    largest = {"uint8": 255, "int8": 127, "int16": int(rng.choice([1500, 9000]))}[dtype]
    x = TensorSpec((int(rng.integers(1, 70)),), dtype, 1.0, -largest * (dtype != "uint8"), largest)
    n_prototypes, metric = int(rng.integers(1, 12)), rng.choice(["l1", "l2"]).item()
    if dtype == "int16" and metric == "l2":
        x = replace(x, shape=(min(x.size, 2**30 // (2 * largest) ** 2),))
    low, high = x.limits
    prototypes = rng.integers(low, high + 1, (n_prototypes, x.size)).astype(dtype)
    prototypes[n_prototypes // 2 :] = prototypes[: n_prototypes - n_prototypes // 2]
    bits = spare_root_bits(metric, largest_sum(metric, prototypes, x))
    shared: dict[str, Any] = {"metric": metric, "prototypes": prototypes, "root_bits": bits}
    return Graph(x).append(kinds[seed % len(kinds)](rng, shared))


def _distances(rng: np.random.Generator, shared: dict[str, Any]) -> Op:
    return QDistances(**shared, negated=bool(rng.integers(2)))


def _k(rng: np.random.Generator, shared: dict[str, Any]) -> int:
    return int(rng.integers(1, len(shared["prototypes"]) + 1))


def _votes(rng: np.random.Generator, shared: dict[str, Any]) -> Op:
    labels = rng.integers(0, 4, len(shared["prototypes"])).astype(rng.choice(["u1", "u2"]))
    return QNeighbourVotes(
        **shared, k=_k(rng, shared), labels=labels, n_classes=4, weighted=bool(rng.integers(2))
    )


def _means(rng: np.random.Generator, shared: dict[str, Any]) -> Op:
    shape = (len(shared["prototypes"]), int(rng.integers(1, 4)))
    values = rng.integers(-128, 128, shape).astype(rng.choice(["i1", "i2"]))
    offsets = rng.integers(-(2**20), 2**20, shape[1]).astype(np.int32)
    weighted = bool(rng.integers(2))
    return QNeighbourMeans(
        **shared, k=_k(rng, shared), values=values, weighted=weighted, offsets=offsets
    )


def _margin(rng: np.random.Generator, shared: dict[str, Any]) -> Op:
    n, dtype = len(shared["prototypes"]), rng.choice(["u2", "i4"])
    reaches = rng.integers(0, 40_000, n).astype(dtype)
    densities = rng.integers(1, 65_536, n).astype(dtype)
    limit, shift = int(rng.integers(0, 2**40)), int(rng.integers(0, 13))
    return QNoveltyMargin(
        **shared, k=_k(rng, shared), reaches=reaches, densities=densities, limit=limit, shift=shift
    )
