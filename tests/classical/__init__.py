"""Classical models of scikit-learn on small data: what is converted, and how well.

A family has a file here with ``CASES``: one for each class and each setting that converts in a
way of its own. ``tests/benchmarks/bench_classical.py`` prints a line for each case and data set.
"""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

from tests.classical.base import Case


def families() -> dict[str, tuple[Case, ...]]:
    """The cases of every family, by the name of its file."""
    names = sorted(path.stem for path in Path(__file__).parent.glob("*.py"))
    own = [name for name in names if name not in ("__init__", "base", "rows")]
    return {name: import_module(f"tests.classical.{name}").CASES for name in own}
