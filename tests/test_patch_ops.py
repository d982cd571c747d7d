"""Ops on patches: median, contrast, division and triangle, in closed form and as k-means'."""

from __future__ import annotations

from itertools import product

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given, settings

from skconv.graph import (
    Conv,
    Divide,
    Graph,
    LocalContrast,
    Median,
    QDivide,
    QLocalContrast,
    QTriangle,
    TensorSpec,
    Triangle,
)
from skconv.graph.patches import MEDIAN_NETWORK
from skconv.kernels.kmeans import KMeansKernels, PatchDistances
from skconv.passes.calibrate import calibrate
from skconv.passes.quantize import quantize
from skconv.passes.scales import requantization
from skconv.runtime import engine, fixed, reference
from skconv.testing import assert_runtimes_agree, chain, divided

CENTROIDS = np.array([[0, 0], [4, 0], [0, 3]], np.float32)
AROUND = ((1, 1), (1, 1))


def run_both(graph: Graph, x):
    """The reference, after torch was held against it."""
    assert_runtimes_agree(graph, x, rtol=1e-5)
    return reference.run(graph, x)


# ------------------------------------------------------------------------------- median


def test_the_network_finds_the_median_of_any_nine_entries():
    """A network that orders zeros and ones orders everything."""
    entries = np.array(list(product((0, 1), repeat=9))).T
    wanted = np.median(entries, axis=0)
    for low, high in MEDIAN_NETWORK:
        pair = entries[[low, high]]
        entries[low], entries[high] = pair.min(axis=0), pair.max(axis=0)
    assert len(MEDIAN_NETWORK) == 19
    assert np.array_equal(entries[4], wanted)


def test_median_removes_a_spot_and_keeps_an_edge():
    x = np.zeros((1, 5, 6, 1))
    x[:, :, 3:] = 8
    edge = x.copy()
    x[0, 2, 1] = 100
    graph = chain(Median(padding=AROUND, pad_mode="circular"), shape=(5, 6, 1))
    assert np.array_equal(run_both(graph, x), edge)


def test_median_keeps_integers_and_counts_zeros_outside():
    spec = TensorSpec((3, 3, 1), "uint8", minimum=5, maximum=9)
    graph = Graph(spec).append(Median(padding=AROUND))
    assert graph.output.limits == (0, 9)
    x = np.array([5, 6, 7, 8, 9, 5, 6, 7, 8], np.uint8).reshape(1, 3, 3, 1)
    assert fixed.run(graph, x)[0, :, :, 0].tolist() == [[0, 5, 0], [6, 7, 6], [0, 6, 0]]
    assert_runtimes_agree(graph, x)


# ----------------------------------------------------------------------------- contrast


def test_contrast_is_the_root_of_the_variance():
    x = np.random.default_rng(0).normal(size=(3, 6, 7, 2))
    patch = x[:, 1:4, 2:4]
    for mean, axes in (("patch", (1, 2, 3)), ("channel", (1, 2)), (None, ())):
        graph = chain(LocalContrast((3, 2), remove_mean=mean, eps=0.25), shape=(6, 7, 2))
        centred = patch - (patch.mean(axis=axes, keepdims=True) if axes else 0)
        wanted = np.sqrt((centred**2).mean(axis=(1, 2, 3)) + 0.25)
        np.testing.assert_allclose(run_both(graph, x)[:, 1, 2, 0], wanted, 1e-12)


def test_contrast_of_a_bright_flat_patch_is_that_of_eps():
    """Its mean of squares and squared mean are large and equal."""
    x = np.full((1, 4, 4, 1), 250.1, np.float32)
    graph = chain(LocalContrast(eps=1e-4), shape=(4, 4, 1))
    np.testing.assert_allclose(engine.run(graph, x), 1e-2, 1e-5)


@settings(max_examples=25, deadline=None, derandomize=True)
@given(
    st.sampled_from(["uint8", "int8", "int16"]),
    st.sampled_from(["patch", "channel", None]),
    st.sampled_from([0.01, 1.0, 300.0]),
    st.integers(0, 99),
)
def test_integer_contrast_is_the_root_to_half_a_unit(dtype, mean, eps, seed):
    rng = np.random.default_rng(seed)
    graph = chain(LocalContrast((3, 2), remove_mean=mean, eps=eps), shape=(4, 5, 2))
    info = np.iinfo(dtype)
    x = rng.integers(max(info.min, -info.max), info.max, (4, 4, 5, 2)).astype(dtype)
    x[0] = 7
    ranges = {name: (float(x.min()), float(info.max)) for name in graph.specs}
    integer = quantize(graph, ranges, input_dtype=dtype, input_scale=1.0)
    (op,) = (node.op for node in integer.nodes)
    assert isinstance(op, QLocalContrast)
    spec = integer.output
    # To a unit of the total, or to what 31 bits can tell from 0.
    found_eps = op.eps / op.divisor(2)
    unit = 1 + op.largest_total(integer.input) * 2**-28
    assert abs(found_eps - eps) * op.divisor(2) <= unit
    wanted = np.sqrt(reference.run(graph, x) ** 2 - eps + found_eps) / spec.scale
    found = fixed.run(integer, x).astype(np.float64)
    assert (np.abs(found - wanted) <= 0.5 + 0.51 / found).all()
    assert found.min() >= 1
    assert_runtimes_agree(integer, x)


