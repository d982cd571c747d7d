"""Hydra: kernels and counts, any unit of the signal, channels, and C on every target."""

from __future__ import annotations

import joblib
import numpy as np
import pytest
from sklearn.base import clone
from sklearn.linear_model import RidgeClassifier, RidgeClassifierCV
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from skconv import HydraFeatures, to_c
from skconv.emulator import tools
from skconv.runtime import fixed
from tests import exactness

LENGTH = 40
TARGETS = ("cortex-m4", "cortex-m0", "avr")
SMALL = HydraFeatures(n_groups=4, n_kernels=3, random_state=0)


def bursts(n_samples=60, length=LENGTH, n_channels=1, seed=0):
    """Whole numbers: a burst of one of two rhythms, anywhere in noise."""
    rng = np.random.default_rng(seed)
    y = np.arange(n_samples) % 2
    X = rng.normal(0, 30, (n_samples, length, n_channels))
    for i, start in enumerate(rng.integers(0, length - 16, n_samples)):
        angles = np.arange(16) * (1.0 + 0.5 * y[i]) + rng.uniform(0, 6)
        X[i, start : start + 16, 0] += 100 * np.sin(angles)
    return X.round().astype(np.int16), y


X, y = bursts()


def test_kernels_have_mean_0_and_magnitude_1():
    kernels = clone(SMALL).fit(X).kernels_
    assert kernels.shape == (12, 3, 9)
    assert np.abs(kernels.sum(axis=2)).max() < 1e-6
    np.testing.assert_allclose(np.abs(kernels).sum(axis=2), 1, atol=0.02)
    assert (np.rint(kernels * 254) == (kernels * 254).round(3)).all()


def test_groups_are_those_of_the_paper():
    hydra = HydraFeatures(random_state=0).fit(np.zeros((2, 150)) + np.arange(150))
    assert list(np.unique(hydra.dilations_)) == [1, 2, 4, 8, 16]
    assert hydra.differences_.reshape(5, 64).sum(axis=1).tolist() == [32] * 5
    assert hydra.graph_.output.shape == (5 * 64 * 8 * 2,)
    many = HydraFeatures(random_state=0).fit(np.random.default_rng(0).normal(size=(2, 40, 30)))
    assert many.channels_.shape == (64 * 3, 8)


def test_counts_are_those_of_a_plain_loop():
    hydra = HydraFeatures(n_groups=2, n_kernels=4, root=False, random_state=1).fit(X[:4])
    features = hydra.transform(X[:1]).reshape(-1, 2, 4)
    for group, kernels in enumerate(hydra.kernels_):
        row = X[0, :, 0].astype(float)
        row = np.diff(row) if hydra.differences_[group] else row
        step = hydra.dilations_[group]
        padded = np.pad(row, 4 * step)
        sums, counts = np.zeros(4), np.zeros(4)
        for t in range(len(row)):
            responses = np.rint(254 * kernels) @ padded[t : t + 8 * step + 1 : step]
            sums[responses.argmax()] += responses.max()
            counts[responses.argmin()] += 1
        np.testing.assert_allclose(features[group, 0], hydra.scale_ / 254 * sums, rtol=1e-4)
        np.testing.assert_array_equal(features[group, 1], counts)


def test_the_unit_of_a_signal_and_what_it_is_added_to_do_not_count():
    wanted = clone(SMALL).fit_transform(X)
    np.testing.assert_allclose(clone(SMALL).fit_transform(X / 256), wanted, rtol=1e-5)
    # A constant is seen at the ends alone, where zeros stand beside the signal.
    longer = np.pad(X, ((0, 0), (40, 40), (0, 0)), mode="edge")
    assert np.isfinite(clone(SMALL).fit_transform(longer + 1000)).all()


def test_sums_are_about_as_large_as_counts():
    sums, counts = np.split(
        clone(SMALL).set_params(root=False).fit_transform(X).reshape(60, -1, 2, 3), 2, axis=2
    )
    assert sums.mean() == pytest.approx(counts.mean(), rel=0.05)


