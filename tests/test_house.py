"""Rules of the house: sizes, layers, documents, and what the wheel holds."""

from __future__ import annotations

import ast
import inspect
import re
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

import skconv

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "skconv"
LONGEST_FILE = 500
LONGEST_FUNCTION = 50

TABLE = ROOT / "docs" / "how_it_works.md"
# What a change may add to stands in folders; beside them there are these files.
FOLDERS = {".ci", ".github", "changes", "docs", "examples", "skconv", "tests"}
FILES = {
    ".gitignore", ".pre-commit-config.yaml", "CHANGELOG.md", "CITATION.cff", "CONTRIBUTING.md",
    "LICENSE", "README.md", "SECURITY.md", "conftest.py", "constraints.txt", "pyproject.toml",
}  # fmt: skip
# Expected output of tests, and what a build of the site leaves in `docs`.
GENERATED = {"golden", "auto_examples", "generated", "project"}
# What every room may import; `matplotlib` and the rest are named in the table.
PLAIN = {"numpy", "scipy"}


@dataclass(frozen=True)
class Room:
    """A row of the table in the docs: what a part of the package may import."""

    name: str
    rooms: tuple[str, ...]
    packages: tuple[str, ...]

    @property
    def paths(self) -> list[Path]:
        """Its modules, to the bottom."""
        folder = PACKAGE / self.name
        return sorted(folder.rglob("*.py")) if folder.is_dir() else [folder.with_suffix(".py")]


def read_rooms() -> list[Room]:
    """The rooms of the table, from the ground up."""
    lines = TABLE.read_text().split("| room |")[1].split("\n\n")[0].splitlines()[2:]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return [
        Room(name.strip("`"), tuple(re.findall(r"`(\w+)`", rooms)), tuple(packages.split()))
        for name, _, rooms, packages in cells
    ]


ROOMS = read_rooms()


def files(*folders: str, suffixes: tuple[str, ...]) -> list[Path]:
    """Files of the project, generated ones left out."""
    found = (path for folder in folders for path in (ROOT / folder).rglob("*"))
    return sorted(p for p in found if p.suffix in suffixes and not GENERATED & {*p.parts})


SOURCES = files("skconv", "tests", "examples", suffixes=(".py", ".c", ".h", ".ld"))
PYTHON = [path for path in SOURCES if path.suffix == ".py"]
C = [path for path in SOURCES if path.suffix in (".c", ".h")]
# In a worktree of git, `.git` is a file that holds a path.
TOP = [path for path in ROOT.glob("*.*") if path.name != ".git"]
TEXTS = [*SOURCES, *files("docs", ".ci", suffixes=(".md", ".py", "")), *TOP]


def relative(path: Path) -> str:
    return str(path.relative_to(ROOT))


