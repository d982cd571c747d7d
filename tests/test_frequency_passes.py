"""Passes in cosines, in buckets of a hash, and to entropy codes."""

from __future__ import annotations

import numpy as np
import pytest

from skconv import (
    DCTBasis,
    DCTCompression,
    EntropyCoding,
    HashedFrequencies,
    SecondOrderRounding,
    compress,
    to_c,
)
from skconv.graph import Conv, Graph, Linear, MeanPool, Relu, Reshape, TensorSpec
from skconv.graph.storage.coded import coded_of
from skconv.graph.storage.frequency import cosines
from skconv.graph.storage.hashed import Hashed
from skconv.graph.storage.narrow import pack
from skconv.passes.compress import Samples
from skconv.passes.compress.frequency.hashed import bucket_sizes
from skconv.passes.integers import integer_graph
from skconv.runtime import engine
from tests import compressed

X, Y = compressed.digits()
N = compressed.N_FIT


def rng() -> np.random.Generator:
    return np.random.default_rng(0)


def one_layer(weights: np.ndarray, size: int = 10) -> Graph:
    graph = Graph(TensorSpec((size, size, weights.shape[3])))
    bias = np.linspace(-1, 1, len(weights)).astype(np.float32)
    return graph.append(Conv(weights.astype(np.float32), bias))


def samples_of(graph: Graph, count: int = 60) -> Samples:
    return Samples(rng().normal(size=(count, graph.input.size)).astype(np.float32))


def error(found: Graph, graph: Graph, samples: Samples) -> float:
    """Of what is answered: the share of its variance."""
    a, b = engine.run(found, samples.X), engine.run(graph, samples.X)
    return float(np.mean((a - b) ** 2) / np.var(b))


def smooth(n_kernels: int, channels: int = 1, kept: int = 2) -> np.ndarray:
    """Kernels of 4x4 of the lowest frequencies alone."""
    coefficients = np.zeros((n_kernels, channels, 4, 4))
    coefficients[:, :, :kept, :kept] = rng().normal(size=(n_kernels, channels, kept, kept))
    planes = np.einsum("kcuv,uy,vx->kyxc", coefficients, cosines(4), cosines(4))
    return planes.astype(np.float32)


# --------------------------------------------------------------------------------- cosines


def test_smooth_kernels_take_few_bytes_and_keep_their_answers():
    graph = one_layer(smooth(48, 4))
    found = DCTCompression(bits=6, threshold=0.5)(graph, samples_of(graph))
    coded = coded_of(found.nodes[0].op)
    assert coded.nbytes < 48 * 4 * 16 / 3
    assert error(found, graph, samples_of(graph)) < 0.005


def test_errors_are_handed_on():
    graph = one_layer(rng().normal(size=(24, 5, 5, 2)))
    x = rng().normal(size=(80, 10, 10, 1)) + 0.05 * rng().normal(size=(80, 10, 10, 2))
    samples = Samples(x.reshape(80, -1).astype(np.float32))
    coarse = DCTCompression(bits=4, threshold=0)
    handed = error(coarse(graph, samples), graph, samples)
    alone = error(DCTCompression(bits=4, threshold=0, damping=1e6)(graph, samples), graph, samples)
    assert handed < 0.6 * alone  # Half of what is lost is made up by the other channel.


def test_common_parts_pay_where_channels_are_alike():
    few = rng().normal(size=(4, 5, 5))
    chosen = rng().integers(0, 4, (40, 8))
    weights = few[chosen].transpose(0, 2, 3, 1) + 0.02 * rng().normal(size=(40, 5, 5, 8))
    graph = one_layer(weights)
    alike = coded_of(DCTCompression(n_common=4)(graph, samples_of(graph)).nodes[0].op)
    alone = coded_of(DCTCompression(n_common=0)(graph, samples_of(graph)).nodes[0].op)
    assert len(alike.centres) == 4
    assert alike.nbytes < alone.nbytes / 2


def test_a_layer_that_would_take_more_stays():
    graph = one_layer(rng().normal(size=(2, 3, 3, 1)))
    assert DCTCompression()(graph, samples_of(graph)).nodes[0].op is graph.nodes[0].op
    large = one_layer(rng().normal(size=(16, 5, 5, 2)))
    kept = DCTCompression(bits=5)(large, samples_of(large)).nodes[0].op
    assert kept is large.nodes[0].op  # 300 bytes are less than the C that expands takes.


# --------------------------------------------------------------------------------- buckets


def test_buckets_have_their_share_and_fewer_for_high_frequencies():
    for share in (1.0, 1 / 4, 1 / 16):
        sizes = bucket_sizes((64, 8, 3, 3), share)
        assert sum(sizes) == pytest.approx(share * 64 * 8 * 9, abs=3)
        places = 64 * 8 * np.array([1, 2, 3, 2, 1])
        shares = sizes / places
        assert all(shares[:-1] >= shares[1:] - 1e-2)


def test_weights_that_share_buckets_are_found_again():
    sizes = bucket_sizes((32, 4, 3, 3), 1 / 8)
    values = rng().integers(20, 120, sum(sizes)).astype(np.int8)
    coded = Hashed((32, 3, 3, 4), values=values, sizes=sizes, seed=3, gain=0.2)
    scales = np.full(32, 0.01)[:, None, None, None]
    graph = one_layer(coded.weights() * scales)
    found = HashedFrequencies(share=1 / 8, seed=3, damping=1e-9)(graph, samples_of(graph))
    assert error(found, graph, samples_of(graph)) < 0.01
    other = HashedFrequencies(share=1 / 8, seed=4)(graph, samples_of(graph))
    assert error(other, graph, samples_of(graph)) > 0.3


