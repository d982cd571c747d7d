"""Rewrites of convolutions: the same function, in floats and, where scales stay, in integers."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from skconv.graph import (
    Abs,
    Affine,
    Conv,
    Graph,
    L2Pool,
    MaxPool,
    MeanPool,
    Relu,
    Select,
    SumPool,
    TensorSpec,
)
from skconv.passes.compress import CondensedConv, GroupedConv, Samples, StridedPooling
from skconv.passes.integers import integer_graph
from skconv.runtime import fixed, reference

RNG = np.random.default_rng(0)
SAME = ((1, 1), (1, 1))


def conv(n_kernels: int, size: tuple[int, int], channels: int, **geometry) -> Conv:
    weights = RNG.normal(size=(n_kernels, *size, channels)).astype(np.float32)
    return Conv(weights, RNG.normal(size=n_kernels).astype(np.float32), **geometry)


def chain(shape, *ops) -> Graph:
    graph = Graph(TensorSpec(shape))
    for op in ops:
        graph = graph.append(op)
    return graph


def rewritten(rule, graph: Graph, tolerance: float = 0.0) -> Graph:
    """What a rewrite gives, after a look at the results."""
    x = RNG.normal(size=(4, *graph.input.shape))
    found = rule(graph, Samples(x.astype(np.float32)))
    wanted, values = reference.run(graph, x), reference.run(found, x)
    np.testing.assert_allclose(values, wanted, rtol=0, atol=tolerance + 1e-12)
    assert found.output_name == graph.output_name
    return found


def assert_same_integers(before: Graph, after: Graph) -> None:
    x = RNG.integers(0, 256, (30, *before.input.shape)).astype(np.uint8)
    wanted, found = (fixed.run(integer_graph(graph, x), x) for graph in (before, after))
    assert wanted.dtype == found.dtype
    assert np.array_equal(wanted, found)


def described(graph: Graph) -> list[str]:
    return [node.op.describe() for node in graph.nodes]


# ------------------------------------------------------------------------------- strides


@pytest.mark.parametrize("pool", [MaxPool, MeanPool, SumPool])
@pytest.mark.parametrize(
    "geometry", [{}, {"stride": (1, 2)}, {"padding": SAME}, {"dilation": (2, 1)}]
)
def test_a_pooling_of_one_pixel_is_a_stride(pool, geometry):
    graph = chain((9, 10, 2), conv(3, (3, 2), 2, **geometry), Abs(), pool((1, 1), (2, 3)))
    found = rewritten(StridedPooling(), graph)
    assert [type(node.op) for node in found.nodes] == [Conv, Abs]
    assert found.macs < graph.macs / 4


def test_a_stride_moves_up_from_a_convolution_of_one_pixel():
    """As where a residual network becomes smaller: a quarter of the products."""
    graph = chain(
        (9, 9, 3), conv(4, (3, 3), 3, padding=SAME), Relu(), conv(5, (1, 1), 4, stride=(2, 2))
    )
    found = rewritten(StridedPooling(), graph)
    assert [node.op.stride for node in found.nodes if isinstance(node.op, Conv)] == [(2, 2), (1, 1)]
    assert found.node_macs()["conv"] == 5 * 5 * 4 * 27


def test_a_tensor_with_two_readers_keeps_its_pixels():
    graph = chain((8, 8, 1), conv(2, (3, 3), 1), MaxPool((1, 1), (2, 2)))
    graph = graph.append(MaxPool((3, 3), (3, 3)), "conv")
    assert StridedPooling()(graph, Samples(np.zeros((1, 64)))) == graph


@pytest.mark.parametrize("kind", [MeanPool, SumPool])
@pytest.mark.parametrize(
    ("geometry", "size", "stride"),
    [
        ({}, (2, 2), (2, 2)),
        ({"padding": ((1, 0), (2, 1))}, (2, 3), (2, 3)),
        ({"stride": (2, 1)}, (2, 2), (3, 2)),
        ({"padding": SAME, "pad_mode": "circular"}, (2, 2), (2, 2)),
        ({"groups": 2}, (2, 2), (2, 2)),
    ],
)
def test_a_mean_goes_into_the_kernels(kind, geometry, size, stride):
    layer = conv(4, (3, 3), 4 // geometry.get("groups", 1), **geometry)
    graph = chain((11, 12, 4), layer, kind(size, stride))
    found = rewritten(StridedPooling(most_growth=4), graph, 1e-4)
    assert [type(node.op) for node in found.nodes] == [Conv]
    assert found.macs < graph.macs


@pytest.mark.parametrize(
    "ops",
    [
        (conv(2, (3, 3), 1), Relu(), MeanPool((2, 2), (2, 2))),
        (conv(2, (3, 3), 1), L2Pool((2, 2), (2, 2))),
        (conv(2, (3, 3), 1), MaxPool((2, 2), (2, 2))),
        (conv(2, (1, 1), 1), MeanPool((2, 2), (2, 2))),
        (conv(2, (2, 2), 1), MeanPool((5, 5), (5, 5))),
        (conv(2, (3, 3), 1), MeanPool((2, 2), (1, 1))),
    ],
    ids=["nonlinear", "squares", "maxima", "one pixel", "too large", "windows that overlap"],
)
def test_a_mean_stays_where_it_is(ops):
    graph = chain((8, 8, 1), *ops)
    assert StridedPooling()(graph, Samples(np.zeros((1, 64)))) == graph


# ----------------------------------------------------------------------- groups, condensed


def block_diagonal(n_groups: int, kernels: int, channels: int, size=(3, 3), **geometry) -> Conv:
    """Groups in an order of chance."""
    whole = conv(n_groups * kernels, size, n_groups * channels, **geometry)
    mask = np.kron(np.eye(n_groups), np.ones((kernels, channels)))
    mask = RNG.permutation(RNG.permutation(mask).T).T
    return replace(whole, weights=whole.weights * mask[:, None, None].astype(np.float32))


@pytest.mark.parametrize(("n_groups", "kernels", "channels"), [(2, 3, 2), (3, 1, 4), (4, 2, 1)])
def test_groups_in_any_order_are_found(n_groups, kernels, channels):
    layer = block_diagonal(n_groups, kernels, channels, padding=SAME)
    graph = chain((6, 7, n_groups * channels), layer)
    found = rewritten(GroupedConv(), graph, 1e-12)
    (grouped,) = [node.op for node in found.nodes if isinstance(node.op, Conv)]
    assert grouped.groups == n_groups
    assert found.macs == graph.macs / n_groups
    assert_same_integers(graph, found)


def test_what_is_not_made_of_equal_groups_stays():
    whole = chain((6, 6, 4), conv(4, (3, 3), 4))
    unequal = conv(3, (3, 3), 3)
    unequal.weights[0, ..., 1:] = unequal.weights[1:, ..., 0] = 0
    two = chain((6, 6, 4), block_diagonal(2, 2, 2))
    for graph in (whole, chain((6, 6, 3), unequal)):
        assert GroupedConv()(graph, Samples(np.zeros((1, graph.input.size)))) == graph
    assert GroupedConv(min_groups=3)(two, Samples(np.zeros((1, 144)))) == two


def test_lines_of_zeros_go_with_the_border():
    layer = conv(3, (5, 5), 2, padding=((2, 2), (1, 2)))
    layer.weights[:, 0] = layer.weights[:, 4] = layer.weights[:, :, :2] = 0
    graph = chain((6, 7, 2), layer)
    found = rewritten(CondensedConv(), graph, 1e-12)
    (smaller,) = [node.op for node in found.nodes]
    assert smaller.weights.shape == (3, 3, 4, 2)
    assert smaller.padding == ((1, 1), (0, 2))
    assert_same_integers(graph, found)


def test_channels_that_nobody_reads_are_left_out():
    layer = conv(3, (3, 3), 6)
    layer.weights[..., [0, 2, 3, 5]] = 0
    graph = chain((6, 6, 6), layer)
    found = rewritten(CondensedConv(), graph, 1e-12)
    assert described(found) == ["Select 2", "Conv 3x3 2->3"]
    assert_same_integers(graph, found)
    assert described(CondensedConv(most_read=0.3)(graph, Samples(np.zeros((1, 216))))) == [
        "Conv 3x3 6->3"
    ]


def test_a_convolution_that_copies_is_a_choice_of_channels():
    weights = np.zeros((3, 3, 3, 4), np.float32)
    weights[range(3), 1, 1, [2, 0, 2]] = 1
    layer = Conv(weights, np.zeros(3, np.float32), padding=SAME)
    found = rewritten(CondensedConv(), chain((5, 5, 4), layer))
    assert isinstance(found.nodes[0].op, Select)
    assert found.nodes[0].op.indices.tolist() == [2, 0, 2]
    scaled = replace(layer, weights=2 * weights)
    assert described(rewritten(CondensedConv(), chain((5, 5, 4), scaled))) == [
        "Select 2",
        "Conv 1x1 2->3",
    ]


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        (StridedPooling(most_growth=0.5), "most_growth=0.5, expected 1 or more"),
        (GroupedConv(min_groups=1), "min_groups=1, expected a whole number from 2 on"),
        (CondensedConv(most_read=2), "most_read=2, expected a share from 0 to 1"),
    ],
)
def test_refused(rule, message):
    graph = chain((5, 5, 1), conv(1, (3, 3), 1), Affine(np.ones(1), np.zeros(1)))
    with pytest.raises(ValueError, match=message):
        rule(graph, Samples(np.zeros((1, 25))))
