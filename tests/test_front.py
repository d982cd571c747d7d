"""Filters that run on over a stream, in front of its windows."""

from __future__ import annotations

import pickle
from functools import cache
from typing import Any

import numpy as np
import pytest
from scipy.signal import butter
from sklearn.linear_model import RidgeClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skconv import (
    Decimate,
    HydraFeatures,
    IIRFilter,
    NotConvertibleError,
    RandomConvFeatures,
    RemoveMean,
    SlidingWindow,
    SmoothedClassifier,
    VectorMagnitude,
    to_c,
)
from skconv.codegen.fronts import split
from skconv.deploy.model import CModel
from skconv.emulator import tools
from skconv.exceptions import CalibrationWarning
from skconv.runtime import fixed
from skconv.runtime.front import Front
from skconv.signals import filter_recordings

RNG = np.random.default_rng(0)
LOWPASS = butter(3, 0.5, output="sos")
# Gravity and 6 channels of noise, louder in every second recording.
RECORDINGS = [
    (RNG.normal(0, 200 * (1 + i % 2), (length, 6)) + 1000).astype(np.int16)
    for i, length in enumerate((300, 260, 301, 280))
]
LABELS = ["rest", "walk"] * 2
LONG = np.concatenate(RECORDINGS)[:800]
FRONT = [IIRFilter(), IIRFilter(LOWPASS), Decimate(2), VectorMagnitude(3)]
LENGTH = 24


def windows(front: Any, hop: int) -> tuple[np.ndarray, np.ndarray]:
    """Windows of filtered recordings, and their labels."""
    found = SlidingWindow(LENGTH, hop=hop).cut(filter_recordings(RECORDINGS, front), LABELS)
    return found.X.reshape(len(found.X), -1), found.y