def test_flat_signals_and_short_ones_have_features():
    assert np.isfinite(clone(SMALL).fit_transform(np.zeros((3, 20)))).all()
    assert clone(SMALL).fit_transform(np.arange(6.0).reshape(6, 1)).shape == (6, 24)


def test_channels_first_is_channels_last():
    X, _ = bursts(n_channels=4)
    wanted = clone(SMALL).fit_transform(X)
    first = clone(SMALL).set_params(data_format="channels_first")
    np.testing.assert_array_equal(first.fit_transform(X.transpose(0, 2, 1)), wanted)


def test_as_it_comes_it_beats_raw_samples():
    train, test = slice(0, 100), slice(100, 200)
    X, y = bursts(200, length=80)
    model = make_pipeline(HydraFeatures(n_groups=16, random_state=0), RidgeClassifierCV())
    raw = X.reshape(len(X), -1)
    ours = model.fit(X[train], y[train]).score(X[test], y[test])
    assert ours > SVC().fit(raw[train], y[train]).score(raw[test], y[test]) + 0.1


def test_a_dump_is_read_and_a_grid_search_chooses(tmp_path):
    pipe = make_pipeline(clone(SMALL), RidgeClassifier())
    search = GridSearchCV(pipe, {"hydrafeatures__n_groups": [1, 6]}, cv=2, error_score="raise")
    search.fit(X, y)
    joblib.dump(search, tmp_path / "search.joblib")
    found = joblib.load(tmp_path / "search.joblib").decision_function(X)
    np.testing.assert_array_equal(found, search.decision_function(X))


def exported(n_channels=1, **options):
    X, y = bursts(n_channels=n_channels)
    hydra = HydraFeatures(n_groups=2, n_kernels=4, random_state=0)
    model = make_pipeline(hydra, StandardScaler(), RidgeClassifier()).fit(X, y)
    return model, to_c(model, X, **options), X


@pytest.mark.needs("cc")
def test_c_is_the_definition_and_close_to_the_floats():
    model, exported_model, X = exported(4)
    assert exported_model.verify(X).differing_bytes == 0
    found = exported_model.predict(X)
    assert (found == model.predict(X)).mean() >= 0.95
    # Kernels are the same in both: integers lose no more than the requantisation does.
    graph = exported_model.graph
    features = fixed.tensors(graph, fixed.quantize_input(graph.input, X.reshape(len(X), -1)))
    (counts,) = (features[node.name] * graph.specs[node.name].scale for node in graph.nodes[1:2])
    wanted = model[0].transform(X) ** 2
    np.testing.assert_allclose(counts, wanted, atol=wanted.max() / 1000)


@pytest.mark.needs("cc")
def test_float_c_is_the_floats():
    model, _, X = exported(2)
    floats = to_c(model, X, dtype="float32")
    np.testing.assert_allclose(
        floats.decision_function(X), model.decision_function(X), rtol=1e-3, atol=1e-3
    )


@pytest.mark.parametrize(
    "target", [pytest.param(t, marks=pytest.mark.needs(*tools(t))) for t in TARGETS]
)
def test_no_byte_differs_on_a_microcontroller(target):
    _, model, X = exported(target=target)
    sources = exactness.program(model.graph, X[:3].reshape(3, 1, LENGTH, 1), host=False)
    assert exactness.on_target(sources, target) == 0


@pytest.mark.needs(*tools("cortex-m4"))
def test_two_taps_at_a_time_take_three_instructions_a_product():
    X, y = bursts(n_samples=20)
    hydra = HydraFeatures(n_groups=8, random_state=0)
    model = to_c(make_pipeline(hydra, RidgeClassifier()).fit(X, y), X, target="cortex-m4")
    (macs,) = (node.macs for node in model.report().nodes if "WinnerCounts" in node.op)
    bench = model.benchmark(n_samples=1)
    assert bench.wrong == 0
    (count,) = (node.count for node in bench.nodes if "WinnerCounts" in node.op)
    assert count < 3 * macs
