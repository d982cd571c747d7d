"""Ops of deep networks: closed forms, ends, what is refused, and whole networks at random."""

from __future__ import annotations

from typing import get_args

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import HealthCheck, given, settings
from numpy.testing import assert_allclose, assert_array_equal

from skconv.graph import (
    Activation,
    Add,
    Affine,
    Clip,
    Graph,
    MaxPool,
    MeanPool,
    Multiply,
    Pad,
    QActivation,
    QAdd,
    QMultiply,
    QPad,
    QResize,
    Relu,
    Requantization,
    Resize,
    TensorSpec,
    Upsample,
    verify,
)
from skconv.graph.elementwise import ActivationFunction
from skconv.passes.calibrate import calibrate
from skconv.passes.quantize import quantize
from skconv.runtime import fixed, reference
from skconv.testing import assert_runtimes_agree, chain, conv, example_samples, resampling
from tests.random_networks import networks

FUNCTIONS = get_args(ActivationFunction)


def run(op, *inputs):
    return reference.evaluate(op, *(np.asarray(x, float) for x in inputs))


def rule(multiplier: int, dtype: str = "int8", shift: int = 0) -> Requantization:
    info = np.iinfo(dtype)
    return Requantization(
        np.array([multiplier], np.int32), shift, 1.0, dtype, int(info.min), int(info.max)
    )


def integers(low: int, high: int, shape=(1, 2, 2), dtype: str = "int8") -> TensorSpec:
    return TensorSpec(shape, dtype, minimum=low, maximum=high)


# -------------------------------------------------------------------------- closed forms


@pytest.mark.parametrize(
    ("function", "x", "wanted"),
    [
        ("sigmoid", [0, -800, 800, np.log(3)], [0.5, 0, 1, 0.75]),
        ("hardsigmoid", [-3, 0, 1.5, 3, 9], [0, 0.5, 0.75, 1, 1]),
        ("silu", [0, np.log(3), -800], [0, 0.75 * np.log(3), 0]),
        ("hardswish", [-4, -3, -1.5, 0, 3, 9], [0, 0, -0.375, 0, 3, 9]),
        ("gelu", [0, 1, -1, 20, -40], [0, 0.841344746, -0.158655254, 20, 0]),
        ("gelu_tanh", [0, 20, -40], [0, 20, 0]),
        ("tanh", [0, np.log(2), -800], [0, 0.6, -1]),
        ("leaky_relu", [-2, 0, 3], [-0.5, 0, 3]),
        ("elu", [-np.log(2), 0, 5, -800], [-0.5, 0, 5, -1]),
        ("selu", [-np.log(2), 2, -800], [-0.879049, 2.101402, -1.758099]),
        ("softplus", [0, -800, 800], [np.log(2), 0, 800]),
        ("mish", [0, -800, 800, np.log(np.sqrt(3) - 1)], [0, 0, 800, 0.5 * np.log(np.sqrt(3) - 1)]),
    ],
)
def test_activations_in_closed_form(function, x, wanted):
    assert_allclose(run(Activation(function, 0.25), x), wanted, 1e-6, 1e-9)


@pytest.mark.parametrize("function", FUNCTIONS)
def test_activations_far_out(function):
    graph = chain(Activation(function), shape=(2001,))
    x = np.linspace(-100, 100, 2001)[None]
    assert_runtimes_agree(graph, x, 1e-6)


def test_sums_products_and_borders_by_hand():
    x = np.arange(4.0).reshape(1, 2, 2, 1)
    assert_array_equal(run(Add(), x, 10 * x), 11 * x)
    gate = np.full((1, 1, 1, 1), 3.0)
    assert_array_equal(run(Multiply(), x, gate), 3 * x)
    assert_array_equal(run(Multiply(), x, x), x**2)
    assert_array_equal(
        run(Upsample((1, 2)), x)[0, :, :, 0], [[0.0, 0.0, 1.0, 1.0], [2.0, 2.0, 3.0, 3.0]]
    )
    assert_array_equal(
        run(Pad(((1, 0), (0, 2))), x)[0, :, :, 0],
        [[0.0, 0.0, 0.0, 0.0], [0.0, 1.0, 0.0, 0.0], [2.0, 3.0, 0.0, 0.0]],
    )
    lowest = run(Pad(((0, 0), (1, 1)), "lowest"), -x - 5)
    assert_array_equal(run(MaxPool((2, 2), (2, 2)), lowest)[0, :, :, 0], [[-5.0, -6.0]])


