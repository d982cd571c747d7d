"""Writes the README's table of classes that convert: ``python tests/readme_table.py``."""

from __future__ import annotations

import re
from pathlib import Path

from skconv.convertible import table

README = Path(__file__).resolve().parent.parent / "README.md"
BEGIN, END = "<!-- what converts: begin -->", "<!-- what converts: end -->"


def with_table(text: str) -> str:
    """A page with the table between its two markers."""
    pattern = re.compile(f"{re.escape(BEGIN)}.*?{re.escape(END)}", re.DOTALL)
    if not pattern.search(text):
        raise ValueError(f"the page has no {BEGIN} ... {END}")
    return pattern.sub(lambda _: f"{BEGIN}\n{table()}\n{END}", text)


if __name__ == "__main__":
    README.write_text(with_table(README.read_text(encoding="utf-8")), encoding="utf-8")
