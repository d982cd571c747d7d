"""k-means kernels: distances, triangle, what folds, and that clusters are found."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from numpy.typing import NDArray
from sklearn.cluster import MiniBatchKMeans

from skconv.kernels import KMeansKernels, PatchDistances
from skconv.kernels.kmeans import moved
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


# --------------------------------------------------------------------------- partial_fit


def planted(corners: NDArray[Any], n_samples: int, seed: int = 0) -> NDArray[np.float64]:
    """Maps of one patch of two pixels, each near one of some corners."""
    rng = np.random.default_rng(seed)
    patches = corners[rng.integers(len(corners), size=n_samples)]
    return (patches + rng.normal(scale=0.1, size=patches.shape)).reshape(-1, 1, 2, 1)


PLAIN: dict[str, Any] = {
    "kernel_size": (1, 2), "eps": None, "contrast_eps": None, "remove_mean": None,
    "random_state": 0,
}  # fmt: skip


def test_the_first_partial_fit_is_fit() -> None:
    wanted = KMeansKernels(n_kernels=5, kernel_size=3, random_state=0).fit(BYTES)
    found = KMeansKernels(n_kernels=5, kernel_size=3, random_state=0).partial_fit(BYTES)
    assert_array_equal(found.kernels_, wanted.kernels_)
    assert_array_equal(found.cluster_sizes_, wanted.cluster_sizes_)


def test_centroids_move_as_those_of_scikit_learn() -> None:
    centroids, sizes = random_maps(4, 3), np.array([5, 3, 2, 1])
    # Left alone, it would set small clusters anew, at random.
    peer = MiniBatchKMeans(4, init=centroids, n_init=1, reassignment_ratio=0)
    peer.partial_fit(centroids)
    assert_allclose(peer.cluster_centers_, centroids, atol=1e-15)
    ones = np.ones(4, np.int64)
    found, counts = centroids, ones
    for seed in (1, 2, 3):
        white = random_maps(500, 3, seed=seed)
        peer.partial_fit(white)
        found, counts = moved(found, counts, white)
    assert_allclose(found, peer.cluster_centers_, atol=1e-12)
    assert counts.sum() == 1504
    still, same = moved(centroids, sizes, np.empty((0, 3)))
    assert_array_equal(still, centroids)
    assert_array_equal(same, sizes)


def test_a_centroid_is_the_mean_of_all_that_came() -> None:
    corners = np.array([[0, 9], [9, 0], [-9, -9]])
    batches = [planted(corners, 100, seed) for seed in range(5)]
    source = KMeansKernels(n_kernels=3, algorithm="lloyd", **PLAIN)
    for batch in batches:
        source.partial_fit(batch)
    patches = np.concatenate(batches).reshape(-1, 2)
    nearest = np.linalg.norm(patches[:, None] - source.centroids_, axis=2).argmin(axis=1)
    means = [patches[nearest == k].mean(axis=0) for k in range(3)]
    assert_allclose(source.centroids_, means, atol=1e-12)
    assert_array_equal(source.cluster_sizes_, np.bincount(nearest))
    assert (np.diff(source.cluster_sizes_) <= 0).all()
    assert source.distances_.centroids is source.centroids_
    directions = source.centroids_ / np.linalg.norm(source.centroids_, axis=1, keepdims=True)
    assert_allclose(source.kernels_.reshape(3, 2), directions, rtol=1e-6)


def test_centroids_follow_maps_that_come_later() -> None:
    early, late = np.array([[0, 9], [9, 0]]), np.array([[0, 19], [19, 0]])
    source = KMeansKernels(n_kernels=2, **PLAIN).partial_fit(planted(early, 100))
    source.partial_fit(planted(late, 100, seed=1)).partial_fit(planted(late, 100, seed=2))
    found = source.centroids_[source.centroids_[:, 0].argsort()]
    # The mean of one batch of early maps and two of late ones.
    assert_allclose(found, [[0, 47 / 3], [47 / 3, 0]], atol=0.6)


def test_whitening_and_contrast_stay() -> None:
    source = KMeansKernels(n_kernels=4, kernel_size=3, n_patches=200, random_state=0)
    first, contrast = source.fit(BYTES).distances_, source.contrast_
    source.partial_fit(BYTES * 0.5).partial_fit(BYTES)
    assert_array_equal(source.distances_.whitening.matrix, first.whitening.matrix)
    assert source.distances_.contrast_eps == first.contrast_eps
    assert source.contrast_ == contrast
    assert source.cluster_sizes_.sum() == 600


def test_each_call_draws_other_patches_also_after_pickling() -> None:
    maps = planted(np.array([[0, 9], [9, 0]]), 200)
    source = KMeansKernels(n_kernels=1, n_patches=10, algorithm="lloyd", **PLAIN).fit(maps)
    first, copy = source.centroids_, pickle.loads(pickle.dumps(source))
    # One centroid is the mean of all patches: it stays where the same ones come again.
    assert np.abs(source.partial_fit(maps).centroids_ - first).max() > 1e-3
    assert_array_equal(copy.partial_fit(maps).centroids_, source.centroids_)


def test_another_seed_draws_others() -> None:
    parts = np.split(BYTES, 3)
    found = []
    for seed in (0, 0, 1):
        source = KMeansKernels(n_kernels=3, kernel_size=3, n_patches=50, random_state=seed)
        for part in parts:
            source.partial_fit(part)
        found.append(source.centroids_)
    assert_array_equal(found[0], found[1])
    assert np.abs(found[0] - found[2]).max() > 1e-3


def test_in_parts_the_clusters_are_nearly_as_tight() -> None:
    maps = random_maps(400, 8, 8, 1).cumsum(axis=1).cumsum(axis=2)
    whole = KMeansKernels(n_kernels=12, kernel_size=3, random_state=0).fit(maps)
    parts = KMeansKernels(n_kernels=12, kernel_size=3, random_state=0)
    for part in np.split(maps, 4):
        parts.partial_fit(part)
    patches = patches_of(maps, (3, 3), "valid")
    spread = [(s.distances_.distances(patches).min(axis=1) ** 2).mean() for s in (whole, parts)]
    assert spread[1] < 1.1 * spread[0]


@pytest.mark.parametrize(
    ("parameters", "maps", "message"),
    [
        ({"n_kernels": 5}, BYTES, r"partial_fit with 5 kernels on .* expected 4 and"),
        ({}, BYTES[..., :1], r"patches of shape \(3, 3, 1\), expected 4 .* \(3, 3, 2\)"),
        ({"kernel_size": 2}, BYTES, r"shape \(2, 2, 2\), expected"),
        ({}, BYTES[:, :2], "larger than the 2x9 maps"),
        ({}, np.full(BYTES.shape, np.nan), "NaN"),
    ],
)
def test_bad_partial_fit(parameters: Any, maps: Any, message: str) -> None:
    source = KMeansKernels(n_kernels=4, kernel_size=3, random_state=0).fit(BYTES)
    before = source.centroids_.copy()
    with pytest.raises(ValueError, match=message):
        source.set_params(**parameters).partial_fit(maps)
    assert_array_equal(source.centroids_, before)


def test_as_many_as_there_are_where_that_is_told() -> None:
    maps = random_maps(1, 4, 4, 1)
    source = KMeansKernels(n_kernels=5, kernel_size=3, clip=True, random_state=0)
    with pytest.warns(UserWarning, match=r"n_kernels=5 is more than the 4 .* 4 is used"):
        source.fit(maps)
    assert source.kernels_.shape == (4, 3, 3, 1)
    assert source.partial_fit(maps).cluster_sizes_.sum() == 8


# ---------------------------------------------------------------------------- bad input


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
