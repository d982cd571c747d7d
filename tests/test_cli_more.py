"""`compress`, `show`, `completion`, and JSON of the other commands."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import joblib
import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from skconv import RandomConvFeatures, datasets
from skconv.cli import completion, main
from skconv.cli.parser import parser

X, Y = datasets.load_digits()
Run = Callable[..., tuple[int, str, str]]
CALIBRATED = ("m.joblib", "--calibration", "x.npy")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("commands")
    features = RandomConvFeatures(n_kernels=4, kernel_size=3, pool_size=3, random_state=0)
    pipe = make_pipeline(features, LogisticRegression(max_iter=500)).fit(X[:300], Y[:300])
    joblib.dump(pipe, folder / "m.joblib")
    np.save(folder / "x.npy", X[:300])
    np.save(folder / "y.npy", Y[:300])
    return folder


@pytest.fixture
def run(folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.chdir(folder)

    def run(*arguments: str) -> tuple[int, str, str]:
        return main(arguments), *capsys.readouterr()

    return run


def test_compress_writes_a_smaller_model(run: Run) -> None:
    passes = ("--pass", "SecondOrderRounding:levels=1,hessian=shared")
    code, printed, error = run("compress", "m.joblib", "x.npy", "y.npy", "-o", "s.joblib", *passes)
    assert code == 0
    assert "as fitted" in printed and printed.endswith("written: s.joblib\n")
    assert error.startswith("skconv: 1 pass(es) over m.joblib")
    small = joblib.load("s.joblib")
    assert small.passes[0].get_params()["levels"] == 1
    assert small.costs_[1].flash_bytes < small.costs_[0].flash_bytes
    options = ("-o", "s.joblib", "--pass", "EntropyCoding", "--json")
    _, printed, _ = run("compress", "s.joblib", "x.npy", "y.npy", *options)
    assert json.loads(printed)[0]["name"] == "as fitted"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("Rounding", "there is no pass 'Rounding', expected one of"),
        ("SecondOrderRounding:depth=3", "unexpected keyword argument 'depth'. Write --pass"),
        ("SecondOrderRounding:levels", "'levels' has no value, expected NAME=VALUE"),
    ],
)
def test_a_pass_that_is_none_is_told(text: str, message: str, run: Run) -> None:
    code, _, error = run("compress", "m.joblib", "x.npy", "-o", "none.joblib", "--pass", text)
    assert code == 2
    assert message in error
    assert not Path("none.joblib").exists()


def test_show(run: Run) -> None:
    code, printed, error = run("show", "m.joblib", "-o", "kernels.svg")
    assert (code, error) == (0, "")
    for words in ("randomconvfeatures: RandomConvFeatures(", "classes: 0, 1", "Graph: ", "(8, 8"):
        assert words in printed
    assert "<svg" in Path("kernels.svg").read_text()
    found = json.loads(run("show", "m.joblib", "--json")[1])
    assert [step["name"] for step in found["steps"]] == ["randomconvfeatures", "logisticregression"]
    assert found["nodes"][-1]["op"] == "ArgMax"
    code, _, error = run("show", "m.joblib", "-o", "kernels.txt")
    assert (code, "expected a picture: .png .svg .pdf" in error) == (2, True)


def test_export_and_bench_as_json(run: Run) -> None:
    code, printed, _ = run("export", *CALIBRATED, "-o", "firmware", "--json")
    found = json.loads(printed)
    assert (code, found["folder"]) == (0, "firmware")
    assert found["report"]["nodes"][0]["instructions"] is not None
    assert found["verification"]["differing_bytes"] in (0, None)


def test_report_writes_a_page(run: Run) -> None:
    assert run("report", *CALIBRATED, "-o", "report.html")[0] == 0
    assert Path("report.html").read_text().startswith("<!DOCTYPE html>")


# ----------------------------------------------------------------------------- completion


def commands() -> list[str]:
    return list(completion._commands(parser()))


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        (["skconv", "sh"], {"show"}),
        (["skconv", "fit", "--chip", "nrf"], {"nrf52832", "nrf52840"}),
        (["skconv", "export", "m.joblib", "--calib"], {"--calibration", "--calibration-method"}),
        (["skconv", "completion", "z"], {"zsh"}),
        (["skconv", "export", "--target", "cortex-m3"], {"cortex-m3", "cortex-m33"}),
    ],
)
def test_bash_completes(words: list[str], wanted: set[str], run: Run) -> None:
    if shutil.which("bash") is None:
        pytest.skip("not installed: bash")
    script = run("completion", "bash")[1]
    ask = f"COMP_WORDS=({' '.join(words)}); COMP_CWORD={len(words) - 1}; _skconv"
    command = ["bash", "-c", f'{script}\n{ask}\necho "${{COMPREPLY[@]}}"']
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert set(done.stdout.split()) == wanted


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_other_shells_know_every_command(shell: str, run: Run) -> None:
    script = run("completion", shell)[1]
    assert all(name in script for name in commands())
    if shutil.which(shell):
        subprocess.run([shell, "-n"], input=script, text=True, check=True)


def test_the_page_of_commands_names_each(run: Run) -> None:
    page = (Path(__file__).parent.parent / "docs" / "command_line.md").read_text(encoding="utf-8")
    for name in commands():
        assert f"`skconv {name}" in page
