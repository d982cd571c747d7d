"""pyproject.toml, constraints.txt and continuous integration name the same versions."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

tomllib = pytest.importorskip("tomllib")  # of Python 3.11

ROOT = Path(__file__).resolve().parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
PYTHONS = ("3.10", "3.11", "3.12", "3.13")
LINES = (ROOT / "constraints.txt").read_text().splitlines()
PINS = [Requirement(line) for line in LINES if not line.startswith("#")]


def pins(python: str) -> dict[str, list[Version]]:
    """Versions by name that hold on a Python."""
    found: dict[str, list[Version]] = {}
    for pin in PINS:
        if pin.marker is None or pin.marker.evaluate({"python_version": python}):
            (specifier,) = pin.specifier
            found.setdefault(pin.name, []).append(Version(specifier.version))
    return found


@pytest.mark.parametrize("python", PYTHONS)
def test_each_requirement_has_one_pin_that_it_allows(python: str) -> None:
    wanted = [*PROJECT["dependencies"], *PROJECT["optional-dependencies"]["test"]]
    found = pins(python)
    assert {name for name, versions in found.items() if len(versions) != 1} == set()
    for requirement in map(Requirement, wanted):
        assert found[requirement.name][0] in requirement.specifier


def test_torch_is_an_extra_and_tested() -> None:
    extras = PROJECT["optional-dependencies"]
    assert not any(line.startswith("torch") for line in PROJECT["dependencies"])
    assert set(extras["torch"]) <= set(extras["test"])


def test_the_lowest_versions_allowed_are_those_tested() -> None:
    (line,) = re.findall(r"^lowest=\((.*)\)$", (ROOT / ".ci/pythons").read_text(), re.MULTILINE)
    tested = {r.name: next(iter(r.specifier)).version for r in map(Requirement, line.split())}
    allowed = {
        r.name: next(iter(r.specifier)).version for r in map(Requirement, PROJECT["dependencies"])
    }
    assert tested.keys() == allowed.keys()
    for name, version in allowed.items():
        assert Version(tested[name]).release[:2] == Version(version).release[:2]


def test_each_python_of_the_project_is_tested() -> None:
    (line,) = re.findall(r"^versions=\((.*)\)$", (ROOT / ".ci/pythons").read_text(), re.MULTILINE)
    assert tuple(line.split()) == PYTHONS
    assert PROJECT["requires-python"] == f">={PYTHONS[0]}"
