"""Random integer graphs of ops that treat the columns of a vector one by one."""

from __future__ import annotations

import numpy as np

from skconv.graph import Graph, Matches, QCosine, QInterpolate, QProducts, Steps, TensorSpec
from tests.integer_separable import rule


def lines(rng: np.random.Generator, x: TensorSpec, dtype: str, *, shared: bool) -> QInterpolate:
    """Any knots that the type of the input has, the ends among them; any values that fit."""
    low, high = x.limits
    columns = []
    for _ in range(1 if shared else x.size):
        inner = rng.integers(low, high + 1, int(rng.integers(0, 9)))
        columns.append(np.unique([*inner, *((low, high) if rng.random() < 0.5 else inner[:1])]))
        if len(columns[-1]) == 0:
            columns[-1] = np.array([low])
    values = []
    info = np.iinfo(dtype)
    for knots in columns:
        found = rng.choice([info.min, info.max, 0, 1], len(knots)).astype(np.int64)
        for i in range(1, len(knots)):
            step = int(knots[i] - knots[i - 1])
            most = (2**32 - 1 - step) // (2 * step)
            found[i] = found[i - 1] + np.clip(found[i] - found[i - 1], -most, most)
        values.append(found)
    return QInterpolate(
        np.cumsum([0, *map(len, columns)]).astype(np.uint16),
        np.concatenate(columns).astype(x.dtype),
        np.concatenate(values).astype(dtype),
    )


def columns_of_seed(seed: int) -> Graph:
    """Lines between knots of each column, then the same lines for all."""
    rng = np.random.default_rng(seed)
    dtype = ("int8", "uint8", "int16")[seed % 3]
    graph = Graph(TensorSpec((int(rng.integers(1, 9)),), dtype, 0.01))
    return add_columns(graph, rng, "input")


def add_columns(graph: Graph, rng: np.random.Generator, source: str) -> Graph:
    """Every op that treats columns one by one, on a vector of 8 or 16 bits."""
    x = graph.specs[source]
    for dtype, shared in (("int8", True), ("uint8", False), ("int16", False), ("int16", True)):
        graph = graph.append(lines(rng, x, dtype, shared=shared), source)
    most = int(rng.integers(0, 32 - x.magnitude.bit_length()))
    for shift, multiplier in ((most, int(rng.integers(1, 2**31))), (0, 2**31 - 1)):
        graph = graph.append(QCosine(multiplier, shift), source)
    values = np.arange(4 * x.size, dtype=np.int16).reshape(x.size, 4) - int(rng.choice([0, 9]))
    edges = np.sort(rng.integers(x.limits[0], x.limits[1] + 2, (x.size, 3)), axis=1)
    graph = graph.append(Steps(edges.astype(np.int32), values), source)
    graph = graph.append(Steps(edges[:1].astype(np.int32), values[:1]), source)
    columns = rng.integers(0, x.size, 5)
    numbers = rng.choice([*x.limits, 0, 1], 5).astype(np.int32)
    graph = graph.append(Matches(columns.astype(np.uint16), numbers), source)
    degree = min(3, int(31 / np.log2(x.magnitude + 2)))
    indices = rng.integers(0, x.size + 1, (5, degree)).astype(np.uint16)
    indices[:, 0] = rng.integers(0, x.size, 5)
    for dtype, many in (("int8", 5), ("int16", 1)):
        to = rule(rng, x.magnitude**degree, dtype, many)
        graph = graph.append(QProducts(indices, to), source)
    return graph