def function_lengths(path: Path) -> Iterator[tuple[str, int]]:
    """Lines of every function of a Python file, its docstring not counted."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            first = node.body[0]
            is_docstring = ast.get_docstring(node) is not None
            docstring = (first.end_lineno or 0) - first.lineno + 1 if is_docstring else 0
            yield node.name, (node.end_lineno or 0) - node.lineno + 1 - docstring


def c_function_lengths(path: Path) -> Iterator[tuple[str, int]]:
    """Lines from the brace that opens a function to the one that closes it."""
    start: int | None = None
    head = ""
    for number, line in enumerate(path.read_text().splitlines()):
        if line.startswith("}") and start is not None:
            yield head, number - start + 1
            start = None
        elif line == "{" or re.match(r"\w.*\)\s*\{$", line):
            start = number
        elif re.match(r"\w.*\(", line):
            head = line


def imports(path: Path) -> Iterator[str]:
    """Modules that a file imports anywhere; ``skconv`` stands for the public names."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module == "skconv":
            names = (alias.name for alias in node.names if alias.name != "__version__")
            yield from (f"skconv.{name}" if is_room(name) else "skconv" for name in names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""


def is_room(name: str) -> bool:
    return (PACKAGE / name).is_dir() or (PACKAGE / f"{name}.py").exists()


def forbidden(room: Room) -> Iterator[str]:
    """Imports of a room that the table does not name."""
    for path in room.paths:
        for name in imports(path):
            package, _, rest = name.partition(".")
            if package == "skconv":
                inside = rest.partition(".")[0] or "skconv"
                allowed = inside in {room.name, *room.rooms}
            else:
                ours = {*PLAIN, *room.packages, "__future__"}
                allowed = package in ours or package in sys.stdlib_module_names
            if not allowed:
                yield f"{relative(path)} imports {name}"


@pytest.mark.parametrize("path", SOURCES, ids=relative)
def test_no_file_is_too_long(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= LONGEST_FILE


def test_no_function_is_too_long() -> None:
    lengths = {
        f"{relative(path)}: {name}": length
        for paths, measure in ((PYTHON, function_lengths), (C, c_function_lengths))
        for path in paths
        for name, length in measure(path)
    }
    assert len(lengths) > 100
    assert {name: n for name, n in lengths.items() if n > LONGEST_FUNCTION} == {}


@pytest.mark.needs("git")
def test_nothing_stands_beside_the_folders_of_the_project() -> None:
    """What tools leave behind, such as compiled programs, is not committed."""
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True)
    if listed.returncode:
        pytest.skip("not a git checkout")
    tops = {name.split("/")[0] for name in listed.stdout.splitlines()}
    assert tops - FOLDERS - FILES == set()


def test_no_path_of_a_machine_and_no_registry() -> None:
    pattern = re.compile(
        r"(?<![\w.])/(home|root|work|Users|opt)/|\b(pypi|pythonhosted|debian)\.(org|net)\b"
    )
    found = {
        relative(path): match.group()
        for path in TEXTS
        if path.is_file() and (match := pattern.search(path.read_text(errors="replace")))
    }
    assert found == {}


@pytest.mark.parametrize("room", ROOMS, ids=lambda room: room.name)
def test_rooms_import_what_the_table_allows(room: Room) -> None:
    assert list(forbidden(room)) == []


def test_the_table_names_every_room_and_no_arrow_runs_up() -> None:
    tops = {path.stem for path in PACKAGE.iterdir() if path.suffix == ".py" or path.is_dir()}
    names = [room.name for room in ROOMS]
    assert sorted(names) == sorted(tops - {"__init__", "__main__", "__pycache__"})
    for place, room in enumerate(ROOMS):
        assert set(room.rooms) <= {*names[:place], "skconv"}, room.name


def test_an_arrow_that_the_table_does_not_allow_is_found() -> None:
    (runtime,) = (room for room in ROOMS if room.name == "runtime")
    found = list(forbidden(replace(runtime, rooms=())))
    assert any("skconv.graph" in line for line in found)


def test_the_way_from_an_estimator_to_files_is_straight() -> None:
    """Half of the returns (58) and climbs (44) that there were when rooms got their names."""
    script = ROOT / "tests" / "benchmarks" / "count_calls.py"
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, check=True)
    found = dict(line.split(": ") for line in done.stdout.splitlines())
    assert 0 < int(found["returns"]) <= 29
    assert 0 < int(found["climbs"]) <= 22
    assert int(found["upward calls"]) <= 4


def test_exceptions_and_modules_say_what_they_are() -> None:
    for name in skconv.__all__:
        assert inspect.getdoc(getattr(skconv, name)), name


def test_the_wheel_holds_the_package_and_nothing_else(tmp_path: Path) -> None:
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    (wheel,) = tmp_path.glob("*.whl")
    assert wheel.name.startswith(f"skconv-{skconv.__version__}-")
    names = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    kept = (p for p in PACKAGE.rglob("*") if p.is_file() and "__pycache__" not in p.parts)
    assert names == {p.relative_to(ROOT).as_posix() for p in kept}
    assert "skconv/py.typed" in names
    assert any(name == "skconv/codegen/core/types.h" for name in names)
    assert {"skconv/emulator/boards/bench.h", "skconv/emulator/boards/bench.ld"} <= names
    assert {f"skconv/deploy/templates/{name}.in" for name in ("README.md", "self_test.c")} <= names
