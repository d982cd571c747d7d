"""Random convolutions large enough for flavours that `random_graphs` are too small for."""

from __future__ import annotations

import numpy as np

from skconv.graph import Graph, QConv, QConvHash, TensorSpec, verify
from tests.random_graphs import NARROW, Drawing


def drawing_of(seed: int) -> Drawing:
    rng = np.random.default_rng(seed)
    return Drawing(lambda low, high: int(rng.integers(low, high + 1)), rng)


def dense(d: Drawing, shape: tuple[int, ...]) -> np.ndarray:
    """Weights of which few are zeros, or all at the ends of their type."""
    if d.sometimes():
        return d.rng.choice([-128, 127], shape).astype(np.int8)
    return d.rng.integers(-128, 128, shape).astype(np.int8)


def small_kernels_of_seed(seed: int) -> Graph:
    """Kernels of 3 x 3 on maps of many channels, for minimal filtering: one after the other."""
    d = drawing_of(seed)
    dtype = d.one_of("uint8", "int8")
    low, high = NARROW[dtype]
    channels = d.one_of(16, 20, 24)
    x = TensorSpec(
        (d.integer(4, 6), d.one_of(4, 6), channels), dtype, 0.1, minimum=low, maximum=high
    )
    graph = Graph(x)
    for n_kernels in (d.integer(22, 27), d.integer(28, 33)):
        graph = graph.append(small_kernels(d, x, n_kernels), "input")
    return verify(graph)


def small_kernels(d: Drawing, x: TensorSpec, n_kernels: int) -> QConv:
    """A bank of 3 x 3 at stride 1, with a border of any kind."""
    padding = d.one_of(((1, 1), (1, 1)), ((2, 1), (1, 1)), ((0, 2), (2, 2)))
    weights = dense(d, (n_kernels, 3, 3, x.shape[2]))
    parts = {"weights": weights, "bias": d.bias(weights, x) // 5, "padding": padding}
    bound = QConvHash(**parts).accumulator_bound(x)
    return QConv(**parts, requantization=d.rule(bound, n_kernels))


def rows_of_three_of_seed(seed: int) -> Graph:
    """Kernels of one row of three on signals of many channels."""
    d = drawing_of(seed)
    dtype = d.one_of("uint8", "int8")
    low, high = NARROW[dtype]
    shape = (d.one_of(1, 1, 2), d.integer(17, 24), d.one_of(24, 26, 28))
    x = TensorSpec(shape, dtype, 0.1, minimum=low, maximum=high)
    padding = ((0, 0), d.one_of((1, 1), (2, 0), (0, 0)))
    weights = dense(d, (d.integer(22, 27), 1, 3, x.shape[2]))
    parts = {"weights": weights, "bias": d.bias(weights, x) // 32, "padding": padding}
    bound = QConvHash(**parts).accumulator_bound(x)
    return Graph(x).append(QConv(**parts, requantization=d.rule(bound, len(weights))))


def sparse_of_seed(seed: int) -> Graph:
    """Kernels of which few weights are left, on maps of many channels."""
    d = drawing_of(seed)
    dtype = d.one_of(*NARROW)
    low, high = NARROW[dtype]
    shape = (d.integer(3, 6), d.integer(4, 9), d.integer(5, 24))
    x = TensorSpec(shape, dtype, 0.1, minimum=low, maximum=high)
    weights = d.weights((d.integer(1, 9), 3, d.integer(1, 3), x.shape[2]), x)
    weights *= d.rng.random(weights.shape) < d.one_of(0.02, 0.08)
    padding = ((d.integer(0, 1), 1), (1, d.integer(0, 2)))
    stride = (1, d.integer(1, 2))
    parts = {"weights": weights, "bias": d.bias(weights, x), "padding": padding, "stride": stride}
    bound = QConvHash(**parts).accumulator_bound(x)
    return Graph(x).append(QConv(**parts, requantization=d.rule(bound, len(weights))))
