"""Ops that torch computes in another form: the same numbers, nothing as large as their maps."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from numpy.typing import NDArray

from skconv.graph import (
    Abs,
    Concat,
    Conv,
    Graph,
    Hash,
    L2Pool,
    MeanPool,
    Reshape,
    SumPool,
    TensorSpec,
    Triangle,
)
from skconv.runtime import reference, torch_engine
from skconv.runtime.torch_rewrite import rewritten
from skconv.runtime.torch_triangle import PooledTriangle


def normal(*shape: int, seed: int = 0) -> NDArray[np.float32]:
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def kinds(graph: Graph) -> list[type]:
    return [type(node.op) for node in graph.nodes]


def hashed(width: int, n_kernels: int, n_maps: int, **options: Any) -> Graph:
    conv = Conv(normal(n_kernels, 3, 4, 1), normal(n_kernels, seed=1), shared=True, **options)
    return Graph(TensorSpec((6, width, n_maps))).append(conv).append(Hash(n_kernels))


# -------------------------------------------------------------------------------- hashes


@settings(max_examples=30, deadline=None)
@given(
    width=st.integers(4, 11),
    n_kernels=st.integers(1, 8),
    n_maps=st.integers(1, 3),
    padding=st.sampled_from([((0, 0), (0, 0)), ((1, 1), (1, 2)), ((0, 2), (3, 0))]),
    pad_mode=st.sampled_from(["zero", "circular"]),
)
def test_codes_of_pixels_two_at_a_time(
    width: int, n_kernels: int, n_maps: int, padding: Any, pad_mode: Any
) -> None:
    graph = hashed(width, n_kernels, n_maps, padding=padding, pad_mode=pad_mode)
    x = normal(3, 6, width, n_maps, seed=2)
    is_even = graph.output.shape[1] % 2 == 0
    strides = [node.op.stride for node in rewritten(graph).nodes if isinstance(node.op, Conv)]
    assert strides == [(1, 2) if is_even else (1, 1)]
    assert rewritten(graph).output == graph.output
    assert_array_equal(torch_engine.run(graph, x), reference.run(graph, x))


@pytest.mark.parametrize("options", [{"stride": (1, 2)}, {"dilation": (1, 2)}])
def test_other_convolutions_stay(options: Any) -> None:
    graph = hashed(13, 4, 2, **options)
    assert kinds(rewritten(graph)) == [Conv, Hash]
    x = normal(3, 6, 13, 2)
    assert_array_equal(torch_engine.run(graph, x), reference.run(graph, x))


def test_a_map_that_is_read_again_stays() -> None:
    graph = hashed(8, 8, 2, padding=((1, 1), (1, 2)))
    codes, maps = graph.output_name, graph.nodes[0].name
    graph = graph.append(Abs(), maps).append(Concat(), codes, "abs")
    assert kinds(rewritten(graph)) == [Conv, Hash, Abs, Concat]
    x = normal(3, 6, 8, 2)
    assert_allclose(torch_engine.run(graph, x), reference.run(graph, x), rtol=1e-4, atol=1e-4)


# ------------------------------------------------------------------------ uneven borders


@pytest.mark.parametrize("padding", [((0, 1), (0, 1)), ((1, 2), (1, 1)), ((0, 0), (0, 2))])
@pytest.mark.parametrize(("groups", "n_kernels"), [(6, 6), (3, 6), (6, 12)])
@pytest.mark.parametrize("stride", [(1, 1), (2, 2)])
def test_an_uneven_border_of_groups_becomes_even(
    padding: Any, groups: int, n_kernels: int, stride: Any
) -> None:
    weights = normal(n_kernels, 3, 4, 6 // groups)
    conv = Conv(weights, normal(n_kernels, seed=1), stride=stride, padding=padding, groups=groups)
    graph = Graph(TensorSpec((9, 8, 6))).append(conv)
    (node,) = rewritten(graph).nodes
    assert isinstance(node.op, Conv)
    assert all(before == after for before, after in node.op.padding)
    assert rewritten(graph).output == graph.output
    x = normal(3, 9, 8, 6, seed=2)
    assert_allclose(torch_engine.run(graph, x), reference.run(graph, x), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    "options",
    [
        {"groups": 1, "padding": ((0, 1), (0, 1))},
        {"groups": 4, "padding": ((1, 1), (1, 1))},
        {"groups": 4, "padding": ((1, 0), (0, 1))},
        {"groups": 4, "padding": ((0, 1), (0, 1)), "pad_mode": "circular"},
        {"groups": 4, "padding": ((0, 1), (0, 1)), "dilation": (2, 2)},
    ],
)
def test_other_borders_stay(options: Any) -> None:
    conv = Conv(normal(4, 3, 3, 4 // options["groups"]), normal(4), **options)
    graph = Graph(TensorSpec((8, 8, 4))).append(conv)
    assert rewritten(graph) is graph


# ------------------------------------------------------------------------------ triangle


def pooled(pool: MeanPool, centroids: NDArray[np.float32], side: int = 8) -> Graph:
    channels = centroids.shape[1]
    graph = Graph(TensorSpec((side, side, channels))).append(Triangle(centroids)).append(pool)
    return graph.append(Reshape((graph.output.size,)))


@pytest.mark.parametrize("blank", [0.0, 0.3, 1.0])
@pytest.mark.parametrize(
    "pool",
    [
        SumPool((4, 4), (4, 4)),
        MeanPool((8, 8), (8, 8)),
        SumPool((5, 4), (3, 4)),
        MeanPool((3, 3), (5, 5)),
    ],
)
def test_a_pooled_triangle_is_that_of_the_reference(pool: MeanPool, blank: float) -> None:
    graph = pooled(pool, normal(20, 5))
    x = normal(7, 8, 8, 5, seed=1)
    x[np.random.default_rng(0).random((7, 8, 8)) < blank] = 0
    x[3] = 0
    assert kinds(rewritten(graph))[0] is PooledTriangle
    wanted = reference.run(graph, x)
    assert_allclose(torch_engine.run(graph, x), wanted, rtol=1e-4, atol=1e-5 * wanted.max())


def test_a_pixel_that_is_a_centroid() -> None:
    """Its squared distance may come out negative: the root is 0 then, not NaN."""
    centroids = 100 + normal(50, 30)
    x = np.resize(centroids, (2, 8, 8, 30))
    for pool in (SumPool((4, 4), (4, 4)), SumPool((2, 2), (1, 1))):
        graph = pooled(pool, centroids)
        wanted = reference.run(graph, x)
        assert_allclose(torch_engine.run(graph, x), wanted, atol=2e-3 * wanted.max())


def test_large_maps_are_computed_in_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    from skconv.runtime import torch_triangle

    graph = pooled(SumPool((4, 4), (4, 4)), normal(20, 5))
    x = normal(3, 8, 8, 5, seed=1)
    whole = torch_engine.run(graph, x)
    monkeypatch.setitem(torch_triangle.TRIANGLE_BYTES, "cpu", 10 * 4 * 20)
    assert_allclose(torch_engine.run(graph, x), whole, rtol=1e-5, atol=1e-5)


def test_many_windows_and_other_pools_stay() -> None:
    for pool in (SumPool((2, 2), (1, 1)), L2Pool((4, 4), (4, 4))):
        assert kinds(rewritten(pooled(pool, normal(20, 5))))[:2] == [Triangle, type(pool)]


def test_the_map_of_triangles_is_not_kept() -> None:
    graph = pooled(SumPool((4, 4), (4, 4)), normal(400, 5))
    largest = max(spec.nbytes for spec in rewritten(graph).specs.values())
    assert largest == 4 * 4 * 400 < graph.specs["triangle"].nbytes / 10
