"""Example graphs of convolutions whose weights have few levels."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from skconv.graph import (
    Abs,
    ArgMax,
    BlockHistogram,
    Conv,
    Graph,
    Hash,
    KernelMachine,
    MaxPool,
    MeanPool,
    OvoVote,
    Relu,
    Reshape,
)
from skconv.graph.vectors import Kernel
from skconv.testing.parts import chain, few_levels, kernel_machine


def narrow_conv(
    rng: np.random.Generator, shape: tuple[int, int, int, int], levels: int, **geometry: Any
) -> Conv:
    """A convolution whose weights are whole multiples of one number a kernel."""
    whole = rng.integers(-levels, levels + 1, shape)
    scales = rng.uniform(0.1, 1, (shape[0], 1, 1, 1)) / levels
    bias = rng.normal(size=shape[0]).astype(np.float32)
    return Conv((whole * scales).astype(np.float32), bias, levels=levels, **geometry)


def narrow_machine(
    rng: np.random.Generator, kernel: Kernel, n_features: int, levels: int
) -> KernelMachine:
    """A kernel machine for three classes; coefficients of a decision are multiples of a number."""
    machine = kernel_machine(rng, kernel, n_features)
    coefficients = np.array(machine.dual_coef)
    for places in machine.decisions():
        whole = rng.integers(-levels, levels + 1, len(places[0]))
        coefficients[places] = whole * rng.uniform(0.1, 1) / levels
    return replace(machine, dual_coef=coefficients.astype(np.float32), levels=levels)


def few_valued_machine(rng: np.random.Generator, kernel: Kernel, n_features: int) -> KernelMachine:
    """A kernel machine for three classes whose support vectors have 16 values."""
    machine = kernel_machine(rng, kernel, n_features)
    vectors = rng.integers(0, 16, machine.support_vectors.shape) / 5 - 1.4
    return replace(machine, support_vectors=vectors.astype(np.float32), few_values=True)


def narrow_examples(rng: np.random.Generator) -> dict[str, Graph]:
    around = ((1, 1), (2, 1))
    return {
        "network of few levels": chain(
            narrow_conv(rng, (6, 3, 3, 2), 7, padding=around, stride=(1, 2)),
            Relu(),
            narrow_conv(rng, (6, 3, 3, 1), 3, groups=6, padding=around),
            Relu(),
            narrow_conv(rng, (5, 1, 1, 6), 1),
            MeanPool((2, 2), (2, 2)),
            Reshape((5 * 4 * 3,)),
            few_levels(rng, 7, 60, 7),
            ArgMax(),
        ),
        "groups of few levels": chain(
            narrow_conv(rng, (4, 3, 3, 1), 1, groups=2, stride=(2, 1)),
            Abs(),
            narrow_conv(rng, (3, 2, 2, 1), 3, shared=True, dilation=(1, 2)),
            MaxPool(),
        ),
        "hash of few levels": chain(
            narrow_conv(rng, (4, 3, 3, 1), 7, shared=True, padding=around),
            Hash(4),
            BlockHistogram((3, 3), (2, 2), 16),
        ),
        "kernel machine of few levels": chain(
            narrow_machine(rng, "laplacian", 7, 7), OvoVote(3), ArgMax(), shape=(7,)
        ),
        "kernel machine of few values": chain(
            few_valued_machine(rng, "rbf", 9), OvoVote(3), ArgMax(), shape=(9,)
        ),
    }