def test_divided_by_its_contrast_a_patch_has_variance_one():
    """Whatever its contrast and its brightness were."""
    rng = np.random.default_rng(0)
    pattern = rng.normal(size=(3, 3, 1))
    gains = np.array([0.5, 1.0, 40.0]).reshape(3, 1, 1, 1)
    x = 10 + gains * pattern
    mean = Conv(np.full((1, 3, 3, 1), -1 / 9, "f4"), np.zeros(1, "f4"))
    centre = Conv(mean.weights + np.eye(9, dtype="f4")[4].reshape(1, 3, 3, 1), mean.bias)
    graph = divided(Graph(TensorSpec((3, 3, 1))), LocalContrast(eps=1e-9), centre)
    wanted = (pattern[1, 1, 0] - pattern.mean()) / pattern.std()
    np.testing.assert_allclose(run_both(graph, x).ravel(), wanted, 1e-5)


def test_integer_division_is_the_quotient():
    x, by = TensorSpec((2, 2, 3), "int16", 0.5), TensorSpec((2, 2, 1), "uint16", 0.25, 1, 900)
    rule = requantization(x.scale / by.scale, x.magnitude, TensorSpec((1,), "int16", 2.0))
    op = QDivide(requantization=rule)
    assert op.output(x, by).shape == x.shape
    rng = np.random.default_rng(0)
    numbers = rng.integers(-32768, 32768, (50, 2, 2, 3)).astype(np.int16)
    divisors = rng.integers(1, 901, (50, 2, 2, 1)).astype(np.uint16)
    wanted = np.clip(numbers / divisors.astype(float) * 2 / rule.scale, -32768, 32767)
    found = fixed.evaluate(op, numbers, divisors)
    assert np.abs(found - wanted).max() <= 0.51 + 900 / int(rule.multiplier[0]) * 2**15


# ----------------------------------------------------------------------------- triangle


def test_triangle_in_numbers():
    """methods.md 10.5: z = (1, 3, sqrt(10)), mean 2.387426."""
    graph = chain(Triangle(CENTROIDS), shape=(2,))
    found = run_both(graph, np.array([[1.0, 0.0]]))
    np.testing.assert_allclose(found, [[1.387426, 0, 0]], atol=1e-6)


def test_triangle_of_a_point_as_far_from_all_centroids_is_zero():
    graph = chain(Triangle(CENTROIDS), shape=(2,))
    found = run_both(graph, np.array([[2.0, 1.5]]))
    np.testing.assert_allclose(found, 0, atol=1e-6)


def test_triangle_does_not_change_when_all_move():
    x = np.random.default_rng(0).normal(size=(5, 2))
    moved = Triangle(CENTROIDS + np.float32([100, -50]))
    wanted = reference.run(chain(Triangle(CENTROIDS), shape=(2,)), x)
    found = engine.run(chain(moved, shape=(2,)), x + np.array([100, -50]))
    np.testing.assert_allclose(found, wanted, atol=2e-5)


def test_triangle_of_a_pixel_that_is_a_centroid():
    """Its squared distance may come out negative: that is 0, and no NaN."""
    centroids = np.random.default_rng(0).normal(size=(300, 20)).astype(np.float32)
    found = engine.run(chain(Triangle(centroids), shape=(20,)), centroids)
    wanted = reference.run(chain(Triangle(centroids), shape=(20,)), centroids)
    np.testing.assert_allclose(found, wanted, atol=5e-3)


