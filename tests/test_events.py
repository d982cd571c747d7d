"""Events in a stream of windows: when one begins, how many are missed, and the same in C."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression, RidgeClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from skconv import EventDetector, SlidingWindow, emulator, to_c
from skconv.signals import count_events
from skconv.target.memory import overlaps

RNG = np.random.default_rng(0)
LABELS = np.repeat(RNG.permutation(np.repeat(["no", "other", "yes"], 200)), 7)
# Loud in one channel or both, under noise: one window alone is often wrong.
RECORDING = RNG.normal(0, 500, (len(LABELS), 2))
RECORDING[LABELS == "yes"] += 400
RECORDING[LABELS == "no"] += [400, -400]
RECORDING = RECORDING.astype(np.int16)
TWO = np.where(LABELS == "yes", "yes", "other")


def windows(labels=LABELS):
    X, y, _ = SlidingWindow(8, hop=2).cut([RECORDING], [labels])
    return X.reshape(len(X), -1), y


def fitted(labels=LABELS, estimator=None, **params):
    X, y = windows(labels)
    detector = EventDetector(estimator or LogisticRegression(), **params)
    return make_pipeline(StandardScaler(), detector).fit(X, y)


PIPES = {
    "second of two": (TWO, {"threshold": 0.5, "refractory": 4, "n_smooth": 3}),
    "first of two": (TWO, {"threshold": 1.25, "n_smooth": 2, "keywords": "other"}),
    "two of three": (LABELS, {"refractory": 9, "n_smooth": 4, "keywords": ["yes", "no"]}),
}
EACH = pytest.mark.parametrize("name", PIPES)


def by_hand(scores, classes, threshold, refractory=1, n_smooth=1):
    """Window by window, as the docstring says it."""
    found, last = [], None
    for i in range(len(scores)):
        sums = {k: sum(scores[max(0, i - n_smooth + 1) : i + 1, k].tolist()) for k in classes}
        best = max(classes, key=lambda k: sums[k])
        begins = i >= n_smooth - 1 and sums[best] >= n_smooth * threshold
        begins = begins and (last is None or i - last >= refractory)
        last = i if begins else last
        found.append(best if begins else -1)
    return found


def parts(name):
    """What `by_hand` needs of a pipeline, beside the scores."""
    labels, params = PIPES[name]
    rule = {key: value for key, value in params.items() if key != "keywords"}
    classes = np.searchsorted(np.unique(labels), np.unique(params.get("keywords", "yes")))
    return classes.tolist(), {"threshold": 0.0, **rule}


def both_signs(scores):
    """A column for each class, where one score decides between two."""
    return np.concatenate([-scores, scores], axis=1) if scores.shape[1] == 1 else scores


@EACH
def test_events_are_those_of_the_definition(name):
    labels, params = PIPES[name]
    pipe, (X, _) = fitted(labels, **params), windows(labels)
    scores = pipe.decision_function(X)
    classes, rule = parts(name)
    wanted = by_hand(both_signs(scores.reshape(len(X), -1)), classes, **rule)
    assert pipe.predict(X).tolist() == wanted
    assert set(wanted) == {-1, *classes}
    groups = np.arange(len(X)) // 50
    found = pipe[-1].detect(scores, groups=groups)
    assert np.array_equal(found[50:100], pipe[-1].detect(scores[50:100]))


@EACH
@pytest.mark.needs("gcc")
def test_a_stream_finds_what_predict_finds_and_c_is_exact(name):
    labels, params = PIPES[name]
    pipe, (X, _) = fitted(labels, **params), windows(labels)
    model = to_c(pipe, X, input="samples", window=8, hop=2, name="m")
    by_c, scores = model.stream("c").push(RECORDING, return_scores=True)
    assert np.array_equal(by_c, model.stream("fixed").push(RECORDING))
    assert np.mean(by_c == pipe.predict(X)) > 0.98
    # Integers: exact in the units of their scale.
    scale = model.graph.specs[model.graph.scores_name].scale
    integers = np.rint(scores / scale).astype(np.int64)
    classes, rule = parts(name)
    rule["threshold"] /= scale
    assert by_c.tolist() == by_hand(both_signs(integers), classes, **rule)
    pieces = np.split(RECORDING, [5, 100, 101])
    stream = model.stream("c")
    assert np.array_equal(np.concatenate([*map(stream.push, pieces)]), by_c)
    assert np.array_equal(stream.begin().push(RECORDING), by_c)
    assert np.array_equal(model.predict(X[:9], "c"), model.predict(X[:9], "fixed"))
    assert model.verify(X[:200]).differing_bytes == 0
    assert not overlaps(model.plan)
    assert not hasattr(model, "score")


@pytest.mark.needs("gcc")
def test_the_largest_scores_do_not_overflow_a_sum():
    """The mean of many scores at the end of their range reaches a threshold just there."""
    X, y = windows(TWO)
    pipe = make_pipeline(EventDetector(RidgeClassifier(), n_smooth=3000)).fit(X, y)
    loud = np.full((8 + 2 * 3001, 2), 32767, np.int16)
    model = to_c(pipe, X, input="samples", window=8, hop=2, input_type="int16")
    _, scores = model.stream("fixed").push(loud, return_scores=True)
    for times, wanted in [(1, [2999]), (1 + 1e-12, [])]:
        pipe.set_params(eventdetector__threshold=times * float(scores[0, 0]))
        model = to_c(pipe, X, input="samples", window=8, hop=2, input_type="int16")
        found = model.stream("c").push(loud)
        assert np.array_equal(found, model.stream("fixed").push(loud))
        assert np.flatnonzero(found >= 0)[:1].tolist() == wanted


@pytest.mark.parametrize(
    "target",
    [pytest.param(t, marks=pytest.mark.needs(*emulator.tools(t))) for t in ("cortex-m4", "avr")],
)
def test_simulated_cores_give_the_same_in_the_ram_that_is_stated(target):
    labels, params = PIPES["two of three"]
    pipe = fitted(labels, **{**params, "n_smooth": 1})
    X, _ = windows(labels)
    model = to_c(pipe, X, input="samples", window=8, hop=2, target=target)
    assert set(model.predict(X[:4])) != {-1}
    found = model.benchmark(n_samples=4)
    assert found.wrong == 0
    assert found.static_bytes == model.report().ram_bytes


def test_of_several_alarms_in_one_event_the_first_counts():
    assert count_events([2, 3, 9, 9], [(1, 4), (5, 6)]) == (1, 1, 2)
    assert count_events([], [(1, 4)]) == (0, 1, 0)
    assert count_events([7], []) == (0, 0, 1)


def test_what_does_not_fit_is_refused():
    X, y = windows()
    with pytest.raises(ValueError, match="keywords=None with 3 classes"):
        EventDetector(RidgeClassifier()).fit(X, y)
    with pytest.raises(ValueError, match=r"keywords has \['maybe'\], expected labels of y"):
        EventDetector(RidgeClassifier(), keywords="maybe").fit(X, y)
    with pytest.raises(ValueError, match="'refractory' parameter"):
        EventDetector(RidgeClassifier(), refractory=0).fit(X, y)
    detector = fitted(keywords="yes")[-1]
    with pytest.raises(ValueError, match=r"scores have shape \(2,\), expected \(n_windows, 3\)"):
        detector.detect([0, 1])
    with pytest.raises(ValueError, match="NaN"):
        detector.detect([[np.nan, 0, 0]])


def test_what_c_cannot_do_is_refused():
    X, _ = windows(TWO)
    stream = {"input": "samples", "window": 8, "hop": 2}
    with pytest.raises(ValueError, match=r"input='whole' with EventDetector.*'samples'"):
        to_c(fitted(TWO), X)
    with pytest.raises(ValueError, match="dtype='float32' with EventDetector"):
        to_c(fitted(TWO), X, dtype="float32", **stream)
    with pytest.raises(ValueError, match=r"threshold=1000000.0, but the scores in integers lie"):
        to_c(fitted(TWO, threshold=1e6), X, **stream)
    X, _ = windows()
    with pytest.raises(ValueError, match="SVC, which decides by votes"):
        to_c(fitted(estimator=SVC(max_iter=9, C=1e-3), keywords="yes"), X, **stream)


def test_parameters_are_those_of_an_estimator():
    detector = EventDetector(RidgeClassifier(), threshold=1.5, refractory=3, n_smooth=2)
    assert str(clone(detector).get_params()) == str(detector.get_params())
