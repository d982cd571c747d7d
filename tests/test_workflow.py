"""The workflow of a public forge, which does not run here: what can be checked without it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from tests.test_requirements import PYTHONS

yaml = pytest.importorskip("yaml")  # comes with dask

ROOT = Path(__file__).resolve().parent.parent
TEXT = (ROOT / ".github/workflows/ci.yml").read_text()
JOBS: dict[str, Any] = yaml.safe_load(TEXT)["jobs"]


def needs(job: str) -> set[str]:
    """What must have succeeded before a job."""
    names = JOBS[job].get("needs", [])
    direct = {names} if isinstance(names, str) else set(names)
    return direct.union(*(needs(name) for name in direct))


def test_each_python_and_three_systems_are_tested() -> None:
    matrix = JOBS["quick"]["strategy"]["matrix"]
    assert tuple(matrix["python"]) == PYTHONS
    assert [name.split("-")[0] for name in matrix["os"]] == ["ubuntu", "macos", "windows"]


def test_a_tag_is_published_after_all_else_and_without_a_token() -> None:
    assert needs("publish") == set(JOBS) - {"publish"}
    assert JOBS["publish"]["permissions"] == {"id-token": "write"}
    assert "refs/tags/v" in JOBS["publish"]["if"]
    assert "secrets." not in TEXT


def test_files_that_it_names_exist() -> None:
    for name in re.findall(r"(?<![\w/])\.ci/\w+|constraints\.txt", TEXT):
        assert (ROOT / name).is_file(), name
    for name in (ROOT / ".ci/quick_tests").read_text().split():
        assert (ROOT / name).is_file(), name
