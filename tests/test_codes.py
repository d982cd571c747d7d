"""Passes that code weights: what they keep small, what they store, what they refuse."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from skconv import DictionaryKernels, VectorQuantization
from skconv.graph import ArgMax, Conv, Graph, Linear, MeanPool, Relu, Reshape, TensorSpec
from skconv.graph.storage.codebook import Codebook
from skconv.graph.storage.coded import coded_of
from skconv.graph.storage.dictionary import Dictionary, turned_places
from skconv.passes.compress import Samples
from skconv.passes.compress.codes.fit import Family, Problem, clustered, cost, fitted_codes
from skconv.passes.compress.codes.vectors import problem
from skconv.passes.compress.seen import seen
from skconv.testing import chain, conv, linear

PLAIN = Family(np.arange(4)[None])


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def mixed(n_samples: int, size: int) -> np.ndarray:
    """Correlated inputs, of very different spread."""
    mixing = rng(1).normal(size=(size, size)) * np.geomspace(0.05, 1, size)
    return (rng(2).normal(size=(n_samples, size)) @ mixing).astype(np.float32)


def rows(n_rows: int, n_vectors: int, x: np.ndarray) -> Problem:
    weights = rng().normal(size=(1, n_rows, n_vectors * 4))
    moments = np.cov(x.T)[None] + 1e-3 * np.eye(x.shape[1])
    return problem(weights, moments, np.arange(n_vectors * 4).reshape(-1, 4))


# ------------------------------------------------------------------------------- the fit


def test_vectors_of_a_codebook_are_found_again():
    """Rows made of six vectors, each times a number of its own: no error is left."""
    codewords = rng().integers(-127, 128, (6, 4))
    codewords[:, 0] = 127
    weights = codewords[rng(1).integers(0, 6, (1, 10, 8))] * rng(2).uniform(1, 1.1, (1, 10, 1, 1))
    moments = np.cov(mixed(500, 32).T).reshape(1, 8, 4, 8, 4)
    of = Problem(weights, moments + np.eye(32).reshape(1, 8, 4, 8, 4))
    codes = fitted_codes(of, PLAIN, 6)
    assert cost(of, PLAIN, codes) < 1e-4 * cost(of, PLAIN, replace(codes, scales=codes.scales * 0))
    assert np.abs(codes.codewords).max() <= 127
    assert np.array_equal(codes.codewords, np.rint(codes.codewords))


def test_the_error_of_the_layer_is_kept_small_not_that_of_its_weights():
    x = mixed(1000, 32)
    of = rows(20, 8, x)
    blind = Problem(of.weights, np.eye(32).reshape(1, 8, 4, 8, 4))
    seeing, other = (fitted_codes(each, PLAIN, 16) for each in (of, blind))
    assert cost(of, PLAIN, seeing) < 0.5 * cost(of, PLAIN, other)
    assert cost(blind, PLAIN, seeing) > cost(blind, PLAIN, other)


def test_more_codewords_lose_less():
    of = rows(20, 8, mixed(500, 32))
    losses = [cost(of, PLAIN, fitted_codes(of, PLAIN, n)) for n in (4, 16, 64)]
    assert losses == sorted(losses, reverse=True) and losses[2] < losses[0] / 3


def test_entries_behind_the_end_of_a_kernel_cost_nothing():
    weights, moments = rng().normal(size=(1, 3, 6)), np.eye(6)[None]
    of = problem(weights, moments, np.arange(8).reshape(2, 4))
    assert (of.weights[:, :, 1, 2:] == 0).all() and (of.moments[:, 1, 2:] == 0).all()
    assert np.array_equal(of.weights.reshape(1, 3, 8)[:, :, :6], weights)


# ------------------------------------------------------------------- kernels and their images


def images_up_to_sign(kernel: np.ndarray) -> int:
    images = kernel.ravel()[turned_places(3, 3, 8)]
    return len({max(tuple(one), tuple(-x for x in one)) for one in images.tolist()})


@pytest.mark.parametrize(
    ("kernel", "count"),
    [
        ([[1, 0, -1], [2, 0, -2], [1, 0, -1]], 2),  # Sobel: four, and half with their signs merged
        ([[1, 2, 1], [2, 4, 2], [1, 2, 1]], 1),
        ([[1, 2, 3], [2, 5, 6], [3, 6, 10]], 4),
        ([[1, 7, 3], [4, 5, 6], [2, 8, 10]], 8),
    ],
)
def test_the_orbit_of_a_kernel(kernel, count):
    assert images_up_to_sign(np.array(kernel)) == count


def dihedral_rows() -> Problem:
    """The eight images of one kernel, each times a number of its own."""
    kernel = np.array([-21, 90, 13, 40, 127, -66, 2, 81, -100.0])
    images = kernel[turned_places(3, 3, 8)] * rng().uniform(-3, 3, (8, 1))
    return Problem(images.reshape(1, 8, 1, 9), np.eye(9).reshape(1, 1, 9, 1, 9))


def test_one_kernel_is_all_its_images_times_any_scale():
    of, family = dihedral_rows(), Family(turned_places(3, 3, 8), most=1)
    codes, whole = clustered(of, family, 1), fitted_codes(of, family, 1)
    assert cost(of, family, codes) < 1e-20 * (of.weights**2).sum()
    assert cost(of, family, whole) < 1e-4 * (of.weights**2).sum()
    assert len(set(codes.turns.ravel())) == 8


@pytest.mark.parametrize(("n_turns", "count"), [(1, 7), (2, 3), (4, 1)])
def test_fewer_images_leave_an_error(n_turns, count):
    of, family = dihedral_rows(), Family(turned_places(3, 3, n_turns), most=1)
    assert cost(of, family, clustered(of, family, count)) > 1e-3 * (of.weights**2).sum()


def test_the_number_of_a_channel_is_whole():
    """Rows of one kernel times whole numbers: no error is left."""
    kernel = np.array([-3, 18, 1, 5, 0, -7, 2, 11, -9.0])
    times = rng().integers(-7, 8, (1, 6, 10))
    times[..., 0] = 7
    weights = kernel * times[..., None] * rng(1).uniform(0.5, 2, (1, 6, 1, 1))
    moments = np.cov(mixed(500, 90).T) + np.eye(90)
    of, family = Problem(weights, moments.reshape(1, 10, 9, 10, 9)), Family(np.arange(9)[None], 7)
    codes, whole = clustered(of, family, 1), fitted_codes(of, family, 1)
    assert cost(of, family, codes) < 1e-20 * (of.weights**2).sum()
    assert np.abs(whole.codewords).max() <= 18 and np.abs(whole.times).max() == 7
    nothing = cost(of, family, replace(whole, scales=whole.scales * 0))
    assert cost(of, family, whole) < 1e-2 * nothing


# ----------------------------------------------------------------------- what a layer sees


def test_a_layer_makes_up_for_what_those_before_have_lost():
    before = chain(conv(rng(), (6, 3, 3, 2)), conv(rng(1), (5, 1, 1, 6)))
    first = before.nodes[0].op
    lossy = replace(first, weights=np.round(first.weights, 0))
    graph = replace(before, nodes=(replace(before.nodes[0], op=lossy), before.nodes[1]))
    x = rng(1).normal(size=(50, *graph.input.shape)).astype("f4")
    of = seen(graph, graph.nodes[1], Samples(x), before)
    given = graph.nodes[1].op.weights.reshape(1, 5, 6)
    best = of.best_weights(given, damping=1e-6)

    def error(weights: np.ndarray) -> float:
        found = of.rows @ weights.transpose(0, 2, 1)
        return float((found - of.wanted).var(axis=1).sum())

    assert error(best) < 0.95 * error(given)


# --------------------------------------------------------------------------- the passes


def network() -> Graph:
    return chain(
        conv(rng(), (16, 3, 3, 2)),
        Relu(),
        conv(rng(1), (24, 1, 1, 16)),
        Relu(),
        conv(rng(2), (24, 3, 3, 1), groups=24),
        Relu(),
        MeanPool((2, 3), (2, 3)),
        Reshape((24 * 2 * 2,)),
        linear(rng(3), 10, 96),
        ArgMax(),
    )


def samples(graph: Graph, n_samples: int = 200) -> Samples:
    x = rng(5).normal(size=(n_samples, *graph.input.shape)).astype("f4")
    return Samples(x)


def test_vector_quantisation_codes_what_is_large_enough():
    graph = network()
    found = VectorQuantization(n_codewords=32)(graph, samples(graph))
    for old, new in zip(graph.nodes, found.nodes, strict=True):
        if isinstance(old.op, Conv | Linear):
            coded = new.op.coded
            assert isinstance(coded, Codebook) and coded.nbytes <= old.op.weights.size / 2
            whole = coded.weights().reshape(len(new.op.bias), -1).astype(float)
            weights = new.op.weights.reshape(whole.shape)
            scales = (weights * whole).sum(axis=1) / (whole**2).sum(axis=1)
            np.testing.assert_allclose(weights, scales[:, None] * whole, atol=1e-6)


def test_scores_stay_near_those_before():
    graph = network()
    given = samples(graph, 400)
    found = VectorQuantization(n_codewords=64, length=2)(graph, given)
    wanted, scores = (given.tensor(each, each.scores_name) for each in (graph, found))
    assert np.var(scores - wanted) < 0.1 * np.var(wanted)


def test_a_small_layer_stays_as_it_is():
    graph = chain(conv(rng(), (2, 3, 3, 2)), Relu(), conv(rng(1), (32, 3, 3, 2)))
    found = VectorQuantization(layers="conv")(graph, samples(graph, 50))
    assert found.nodes[0].op is graph.nodes[0].op
    assert coded_of(found.nodes[2].op) is not None


def test_taps_of_a_channel_are_one_vector():
    graph = chain(conv(rng(), (32, 3, 3, 2)))
    found = VectorQuantization(16, length="taps")(graph, samples(graph, 50)).nodes[0].op.coded
    assert found.by_channel and found.codewords.shape == (16, 9)


@pytest.mark.parametrize("transforms", ["none", "h", "hv", "d4"])
def test_a_dictionary_kernels_codes_kernels_of_several_taps(transforms):
    graph = chain(
        conv(rng(), (48, 3, 3, 2)),
        Relu(),
        conv(rng(1), (160, 1, 1, 48)),
        Relu(),
        conv(rng(2), (160, 3, 3, 1), groups=160),
    )
    found = DictionaryKernels(16, transforms)(graph, samples(graph, 50))
    forms = [coded_of(node.op) for node in found.nodes if isinstance(node.op, Conv)]
    assert [type(form).__name__ for form in forms] == ["Dictionary", "NoneType", "Dictionary"]
    first, _, depthwise = forms
    assert (first.most, depthwise.most) == (7, 1)
    for form, old in ((first, graph.nodes[0].op), (depthwise, graph.nodes[4].op)):
        assert form.nbytes <= old.weights.size / 2
        assert form.kernels.nbytes <= form.nbytes / 2
        flat = form.kernels.reshape(len(form.kernels), -1)
        largest = np.take_along_axis(flat, np.abs(flat).argmax(axis=1)[:, None], axis=1)
        assert (largest >= 0).all()


def test_a_kernel_that_is_not_square_has_four_images():
    graph = chain(conv(rng(), (24, 3, 2, 2)))
    found = DictionaryKernels(8)(graph, samples(graph, 50)).nodes[0].op.coded
    assert isinstance(found, Dictionary) and found.n_turns == 4


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"n_centroids": 2}, "n_centroids=2, expected a whole number from 4 to 256"),
        ({"transforms": "d8"}, "transforms='d8', expected one of"),
        ({"scale_bits": 0}, "scale_bits=0, expected a whole number from 1 to 5"),
        (
            {"n_centroids": 256, "scale_bits": 5},
            "take 17 bits a channel, expected 16 at most",
        ),
    ],
)
def test_parameters_that_a_dictionary_kernels_refuses(parameters, message):
    graph = chain(conv(rng(), (8, 3, 3, 2)))
    with pytest.raises(ValueError, match=message):
        DictionaryKernels(**parameters)(graph, samples(graph, 10))


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"n_codewords": 3}, "n_codewords=3, expected a whole number from 4 to 1024"),
        ({"n_codewords": 8.5}, "n_codewords=8.5, expected"),
        ({"length": 0}, "length=0, expected a whole number from 1 to 16, or 'taps'"),
        ({"layers": "convs"}, "layers='convs', expected one of"),
    ],
)
def test_parameters_that_vector_quantisation_refuses(parameters, message):
    graph = chain(conv(rng(), (8, 3, 3, 2)))
    with pytest.raises(ValueError, match=message):
        VectorQuantization(**parameters)(graph, samples(graph, 10))


def test_a_graph_without_large_layers_is_refused():
    graph = Graph(TensorSpec((3,))).append(linear(rng(), 2, 3))
    with pytest.raises(ValueError, match="no layer of the graph is so large"):
        VectorQuantization()(graph, samples(graph, 10))
