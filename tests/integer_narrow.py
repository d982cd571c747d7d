"""Integer graphs of convolutions and layers of few levels, drawn from a seed."""

from __future__ import annotations

from typing import Any

import numpy as np

from skconv.graph import ArgMax, Conv, Graph, MaxPool, OvoVote, Relu, Reshape, TensorSpec
from skconv.graph.vectors import Kernel
from skconv.testing import few_levels, quantized_example
from skconv.testing.narrow import narrow_conv, narrow_machine

KINDS = ("plain", "plain", "pixel", "depthwise", "depthwise", "shared")


def _geometry(rng: np.random.Generator, kind: str) -> dict[str, Any]:
    """Some are as the routines of targets want them: no holes, even strides of columns."""
    is_usual = rng.integers(2) == 0
    dilation = (1, 1) if is_usual else tuple(map(int, rng.integers(1, 3, 2)))
    if kind == "pixel":
        return {}
    return {
        "stride": ((1, 1), (2, 2), (1, 2), (2, 1))[rng.integers(4)],
        "dilation": dilation,
        "padding": tuple(tuple(map(int, pads)) for pads in rng.integers(0, 2, (2, 2))),
    }


def _conv(rng: np.random.Generator, channels: int, most: int) -> Conv:
    kind = KINDS[rng.integers(len(KINDS))]
    seen = channels if kind in ("plain", "pixel") else 1
    n_kernels = channels if kind == "depthwise" else int(rng.integers(1, most))
    window = (1, 1) if kind == "pixel" else tuple(map(int, rng.integers(1, 4, 2)))
    geometry = _geometry(rng, kind)
    if kind == "depthwise":
        geometry["groups"] = channels
    levels = int(rng.choice([1, 3, 7, 7]))
    return narrow_conv(rng, (n_kernels, *window, seen), levels, shared=kind == "shared", **geometry)


def narrow_of_seed(seed: int) -> Graph:
    """Three convolutions of few levels, and two layers of few levels or a kernel machine."""
    rng = np.random.default_rng(seed)
    graph = Graph(TensorSpec((10, 12, int(rng.choice([1, 2, 3, 4])))))
    for most in (12, 12, 5):
        graph = graph.append(_conv(rng, graph.output.shape[2], most)).append(Relu())
    graph = graph.append(MaxPool((2, 1), (2, 1)))
    size = graph.output.size
    graph = graph.append(Reshape((size,)))
    if seed % 4 == 3:
        kernel: Kernel = ("laplacian", "rbf", "poly")[rng.integers(3)]
        machine = narrow_machine(rng, kernel, size, int(rng.choice([1, 3, 7, 127])))
        return quantized_example(graph.append(machine).append(OvoVote(3)).append(ArgMax()))
    graph = graph.append(
        few_levels(rng, int(rng.integers(1, 10)), size, int(rng.choice([1, 3, 7])))
    )
    graph = graph.append(few_levels(rng, 3, graph.output.size, 7)).append(ArgMax())
    return quantized_example(graph, **({"input_dtype": "int8"} if seed % 3 == 0 else {}))
