"""Gabor kernels and features: closed forms, symmetries, order."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from skconv.graph import Concat, Conv, Magnitude
from skconv.kernels import GaborKernels
from skconv.kernels.gabor import envelope_sigma, gabor_kernel
from tests.papers import gabor

IMAGES = np.random.default_rng(0).integers(0, 256, (5, 28, 28)).astype(np.uint8)


def wave_1d() -> tuple[np.ndarray, np.ndarray]:
    """sigma 2, frequency pi / 2, 17 taps, as they come from the formula."""
    even, odd = gabor_kernel((1, 17), 0.0, 4.0, sigma=2.0, remove_dc=False)
    return even[0], odd[0]


# --------------------------------------------------------------- the Fourier law in 1-D


@pytest.mark.parametrize(
    ("frequency", "measured", "theory"),
    [(np.pi / 2, 5.01317, 5.01326), (0.0, 0.03606, 0.03605), (np.pi / 4, 1.45987, 1.45993)],
)
def test_response_of_a_wave_is_a_gaussian_of_frequency(frequency, measured, theory):
    even, odd = wave_1d()
    t = np.arange(-8, 9)
    found = abs(((even + 1j * odd) * np.exp(-1j * frequency * t)).sum())
    law = 2 * np.sqrt(2 * np.pi) * np.exp(-2 * (frequency - np.pi / 2) ** 2)
    np.testing.assert_allclose(found, measured, atol=6e-6)
    np.testing.assert_allclose(law, theory, atol=6e-6)


@pytest.mark.parametrize("phase", np.linspace(0, 2 * np.pi, 9))
def test_energy_does_not_depend_on_phase(phase):
    even, odd = wave_1d()
    x = np.cos(np.pi / 2 * np.arange(-8, 9) + phase)
    energy = np.hypot((even * x).sum(), (odd * x).sum())
    assert abs(energy - 2 * np.sqrt(2 * np.pi) / 2) < 1e-4
    assert abs(energy - 2.5066) < 1e-4


@pytest.mark.parametrize("phase", np.linspace(0, 2 * np.pi, 7))
def test_energy_features_of_a_stripe_do_not_depend_on_phase(phase):
    x = np.cos(np.pi / 2 * np.arange(40) + phase)[None]
    features = gabor(
        wavelengths=(4.0,), kernel_size=17, padding="valid", pool_size=None, bandwidth=1.0
    ).fit(x)
    found = features.transform(x)
    np.testing.assert_allclose(found, found.mean(), rtol=0.01)


def test_bandwidth_of_one_octave():
    np.testing.assert_allclose(envelope_sigma(1.0, 1.0), 0.5622, atol=5e-5)
    np.testing.assert_allclose(envelope_sigma(8.0, 1.0), 8 * envelope_sigma(1.0, 1.0))


def test_half_response_is_half_an_octave_apart_each_side():
    """A bandwidth of b octaves: the response halves at two frequencies in ratio 2^b."""
    sigma = envelope_sigma(8.0, 1.0)
    half_width = np.sqrt(2 * np.log(2)) / sigma
    centre = 2 * np.pi / 8
    np.testing.assert_allclose((centre + half_width) / (centre - half_width), 2.0)


# ------------------------------------------------------------------------- symmetries


@pytest.mark.parametrize("theta", [0.0, 0.3, 1.1, 2.5])
def test_half_a_turn_keeps_even_and_negates_odd(theta):
    even, odd = gabor_kernel((9, 9), theta, 5.0, sigma=2.0, gamma=0.6)
    turned_even, turned_odd = gabor_kernel((9, 9), theta + np.pi, 5.0, sigma=2.0, gamma=0.6)
    np.testing.assert_allclose(turned_even, even, atol=1e-12)
    np.testing.assert_allclose(turned_odd, -odd, atol=1e-12)


@pytest.mark.parametrize("size", [8, 9])
@pytest.mark.parametrize("theta", [0.0, 0.3, 1.1])
def test_a_quarter_turn_clockwise_is_theta_plus_half_pi(theta, size):
    even, odd = gabor_kernel((size, size), theta, 5.0, sigma=2.0, gamma=0.6)
    on_even, on_odd = gabor_kernel((size, size), theta + np.pi / 2, 5.0, sigma=2.0, gamma=0.6)
    np.testing.assert_allclose(np.rot90(even, -1), on_even, atol=1e-12)
    np.testing.assert_allclose(np.rot90(odd, -1), on_odd, atol=1e-12)
    np.testing.assert_allclose(np.rot90(even, 1), on_even, atol=1e-12)
    np.testing.assert_allclose(np.rot90(odd, 1), -on_odd, atol=1e-12)


def test_the_y_axis_points_down():
    """At 45 degrees crests run from the lower left to the upper right."""
    even, odd = gabor_kernel((9, 9), np.pi / 4, 6.0, sigma=2.0)
    np.testing.assert_allclose(even, even.T, atol=1e-12)
    assert odd[6, 6] > 0 > odd[2, 2]
    np.testing.assert_allclose(np.fliplr(odd).diagonal(), 0, atol=1e-12)


@pytest.mark.parametrize("gamma", [0.5, 1.0])
def test_along_the_axes_kernels_are_separable(gamma):
    for theta in (0.0, np.pi / 2):
        for kernel in gabor_kernel((9, 9), theta, 5.0, sigma=2.0, gamma=gamma, remove_dc=False):
            assert np.linalg.matrix_rank(kernel, tol=1e-9) == 1


@pytest.mark.parametrize("theta", [0.3, np.pi / 4])
def test_a_round_envelope_gives_rank_two_at_any_angle(theta):
    for kernel in gabor_kernel((9, 9), theta, 5.0, sigma=2.0, remove_dc=False):
        values = np.linalg.svd(kernel, compute_uv=False)
        assert values[1] > 0.1
        assert values[2] < 1e-12 * values[0]


def test_singular_values_of_a_slanted_kernel():
    even, _ = gabor_kernel((7, 7), 0.3, 4.0, sigma=2.0, remove_dc=False)
    values = np.linalg.svd(even, compute_uv=False)
    np.testing.assert_allclose(values[:3], [2.0913, 1.3209, 0], atol=5e-5)


# --------------------------------------------------------------------------------- DC


def test_odd_kernels_sum_to_zero_exactly_and_even_ones_to_rounding():
    kernels = GaborKernels().fit().kernels_
    even, odd = np.split(kernels.astype(np.float64).sum(axis=(1, 2, 3)), 2)
    assert np.abs(even).max() < 1e-6
    assert np.abs(odd).max() < 1e-6
    for theta in np.arange(8) * np.pi / 8:
        odd = gabor_kernel((9, 9), theta, 5.0, sigma=2.0)[1]
        np.testing.assert_array_equal(odd, -odd[::-1, ::-1])


def test_dc_is_removed_under_the_envelope():
    """What is taken off is a multiple of the envelope, not a constant."""
    raw = gabor_kernel((9, 9), 0.4, 6.0, sigma=2.0, remove_dc=False)[0]
    even = gabor_kernel((9, 9), 0.4, 6.0, sigma=2.0)[0]
    y, x = np.mgrid[-4:5, -4:5]
    ratio = (raw - even) / np.exp(-(x**2 + y**2) / 8)
    np.testing.assert_allclose(ratio, ratio[4, 4], rtol=1e-10)
    assert ratio[4, 4] > 0.001


@pytest.mark.parametrize("phase", ["even", "odd", "both", "energy"])
def test_a_constant_image_gives_nothing(phase):
    constant = np.full((2, 20, 20), 255, np.uint8)
    features = gabor(phase=phase, padding="circular")
    assert np.abs(features.fit_transform(constant)).max() < 2e-3


# --------------------------------------------------------------------------- the bank


def test_order_of_the_bank():
    source = GaborKernels(n_orientations=4, wavelengths=(3.0, 6.0), kernel_size=(7, 9)).fit()
    assert source.kernels_.shape == (16, 7, 9, 1)
    assert source.kernels_.dtype == np.float32
    np.testing.assert_array_equal(source.biases_, np.zeros(16))
    np.testing.assert_allclose(source.orientations_, np.tile(np.arange(4) * np.pi / 4, 4))
    np.testing.assert_array_equal(source.wavelengths_, np.tile(np.repeat([3.0, 6.0], 4), 2))
    even, odd = gabor_kernel((7, 9), np.pi / 2, 6.0, sigma=envelope_sigma(6.0, 1.0))
    np.testing.assert_allclose(source.kernels_[6, :, :, 0], even, atol=1e-7)
    np.testing.assert_allclose(source.kernels_[14, :, :, 0], odd, atol=1e-7)
    for phase, half in (("even", slice(8)), ("odd", slice(8, None))):
        alone = GaborKernels(
            n_orientations=4, wavelengths=(3.0, 6.0), kernel_size=(7, 9), phase=phase
        ).fit()
        np.testing.assert_array_equal(alone.kernels_, source.kernels_[half])


@pytest.mark.parametrize("wavelengths", [(), (1.9, 4.0), 4.0, ((3.0, 4.0),), (np.nan,)])
def test_bad_wavelengths(wavelengths):
    with pytest.raises(ValueError, match="wavelengths"):
        gabor(wavelengths=wavelengths).fit(IMAGES)


@pytest.mark.parametrize(("name", "value"), [("bandwidth", 0), ("gamma", 0), ("phase", "all")])
def test_bad_parameters(name, value):
    with pytest.raises(ValueError, match=f"'{name}' parameter"):
        gabor(**{name: value}).fit(IMAGES)


# --------------------------------------------------------------------------- features

SMALL = {"n_orientations": 4, "wavelengths": (4.0, 8.0), "kernel_size": 7}


def maps(phase, x, **params):
    features = gabor(phase=phase, nonlinearity="identity", pool_size=None, **{**SMALL, **params})
    return features.fit_transform(x).reshape(len(x), 28, 28, -1)


def test_energy_is_the_root_of_even_and_odd():
    even, odd = maps("even", IMAGES), maps("odd", IMAGES)
    np.testing.assert_allclose(maps("energy", IMAGES), np.hypot(even, odd), rtol=1e-4, atol=1e-3)
    both = maps("both", IMAGES)
    np.testing.assert_allclose(both, np.concatenate([even, odd], axis=-1), rtol=1e-4, atol=1e-3)


@pytest.mark.parametrize("phase", ["even", "odd", "both", "energy"])
def test_every_channel_is_filtered_alone(phase):
    colour = np.random.default_rng(1).normal(size=(3, 28, 28, 3))
    found = maps(phase, colour)
    alone = [maps(phase, colour[..., channel]) for channel in range(3)]
    np.testing.assert_allclose(found, np.concatenate(alone, axis=-1), atol=1e-5)


@pytest.mark.parametrize(("padding", "mode"), [("same", "constant"), ("circular", "wrap")])
def test_maps_are_those_of_scipy(padding, mode):
    """What `skimage.filters.gabor` computes with the same kernels and borders."""
    images = IMAGES / np.float32(255)
    features = gabor(
        phase="both",
        nonlinearity="identity",
        pool_size=None,
        padding=padding,
        **{**SMALL, "kernel_size": 15},
    ).fit(images)
    found = features.transform(images).reshape(5, 28, 28, -1)
    for i, kernel in enumerate(features.kernels_[..., 0].astype(np.float64)):
        for image, maps in zip(images.astype(np.float64), found, strict=True):
            wanted = ndimage.convolve(image, kernel[::-1, ::-1], mode=mode)
            np.testing.assert_allclose(maps[..., i], wanted, rtol=0, atol=1e-5)


def test_the_graph_of_energy():
    gray = gabor().fit(IMAGES).graph_
    assert sum(isinstance(node.op, Conv) for node in gray.nodes) == 1
    colour = gabor().fit(np.zeros((1, 28, 28, 3))).graph_
    assert [type(node.op) for node in colour.nodes[1:5]] == [Conv, Conv, Concat, Magnitude]
    assert colour.output.shape == (4 * 4 * 24 * 3,)


def test_a_signal_has_one_direction():
    features = gabor(wavelengths=(4.0, 8.0)).fit(np.zeros((2, 50)))
    assert features.kernels_.shape == (4, 1, 9, 1)
    assert features.transform(np.zeros((2, 50))).shape == (2, 7 * 2)


def test_the_direction_of_stripes_is_found():
    y, x = np.mgrid[:28, :28]
    for i in range(8):
        angle = i * np.pi / 8
        stripes = np.cos(2 * np.pi / 5 * (x * np.cos(angle) + y * np.sin(angle)))[None]
        features = gabor(wavelengths=(5.0,), padding="valid", pool_size=20)
        assert features.fit_transform(stripes).argmax() == i
