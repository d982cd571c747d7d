"""Graphs like those of pipelines and small networks, that estimates are measured on."""

from __future__ import annotations

from typing import Any

import numpy as np

from skconv.graph import (
    INPUT,
    Abs,
    ArgMax,
    BlockHistogram,
    BothSigns,
    Clip,
    Divide,
    Graph,
    Hash,
    KNearest,
    L2Pool,
    LocalContrast,
    Magnitude,
    MaxPool,
    MeanPool,
    Op,
    OvoVote,
    Relu,
    Reshape,
    Root,
    Sign,
    SoftThreshold,
    Square,
    TensorSpec,
    Threshold,
    Triangle,
)
from skconv.testing import conv, kernel_machine, linear, quantized_example

Rng = np.random.Generator
ZERO = ((0, 0), (0, 0))


def drawn(seed: int) -> Graph:
    """A first stage, perhaps a second one, and perhaps a classifier: integers.

    Raises
    ------
    ValueError
        Where a window does not fit: the seed has no graph.
    """
    rng = np.random.default_rng(seed)
    signal = rng.random() < 0.2
    channels, side = _one(rng, 1, 1, 1, 2, 3), _one(rng, 12, 20, 28)
    length = _one(rng, 64, 128, 400)
    shape = (1, length, channels) if signal else (side, side, channels)
    graph = _first_stage(rng, Graph(TensorSpec(shape)), signal)
    two = rng.random() < 0.35 and not signal and side >= 20
    graph = _pooled(rng, graph, 2 if two else _one(rng, 2, 3, 4, 6), signal, two)
    graph = _second_stage(rng, graph) if two else graph
    heads = ("linear", "linear", "linear", "binary", "rbf", "laplacian", "poly", None)
    graph = _with_head(rng, graph, _one(rng, *heads))
    return quantized_example(graph, input_dtype=_one(rng, "int8", "int8", "int16"))


def hashed(size: int, n_bits: int) -> Graph:
    """Codes of a bank, their histograms and a linear layer, as of PCANet."""
    rng = np.random.default_rng(size)
    bank = conv(rng, (n_bits, size, size, 1), padding=_same(size), shared=True)
    graph = Graph(TensorSpec((14, 14, 2))).append(bank).append(Hash(n_bits))
    graph = graph.append(BlockHistogram((7, 7), (7, 7), 2**n_bits))
    return quantized_example(_with_head(rng, graph, "linear"), input_dtype="int8")


def _one(rng: Rng, *choices: Any) -> Any:
    return choices[rng.integers(len(choices))]


def _same(size: int) -> tuple[tuple[int, int], tuple[int, int]]:
    return ((size // 2, (size - 1) // 2),) * 2


def _first_stage(rng: Rng, graph: Graph, signal: bool) -> Graph:
    size, n_kernels = _one(rng, 3, 5, 5, 7, 9), _one(rng, 4, 8, 8, 16)
    padding = _same(size) if _one(rng, True, False) else ZERO
    if signal:
        padding = ((0, 0), padding[1])
    window = (1, size) if signal else (size, size)
    stride = (1, _one(rng, 1, 1, 1, 2)) if signal else (1, 1)
    shape = (n_kernels, *window, graph.input.shape[2])
    graph = graph.append(conv(rng, shape, padding=padding, stride=stride))
    code = _one(rng, *_codes(rng, n_kernels))
    if code != "contrast":
        return graph if code is None else graph.append(code)
    responses = graph.output_name
    graph = graph.append(LocalContrast(window, stride, padding, eps=0.5), INPUT)
    return graph.append(Divide(), responses, graph.output_name)


def _codes(rng: Rng, n: int) -> tuple[Op | str | None, ...]:
    soft = SoftThreshold(rng.random(n).astype("f4"))
    triangle = Triangle(rng.normal(size=(8, n)).astype("f4"))
    simple = (None, Abs(), Relu(), Relu(), BothSigns(), Magnitude(), Square(), soft, soft)
    return (*simple, "contrast", triangle, KNearest(n // 2), Clip(-0.5, 0.8), Sign())


def _pooled(rng: Rng, graph: Graph, size: int, signal: bool, two: bool) -> Graph:
    step = max(1, size - _one(rng, 0, 0, 1, 2)) if size > 2 and not two else size
    kind = _one(rng, MaxPool, MeanPool, MeanPool, L2Pool)
    pool = kind((1, size), (1, step)) if signal else kind((size, size), (step, step))
    graph = graph.append(pool)
    return graph.append(Root()) if kind is MeanPool and rng.random() < 0.3 else graph


def _second_stage(rng: Rng, graph: Graph) -> Graph:
    n_kernels = _one(rng, 8, 16, 32)
    padding = _one(rng, _same(3), ZERO)
    graph = graph.append(conv(rng, (n_kernels, 3, 3, graph.output.shape[2]), padding=padding))
    graph = graph.append(Relu())
    if rng.random() < 0.3:
        depthwise = conv(rng, (n_kernels, 3, 3, 1), groups=n_kernels, padding=_same(3))
        graph = graph.append(depthwise).append(Relu())
        graph = graph.append(conv(rng, (16, 1, 1, n_kernels))).append(Relu())
    return graph.append(MaxPool((2, 2), (2, 2))) if rng.random() < 0.7 else graph


def _with_head(rng: Rng, graph: Graph, head: str | None) -> Graph:
    if head is None:
        return graph
    n_features = graph.output.size
    graph = graph.append(Reshape((n_features,))) if len(graph.output.shape) > 1 else graph
    if head == "linear":
        return graph.append(linear(rng, 10, n_features)).append(ArgMax())
    if head == "binary":
        return graph.append(linear(rng, 1, n_features)).append(Threshold())
    return graph.append(kernel_machine(rng, head, n_features)).append(OvoVote(3)).append(ArgMax())
