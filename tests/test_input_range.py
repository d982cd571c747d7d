"""Samples that the device cannot deliver: a warning that says how many numbers change."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.datasets import load_digits, load_wine
from sklearn.linear_model import LinearRegression, RidgeClassifier
from sklearn.preprocessing import StandardScaler

from skconv import to_c
from skconv.deploy.input_check import check_input
from skconv.exceptions import InputRangeWarning, SkconvWarning, warn
from skconv.graph import TensorSpec

PIXELS, DIGITS = load_digits(return_X_y=True)
WINE, CULTIVARS = load_wine(return_X_y=True)
WINE = StandardScaler().fit_transform(WINE)


@pytest.fixture(scope="module")
def pixels():
    return to_c(RidgeClassifier().fit(PIXELS, DIGITS), PIXELS.astype(np.uint8))


@pytest.fixture(scope="module")
def fractions():
    return to_c(RidgeClassifier().fit(WINE, CULTIVARS), WINE)


def test_fractions_for_whole_numbers(pixels):
    X = PIXELS[:10] / 16
    n_rounded = int((np.rint(X) != X).sum())
    with pytest.warns(InputRangeWarning) as caught:
        pixels.predict(X, engine="fixed")
    (found,) = caught
    assert str(found.message) == (
        f"X holds {n_rounded} of 640 values that are not whole and will be rounded. The C "
        "reads uint8, which covers whole numbers from 0 to 255; give such numbers, or call "
        "to_c with calibration samples like these"
    )
    assert found.filename == __file__


def test_numbers_beyond_the_type(pixels):
    X = PIXELS[:10].astype(np.int64)
    X[0, :3] = [300, -1, 255]
    with pytest.warns(InputRangeWarning, match="2 of 640 values that are out of range"):
        pixels.decision_function(X, engine="fixed")
    with pytest.warns(InputRangeWarning, match=r"640 of 640 .* rounded and 640 of 640 .* clipped"):
        pixels.predict(PIXELS[:10] + 300.5, engine="fixed")


def test_every_method_says_it_once(pixels, fractions):
    calls = (
        lambda: pixels.predict(PIXELS[:5] + 0.5),
        lambda: pixels.score(PIXELS[:5] + 0.5, DIGITS[:5]),
        lambda: pixels.decision_function(PIXELS[:5] + 0.5),
        lambda: pixels.verify(PIXELS[:5] + 0.5),
        lambda: fractions.predict(10 * WINE),
    )
    for call in calls:
        with pytest.warns(InputRangeWarning) as caught:
            call()
        assert len(caught) == 1
        assert caught[0].filename == __file__


def test_samples_of_another_unit_than_those_of_calibration(fractions):
    with pytest.warns(InputRangeWarning, match="values that are out of range and will be clipped"):
        fractions.predict(10 * WINE, engine="fixed")


def test_proper_samples_do_not_warn(pixels, fractions):
    pixels.predict(PIXELS)
    pixels.predict(PIXELS > 8)
    pixels.predict(PIXELS.astype(np.uint8))
    fractions.predict(WINE)
    fractions.predict(1.05 * WINE)


def test_a_range_for_each_feature():
    spec = TensorSpec((2,), "uint8", 1.0, 0, 255, scales=(0.01, 1.0))
    check_input(spec, np.array([[2.55, 255.0]]))
    with pytest.warns(InputRangeWarning, match=r"1 of 2 .* 0 to 255 \(a range for each feature\)"):
        check_input(spec, np.array([[25.0, 25.0]]))


def test_float_export_refuses_what_float32_cannot_hold():
    model = to_c(LinearRegression().fit(WINE, CULTIVARS), dtype="float32")
    X = WINE.copy()
    X[0, 0] = 1e300
    with pytest.raises(ValueError, match=r"X holds 1e\+300, expected numbers of at most 3\.4e\+38"):
        model.predict(X)


def test_a_warning_points_outside_of_the_package():
    with pytest.warns(SkconvWarning, match="hello") as caught:
        warn("hello", SkconvWarning)
    assert caught[0].filename == __file__
