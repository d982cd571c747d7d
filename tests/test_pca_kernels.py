"""PCA kernels: moments without a patch matrix, closed forms, rank and sign."""

from __future__ import annotations

import tracemalloc
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from skconv.kernels import moments
from skconv.kernels.base import PADDINGS
from skconv.kernels.moments import count_patches, second_moment
from skconv.kernels.pca import PCAKernels, with_fixed_signs
from tests.patch_matrix import patches_of, random_maps

# -------------------------------------------------------------------------- the moments


@settings(max_examples=60, deadline=None)
@given(
    shape=st.tuples(st.integers(1, 3), st.integers(1, 9), st.integers(1, 24), st.integers(1, 3)),
    size=st.tuples(st.integers(1, 5), st.integers(1, 5)),
    padding=st.sampled_from(sorted(PADDINGS)),
    seed=st.integers(0, 99),
)
def test_moment_is_that_of_the_patch_matrix(
    shape: tuple[int, ...], size: tuple[int, int], padding: Any, seed: int
) -> None:
    if size[0] > shape[1] or size[1] > shape[2]:
        size = min(size[0], shape[1]), min(size[1], shape[2])
    maps = np.random.default_rng(seed).integers(-9, 10, size=shape)
    patches = patches_of(maps, size, padding)
    assert_array_equal(second_moment(maps, size, padding), patches.T @ patches)
    assert count_patches(shape, size, padding) == len(patches)


def test_moment_does_not_depend_on_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    maps = np.random.default_rng(0).integers(0, 256, size=(7, 6, 11, 2)).astype(np.uint8)
    whole = second_moment(maps, (3, 3), "same")
    monkeypatch.setattr(moments, "_CHUNK_BYTES", 2 * maps[0].size * 8)
    assert_array_equal(second_moment(maps, (3, 3), "same"), whole)


def test_memory_stays_far_below_the_patch_matrix() -> None:
    maps = np.zeros((1000, 28, 28, 1), np.uint8)
    patch_matrix = maps.size * 49 * 8
    tracemalloc.start()
    second_moment(maps, (7, 7), "same")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < patch_matrix / 5


# ------------------------------------------------------------------------- closed forms


def test_two_pixels_give_their_difference() -> None:
    maps = random_maps(5, 4, 6, 1)
    source = PCAKernels(n_kernels=1, kernel_size=(1, 2)).fit(maps)
    assert_allclose(source.kernels_.ravel(), np.array([1, -1]) / np.sqrt(2), rtol=1e-7)
    differences = np.diff(maps, axis=2)
    assert_allclose(source.eigenvalues_, [np.mean(differences**2) / 2], rtol=1e-12)


def test_three_pixels_closed_under_flips() -> None:
    maps = random_maps(4, 1, 9, 1)
    source = PCAKernels(n_kernels=2, kernel_size=(1, 3)).fit(
        np.concatenate([maps, maps[:, :, ::-1]])
    )
    even = np.array([-1, 2, -1]) / np.sqrt(6)
    odd = np.array([1, 0, -1]) / np.sqrt(2)
    kernels = source.kernels_.reshape(2, 3)
    even_first = abs(kernels[0, 1]) > 0.5
    assert_allclose(kernels, [even, odd] if even_first else [odd, even], atol=1e-7)
    patches = patches_of(np.concatenate([maps, maps[:, :, ::-1]]), (1, 3), "valid")
    values = [np.mean((patches @ even) ** 2), np.mean((patches @ odd) ** 2)]
    assert_allclose(source.eigenvalues_, sorted(values)[::-1], rtol=1e-12)


