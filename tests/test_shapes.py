"""Shapes of X that can be read in two ways: refused or warned of, with what to write."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

from skconv import FixedConvFeatures, GaborFeatures, MiniRocketFeatures
from skconv.datasets import load_digits
from skconv.exceptions import ShapeWarning

DIGITS = load_digits()[0]
rng = np.random.default_rng(0)
# A band-limited signal a row, as a sensor yields it.
SMOOTH = np.cumsum(rng.normal(size=(50, 256)), axis=1)
PHOTO = np.add.outer(np.arange(60), np.arange(80)).astype(np.uint8)


def extractor(**params):
    return FixedConvFeatures(names=["rows"], pool_size="global", **params)


AMBIGUOUS = {
    "flat digits": (
        DIGITS.reshape(-1, 64),
        r"\(1797, 64\) is taken for signals of 64 numbers.*input_shape=\(8, 8\) for images.*"
        r"input_shape=\(64,\) for signals",
    ),
    "flat colour": (
        np.repeat(DIGITS.reshape(-1, 64), 3, axis=1),
        r"input_shape=\(8, 8, 3\) for images.*input_shape=\(192,\)",
    ),
    "flat noise": (rng.normal(size=(20, 784)), r"input_shape=\(28, 28\)"),
    "windows of six channels": (
        rng.normal(size=(5, 100, 6)),
        r"images of 100 x 6 pixels.*6 channel.*take MiniRocketFeatures or TemporalConvFeatures "
        r"with data_format='channels_last'.*input_shape=\(1, 100, 6\) and "
        r"data_format='channels_last' for signals.*input_shape=\(100, 6\) for images",
    ),
    "channels first": (
        rng.normal(size=(5, 6, 100)),
        r"TemporalConvFeatures with data_format='channels_first'.*"
        r"input_shape=\(6, 1, 100\) and data_format='channels_first'",
    ),
    "planes of colour": (
        rng.normal(size=(5, 3, 16, 20)),
        r"images of 3 x 16 pixels and 20 channels.*write data_format='channels_first' for these, "
        r"or input_shape=\(3, 16, 20\)",
    ),
    "one image of floats": (
        PHOTO / 255,
        r"\(60, 80\) is taken for 60 samples of shape \(80,\).*write X\[None\]",
    ),
}


@pytest.mark.parametrize("case", AMBIGUOUS)
def test_an_ambiguous_shape_is_told_once_with_what_to_write(case):
    x, message = AMBIGUOUS[case]
    with pytest.warns(ShapeWarning, match=message) as told:
        extractor().fit(x)
    assert len(told) == 1
    assert told[0].filename == __file__  # the user's line, not scikit-learn's around fit


def test_two_axes_with_channels_first_are_told_what_they_are_taken_for():
    """As in aeon: signals (n_samples, channels, length)."""
    x, first = rng.normal(size=(5, 3, 40)), {"data_format": "channels_first"}
    message = (
        r"input_shape=\(3, 40\) with data_format='channels_first' is taken for images of 3 x 40 "
        r"pixels.*signals of 3 channels write input_shape=\(3, 1, 40\), or take "
        r"MiniRocketFeatures.*write input_shape=\(1, 3, 40\) for images"
    )
    with pytest.warns(ShapeWarning, match=message) as told:
        taken = extractor(input_shape=(3, 40), **first).fit(x)
    assert len(told) == 1
    assert taken.map_shape_ == (3, 40, 1)
    assert extractor(input_shape=(3, 1, 40), **first).fit(x).map_shape_ == (1, 40, 3)
    assert extractor(input_shape=(1, 3, 40), **first).fit(x).map_shape_ == (3, 40, 1)
    rockets = MiniRocketFeatures(n_features=84, input_shape=(3, 40), **first).fit(x)
    assert rockets.map_shape_ == (1, 40, 3)


UNAMBIGUOUS = {
    "said to be images": (DIGITS.reshape(-1, 64), {"input_shape": (8, 8)}),
    "said to be signals": (DIGITS.reshape(-1, 64), {"input_shape": (64,)}),
    "said to be windows": (rng.normal(size=(5, 100, 6)), {"input_shape": (1, 100, 6)}),
    "images": (DIGITS, {}),
    "smooth signals of 256 numbers": (SMOOTH, {}),
    "no square": (rng.normal(size=(5, 250)), {}),
    "a small square": (rng.normal(size=(20, 49)), {}),
    "signals with an axis for the height": (rng.normal(size=(5, 1, 100)), {}),
    "colour images": (rng.normal(size=(5, 12, 12, 3)), {}),
    "images a little wide": (rng.normal(size=(5, 20, 32)), {}),
}


@pytest.mark.parametrize("case", UNAMBIGUOUS)
def test_a_clear_shape_is_not_warned_of(case):
    x, params = UNAMBIGUOUS[case]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        extractor(**params).fit(x)


def test_labels_say_that_rows_are_samples():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        extractor().fit(PHOTO, y=np.arange(60))


ONE_IMAGE = {
    "of the shape that was stated": ({"input_shape": (28, 28)}, np.zeros((28, 28))),
    "of colour, as was stated": ({"input_shape": (28, 30, 3)}, np.zeros((28, 30, 3))),
    "square, of pixels": ({}, np.zeros((28, 28), np.uint8)),
    "wide, of pixels": ({}, PHOTO),
    "colour, of pixels": ({}, np.zeros((40, 60, 3), np.uint8)),
}


@pytest.mark.parametrize("case", ONE_IMAGE)
def test_fit_of_one_image_is_an_error_that_says_what_to_write(case):
    params, x = ONE_IMAGE[case]
    with pytest.raises(ValueError, match=r"X of shape .* one (image|sample).*write X\[None\]"):
        extractor(**params).fit(x)


@pytest.mark.parametrize(
    ("input_shape", "shape"),
    [((12, 16), (12, 16)), ((12, 16, 3), (12, 16, 3)), ((1, 30, 2), (30, 2))],
)
def test_transform_of_one_sample_is_an_error_that_says_what_to_write(input_shape, shape):
    many = rng.normal(size=(3, *shape))
    fitted = extractor(input_shape=input_shape).fit(many)
    with pytest.raises(ValueError, match=r"is one sample.*write X\[None\]"):
        fitted.transform(many[0])
    one, first = fitted.transform(many[0][None]), fitted.transform(many)[:1]
    # The order of float32 sums depends on how many samples are computed at once.
    np.testing.assert_allclose(one, first, rtol=1e-6)


def test_a_flat_sample_that_looks_like_a_row_of_the_image_is_a_sample():
    """A signal of 30 samples: X of shape (1, 30) holds one, with an axis for it."""
    fitted = extractor(input_shape=(30,)).fit(SMOOTH[:, :30])
    assert len(fitted.transform(SMOOTH[:1, :30])) == 1


def test_every_extractor_has_it_from_the_base():
    with pytest.warns(ShapeWarning, match="flat images"):
        GaborFeatures().fit(DIGITS.reshape(-1, 64))
