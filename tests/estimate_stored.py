"""Layers whose weights are stored in few bits or coded, as portable routines take them."""

from __future__ import annotations

from typing import Any

import numpy as np

from skconv.graph import (
    Abs,
    BlockHistogram,
    BothSigns,
    Graph,
    Hash,
    MaxPool,
    MeanPool,
    Op,
    Relu,
    Reshape,
    TensorSpec,
)
from skconv.testing import few_levels
from skconv.testing.coded import codebook, coded_conv, coded_linear, entropy, hashed
from skconv.testing.narrow import narrow_conv
from tests.estimate_graphs import CODES, Rng, of_any_type, one_of


def stored(seed: int) -> Graph:
    """A convolution alone, one in a stage, hashed codes or a linear layer: integers.

    Raises
    ------
    ValueError
        Where a window does not fit: the seed has no graph.
    """
    rng = np.random.default_rng(seed)
    make = (_alone, _stage, _hashes, _layer)[seed % 4]
    return of_any_type(rng, make(rng))


def _alone(rng: Rng) -> Graph:
    graph = _map(rng)
    return graph.append(_kernels(rng, graph.output.shape[2]))


def _stage(rng: Rng) -> Graph:
    graph = _alone(rng)
    code = one_of(rng, None, Relu(), Abs(), BothSigns())
    graph = graph if code is None else graph.append(code)
    size, kind = one_of(rng, 2, 2, 3), one_of(rng, MaxPool, MeanPool)
    step = one_of(rng, size, size, size - 1)
    graph = graph.append(kind((size, size), (step, step)))
    if rng.random() < 0.5:
        return graph
    n_features = graph.output.size
    return graph.append(Reshape((n_features,))).append(few_levels(rng, 5, n_features, 3))


def _hashes(rng: Rng) -> Graph:
    """Codes of four signs, and their histograms."""
    channels = one_of(rng, 1, 1, 2)
    graph = Graph(TensorSpec((9, one_of(rng, 8, 12), channels)))
    shape = (4, *one_of(rng, (3, 3), (2, 3), (5, 5)), 1)
    padding = one_of(rng, ((0, 0), (0, 0)), ((1, 1), (1, 1)))
    graph = graph.append(_of_kind(rng, shape, shared=True, padding=padding)).append(Hash(4))
    size = one_of(rng, 2, 3)
    return graph.append(BlockHistogram((size, size), (one_of(rng, size, 2),) * 2, 16))


def _layer(rng: Rng) -> Graph:
    """A linear layer of rows and columns that are no multiples of anything."""
    shape = (one_of(rng, 1, 2, 4, 7, 10), one_of(rng, 7, 30, 65, 200, 300))
    make = one_of(rng, codebook, codebook, entropy, hashed)
    more = (one_of(rng, 2, 4, 8), one_of(rng, 8, 60)) if make is codebook else ()
    return Graph(TensorSpec(shape[1:])).append(coded_linear(rng, make(rng, shape, *more)))


def _map(rng: Rng) -> Graph:
    side, channels = one_of(rng, 6, 8, 10, 13), one_of(rng, 1, 2, 4, 6)
    return Graph(TensorSpec((side, side + one_of(rng, 0, 2), channels)))


def _kernels(rng: Rng, channels: int) -> Op:
    """Kernels that see all channels, each of them apart, or some of them."""
    size, n = one_of(rng, 1, 2, 3, 3, 5), one_of(rng, 3, 5, 8)
    padding = one_of(rng, ((0, 0), (0, 0)), ((size // 2, (size - 1) // 2),) * 2)
    stride = one_of(rng, (1, 1), (1, 1), (2, 1), (2, 2))
    sees = one_of(rng, "all", "all", "groups", "shared")
    geometry: dict[str, Any] = {"padding": padding, "stride": stride}
    if sees == "groups" and channels > 1:
        n_groups = one_of(rng, 2, channels)
        shape = (n_groups * one_of(rng, 1, 2), size, size, channels // n_groups)
        return _of_kind(rng, shape, groups=n_groups, **geometry)
    if sees == "shared":
        return _of_kind(rng, (n, size, size, 1), shared=True, **geometry)
    return _of_kind(rng, (n, size, size, channels), **geometry)


def _of_kind(rng: Rng, shape: tuple[int, int, int, int], **geometry: Any) -> Op:
    """Weights of 3, 7 or 15 levels as often as coded ones."""
    if rng.random() < 0.5:
        return narrow_conv(rng, shape, one_of(rng, 1, 3, 7), **geometry)
    return coded_conv(rng, one_of(rng, *CODES)(rng, shape), **geometry)
