"""Decisions that remember those before: in scikit-learn, in streams, and in C."""

from __future__ import annotations

from collections import Counter
from itertools import product

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression, RidgeClassifier
from sklearn.model_selection import GridSearchCV
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skconv import SlidingWindow, SmoothedClassifier, emulator, to_c
from skconv.graph import ArgMax
from skconv.graph.smoothing import Majority, Viterbi
from skconv.runtime.smoothing import smooth
from skconv.target.memory import overlaps

RNG = np.random.default_rng(0)
LABELS = np.repeat(np.repeat(["b", "a", "c"], 300), 2)
# Three movements that noise hides: a single window is often wrong.
RECORDING = (RNG.normal(0, 900, (len(LABELS), 2)) + 150 * (LABELS[:, None] > "a")).astype(np.int16)
RECORDING[LABELS == "c"] += np.array([250, -150], np.int16)
METHODS = ("majority", "hmm", "viterbi")


def windows():
    X, y, _ = SlidingWindow(12, hop=4).cut([RECORDING], [LABELS])
    return X.reshape(len(X), -1), y


def fitted(method):
    X, y = windows()
    last = SmoothedClassifier(GaussianNB(), method=method, n_windows=7)
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


def best_ends(log_likelihoods, log_transitions):
    """Where the most probable sequence up to each step ends: whole sequences, compared as sums."""
    n_steps, n_classes = log_likelihoods.shape
    found = []
    for end in range(1, n_steps + 1):
        paths = np.array(list(product(range(n_classes), repeat=end + 1)))
        sums = log_transitions[paths[:, :-1], paths[:, 1:]].sum(axis=1)
        sums += log_likelihoods[np.arange(end), paths[:, 1:]].sum(axis=1)
        found.append(paths[sums.argmax(), -1])
    return found


def test_viterbi_finds_the_best_of_all_sequences():
    rng = np.random.default_rng(3)
    transitions = np.array([[0.9, 0.1], [0.3, 0.7]])
    scores = np.log(rng.dirichlet([1, 1], 9))
    op = Viterbi.of(ArgMax(), transitions, np.full(2, 0.5), 2.0**-12)
    found, _ = smooth(op, np.rint(scores * 2**12).astype(np.int32))
    assert found.tolist() == best_ends(scores, np.log(transitions))
    # A single score is the second less the first.
    single = np.rint((scores[:, 1:] - scores[:, :1]) * 2**12).astype(np.int32)
    assert np.array_equal(smooth(op, single)[0], found)


def test_viterbi_by_hand():
    """One bit of a score or of a level is 2048 units."""
    unit = np.log(2) * 2.0**-11
    op = Viterbi.of(ArgMax(), np.array([[0.75, 0.25], [0.25, 0.75]]), np.full(2, 0.5), unit)
    three = round(np.log2(3) * 2**11)
    assert dict(op.tables)["transitions"].tolist() == [
        [three - 2**12, -(2**12)],
        [-(2**12), three - 2**12],
    ]
    assert op.shift == 0
    # A change is a third as likely: to be twice as likely is not enough once, but twice.
    rows = np.array([[0, 0], [4, 0], [0, 1], [0, 1], [4, 0]]) << 11
    assert smooth(op, rows.astype(np.int32))[0].tolist() == [0, 0, 0, 1, 0]


def test_viterbi_is_that_of_floats_on_a_long_sequence():
    rng = np.random.default_rng(0)
    transitions = rng.dirichlet(np.ones(5), 5) + 2 * np.eye(5)
    transitions /= transitions.sum(axis=1, keepdims=True)
    priors = rng.dirichlet(np.ones(5))
    logits = np.log(rng.dirichlet(np.full(5, 0.3), 5000) + 1e-9)
    levels, wanted = np.zeros(5), []
    for row in logits:
        levels = (levels[:, None] + np.log(transitions)).max(axis=0) + row - np.log(priors)
        levels -= levels.max()
        wanted.append(levels.argmax())
    for unit in (2.0**-12, 2.0**-20):
        op = Viterbi.of(ArgMax(), transitions, priors, unit)
        found, state = smooth(op, np.rint(logits / unit).astype(np.int32))
        assert np.mean(found == wanted) > 0.999
        parts, state = [], None
        for piece in np.split(np.rint(logits / unit).astype(np.int32), [1, 2, 700]):
            part, state = smooth(op, piece, state)
            parts.append(part)
        assert np.array_equal(np.concatenate(parts), found)


def test_viterbi_of_the_largest_scores_stays_within_its_limits():
    op = Viterbi.of(ArgMax(), np.array([[1 - 1e-9, 1e-9]] * 2), np.array([1e-9, 1.0]), 1e-9)
    ends = np.array([[-(2**31), 2**31 - 1], [2**31 - 1, -(2**31)]], np.int32)
    found, levels = smooth(op, np.repeat(ends, 5, axis=0))
    assert set(found) <= {0, 1}
    assert levels.min() >= -(2**29)
    assert levels.max() == 0


def test_two_classes_have_one_score():
    recording = RECORDING[LABELS != "c"]
    X, y, _ = SlidingWindow(12, hop=4).cut([recording], [LABELS[LABELS != "c"]])
    X = X.reshape(len(X), -1)
    last = SmoothedClassifier(LogisticRegression(), method="viterbi")
    pipe = make_pipeline(StandardScaler(), last).fit(X, y)
    model = to_c(pipe, X, input="samples", window=12, hop=4, name="m")
    by_c, defined = (model.stream(engine).push(recording) for engine in ("c", "fixed"))
    assert np.array_equal(by_c, defined)
    assert np.mean(by_c == pipe.predict(X)) > 0.98


@pytest.mark.parametrize(
    ("estimator", "dtype", "message"),
    [
        (LogisticRegression(), "float32", "dtype='float32' with method='viterbi'"),
        (KNeighborsClassifier(), "int8", "expected such as LogisticRegression or GaussianNB"),
    ],
    ids=["float", "shares"],
)
def test_viterbi_needs_integer_scores_that_are_logarithms(estimator, dtype, message):
    X, y = windows()
    model = SmoothedClassifier(estimator, method="viterbi").fit(X, y)
    with pytest.raises(ValueError, match=message):
        to_c(model, X, input="samples", window=12, hop=4, dtype=dtype)


@pytest.mark.filterwarnings("ignore:A column-vector y was passed")
@pytest.mark.parametrize("method", ["hmm", "viterbi"])
def test_labels_in_a_column_are_labels(method):
    X, y = windows()
    model = SmoothedClassifier(GaussianNB(), method=method)
    found = model.fit(X, y[:, None]).predict(X)
    assert np.array_equal(found, model.fit(X, y).predict(X))


def test_viterbi_needs_probabilities():
    X, y = windows()
    with pytest.raises(ValueError, match=r"RidgeClassifier, which has no predict_proba"):
        SmoothedClassifier(RidgeClassifier(), method="viterbi").fit(X, y)


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
