"""QUANT: quantiles in closed form, what leaves them unchanged, bounds, and C on every target."""

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

from skconv import QuantFeatures, to_c, to_graph
from skconv.emulator import tools
from skconv.graph import (
    BandPower,
    Graph,
    IntervalQuantiles,
    QIntervalQuantiles,
    Reshape,
    TensorSpec,
)
from skconv.graph.quantiles import LARGER
from skconv.passes.quantize import quantize
from skconv.runtime import fixed, reference
from skconv.signals import quant
from skconv.signals.quant import dyadic_intervals
from skconv.testing import assert_runtimes_agree
from tests import exactness

TARGETS = ("cortex-m4", "cortex-m0", "avr")
PUBLISHED = QuantFeatures(unit_scale=False, root=False)
TIME = ("raw", "difference", "second_difference")


def of(representation, **params):
    return clone(PUBLISHED).set_params(representations=[representation], **params)


def noisy(n_samples=60, length=40, n_channels=1, seed=0):
    """Whole numbers: noise that is louder in one of two places."""
    rng = np.random.default_rng(seed)
    y = np.arange(n_samples) % 2
    X = rng.normal(0, 100, (n_samples, length, n_channels))
    for i, label in enumerate(y):
        X[i, length // 4 + label * length // 2 :][: length // 4] *= 3
    return X.round().astype(np.int16), y


X, y = noisy()


# ------------------------------------------------------------------------- closed forms


def test_intervals_are_halved_and_shifted_by_half_of_one():
    found = [len(dyadic_intervals(length, 6)) for length in (1, 2, 3, 8, 150)]
    # 1; 1 + 2; the three parts of 3 begin at 0, 1 and are no longer than 2; (2^k - 1) shifted.
    assert found == [1, 3, 3, 1 + 2 + 1 + 4 + 3 + 8, 63 + 57]
    for first, end in dyadic_intervals(150, 6).astype(int):
        assert 0 <= first < end <= 150
    np.testing.assert_array_equal(dyadic_intervals(150, 1), [[0, 150]])


def test_quantiles_of_a_ramp():
    ramp = np.arange(40.0)[None]
    found = of("raw", interval_depth=2).fit_transform(ramp)[0]
    ends = dyadic_intervals(40, 2).astype(float)
    wanted = []
    for first, end in ends:
        n_quantiles = int(1 + (end - first - 1) // 4)
        places = np.linspace(first, end - 1, n_quantiles)
        places[1::2] -= (first + end - 1) / 2
        wanted.append(places)
    np.testing.assert_allclose(found, np.concatenate(wanted), rtol=1e-6, atol=1e-5)
    slopes = of("difference", interval_depth=1).fit_transform(3 * ramp)[0]
    np.testing.assert_allclose(slopes, [3, 0] * 5, atol=1e-6)
    assert not of("second_difference").fit_transform(ramp).any()


def test_quantiles_are_those_of_numpy():
    x = np.random.default_rng(0).normal(size=(3, 61))
    smooth = np.stack([np.convolve(d, np.ones(5) / 5, "valid") for d in _wide(np.diff(x))])
    spectrum = np.abs(np.fft.rfft(x))
    rows = {"raw": x, "difference": smooth, "second_difference": np.diff(x, 2)}
    for name, row in (rows | {"fourier": spectrum}).items():
        wanted = []
        for first, end in dyadic_intervals(row.shape[1], 6).astype(int):
            part = row[:, first:end]
            n_quantiles = 1 + (end - first - 1) // 4
            levels = np.linspace(0, 1, n_quantiles) if n_quantiles > 1 else [0.5]
            found = np.quantile(part, levels, axis=1).T
            if n_quantiles > 1:
                found[:, 1::2] -= part.mean(axis=1, keepdims=True)
            wanted.append(found)
        found = of(name).fit_transform(x)
        np.testing.assert_allclose(found, np.hstack(wanted), rtol=1e-4, atol=1e-4, err_msg=name)


def _wide(differences):
    return np.pad(differences, ((0, 0), (2, 2)), mode="edge")


def test_the_spectrum_of_a_cosine_is_one_bin():
    wave = 3 * np.cos(2 * np.pi * 5 * np.arange(48) / 48)[None]
    # With one quantile for each of the 25 bins the last level shows them one by one.
    bins = of("fourier", interval_depth=1, quantile_divisor=1).fit_transform(wave)[0]
    bins[1::2] += 72 / 25
    np.testing.assert_allclose(np.sort(bins), [0] * 24 + [72], atol=1e-4)


@pytest.mark.parametrize("shape", [(64,), (16, 3)])
def test_the_fast_spectrum_is_that_of_numpy_and_of_the_table(shape, monkeypatch):
    x = np.random.default_rng(0).normal(0, 300, (5, *shape))
    found = of("fourier").fit_transform(x)
    exact = to_graph(of("fourier").fit(x))
    assert sum(isinstance(node.op, BandPower) for node in exact.nodes) == x[0].size // shape[0]
    spectrum = np.abs(np.fft.rfft(x, axis=1)).reshape(5, shape[0] // 2 + 1, -1)
    alone = Graph(TensorSpec(spectrum.shape[1:])).append(Reshape((1, *spectrum.shape[1:])))
    op = next(node.op for node in exact.nodes if isinstance(node.op, IntervalQuantiles))
    wanted = reference.run(alone.append(op), spectrum)
    np.testing.assert_allclose(reference.run(exact, x.reshape(5, -1)), wanted, rtol=1e-9, atol=1e-6)
    np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=0.1)
    monkeypatch.setattr(quant, "LEAST_FAST", 10**9)
    np.testing.assert_allclose(of("fourier").fit_transform(x), found, rtol=1e-4, atol=0.1)


@pytest.mark.needs("gcc")
def test_the_fast_spectrum_is_small_and_exact_in_c(monkeypatch):
    X, y = noisy(60, 64, 2)
    pipe = make_pipeline(of("fourier"), StandardScaler(), RidgeClassifier(10)).fit(X, y)
    model = to_c(pipe, X, input="samples", hop=16)
    assert model.verify(X).differing_bytes == 0
    assert model.verify(X).agreement > 0.95
    floats = to_c(pipe, X, dtype="float32")
    assert floats.verify(X).relative_error < 1e-5
    fast = model.report().flash_bytes
    monkeypatch.setattr(quant, "LEAST_FAST", 10**9)
    pipe = clone(pipe).fit(X, y)
    by_table = to_c(pipe, X, input="samples", hop=16)
    # As many bytes as the square of the length, in place of tables of two transforms.
    assert by_table.report().flash_bytes - fast > 64 * 64 - 2 * 64 * 20


def test_order_inside_of_the_signal_does_not_count_for_its_one_interval():
    whole = of("raw", interval_depth=1)
    shuffled = np.random.default_rng(0).permuted(X, axis=1)
    np.testing.assert_array_equal(whole.fit_transform(X), whole.fit_transform(shuffled))


def test_a_constant_changes_what_is_not_less_a_mean():
    before, behind = (of("raw").fit_transform(x.astype(float)) for x in (X, X + 10))
    moved = behind - before
    assert set(moved.round(3).ravel()) == {0.0, 10.0}
    for name in TIME[1:]:
        np.testing.assert_array_equal(of(name).fit_transform(X), of(name).fit_transform(X + 10))


def test_scales_and_roots():
    bare = clone(PUBLISHED).fit_transform(X)
    scaled = QuantFeatures(root=False).fit(X)
    features = scaled.transform(X)
    sizes = [of(name).fit_transform(X).shape[1] for name in scaled.representations_]
    np.testing.assert_allclose(features, bare * np.repeat(scaled.scales_, sizes), rtol=1e-4)
    for part in np.split(features, np.cumsum(sizes)[:-1], axis=1):
        assert part.std() == pytest.approx(1, rel=1e-3)
    rooted = QuantFeatures().fit_transform(X)
    np.testing.assert_allclose(rooted * np.abs(rooted), features, rtol=1e-4, atol=1e-4)


def test_channels_first_is_channels_last_and_channels_are_alike():
    X, _ = noisy(n_channels=3)
    wanted = clone(PUBLISHED).fit_transform(X)
    first = clone(PUBLISHED).set_params(data_format="channels_first")
    np.testing.assert_array_equal(first.fit_transform(X.transpose(0, 2, 1)), wanted)
    alone = np.hstack([clone(PUBLISHED).fit_transform(X[:, :, [i]]) for i in range(3)])
    np.testing.assert_allclose(np.sort(wanted), np.sort(alone), rtol=1e-4, atol=0.1)


def test_short_signals_have_those_representations_that_they_are_long_enough_for():
    short = QuantFeatures().fit(np.arange(8.0).reshape(4, 2))
    assert short.representations_ == ["raw", "difference", "fourier"]
    with pytest.raises(ValueError, match="signals of 2 number have none"):
        of("second_difference").fit(np.arange(8.0).reshape(4, 2))


@pytest.mark.parametrize("wrong", [[], ["raw", "raw"], ["wavelet"]])
def test_wrong_representations_are_refused(wrong):
    with pytest.raises(ValueError, match="expected some of"):
        QuantFeatures(representations=wrong).fit(X)


def test_intervals_that_do_not_fit_are_refused():
    spec = TensorSpec((1, 9, 1))
    op = IntervalQuantiles(np.array([[0, 9]], np.uint16), 9)
    assert op.output(spec).shape == (3,)
    for wrong, words in (
        (IntervalQuantiles(op.intervals, 9, representation="difference"), r"lie in 0\.\.8"),
        (IntervalQuantiles(np.array([[3, 3]], np.uint16), 9), "not be empty"),
        (IntervalQuantiles(op.intervals, 10), "needs a signal"),
        (IntervalQuantiles(op.intervals, 9, representation="third"), "expected one of"),
    ):
        with pytest.raises(ValueError, match=words):
            wrong.output(spec)


# --------------------------------------------------------------------------- a user's way


def test_as_it_comes_it_beats_raw_samples():
    X, y = noisy(200)
    raw = X.reshape(len(X), -1)
    model = make_pipeline(QuantFeatures(), RidgeClassifierCV())
    ours = model.fit(X[:100], y[:100]).score(X[100:], y[100:])
    assert ours > SVC().fit(raw[:100], y[:100]).score(raw[100:], y[100:]) + 0.05


def test_a_dump_is_read_and_a_grid_search_chooses(tmp_path):
    pipe = make_pipeline(QuantFeatures(), StandardScaler(), RidgeClassifier())
    grid = {"quantfeatures__interval_depth": [1, 4]}
    search = GridSearchCV(pipe, grid, cv=2, error_score="raise").fit(X, y)
    assert search.best_params_ == {"quantfeatures__interval_depth": 4}
    joblib.dump(search, tmp_path / "search.joblib")
    found = joblib.load(tmp_path / "search.joblib").decision_function(X)
    np.testing.assert_array_equal(found, search.decision_function(X))


# -------------------------------------------------------------------------------- integers


@pytest.mark.needs("cc")
@pytest.mark.parametrize("dtype", ["int8", "int16"])
def test_the_largest_integers_are_within_the_bound(dtype):
    low, high = np.iinfo(dtype).min, np.iinfo(dtype).max
    x = np.random.default_rng(1).choice([low, high], (20, 1, 23, 2)).astype(dtype)
    for name in TIME:
        largest = -LARGER[name] * int(low)
        op = IntervalQuantiles(dyadic_intervals(21, 6), 23, 4, name, 1 / LARGER[name])
        graph = Graph(TensorSpec((1, 23, 2))).append(op)
        ranges = {"input": (low, high), graph.output_name: (-2.0 * high, 2.0 * high)}
        options = {"input_dtype": dtype, "input_scale": 1.0, "output_bits": 16}
        integer = quantize(graph, ranges, **options)
        op = integer.nodes[0].op
        assert isinstance(op, QIntervalQuantiles)
        assert op.row_dtype == ("int16" if largest <= np.iinfo("int16").max else "int32")
        assert_runtimes_agree(integer, x)
        found = integer.output.scale * fixed.run(integer, x)
        tolerance = integer.output.scale + 1 / 2**op.fraction_bits
        np.testing.assert_allclose(found, reference.run(graph, x), atol=tolerance)


def exported(n_channels=1, **options):
    X, y = noisy(n_channels=n_channels)
    quant = QuantFeatures(interval_depth=3)
    model = make_pipeline(quant, StandardScaler(), RidgeClassifier(alpha=10)).fit(X, y)
    return model, to_c(model, X, **options), X


@pytest.mark.needs("cc")
def test_c_is_the_definition_and_close_to_the_floats():
    model, exported_model, X = exported(3)
    assert exported_model.verify(X).differing_bytes == 0
    assert (exported_model.predict(X) == model.predict(X)).mean() >= 0.95


@pytest.mark.needs("cc")
def test_float_c_is_the_floats():
    model, _, X = exported(2)
    floats = to_c(model, X, dtype="float32")
    wanted = model.decision_function(X)
    np.testing.assert_allclose(floats.decision_function(X), wanted, rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize(
    "target", [pytest.param(target, marks=pytest.mark.needs(*tools(target))) for target in TARGETS]
)
def test_no_byte_differs_on_a_microcontroller(target):
    _, model, X = exported(target=target)
    sources = exactness.program(model.graph, X[:3].reshape(3, 1, -1, 1), host=False)
    assert exactness.on_target(sources, target) == 0
