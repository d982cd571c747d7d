"""Calibration samples that do not fit the estimator, integers that do not follow it: a word."""

from __future__ import annotations

import pickle
import re

import numpy as np
import pytest
from sklearn.datasets import load_digits, load_wine
from sklearn.decomposition import PCA
from sklearn.linear_model import LinearRegression, LogisticRegression, RidgeClassifier
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import FeatureUnion, make_pipeline, make_union
from sklearn.preprocessing import (
    FunctionTransformer,
    MaxAbsScaler,
    MinMaxScaler,
    Normalizer,
    RobustScaler,
    StandardScaler,
)
from sklearn.svm import SVC

import skconv
from skconv import RandomConvFeatures, to_c
from skconv.convert.fitted_range import seen
from skconv.deploy import calibration
from skconv.exceptions import CalibrationWarning
from skconv.features.input_range import MOST_NUMBERS, InputRange, input_range
from skconv.kernels import MapBatches

PIXELS, DIGITS = load_digits(return_X_y=True)
IMAGES = np.rint(PIXELS * (255 / 16)).astype(np.uint8).reshape(-1, 8, 8)
WINE, CULTIVARS = load_wine(return_X_y=True)


def features(**options):
    options = {"n_kernels": 8, "kernel_size": 3, "pool_size": 2, "random_state": 0, **options}
    return RandomConvFeatures(**options)


@pytest.fixture(scope="module")
def pipe():
    return make_pipeline(features(), RidgeClassifier()).fit(IMAGES[:600], DIGITS[:600])


# ------------------------------------------------------------- the range that fit has seen


def test_an_extractor_remembers_what_it_was_fitted_on():
    assert features().fit(IMAGES).input_range_ == InputRange(0.0, 255.0, True)
    assert features().fit(IMAGES / 255).input_range_ == InputRange(0.0, 1.0, False)
    batches = MapBatches((20, 8, 8, 1), lambda: (IMAGES[i : i + 10, :, :, None] for i in (0, 10)))
    assert features().fit(batches).input_range_.high == 255


