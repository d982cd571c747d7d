"""Similarity of kernels and their dictionaries: orbits and residuals in closed form."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

from skconv.inspection import KernelDictionary, kernel_similarity
from skconv.inspection.similarity import INVARIANCES
from skconv.kernels import FixedKernels

RNG = np.random.default_rng(0)
GENERIC = RNG.normal(size=(1, 3, 3, 2))
SUBSETS = st.sets(st.sampled_from(INVARIANCES))


def dihedral(kernel: Any) -> Any:
    """The eight images of a kernel under flips and quarter turns."""
    turned = [np.rot90(kernel, n, axes=(1, 2)) for n in range(4)]
    return np.concatenate([*turned, *(image[:, :, ::-1] for image in turned)])


def scaled(kernels: Any) -> Any:
    """Kernels in scales of both signs."""
    signs = np.where(np.arange(len(kernels)) % 3, 1, -1)
    return kernels * (signs * RNG.uniform(0.1, 9, len(kernels)))[:, None, None, None]


def fixed(name: str) -> Any:
    return FixedKernels(names=name).fit(np.zeros((1, 9, 9, 1))).kernels_


def n_different(kernels: Any, invariances: Any) -> int:
    """How many kernels are left when those that are alike count once."""
    alike = kernel_similarity(kernels, kernels, invariances) > 1 - 1e-6
    return len({tuple(row) for row in alike})


# ------------------------------------------------------------------------------- similarity


@settings(max_examples=30, deadline=None)
@given(invariances=SUBSETS)
def test_similarity_is_the_best_cosine(invariances: set[str]) -> None:
    first, second = RNG.normal(size=(4, 3, 3, 2)), RNG.normal(size=(5, 3, 3, 2))
    eight = {0: "id", 1: "turns", 2: "turns", 3: "turns", 4: "flips", 6: "flips"}
    needs = [eight.get(i, "both") for i in range(8)]
    if "flips" in invariances:
        needs[2] = "id"  # half a turn is two flips
    wanted = np.full((4, 5), -np.inf)
    for i, j in np.ndindex(4, 5):
        for image, need in zip(dihedral(second[j : j + 1]), needs, strict=True):
            if need == "id" or need in invariances or {"flips", "turns"} <= invariances:
                found = np.sum(first[i] * image)
                found /= np.linalg.norm(first[i]) * np.linalg.norm(image)
                wanted[i, j] = max(wanted[i, j], abs(found) if "sign" in invariances else found)
    assert_allclose(kernel_similarity(first, second, invariances), wanted, atol=1e-12)
    assert_allclose(kernel_similarity(second, first, invariances), wanted.T, atol=1e-12)


def test_orbits_of_known_kernels() -> None:
    for name, signed, merged in (("sobel", 4, 2), ("gauss_3", 1, 1)):
        images = dihedral(fixed(name)[:1])
        assert n_different(images, ()) == signed
        assert n_different(images, ["sign"]) == merged
        assert n_different(images, INVARIANCES) == 1
    assert n_different(dihedral(GENERIC), ["sign"]) == 8


def test_a_kernel_of_zeros_is_like_nothing() -> None:
    assert_array_equal(kernel_similarity(np.zeros((1, 3, 3, 2)), GENERIC), [[0]])


def test_signals_may_be_flipped() -> None:
    ramp = np.arange(1.0, 6).reshape(1, 1, 5, 1)
    assert_allclose(kernel_similarity(ramp, ramp[:, :, ::-1], ["flips"]), [[1]])


# ------------------------------------------------------------------------------- dictionary


def test_one_centroid_is_a_whole_orbit() -> None:
    kernels = scaled(dihedral(GENERIC))
    assert_allclose(KernelDictionary(1, random_state=0).fit(kernels).score_, 1, atol=1e-12)
    for n_centroids in (1, 4, 7):
        plain = KernelDictionary(n_centroids, invariances=(), random_state=0).fit(kernels)
        assert plain.score_ < 0.99
    everyone = KernelDictionary(8, invariances=["sign"], random_state=0).fit(kernels)
    assert_allclose(everyone.score_, 1, atol=1e-12)


def test_two_orbits_are_told_apart() -> None:
    kernels = np.concatenate(
        [scaled(dihedral(fixed("sobel")[:1])), scaled(dihedral(fixed("gauss_3")))]
    )
    dictionary = KernelDictionary(2, random_state=0).fit(kernels)
    assert_allclose(dictionary.score_, 1, atol=1e-12)
    assert len(set(dictionary.labels_[:8])) == len(set(dictionary.labels_[8:])) == 1
    assert dictionary.labels_[0] != dictionary.labels_[-1]
    assert_array_equal(dictionary.predict(-2 * kernels), dictionary.labels_)
    assert_allclose(np.linalg.norm(dictionary.centroids_.reshape(2, -1), axis=1), 1)


@settings(max_examples=20, deadline=None)
@given(invariances=SUBSETS, n_centroids=st.integers(1, 6), seed=st.integers(0, 9))
def test_score_is_the_best_similarity_squared(
    invariances: set[str], n_centroids: int, seed: int
) -> None:
    kernels, others = np.random.default_rng(seed).normal(size=(2, 12, 3, 3, 1))
    dictionary = KernelDictionary(n_centroids, invariances=invariances, random_state=0).fit(kernels)
    for bank in (kernels, others):
        similarity = kernel_similarity(bank, dictionary.centroids_, invariances)
        explained = np.mean(np.maximum(similarity.max(axis=1), 0) ** 2)
        assert_allclose(dictionary.score(bank), explained, atol=1e-12)
        assert_allclose(dictionary.predict(bank), similarity.argmax(axis=1))
    assert_allclose(dictionary.score_, dictionary.score(kernels), atol=1e-12)


def test_a_round_is_the_mean_of_the_images() -> None:
    angles = np.array([0.1, 0.3, 0.5])
    kernels = np.zeros((3, 1, 2, 1))
    kernels[:, 0, :, 0] = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    dictionary = KernelDictionary(1, invariances=["sign"], random_state=0).fit(
        kernels * [[[[-2.0]]]]
    )
    assert_allclose(np.abs(dictionary.centroids_.ravel()), [np.cos(0.3), np.sin(0.3)])
    assert_allclose(dictionary.score_, np.mean(np.cos(angles - 0.3) ** 2))


def test_a_dictionary_is_reproducible_and_leaves_zeros_out() -> None:
    kernels = RNG.normal(size=(20, 3, 3, 1))
    with_zeros = np.concatenate([np.zeros((5, 3, 3, 1)), kernels])
    dictionary = KernelDictionary(4, random_state=3)
    assert_array_equal(
        clone(dictionary).fit(kernels).centroids_, dictionary.fit(with_zeros).centroids_
    )
    assert_allclose(dictionary.score_ * 25, dictionary.score(kernels) * 20)


@pytest.mark.parametrize(
    ("parameters", "kernels", "message"),
    [
        ({"n_centroids": 0}, GENERIC, "n_centroids"),
        ({"n_centroids": 2}, GENERIC, r"n_centroids=2 is more than the 1 kernel\(s\) that are not"),
        ({"invariances": ["scale"]}, GENERIC, r"invariances has \['scale'\], expected some of"),
        ({"invariances": "sign"}, GENERIC, "invariances"),
        ({}, GENERIC[0], r"kernels have shape \(3, 3, 2\)"),
        ({}, GENERIC[:, :2], "kernels 2x3: 'turns' needs square ones"),
        ({}, np.where(GENERIC > 0, np.inf, GENERIC), "infinity"),
    ],
)
def test_bad_input(parameters: dict[str, Any], kernels: Any, message: str) -> None:
    dictionary = KernelDictionary(**{"n_centroids": 1, **parameters})
    with pytest.raises(ValueError, match=message):
        dictionary.fit(kernels)
    with pytest.raises(NotFittedError):
        dictionary.predict(GENERIC)


def test_shapes_must_agree() -> None:
    with pytest.raises(ValueError, match=r"\(3, 3, 2\) and \(3, 3, 1\), expected the same"):
        kernel_similarity(GENERIC, GENERIC[..., :1])
    with pytest.raises(ValueError, match=r"shape \(3, 3, 1\), those of the dictionary \(3, 3, 2\)"):
        KernelDictionary(1).fit(GENERIC).score(GENERIC[..., :1])
