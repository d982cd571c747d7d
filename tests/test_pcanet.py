"""PCANet: closed forms, the paper's dimensions, the three outputs."""

from __future__ import annotations

import pickle
import tracemalloc
import warnings
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.lib.stride_tricks import sliding_window_view
from numpy.testing import assert_allclose, assert_array_equal
from numpy.typing import NDArray
from sklearn.base import clone
from sklearn.datasets import load_digits
from sklearn.pipeline import make_pipeline
from sklearn.svm import LinearSVC

from skconv import PCANetFeatures
from skconv.features import csr, graph_maps
from skconv.features.pcanet import block_stride
from skconv.graph import Graph, Hash
from skconv.runtime import engine, reference
from tests.papers import pcanet


def images(*shape: int, seed: int = 0) -> NDArray[np.float32]:
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def small(**parameters: Any) -> PCANetFeatures:
    return pcanet(**{"n_kernels": (3, 4), "kernel_size": 3, "block_size": 4, **parameters})


def convolved(maps: NDArray[Any], kernels: NDArray[Any]) -> NDArray[Any]:
    """``(n, h, w, n_kernels)`` of zero-padded patches, their means removed beforehand."""
    border = kernels.shape[1] // 2
    padded = np.pad(maps.astype(np.float64), ((0, 0), (border,) * 2, (border,) * 2, (0, 0)))
    windows = sliding_window_view(padded, kernels.shape[1:3], axis=(1, 2))
    windows = windows - windows.mean(axis=(4, 5), keepdims=True)
    return np.einsum("nyxckl,oklc->nyxo", windows, kernels.astype(np.float64))


def codes_of(extractor: PCANetFeatures, X: NDArray[Any]) -> NDArray[Any]:
    """The tensor between hash and histogram, in float64."""
    graph = extractor.graph_
    stop = next(i for i, node in enumerate(graph.nodes) if isinstance(node.op, Hash)) + 1
    return reference.run(Graph(graph.input, graph.nodes[:stop]), X.reshape(len(X), -1))


# ---------------------------------------------------------------------- the whole by hand


def test_two_stages_by_hand() -> None:
    X = images(4, 9, 10, 2)
    extractor = small(block_overlap=0.5).fit(X)
    stage_1, stage_2 = extractor.kernels_
    assert stage_1.shape == (3, 3, 3, 2) and stage_2.shape == (4, 3, 3, 1)
    expected = []
    for sample in convolved(X, stage_1):
        codes = [
            sum(
                2**j * (z > tolerance)
                for j, (z, tolerance) in enumerate(
                    zip(np.moveaxis(maps, -1, 0), -extractor.biases_[1], strict=True)
                )
            )
            for maps in (convolved(sample[None, ..., [m]], stage_2)[0] for m in range(3))
        ]
        expected.append(
            [
                np.bincount(code[y : y + 4, x : x + 4].ravel(), minlength=16)
                for y in (0, 2, 4)
                for x in (0, 2, 4, 6)
                for code in codes
            ]
        )
    assert_array_equal(extractor.transform(X), np.reshape(expected, (4, -1)))


def test_one_stage_by_hand() -> None:
    X = images(4, 8, 8)
    extractor = small(n_kernels=(2,)).fit(X)
    first, second = np.moveaxis(convolved(X[..., None], extractor.kernels_[0]) > 0, -1, 0)
    assert_array_equal(codes_of(extractor, X)[..., 0], first + 2 * second)
    assert extractor.transform(X).shape == (4, 4 * 2**2)


def test_stage_2_learns_one_bank_from_all_maps() -> None:
    X = images(5, 8, 9) + 1
    extractor = small().fit(X)
    maps = np.moveaxis(convolved(X[..., None], extractor.kernels_[0]), 3, 1).reshape(-1, 8, 9)
    windows = sliding_window_view(np.pad(maps, ((0, 0), (1, 1), (1, 1))), (3, 3), axis=(1, 2))
    patches = windows.reshape(-1, 9)
    patches = patches - patches.mean(axis=1, keepdims=True)
    values = np.linalg.eigvalsh(patches.T @ patches / len(patches))[::-1][:4]
    assert_allclose(extractor.eigenvalues_[1], values, rtol=1e-5)


