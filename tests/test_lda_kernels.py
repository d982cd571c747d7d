"""LDA kernels: against aligned patch matrices, closed forms, labels."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from skconv.kernels import LDAKernels, lda
from skconv.kernels.base import PADDINGS
from skconv.kernels.moments import mean_projection
from tests.patch_matrix import patches_of, random_maps

MAPS = random_maps(30, 6, 7, 2).cumsum(axis=1) + 3
Y = np.array(["no", "yes", "maybe"])[np.random.default_rng(1).integers(3, size=30)]
MAPS[Y == "yes", 2:, 3:] += 0.5


def scatters(size: Any, padding: str, remove_mean: Any) -> tuple[Any, Any]:
    """Within and between, from one patch matrix a sample."""
    projection = mean_projection((*size, MAPS.shape[3]), remove_mean)
    aligned = np.stack([patches_of(sample[None], size, padding) for sample in MAPS]) @ projection
    means = np.stack([aligned[name == Y].mean(axis=0) for name in np.unique(Y)])
    within: Any = 0
    for name, mean in zip(np.unique(Y), means, strict=True):
        errors = aligned[name == Y] - mean
        within = within + np.einsum("ipa,ipb->ab", errors, errors) / len(errors)
    apart = means - means.mean(axis=0)
    return within, np.einsum("cpa,cpb->ab", apart, apart) / len(means)


@pytest.mark.parametrize("padding", sorted(PADDINGS))
@pytest.mark.parametrize("remove_mean", ["channel", "patch", None])
def test_against_aligned_patch_matrices(padding: Any, remove_mean: Any) -> None:
    source = LDAKernels(
        n_kernels=4, kernel_size=(3, 2), padding=padding, remove_mean=remove_mean
    ).fit(MAPS, Y)
    within, between = scatters((3, 2), padding, remove_mean)
    values, vectors = np.linalg.eig(np.linalg.pinv(within, rcond=1e-10) @ between)
    order = np.argsort(-values.real)[:4]
    assert_allclose(source.eigenvalues_, values.real[order], rtol=1e-6)
    kernels = source.kernels_.reshape(4, 12).astype(np.float64)
    assert_allclose(kernels @ kernels.T, np.eye(4), atol=1e-6)
    for count in range(1, 5):  # the first few span what the eigenvectors do
        wanted = np.linalg.qr(vectors.real[:, order[:count]])[0]
        assert_allclose(
            kernels[:count].T @ kernels[:count], wanted @ wanted.T, atol=1e-5
        )  # fmt: skip
    if remove_mean == "channel":
        assert_allclose(source.kernels_.sum(axis=(1, 2)), 0, atol=1e-6)


def test_two_pixels_give_their_difference() -> None:
    maps = random_maps(20, 3, 5, 1)
    source = LDAKernels(n_kernels=1, kernel_size=(1, 2)).fit(maps, np.arange(20) % 2)
    assert_allclose(source.kernels_.ravel(), np.array([1, -1]) / np.sqrt(2), rtol=1e-6)


def test_the_first_kernel_points_where_classes_differ_and_noise_does_not() -> None:
    noise = random_maps(2000, 1, 3, 1) * np.array([1.0, 5.0, 1.0])[:, None]
    y = np.arange(2000) % 2
    noise[y == 1, 0, 0] += 2
    source = LDAKernels(n_kernels=1, kernel_size=(1, 3), remove_mean=None).fit(noise, y)
    assert_allclose(source.kernels_.ravel(), [1, 0, 0], atol=0.08)
    # Means 1 apart from their middle, variance 1 in each of two classes: 1 / (1 + 1).
    assert_allclose(source.eigenvalues_, 0.5, atol=0.06)


def test_a_class_counts_the_same_however_many_samples_it_has() -> None:
    twice = np.concatenate([MAPS, MAPS[Y == "no"]])
    labels = np.concatenate([Y, Y[Y == "no"]])
    one, other = LDAKernels(n_kernels=3, kernel_size=3), LDAKernels(n_kernels=3, kernel_size=3)
    assert_allclose(one.fit(MAPS, Y).kernels_, other.fit(twice, labels).kernels_, atol=1e-5)


def test_sign_labels_and_chunks_do_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    source = LDAKernels(n_kernels=3, kernel_size=3).fit(MAPS, Y)
    flat = source.kernels_.reshape(3, -1)
    assert (flat[np.arange(3), np.abs(flat).argmax(axis=1)] > 0).all()
    assert_array_equal(source.classes_, ["maybe", "no", "yes"])
    monkeypatch.setattr(lda, "_CHUNK_BYTES", 4 * MAPS[0].nbytes)
    other = LDAKernels(n_kernels=3, kernel_size=3).fit(-MAPS, np.unique(Y, return_inverse=True)[1])
    assert_allclose(other.kernels_, source.kernels_, atol=1e-5)


def test_partial_fit_is_fit_on_all() -> None:
    whole = LDAKernels(n_kernels=4, kernel_size=3).fit(MAPS, Y)
    order = np.argsort(Y == "yes", kind="stable")  # a class that comes late
    parts = LDAKernels(n_kernels=4, kernel_size=3)
    for rows in np.split(order, [12, 13]):
        parts.partial_fit(MAPS[rows], Y[rows])
    assert_array_equal(parts.classes_, whole.classes_)
    assert_array_equal(parts.class_counts_, whole.class_counts_)
    assert_allclose(parts.eigenvalues_, whole.eigenvalues_, rtol=1e-8)
    assert_allclose(parts.kernels_, whole.kernels_, atol=1e-5)
    assert_array_equal(parts.fit(MAPS, Y).kernels_, whole.kernels_)


def test_failing_partial_fit_leaves_what_was_learned() -> None:
    source = LDAKernels(n_kernels=2, kernel_size=3).fit(MAPS, Y)
    before = vars(source).copy()
    with pytest.raises(ValueError, match="partial_fit with maps of shape"):
        source.partial_fit(MAPS[:, 1:], Y)
    assert vars(source) == before


@pytest.mark.parametrize(
    ("y", "parameters", "message"),
    [
        (None, {}, "y=None, expected a label"),
        (np.zeros(30), {}, "y holds one class"),
        (np.zeros(7), {}, "inconsistent numbers of samples"),
        (np.linspace(0, 1, 30), {}, "Unknown label type"),
        (Y, {"n_kernels": 17}, r"n_kernels=17 .* expected n_kernels <= 16"),
        (Y, {"n_kernels": 0}, "n_kernels"),
        (Y, {"kernel_size": 8}, "kernel_size=8 is larger than the 6x7 maps"),
    ],
)
def test_bad_input(y: Any, parameters: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        LDAKernels(**{"kernel_size": 3, "n_kernels": 2, **parameters}).fit(MAPS, y)


def test_fewer_discriminants_than_asked_for() -> None:
    maps = random_maps(20, 3, 3, 1)  # one place a sample, two classes: one direction apart
    y = np.arange(20) % 2
    with pytest.raises(ValueError, match=r"n_kernels=2 .* have rank 1"):
        LDAKernels(n_kernels=2, kernel_size=3).fit(maps, y)
    with pytest.warns(UserWarning, match="n_kernels=2 .*: 1 is used"):
        source = LDAKernels(n_kernels=2, kernel_size=3, clip=True).fit(maps, y)
    assert len(source.kernels_) == len(source.biases_) == 1


def test_nothing_varies_within_a_class() -> None:
    maps, y = np.repeat(MAPS[:5], 2, axis=0), np.repeat(np.arange(5), 2)
    with pytest.raises(ValueError, match="no class of y has two different samples"):
        LDAKernels(n_kernels=2, kernel_size=3).fit(maps, y)