@pytest.mark.parametrize("antialias", [False, True])
def test_interpolation_is_a_resize(antialias):
    """The matrix of an axis is what the interpolation makes of the unit matrix."""
    matrices = [
        F.interpolate(torch.eye(old)[None, None], (new, old), mode="bilinear", antialias=antialias)[
            0, 0
        ].numpy()
        for old, new in ((9, 4), (6, 11))
    ]
    graph = chain(Resize(*matrices), shape=(9, 6, 2))
    x = example_samples(graph, 3)
    maps = torch.from_numpy(x).permute(0, 3, 1, 2)
    wanted = F.interpolate(maps, (4, 11), mode="bilinear", antialias=antialias)
    assert_allclose(reference.run(graph, x), wanted.permute(0, 2, 3, 1).numpy(), 1e-5, 1e-6)


def test_a_crop_is_a_resize_and_loses_nothing():
    rows, columns = np.eye(6, dtype="f4")[2:5], np.eye(7, dtype="f4")[1:6]
    graph = chain(Resize(rows, columns), shape=(6, 7, 2))
    x = np.random.default_rng(0).integers(0, 256, (5, 6, 7, 2)).astype(np.uint8)
    x[0, 3, 3] = 255
    integer = quantize(graph, calibrate(graph, x), input_dtype="uint8", input_scale=1.0)
    assert integer.output.scale == pytest.approx(1.0)
    assert_array_equal(fixed.run(integer, x), x[:, 2:5, 1:6])


def test_a_flat_map_stays_flat():
    graph = chain(Resize(resampling(5, 7), resampling(11, 3)), shape=(7, 3, 1))
    x = np.arange(256, dtype=np.uint8).repeat(21).reshape(256, 7, 3, 1)
    integer = quantize(graph, calibrate(graph, x), input_dtype="uint8", input_scale=1.0)
    assert_array_equal(fixed.run(integer, x), x[:, :1, :1].repeat(5, 1).repeat(11, 2))


# --------------------------------------------------------------------------- the integers


@pytest.mark.parametrize("scales", [(0.1, 0.1), (0.1, 0.003), (1e-5, 20.0)])
@pytest.mark.parametrize("dtype", ["int8", "int16"])
def test_a_sum_is_off_by_its_last_rounding(scales, dtype):
    """Half a unit, and what 16 bits of a factor leave of the sum."""
    rng = np.random.default_rng(0)
    most = np.iinfo(dtype).max
    numbers = rng.integers(-most, most + 1, (2, 400))
    graph = chain(Affine(*np.float32([[1], [0]])), shape=(1,))  # a tensor for either input
    graph = graph.append(Affine(*np.float32([[1], [0]])), "input").append(
        Add(), "affine", "affine_2"
    )
    bits = {"int8": 8, "int16": 16}[dtype]
    ranges = dict(zip(("affine", "affine_2"), ((-s * most, s * most) for s in scales), strict=True))
    wanted = numbers[0] * scales[0] + numbers[1] * scales[1]
    largest = float(np.abs(wanted).max())
    ranges |= {"input": (-1.0, 1.0), "add": (-largest, largest)}
    integer = quantize(graph, ranges, output_bits=bits, input_dtype="int8", input_scale=0.01)
    add = integer.nodes[-1].op
    assert isinstance(add, QAdd)
    specs = [integer.specs[name] for name in integer.nodes[-1].inputs]
    assert [spec.dtype for spec in specs] == [dtype, dtype]
    reals = sum(n * spec.scale for n, spec in zip(numbers, specs, strict=True))
    unit = integer.output.scale
    found = fixed.evaluate(add, *numbers) * unit
    within = np.abs(reals) <= most * unit
    assert within.mean() > 0.9
    assert (
        np.abs(found - reals)[within].max() <= 0.52 * unit + 1e-12
        if dtype == "int8"
        else (1.6 * unit)
    )