# ------------------------------------------------------------------------- closed forms


def test_negating_a_kernel_of_stage_2_flips_its_bit() -> None:
    X = images(3, 8, 8)
    extractor = small().fit(X)
    before = extractor.transform(X).reshape(3, 4, 3, 16)
    for bit in range(4):
        signs = np.where(np.arange(4) == bit, -1, 1).astype(np.float32)
        nodes = tuple(
            replace(node, op=replace(node.op, weights=node.op.weights * signs[:, None, None, None]))
            if getattr(node.op, "shared", False)
            else node
            for node in extractor.graph_.nodes
        )
        flipped = engine.run(Graph(extractor.graph_.input, nodes), X.reshape(3, -1))
        swapped = before[..., np.arange(16) ^ (1 << bit)]
        assert_array_equal(flipped.reshape(before.shape), swapped)


@settings(max_examples=20, deadline=None)
@given(gain=st.floats(1, 100), offset=st.floats(-10, 10))
def test_interior_codes_do_not_see_gain_and_offset(gain: float, offset: float) -> None:
    X = images(2, 10, 10).astype(np.float64)
    extractor = small().fit(X)
    inside = np.s_[:, 2:-2, 2:-2]
    codes = codes_of(extractor, X)[inside]
    assert_array_equal(codes_of(extractor, gain * X + offset)[inside], codes)
    assert_array_equal(codes_of(extractor, -gain * X + offset)[inside], 15 - codes)


def test_every_histogram_sums_to_the_area_of_its_block() -> None:
    X = images(3, 11, 12)
    extractor = small(block_size=(4, 5), block_overlap=0.5).fit(X)
    counts = extractor.transform(X)
    rows, columns = (11 - 4) // 2 + 1, (12 - 5) // 3 + 1
    histograms = counts.reshape(3, rows * columns * 3, 16)
    assert_array_equal(histograms.sum(axis=2), 20)
    assert_array_equal(counts.sum(axis=1), 3 * rows * columns * 20)


@pytest.mark.parametrize(
    ("size", "block", "blocks", "n_features"), [(28, 7, 36, 73_728), (32, 8, 49, 100_352)]
)
def test_dimensions_of_the_paper(size: int, block: int, blocks: int, n_features: int) -> None:
    X = images(2, size, size)
    extractor = pcanet(block_size=block, block_overlap=0.5, output="uint8").fit(X)
    assert extractor.transform(X).shape == (2, n_features)
    assert n_features == blocks * 8 * 2**8
    assert len(extractor.get_feature_names_out()) == n_features


def test_halves_of_the_block_step_round_up() -> None:
    assert block_stride((5, 9), 0.5) == (3, 5)
    assert block_stride((7, 8), 0.5) == (4, 4)
    assert block_stride((5, 1), 0.9) == (1, 1)
    assert block_stride((5, 6), 0.0) == (5, 6)
    assert all(block_stride((k, k), 1 - 0.5 / k)[0] == 1 for k in range(1, 50))


def test_zero_gives_bit_0() -> None:
    extractor = small().fit(images(3, 8, 8))
    counts = extractor.transform(np.zeros((1, 8, 8))).reshape(-1, 16)
    assert_array_equal(counts, np.tile([16] + [0] * 15, (12, 1)))


# -------------------------------------------------------------------------------- outputs


