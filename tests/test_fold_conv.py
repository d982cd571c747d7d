"""What folds into a convolution, and what would be wrong at its border and stays."""

from __future__ import annotations

import numpy as np
import pytest

from skconv.graph import Add, Affine, Graph, Pad, Relu
from skconv.passes.fold import fold
from skconv.runtime import reference
from skconv.testing import chain, conv, example_samples

AROUND = ((1, 0), (2, 1))
BORDERS = {
    "none": {},
    "zero": {"padding": AROUND},
    "circular": {"padding": AROUND, "pad_mode": "circular"},
}


def rng():
    return np.random.default_rng(0)


def affine(channels: int, offset: float = 0.7) -> Affine:
    factors = np.linspace(0.5, 2, channels, dtype=np.float32)
    return Affine(factors, np.linspace(-1, offset, channels, dtype=np.float32))


def assert_same(graph: Graph, folded: Graph) -> None:
    x = example_samples(graph, 5)
    wanted = reference.run(graph, x)
    np.testing.assert_allclose(reference.run(folded, x), wanted, 1e-5, 1e-5)


def kinds(graph: Graph) -> list[str]:
    return [type(node.op).__name__ for node in graph.nodes]


@pytest.mark.parametrize("border", BORDERS)
@pytest.mark.parametrize("groups", [1, 2])
def test_an_affine_behind_goes_into_the_weights(border, groups):
    kernels = conv(rng(), (4, 3, 2, 2 // groups), groups=groups, stride=(2, 1), **BORDERS[border])
    graph = chain(kernels, affine(4), Relu())
    folded = fold(graph)
    assert kinds(folded) == ["Conv", "Relu"]
    assert_same(graph, folded)


@pytest.mark.parametrize("border", BORDERS)
@pytest.mark.parametrize("groups", [1, 2])
def test_an_affine_in_front_folds_where_no_border_of_zeros_is(border, groups):
    kernels = conv(rng(), (4, 3, 2, 2 // groups), groups=groups, **BORDERS[border])
    graph = chain(affine(2), kernels)
    folded = fold(graph)
    assert kinds(folded) == (["Affine", "Conv"] if border == "zero" else ["Conv"])
    assert_same(graph, folded)


def test_factors_alone_fold_whatever_the_border_is():
    graph = chain(
        Affine(np.float32([2, 3]), np.zeros(2, "f4")), conv(rng(), (3, 3, 3, 2), padding=AROUND)
    )
    folded = fold(graph)
    assert kinds(folded) == ["Conv"]
    assert_same(graph, folded)


def test_kernels_that_channels_share_keep_their_affines():
    shared = conv(rng(), (3, 3, 3, 1), shared=True)
    graph = chain(affine(2), shared, affine(6))
    assert kinds(fold(graph)) == ["Affine", "Conv", "Affine"]


def test_a_border_of_zeros_becomes_padding():
    graph = chain(Pad(((0, 1), (2, 0))), conv(rng(), (3, 3, 3, 2), padding=AROUND, stride=(2, 2)))
    folded = fold(graph)
    assert kinds(folded) == ["Conv"]
    assert folded.nodes[0].op.padding == ((1, 1), (4, 1))
    assert_same(graph, folded)


def test_no_other_border_becomes_padding():
    lowest = chain(Pad(((0, 1), (2, 0)), "lowest"), conv(rng(), (3, 3, 3, 2)))
    assert kinds(fold(lowest)) == ["Pad", "Conv"]
    circular = chain(Pad(((0, 1), (2, 0))), conv(rng(), (3, 3, 3, 2), **BORDERS["circular"]))
    assert kinds(fold(circular)) == ["Pad", "Conv"]
    assert kinds(fold(chain(Pad(), conv(rng(), (3, 3, 3, 2))))) == ["Conv"]


def test_a_map_that_another_node_reads_stays():
    graph = chain(conv(rng(), (2, 1, 1, 2)), affine(2))
    graph = graph.append(Add(), "conv", "affine")
    assert kinds(fold(graph)) == ["Conv", "Affine", "Add"]
