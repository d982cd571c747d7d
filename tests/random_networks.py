"""Small float networks drawn by hypothesis: the blocks that deep networks are of."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, get_args

import numpy as np
from hypothesis import strategies as st

from skconv.graph import (
    Activation,
    Add,
    Affine,
    ArgMax,
    Clip,
    Concat,
    Conv,
    Graph,
    MaxPool,
    MeanPool,
    Multiply,
    Op,
    Pad,
    Relu,
    Reshape,
    Resize,
    Select,
    TensorSpec,
    Upsample,
    verify,
)
from skconv.graph.elementwise import ActivationFunction
from skconv.testing import linear, resampling
from tests.random_graphs import Drawing

MOST_CHANNELS = 8
SMALLEST_SIDE = 4


def kernels(d: Drawing, n: int, size: int, channels: int, **geometry: Any) -> Conv:
    """Kernels whose responses are about as large as what they read."""
    shape = (n, size, size, channels // geometry.get("groups", 1))
    weights = d.rng.normal(size=shape) * np.sqrt(2 / np.prod(shape[1:]))
    bias = d.rng.normal(size=n) * 0.1
    return Conv(weights.astype(np.float32), bias.astype(np.float32), **geometry)


def geometry(d: Drawing, size: int, stride: int) -> dict[str, Any]:
    """Padding that keeps the map, or halves it: as torch does, or as TensorFlow does."""
    before = (size - 1) // 2 if stride == 1 or d.one_of(True, False) else (size - 2) // 2
    sides = (max(before, 0), size - 1 - max(before, 0))
    return {"stride": (stride, stride), "padding": (sides, sides)}


def activation(d: Drawing) -> Op:
    smooth = Activation(d.one_of(*get_args(ActivationFunction)))
    return d.one_of(Relu(), Clip(0.0, 6.0), smooth)


def plain(d: Drawing, graph: Graph) -> Graph:
    channels = graph.output.shape[2]
    size, n = d.one_of(1, 3), d.integer(2, MOST_CHANNELS)
    graph = graph.append(kernels(d, n, size, channels, **geometry(d, size, 1)))
    return graph.append(activation(d)) if d.one_of(True, False) else graph


def inverted_residual(d: Drawing, graph: Graph) -> Graph:
    """Expand, a kernel for each channel, project, and add where the shape allows it."""
    source, channels = graph.output_name, graph.output.shape[2]
    stride = 2 if min(graph.output.shape[:2]) >= 2 * SMALLEST_SIDE and d.sometimes() else 1
    wide = d.integer(1, 2) * channels
    act = activation(d)
    graph = graph.append(kernels(d, wide, 1, channels)).append(act)
    place = geometry(d, 3, stride)
    graph = graph.append(kernels(d, wide, 3, wide, groups=wide, **place)).append(act)
    if d.one_of(True, False):
        graph = gate(d, graph)
    graph = graph.append(kernels(d, channels, 1, wide))
    if stride == 1:
        graph = graph.append(Add(), source, graph.output_name)
    return graph.append(Relu()) if d.sometimes() else graph


def gate(d: Drawing, graph: Graph) -> Graph:
    source = graph.output_name
    height, width, channels = graph.output.shape
    graph = graph.append(MeanPool((height, width), (height, width)))
    graph = graph.append(kernels(d, 2, 1, channels)).append(Relu())
    graph = graph.append(kernels(d, channels, 1, 2))
    graph = graph.append(Activation(d.one_of("sigmoid", "hardsigmoid")))
    return graph.append(Multiply(), source, graph.output_name)


def branches(d: Drawing, graph: Graph) -> Graph:
    """Two convolutions of one map, side by side."""
    source, channels = graph.output_name, graph.output.shape[2]
    names = []
    for size in (1, 3):
        graph = graph.append(kernels(d, 3, size, channels, **geometry(d, size, 1)), source)
        graph = graph.append(activation(d))
        names.append(graph.output_name)
    return graph.append(Concat(), *names)


def shuffled(d: Drawing, graph: Graph) -> Graph:
    """One half of the channels goes through a convolution; both are interleaved."""
    source, channels = graph.output_name, graph.output.shape[2]
    halves = np.array_split(np.arange(channels), 2)
    graph = graph.append(Select(halves[0].astype(np.uint8)), source)
    graph = graph.append(kernels(d, channels, 3, len(halves[0]), **geometry(d, 3, 1)))
    graph = graph.append(activation(d))
    names = [graph.output_name]
    if len(halves[1]):
        graph = graph.append(Select(halves[1].astype(np.uint8)), source)
        names.append(graph.output_name)
        graph = graph.append(Concat(), *names)
    order = d.rng.permutation(graph.output.shape[2]).astype(np.uint8)
    return graph.append(Select(order))


def pooled(d: Drawing, graph: Graph) -> Graph:
    if min(graph.output.shape[:2]) < 2 * SMALLEST_SIDE:
        return graph
    around = ((1, 1), (0, 1))
    return graph.append(Pad(around, d.one_of("lowest", "zero"))).append(MaxPool((3, 2), (2, 2)))


def other_size(d: Drawing, graph: Graph) -> Graph:
    height, width, _ = graph.output.shape
    if height * width > 100:
        return graph
    if d.one_of(True, False):
        return graph.append(Upsample((2, 1))).append(MeanPool((1, 2), (1, 1)))
    sizes = (d.integer(SMALLEST_SIDE, 2 * height), d.integer(SMALLEST_SIDE, 2 * width))
    return graph.append(Resize(resampling(sizes[0], height), resampling(sizes[1], width)))


def normalization(d: Drawing, graph: Graph) -> Graph:
    channels = graph.output.shape[2]
    factors = d.rng.uniform(0.3, 2, channels).astype(np.float32)
    return graph.append(Affine(factors, d.rng.normal(size=channels).astype(np.float32)))


BLOCKS: tuple[Callable[[Drawing, Graph], Graph], ...] = (
    plain,
    *2 * (inverted_residual,),
    branches,
    shuffled,
    pooled,
    other_size,
    normalization,
)


def grown(d: Drawing) -> Graph:
    shape = (d.integer(SMALLEST_SIDE, 11), d.integer(SMALLEST_SIDE, 11), d.integer(1, 3))
    graph = plain(d, Graph(TensorSpec(shape)))
    for _ in range(d.integer(1, 4)):
        graph = d.one_of(*BLOCKS)(d, graph)
    if d.one_of(True, False):
        height, width, channels = graph.output.shape
        graph = graph.append(MeanPool((height, width), (height, width)))
        graph = graph.append(Reshape((channels,))).append(linear(d.rng, 5, channels))
        graph = graph.append(ArgMax())
    return verify(graph)


def networks() -> st.SearchStrategy[Graph]:
    """Networks that have little in common."""
    return st.integers(0, 2**32 - 1).map(of_seed)


def of_seed(seed: int) -> Graph:
    rng = np.random.default_rng(seed)
    return grown(Drawing(lambda low, high: int(rng.integers(low, high + 1)), rng))


def mobile_network(side: int = 16) -> Graph:
    """A MobileNetV2 in small: a strided stem, three inverted residuals, a linear classifier.

    It reads images of 0 to 255, and begins with what brings them to mean 0.
    """
    d = Drawing(lambda low, high: low, np.random.default_rng(0))
    std = 255 * np.array([0.229, 0.224, 0.225])
    mean = 255 * np.array([0.485, 0.456, 0.406])
    graph = Graph(TensorSpec((side, side, 3)))
    graph = graph.append(Affine(np.float32(1 / std), np.float32(-mean / std)))
    strided = {"stride": (2, 2), "padding": ((0, 1), (0, 1))}
    graph = graph.append(kernels(d, 8, 3, 3, **strided)).append(Clip(0.0, 6.0))
    around = {"padding": ((1, 1), (1, 1))}
    for n, place in ((8, around), (16, strided), (16, around)):
        source, channels = graph.output_name, graph.output.shape[2]
        wide = 4 * channels
        graph = graph.append(kernels(d, wide, 1, channels)).append(Clip(0.0, 6.0))
        graph = graph.append(kernels(d, wide, 3, wide, groups=wide, **place)).append(Clip(0.0, 6.0))
        graph = graph.append(kernels(d, n, 1, wide))
        if graph.output == graph.specs[source]:
            graph = graph.append(Add(), source, graph.output_name)
    height, width, channels = graph.output.shape
    graph = graph.append(MeanPool((height, width), (height, width))).append(Reshape((channels,)))
    return verify(graph.append(linear(d.rng, 5, channels)).append(ArgMax()))
