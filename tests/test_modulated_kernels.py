"""Modulated kernels: products with oriented masks, biases, order."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone

from skconv.kernels import ArrayKernels, ModulatedKernels, PatchKernels, PCAKernels
from skconv.kernels.modulated import modulate
from tests.patch_matrix import patches_of, random_maps

MAPS = random_maps(9, 9, 9, 2) + 3


def test_masks_are_the_formula_and_products_go_entry_by_entry() -> None:
    source = ModulatedKernels(
        source=PCAKernels(n_kernels=3, kernel_size=5), n_orientations=4, wavelength=4.0
    ).fit(MAPS)
    y, x = np.mgrid[-2:3, -2:3]
    angles = np.arange(4) * np.pi / 4
    masks = np.stack(
        [
            np.exp(-(x**2 + y**2) / 32) * np.cos(np.pi / 2 * (x * np.cos(a) + y * np.sin(a)))
            for a in angles
        ]
    )
    assert_allclose(source.masks_, masks, atol=1e-12)
    kernels = PCAKernels(n_kernels=3, kernel_size=5).fit(MAPS).kernels_
    assert source.kernels_.shape == (12, 5, 5, 2)
    for index in range(12):
        wanted = kernels[index // 4] * masks[index % 4, :, :, None]
        assert_allclose(source.kernels_[index], wanted, atol=1e-7)
    assert not source.biases_.any()


def test_a_constant_kernel_becomes_the_masks() -> None:
    ones = ArrayKernels(kernels=np.ones((1, 7, 7, 2)))
    source = ModulatedKernels(source=ones, n_orientations=2, wavelength=3.0, sigma=1.5).fit(MAPS)
    assert_allclose(source.kernels_[..., 1], source.masks_, atol=1e-7)
    assert_allclose(source.kernels_[1], np.rot90(source.kernels_[0]), atol=1e-7)


def test_turning_kernels_turns_products() -> None:
    kernels, masks = random_maps(3, 5, 5, 1), random_maps(2, 5, 5, seed=1)
    turned = modulate(np.rot90(kernels, axes=(1, 2)), np.rot90(masks, axes=(1, 2)))
    assert_array_equal(turned, np.rot90(modulate(kernels, masks), axes=(1, 2)))


@pytest.mark.parametrize("padding", ["valid", "same"])
def test_the_mean_patch_gets_the_response_that_it_had(padding: Any) -> None:
    patches = PatchKernels(n_kernels=3, kernel_size=4, padding=padding, random_state=0)
    source = ModulatedKernels(source=patches, n_orientations=3).fit(MAPS)
    mean = patches_of(MAPS, (4, 4), padding).mean(axis=0)
    assert np.abs(source.biases_).max() > 0.01
    found = source.kernels_.reshape(9, -1) @ mean + source.biases_
    assert_allclose(found, 0, atol=1e-5)  # whitened patches give 0 there
    biased = ArrayKernels(kernels=random_maps(2, 3, 3, 2), biases=[0.0, 1.0])
    source = ModulatedKernels(source=biased, n_orientations=3).fit(MAPS)
    mean = patches_of(MAPS, (3, 3), "valid").mean(axis=0)
    wanted = random_maps(2, 3, 3, 2).reshape(2, -1) @ mean + [0, 1]
    found = source.kernels_.reshape(6, -1) @ mean + source.biases_
    assert_allclose(found, np.repeat(wanted, 3), atol=1e-5)


def test_zero_mean() -> None:
    pca = PCAKernels(n_kernels=4, kernel_size=5)
    raw = ModulatedKernels(source=pca).fit(MAPS).kernels_
    assert np.abs(raw.sum(axis=(1, 2))).max() > 0.01
    kernels = ModulatedKernels(source=pca, zero_mean=True).fit(MAPS).kernels_
    assert_allclose(kernels.sum(axis=(1, 2)), 0, atol=1e-5)
    assert_allclose(kernels, raw - raw.mean(axis=(1, 2), keepdims=True), atol=1e-6)


def test_signals_have_one_orientation() -> None:
    signals = random_maps(9, 1, 20, 1)
    source = ModulatedKernels(source=PCAKernels(n_kernels=3, kernel_size=(1, 5))).fit(signals)
    assert source.kernels_.shape == (3, 1, 5, 1) and len(source.masks_) == 1


def test_parameters_of_the_source() -> None:
    source = ModulatedKernels(source=PCAKernels(n_kernels=3, kernel_size=3))
    other = clone(source).set_params(source__n_kernels=2, n_orientations=2).fit(MAPS)
    assert len(other.kernels_) == 4 and source.source.n_kernels == 3
    assert not hasattr(other.source, "kernels_") and len(other.source_.kernels_) == 2
    assert ModulatedKernels().fit(MAPS).kernels_.shape == (32, 7, 7, 2)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"n_orientations": 0}, "n_orientations"),
        ({"wavelength": 1.5}, "wavelength"),
        ({"sigma": 0.0}, "sigma"),
        ({"source": "pca"}, "source"),
        ({"source": PCAKernels(n_kernels=99)}, "n_kernels=99 is more than the rank"),
    ],
)
def test_bad_input(parameters: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        ModulatedKernels(**parameters).fit(MAPS)