def test_ramp_needs_the_uncentred_moment() -> None:
    ramp = np.broadcast_to(np.arange(8.0), (6, 8)).reshape(1, 6, 8, 1)
    source = PCAKernels(n_kernels=1, kernel_size=3).fit(ramp)
    wanted = np.array([[1, 0, -1]] * 3) / np.sqrt(6)
    assert_allclose(source.kernels_[0, :, :, 0], wanted, atol=1e-7)
    assert_allclose(source.eigenvalues_, [6.0], rtol=1e-12)
    response = patches_of(ramp, (3, 3), "valid") @ source.kernels_.ravel()
    assert_allclose(response, -np.sqrt(6), rtol=1e-6)
    # Centred across patches, as sklearn.decomposition.PCA does, nothing would be left.
    patches = patches_of(ramp, (3, 3), "valid")
    assert not (patches - patches.mean(axis=1, keepdims=True)).var(axis=0).any()


@pytest.mark.parametrize("padding", sorted(PADDINGS))
@pytest.mark.parametrize("remove_mean", ["channel", "patch", None])
def test_kernels_are_eigenvectors_of_mean_removed_patches(padding: Any, remove_mean: Any) -> None:
    maps = random_maps(6, 7, 8, 2) + 3
    source = PCAKernels(
        n_kernels=4, kernel_size=(3, 2), padding=padding, remove_mean=remove_mean
    ).fit(maps)
    patches = patches_of(maps, (3, 2), padding).reshape(-1, 6, 2)
    if remove_mean is not None:
        axes = 1 if remove_mean == "channel" else (1, 2)
        patches = patches - patches.mean(axis=axes, keepdims=True)
    moment = patches.reshape(-1, 12).T @ patches.reshape(-1, 12) / len(patches)
    values = np.linalg.eigvalsh(moment)[::-1][:4]
    vectors = source.kernels_.reshape(4, 12).astype(np.float64)
    assert_allclose(source.eigenvalues_, values, rtol=1e-10)
    assert_allclose(moment @ vectors.T, vectors.T * values, atol=1e-5 * values[0])
    assert_allclose(vectors @ vectors.T, np.eye(4), atol=1e-6)


def test_removing_patch_means_before_the_product_changes_nothing() -> None:
    maps = random_maps(3, 9, 9, 2) + 5
    kernels = PCAKernels(n_kernels=8, kernel_size=3).fit(maps).kernels_
    assert_allclose(kernels.sum(axis=(1, 2)), 0, atol=1e-6)
    patches = patches_of(maps, (3, 3), "valid").reshape(-1, 9, 2)
    without = (patches - patches.mean(axis=1, keepdims=True)).reshape(-1, 18)
    flat = kernels.reshape(8, 18).T.astype(np.float64)
    assert_allclose(patches.reshape(-1, 18) @ flat, without @ flat, atol=1e-5)


# ----------------------------------------------------------------------- sign and rank


def test_largest_entry_is_positive_and_the_first_of_equals() -> None:
    maps = random_maps(20, 8, 8, 1)
    kernels = PCAKernels(n_kernels=8, kernel_size=3).fit(maps).kernels_.reshape(8, 9)
    assert np.all(kernels[np.arange(8), np.abs(kernels).argmax(axis=1)] > 0)
    tied = np.array([[-0.5, 0.5 + 1e-12], [0.5, -0.5], [0.1, -0.9]])
    assert_array_equal(np.sign(with_fixed_signs(tied)), [[1, -1], [1, -1], [-1, 1]])


def test_sign_does_not_depend_on_the_sign_of_the_maps() -> None:
    maps = random_maps(5, 6, 6, 1)
    one, other = (PCAKernels(n_kernels=3, kernel_size=3).fit(m).kernels_ for m in (maps, -maps))
    assert_array_equal(one, other)


@pytest.mark.parametrize(("remove_mean", "rank"), [("channel", 16), ("patch", 17), (None, 18)])
def test_more_kernels_than_any_data_give(remove_mean: Any, rank: int) -> None:
    maps = random_maps(9, 8, 8, 2)
    most = PCAKernels(n_kernels=rank, kernel_size=3, remove_mean=remove_mean).fit(maps)
    assert len(most.kernels_) == rank
    source = PCAKernels(n_kernels=rank + 1, kernel_size=3, remove_mean=remove_mean)
    with pytest.raises(ValueError, match=rf"n_kernels={rank + 1} .* expected n_kernels <= {rank}"):
        source.fit(maps)