def test_a_linear_layer_shares_numbers_in_buckets():
    head = Linear(rng().normal(size=(10, 64)).astype("f4"), np.ones(10, "f4"))
    graph = Graph(TensorSpec((64,))).append(head)
    found = HashedFrequencies(share=1 / 16, layers="linear")(graph, samples_of(graph, 300))
    coded = found.nodes[0].op.coded
    assert len(coded.values) == 40
    assert coded.nbytes == 44
    # One number for 16 weights keeps a sixteenth of their variance, about.
    assert 0.7 < error(found, graph, samples_of(graph, 300)) < 1.0


# ------------------------------------------------------------------------ shared convolutions


def test_shared_cosines_are_exact_where_the_kernels_hold_no_others():
    graph = one_layer(smooth(32, 3))
    found = DCTBasis(keep=0.25)(graph, samples_of(graph))
    assert [node.op.describe() for node in found.nodes] == [
        "Conv 4x4 1->4 shared",
        "Conv 1x1 12->32",
    ]
    assert found.output_name == graph.output_name
    assert error(found, graph, samples_of(graph)) < 1e-9
    assert found.macs < graph.macs / 2


def test_no_more_products_are_taken():
    graph = one_layer(rng().normal(size=(8, 3, 3, 2)))
    assert DCTBasis(keep=1.0)(graph, samples_of(graph)) == graph


def test_groups_keep_their_channels():
    weights = smooth(32, 1)
    graph = Graph(TensorSpec((10, 10, 2))).append(Conv(weights, np.zeros(32, "f4"), groups=2))
    found = DCTBasis(keep=0.25)(graph, samples_of(graph))
    assert found.nodes[1].op.groups == 2
    assert error(found, graph, samples_of(graph)) < 1e-9


# ----------------------------------------------------------------------------- entropy codes


def sparse_head(zeros: float) -> Graph:
    whole = rng().integers(0, 2, (10, 400)) * 2 - 1
    whole *= rng().random((10, 400)) >= zeros
    scales = np.linspace(0.5, 2, 10)[:, None]
    head = Linear((whole * scales).astype(np.float32), np.zeros(10, "f4"), levels=1)
    return Graph(TensorSpec((400,))).append(head)


def test_a_sparse_head_is_coded_and_keeps_its_numbers():
    graph = sparse_head(0.9)
    found = EntropyCoding()(graph, samples_of(graph))
    coded = found.nodes[0].op.coded
    assert np.allclose(found.nodes[0].op.weights, graph.nodes[0].op.weights, rtol=1e-6)
    assert coded.nbytes < 0.7 * pack(coded.weights(), "ternary").nbytes


def test_five_in_a_byte_are_left_where_they_take_less():
    graph = sparse_head(0.33)
    assert coded_of(EntropyCoding()(graph, samples_of(graph)).nodes[0].op) is None


def test_rounded_and_coded_answers_are_those_of_rounded_ones():
    pipe = compressed.fitted("random")
    rounded, coded = (
        compress(pipe, X[:N], Y[:N], passes=[SecondOrderRounding(levels=15), *more])
        for more in ([], [EntropyCoding()])
    )
    a, b = (to_c(small, X[:300], target="cortex-m0") for small in (rounded, coded))
    assert b.report().flash_bytes < 0.85 * a.report().flash_bytes
    few = X[N : N + 40]
    assert np.array_equal(a.predict(few, engine="fixed"), b.predict(few, engine="fixed"))
    assert b.verify(few).differing_bytes == 0


@pytest.mark.parametrize("each", [DCTCompression(), HashedFrequencies(), EntropyCoding()])
def test_kernels_of_few_levels_may_be_coded(each):
    graph = one_layer(rng().normal(size=(32, 5, 5, 4)))
    samples = samples_of(graph)
    rounded = SecondOrderRounding(levels=9, layers="all")(graph, samples)
    found = each(rounded, samples)
    op = found.nodes[0].op
    assert op.coded is not None and op.levels == 0
    x = samples.X.reshape(-1, 10, 10, 4)
    kept = integer_graph(found.append(Relu()), x).nodes[0].op
    assert kept.coded is op.coded


# ---------------------------------------------------------------------------------- refused


@pytest.mark.parametrize(
    ("each", "message"),
    [
        (DCTCompression(bits=1), "bits=1, expected a whole number from 2 to 8"),
        (DCTCompression(threshold=-1), "threshold=-1, expected 0 to 64 steps"),
        (DCTCompression(n_common=3), "n_common=3, expected 0 or a power of two up to 256"),
        (DCTCompression(damping=0), "damping=0, expected more than 0"),
        (HashedFrequencies(share=0), "share=0, expected more than 0 and at most 1"),
        (HashedFrequencies(layers="some"), "layers='some', expected one of"),
        (HashedFrequencies(seed=-1), "seed=-1, expected a whole number of 32 bits"),
        (HashedFrequencies(damping=0), "damping=0, expected more than 0"),
        (DCTBasis(keep=0), "keep=0, expected more than 0 and at most 1"),
        (DCTBasis(damping=0), "damping=0, expected more than 0"),
        (EntropyCoding(least_saved=1), "least_saved=1, expected 0 to less than 1"),
    ],
)
def test_wrong_parameters(each, message):
    graph = one_layer(rng().normal(size=(4, 3, 3, 1)))
    with pytest.raises(ValueError, match=message):
        each(graph, samples_of(graph, 4))


@pytest.mark.parametrize("each", [DCTCompression(), HashedFrequencies(), DCTBasis()])
def test_graphs_without_such_layers(each):
    graph = Graph(TensorSpec((4, 4, 1))).append(MeanPool((2, 2), (2, 2))).append(Relu())
    graph = graph.append(Reshape((4,)))
    with pytest.raises(ValueError, match="the graph has no"):
        each(graph, samples_of(graph, 4))
