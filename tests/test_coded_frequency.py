"""Huffman coded weights, kernels by their cosine transform, buckets by a hash: closed forms."""

from __future__ import annotations

import numpy as np
import pytest

from skconv.codegen.unpack import unpacked
from skconv.emulator import tools
from skconv.graph.storage.entropy import Entropy
from skconv.graph.storage.frequency import Basis, Frequency, cosines
from skconv.graph.storage.hashed import Buckets, Hashed, hashes
from skconv.runtime import fixed
from skconv.target.memory import plan_memory
from skconv.target.targets import get_target
from skconv.testing import example_samples, quantized_example
from skconv.testing.coded import coded_examples
from tests import exactness

LAPLACIAN = np.array([[0, 1, 0], [1, -4, 1], [0, 1, 0]])


def rng() -> np.random.Generator:
    return np.random.default_rng(0)


@pytest.mark.parametrize("size", [1, 2, 3, 5, 8])
def test_cosines_are_orthonormal(size):
    basis = cosines(size)
    assert np.allclose(basis @ basis.T, np.eye(size), atol=1e-12)


def test_the_laplacian_has_three_coefficients():
    found = cosines(3) @ LAPLACIAN @ cosines(3).T
    wanted = np.zeros((3, 3))
    wanted[0, 2] = wanted[2, 0] = np.sqrt(2)
    wanted[2, 2] = -4
    assert np.allclose(found, wanted, atol=1e-12)
    assert np.linalg.norm(found) == pytest.approx(np.sqrt(20))


def test_the_integer_transform_is_within_half_of_the_exact_one():
    q = rng().integers(-20, 21, (50, 5, 3))
    exact = np.einsum("nuv,uy,vx->nyx", q, cosines(5), cosines(3)) * 1.7
    error = np.abs(Basis(5, 3, 1.7).inverse(q) - np.clip(exact, -127, 127))
    assert error.max() < 0.75


def test_sums_beyond_int32_are_refused():
    with pytest.raises(ValueError, match="do not fit int32"):
        Basis(8, 8, 40.0).inverse(np.full((8, 8), 100))


def test_what_a_common_part_and_a_rest_add_up_to():
    centres = np.zeros((2, 3, 3), np.int8)
    centres[1] = np.rint(10 * cosines(3) @ LAPLACIAN @ cosines(3).T)
    residual = np.zeros((1, 2, 3, 3), int)
    residual[0, 1, 0, 0] = 30
    indices = np.array([[0, 1]])
    coded = Frequency((1, 3, 3, 2), residual=residual, centres=centres, indices=indices)
    assert not coded.weights()[..., 0].any()
    assert np.abs(coded.weights()[0, ..., 1] - 10 - 10 * LAPLACIAN).max() <= 1
    assert coded.tables["indices"].tolist() == [0b10]


def test_few_coefficients_take_few_bytes():
    residual = np.zeros((64, 64, 3, 3), int)
    residual[:, :, 0, 0] = rng().integers(1, 3, (64, 64))
    coded = Frequency((64, 3, 3, 64), residual=residual, gain=20.0)
    assert coded.nbytes < 64 * 64 * 9 / 10


def test_places_of_a_hash_spread_over_buckets_and_signs():
    numbers = hashes(100_000, 7)
    counts = np.bincount(numbers >> 16 >> 10, minlength=64)
    assert np.abs(counts - 100_000 / 64).max() < 6 * np.sqrt(100_000 / 64)
    assert abs(np.mean(numbers & 1) - 0.5) < 0.01
    neighbours = np.corrcoef(numbers[1:], numbers[:-1])[0, 1]
    assert abs(neighbours) < 0.02


def test_each_frequency_has_its_buckets():
    buckets = Buckets((6, 2, 3, 3), (8, 4, 3, 2, 1), 5)
    for u in range(3):
        for v in range(3):
            found = buckets.indices[:, :, u, v]
            assert buckets.firsts[u + v] <= found.min() <= found.max() < buckets.firsts[u + v + 1]


def test_a_bucket_is_what_all_of_its_places_hold():
    coded = Hashed((20, 30), values=np.int8([3, 50, 70]), sizes=(3,), seed=2)
    assert set(np.abs(coded.weights()).ravel()) == {3, 50, 70}
    assert coded.nbytes == 3 + 2 * 2


@pytest.mark.parametrize("name", ["entropy", "frequency", "hashed"])
def test_quantisation_keeps_them(name):
    graph = coded_examples(rng())[name]
    wanted = [node.op.coded for node in graph.nodes if hasattr(node.op, "coded")]
    kept = [n.op for n in quantized_example(graph).nodes if hasattr(n.op, "coded")]
    assert [op.coded for op in kept] == wanted
    assert all(np.array_equal(op.weights, op.coded.weights()) for op in kept)


def test_a_linear_layer_by_a_huffman_code_expands_nothing():
    integer = quantized_example(coded_examples(rng())["entropy"])
    of_classes = [node.op for node in integer.nodes if getattr(node.op, "coded", None)][-1]
    assert of_classes.coded.sums
    assert of_classes.scratch_bytes == 0


@pytest.mark.needs("cc")
@pytest.mark.parametrize("name", ["codebook", "entropy", "frequency", "hashed", "codebook hash"])
def test_all_weights_may_be_expanded_once(name, tmp_path):
    integer = quantized_example(coded_examples(rng())[name])
    graph = unpacked(integer, get_target("portable"))
    weights = sum(n.op.weights.size for n in integer.nodes if hasattr(n.op, "coded"))
    buffers = [b.nbytes for b in plan_memory(graph).buffers if b.name.startswith("weights of ")]
    assert 0 < sum(buffers) <= weights
    x = example_samples(integer, 2)
    if graph.is_classifier:
        assert exactness.on_host(graph, x, ("-O1", exactness.APART), tmp_path) == 0
    assert np.array_equal(fixed.run(graph, x), fixed.run(integer, x))


@pytest.mark.needs(*tools("avr"))
def test_an_avr_expands_once():
    integer = quantized_example(coded_examples(rng())["frequency"])
    sources = exactness.program(
        unpacked(integer, get_target("avr")), example_samples(integer, 1), host=False
    )
    assert exactness.on_target(sources, "avr", ("-Os",)) == 0


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Entropy((2, 3), values=np.zeros((3, 2), np.int8)), "values are int8 \\(3, 2\\)"),
        (lambda: Frequency((1, 9, 9, 1), residual=np.zeros((1, 1, 9, 9))), "more than 64 taps"),
        (lambda: Frequency((1, 3, 3, 1), residual=np.zeros((1, 3, 3, 1))), "residual has shape"),
        (lambda: Hashed((2, 3), values=np.int8([1, 2]), sizes=(3,)), "2 values, sizes \\(3,\\)"),
        (lambda: Buckets((1, 1, 3, 3), (4, 2), 0), "expected 5 from 1 on"),
    ],
)
def test_what_is_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()
