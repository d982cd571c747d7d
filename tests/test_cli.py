"""The command line, in the process and as a program."""

from __future__ import annotations

import subprocess
import sys

import joblib
import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from skconv import RandomConvFeatures, datasets, demo
from skconv.cli import main

X, Y = datasets.load_digits()


@pytest.fixture
def saved(tmp_path):
    features = RandomConvFeatures(n_kernels=4, kernel_size=3, pool_size=3, random_state=0)
    pipe = make_pipeline(features, LogisticRegression(max_iter=500)).fit(X[:500], Y[:500])
    joblib.dump(pipe, tmp_path / "small-digits.joblib")
    np.save(tmp_path / "x.npy", X[:100])
    return tmp_path


def test_export_writes_a_project(saved, capsys):
    model, samples, folder = saved / "small-digits.joblib", saved / "x.npy", saved / "firmware"
    assert main(["export", str(model), "--calibration", str(samples), "-o", str(folder)]) == 0
    assert (folder / "small_digits.c").is_file()
    printed = capsys.readouterr().out
    assert "QConv 3x3 1->4" in printed
    assert "agreement with the estimator" in printed


def test_float_export_needs_no_calibration(saved):
    folder = saved / "firmware"
    arguments = ["export", str(saved / "small-digits.joblib"), "-o", str(folder)]
    assert main([*arguments, "--dtype", "float32", "--name", "net"]) == 0
    assert (folder / "net.h").is_file()


@pytest.mark.parametrize(
    ("model", "calibration", "message"),
    [
        ("absent.joblib", "x.npy", "model: no file"),
        ("x.npy", "x.npy", "TypeError|not a|Pipeline|converter"),
        ("small-digits.joblib", "absent.npy", "--calibration: no file"),
        ("small-digits.joblib", "small-digits.joblib", "--calibration: .* is not a .npy array"),
        ("small-digits.joblib", None, "X_calibration is None"),
        ("garbage.joblib", "x.npy", "is not a joblib file"),
    ],
)
def test_wrong_input_is_one_line_and_exit_code_2(saved, capsys, model, calibration, message):
    (saved / "garbage.joblib").write_bytes(b"garbage")
    options = [] if calibration is None else ["--calibration", str(saved / calibration)]
    folder = saved / "firmware"
    assert main(["export", str(saved / model), *options, "-o", str(folder)]) == 2
    error = capsys.readouterr().err
    assert error.startswith("skconv: ")
    assert error.count("\n") == 1
    import re

    assert re.search(message, error)
    assert not folder.exists()


def test_demo_prints_a_row_an_extractor(capsys, monkeypatch):
    small = demo.Data(X[:300], Y[:300], X[300:400], Y[300:400])
    monkeypatch.setattr(demo, "load", lambda data: small)
    assert demo.main("digits") == 0
    lines = capsys.readouterr().out.splitlines()
    names = ("RandomConvFeatures", "GaborFeatures", "PCAConvFeatures", "PCANetFeatures")
    assert [line.split()[0] for line in lines[2:6]] == list(names)
    assert all(line.split()[5] in ("0", "-") for line in lines[2:6])


def test_module_is_a_program():
    result = subprocess.run(
        [sys.executable, "-m", "skconv", "--help"], capture_output=True, text=True, check=True
    )
    assert "demo" in result.stdout
    assert "export" in result.stdout
