"""Known kernels: integers, gains, orientations, ranks, what they respond to."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from numpy.typing import NDArray

from skconv.kernels import FixedKernels
from tests.patch_matrix import patches_of, responses

MAPS = np.zeros((1, 9, 9, 1))
EDGES = ("sobel", "scharr", "prewitt")


def integers(*names: str) -> NDArray[np.float32]:
    return FixedKernels(names=names, normalize=False).fit(MAPS).kernels_[..., 0]


def test_all() -> None:
    source = FixedKernels(normalize=False).fit(MAPS)
    assert source.kernels_.shape == (40, 5, 5, 1)
    assert_array_equal(source.kernels_, np.round(source.kernels_))
    assert len(np.unique(source.kernels_, axis=0)) == len(set(source.names_)) == 40
    assert_array_equal(source.gains_, np.abs(source.kernels_).sum(axis=(1, 2, 3)))
    assert not source.biases_.any()
    smooth = [name for name in source.names_ if name.startswith("gauss")]
    sums = dict(zip(source.names_, source.kernels_.sum(axis=(1, 2, 3)), strict=True))
    assert smooth == [name for name, total in sums.items() if total != 0]


@pytest.mark.parametrize(
    ("name", "gain"),
    [("sobel_0", 8), ("scharr_90", 32), ("prewitt_45", 6), ("gauss_3", 16), ("gauss_5", 256),
     ("laplace_4", 8), ("laplace_8", 16), ("laws_e5s5", 24), ("laws_r5r5", 256), ("row_e5", 6)],
)  # fmt: skip
def test_gains(name: str, gain: int) -> None:
    source = FixedKernels(names=[name]).fit(MAPS)
    assert_array_equal(source.gains_, [gain])
    assert_allclose(np.abs(source.kernels_).sum(), 1, rtol=1e-6)
    assert_allclose(source.kernels_[..., 0] * gain, integers(name), atol=1e-5)


def test_singular_values() -> None:
    for name, wanted in [("sobel_0", 12**0.5), ("scharr_0", 236**0.5), ("laplace_4", 4.449)]:
        values = np.linalg.svd(integers(name)[0], compute_uv=False)
        assert_allclose(values[0], wanted, atol=1e-3)
        assert np.linalg.matrix_rank(integers(name)[0]) == (2 if "laplace" in name else 1)
    laws = FixedKernels(names="laws").fit(MAPS).kernels_[..., 0]
    assert len(laws) == 25
    assert_array_equal(np.linalg.matrix_rank(laws), 1)
    assert_array_equal(integers("laws_l5l5"), integers("gauss_5"))
    assert_array_equal(integers("laws_l5e5")[0], integers("laws_e5l5")[0].T)


@pytest.mark.parametrize("edge", EDGES)
def test_orientations(edge: str) -> None:
    right, diagonal, down, other = integers(edge)
    assert_array_equal(down, np.rot90(right, -1))
    assert_array_equal(other, np.rot90(diagonal, -1))
    assert_array_equal(diagonal, diagonal.T)
    # Under the four flips and quarter turns each kernel has four images, two up to sign.
    for kernel in (right, diagonal):
        turned = [np.rot90(k, i) for k in (kernel, kernel.T) for i in range(4)]
        assert len(np.unique(turned, axis=0)) == 4


def test_images_of_a_kernel_under_flips_and_quarter_turns() -> None:
    def images_of(kernel: NDArray[np.float32]) -> NDArray[np.float32]:
        return np.stack([np.rot90(k, i) for k in (kernel, kernel.T) for i in range(4)])

    def up_to_sign(kernels: NDArray[np.float32]) -> set[Any]:
        return {min(k.tobytes(), (-k + 0.0).tobytes()) for k in kernels + 0.0}

    for name, n_images, n_without_sign in (("sobel_0", 4, 2), ("gauss_3", 1, 1)):
        images = images_of(integers(name)[0])
        assert len(np.unique(images, axis=0)) == n_images
        assert len(up_to_sign(images)) == n_without_sign
    # The upright ones of the bank are all of them, up to sign.
    assert up_to_sign(integers("sobel_0", "sobel_90")) == up_to_sign(
        images_of(integers("sobel_0")[0])
    )


def test_diagonal_sobel() -> None:
    assert_array_equal(integers("sobel_45")[0], [[-2, -1, 0], [-1, 0, 1], [0, 1, 2]])
    assert_array_equal(integers("sobel_135")[0], [[0, -1, -2], [1, 0, -1], [2, 1, 0]])


@pytest.mark.parametrize("edge", EDGES)
def test_an_edge_detector_gives_the_slope(edge: str) -> None:
    y, x = np.mgrid[:9, :9].astype(float)
    source = FixedKernels(names=edge).fit(MAPS)
    ramps = np.stack([x, y])[..., None]
    found = responses(source, ramps).reshape(2, 49, 4)
    assert_allclose(found[0, :, [0, 2]], np.array([[1.0], [0.0]]) * np.ones((2, 49)), atol=1e-6)
    assert_allclose(found[1, :, [0, 2]], np.array([[0.0], [1.0]]) * np.ones((2, 49)), atol=1e-6)
    assert (found[:, :, 1] > 0).all() and (found[0, :, 3] < 0).all() and (found[1, :, 3] > 0).all()


def test_laplace_is_the_second_difference() -> None:
    y, x = np.mgrid[:9, :9].astype(float)
    source = FixedKernels(names=["laplace_4", "laplace_8"], normalize=False).fit(MAPS)
    found = responses(source, (x**2 + y**2 + 3 * x)[None, ..., None])
    assert_allclose(found, np.broadcast_to([4.0, 12.0], found.shape), atol=1e-4)


def test_small_kernels_lie_in_the_middle_of_large_ones() -> None:
    source = FixedKernels(names=["gauss_3", "gauss_5", "row_e5"]).fit(MAPS)
    assert source.names_ == ["gauss_3", "gauss_5", "row_e5"]
    assert_allclose(source.kernels_[0, 1:4, 1:4, 0] * 16, integers("gauss_3")[0])
    assert_allclose(source.kernels_[0].sum(), 1)
    assert not source.kernels_[2, [0, 1, 3, 4]].any() and source.kernels_[2, 2].any()


def test_channels() -> None:
    maps = np.random.default_rng(0).normal(size=(2, 6, 6, 3))
    mean = FixedKernels(names="sobel").fit(maps)
    alone = FixedKernels(names="sobel").fit(maps[..., :1])
    grey = maps.mean(axis=3, keepdims=True)
    assert_allclose(responses(mean, maps), responses(alone, grey), atol=1e-6)
    each = FixedKernels(names="sobel", channels="each").fit(maps)
    assert each.kernels_.shape == (12, 3, 3, 3) and each.names_[:4] == ["sobel_0"] * 3 + [
        "sobel_45"
    ]
    found = responses(each, maps).reshape(-1, 4, 3)
    for channel in range(3):
        wanted = responses(alone, maps[..., channel : channel + 1])
        assert_allclose(found[:, :, channel], wanted, atol=1e-6)
    assert len(each.gains_) == 12


def test_signals() -> None:
    signal = np.arange(9.0).reshape(1, 1, 9, 1) ** 2
    source = FixedKernels().fit(signal)
    assert source.kernels_.shape == (8, 1, 5, 1)
    assert all(name.startswith("row_") for name in source.names_)
    by_name = FixedKernels(names=["row_laplace", "row_difference"], normalize=False).fit(signal)
    found = responses(by_name, signal)
    assert_array_equal(found[:, 0], 2)
    assert_array_equal(found[:, 1], 4 * np.arange(1, 8))
    assert patches_of(signal, (1, 3), "valid").shape == (7, 3)


@pytest.mark.parametrize(
    ("maps", "names", "message"),
    [
        (MAPS, ["sobel", "canny"], "names has 'canny', expected 'all', groups of"),
        (MAPS, [], r"names=\[\] must name"),
        (MAPS, ["sobel", "sobel_0"], "must name each kernel once"),
        (MAPS, 5, "names"),
        (np.zeros((1, 4, 9, 1)), ["gauss_5"], "larger than the 4x9 maps"),
        (np.zeros((1, 1, 9, 1)), "sobel", "larger than the 1x9 maps"),
    ],
)
def test_bad_input(maps: Any, names: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        FixedKernels(names=names).fit(maps)
