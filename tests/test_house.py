"""Rules of the house: sizes, layers, documents, and what the wheel holds."""

from __future__ import annotations

import ast
import inspect
import re
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

import skconv

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "skconv"
LONGEST_FILE = 500
LONGEST_FUNCTION = 50

# What a folder must not know: the graph nothing, the converter no C, the printer no sklearn.
# `export/scoring.py` makes a model an estimator of scikit-learn: it alone may know it.
MEETING_PLACE = PACKAGE / "export" / "scoring.py"
FORBIDDEN_IMPORTS = {
    "graph": ("sklearn", "torch", "skconv.runtime", "skconv.passes", "skconv.convert",
              "skconv.export", "skconv.features", "skconv.svm", "skconv.ridge"),
    "runtime": ("sklearn", "skconv.passes", "skconv.convert", "skconv.features",
                "skconv.svm", "skconv.ridge"),
    "passes": ("sklearn", "torch", "skconv.convert", "skconv.export", "skconv.features",
               "skconv.svm", "skconv.ridge"),
    "stages": ("sklearn", "torch", "skconv.kernels", "skconv.features", "skconv.passes",
               "skconv.convert", "skconv.export", "skconv.svm", "skconv.ridge"),
    "kernels": ("skconv.features", "skconv.passes", "skconv.convert", "skconv.export",
                "skconv.svm", "skconv.ridge"),
    "convert": ("torch", "skconv.export"),
    "export": ("sklearn", "torch", "skconv.features", "skconv.svm", "skconv.ridge"),
    "pretrained": ("skconv.passes", "skconv.export", "skconv.svm"),
    "inspection": ("torch", "skconv.passes", "skconv.convert", "skconv.export"),
    "emulator": ("numpy", "sklearn", "torch", "skconv.graph", "skconv.export", "skconv.runtime"),
}  # fmt: skip


def files(*folders: str, suffixes: tuple[str, ...]) -> list[Path]:
    """Files of the project, generated ones left out."""
    found = (path for folder in folders for path in (ROOT / folder).rglob("*"))
    return sorted(p for p in found if p.suffix in suffixes and "golden" not in p.parts)


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
    """Modules that a file imports anywhere."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


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


@pytest.mark.parametrize("layer", FORBIDDEN_IMPORTS)
def test_layers_import_downwards_only(layer: str) -> None:
    paths = [path for path in (PACKAGE / layer).glob("*.py") if path != MEETING_PLACE]
    assert paths
    found = [
        f"{relative(path)} imports {name}"
        for path in paths
        for name in imports(path)
        for forbidden in FORBIDDEN_IMPORTS[layer]
        if name == forbidden or name.startswith(f"{forbidden}.")
    ]
    assert found == []


def public_objects() -> list[object]:
    """Classes and functions of ``skconv.__all__``, exceptions left out."""
    values = [getattr(skconv, name) for name in skconv.__all__]
    return [
        v for v in values
        if not inspect.ismodule(v) and not (inspect.isclass(v) and issubclass(v, Exception))
    ]  # fmt: skip


def sections(docstring: str) -> dict[str, str]:
    """Sections of a numpydoc docstring by title."""
    parts = re.split(r"^(\w[\w ]*)\n-{3,}$", docstring, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def test_public_objects_are_documented() -> None:
    objects = public_objects()
    assert len(objects) >= 8
    problems = []
    for value in objects:
        name = value.__name__  # type: ignore[attr-defined]
        found = sections(inspect.getdoc(value) or "")
        problems += [f"{name}: no {s}" for s in ("Parameters", "Examples") if s not in found]
        heads = re.findall(r"^([\w*, ]+?)(?: :|$)", found.get("Parameters", ""), re.MULTILINE)
        documented = {word.strip(" *") for head in heads for word in head.split(",")}
        missing = set(inspect.signature(value).parameters) - documented  # type: ignore[arg-type]
        problems += [f"{name}: parameter {p} is not described" for p in sorted(missing)]
    assert problems == []


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
    assert any(name.startswith("skconv/export/csrc/") for name in names)
    assert {"skconv/emulator/boards/bench.h", "skconv/emulator/boards/bench.ld"} <= names