@pytest.mark.parametrize("n_kernels", [(3, 4), (8, 8), (5,)])
def test_outputs_hold_the_same_counts(
    n_kernels: tuple[int, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    X = images(11, 8, 8)
    dense = small(n_kernels=n_kernels).fit(X).transform(X)
    assert dense.dtype == np.float32 and dense.flags.c_contiguous
    monkeypatch.setattr(graph_maps, "CHUNK_BYTES", 3 * 4 * dense.shape[1])
    small_counts = small(n_kernels=n_kernels, output="uint8").fit(X).transform(X)
    assert small_counts.dtype == np.uint8
    assert_array_equal(small_counts, dense)
    rows = small(n_kernels=n_kernels, output="sparse").fit(X).transform(X)
    assert rows.format == "csr" and rows.dtype == np.float32
    assert rows.indices.dtype == np.int32 and rows.has_canonical_format
    assert rows.nnz == len(rows.data) == np.count_nonzero(dense)
    assert_array_equal(rows.toarray(), dense)


@settings(max_examples=40, deadline=None)
@given(
    parts=st.lists(st.tuples(st.integers(1, 4), st.floats(0, 1)), min_size=1, max_size=5),
    seed=st.integers(0, 99),
)
def test_csr_builder(parts: list[tuple[int, float]], seed: int) -> None:
    rng = np.random.default_rng(seed)
    chunks = [rng.integers(1, 9, (n, 7)) * (rng.random((n, 7)) < fill) for n, fill in parts]
    builder = csr.CsrBuilder(7)
    n_missing = sum(n for n, _ in parts)
    for chunk in chunks:
        n_missing -= len(chunk)
        rows, columns = chunk.nonzero()
        per_row = np.bincount(rows, minlength=len(chunk))
        builder.append(columns, chunk[rows, columns], per_row, n_missing)
    assert_array_equal(builder.build().toarray(), np.concatenate(chunks))


@pytest.mark.parametrize("output", ["uint8", "sparse"])
def test_memory_is_that_of_the_result_and_a_chunk(output: Any) -> None:
    X = images(800, 28, 28)
    extractor = pcanet(output=output).fit(X[:20])
    tracemalloc.start()
    counts = extractor.transform(X)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    n_features = 4 * 4 * 8 * 256
    arrays = [counts] if output == "uint8" else [counts.data, counts.indices, counts.indptr]
    held = sum(array.nbytes for array in arrays)
    # Dense floats of all take 105 MB.
    assert peak < held + 20 * 2**20 < 4 * len(X) * n_features


def test_runtimes_agree_and_batches_do_not_show() -> None:
    X = images(9, 12, 12)
    extractor = pcanet(n_kernels=(4, 8), kernel_size=5, block_size=6).fit(X)
    counts = extractor.transform(X)
    assert_array_equal(counts, reference.run(extractor.graph_, X.reshape(9, -1)))
    for batch_size in (1, 4, 9):
        extractor.batch_size = batch_size
        assert_array_equal(extractor.transform(X), counts)


# ---------------------------------------------------------------------- kernels, estimator


def test_random_kernels() -> None:
    X = images(4, 8, 8, 2)
    one, same, other = (
        small(n_kernels=(12, 8), learn="random", random_state=seed).fit(X) for seed in (0, 0, 1)
    )
    assert [bank.shape for bank in one.kernels_] == [(12, 3, 3, 2), (8, 3, 3, 1)]
    for a, b, c in zip(one.kernels_, same.kernels_, other.kernels_, strict=True):
        assert_array_equal(a, b)
        assert not np.array_equal(a, c)
        assert_allclose(a.sum(axis=(1, 2)), 0, atol=1e-5)
    assert one.eigenvalues_ == ()
    assert_array_equal(one.transform(X), same.transform(X))


def test_signals() -> None:
    X = images(6, 40, 3)
    extractor = pcanet(n_kernels=(4, 6), kernel_size=9, block_size=10, input_shape=(1, 40, 3)).fit(
        X
    )
    assert [bank.shape for bank in extractor.kernels_] == [(4, 1, 9, 3), (6, 1, 9, 1)]
    assert extractor.transform(X).shape == (6, 4 * 4 * 64)


def test_a_plain_row_cuts_sizes_with_warnings() -> None:
    X = images(30, 5)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        extractor = pcanet().fit(X)
    messages = " ".join(str(w.message) for w in caught)
    assert all(name in messages for name in ("kernel_size", "block_size", "n_kernels"))
    assert [len(bank) for bank in extractor.kernels_] == [4, 4]
    assert extractor.transform(X).shape == (30, 4 * 2**4)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"n_kernels": (3, 9)}, r"n_kernels=\(3, 9\) must be one or two .* at most 8"),
        ({"n_kernels": (9,)}, r"n_kernels=\(9,\)"),
        ({"n_kernels": (3, 3, 3)}, r"n_kernels=\(3, 3, 3\) must be one or two"),
        ({"n_kernels": ()}, r"n_kernels=\(\)"),
        ({"n_kernels": (0, 3)}, r"n_kernels=\(0, 3\)"),
        ({"n_kernels": (3, 2.5)}, r"n_kernels=\(3, 2.5\)"),
        ({"n_kernels": 8}, "n_kernels"),
        ({"n_kernels": (9, 8)}, "n_kernels=9 .* expected n_kernels <= 8"),
        ({"kernel_size": 2}, "n_kernels=4 .* expected n_kernels <= 3"),
        ({"kernel_size": 13}, "kernel_size=13 is larger than the 12x12 map"),
        ({"block_size": 13}, "block_size=13 is larger than the 12x12 map"),
        ({"block_overlap": 1.0}, "block_overlap"),
        ({"learn": "ica"}, "learn"),
        ({"learn": "lda"}, "learn='lda' requires y"),
        ({"output": "int8"}, "output"),
        ({"kernel_size": 1, "n_kernels": (1, 1)}, "n_kernels=1 .* expected n_kernels <= 0"),
        ({"kernel_size": 1, "learn": "random"}, "n_kernels=1 .* expected n_kernels <= 0"),
    ],
)
def test_bad_parameters(parameters: dict[str, Any], message: str) -> None:
    X = images(4, 12, 12)
    with pytest.raises(ValueError, match=message):
        small(**parameters).fit(X)


