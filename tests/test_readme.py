"""What the README tells a newcomer to type works as it is printed."""

from __future__ import annotations

import os
import re
import runpy
import subprocess
import sys
import warnings
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text()
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT)}


def blocks(language: str) -> list[str]:
    """Code blocks of the README in a language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)


def run_example(folder: Path, number: int = 0) -> subprocess.CompletedProcess[str]:
    """An example in an interpreter of its own, any warning an error."""
    example = blocks("python")[number]
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", example],
        cwd=folder,
        env=ENVIRONMENT,
        text=True,
        capture_output=True,
    )


@pytest.mark.needs("gcc")
def test_the_example_runs_without_a_warning_and_prints_what_is_shown(tmp_path: Path) -> None:
    result = run_example(tmp_path)
    assert (result.returncode, result.stderr) == (0, "")
    assert (tmp_path / "firmware" / "digits.c").is_file()
    assert (tmp_path / "digits.joblib").is_file()
    (shown,) = blocks("text")
    assert result.stdout == shown


@pytest.mark.needs("gcc")
def test_the_example_of_a_stream_runs_without_a_warning(tmp_path: Path) -> None:
    result = run_example(tmp_path, 1)
    assert (result.returncode, result.stderr) == (0, "")
    assert "0 of 102,944 bytes differ" in result.stdout
    assert result.stdout.count("'walk'") == 21  # one at each hop: the class of the recording


def test_the_exported_file_goes_through_the_shell_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The command below the example, on a file as the example writes it."""
    code = (
        "import joblib, numpy as np, skconv\n"
        "from sklearn.linear_model import RidgeClassifier\n"
        "from sklearn.pipeline import make_pipeline\n"
        "X, y = skconv.datasets.load_digits()\n"
        "pipe = make_pipeline(skconv.PCAConvFeatures(n_kernels=2, pool_size=2, kernel_size=3),\n"
        "                     RidgeClassifier())\n"
        "joblib.dump(pipe.fit(X[:300], y[:300]), 'digits.joblib')\n"
        "np.save('X.npy', X[:300])\n"
    )
    monkeypatch.chdir(tmp_path)
    exec(code, {})
    (command,) = re.findall(r"`python (-m skconv export [^`]*)`", README)
    subprocess.run([sys.executable, *command.split()], cwd=tmp_path, env=ENVIRONMENT, check=True)
    assert (tmp_path / "firmware" / "digits.c").is_file()


def test_links_lead_to_files() -> None:
    pages = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").glob("*.md"))]
    links = [(p, link) for p in pages for link in re.findall(r"\]\(([^)#]+)\)", p.read_text())]
    assert len(links) > 5
    links = [(page, link) for page, link in links if not link.startswith("https://")]
    assert [link for page, link in links if not (page.parent / link).exists()] == []


def test_commands_make_their_own_environment() -> None:
    demo, tests = blocks("sh")
    setup = "python3 -m venv .venv && .venv/bin/pip install -c constraints.txt "
    assert demo == f"{setup}. && .venv/bin/python -m skconv demo\n"
    assert tests == f'{setup}-e ".[test]" && .venv/bin/python -m pytest -n 2\n'


def test_continuous_integration_runs_the_same_tests() -> None:
    assert "\npython -m pytest -n 2 " in (ROOT / ".ci" / "run").read_text()


@pytest.mark.computes_much
@pytest.mark.parametrize("example", sorted((ROOT / "examples").glob("plot_*.py")), ids=str)
def test_example_runs(example: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In this process: to import torch and scikit-learn takes as long as most examples."""
    matplotlib = pytest.importorskip("matplotlib")
    import matplotlib.pyplot as plt

    monkeypatch.setattr(plt, "show", lambda: None)
    monkeypatch.chdir(ROOT)
    with matplotlib.rc_context({"backend": "agg"}), warnings.catch_warnings():
        runpy.run_path(str(example), run_name="__main__")
    plt.close("all")


if __name__ == "__main__":  # prints what the README shows
    print(run_example(Path(sys.argv[1])).stdout, end="")
