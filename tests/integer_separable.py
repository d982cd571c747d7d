"""Random integer graphs of separable convolutions: as stages, with heads, and alone."""

from __future__ import annotations

import numpy as np

from skconv.graph import (
    Abs,
    BothSigns,
    Graph,
    Magnitude,
    MaxPool,
    Op,
    QLinear,
    QMeanPool,
    QSeparableConv,
    Relu,
    Requantization,
    Reshape,
    SoftThreshold,
    TensorSpec,
)
from skconv.graph.integer import row_bound
from skconv.testing.separable import factors

LIMITS = {"uint8": (0, 255), "int8": (-127, 127), "int16": (-1500, 1400)}


def rule(rng, bound: int, dtype: str, channels: int = 1) -> Requantization:
    """One that fills the type, or leaves room for the size of two numbers."""
    limit = np.iinfo(dtype)
    shift = max(0, 31 - max(1, bound).bit_length())
    factor = limit.max * 2.0**32 / (max(1, bound) << shift) * rng.uniform(0.3, 6, channels)
    multiplier = np.clip(factor, 1, 2**31 - 1).astype(np.int32)
    high = int(rng.choice([limit.max, limit.max * 7 // 10]))
    low = 0 if limit.min == 0 else -high
    return Requantization(multiplier, shift, 0.02, dtype, low, high)


def separable(rng, x: TensorSpec, shape, dtype="int8", groups=1, **geometry) -> QSeparableConv:
    """Random factors, few columns among them or many, small or as large as they may be."""
    found = factors(rng, shape, int(rng.integers(1, 6)), groups, int(rng.choice([2, 18, 127])))
    whole = found.weights(groups, shape[3])
    bias = rng.integers(-2000, 2001, shape[0]).astype(np.int32)
    to = rule(rng, row_bound(whole, bias, x), dtype, int(rng.choice([1, shape[0]])))
    return QSeparableConv(whole, bias, groups=groups, **geometry, requantization=to, factors=found)


def separable_of_seed(seed: int) -> Graph:
    """A stage on a map of one channel or several, with a head, or a convolution alone."""
    rng = np.random.default_rng(seed)
    is_image = seed % 3 > 0
    dtype = str(rng.choice(list(LIMITS)))
    low, high = LIMITS[dtype]
    sides = (int(rng.integers(8, 15)), int(rng.integers(8, 15)))
    channels = 1 if is_image else int(rng.integers(2, 5))
    x = TensorSpec((*sides, channels), dtype, 0.01, low, high)
    groups = 1 if is_image else int(rng.choice([1, channels]))
    n_kernels = 4 if groups == 1 else 2 * groups
    size = tuple(int(n) for n in rng.integers(1 + is_image, 8, 2))
    pads = [(int(rng.integers(0, n)), int(rng.integers(0, n))) for n in size]
    geometry: dict[str, object] = {"padding": tuple(pads)}
    if not is_image:
        geometry = {"stride": (int(rng.integers(1, 3)), int(rng.integers(1, 3)))}
    result = str(rng.choice(["int8", "int16"]))
    shape = (n_kernels, *size, channels // groups)
    graph = Graph(x).append(separable(rng, x, shape, result, groups, **geometry))
    return graph if seed % 4 == 0 else _pooled(graph, rng)


def _has_room(x: TensorSpec) -> bool:
    return 2 * x.magnitude**2 <= int(np.iinfo(x.dtype).max) ** 2


def _pooled(graph: Graph, rng) -> Graph:
    """The map behind a nonlinearity and a pooling, perhaps with a head."""
    thresholds = np.arange(graph.output.shape[2], dtype=np.int16) * 9
    middle: list[Op] = [MaxPool((1, 1), (1, 1)), Relu(), Abs(), BothSigns()]
    middle += [Magnitude() if _has_room(graph.output) else Relu(), SoftThreshold(thresholds)]
    chosen = middle[rng.integers(6)]
    graph = graph if isinstance(chosen, MaxPool) else graph.append(chosen)
    height, width, channels = graph.output.shape
    size = (int(rng.integers(1, min(4, height) + 1)), int(rng.integers(1, min(4, width) + 1)))
    stride = (int(rng.integers(1, 4)), int(rng.integers(1, 4)))
    area = size[0] * size[1]
    mean = rule(rng, area * graph.output.magnitude, "int8", int(rng.choice([1, channels])))
    if rng.integers(2):
        graph = graph.append(MaxPool(size, stride))
    else:
        graph = graph.append(QMeanPool(size, stride, requantization=mean))
    if rng.integers(2):
        graph = graph.append(Reshape((graph.output.size,)))
        weights = rng.integers(-127, 128, (3, graph.output.size)).astype(np.int8)
        graph = graph.append(QLinear(weights, np.zeros(3, np.int32), 0.1))
    return graph
