"""The routines in C: hand-written header files, beside what prints their calls."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from pathlib import Path


@cache
def header_paths() -> dict[str, Path]:
    """Where each header file lies, by its name: every name stands once."""
    return {path.name: path for path in sorted(Path(__file__).parent.rglob("*.h"))}


def header_texts(names: Iterable[str] | None = None) -> dict[str, str]:
    """The named header files and those that they include, by name; all of them by default."""
    paths = header_paths()
    wanted = list(paths if names is None else names)
    texts: dict[str, str] = {}
    while wanted:
        name = wanted.pop()
        if name not in texts:
            texts[name] = paths[name].read_text(encoding="utf-8")
            wanted += re.findall(r'#include "([^"]+)"', texts[name])
    return {name: texts[name] for name in sorted(texts)}
