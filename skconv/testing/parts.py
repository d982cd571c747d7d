"""Ops with random parameters, and small graphs made of them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from skconv.graph import (
    Activation,
    Add,
    Conv,
    Divide,
    Graph,
    KernelMachine,
    Linear,
    LocalContrast,
    MeanPool,
    Multiply,
    Op,
    Relu,
    TensorSpec,
    verify,
)

MAP = (8, 10, 2)


def conv(rng: np.random.Generator, shape: tuple[int, int, int, int], **geometry: Any) -> Conv:
    """A convolution with random kernels ``(n_kernels, height, width, channels)`` and biases."""
    weights = rng.normal(size=shape).astype(np.float32)
    return Conv(weights, rng.normal(size=shape[0]).astype(np.float32), **geometry)


def linear(rng: np.random.Generator, n_outputs: int, n_inputs: int) -> Linear:
    """A linear layer with random weights."""
    weights = rng.normal(size=(n_outputs, n_inputs)) / np.sqrt(n_inputs)
    return Linear(weights.astype(np.float32), rng.normal(size=n_outputs).astype(np.float32))


def few_levels(rng: np.random.Generator, n_outputs: int, n_inputs: int, levels: int) -> Linear:
    """A linear layer whose weights are whole multiples of one number an output."""
    whole = rng.integers(-levels, levels + 1, (n_outputs, n_inputs))
    scales = rng.uniform(0.1, 1, (n_outputs, 1)) / levels
    bias = rng.normal(size=n_outputs).astype(np.float32)
    return Linear((whole * scales).astype(np.float32), bias, levels=levels)


def pruned(layer: Linear, step: int) -> Linear:
    """A linear layer without weights for all inputs but every ``step``-th."""
    is_read = np.arange(layer.weights.shape[1]) % step == 1
    return replace(layer, weights=layer.weights * is_read.astype(np.float32))


def kernel_machine(rng: np.random.Generator, kernel: str, n_features: int) -> KernelMachine:
    """A kernel machine for three classes with random support vectors."""
    return KernelMachine(
        kernel,  # type: ignore[arg-type]
        rng.normal(size=(15, n_features)).astype(np.float32),
        rng.normal(size=(2, 15)).astype(np.float32),
        rng.normal(size=3).astype(np.float32),
        (6, 5, 4),
        gamma=0.3 / n_features,
        coef0=1.0,
    )


def chain(*ops: Op, shape: tuple[int, ...] = MAP) -> Graph:
    """A float graph of ops one after the other."""
    graph = Graph(TensorSpec(shape))
    for op in ops:
        graph = graph.append(op)
    return verify(graph)


def residual(graph: Graph, *block: Op) -> Graph:
    """The last tensor of a graph, plus what a block of ops makes of it, and a ReLU."""
    source = graph.output_name
    for op in block:
        graph = graph.append(op)
    return verify(graph.append(Add(), graph.output_name, source).append(Relu()))


def gated(graph: Graph, *block: Op) -> Graph:
    """The last map of a graph, times a gate that a block of ops makes of its means."""
    source = graph.output_name
    height, width, _ = graph.output.shape
    graph = graph.append(MeanPool((height, width), (height, width)))
    for op in (*block, Activation("hardsigmoid")):
        graph = graph.append(op)
    return verify(graph.append(Multiply(), source, graph.output_name))


def divided(graph: Graph, contrast: LocalContrast, kernels: Conv | None = None) -> Graph:
    """The last map of a graph, or its responses to kernels, over its local contrast."""
    source = graph.output_name
    graph = graph.append(contrast)
    divisor = graph.output_name
    if kernels is not None:
        graph = graph.append(kernels, source)
        source = graph.output_name
    return verify(graph.append(Divide(), source, divisor))