def test_integer_triangle_in_numbers():
    """In units of 1/1000: distances 1000, 3000 and 3162, their mean 2387 (2387.33)."""
    spec = TensorSpec((2,), "int16", 1e-3, minimum=-4000, maximum=4000)
    rule = requantization(1e-3, 2**15, TensorSpec((3,), "int16", 1e-3))
    op = QTriangle((1000 * CENTROIDS).astype(np.int16), requantization=rule)
    assert op.output(spec).shape == (3,)
    graph = Graph(spec).append(op)
    x = np.array([[1000, 0], [2000, 1500]], np.int16)
    assert fixed.run(graph, x).tolist() == [[1387, 0, 0], [0, 0, 0]]
    assert_runtimes_agree(graph, x)


# ------------------------------------------------------------------- the features of k-means


def triangle_graph(distances: PatchDistances, shape: tuple[int, int, int], size: int) -> Graph:
    """The triangle of `PatchDistances` as nodes."""
    kernels, shift = distances.whitening_kernels((size, size, shape[2]))
    graph = Graph(TensorSpec(shape))
    eps = distances.contrast_eps
    if eps is None:
        graph = graph.append(Conv(kernels, shift))
        return graph.append(Triangle(distances.centroids.astype(np.float32)))
    responses = Conv(kernels, np.zeros_like(shift))
    graph = divided(graph, LocalContrast((size, size), eps=eps), responses)
    return graph.append(Triangle((distances.centroids - shift).astype(np.float32)))


def textures(rng, n: int):
    """Waves of many directions, contrasts and brightnesses, as pixels."""
    row, column = np.mgrid[:14, :14]
    angle, phase, gain = rng.uniform(0, np.pi, (3, n, 1, 1))
    wave = np.sin(np.cos(angle) * row + np.sin(angle) * column + phase)
    noise = rng.normal(0, 0.1, wave.shape)
    return np.clip(128 + 30 * gain * (wave + noise), 0, 255).round()[..., None]


@pytest.mark.parametrize("contrast_eps", [0.005, None])
def test_the_graph_is_the_definition_and_its_integers_are_near(contrast_eps):
    x = textures(np.random.default_rng(0), 60)
    source = KMeansKernels(
        n_kernels=24, kernel_size=5, contrast_eps=contrast_eps, n_patches=2000, random_state=0
    ).fit(x)
    distances = source.distances_
    graph = triangle_graph(distances, (14, 14, 1), 5)
    patches = np.lib.stride_tricks.sliding_window_view(x[:4, ..., 0], (5, 5), (1, 2))
    wanted = distances.triangle(patches.reshape(-1, 25)).reshape(4, 10, 10, 24)
    np.testing.assert_allclose(run_both(graph, x[:4]), wanted, atol=2e-5 * wanted.max())
    integer = quantize(graph, calibrate(graph, x), input_dtype="uint8", input_scale=1.0)
    pixels = x[:4].astype(np.uint8)
    found = fixed.run(integer, pixels) * integer.output.scale
    assert np.abs(found - wanted).mean() < 0.02 * wanted.max()
    assert_runtimes_agree(integer, pixels)


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: chain(Median(size=(3, 2))), r"Median needs size \(3, 3\), got \(3, 2\)"),
        (lambda: chain(Median(), shape=(2, 9, 1)), "patch 3x3 is larger than the 2x9 map"),
        (lambda: chain(LocalContrast(eps=0.0)), "LocalContrast needs eps > 0, got 0.0"),
        (lambda: chain(Triangle(CENTROIDS), shape=(3,)), r"centroids \(3, 2\) do not fit 3"),
        (
            lambda: chain(Median(padding=((9, 0), (0, 0)), pad_mode="circular")),
            "circular padding .* is larger than the map 8x10",
        ),
        (
            lambda: Divide().output(TensorSpec((4, 4, 3)), TensorSpec((4, 3, 1))),
            r"Divide of \(4, 4, 3\) needs a divisor \(4, 4, 1\), got \(4, 3, 1\)",
        ),
    ],
)
def test_refusals(build, message):
    with pytest.raises(ValueError, match=message):
        build()


def test_integer_refusals():
    x = TensorSpec((4, 4, 1), "uint8")
    rule = requantization(1.0, 255, TensorSpec((1,), "uint8"))
    with pytest.raises(ValueError, match="QDivide needs a divisor >= 1"):
        QDivide(requantization=rule).output(x, x)
    with pytest.raises(ValueError, match="needs an even shift, got 3"):
        QLocalContrast(eps=8, shift=3).output(x)
    with pytest.raises(ValueError, match=r"totals 1\.\..* must be in 1"):
        QLocalContrast(eps=1, shift=2).output(x)
    far = np.full((1, 4), 32767, np.int16)
    with pytest.raises(ValueError, match=r"squared distances up to .* do not fit int32"):
        QTriangle(far, requantization=rule).output(TensorSpec((4,), "int16"))
