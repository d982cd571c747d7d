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
from skconv.graph.storage.codebook import Codebook
from skconv.graph.storage.coded import Coded
from skconv.graph.storage.dictionary import Dictionary
from skconv.graph.storage.entropy import Entropy
from skconv.graph.storage.frequency import Frequency
from skconv.graph.storage.hashed import Hashed
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


def entropy(rng: np.random.Generator, shape: tuple[int, ...], *_: Any) -> Entropy:
    """Random weights, many of them 0."""
    values = rng.integers(-60, 61, shape) * (rng.random(shape) < rng.uniform(0.05, 0.9))
    values.reshape(shape[0], -1)[:, 0] = 7  # A kernel of zeros alone has no scale.
    return Entropy(shape, values=values.astype(np.int8))


def frequency(
    rng: np.random.Generator, shape: tuple[int, ...], *_: Any, n_common: int = 4
) -> Frequency:
    """A random common part and a sparse rest."""
    n_kernels, height, width, channels = shape
    planes = (n_kernels, channels, height, width)
    residual = rng.integers(-9, 10, planes) * (rng.random(planes) < 0.3)
    residual[:, :, 0, 0] = 3
    centres = rng.integers(-5, 6, (n_common, height, width)).astype(np.int8)
    indices = rng.integers(0, n_common, (n_kernels, channels)) if n_common else None
    return Frequency(shape, residual=residual, centres=centres, indices=indices, gain=4.3)


def hashed(rng: np.random.Generator, shape: tuple[int, ...], *_: Any) -> Hashed:
    """Random numbers in a few buckets, fewer for higher frequencies."""
    height, width = shape[1:3] if len(shape) == 4 else (1, 1)
    sizes = tuple(map(int, np.sort(rng.integers(1, 9, height + width - 1))[::-1]))
    values = rng.integers(1, 30, sum(sizes)).astype(np.int8)
    seed = int(rng.integers(0, 1000))
    return Hashed(shape, values=values, sizes=sizes, seed=seed, gain=2.5)


def dictionary(
    rng: np.random.Generator,
    shape: tuple[int, ...],
    n_turns: int = 4,
    most: int = 7,
    count: int = 9,
) -> Dictionary:
    """A random dictionary, and random choices of it."""
    n_kernels, height, width, channels = shape
    limit = 127 // most
    kernels = rng.integers(-limit, limit + 1, (count, height, width)).astype(np.int8)
    choices = (n_kernels, channels)
    indices, turns = rng.integers(0, count, choices), rng.integers(0, n_turns, choices)
    times = rng.choice([-1, 1], choices) if most == 1 else rng.integers(-most, most + 1, choices)
    return Dictionary(shape, kernels, indices, turns, times, n_turns, most)


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
        "dictionary": chain(
            coded_conv(rng, dictionary(rng, (30, 3, 3, 2), 8), padding=around),
            Relu(),
            coded_conv(rng, dictionary(rng, (30, 2, 3, 1), 4, 1), groups=30),
            Abs(),
            coded_conv(rng, dictionary(rng, (3, 3, 3, 30), 1, 3, 2)),
            MaxPool(),
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
    } | _entropy_examples(rng, around)


def _entropy_examples(rng: np.random.Generator, around: Any) -> dict[str, Graph]:
    """Weights as entropy codes, by frequency, and in buckets of a hash."""
    return {
        "entropy": chain(
            coded_conv(rng, entropy(rng, (40, 3, 3, 2)), padding=around),
            Relu(),
            coded_conv(rng, entropy(rng, (15, 1, 1, 40))),
            MeanPool((2, 2), (2, 2)),
            Reshape((15 * 20,)),
            coded_linear(rng, entropy(rng, (7, 300))),
            coded_linear(rng, entropy(rng, (3, 7))),
            ArgMax(),
        ),
        "frequency": chain(
            coded_conv(rng, frequency(rng, (40, 3, 3, 2)), padding=around),
            Relu(),
            coded_conv(rng, frequency(rng, (6, 3, 2, 40), n_common=0)),
            MeanPool((2, 2), (2, 2)),
            Reshape((6 * 15,)),
            coded_linear(rng, hashed(rng, (4, 90))),
            ArgMax(),
        ),
        "hashed": chain(
            coded_conv(rng, hashed(rng, (40, 3, 2, 2)), padding=around),
            Relu(),
            coded_conv(rng, hashed(rng, (6, 1, 1, 40))),
            MeanPool((2, 2), (2, 2)),
            Reshape((6 * 24,)),
            coded_linear(rng, hashed(rng, (7, 144))),
            ArgMax(),
        ),
    }
