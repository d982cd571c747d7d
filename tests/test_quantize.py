"""Calibration and quantisation: scales, bounds, and closeness to the float graph."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from skconv.graph import (
    Abs,
    Affine,
    ArgMax,
    Conv,
    Graph,
    Hash,
    KernelMachine,
    Linear,
    MeanPool,
    QConv,
    QConvHash,
    QLinear,
    Quantized,
    Relu,
    Reshape,
    TensorSpec,
)
from skconv.passes.calibrate import calibrate
from skconv.passes.quantize import device_input, quantize, unit_scale
from skconv.passes.scales import (
    integer_spec,
    requantization,
    round_keeping_sums,
    row_scales,
)
from skconv.runtime import fixed, reference

RNG = np.random.default_rng(0)


def conv(n_kernels=4, size=3, channels=1, bias=0.0):
    weights = RNG.normal(size=(n_kernels, size, size, channels)).astype("f4")
    return Conv(weights, np.full(n_kernels, bias, "f4"))


def images(n=50, shape=(8, 8, 1)):
    return RNG.integers(0, 256, (n, *shape), dtype=np.uint8)


def flatten(graph):
    return graph.append(Reshape((graph.output.size,)))


# ------------------------------------------------------------------------- calibration


def test_minmax_is_what_was_seen_and_contains_zero():
    graph = Graph(TensorSpec((2,))).append(Affine(np.array([1, 2], "f4"), np.array([5, 5], "f4")))
    ranges = calibrate(graph, np.array([[1.0, 2.0], [3.0, 4.0]]))
    assert ranges == {"input": (0.0, 4.0), "affine": (0.0, 13.0)}


def test_percentile_leaves_out_a_far_outlier():
    x = np.r_[RNG.normal(size=100_000), 1000.0][:, None]
    low, high = calibrate(Graph(TensorSpec((1,))), x, "percentile")["input"]
    assert -6 < low < 0 < high < 10


def test_mse_clips_an_outlier_and_keeps_a_uniform_range():
    uniform = RNG.uniform(0, 1, 10_000)[:, None]
    assert calibrate(Graph(TensorSpec((1,))), uniform, "mse")["input"][1] > 0.95
    heavy = np.r_[RNG.normal(size=200_000), 12.0][:, None]
    assert 4 < calibrate(Graph(TensorSpec((1,))), heavy, "mse")["input"][1] < 10


@pytest.mark.parametrize(
    ("x", "method", "message"),
    [
        (np.zeros((0, 2)), "minmax", "at least one sample"),
        (np.array([[np.nan, 0.0]]), "minmax", "finite"),
        (np.zeros((1, 3)), "minmax", "shape"),
        (np.zeros((1, 2)), "median", "calibration='median'"),
    ],
)
def test_calibrate_refuses(x, method, message):
    with pytest.raises(ValueError, match=message):
        calibrate(Graph(TensorSpec((2,))), x, method)


# ------------------------------------------------------------------------------ scales


@given(
    hnp.arrays(np.float64, (3, 9), elements=st.floats(-127, 127, width=32)),
)
def test_round_keeping_sums_keeps_sums_and_moves_by_less_than_one(values):
    values -= values.mean(axis=1, keepdims=True) * 0.5
    values = np.clip(values, -127, 127)
    rounded = round_keeping_sums(values, 127)
    assert np.array_equal(rounded.sum(axis=1), np.rint(values.sum(axis=1)))
    assert np.abs(rounded - values).max() <= 1.5
    assert np.abs(rounded).max() <= 127


@given(st.floats(1e-6, 1e3), st.integers(1, 2**31 - 1), st.floats(1e-3, 1e3))
def test_requantization_gives_the_scale_that_it_says(unit, bound, high):
    rule = requantization(unit, bound, integer_spec((1,), -high, high, 127))
    assert bound << rule.shift < 2**31
    exact = unit / rule.scale * 2.0 ** (32 - rule.shift)
    assert abs(max(exact, 1.0) - int(rule.multiplier[0])) <= 0.5 + 1e-6 * exact


@given(st.integers(1, 40), st.sampled_from([127, 255, 32767]), st.floats(0, 1e6))
@settings(max_examples=50)
def test_row_scales_prove_the_accumulator(n, magnitude, bias):
    weights = RNG.normal(size=(3, n)) * 10.0 ** RNG.integers(-3, 3, (3, 1))
    x = TensorSpec((n,), "int16", 0.01, maximum=magnitude, minimum=-magnitude)
    offsets = np.full(3, bias)
    for per_row in (True, False):
        scales = row_scales(weights, offsets, x, 32767, per_row=per_row)
        q = np.rint(weights / scales[:, None])
        bound = np.abs(q).sum(axis=1) * magnitude + np.abs(np.rint(offsets / (scales * x.scale)))
        assert np.abs(q).max() <= 32767
        assert bound.max() <= 2**31 - 1


# ------------------------------------------------------------------------ whole graphs


def test_a_kernel_without_constant_part_answers_zero_on_a_flat_area():
    op = conv(16, 5)
    op.weights[...] -= op.weights.mean(axis=(1, 2, 3), keepdims=True)
    graph = Graph(TensorSpec((8, 8, 1))).append(op)
    q = quantize(graph, calibrate(graph, images()), input_dtype="uint8", input_scale=1.0)
    assert not fixed.run(q, np.full((1, 8, 8, 1), 200, np.uint8)).any()


def test_relu_becomes_the_limit_of_the_requantisation():
    graph = Graph(TensorSpec((8, 8, 1))).append(conv()).append(Relu())
    q = quantize(graph, calibrate(graph, images()), input_dtype="uint8", input_scale=1.0)
    (node,) = q.nodes
    assert isinstance(node.op, QConv)
    assert (node.op.requantization.dtype, node.op.requantization.minimum) == ("uint8", 0)


def test_hash_reads_the_accumulators():
    graph = Graph(TensorSpec((8, 8, 1))).append(conv(8)).append(Hash(4))
    q = quantize(graph, calibrate(graph, images()), input_dtype="uint8", input_scale=1.0)
    assert [type(node.op) for node in q.nodes] == [QConvHash]


@pytest.mark.parametrize("kernel", ["laplacian", "rbf", "poly"])
def test_kernel_machine_follows_the_float_decisions(kernel):
    vectors = RNG.normal(size=(30, 12)).astype("f4")
    machine = KernelMachine(
        kernel,
        vectors,
        RNG.normal(size=(2, 30)).astype("f4"),
        RNG.normal(size=3).astype("f4"),
        (10, 10, 10),
        gamma=0.1,
        coef0=1.0,
    )
    graph = Graph(TensorSpec((12,))).append(machine)
    x = RNG.normal(size=(200, 12))
    q = quantize(graph, calibrate(graph, np.r_[x, vectors]))
    real = q.output.scale * fixed.run(q, fixed.quantize_input(q.input, x))
    wanted = reference.run(graph, x)
    assert np.abs(real - wanted).max() < 0.05 * np.abs(wanted).max()


def test_scores_keep_their_accumulators_and_features_are_8_bits():
    graph = flatten(
        Graph(TensorSpec((8, 8, 1))).append(conv()).append(Abs()).append(MeanPool((2, 2), (2, 2)))
    )
    ranges = calibrate(graph, images())
    assert quantize(graph, ranges).output.dtype == "uint8"
    assert quantize(graph, ranges, output_bits=16).output.dtype == "int16"
    head = Linear(RNG.normal(size=(3, 36)).astype("f4"), np.zeros(3, "f4"))
    classifier = graph.append(head).append(ArgMax())
    q = quantize(classifier, calibrate(classifier, images()))
    scores = q.nodes[-2].op
    assert isinstance(scores, QLinear)
    assert scores.requantization is None


def test_integers_follow_the_floats():
    graph = flatten(
        Graph(TensorSpec((8, 8, 1))).append(conv(8)).append(Abs()).append(MeanPool((2, 2), (2, 2)))
    )
    x = images()
    q = quantize(graph, calibrate(graph, x), **device_input(x))
    wanted = reference.run(graph, x)
    error = np.abs(q.output.scale * fixed.run(q, x) - wanted)
    assert error.max() < 0.02 * wanted.max()


def test_nested_integers_are_the_integers_of_the_whole():
    features = flatten(Graph(TensorSpec((8, 8, 1))).append(conv()).append(Relu()))
    x = images()
    integer = quantize(features, calibrate(features, x), **device_input(x))
    graph = Graph(TensorSpec((8, 8, 1))).append(Quantized(unit_scale(integer)))
    head = Linear(RNG.normal(size=(3, 144)).astype("f4"), np.zeros(3, "f4"))
    classifier = graph.append(head).append(ArgMax())
    q = quantize(classifier, calibrate(classifier, x))
    tensors = fixed.tensors(q, x)
    assert np.array_equal(tensors["reshape"], fixed.run(integer, x))
    assert np.array_equal(reference.run(graph, x), fixed.run(integer, x))


@pytest.mark.parametrize(
    ("x", "wanted"),
    [
        (np.array([1, 2], np.int16), {"input_dtype": "int16", "input_scale": 1.0}),
        (np.array([0.0, 16.0]), {"input_dtype": "uint8", "input_scale": 1.0}),
        (np.array([-5.0, 300.0]), {"input_dtype": "int16", "input_scale": 1.0}),
        (np.arange(256, dtype="f4") / 255, {"input_dtype": "uint8", "input_scale": 1 / 255}),
        (np.array([0.3, 1.0]), {"input_dtype": "int16"}),
        (np.array([0.0, 1e6]), {"input_dtype": "int16"}),
    ],
)
def test_device_input(x, wanted):
    assert device_input(x) == wanted


def test_unsigned_input_cannot_hold_negative_samples():
    graph = Graph(TensorSpec((2,)))
    with pytest.raises(ValueError, match="input_dtype='uint8'"):
        quantize(graph, {"input": (-1.0, 1.0)}, input_dtype="uint8")