def test_counts_that_do_not_fit_bytes() -> None:
    fits = small(output="uint8", block_size=(15, 16)).fit(images(3, 16, 16))
    assert fits.transform(np.zeros((1, 16, 16)))[0, 0] == 240
    with pytest.raises(ValueError, match=r"output='uint8' holds counts up to 255.*256 pixels"):
        small(output="uint8", block_size=16).fit(images(3, 16, 16))


def test_clone_and_pickle() -> None:
    X = images(5, 8, 8)
    extractor = small(output="sparse").fit(X)
    again = pickle.loads(pickle.dumps(extractor))
    assert (again.transform(X) != extractor.transform(X)).nnz == 0
    assert clone(extractor).get_params() == extractor.get_params()


def test_pipeline_on_digits() -> None:
    X, y = load_digits(return_X_y=True)
    accuracy = {}
    for learn in ("pca", "random"):
        features = small(
            n_kernels=(4, 4),
            learn=learn,
            block_overlap=0.5,
            input_shape=(8, 8),
            output="sparse",
            random_state=0,
        )
        model = make_pipeline(features, LinearSVC(C=0.01)).fit(X[:900], y[:900])
        accuracy[learn] = model.score(X[900:], y[900:])
    assert accuracy["pca"] > 0.93 and accuracy["random"] > 0.9


@pytest.mark.parametrize(("length", "n_blocks"), [(15, 3), (16, 4), (28, 4), (2, 2)])
def test_long_axes_have_more_blocks(length: int, n_blocks: int) -> None:
    x = np.random.default_rng(0).normal(size=(20, 16, length))
    pcanet = PCANetFeatures(n_kernels=(2, 2), kernel_size=(3, 2), input_shape=(16, length)).fit(x)
    assert len(pcanet.get_feature_names_out()) == 4 * n_blocks * 2 * 4
