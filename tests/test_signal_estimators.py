"""Estimators of signals and sound: saved and read by a new process, and in a grid search."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import joblib
import numpy as np
import pytest
from sklearn.base import BaseEstimator
from sklearn.linear_model import RidgeClassifier
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import skconv
from skconv import (
    MFCC,
    EventDetector,
    HydraFeatures,
    LogMelSpectrogram,
    MiniRocketFeatures,
    PowerNormalizedSpectrogram,
    QuantFeatures,
    SlidingWindow,
    SmoothedClassifier,
    SpectroTemporalGaborFeatures,
    TemporalConvFeatures,
)
from skconv.signals import Decimate, RemoveMean

RNG = np.random.default_rng(0)
Y = np.arange(40) % 2
# The second class is louder.
SIGNALS = (RNG.normal(0, 300, (40, 400)) * (1 + 3 * Y[:, None])).astype(np.int16)
SMALL = {"frame_length": 64, "hop_length": 32}
MEL = LogMelSpectrogram(8000, n_bands=8, **SMALL)

# A step, and what to try of it.
STEPS: dict[str, tuple[BaseEstimator, dict[str, list[object]]]] = {
    "temporal": (TemporalConvFeatures(n_kernels=4, random_state=0), {"pool": ["ppv", "max"]}),
    "minirocket": (MiniRocketFeatures(n_features=84, random_state=0), {"n_features": [84, 168]}),
    "hydra": (HydraFeatures(n_groups=2, random_state=0), {"n_kernels": [2, 4]}),
    "quant": (QuantFeatures(interval_depth=3), {"quantile_divisor": [4, 8]}),
    "mean": (RemoveMean(), {"pad_to": [None, 400]}),
    "decimate": (Decimate(factor=4), {"factor": [2, 4]}),
    "log-mel": (MEL, {"n_bands": [4, 8]}),
    "mfcc": (MFCC(8000, n_bands=8, n_coefficients=4, **SMALL), {"n_coefficients": [3, 4]}),
    "power": (PowerNormalizedSpectrogram(8000, n_bands=8, **SMALL), {"smoothing": [1, 2]}),
    "gabor": (
        make_pipeline(MEL, SpectroTemporalGaborFeatures(n_bands=8, size_max=(8, 8))),
        {"spectrotemporalgaborfeatures__pool": ["mean", "quarters"]},
    ),
}
HEADS: dict[str, tuple[BaseEstimator, dict[str, list[object]]]] = {
    "smoothed": (SmoothedClassifier(RidgeClassifier(), n_windows=1), {"n_windows": [1, 3]}),
    "events": (EventDetector(RidgeClassifier(), keywords=1), {"n_smooth": [1, 2]}),
}


def pipeline(name):
    """The pipeline of a step or a last step, and a grid of its parameters."""
    step, grid = (STEPS | HEADS)[name]
    first, last = (step, RidgeClassifier()) if name in STEPS else (RemoveMean(), step)
    pipe = make_pipeline(first, StandardScaler(), last)
    place, _ = pipe.steps[0 if name in STEPS else -1]
    return pipe, {f"{place}__{key}": values for key, values in grid.items()}


def share_of_events(pipe, X, y):
    """How often an event begins just where the class is 1."""
    return float(np.mean((pipe.predict(X) == 1) == y))


READING = """\
import sys
import joblib
import numpy as np
windows, pipes, signals = joblib.load(sys.argv[1])
found = {name: pipe[:-1].transform(signals) for name, pipe in pipes.items()}
decided = {f"{name} decides": pipe.predict(signals) for name, pipe in pipes.items()}
np.savez(sys.argv[2], windows=windows.cut(list(signals)).X, **found, **decided)
"""


def test_all_are_the_same_in_a_new_process(tmp_path):
    pipes = {name: pipeline(name)[0].fit(SIGNALS, Y) for name in STEPS | HEADS}
    windows = SlidingWindow(50, hop=25)
    joblib.dump((windows, pipes, SIGNALS), tmp_path / "pipes.joblib")
    subprocess.run(
        [sys.executable, "-c", READING, tmp_path / "pipes.joblib", tmp_path / "found.npz"],
        check=True,
        env={**os.environ, "PYTHONPATH": str(Path(skconv.__file__).parents[1])},
    )
    found = np.load(tmp_path / "found.npz")
    np.testing.assert_array_equal(found["windows"], windows.cut(list(SIGNALS)).X)
    for name, pipe in pipes.items():
        features = pipe[:-1].transform(SIGNALS)
        np.testing.assert_allclose(found[name], features, rtol=1e-5, atol=1e-5, err_msg=name)
        np.testing.assert_array_equal(found[f"{name} decides"], pipe.predict(SIGNALS))


@pytest.mark.parametrize("name", STEPS | HEADS)
def test_its_parameters_are_searched(name):
    pipe, grid = pipeline(name)
    # Events are no labels: they have no score of their own.
    scoring = share_of_events if name == "events" else None
    search = GridSearchCV(pipe, grid, cv=2, scoring=scoring, error_score="raise").fit(SIGNALS, Y)
    ((key, tried),) = grid.items()
    assert search.best_params_[key] in tried
    assert len(search.cv_results_["mean_test_score"]) == 2
    assert search.best_estimator_.get_params()[key] == search.best_params_[key]
