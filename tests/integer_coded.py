"""Integer graphs of layers whose weights are coded, drawn from a seed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from skconv.graph import ArgMax, Conv, Graph, MaxPool, Relu, Reshape, TensorSpec
from skconv.graph.storage.coded import Coded
from skconv.graph.storage.dictionary import Dictionary
from skconv.testing import quantized_example
from skconv.testing.coded import (
    codebook,
    coded_conv,
    coded_linear,
    dictionary,
    entropy,
    frequency,
    hashed,
)


def any_dictionary(
    rng: np.random.Generator, shape: tuple[int, ...], _: int | None, count: int
) -> Dictionary:
    """A dictionary with any images and numbers."""
    n_turns = int(rng.choice([1, 2, 4, 8] if shape[1] == shape[2] else [1, 2, 4]))
    return dictionary(rng, shape, n_turns, int(rng.choice([1, 3, 7])), count)


FORMS: tuple[Callable[..., Coded], ...] = (codebook, entropy, frequency, hashed, any_dictionary)
# Of linear layers: they have no taps.
VECTOR_FORMS: tuple[Callable[..., Coded], ...] = (codebook, entropy, hashed)


def form(rng: np.random.Generator, shape: tuple[int, ...]) -> Coded:
    """Any form that weights of a shape may have; some by channel."""
    forms = FORMS if len(shape) == 4 else VECTOR_FORMS
    make = forms[rng.integers(len(forms))]
    return make(rng, shape, rng.choice([None, 1, 2, 5]), int(rng.integers(2, 20)))


def _conv(rng: np.random.Generator, channels: int, most: int) -> Conv:
    """A convolution in some geometry: grouped, shared, dilated, strided, padded."""
    kind = rng.choice(["plain", "groups", "shared"])
    seen = channels if kind == "plain" else 1
    n_kernels = int(rng.integers(1, most)) * (channels if kind == "groups" else 1)
    shape = (n_kernels, *map(int, rng.integers(1, 4, 2)), seen)
    geometry: dict[str, Any] = {
        "stride": tuple(map(int, rng.integers(1, 3, 2))),
        "dilation": tuple(map(int, rng.integers(1, 3, 2))),
        "padding": tuple(tuple(map(int, pads)) for pads in rng.integers(0, 2, (2, 2))),
        "groups": channels if kind == "groups" else 1,
        "shared": kind == "shared",
    }
    return coded_conv(rng, form(rng, shape), **geometry)


def coded_of_seed(seed: int) -> Graph:
    """Two convolutions, a hidden layer and scores; some kernels fill several slices."""
    rng = np.random.default_rng(seed)
    graph = Graph(TensorSpec((9, 11, int(rng.integers(1, 4)))))
    graph = graph.append(_conv(rng, graph.input.shape[2], 30)).append(Relu())
    graph = graph.append(_conv(rng, graph.output.shape[2], 4)).append(MaxPool((1, 1), (1, 1)))
    size = graph.output.size
    graph = graph.append(Reshape((size,)))
    graph = graph.append(coded_linear(rng, form(rng, (6, size))))
    graph = graph.append(coded_linear(rng, form(rng, (3, 6)))).append(ArgMax())
    return quantized_example(graph)
