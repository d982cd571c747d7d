"""Whitened random patches: what they are, what folds, how they are drawn."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from skconv.kernels import PatchKernels
from skconv.kernels.base import PADDINGS
from tests.patch_matrix import patches_of, random_maps, responses

BYTES = np.random.default_rng(0).integers(0, 256, size=(12, 9, 9, 2)).astype(np.uint8)


@pytest.mark.parametrize("remove_mean", ["channel", "patch", None])
@pytest.mark.parametrize("padding", sorted(PADDINGS))
@pytest.mark.parametrize("eps", [None, 0.0, 0.01])
def test_response_is_the_dot_product_with_the_whitened_patch(
    remove_mean: Any, padding: Any, eps: Any
) -> None:
    source = PatchKernels(
        n_kernels=6, kernel_size=3, eps=eps, remove_mean=remove_mean, padding=padding,
        random_state=0,
    ).fit(BYTES)  # fmt: skip
    white = source.whitening_.apply(patches_of(BYTES, (3, 3), padding))
    found = responses(source, BYTES, padding)
    assert_allclose(found, white @ source.directions_.T, atol=1e-4 * np.abs(found).max())


@pytest.mark.parametrize("eps", [None, 0.01])
def test_directions_are_patches_of_the_maps(eps: Any) -> None:
    source = PatchKernels(n_kernels=9, kernel_size=(2, 3), eps=eps, random_state=1).fit(BYTES)
    white = source.whitening_.apply(patches_of(BYTES, (2, 3), "valid"))
    cosines = source.directions_ @ white.T / np.linalg.norm(white, axis=1)
    assert_allclose(cosines.max(axis=1), 1, atol=1e-6)
    assert_allclose(np.linalg.norm(source.directions_, axis=1), 1, atol=1e-6)
    assert len(set(cosines.argmax(axis=1))) == 9


def test_without_whitening_a_kernel_is_a_patch_at_unit_length() -> None:
    source = PatchKernels(n_kernels=5, kernel_size=2, eps=None, random_state=0).fit(BYTES)
    assert_array_equal(source.kernels_.reshape(5, 8), source.directions_)
    assert not source.biases_.any()


def test_the_mean_patch_gives_nothing() -> None:
    source = PatchKernels(n_kernels=8, kernel_size=3, random_state=0).fit(BYTES)
    mean = patches_of(BYTES, (3, 3), "valid").mean(axis=0)
    found = source.kernels_.reshape(8, 18) @ mean + source.biases_
    assert_allclose(found, 0, atol=1e-4)
    assert np.abs(source.biases_).max() > 0.01


def test_scale_of_the_maps_changes_no_response() -> None:
    one = PatchKernels(n_kernels=8, kernel_size=3, random_state=0)
    wanted = responses(one.fit(BYTES), BYTES)
    scaled = BYTES / np.float32(255)
    assert_allclose(responses(one.fit(scaled), scaled), wanted, atol=1e-4)


def test_patches_of_one_direction_give_one_kernel() -> None:
    maps = np.zeros((40, 9, 9, 1), np.uint8)
    maps[:, 4, 4] = np.arange(1, 41)[:, None]
    source = PatchKernels(n_kernels=9, kernel_size=3, eps=None, random_state=0).fit(maps)
    places = source.kernels_.reshape(9, 9)
    assert_array_equal(places[np.lexsort(places.T)], np.eye(9))
    with pytest.raises(ValueError, match=r"n_kernels=10 is more than the 9 different directions"):
        source.set_params(n_kernels=10).fit(maps)
    with pytest.warns(UserWarning, match=r"n_kernels=10 is more than the 9 .* 9 is used"):
        clipped = source.set_params(clip=True).fit(maps).kernels_.reshape(9, 9)
    assert_array_equal(clipped, places)


def test_more_kernels_go_on_where_fewer_ended() -> None:
    def kernels(n_kernels: int, seed: int) -> Any:
        return PatchKernels(n_kernels=n_kernels, kernel_size=3, random_state=seed).fit(BYTES)

    assert_array_equal(kernels(16, 0).kernels_[:5], kernels(5, 0).kernels_)
    assert (kernels(5, 0).kernels_ != kernels(5, 1).kernels_).any()


@pytest.mark.parametrize(
    ("maps", "parameters", "message"),
    [
        (random_maps(1, 4, 4, 1), {"n_kernels": 5}, "n_kernels=5 is more than the 4 patch"),
        (np.zeros((4, 6, 6, 1)), {"n_kernels": 1, "eps": None}, "than the 0 different directions"),
        (
            np.full((4, 6, 6, 1), 7.3),
            {"n_kernels": 1, "eps": None, "remove_mean": "patch"},
            "than the 0 different directions",
        ),
        (np.zeros((4, 6, 6, 1)), {"n_kernels": 1}, "all equal cannot be whitened"),
        (random_maps(4, 6, 6, 1), {"eps": -1.0}, "eps"),
        (random_maps(4, 6, 6, 1), {"kernel_size": 7}, "kernel_size=7 is larger than the 6x6"),
    ],
)
def test_bad_input(maps: Any, parameters: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        PatchKernels(**{"kernel_size": 3, **parameters}).fit(maps)
