"""Decisions that remember those before: in scikit-learn, in streams, and in C."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from sklearn.linear_model import RidgeClassifier
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skconv import SlidingWindow, SmoothedClassifier, emulator, to_c
from skconv.graph import ArgMax
from skconv.graph.smoothing import Majority
from skconv.runtime.smoothing import smooth
from skconv.target.memory import overlaps

RNG = np.random.default_rng(0)
LABELS = np.repeat(np.repeat(["b", "a", "c"], 300), 2)
# Three movements that noise hides: a single window is often wrong.
RECORDING = (RNG.normal(0, 900, (len(LABELS), 2)) + 150 * (LABELS[:, None] > "a")).astype(np.int16)
RECORDING[LABELS == "c"] += np.array([250, -150], np.int16)
METHODS = ("majority", "hmm")


def windows():
    X, y, _ = SlidingWindow(12, hop=4).cut([RECORDING], [LABELS])
    return X.reshape(len(X), -1), y


def fitted(method):
    X, y = windows()
    last = SmoothedClassifier(RidgeClassifier(), method=method, n_windows=7)
    return make_pipeline(StandardScaler(), last).fit(X, y)


def test_majority_is_that_of_the_last_windows_and_the_newest_wins_a_tie():
    indices = RNG.integers(0, 4, 200).astype(np.int32)
    op = Majority.of(ArgMax(), 6)
    found, _ = smooth(op, indices, None)
    for i in range(len(indices)):
        last = indices[max(0, i - 5) : i + 1][::-1].tolist()
        counts = Counter(last)
        assert found[i] == next(k for k in last if counts[k] == max(counts.values()))
    parts, state = [], None
    for piece in np.split(indices, [1, 3, 90]):
        part, state = smooth(op, piece, state)
        parts.append(part)
    assert np.array_equal(np.concatenate(parts), found)


def test_the_filter_is_the_forward_algorithm():
    """In floats: Rabiner 1989, equation 20, normalised at each step."""
    X, y = windows()
    model = SmoothedClassifier(RidgeClassifier(), method="hmm").fit(X, y)
    A, B = model.transitions_ / 65535, model.emissions_ / 65535
    assert np.allclose(A.sum(axis=1), 1, atol=1e-4)
    assert np.allclose(B.sum(axis=0), 1, atol=1e-4)
    belief, wanted = np.full(3, 1 / 3), []
    for k in np.searchsorted(model.classes_, model.estimator_.predict(X)):
        belief = (belief @ A) * B[k]
        belief /= belief.sum()
        wanted.append(belief.argmax())
    assert np.mean(model.predict(X) == model.classes_[wanted]) > 0.99


@pytest.mark.parametrize("method", METHODS)
def test_smoothing_helps_and_recordings_do_not_mix(method):
    X, y = windows()
    model = fitted(method)
    alone = model[-1].estimator_.predict(model[:-1].transform(X))
    assert np.mean(model.predict(X) == y) > np.mean(alone == y) + 0.1
    groups = np.arange(len(X)) // 50
    found = model.predict(X, groups=groups)
    assert np.array_equal(found[:50], model.predict(X[:50]))
    assert np.array_equal(found[50:100], model.predict(X[50:100]))


def test_it_goes_through_a_grid_search():
    X, y = windows()
    grid = {"n_windows": [1, 9], "estimator__alpha": [0.1, 1]}
    search = GridSearchCV(SmoothedClassifier(RidgeClassifier()), grid, cv=2).fit(X[::-1], y[::-1])
    assert search.best_params_["n_windows"] == 9


@pytest.mark.parametrize("method", METHODS)
def test_a_stream_smooths_as_predict_does_and_c_is_exact(method):
    X, _ = windows()
    pipe = fitted(method)
    model = to_c(pipe, X, input="samples", window=12, hop=4, name="m")
    by_c, defined = (model.stream(engine).push(RECORDING) for engine in ("c", "fixed"))
    assert np.array_equal(by_c, defined)
    assert np.mean(by_c == pipe.predict(X)) > 0.98
    pieces = np.split(RECORDING, [5, 100, 101])
    stream = model.stream("c")
    assert np.array_equal(np.concatenate([*map(stream.push, pieces)]), by_c)
    assert np.array_equal(stream.begin().push(RECORDING), by_c)
    assert np.array_equal(model.predict(X[:40], "c"), model.predict(X[:40], "fixed"))
    assert model.verify(X).differing_bytes == 0
    assert not overlaps(model.plan)


@pytest.mark.needs(*emulator.tools("cortex-m0"))
@pytest.mark.parametrize("method", METHODS)
def test_simulated_cores_give_the_same_in_the_ram_that_is_stated(method):
    X, _ = windows()
    model = to_c(fitted(method), X, input="samples", window=12, hop=4, target="cortex-m0")
    found = model.benchmark(n_samples=4)
    assert found.wrong == 0
    assert found.static_bytes == model.report().ram_bytes


def test_whole_windows_remember_nothing():
    X, _ = windows()
    with pytest.raises(ValueError, match=r"input='whole' with SmoothedClassifier.*'samples'"):
        to_c(fitted("majority"), X)


def test_groups_of_another_length_are_refused():
    X, _ = windows()
    with pytest.raises(ValueError, match=r"groups has shape \(3,\), expected one for each window"):
        fitted("majority").predict(X, groups=[1, 2, 3])
