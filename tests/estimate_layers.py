"""Single layers and small stages that random Pipelines seldom have, for estimates."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from skconv.graph import (
    Above,
    Abs,
    Affine,
    BothSigns,
    Graph,
    Hash,
    KNearest,
    L2Pool,
    Magnitude,
    MaxPool,
    MeanPool,
    Median,
    Op,
    Pad,
    Permute,
    Relu,
    Reshape,
    Resize,
    Root,
    Select,
    Sign,
    SoftThreshold,
    Square,
    TensorSpec,
    Threshold,
    Upsample,
)
from skconv.testing import conv, few_levels, gated, linear, resampling, residual
from tests.estimate_graphs import Rng, of_any_type, one_of


def layers(seed: int) -> Graph:
    """One kind of layer or stage for each remainder of the seed: integers.

    Raises
    ------
    ValueError
        Where a window does not fit: the seed has no graph.
    """
    rng = np.random.default_rng(seed)
    make = (_window_stage, _window_stage, _nearest, _alone, _vector, _window_stage)[seed % 6]
    return of_any_type(rng, make(rng))


def _window_stage(rng: Rng) -> Graph:
    """A stage of one channel whose windows are apart, perhaps with a head."""
    side, long = one_of(rng, 6, 8, 9, 11, 14), one_of(rng, 26, 44, 75, 90)
    image = (side, side + one_of(rng, 0, 0, 1, 3), 1)
    shape = one_of(rng, image, image, image, (1, long, 1), (long, 1, 1))
    size, n_kernels = one_of(rng, 1, 2, 2, 3, 3, 4, 5), one_of(rng, 1, 2, 3, 4, 5, 8, 16)
    window = (min(size, shape[0]), min(size, shape[1]))
    graph = Graph(TensorSpec(shape))
    graph = graph.append(conv(rng, (n_kernels, *window, 1), padding=_padding(rng, window)))
    soft = SoftThreshold(rng.random(n_kernels).astype("f4"))
    paired = (Magnitude(),) * (n_kernels % 2 == 0)
    code = one_of(rng, None, None, Abs(), Relu(), BothSigns(), BothSigns(), Square(), soft, *paired)
    graph = graph if code is None else graph.append(code)
    graph = _pooled(rng, graph)
    return _with_head(rng, graph) if rng.random() < 0.6 else graph


def _padding(rng: Rng, window: tuple[int, int]) -> tuple[tuple[int, int], tuple[int, int]]:
    is_same = rng.random() < 0.7
    height, width = ((n // 2, (n - 1) // 2) if is_same else (0, 0) for n in window)
    return height, width


def _pooled(rng: Rng, graph: Graph) -> Graph:
    """Windows that are apart; one of them may hold all."""
    sides = [min(n, one_of(rng, 2, 2, 3, 4, 6, n)) for n in graph.output.shape[:2]]
    window = (sides[0], sides[1])
    kind = one_of(rng, MaxPool, MeanPool, MeanPool, L2Pool)
    graph = graph.append(kind(window, window))
    return graph.append(Root()) if kind is not L2Pool and rng.random() < 0.3 else graph


def _with_head(rng: Rng, graph: Graph) -> Graph:
    size, n_outputs = graph.output.size, one_of(rng, 1, 1, 3, 4, 6)
    plain = linear(rng, n_outputs, size)
    head = plain if size < 8 else one_of(rng, plain, plain, few_levels(rng, n_outputs, size, 3))
    return graph.append(Reshape((size,))).append(head)


def _nearest(rng: Rng) -> Graph:
    """The nearest kernels of a pixel, of a map or in a stage."""
    channels, side = one_of(rng, 1, 2, 3), one_of(rng, 4, 6, 8)
    graph = Graph(TensorSpec((side, side + one_of(rng, 0, 1, 4), channels)))
    n_kernels, size = one_of(rng, 3, 4, 6, 12), one_of(rng, 1, 2, 3)
    graph = graph.append(conv(rng, (n_kernels, size, size, channels)))
    graph = graph.append(KNearest(one_of(rng, 1, 3, n_kernels // 2), both_signs=rng.random() < 0.5))
    return _pooled(rng, graph) if rng.random() < 0.7 else graph


def _alone(rng: Rng) -> Graph:
    """A layer on a map, with zeros among its weights or steps of two, or a code alone."""
    channels, side = one_of(rng, 1, 1, 2, 3, 6), one_of(rng, 6, 8, 11)
    shape = one_of(rng, (side, side + one_of(rng, 0, 2), channels), (1, 6 * side, channels))
    graph, size = Graph(TensorSpec(shape)), one_of(rng, 2, 3, 4, 5)
    window = (min(size, shape[0]), min(size, shape[1]))
    kind = one_of(rng, "sparse", "sparse", "strided", "magnitude", "code")
    if kind == "sparse":
        n_kernels = one_of(rng, 1, 2, 5, 12)
        dense = conv(rng, (n_kernels, *window, channels), padding=_padding(rng, window))
        is_kept = rng.random(dense.weights.shape) < one_of(rng, 0.1, 0.2, 0.3)
        is_kept.reshape(n_kernels, -1)[:, 0] = True
        return graph.append(replace(dense, weights=dense.weights * is_kept.astype("f4")))
    if kind == "strided":
        step, padding = (1 if shape[0] == 1 else 2, 2), _padding(rng, window)
        shape = (channels, *window, 1)
        return graph.append(conv(rng, shape, groups=channels, stride=step, padding=padding))
    if kind == "magnitude":
        return graph.append(conv(rng, (2 * size, 1, 1, channels))).append(Magnitude())
    soft = SoftThreshold(rng.random(channels).astype("f4"))
    return graph.append(one_of(rng, Square(), soft, BothSigns(), Abs(), Root()))


def _vector(rng: Rng) -> Graph:
    """A layer of few numbers."""
    size, rows = one_of(rng, 1, 2, 3, 4, 5, 7, 13, 24, 49, 70), one_of(rng, 1, 1, 2, 3, 4, 6)
    graph = Graph(TensorSpec((size,)))
    factors = rng.normal(size=size).astype("f4")
    some = np.sort(rng.choice(size, one_of(rng, 1, size // 2 + 1), replace=False))
    chosen = (
        *(linear(rng, rows, size),) * 3,
        Affine(factors, factors[::-1].copy()),
        Select(some),
    )
    layer: Op = one_of(rng, *chosen)
    graph = graph.append(layer)
    return graph.append(Threshold()) if graph.output.shape == (1,) else graph


def sizes(seed: int) -> Graph:
    """One op that stands alone, of any size: integers.

    Raises
    ------
    ValueError
        Where a window does not fit: the seed has no graph.
    """
    rng = np.random.default_rng(seed)
    channels = one_of(rng, 1, 2, 3, 4, 8)
    shape = (int(rng.integers(4, 16)), int(rng.integers(4, 16)), channels)
    graph = Graph(TensorSpec(shape))
    kind = {0: "joined", 4: "gated"}.get(seed % 8, "op")
    if kind == "op":
        return of_any_type(rng, graph.append(_single(rng, shape)))
    stem = graph.append(conv(rng, (channels, 1, 1, channels)))
    branch = conv(rng, (channels, 3, 3, channels), padding=((1, 1), (1, 1)))
    gate = conv(rng, (channels, 1, 1, channels))
    return of_any_type(rng, residual(stem, branch) if kind == "joined" else gated(stem, gate))


def _single(rng: Rng, shape: tuple[int, int, int]) -> Op:
    height, width, channels = shape
    around = ((1, 1), (1, 1))
    levels = rng.normal(size=(one_of(rng, 1, 2, 4), channels)).astype("f4")
    rows, columns = 2 * height - 1, max(2, width // 2)
    return one_of(
        rng,
        Above(levels),
        Hash(one_of(rng, *(n for n in (1, 2, 4, 8) if channels % n == 0))),
        Sign(),
        Relu(),
        Permute(one_of(rng, (1, 0, 2), (2, 0, 1), (0, 2, 1))),
        Pad(one_of(rng, around, ((0, 2), (3, 0))), one_of(rng, "zero", "lowest")),
        Upsample(one_of(rng, (2, 2), (1, 3), (2, 1))),
        Resize(resampling(rows, height), resampling(columns, width)),
        Median(padding=one_of(rng, around, ((0, 0), (0, 0)))),
    )
