"""Figures in the documentation come from scripts: each table of them names one that exists."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
# Where scripts stand; a page names them by path, or those of the benchmarks by their name alone.
SCRIPT = re.compile(r"\b(?:tests|examples)/[\w/]+\.py\b|\b(?:bench|fuzz|test)_\w+\.py\b")
FOLDERS = ("", "tests/benchmarks", "tests", "examples")
# A number by itself: 12, .921, 1,204, 3.5 %, 86 kB, 12 ms, +0.4, 1.7x; no name that holds a digit.
FIGURE = re.compile(r"[-+~<>]*\s*[\d.,]*\d\s*(%|x|[kM]?B|ms|us|s|k|M)?(\s*[/(±-].*)?$")


def sections(page: Path) -> list[str]:
    """The text below each heading."""
    return re.split(r"^#+ .*$", page.read_text(), flags=re.MULTILINE)


def tables(text: str) -> list[list[str]]:
    """The cells of each table, its head left out."""
    rows = re.findall(r"(?:^\|.*\n)+", text, flags=re.MULTILINE)
    return [
        [
            cell.strip(" *`")
            for line in table.splitlines()[2:]
            for cell in line.strip("|").split("|")
        ]
        for table in rows
    ]


def holds_figures(cells: list[str]) -> bool:
    return sum(bool(FIGURE.match(cell)) for cell in cells) >= max(2, len(cells) / 3)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_tables_of_figures_name_their_script(page: Path) -> None:
    without = [
        cells[:6]
        for text in sections(page)
        for cells in tables(text)
        if holds_figures(cells) and not SCRIPT.search(text)
    ]
    assert without == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_scripts_that_a_page_names_exist(page: Path) -> None:
    names = {match.group() for match in SCRIPT.finditer(page.read_text())}
    missing = {name for name in names if not any((ROOT / f / name).exists() for f in FOLDERS)}
    assert missing == set()


def test_a_table_without_a_script_is_found() -> None:
    text = "| model | flash |\n|---|---|\n| small | 1,204 |\n| large | 86 kB |\n"
    (cells,) = tables(text)
    assert holds_figures(cells) and not SCRIPT.search(text)
    assert not holds_figures(["`Conv`", "3 x 3 kernels", "PCA2", "", "int8"])