def test_more_kernels_than_these_data_give() -> None:
    ramp = np.broadcast_to(np.arange(8.0), (6, 8)).reshape(1, 6, 8, 1) + 1e4
    with pytest.raises(ValueError, match=r"n_kernels=2 .* have rank 1"):
        PCAKernels(n_kernels=2, kernel_size=3).fit(ramp)
    with pytest.warns(UserWarning, match="n_kernels=2 .*: 1 is used"):
        source = PCAKernels(n_kernels=2, kernel_size=3, clip=True).fit(ramp)
    assert source.kernels_.shape == (1, 3, 3, 1) and source.biases_.shape == (1,)


def test_constant_maps_have_no_kernels() -> None:
    for clip in (False, True):
        with pytest.raises(ValueError, match=r"n_kernels=1 .* have rank 0"):
            PCAKernels(n_kernels=1, kernel_size=3, clip=clip).fit(np.full((2, 5, 5, 1), 7.0))


# ---------------------------------------------------------------------------- estimator


def test_partial_fit_is_fit_on_all() -> None:
    maps = random_maps(10, 6, 7, 2).astype(np.float32)
    whole = PCAKernels(n_kernels=5, kernel_size=3).fit(maps)
    parts = PCAKernels(n_kernels=5, kernel_size=3)
    for part in (maps[:3], maps[3:4], maps[4:]):
        parts.partial_fit(part)
    assert parts.n_patches_ == whole.n_patches_ == 10 * 4 * 5
    assert_allclose(parts.eigenvalues_, whole.eigenvalues_, rtol=1e-12)
    assert_allclose(parts.kernels_, whole.kernels_, atol=1e-6)
    assert_array_equal(parts.fit(maps).kernels_, whole.kernels_)


def test_types_of_maps_and_of_results() -> None:
    maps = np.random.default_rng(0).integers(0, 256, size=(4, 9, 9, 1)).astype(np.uint8)
    source = PCAKernels(n_kernels=3, kernel_size=3).fit(maps)
    same = PCAKernels(n_kernels=3, kernel_size=3).fit(maps.astype(np.float64))
    assert source.kernels_.dtype == source.biases_.dtype == np.float32
    assert source.kernels_.flags.c_contiguous and not source.biases_.any()
    assert_array_equal(source.kernels_, same.kernels_)


@pytest.mark.parametrize(
    ("maps", "parameters", "message"),
    [
        (np.zeros((2, 5, 5)), {}, "expected .n_samples, height, width, channels"),
        (np.zeros((2, 5, 6, 1)), {}, "kernel_size=7 is larger than the 5x6 maps"),
        (np.full((2, 9, 9, 1), np.nan), {}, "NaN"),
        (np.zeros((0, 9, 9, 1)), {}, "0 sample"),
        (np.zeros((2, 9, 9, 1)), {"n_kernels": 0}, "n_kernels"),
        (np.zeros((2, 9, 9, 1)), {"kernel_size": (3, 3, 3)}, "kernel_size"),
        (np.zeros((2, 9, 9, 1)), {"padding": "reflect"}, "padding"),
        (np.zeros((2, 9, 9, 1)), {"remove_mean": "row"}, "remove_mean"),
    ],
)
def test_bad_input(maps: Any, parameters: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        PCAKernels(**parameters).fit(maps)


def test_failing_partial_fit_leaves_what_was_learned() -> None:
    source = PCAKernels(n_kernels=2, kernel_size=3).fit(random_maps(4, 8, 8, 1))
    before = vars(source).copy()
    with pytest.raises(ValueError, match="partial_fit with patches of 18 numbers"):
        source.partial_fit(random_maps(4, 8, 8, 2))
    assert vars(source) == before
