"""Random kernels: closed forms, and what each parameter promises."""

from __future__ import annotations

import numpy as np
import pytest

from skconv.graph import Graph, TensorSpec, verify
from skconv.kernels import RandomKernels
from skconv.runtime import reference, torch_engine
from skconv.stages.spec import StageSpec
from tests.papers import random_conv

RUNTIMES = pytest.mark.parametrize("runtime", [reference, torch_engine])
IMAGES = np.random.default_rng(0).integers(0, 256, (20, 16, 16)).astype(np.uint8)


def circular_square_pool(kernel: np.ndarray, length: int) -> Graph:
    """Square pooling over the whole signal after a circular convolution."""
    stage = StageSpec(padding="circular", nonlinearity="square", pool="l2", pool_size=(1, length))
    bank = np.asarray(kernel, np.float32).reshape(1, 1, -1, 1)
    conv = stage.conv(bank, np.zeros(1, "f4"), signal=True)
    return verify(stage.finish(Graph(TensorSpec((1, length, 1))).append(conv), None, signal=True))


# -------------------------------------------- Saxe et al. 2011: circular square pooling


def test_power_spectrum_of_the_kernel():
    kernel = np.zeros(8)
    kernel[:2] = 1, 2
    power = np.abs(np.fft.fft(kernel)) ** 2
    np.testing.assert_allclose(power[:5], 5 + 4 * np.cos(2 * np.pi * np.arange(5) / 8))
    np.testing.assert_allclose(power[:5], [9, 7.828427, 5, 2.171573, 1], atol=1e-6)


@RUNTIMES
@pytest.mark.parametrize(("frequency", "energy"), [(1, 7.828427), (2, 5.0), (3, 2.171573)])
@pytest.mark.parametrize("phase", [0.0, 0.4, 1.7, 3.0, 5.5])
def test_a_sinusoid_of_any_phase_gives_the_power_of_the_kernel(runtime, frequency, energy, phase):
    t = np.arange(8)
    x = np.sqrt(2 / 8) * np.cos(2 * np.pi * frequency * t / 8 + phase)
    found = runtime.run(circular_square_pool([1, 2], 8), x.reshape(1, 1, 8, 1))
    np.testing.assert_allclose(found.ravel() ** 2, energy, rtol=2e-6)


@pytest.mark.parametrize("pool", ["l2", "mean", "max"])
@pytest.mark.parametrize("nonlinearity", ["abs", "square", "relu", "both_signs"])
def test_pooling_the_whole_circular_map_ignores_cyclic_shifts_exactly(pool, nonlinearity):
    """Integer weights and pixels: every sum is exact, in any order."""
    x = np.random.default_rng(0).integers(0, 8, (5, 8, 8)).astype(np.uint8)
    features = random_conv(
        n_kernels=6,
        kernel_size=3,
        weights="signs",
        padding="circular",
        nonlinearity=nonlinearity,
        pool=pool,
        pool_size=8,
        random_state=0,
    ).fit(x)
    wanted = features.transform(x)
    for shift in ((1, 0), (0, 3), (5, 2)):
        shifted = np.roll(x, shift, axis=(1, 2))
        np.testing.assert_array_equal(features.transform(shifted), wanted)


# --------------------------------------------------- expectations over normal weights


def relu_of_many_kernels(points: np.ndarray, n_kernels: int = 200_000) -> np.ndarray:
    features = random_conv(
        n_kernels=n_kernels,
        kernel_size=(1, points.shape[1]),
        nonlinearity="relu",
        pool_size=None,
        random_state=0,
    )
    return features.fit(points).transform(points).astype(np.float64)


@pytest.mark.parametrize(
    ("degrees", "expected"), [(0, 0.5), (60, 0.304499), (90, 0.159155), (180, 0.0)]
)
def test_relu_features_estimate_the_arc_cosine_kernel(degrees, expected):
    angle = np.deg2rad(degrees)
    formula = (np.sin(angle) + (np.pi - angle) * np.cos(angle)) / (2 * np.pi)
    np.testing.assert_allclose(formula, expected, atol=1e-6)
    points = np.array([[1.0, 0.0], [np.cos(angle), np.sin(angle)]])
    x, y = relu_of_many_kernels(points)
    products = x * y
    error = 4 * products.std() / np.sqrt(len(products)) + 1e-6
    assert abs(products.mean() - expected) < error


def test_mean_relu_feature_is_the_norm():
    point = np.array([[3.0, 0.0, 4.0]])
    features = relu_of_many_kernels(point)[0]
    error = 4 * features.std() / np.sqrt(len(features))
    assert abs(features.mean() - 5 / np.sqrt(2 * np.pi)) < error


def test_mean_energy_is_taps_times_energy_of_the_input():
    """E[sum (f (*) x)^2] = k |x|^2 for circular convolution with k standard normal taps."""
    x = np.random.default_rng(0).normal(size=(1, 6, 6))
    features = random_conv(
        n_kernels=20_000, kernel_size=3, padding="circular", pool_size=6, random_state=1
    )
    energies = features.fit_transform(x)[0].astype(np.float64) ** 2
    error = 4 * energies.std() / np.sqrt(len(energies))
    assert abs(energies.mean() - 9 * (x**2).sum()) < error


# --------------------------------------------------------------------- homogeneity


