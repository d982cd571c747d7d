"""What the README tells a newcomer to type works as it is printed."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text()


def blocks(language: str) -> list[str]:
    """Code blocks of the README in a language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)


@pytest.mark.slow
@pytest.mark.usefixtures("fashion_mnist")
def test_the_example_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (example,) = blocks("python")
    exec(compile(example, "README.md", "exec"), {"__name__": "__main__"})
    assert (tmp_path / "firmware" / "fashion.c").is_file()
    assert (tmp_path / "fashion.joblib").is_file()
    assert re.search(r"\b0 of [\d,]+ bytes differ", capsys.readouterr().out)


def test_links_lead_to_files() -> None:
    pages = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
    links = [(p, link) for p in pages for link in re.findall(r"\]\(([^)#]+)\)", p.read_text())]
    assert len(links) > 5
    assert [link for page, link in links if not (page.parent / link).exists()] == []


def test_each_command_makes_its_own_environment() -> None:
    demo, tests = blocks("sh")
    setup = "python3 -m venv .venv && .venv/bin/pip install -c constraints.txt "
    assert demo == f"{setup}. && .venv/bin/python -m skconv demo\n"
    assert tests == f'{setup}-e ".[test]" && .venv/bin/python -m pytest -n 2\n'


def test_continuous_integration_runs_the_same_tests() -> None:
    assert "\npython -m pytest -n 2 " in (ROOT / ".ci" / "run").read_text()


@pytest.mark.parametrize("example", sorted((ROOT / "examples").glob("plot_*.py")), ids=str)
def test_example_runs(example: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    subprocess.run([sys.executable, str(example)], check=True, env=environment, cwd=ROOT)