def test_few_numbers_of_very_many_are_looked_at(monkeypatch):
    many = np.zeros((3 * MOST_NUMBERS // 1024, 1024), np.uint8)
    many[::3, 7] = 9
    many[1::3, 7] = 200
    assert input_range(many) == InputRange(0, 9, True)
    assert input_range(many[:10]).joined(InputRange(-1, 1, False)) == InputRange(-1, 200, False)


def test_the_range_of_a_first_step():
    def limits(estimator):
        found = seen(estimator.fit(WINE, CULTIVARS))
        return None if found is None else (found.low, found.high)

    exact = (WINE.min(axis=0), WINE.max(axis=0))
    for scaler in (StandardScaler(), RobustScaler(), PCA()):
        low, high = limits(make_pipeline("passthrough", scaler, LinearRegression()))
        assert low.shape == (13,)
        inside = (low <= WINE) & (high >= WINE)
        assert inside.mean() > 0.98
        assert (high - low < 3 * np.ptp(WINE, axis=0)).all()
    np.testing.assert_array_equal(limits(MinMaxScaler()), exact)
    np.testing.assert_array_equal(limits(make_union(Normalizer(), MinMaxScaler())), exact)
    np.testing.assert_array_equal(limits(MaxAbsScaler())[1], exact[1])
    search = GridSearchCV(make_pipeline(FunctionTransformer(), SVC()), {"svc__C": [1, 2]}, cv=2)
    low, high = limits(search)
    assert WINE.min() <= low < high <= WINE.max()
    for unknown in (StandardScaler(with_std=False), LinearRegression(), Normalizer()):
        assert limits(unknown) is None
    assert limits(FeatureUnion([("a", "drop"), ("b", Normalizer())])) is None


# -------------------------------------------------------------- calibration that does not fit


@pytest.mark.parametrize(
    ("samples", "found"),
    [
        (IMAGES[:200] / 255, "0 to 1,"),
        (IMAGES[:200] // 8, "0 to 31,"),  # too dark
        (IMAGES[:200] * 40.0, "0 to 10200,"),
        (IMAGES[:200] - 2000.0, "-2000 to -1745,"),
    ],
)
def test_another_range_than_that_of_fit_warns(pipe, samples, found):
    with pytest.warns(CalibrationWarning) as caught:
        to_c(pipe, samples)
    message = str(caught[0].message)
    assert f"X_calibration reaches from {found}" in message
    assert "RandomConvFeatures was fitted on 0 to 255" in message
    assert "X_train[:300]" in message
    assert caught[0].filename == __file__


def test_whole_numbers_in_place_of_fractions_warn():
    pipe = make_pipeline(features(), RidgeClassifier()).fit(IMAGES[:600] / 255, DIGITS[:600])
    with pytest.warns(CalibrationWarning, match="whole numbers only, but .* fitted on fractions"):
        to_c(pipe, IMAGES[:200] // 255)


@pytest.mark.parametrize("scaler", [StandardScaler(), MinMaxScaler(), RobustScaler()])
@pytest.mark.filterwarnings("ignore:the integers")
def test_samples_that_were_scaled_before_warn(scaler):
    pipe = make_pipeline(scaler, RidgeClassifier()).fit(WINE, CULTIVARS)
    with pytest.warns(CalibrationWarning, match=f"{type(scaler).__name__} was fitted on"):
        to_c(pipe, StandardScaler().fit_transform(WINE))


def test_one_feature_in_another_unit_warns():
    scaler, changed = StandardScaler().fit(WINE), WINE.copy()
    changed[:, 3] *= 1000
    with pytest.warns(CalibrationWarning, match="StandardScaler was fitted on"):
        calibration.check_range(scaler, changed)


@pytest.mark.parametrize("samples", [np.zeros((50, 8, 8)), np.full((1, 64), 7)])
def test_constant_samples_are_refused(pipe, samples):
    with pytest.raises(ValueError, match=r"holds only the number [07], .* X_train\[:300\]"):
        to_c(pipe, samples)


@pytest.mark.parametrize("value", [1e300, -1e300, 1e30])
def test_absurd_numbers_are_refused_without_a_warning_of_numpy(pipe, value):
    samples = IMAGES[:50].astype(float)
    samples[3, 2, 1] = value
    message = re.escape(f"holds {value:g}, expected numbers of at most 1.8e+19; scale")
    with pytest.raises(ValueError, match=message):
        to_c(pipe, samples)


def test_the_largest_number_that_is_taken_has_no_warning_of_numpy():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(200, 64)) * calibration.LARGEST_NUMBER / 10
    y = X[:, 0] > 0
    for head in (LogisticRegression(), SVC()):
        to_c(make_pipeline(StandardScaler(), head).fit(X, y), X)


@pytest.mark.parametrize("n", [1, 2, 10, 200])
def test_samples_of_fit_do_not_warn(pipe, n):
    to_c(pipe, IMAGES[:n])
    for scaler in (StandardScaler(), MinMaxScaler(), RobustScaler(), PCA(8)):
        calibration.check_range(scaler.fit(PIXELS), PIXELS[:n])
        calibration.check_range(scaler.fit(WINE), WINE[:n])


# --------------------------------------------------------------------- what the integers lose


def test_the_agreement_is_kept(pipe):
    model = to_c(pipe, IMAGES[:200])
    wanted = np.mean(model.predict(IMAGES[:200], engine="fixed") == pipe.predict(IMAGES[:200]))
    assert model.calibration_agreement == wanted
    assert pickle.loads(pickle.dumps(model)).calibration_agreement == wanted
    assert model.for_target("cortex-m0").calibration_agreement == wanted
    assert np.isnan(to_c(pipe, dtype="float32").calibration_agreement)


def test_integers_that_do_not_follow_the_estimator_warn():
    """One weight is 300 times another: with 8 bits the other is lost."""
    rng = np.random.default_rng(0)
    X = np.stack([rng.integers(0, 2, 300), rng.integers(0, 256, 300)], axis=1).astype(np.uint8)
    model = LinearRegression().fit(X, 300.0 * X[:, 0] + X[:, 1])
    told = r"R\^2 between the integers and the estimator is 0\.\d+ on 300 calibration samples"
    with pytest.warns(CalibrationWarning, match=told) as caught:
        lost = to_c(model, X, linear_bits=8)
    assert lost.calibration_agreement < 0.95
    message = str(caught[0].message)
    assert f"is {lost.calibration_agreement:.3f} on" in message
    assert "Try to_c(..., linear_bits=16 or calibration='percentile')" in message
    assert "model.compare(X)" in message
    assert caught[0].filename == __file__
    assert to_c(model, X).calibration_agreement > 0.95


class Said:
    """What `check_agreement` measures, stated."""

    def __init__(self, found, wanted, value=None, worst_output=None):
        self.found, self.wanted = np.array(found), np.array(wanted)
        self.value = np.mean(self.found == self.wanted) if value is None else value
        self.worst_output = worst_output


def test_one_class_for_all_is_told(pipe):
    model = to_c(pipe, IMAGES[:200])
    fault = calibration._disagreement(model, Said([3] * 200, [3] * 195 + [1] * 5))
    assert fault == (
        "the integers put all 200 calibration samples in class 3, but the "
        "estimator puts 5 of them in other classes"
    )
    assert calibration._disagreement(model, Said([3] * 200, [3] * 198 + [1] * 2)) == ""
    assert calibration._disagreement(model, Said([3, 1] * 5, [3, 1] * 4 + [3, 3])) == ""
    fault = calibration._disagreement(model, Said([3, 1] * 50, [3, 1] * 40 + [3, 3] * 10))
    assert fault == "the integers agree with the estimator on only 90.0% of 100 calibration samples"


def test_the_worst_output_is_told():
    X = np.random.default_rng(0).normal(size=(50, 3))
    model = to_c(LinearRegression().fit(X, X[:, :2]), X)
    fault = calibration._disagreement(model, Said(X[:, :2], X[:, :2], 0.5, 1))
    assert fault == (
        "R^2 of output 1 between the integers and the estimator is 0.500 on 50 calibration samples"
    )


def test_advice_leaves_out_what_was_tried(pipe):
    graph = skconv.to_graph(pipe)
    told = calibration.advice(graph, IMAGES / 255, "minmax", "int8", conv_bits=8, linear_bits=8)
    for option in ("conv_bits=16", "linear_bits=16", "input_type='int16'", "'percentile'"):
        assert option in told
    # Fractions are int16 where nothing else is said.
    told = calibration.advice(graph, IMAGES / 300, "minmax", None, conv_bits=8, linear_bits=8)
    assert "input_type" not in told
    told = calibration.advice(graph, IMAGES, "mse", None, conv_bits=16, linear_bits=16)
    assert told.startswith("Look closer: model.compare(X) shows which layer loses most")
