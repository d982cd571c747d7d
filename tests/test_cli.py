"""The command line, in the process and as a program."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

import skconv
from skconv import RandomConvFeatures, datasets, demo
from skconv.cli import main
from skconv.cli.options import GIVEN_OTHERWISE, to_c_options
from skconv.cli.parser import parser
from skconv.deploy.host_compiler import NoCompilerError

X, Y = datasets.load_digits()
ROOT = Path(__file__).resolve().parent.parent
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture(scope="session")
def pipe() -> Any:
    features = RandomConvFeatures(n_kernels=4, kernel_size=3, pool_size=3, random_state=0)
    return make_pipeline(features, LogisticRegression(max_iter=500)).fit(X[:500], Y[:500])


@pytest.fixture
def folder(tmp_path: Path, pipe: Any, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a model and samples, which is the current one."""
    joblib.dump(pipe, tmp_path / "small-digits.joblib")
    np.save(tmp_path / "x.npy", X[:100])
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def run(folder: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    def run(*arguments: str) -> tuple[int, str, str]:
        code = main(arguments)
        return code, *capsys.readouterr()

    return run


EXPORT = ("export", "small-digits.joblib", "-o", "firmware")
CALIBRATED = (*EXPORT, "--calibration", "x.npy")


# ------------------------------------------------------------------------------- commands


def test_search_writes_a_folder_and_a_model(run: Run, folder: Path) -> None:
    np.save("images.npy", X[:200].reshape(-1, 8, 8))
    np.save("words.npy", np.where(Y[:200] < 5, "small", "large"))
    limits = ("--flash-bytes", "4000", "--n-candidates", "2", "--seed", "0")
    code, out, err = run(
        "search", "images.npy", "words.npy", *limits, "-o", "firmware", "--model", "best.joblib"
    )
    assert code == 0
    assert err.startswith("[BudgetSearchCV] ") and "[BudgetSearchCV]" not in out
    assert "score" in out and "total" in out
    assert (folder / "firmware" / "model.c").exists()
    assert set(joblib.load("best.joblib").predict(X[:9].reshape(-1, 8, 8))) <= {"small", "large"}


@pytest.mark.parametrize(
    ("arguments", "wanted"),
    [
        ((), "Write -o FOLDER, or --model FILE.joblib"),
        (("-o", "firmware"), "X holds 100 samples and y 99 labels"),
    ],
)
def test_search_needs_files_that_go_together(
    run: Run, arguments: tuple[str, ...], wanted: str
) -> None:
    np.save("y.npy", Y[:99])
    code, _, err = run("search", "x.npy", "y.npy", *arguments)
    assert code == 2
    assert wanted in err


def test_export_writes_a_project(folder: Path, run: Run) -> None:
    code, printed, _ = run(*CALIBRATED)
    assert code == 0
    assert (folder / "firmware" / "small_digits.c").is_file()
    assert "QConv 3x3 1->4" in printed
    assert "agreement with the estimator" in printed


def test_export_without_samples_warns_and_says_what_to_write(folder: Path, run: Run) -> None:
    code, _, errors = run(*EXPORT, "--dtype", "float32", "--name", "net")
    assert code == 0
    assert (folder / "firmware" / "net.h").is_file()
    assert errors.startswith("skconv: warning: no --calibration, so the C was not compared")
    assert "np.save('X.npy', X_train[:500])" in errors


def test_report(run: Run) -> None:
    options = ("report", "small-digits.joblib", "--calibration", "x.npy", "--chip", "nrf52832")
    code, printed, _ = run(*options)
    assert code == 0
    assert "fits nrf52832" in printed
    code, printed, _ = run(*options, "--json")
    assert json.loads(printed)["flash_bytes"] > 0


def test_verify(folder: Path, run: Run) -> None:
    np.save(folder / "test.npy", X[500:520])
    options = ("verify", "small-digits.joblib", "--calibration", "x.npy")
    code, printed, _ = run(*options)
    assert code == 0
    assert "100 samples" in printed
    assert " 0 of " in printed
    code, printed, _ = run(*options, "--samples", "test.npy", "--json")
    found = json.loads(printed)
    assert (code, found["n_samples"], found["differing_bytes"]) == (0, 20, 0)


def test_verify_of_different_bytes_is_exit_code_1(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("skconv.deploy.verification._difference", lambda *_: (8, 3, 0.0))
    code, printed, _ = run("verify", "small-digits.joblib", "--calibration", "x.npy")
    assert code == 1
    assert " 3 of 8 bytes differ" in printed


def test_verify_without_a_compiler_is_no_success(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any) -> Any:
        raise NoCompilerError("no compiler 'cc'")

    monkeypatch.setattr("skconv.deploy.verification._difference", fail)
    code, _, error = run("verify", "small-digits.joblib", "--calibration", "x.npy")
    assert code == 2
    assert error.startswith("skconv: nothing was compared: not compiled: no compiler 'cc'")


def test_demo_prints_a_row_an_extractor(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    small = demo.Data(X[:300], Y[:300], X[300:400], Y[300:400])
    monkeypatch.setattr(demo, "load", lambda data: small)
    assert main(["demo"]) == 0
    lines = capsys.readouterr().out.splitlines()
    names = ("RandomConvFeatures", "GaborFeatures", "PCAConvFeatures", "PCANetFeatures")
    assert [line.split()[0] for line in lines[2:6]] == list(names)
    assert all(line.split()[5] in ("0", "-") for line in lines[2:6])
    assert lines[-1] == "flash: bytes of tables, code comes on top; RAM: bytes of working memory"


def test_module_is_a_program() -> None:
    command = [sys.executable, "-m", "skconv"]
    shown = subprocess.run([*command, "--help"], capture_output=True, text=True, check=True).stdout
    for word in ("python -m skconv", "demo", "export", "report", "verify", "bench", "exit codes"):
        assert word in shown
    shown = subprocess.run([*command, "--version"], capture_output=True, text=True, check=True)
    assert shown.stdout == f"skconv {skconv.__version__}\n"


def test_the_script_is_this_function() -> None:
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert '\n[project.scripts]\nskconv = "skconv.cli:main"\n' in project


# --------------------------------------------------------------------------- to_c's options

VALUES: dict[str, tuple[list[str], Any]] = {
    "name": (["--name", "net"], "net"),
    "dtype": (["--dtype", "float32"], "float32"),
    "target": (["--target", "avr"], "avr"),
    "calibration": (["--calibration-method", "mse"], "mse"),
    "linear_bits": (["--linear-bits", "8"], 8),
    "conv_bits": (["--conv-bits", "16"], 16),
    "optimize": (["--optimize", "size"], "size"),
    "input": (["--input", "rows"], "rows"),
    "input_type": (["--input-type", "int16"], "int16"),
    "arena": (["--arena", "caller"], "caller"),
    "unpack": (["--unpack", "boot"], "boot"),
    "probabilities": (["--probabilities"], True),
    "scores": (["--scores"], True),
    "chip": (["--chip", "stm32f401re"], "stm32f401re"),
    "flash_bytes": (["--flash-bytes", "8192"], 8192),
    "ram_bytes": (["--ram-bytes", "1024"], 1024),
}


def test_the_old_name_of_a_whole_sample_is_still_read() -> None:
    parsed = parser().parse_args(["report", "m.joblib", "--input", "image"])
    assert parsed.input == "image"


@pytest.mark.parametrize("command", ["export", "report", "verify", "bench"])
def test_every_parameter_of_to_c_is_an_option_with_its_default(command: str) -> None:
    output = ["-o", "f"] if command == "export" else []
    parsed = vars(parser().parse_args([command, "m.joblib", *output]))
    signature = {parameter.name: parameter.default for parameter in to_c_options()}
    assert {**signature, "name": None}.items() <= parsed.items()
    assert set(signature) | set(GIVEN_OTHERWISE) == set(_parameters())


def _parameters() -> dict[str, Any]:
    import inspect

    return dict(inspect.signature(skconv.to_c).parameters)


@pytest.mark.parametrize("name", VALUES)
def test_option_reaches_to_c(name: str, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    given: dict[str, Any] = {}

    def to_c(estimator: Any, samples: Any, **options: Any) -> Any:
        given.update(options)
        raise ValueError("enough")

    monkeypatch.setattr("skconv.cli.commands.make_c", to_c)
    options, value = VALUES[name]
    assert run(*CALIBRATED, *options)[0] == 2
    assert given[name] == value
    assert type(given[name]) is type(value)


def test_labels(folder: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    arguments = [*EXPORT, "--classes", "cat, dog"]
    assert parser().parse_args(arguments).classes.tolist() == ["cat", "dog"]
    arguments[-1] = "-1,2"
    assert parser().parse_args([*EXPORT, "--classes=-1,2"]).classes.tolist() == [-1, 2]


@pytest.mark.parametrize("option", ["--dtype=int4", "--linear-bits=12", "--target=z80"])
def test_a_wrong_value_is_answered_with_the_choices(
    option: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as end:
        main([*EXPORT, option])
    assert end.value.code == 2
    assert re.search(r"invalid choice: .*choose from|expected one of", capsys.readouterr().err)


# ------------------------------------------------------------------------------ npz, errors


def test_samples_of_an_archive(folder: Path, run: Run) -> None:
    np.savez(folder / "one.npz", images=X[:20])
    np.savez_compressed(folder / "two.npz", X=X[:20], y=Y[:20])
    model = ("verify", "small-digits.joblib", "--calibration")
    assert "20 samples" in run(*model, "one.npz")[1]
    assert "20 samples" in run(*model, "two.npz:X")[1]
    code, _, error = run(*model, "two.npz")
    assert code == 2
    assert "holds the arrays X, y. Write --calibration two.npz:X" in error
    code, _, error = run(*model, "two.npz:Z")
    assert code == 2
    assert "no array 'Z', it holds X, y" in error


def test_an_error_nobody_foresaw_is_one_line(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any, **__: Any) -> Any:
        raise ZeroDivisionError("surprise")

    monkeypatch.setattr("skconv.cli.commands.make_c", fail)
    code, _, error = run(*CALIBRATED)
    assert code == 3
    assert error.startswith("skconv: ZeroDivisionError: surprise")
    monkeypatch.setenv("SKCONV_TRACEBACK", "1")
    assert "Traceback" in run(*CALIBRATED)[2]


def test_a_warning_is_one_line(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    import warnings

    def warn(*_: Any, **__: Any) -> Any:
        warnings.simplefilter("always")
        warnings.warn("dark\nsamples", skconv.exceptions.CalibrationWarning, stacklevel=2)
        raise KeyboardInterrupt

    monkeypatch.setattr("skconv.cli.commands.make_c", warn)
    code, _, error = run(*CALIBRATED)
    assert code == 130
    assert error == "skconv: warning: dark samples\n"


def test_a_chip_for_a_target_is_told_its_target(capsys):
    with pytest.raises(SystemExit):
        main(["export", "model.joblib", "-o", "out", "--target", "esp32"])
    assert "target='portable'" in capsys.readouterr().err