def conv_pipe(front: Any = FRONT) -> Any:
    X, y = windows(front, 4)
    shape = (1, LENGTH, X.shape[1] // LENGTH)
    features = RandomConvFeatures(
        n_kernels=4, kernel_size=5, padding="valid", pool_size=4, input_shape=shape, random_state=0
    )
    return make_pipeline(features, RidgeClassifier()).fit(X, y)


@cache
def exported(hop: int) -> CModel:
    return to_c(conv_pipe(), RECORDINGS, input="samples", hop=hop, front=FRONT)


@pytest.mark.parametrize(
    "target",
    [pytest.param(t, marks=pytest.mark.needs(*tools(t, "gcc"))) for t in ("cortex-m4", "avr")],
)
def test_boards(target):
    assert exported(10).for_target(target).benchmark(target).wrong == 0


@pytest.mark.needs("cc")
@pytest.mark.parametrize("hop", [1, 10, LENGTH, 2 * LENGTH])
def test_c_is_the_definition_along_a_recording(hop):
    streams = [exported(hop).stream(engine) for engine in ("c", "fixed")]
    for _ in range(2):  # begin() makes filters rest
        found = [stream.begin().push(LONG, return_scores=True) for stream in streams]
        assert len(found[0][0]) == (len(LONG) // 2 - LENGTH) // hop + 1
        for a, b in zip(*found, strict=True):
            assert np.array_equal(a, b)
    parts = [streams[0].begin().push(LONG[:1]), streams[0].push(LONG[1:333]),
             streams[0].push(LONG[333:])]  # fmt: skip
    assert np.array_equal(np.concatenate(parts), found[0][0])


@pytest.mark.needs("cc")
def test_a_stream_is_a_filtered_recording_in_windows():
    """No window begins with a transient: filters never rest."""
    model = exported(10)
    front, of_windows = split(model.graph, model.interface.window.n_front)
    filtered = Front(front).push(LONG)
    X = SlidingWindow(LENGTH, hop=10).cut([filtered]).X.reshape(-1, *of_windows.input.shape)
    wanted = fixed.run(of_windows, X).ravel()
    decisions, scores = model.stream().push(LONG, return_scores=True)
    assert np.array_equal(decisions, model.classes_[wanted])
    assert len(np.unique(scores)) > 20
    in_floats = filter_recordings([LONG], FRONT)[0]
    unit = front.output.scale
    assert np.abs(filtered * unit - in_floats).max() < 3


def test_decisions_are_those_of_the_pipeline():
    pipe, model = conv_pipe(), exported(4)
    X, _ = windows(FRONT, 4)
    pushed = [model.stream("fixed").push(recording) for recording in RECORDINGS]
    assert np.mean(np.concatenate(pushed) == pipe.predict(X)) > 0.98
    assert model.calibration_agreement > 0.98


@pytest.mark.needs("cc")
def test_whole_raw_windows_begin_from_rest():
    model = exported(10)
    raw = np.stack([r[s : s + 2 * LENGTH] for r in RECORDINGS for s in (0, 70, 150)])
    verified = model.verify(raw)
    assert (verified.differing_bytes, verified.agreement > 0.8) == (0, True)
    assert model.graph.input.shape == (1, 2 * LENGTH, 6)
    header = model.files["model.h"]
    assert f"#define MODEL_WINDOW {2 * LENGTH}" in header
    assert "#define MODEL_HOP 20" in header
    assert "#define MODEL_SAMPLE_SIZE 6" in header


@pytest.mark.needs("cc")
@pytest.mark.parametrize("arena", ["static", "caller"])
@pytest.mark.parametrize("optimize", ["size", "speed"])
def test_votes_and_windows_that_are_no_maps(arena, optimize):
    front = [IIRFilter(LOWPASS), Decimate(3)]
    X, y = windows(front, 5)
    pipe = make_pipeline(StandardScaler(), SmoothedClassifier(RidgeClassifier(), n_windows=3))
    pipe.fit(X, y)
    model = to_c(pipe, RECORDINGS, input="samples", hop=5, front=front, window=LENGTH,
                 arena=arena, optimize=optimize)  # fmt: skip
    found = [model.stream(engine).push(LONG) for engine in ("c", "fixed")]
    assert np.array_equal(*found)
    again = pickle.loads(pickle.dumps(model)).for_target("cortex-m0")
    assert np.array_equal(again.stream("fixed").push(LONG), found[0])


@pytest.mark.needs("cc")
def test_fractions_and_one_channel():
    front = [IIRFilter(butter(2, 0.1, "highpass", output="sos"))]
    recordings = [r[:, 0] / 7 for r in RECORDINGS]
    found = SlidingWindow(LENGTH, hop=6).cut(filter_recordings(recordings, front), LABELS)
    features = HydraFeatures(n_groups=2, n_kernels=2, random_state=0)
    pipe = make_pipeline(features, RidgeClassifier()).fit(found.X, found.y)
    model = to_c(pipe, recordings, input="samples", hop=6, front=front)
    streams = [model.stream(e).push(recordings[1], return_scores=True) for e in ("c", "fixed")]
    assert np.array_equal(streams[0][1], streams[1][1])


def exporting(**changes: Any) -> Any:
    given = {"input": "samples", "hop": 5, "front": FRONT}
    return to_c(conv_pipe(), **({"X_calibration": RECORDINGS} | given | changes))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"input": "whole", "hop": None}, "front with input='whole' .*input='samples'"),
        ({"dtype": "float32"}, "front with .*dtype='float32'.*dtype='int8'"),
        ({"front": [RemoveMean()]}, r"front\[0\] is RemoveMean, which reads a whole window"),
        ({"front": [IIRFilter(), 3]}, r"front\[1\] is 3, expected IIRFilter, Decimate or"),
        ({"front": [Decimate(2), VectorMagnitude(4)]}, "n_axes=4 with signals of 6 channels"),
        ({"X_calibration": None}, r"list of raw recordings.*got None"),
        ({"X_calibration": RECORDINGS[0]}, r"an array of shape \(300, 6\); write \[X\]"),
        ({"X_calibration": [RECORDINGS[0][:40]]}, "at most 20 samples behind .* window of 24"),
        ({"X_calibration": [np.ones((9, 2)), np.ones((9, 3))]}, "the same channels in each"),
        ({"X_calibration": [np.full((99, 6), np.nan)]}, "no finite numbers"),
        ({"window": 25}, "window=25, but the estimator was fitted on 24 samples"),
        (
            {"front": [*FRONT[:3], VectorMagnitude(1), VectorMagnitude(2)]},
            "3 channels, but .* of 2 channels",
        ),
    ],
)
def test_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        exporting(**changes)


def test_a_filter_without_integers_names_the_step():
    front = [IIRFilter(butter(2, 1e-6, output="sos")), *FRONT[1:]]
    with pytest.raises(NotConvertibleError, match=r"IIRFilter.*within 2.-16 of the unit circle"):
        exporting(front=front)


def test_recordings_in_other_units_warn():
    with pytest.warns(CalibrationWarning, match="X_calibration reaches from"):
        exporting(X_calibration=[(r // 50).astype(np.int16) for r in RECORDINGS])
