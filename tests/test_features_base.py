"""How samples may lie in X, what is refused, and the stage that the extractors share."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.signal import correlate2d
from sklearn.exceptions import NotFittedError
from sklearn.utils._param_validation import InvalidParameterError

from skconv import RandomConvFeatures
from skconv.exceptions import ShapeWarning
from skconv.graph import (
    Abs,
    BothSigns,
    Graph,
    L2Pool,
    Magnitude,
    MaxPool,
    MeanPool,
    Relu,
    Sign,
    Square,
    SumPool,
    TensorSpec,
)
from skconv.kernels.base import border, pair
from skconv.runtime import engine
from skconv.stages.spec import StageSpec
from skconv.stages.windows import fit_window
from tests.papers import random_conv

IMAGES = np.random.default_rng(0).normal(size=(6, 10, 12, 3)).astype(np.float32)
SIGNALS = np.random.default_rng(1).normal(size=(6, 40, 3)).astype(np.float32)


def extractor(**params):
    defaults = {"n_kernels": 4, "kernel_size": 3, "pool_size": 2, "random_state": 0}
    return random_conv(**{**defaults, **params})


# ----------------------------------------------------------------------- shapes of X


@pytest.mark.parametrize("shape", [None, (10, 12, 3)])
def test_images_in_any_shape_are_the_same(shape):
    wanted = extractor().fit(IMAGES).transform(IMAGES)
    fitted = extractor(input_shape=shape).fit(IMAGES)
    flat = IMAGES.reshape(6, -1)
    np.testing.assert_array_equal(fitted.transform(flat), wanted)
    assert fitted.n_features_in_ == 360
    assert fitted.map_shape_ == (10, 12, 3)
    from_flat = extractor(input_shape=(10, 12, 3)).fit(flat)
    np.testing.assert_array_equal(from_flat.transform(IMAGES), wanted)


def test_one_channel_may_be_left_out():
    gray = IMAGES[..., 0]
    wanted = extractor().fit(gray).transform(gray)
    for shape in (None, (10, 12), (10, 12, 1)):
        fitted = extractor(input_shape=shape).fit(gray)
        for x in (gray, gray[..., None], gray.reshape(6, -1)):
            np.testing.assert_array_equal(fitted.transform(x), wanted)


def test_channels_first_is_channels_last():
    wanted = extractor().fit(IMAGES).transform(IMAGES)
    first = IMAGES.transpose(0, 3, 1, 2)
    for shape in (None, (3, 10, 12)):
        fitted = extractor(data_format="channels_first", input_shape=shape).fit(first)
        assert fitted.map_shape_ == (10, 12, 3)
        np.testing.assert_array_equal(fitted.transform(first), wanted)
        np.testing.assert_array_equal(fitted.transform(first.reshape(6, -1)), wanted)


def test_a_plain_row_is_a_signal_of_one_channel():
    row = SIGNALS[..., 0]
    fitted = extractor().fit(row)
    assert fitted.map_shape_ == (1, 40, 1)
    assert fitted.kernels_.shape == (4, 1, 3, 1)
    as_map = extractor(input_shape=(40,)).fit(row[:, None, :, None])
    np.testing.assert_array_equal(fitted.transform(row), as_map.transform(row))


def test_three_numbers_of_height_1_are_a_signal_of_several_channels():
    fitted = extractor(input_shape=(1, 40, 3)).fit(SIGNALS)
    assert fitted.map_shape_ == (1, 40, 3)
    assert fitted.kernels_.shape == (4, 1, 3, 3)
    wanted = fitted.transform(SIGNALS)
    np.testing.assert_array_equal(fitted.transform(SIGNALS[:, None]), wanted)
    np.testing.assert_array_equal(fitted.transform(SIGNALS.reshape(6, -1)), wanted)
    first = extractor(input_shape=(3, 1, 40), data_format="channels_first")
    np.testing.assert_array_equal(first.fit_transform(SIGNALS.transpose(0, 2, 1)), wanted)


def test_two_numbers_are_always_an_image():
    assert extractor(input_shape=(40, 3), pool_size=1).fit(SIGNALS).map_shape_ == (40, 3, 1)
    with pytest.warns(ShapeWarning, match=r"input_shape=\(1, 40, 3\)"):
        assert extractor(pool_size=1).fit(SIGNALS).map_shape_ == (40, 3, 1)


# ---------------------------------------------------------------------------- types


@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.int64, np.float64, bool])
def test_every_type_of_number_gives_the_same(dtype):
    x = np.random.default_rng(0).integers(0, 2 if dtype is bool else 255, (5, 8, 8))
    wanted = extractor().fit(x.astype(np.float32)).transform(x.astype(np.float32))
    found = extractor().fit(x.astype(dtype)).transform(x.astype(dtype))
    assert found.dtype == np.float32
    assert found.flags.c_contiguous
    np.testing.assert_array_equal(found, wanted)


def test_a_list_and_a_torch_tensor_are_arrays():
    torch = pytest.importorskip("torch")

    fitted = extractor().fit(IMAGES)
    wanted = fitted.transform(IMAGES)
    np.testing.assert_array_equal(fitted.transform(IMAGES.tolist()), wanted)
    np.testing.assert_array_equal(fitted.transform(torch.from_numpy(IMAGES)), wanted)


# ------------------------------------------------------------------------ bad input

BAD_FITS = {
    "empty": ({}, np.empty((0, 8, 8)), "empty"),
    "empty flat": ({}, np.empty((0, 64)), "0 sample"),
    "nan": ({}, np.full((2, 8, 8), np.nan), "NaN"),
    "inf": ({}, np.full((2, 8, 8), np.inf), "infinity"),
    "too large for float32": ({}, np.full((2, 8, 8), 1e300), "infinity or a value too large"),
    "strings": ({}, np.full((2, 8), "a"), "X must hold numbers"),
    "one axis": ({}, np.zeros(8), "Expected 2D array"),
    "five axes": ({}, np.zeros((2, 3, 3, 3, 3)), "2, 3 or 4 axes"),
    "complex": ({}, np.zeros((2, 8), complex), "Complex data not supported"),
    "flat, wrong size": ({"input_shape": (8, 8)}, np.zeros((2, 63)), "63 features.*needs 64"),
    "wrong image": ({"input_shape": (8, 8)}, np.zeros((2, 8, 9)), r"\(8, 9\), expected \(8, 8, 1"),
    "four numbers": ({"input_shape": (1, 2, 3, 4)}, np.zeros((2, 24)), "input_shape="),
    "no numbers": ({"input_shape": ()}, np.zeros((2, 24)), "input_shape="),
    "zero": ({"input_shape": (0, 8)}, np.zeros((2, 8)), "input_shape="),
    "fraction": ({"input_shape": (2.5, 4)}, np.zeros((2, 10)), "input_shape="),
    "kernel too large": ({"kernel_size": 9}, np.zeros((2, 8, 8)), "kernel_size=9.*8x8 map"),
    "kernel too long": (
        {"kernel_size": 41, "input_shape": (40,)},
        np.zeros((2, 40)),
        r"kernel_size=41 is larger than the 1x40 map: expected at most \(1, 40\)",
    ),
    "pool too large": ({"pool_size": 7}, np.zeros((2, 8, 8)), "pool_size=7.*6x6 map"),
    "finer grid than the map": (
        {"pool_size": "pyramid", "kernel_size": 6},
        np.zeros((2, 8, 8)),
        "pool_size='pyramid' needs maps of at least 4x4, got 3x3",
    ),
    "grid with a stride": (
        {"pool_size": "quadrants", "pool_stride": 2},
        np.zeros((2, 8, 8)),
        "pool_stride=2 with pool_size='quadrants'",
    ),
    "kernel of three": ({"kernel_size": (3, 3, 3)}, np.zeros((2, 8, 8)), "kernel_size="),
    "kernel of 0": ({"kernel_size": (0, 3)}, np.zeros((2, 8, 8)), "kernel_size="),
    "stride of 1.5": ({"stride": (1, 1.5)}, np.zeros((2, 8, 8)), "stride="),
}


@pytest.mark.parametrize("case", BAD_FITS)
def test_bad_fit_is_named_and_leaves_the_estimator_as_it_was(case):
    params, x, message = BAD_FITS[case]
    fresh = extractor(**params)
    with pytest.raises(ValueError, match=message):
        fresh.fit(x)
    assert vars(fresh) == vars(extractor(**params))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("data_format", "NCHW"),
        ("device", "tpu"),
        ("batch_size", 0),
        ("padding", "reflect"),
        ("pool", "median"),
        ("pool_size", 0),
        ("pool_size", "halves"),
        ("threshold", 1.0),
        ("threshold", -0.1),
        ("nonlinearity", "tanh"),
        ("input_shape", 8),
    ],
)
def test_bad_parameters_are_named(name, value):
    with pytest.raises(InvalidParameterError, match=f"'{name}' parameter"):
        extractor(**{name: value}).fit(IMAGES)


@pytest.mark.parametrize(
    ("x", "message"),
    [
        (IMAGES[:, :9], r"\(9, 12, 3\), expected \(10, 12, 3\)"),
        (IMAGES.transpose(0, 2, 1, 3), r"\(12, 10, 3\), expected \(10, 12, 3\)"),
        (IMAGES.reshape(6, -1)[:, 1:], "X has 359 features"),
        (IMAGES[:0], "empty"),
        (np.full_like(IMAGES, np.nan), "NaN"),
    ],
)
def test_bad_transform_is_named(x, message):
    with pytest.raises(ValueError, match=message):
        extractor().fit(IMAGES).transform(x)


def test_not_fitted():
    with pytest.raises(NotFittedError):
        extractor().transform(IMAGES)


def test_failed_refit_keeps_the_first_fit():
    fitted = extractor().fit(IMAGES)
    before = fitted.transform(IMAGES)
    with pytest.raises(ValueError, match="kernel_size"):
        fitted.fit(IMAGES[:, :2])
    assert fitted.n_features_in_ == 360
    np.testing.assert_array_equal(fitted.transform(IMAGES), before)


def test_an_interrupt_keeps_the_first_fit(monkeypatch):
    fitted = extractor().fit(IMAGES)
    before = vars(fitted).copy()

    def interrupt(self, maps, y):
        self.kernels_ = None
        raise KeyboardInterrupt

    monkeypatch.setattr(RandomConvFeatures, "_fit_graph", interrupt)
    with pytest.raises(KeyboardInterrupt):
        fitted.fit(IMAGES[:, :8])
    assert vars(fitted) == before


# ---------------------------------------------------------------- windows on a signal


def test_windows_longer_than_a_plain_row_are_cut_with_a_warning():
    row = SIGNALS[:, :4, 0]
    with pytest.warns(ShapeWarning, match=r"kernel_size=7 is longer than the signal: 4 is used"):
        fitted = extractor(kernel_size=7, pool_size=1).fit(row)
    assert fitted.kernels_.shape == (4, 1, 4, 1)
    with pytest.warns(ShapeWarning, match="pool_size=5 is longer than the signal: 2 is used"):
        assert extractor(pool_size=5).fit(row).transform(row).shape == (6, 4)


def test_a_flat_image_map_is_no_signal():
    """Kernels as high as the image leave maps of height 1: a pool of 2 does not fit them."""
    with pytest.raises(ValueError, match="pool_size=2 is larger than the 1x10 map"):
        extractor(kernel_size=(10, 3)).fit(IMAGES)


def test_fit_window():
    assert fit_window(3, (5, 6), "k", signal=False) == (3, 3)
    assert fit_window((5, 2), (1, 6), "k", signal=True) == (1, 2)
    assert fit_window(np.int64(3), (5, 6), "k", signal=False) == (3, 3)


def test_pair():
    assert pair(3, "k") == (3, 3)
    assert pair([2, np.int32(4)], "k") == (2, 4)
    with pytest.raises(ValueError, match=r"k=\(1, 2, 3\)"):
        pair((1, 2, 3), "k")


# --------------------------------------------------------------------------- a stage


def stage_ops(**params):
    stage = StageSpec(**params)
    conv = stage.conv(np.ones((2, 3, 3, 1), "f4"), np.zeros(2, "f4"), signal=False)
    graph = stage.finish(Graph(TensorSpec((9, 9, 1))).append(conv), None, signal=False)
    return [type(node.op) for node in graph.nodes[1:]]


@pytest.mark.parametrize(
    ("nonlinearity", "op"),
    [
        ("abs", Abs),
        ("square", Square),
        ("relu", Relu),
        ("sign", Sign),
        ("both_signs", BothSigns),
        ("magnitude", Magnitude),
    ],
)
@pytest.mark.parametrize(
    ("pool", "pool_op"), [("max", MaxPool), ("mean", MeanPool), ("sum", SumPool)]
)
def test_a_stage_is_convolution_nonlinearity_pool(nonlinearity, op, pool, pool_op):
    assert stage_ops(nonlinearity=nonlinearity, pool=pool, pool_size=2) == [op, pool_op]
    assert stage_ops(nonlinearity=nonlinearity, pool=pool) == [op]
    assert stage_ops(pool=pool, pool_size=2) == [pool_op]


def test_l2_pool_squares_once():
    for nonlinearity in ("identity", "abs", "square"):
        assert stage_ops(nonlinearity=nonlinearity, pool="l2", pool_size=2) == [L2Pool]
    assert stage_ops(nonlinearity="square", pool="l2") == [Square]
    assert stage_ops(nonlinearity="relu", pool="l2", pool_size=2) == [Relu, L2Pool]


def test_same_padding_puts_the_odd_one_below_and_right():
    assert border((3, 4), "same") == ((1, 1), (1, 2))
    assert border((1, 2), "same") == ((0, 0), (0, 1))


@pytest.mark.parametrize("size", [(1, 1), (2, 2), (3, 4)])
def test_full_padding_keeps_every_place_that_sees_the_map(size):
    kernel = np.random.default_rng(0).normal(size=size).astype("f4")
    conv = StageSpec(padding="full").conv(kernel[None, ..., None], np.zeros(1, "f4"), signal=False)
    image = IMAGES[0, ..., 0]
    found = engine.run(Graph(TensorSpec((10, 12, 1))).append(conv), image[None, ..., None])
    wanted = correlate2d(image, kernel, mode="full")
    np.testing.assert_allclose(found[0, ..., 0], wanted, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("kernel_size", [1, 2, 3, 4, (5, 2)])
@pytest.mark.parametrize("padding", ["same", "circular"])
@pytest.mark.parametrize("stride", [1, 2, 3])
def test_padding_keeps_the_size_at_stride_1(kernel_size, padding, stride):
    fitted = extractor(kernel_size=kernel_size, padding=padding, stride=stride, pool_size=None).fit(
        IMAGES
    )
    wanted = (-(-10 // stride), -(-12 // stride), 4)
    assert fitted.graph_.specs["conv"].shape == wanted


def test_circular_padding_goes_on_at_the_opposite_border():
    kernels = np.zeros((1, 1, 4, 1), "f4")
    kernels[0, 0, 3] = 1.0
    conv = StageSpec(padding="circular").conv(kernels, np.zeros(1, "f4"), signal=True)
    graph = Graph(TensorSpec((1, 6, 1))).append(conv)
    found = engine.run(graph, np.arange(6.0).reshape(1, 1, 6, 1))
    np.testing.assert_array_equal(found.ravel(), [2, 3, 4, 5, 0, 1])


def test_pool_stride_is_pool_size_unless_given():
    assert extractor().fit(IMAGES).graph_.output.shape == (4 * 5 * 4,)
    assert extractor(pool_stride=1).fit(IMAGES).graph_.output.shape == (7 * 9 * 4,)
    assert extractor(pool_size=(1, 2)).fit(IMAGES).graph_.output.shape == (8 * 5 * 4,)
