"""Graphs of convolutions that estimates are measured on, drawn for what is around them."""

from __future__ import annotations

import numpy as np

from skconv.graph import (
    INPUT,
    Abs,
    BothSigns,
    Clip,
    Concat,
    Divide,
    Graph,
    L2Pool,
    LocalContrast,
    Magnitude,
    MaxPool,
    MeanPool,
    Relu,
    Reshape,
    Root,
    SoftThreshold,
    Square,
    TensorSpec,
    TentPool,
    Triangle,
)
from skconv.testing import conv, few_levels, linear, pruned
from tests.estimate_graphs import Rng, of_any_type, one_of


def maps(seed: int) -> Graph:
    """Convolutions of one map, none of them in a stage, most windows at its borders: integers.

    Raises
    ------
    ValueError
        Where a window does not fit: the seed has no graph.
    """
    rng = np.random.default_rng(seed)
    graph, names = Graph(TensorSpec(_shape(rng))), []
    channels = graph.input.shape[2]
    for _ in range(3):
        window, padding = _window(rng, graph.input.shape)
        is_shared = rng.random() < 0.5
        shape = (one_of(rng, 1, 2, 3, 6), *window, 1 if is_shared else channels)
        mode = one_of(rng, "zero", "zero", "circular")
        layer = conv(rng, shape, padding=padding, shared=is_shared, pad_mode=mode)
        graph = graph.append(layer, INPUT)
        graph = graph.append(Reshape((graph.output.size,)))
        names.append(graph.output_name)
    return of_any_type(rng, graph.append(Concat(), *names))


def patches(seed: int) -> Graph:
    """Pixels that are divided by the contrast of their patches, mostly in a stage: integers.

    Raises
    ------
    ValueError
        Where a window does not fit: the seed has no graph.
    """
    rng = np.random.default_rng(seed)
    graph = Graph(TensorSpec(_shape(rng)))
    window, padding = _window(rng, graph.input.shape)
    n, stride = one_of(rng, 2, 4, 9, 12, 27), one_of(rng, (1, 1), (1, 1), (2, 2))
    stride = stride if window[0] > 1 else (1, stride[1])
    shape = (n, *window, graph.input.shape[2])
    graph = graph.append(conv(rng, shape, padding=padding, stride=stride))
    responses, mean = graph.output_name, one_of(rng, "patch", "channel", None)
    graph = graph.append(LocalContrast(window, stride, padding, "zero", mean, eps=0.5), INPUT)
    graph = graph.append(Divide(), responses, graph.output_name)
    triangle = Triangle(rng.normal(size=(one_of(rng, 4, 6, 8), n)).astype("f4"))
    code = one_of(rng, None, Clip(0.0, 0.8), triangle, triangle)
    graph = graph if code is None else graph.append(code)
    rows, columns, _ = graph.output.shape
    sides = (min(rows, one_of(rng, 2, 3, 7)), min(columns, one_of(rng, 2, 3, 7)))
    kind, is_rooted = one_of(rng, MaxPool, MeanPool, TentPool, None), rng.random() < 0.4
    if kind is None:
        return of_any_type(rng, graph.append(Reshape((graph.output.size,))))
    graph = graph.append(kind(sides, sides))
    return of_any_type(rng, graph.append(Root()) if is_rooted and kind is MeanPool else graph)


def stages(seed: int) -> Graph:
    """A stage that mostly has no routine of its own on any core, and perhaps a layer: integers.

    Raises
    ------
    ValueError
        Where a window does not fit: the seed has no graph.
    """
    rng = np.random.default_rng(seed)
    graph = Graph(TensorSpec(_shape(rng)))
    window, padding = _window(rng, graph.input.shape)
    is_shared, n = rng.random() < 0.7, one_of(rng, 1, 2, 4, 6)
    shape = (n, *window, 1 if is_shared else graph.input.shape[2])
    mode, stride = one_of(rng, "zero", "zero", "circular"), one_of(rng, (1, 1), (1, 1), (2, 2))
    stride = (stride[0] if window[0] > 1 else 1, stride[1] if window[1] > 1 else 1)
    layer = conv(rng, shape, padding=padding, stride=stride, shared=is_shared, pad_mode=mode)
    graph = graph.append(layer)
    soft = SoftThreshold(rng.random(graph.output.shape[2]).astype("f4"))
    codes = (None, Abs(), Relu(), BothSigns(), Square(), soft)
    code = one_of(rng, *codes, *((Magnitude(),) * (n % 2 == 0)))
    graph = graph if code is None else graph.append(code)
    rows, columns, _ = graph.output.shape
    sides = (min(rows, one_of(rng, 2, 3, 6)), min(columns, one_of(rng, 2, 3, 6, 40)))
    steps = one_of(rng, sides, sides, tuple(max(1, side - 1) for side in sides))
    kind, is_rooted = one_of(rng, MaxPool, MeanPool, TentPool, L2Pool), rng.random() < 0.3
    graph = graph.append(kind(sides, steps))
    graph = graph.append(Root()) if is_rooted and kind in (MeanPool, TentPool) else graph
    if rng.random() < 0.6:
        size, n_outputs = graph.output.size, one_of(rng, 1, 3, 6)
        head = one_of(
            rng,
            linear(rng, n_outputs, size),
            few_levels(rng, n_outputs, size, one_of(rng, 1, 3, 7)),
        )
        head = one_of(rng, head, pruned(head, one_of(rng, 2, 3, 5))) if size > 5 else head
        graph = graph.append(Reshape((size,))).append(head)
    return of_any_type(rng, graph)


def _shape(rng: Rng) -> tuple[int, int, int]:
    """Of a small image, or of a signal along either axis."""
    channels, side = one_of(rng, 1, 1, 2, 3, 6), one_of(rng, 6, 8, 10, 13)
    long = one_of(rng, 30, 50, 80)
    image = (side, side + one_of(rng, -1, 0, 2), channels)
    return tuple(one_of(rng, image, image, image, (1, long, channels), (long, 1, channels)))


def _window(
    rng: Rng, shape: tuple[int, int, int]
) -> tuple[tuple[int, int], tuple[tuple[int, int], tuple[int, int]]]:
    """A window, and around the map nothing, half of it, or all but one."""
    size, kind = one_of(rng, 2, 3, 4, 5), one_of(rng, "none", "same", "full")
    window = tuple(min(side, size) for side in shape[:2])
    before = {"none": (0, 0), "same": (size // 2, (size - 1) // 2), "full": (size - 1,) * 2}[kind]
    height, width = (before if side > 1 else (0, 0) for side in window)
    return (window[0], window[1]), (height, width)
