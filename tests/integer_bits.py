"""Random integer graphs whose maps of 0 and 1 meet kernels of signs."""

from __future__ import annotations

import numpy as np

from skconv.graph import Graph, Hash, MaxPool, QConv, Relu, TensorSpec
from tests.integer_separable import rule


def bits_of_seed(seed: int) -> Graph:
    """The step of a random map, a convolution of any geometry, perhaps a stage behind it."""
    rng = np.random.default_rng(seed)
    channels = int(rng.choice([1, 3, 8, 16]))
    shape = (int(rng.integers(5, 11)), int(rng.integers(5, 11)), channels)
    n_kernels = int(rng.integers(3, 7))
    size = (n_kernels, *map(int, rng.integers(1, 4, 2)), channels)
    weights = rng.choice(np.array([-1, 1], np.int8), size)
    bias = rng.integers(-5, 6, n_kernels).astype(np.int32)
    bound = weights[0].size + 5
    many = int(rng.choice([1, n_kernels]))
    conv = QConv(
        weights,
        bias,
        stride=(int(rng.integers(1, 3)), int(rng.integers(1, 3))),
        padding=((1, 0), (1, 1)) if seed % 2 else ((0, 0), (0, 0)),
        pad_mode="circular" if seed % 4 == 1 else "zero",
        levels=1,
        requantization=rule(rng, bound, str(rng.choice(["int8", "int16"])), many),
    )
    x = TensorSpec(shape, "int8", 0.01, minimum=-127, maximum=127)
    graph = Graph(x).append(Hash(1)).append(conv)
    return graph.append(Relu()).append(MaxPool((2, 2), (1, 1))) if seed % 3 else graph
