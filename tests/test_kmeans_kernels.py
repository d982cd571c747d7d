"""k-means kernels: distances, triangle, what folds, and that clusters are found."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from numpy.typing import NDArray

from skconv.kernels import KMeansKernels, PatchDistances
from skconv.kernels.whitening import Whitening
from tests.patch_matrix import patches_of, random_maps, responses

BYTES = np.random.default_rng(0).integers(0, 256, size=(12, 9, 9, 2)).astype(np.uint8)


def plain(centroids: Any) -> PatchDistances:
    """Distances of patches as they are."""
    centroids = np.asarray(centroids, np.float64)
    identity = np.eye(centroids.shape[1])
    return PatchDistances(centroids, Whitening(identity, np.zeros(len(identity))), identity, None)


# ------------------------------------------------------------------------- the triangle


def test_triangle_of_three_centroids() -> None:
    distances = plain([[0, 0], [4, 0], [0, 3]])
    assert_allclose(distances.distances(np.array([[1.0, 0]])), [[1, 3, np.sqrt(10)]])
    assert_allclose(distances.triangle(np.array([[1.0, 0]])), [[1.387426, 0, 0]], atol=1e-6)
    middle = np.array([[2.0, 1.5]])  # as far from all three
    assert_allclose(distances.triangle(middle), 0, atol=1e-12)


def test_triangle_of_two_centroids_is_half_the_difference() -> None:
    distances = plain([[0, 0], [4, 0]])
    x = random_maps(20, 2)
    z = distances.distances(x)
    near = np.abs(z[:, 0] - z[:, 1]) / 2
    assert_allclose(distances.triangle(x).max(axis=1), near, atol=1e-12)
    assert_allclose(distances.triangle(x).min(axis=1), 0, atol=1e-15)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 99), n_kernels=st.integers(2, 6), shift=st.floats(-50, 50))
def test_one_shift_of_all_changes_nothing_and_the_farthest_gives_0(
    seed: int, n_kernels: int, shift: float
) -> None:
    centroids, x = random_maps(n_kernels, 3, seed=seed), random_maps(7, 3, seed=seed + 1)
    found = plain(centroids).triangle(x)
    assert_allclose(plain(centroids + shift).triangle(x + shift), found, atol=1e-6)
    farthest = plain(centroids).distances(x).argmax(axis=1)
    assert not found[np.arange(7), farthest].any()


# -------------------------------------------------------- normalising, whitening, folding


def by_hand(source: KMeansKernels, patches: NDArray[Any]) -> tuple[Any, Any]:
    """Contrast and whitened patches of mean-removed patches, as the docstring says."""
    distances = source.distances_
    left = patches - patches.mean(axis=1, keepdims=True)
    contrast = np.sqrt((left**2).mean(axis=1, keepdims=True) + distances.contrast_eps)
    x = (left / contrast - distances.whitening.mean) @ distances.whitening.matrix
    return contrast, x


def test_distances_are_those_of_the_docstring() -> None:
    source = KMeansKernels(n_kernels=5, kernel_size=3, random_state=0).fit(BYTES)
    patches = patches_of(BYTES, (3, 3), "valid")[:50]
    _, x = by_hand(source, patches)
    wanted = np.linalg.norm(x[:, None] - source.centroids_, axis=2)
    assert_allclose(source.distances_.distances(patches), wanted, rtol=1e-9)


def test_distances_from_what_a_graph_computes() -> None:
    source = KMeansKernels(n_kernels=5, kernel_size=3, random_state=0).fit(BYTES)
    patches = patches_of(BYTES, (3, 3), "valid")[:50]
    contrast, _ = by_hand(source, patches)
    kernels, offsets = source.distances_.whitening_kernels((3, 3, 2))
    x = patches @ kernels.reshape(18, 18).T.astype(np.float64) / contrast + offsets
    squares = (x**2).sum(axis=1, keepdims=True) - 2 * x @ source.centroids_.T
    squares = squares + (source.centroids_**2).sum(axis=1)
    assert_allclose(np.sqrt(squares), source.distances_.distances(patches), rtol=1e-4)


@pytest.mark.parametrize("eps", [None, 0.0, 0.1])
@pytest.mark.parametrize("remove_mean", ["channel", "patch", None])
def test_without_contrast_the_response_is_the_dot_product(eps: Any, remove_mean: Any) -> None:
    source = KMeansKernels(
        n_kernels=5, kernel_size=3, eps=eps, contrast_eps=None, remove_mean=remove_mean,
        random_state=0,
    ).fit(BYTES)  # fmt: skip
    x = source.distances_.whitening.apply(patches_of(BYTES, (3, 3), "valid"))
    directions = source.centroids_ / np.linalg.norm(source.centroids_, axis=1, keepdims=True)
    found = responses(source, BYTES)
    assert source.contrast_ == 1
    assert_allclose(found, x @ directions.T, atol=1e-4 * np.abs(found).max())


def test_with_contrast_the_response_is_that_of_a_patch_of_usual_contrast() -> None:
    source = KMeansKernels(n_kernels=5, kernel_size=3, random_state=0).fit(BYTES)
    distances = source.distances_
    left = patches_of(BYTES, (3, 3), "valid")
    left -= left.mean(axis=1, keepdims=True)
    directions = source.centroids_ / np.linalg.norm(source.centroids_, axis=1, keepdims=True)
    wanted = distances.whitening.apply(left / source.contrast_) @ directions.T
    assert_allclose(responses(source, BYTES), wanted, atol=1e-4)
    _, x = by_hand(source, left)
    assert np.corrcoef(wanted.ravel(), (x @ directions.T).ravel())[0, 1] > 0.9


def test_contrast_takes_gain_and_brightness_away() -> None:
    source = KMeansKernels(n_kernels=4, kernel_size=3, contrast_eps=1e-9, random_state=0)
    distances = source.fit(BYTES).distances_
    patches = patches_of(BYTES, (3, 3), "valid")[:20]
    assert_allclose(distances.triangle(3 * patches + 7), distances.triangle(patches), atol=1e-6)
    assert_allclose(distances.normalized(np.full((1, 18), 9.0)), 0, atol=1e-6)


def test_scale_of_the_maps_changes_no_distance() -> None:
    source = KMeansKernels(n_kernels=4, kernel_size=3, random_state=0)
    wanted = source.fit(BYTES).distances_.distances(patches_of(BYTES, (3, 3), "valid"))
    scaled = BYTES / 255
    found = source.fit(scaled).distances_.distances(patches_of(scaled, (3, 3), "valid"))
    assert_allclose(found, wanted, rtol=1e-6)


def test_whitened_patches_have_unit_covariance() -> None:
    source = KMeansKernels(
        n_kernels=2, kernel_size=2, eps=0.0, remove_mean=None, n_patches=10**6, random_state=0
    ).fit(BYTES)
    patches = source.distances_.normalized(patches_of(BYTES, (2, 2), "valid"))
    white = source.distances_.whitening.apply(patches)
    assert_allclose(np.cov(white.T, bias=True), np.eye(8), atol=1e-9)


# ------------------------------------------------------------------------------ clusters


@pytest.mark.parametrize("algorithm", ["minibatch", "lloyd"])
def test_planted_clusters_are_found(algorithm: Any) -> None:
    corners = np.array([[0, 9], [9, 0], [-9, -9]])
    rng = np.random.default_rng(0)
    labels = np.repeat([0, 1, 2], [60, 30, 10])
    maps = (corners[labels] + rng.normal(scale=0.1, size=(100, 2))).reshape(100, 1, 2, 1)
    source = KMeansKernels(
        n_kernels=3, kernel_size=(1, 2), eps=None, contrast_eps=None, remove_mean=None,
        algorithm=algorithm, random_state=0,
    ).fit(maps)  # fmt: skip
    assert_allclose(source.centroids_, corners, atol=0.15)
    assert_array_equal(source.cluster_sizes_, [60, 30, 10])


@pytest.mark.parametrize(
    ("maps", "parameters", "message"),
    [
        (random_maps(1, 4, 4, 1), {"n_kernels": 5}, "n_kernels=5 is more than the 4 different"),
        (np.full((3, 5, 5, 1), 7.0), {}, "all flat: there is nothing to learn"),
        (np.full((3, 5, 5, 1), 7.0), {"remove_mean": None}, "all equal cannot be whitened"),
        (np.ones((3, 5, 5, 1)), {"algorithm": "elkan"}, "algorithm"),
        (np.ones((3, 5, 5, 1)), {"contrast_eps": 0}, "contrast_eps"),
        (np.ones((3, 5, 5, 1)), {"n_patches": 0}, "n_patches"),
    ],
)
def test_bad_input(maps: Any, parameters: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        KMeansKernels(**{"kernel_size": 3, "n_kernels": 2, **parameters}).fit(maps)