@pytest.mark.parametrize(
    ("nonlinearity", "pool", "power"),
    [("relu", "mean", 1), ("abs", "max", 1), ("square", "l2", 1), ("square", "mean", 2)],
)
def test_features_scale_with_the_input(nonlinearity, pool, power):
    features = random_conv(
        n_kernels=4, kernel_size=3, nonlinearity=nonlinearity, pool=pool, random_state=0
    ).fit(IMAGES)
    once, fourfold = features.transform(IMAGES / 4.0), features.transform(IMAGES)
    np.testing.assert_allclose(fourfold, 4.0**power * once, rtol=1e-6)


def test_square_pooling_is_the_root_of_the_sum_of_squares():
    features = random_conv(n_kernels=3, kernel_size=5, pool_size=4, random_state=0)
    maps = random_conv(
        n_kernels=3, kernel_size=5, nonlinearity="identity", pool_size=None, random_state=0
    )
    z = maps.fit_transform(IMAGES).reshape(20, 3, 4, 3, 4, 3).astype(np.float64)
    wanted = np.sqrt((z**2).sum(axis=(2, 4))).reshape(20, -1)
    np.testing.assert_allclose(features.fit_transform(IMAGES), wanted, rtol=1e-5)


def test_both_signs_are_the_two_relus():
    params = {"n_kernels": 3, "kernel_size": 3, "pool": "max", "pool_size": 7, "random_state": 0}
    both = random_conv(nonlinearity="both_signs", **params).fit(IMAGES)
    relu = random_conv(nonlinearity="relu", **params).fit(IMAGES)
    found = both.transform(IMAGES).reshape(20, 2, 2, 6)
    np.testing.assert_array_equal(found[..., :3].reshape(20, -1), relu.transform(IMAGES))
    negative = relu.transform(-IMAGES.astype(np.int16))
    np.testing.assert_array_equal(found[..., 3:].reshape(20, -1), negative)


# -------------------------------------------------------------------------- kernels

MAPS = np.zeros((1, 9, 9, 2))


def test_kernels_are_cross_correlated():
    kernels = random_conv(
        n_kernels=1, kernel_size=16, nonlinearity="identity", pool_size=None, random_state=0
    ).fit(IMAGES)
    wanted = (kernels.kernels_[0, :, :, 0] * IMAGES).sum(axis=(1, 2))
    np.testing.assert_allclose(kernels.transform(IMAGES)[:, 0], wanted, rtol=1e-3)


def test_normal_weights():
    kernels = RandomKernels(n_kernels=500, kernel_size=5, random_state=0).fit(MAPS).kernels_
    assert kernels.shape == (500, 5, 5, 2)
    assert kernels.dtype == np.float32
    assert abs(kernels.mean()) < 4 / np.sqrt(kernels.size)
    assert abs(kernels.var() - 1) < 4 * np.sqrt(2 / kernels.size)


@pytest.mark.parametrize(("weights", "values"), [("signs", [-1, 1]), ("ternary", [-1, 0, 1])])
def test_few_valued_weights_are_equally_likely(weights, values):
    source = RandomKernels(n_kernels=500, kernel_size=5, weights=weights, random_state=0)
    found, counts = np.unique(source.fit(MAPS).kernels_, return_counts=True)
    np.testing.assert_array_equal(found, values)
    share = 1 / len(values)
    error = 4 * np.sqrt(share * (1 - share) / counts.sum())
    assert np.abs(counts / counts.sum() - share).max() < error


def test_no_ternary_kernel_is_dead():
    source = RandomKernels(n_kernels=300, kernel_size=1, weights="ternary", random_state=0)
    assert source.fit(MAPS).kernels_.any(axis=(1, 2, 3)).all()


def test_zero_mean_kernels_do_not_see_a_constant_in_any_channel():
    source = RandomKernels(n_kernels=8, kernel_size=4, zero_mean=True, random_state=0)
    kernels = source.fit(MAPS).kernels_
    np.testing.assert_allclose(kernels.sum(axis=(1, 2)), 0, atol=1e-6)
    params = {"n_kernels": 8, "kernel_size": 4, "zero_mean": True, "random_state": 0}
    x = np.broadcast_to(np.array([200.0, 7.0]), (1, 9, 9, 2))
    assert random_conv(pool_size=2, **params).fit_transform(x).max() < 1e-2


@pytest.mark.parametrize("weights", ["signs", "ternary"])
def test_zero_mean_wants_normal_weights(weights):
    with pytest.raises(ValueError, match=f"zero_mean=True.*weights='{weights}'"):
        random_conv(kernel_size=3, zero_mean=True, weights=weights).fit(IMAGES)


@pytest.mark.parametrize("weights", ["normal", "signs", "ternary"])
def test_random_state(weights):
    def kernels(seed, n_kernels=8):
        source = RandomKernels(n_kernels=n_kernels, weights=weights, random_state=seed)
        return source.fit(MAPS).kernels_

    np.testing.assert_array_equal(kernels(0), kernels(0))
    assert (kernels(0) != kernels(1)).any()
    # More kernels go on where fewer ended: a grid over n_kernels compares like with like.
    np.testing.assert_array_equal(kernels(0, 16)[:8], kernels(0))


def test_order_of_the_features():
    features = random_conv(n_kernels=2, kernel_size=3, pool_size=7, random_state=0)
    alone = random_conv(n_kernels=1, kernel_size=3, pool_size=7, random_state=0)
    both = features.fit_transform(IMAGES).reshape(20, 2, 2, 2)
    np.testing.assert_allclose(both[..., 0].reshape(20, -1), alone.fit_transform(IMAGES), rtol=1e-6)
    assert features.get_feature_names_out()[1] == "conv1_0x0"
