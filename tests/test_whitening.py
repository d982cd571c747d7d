"""ZCA: covariance of what comes out, scale, means, and folding into kernels."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from skconv.kernels.base import PADDINGS
from skconv.kernels.moments import mean_projection, sum_of_patches
from skconv.kernels.whitening import learn_whitening
from tests.patch_matrix import patches_of, random_maps

SHAPES = st.tuples(st.integers(1, 3), st.integers(1, 7), st.integers(1, 9), st.integers(1, 3))
SIZES = st.tuples(st.integers(1, 4), st.integers(1, 4))


@settings(max_examples=60, deadline=None)
@given(shape=SHAPES, size=SIZES, padding=st.sampled_from(sorted(PADDINGS)))
def test_sum_is_that_of_the_patch_matrix(
    shape: tuple[int, ...], size: tuple[int, int], padding: Any
) -> None:
    size = min(size[0], shape[1]), min(size[1], shape[2])
    maps = np.random.default_rng(0).integers(0, 256, size=shape).astype(np.uint8)
    wanted = patches_of(maps, size, padding).sum(axis=0)
    assert_array_equal(sum_of_patches(maps, size, padding), wanted)


@pytest.mark.parametrize("remove_mean", ["channel", "patch", None])
@pytest.mark.parametrize("padding", sorted(PADDINGS))
@pytest.mark.parametrize("eps", [0.0, 0.01, 1.0])
def test_covariance(remove_mean: Any, padding: Any, eps: float) -> None:
    maps = random_maps(9, 8, 9, 2).cumsum(axis=2) + 5
    whitening = learn_whitening(maps, (2, 3), eps=eps, remove_mean=remove_mean, padding=padding)
    patches = patches_of(maps, (2, 3), padding)
    projected = patches @ mean_projection((2, 3, 2), remove_mean)
    values, vectors = np.linalg.eigh(np.cov(projected.T, bias=True))
    values = np.where(values > 1e-10, values, 0)
    assert_allclose(whitening.eps, eps * values.mean(), rtol=1e-10)
    shrunk = np.divide(values, values + whitening.eps, where=values > 0, out=np.zeros(12))
    white = whitening.apply(patches)
    assert_allclose(white.mean(axis=0), 0, atol=1e-9)
    assert_allclose(np.cov(white.T, bias=True), (vectors * shrunk) @ vectors.T, atol=1e-8)
    assert_array_equal(np.count_nonzero(shrunk), {"channel": 10, "patch": 11}.get(remove_mean, 12))


def test_no_eps_makes_the_covariance_the_identity() -> None:
    maps = random_maps(30, 9, 9, 1)
    white = learn_whitening(maps, (2, 2), eps=0.0).apply(patches_of(maps, (2, 2), "valid"))
    assert_allclose(np.cov(white.T, bias=True), np.eye(4), atol=1e-10)


def test_directions_that_patches_never_take_stay_out() -> None:
    maps = random_maps(9, 6, 6, 2)
    maps[..., 1] = 7
    whitening = learn_whitening(maps, (2, 2), eps=0.0)
    assert_allclose(whitening.matrix[1::2], 0, atol=1e-14)
    assert np.abs(whitening.matrix[::2]).max() > 0.5


@pytest.mark.parametrize("gain", [1 / 255, 3.0, 1000.0])
def test_scale_of_the_maps_and_an_offset_change_nothing(gain: float) -> None:
    maps = random_maps(9, 8, 8, 1)
    patches = patches_of(maps, (3, 3), "valid")
    wanted = learn_whitening(maps, (3, 3), eps=0.02).apply(patches)
    found = learn_whitening(gain * (maps + 2), (3, 3), eps=0.02).apply(gain * (patches + 2))
    assert_allclose(found, wanted, atol=1e-8)


def test_each_patch_loses_its_own_mean() -> None:
    maps = random_maps(9, 8, 8, 2)
    patches = patches_of(maps, (3, 3), "valid")
    brighter = patches + np.tile([100.0, -7.0], 9)
    for eps in (0.01, None):
        whitening = learn_whitening(maps, (3, 3), eps=eps, remove_mean="channel")
        assert_allclose(whitening.apply(brighter), whitening.apply(patches), atol=1e-9)


def test_no_whitening_is_the_patch() -> None:
    whitening = learn_whitening(random_maps(2, 5, 5, 1) + 3, (2, 2), eps=None)
    patches = random_maps(7, 4)
    assert_array_equal(whitening.apply(patches), patches)


def test_fold_gives_the_dot_products() -> None:
    maps = random_maps(9, 8, 8, 2) + 4
    whitening = learn_whitening(maps, (3, 2), eps=0.01, remove_mean="patch")
    directions = random_maps(5, 12, seed=1)
    kernels, biases = whitening.fold(directions, (3, 2, 2))
    assert kernels.dtype == biases.dtype == np.float32 and kernels.shape == (5, 3, 2, 2)
    patches = patches_of(maps, (3, 2), "valid")
    folded = patches @ kernels.reshape(5, 12).T.astype(np.float64) + biases
    assert_allclose(folded, whitening.apply(patches) @ directions.T, atol=1e-5)


def test_equal_patches_cannot_be_whitened() -> None:
    with pytest.raises(ValueError, match="all equal cannot be whitened"):
        learn_whitening(np.full((3, 5, 5, 1), 9.0), (2, 2), eps=0.1)
