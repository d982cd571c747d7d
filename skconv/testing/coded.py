"""Example graphs of layers whose weights are coded."""

from __future__ import annotations

from typing import Any

import numpy as np

from skconv.graph import (
    Abs,
    ArgMax,
    BlockHistogram,
    Conv,
    Graph,
    Hash,
    Linear,
    MaxPool,
    MeanPool,
    Relu,
    Reshape,
)
from skconv.graph.coded import Codebook, Coded
from skconv.testing.parts import chain


def codebook(
    rng: np.random.Generator, shape: tuple[int, ...], length: int | None = None, count: int = 9
) -> Codebook:
    """Random codewords and indices; without a length a codeword has the taps of a channel."""
    size = int(np.prod(shape[1:]))
    by_channel = length is None
    length = size // shape[-1] if length is None else length
    codewords = rng.integers(-127, 128, (count, length)).astype(np.int8)
    indices = rng.integers(0, count, (shape[0], -(-size // length)))
    return Codebook(shape, codewords, indices, by_channel)


def coded_conv(rng: np.random.Generator, coded: Coded, **geometry: Any) -> Conv:
    """A convolution with the coded weights, in random scales, and random biases."""
    scales = rng.uniform(0.1, 1, coded.shape[0])[:, None, None, None] / 127
    bias = rng.normal(size=coded.shape[0]).astype(np.float32)
    return Conv((coded.weights() * scales).astype(np.float32), bias, coded=coded, **geometry)


def coded_linear(rng: np.random.Generator, coded: Coded) -> Linear:
    """A linear layer with the coded weights, in random scales, and random biases."""
    scales = rng.uniform(0.1, 1, coded.shape[0])[:, None] / 127
    bias = rng.normal(size=coded.shape[0]).astype(np.float32)
    return Linear((coded.weights() * scales).astype(np.float32), bias, coded=coded)


def coded_examples(rng: np.random.Generator) -> dict[str, Graph]:
    around = ((1, 1), (2, 1))
    return {
        # Kernels in several slices, the last of them short; vectors longer than what is left.
        "codebook": chain(
            coded_conv(rng, codebook(rng, (40, 3, 3, 2)), padding=around),
            Relu(),
            coded_conv(rng, codebook(rng, (15, 1, 1, 40), 3)),
            MeanPool((2, 2), (2, 2)),
            Reshape((15 * 20,)),
            coded_linear(rng, codebook(rng, (7, 300), 8, 130)),
            coded_linear(rng, codebook(rng, (3, 7), 2, 3)),
            ArgMax(),
        ),
        "codebook groups": chain(
            coded_conv(rng, codebook(rng, (4, 3, 3, 1), 3), groups=2, stride=(2, 1)),
            Abs(),
            coded_conv(rng, codebook(rng, (3, 2, 2, 1)), shared=True, dilation=(1, 2)),
            MaxPool(),
        ),
        "codebook hash": chain(
            coded_conv(rng, codebook(rng, (4, 3, 3, 1)), shared=True, padding=around),
            Hash(4),
            BlockHistogram((3, 3), (2, 2), 16),
        ),
    }