def test_a_table_is_the_function_rounded():
    graph = chain(Affine(*np.float32([[1], [0]])), Activation("hardswish"), shape=(1,))
    x = np.linspace(-4, 8, 500)[:, None]
    integer = quantize(graph, calibrate(graph, x), input_dtype="int16", input_scale=0.001)
    op = integer.nodes[-1].op
    assert isinstance(op, QActivation)
    scale = integer.specs["affine"].scale
    steps = np.arange(-128, 128)
    wanted = np.rint(run(Activation("hardswish"), steps * scale) / op.scale)
    assert_array_equal(fixed.evaluate(op, steps)[-127:], wanted[-127:])
    # Below -3 nothing changes, so no integer stands for what is far below.
    assert scale == pytest.approx(8 / 127, rel=0.01)


def test_what_saturates_takes_no_integers():
    graph = chain(Affine(*np.float32([[1], [0]])), Activation("sigmoid"), shape=(1,))
    x = np.linspace(-90, 60, 500)[:, None]
    integer = quantize(graph, calibrate(graph, x), input_dtype="int16", input_scale=0.01)
    assert 127 * integer.specs["affine"].scale < 8
    error = fixed.run(integer, np.int16([[-9000], [0], [6000]])) * integer.output.scale
    assert_allclose(error[:, 0], [0, 0.5, 1], atol=0.01)


def test_relu_and_clip_are_the_limits_of_a_sum():
    for op, limits in ((Relu(), (0, 255)), (Clip(-0.5, 0.5), (-32, 32))):
        graph = chain(Affine(*np.float32([[1], [0]])), shape=(1,))
        graph = graph.append(Add(), "affine", "affine").append(op)
        ranges = {"input": (-1, 1), "affine": (-1, 1), "add": (-2, 2)}
        last = (0.0, 2.0) if isinstance(op, Relu) else (-0.5, 2.0)
        integer = quantize(
            graph, {**ranges, graph.output_name: last}, input_dtype="int8", input_scale=0.01
        )
        assert [type(node.op).__name__ for node in integer.nodes][-1] == "QAdd"
        assert integer.output.limits == limits


# ----------------------------------------------------------------------------------- ends


def one_node(op, *specs: TensorSpec) -> Graph:
    """An op of two halves of the input, or of the input."""
    graph = Graph(specs[0])
    return verify(graph.append(op, *["input"] * len(specs)))


@pytest.mark.needs("cc")
def test_the_ends_of_every_op_in_c():
    """Largest accumulators, least numbers, one pixel, one channel: C is the definition."""
    whole = integers(-128, 127)
    wide = integers(-32768, 32767, (1, 3, 1), "int16")
    table = np.arange(256)[::-1].astype(np.uint8)
    column = (np.zeros(1, np.uint16), np.array([[-32768, 16383]], np.int16))
    row = (np.zeros(4, np.uint16), np.full((4, 1), -32768, np.int16))
    for op, *specs in (
        (QAdd((2**23 - 1, 2**23 - 1), rule(200)), whole, whole),
        (QAdd((32767, 32767), rule(7, "int16")), wide, wide),
        (QMultiply(rule(2**31 - 1, "int16")), wide, wide),
        (QMultiply(rule(1, "uint8", 16)), whole, whole),
        (QActivation("any", table), whole),
        (QActivation("any", table.view(np.int8)), integers(0, 255, (3,), "uint8")),
        (QPad(((0, 0), (3, 0)), -128), whole),
        (QPad(((2, 1), (0, 1)), 32767), wide),
        (Upsample((1, 1)), wide),
        (Upsample((3, 4)), integers(0, 255, (1, 1, 1), "uint8")),
        (QResize((1, 3), *row, *column, 15, rule(9, "int16")), wide),
        (QResize((1, 2), *row, *column, 7, rule(9)), whole),
    ):
        graph = one_node(op, *specs)
        low, high = graph.input.limits
        shape = (6, *graph.input.shape)
        x = np.random.default_rng(0).integers(low, high + 1, shape)
        x[0], x[1] = low, high
        assert_runtimes_agree(graph, x.astype(graph.input.dtype))


# -------------------------------------------------------------------------------- refusals


@pytest.mark.parametrize(
    ("op", "specs", "message"),
    [
        (Add(), (TensorSpec((2,)), TensorSpec((3,))), r"one shape, got \(2,\) and \(3,\)"),
        (Multiply(), (TensorSpec((2, 2, 3)), TensorSpec((1, 1, 2))), r"\(1, 1, 3\), got"),
        (Activation("cosine"), (TensorSpec((2,)),), "'cosine', expected one of"),
        (Upsample((0, 1)), (TensorSpec((2, 2, 1)),), r"at least 1, got \(0, 1\)"),
        (Upsample(), (TensorSpec((2,)),), "needs a map"),
        (Pad(((0, -1), (0, 0))), (TensorSpec((2, 2, 1)),), "at least 0"),
        (Pad(fill="mean"), (TensorSpec((2, 2, 1)),), "'zero' or 'lowest', got 'mean'"),
        (Resize(np.eye(2), np.eye(3)), (TensorSpec((2, 2, 1)),), "does not fit the 2x2 map"),
        (Affine(np.ones(2), np.ones(2)), (TensorSpec((2, 2, 1)),), r"2 channels, got shape"),
        (QAdd((2**24, 2**24), rule(1)), (integers(-128, 127),) * 2, "does not fit int32"),
        (QActivation("sigmoid", np.zeros(256, np.int8)), (integers(0, 9, (2,), "int16"),), "8 bit"),
        (QActivation("sigmoid", np.zeros(9, np.int8)), (integers(0, 9),), "256 entries"),
        (QPad(value=200), (integers(0, 9),), "200, which does not fit the type"),
    ],
)
def test_what_is_refused(op, specs, message):
    with pytest.raises(ValueError, match=message):
        op.output(*specs)


def test_resampling_that_overflows_or_leaves_the_map_is_refused():
    start, weights = np.zeros(1, np.uint16), np.full((1, 2), 32767, np.int16)
    x = integers(-32768, 32767, (2, 2, 1), "int16")
    with pytest.raises(ValueError, match="does not fit int32"):
        QResize((2, 2), start, weights, start, weights, 0, rule(1)).output(x)
    with pytest.raises(ValueError, match="beyond the map"):
        QResize((2, 2), start + np.uint16(1), weights, start, weights, 9, rule(1)).output(x)


# ------------------------------------------------------------------------- whole networks


SOME = settings(
    max_examples=25,
    deadline=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)


@SOME
@given(networks())
def test_torch_gives_the_reference(graph):
    assert_runtimes_agree(graph, example_samples(graph, 4))


@pytest.mark.needs("cc")
@SOME
@given(networks())
def test_integers_are_close_and_c_gives_them(graph):
    x = example_samples(graph, 40)
    integer = quantize(graph, calibrate(graph, x))
    samples = fixed.quantize_input(integer.input, x)
    assert_runtimes_agree(integer, samples[:6])
    name = graph.scores_name
    wanted = reference.tensors(graph, x, (name,))[name]
    found = fixed.tensors(integer, samples, (name,))[name] * integer.specs[name].scale
    assert np.sqrt(np.mean((found - wanted) ** 2)) <= 0.1 * np.sqrt(np.mean(wanted**2))


def test_calibration_overlooks_a_border_of_minus_infinity():
    graph = chain(Pad(((1, 1), (1, 1)), "lowest"), MaxPool((3, 3), (1, 1)), shape=(4, 4, 1))
    x = example_samples(graph, 8)
    for method in ("minmax", "percentile", "mse"):
        ranges = calibrate(graph, x, method)
        assert np.isfinite(list(ranges.values())).all()
    assert calibrate(graph, x)["pad"] == (x.min(), x.max())


def test_a_zero_border_around_a_preprocessed_image_is_zero_afterwards():
    """A convolution pads with what is 0 behind ``(x - mean) / std``: the mean, not black."""
    rng = np.random.default_rng(0)
    preprocessing = Affine(np.float32([0.02, 0.02]), np.float32([-2.0, -2.5]))
    kernels = conv(rng, (3, 3, 3, 2), padding=((1, 1), (1, 1)))
    graph = chain(preprocessing, kernels, MeanPool((4, 4), (4, 4)), shape=(4, 4, 2))
    x = rng.integers(0, 256, (60, 4, 4, 2)).astype(np.uint8)
    integer = quantize(graph, calibrate(graph, x), input_dtype="uint8", input_scale=1.0)
    wanted = reference.run(graph, x)
    found = fixed.run(integer, x) * integer.output.scale
    assert np.abs(found - wanted).max() < 0.03 * np.abs(wanted).max()
