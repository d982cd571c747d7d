"""Tests and examples that need torch are skipped, and most C is built fast.

Tests and examples that need torch are skipped where it is not installed. Continuous integration
installs it: under ``CI=true`` they fail.

Most tests ask whether the bytes are right, whatever the compiler. Where tcc is installed, it builds
the C for nine tests in ten, in a hundredth of gcc's time. What it builds is slow: tests that
compute much are marked ``computes_much``.
"""

from __future__ import annotations

import os
import shutil
import zlib
from collections.abc import Generator
from importlib.util import find_spec

import pytest

REASON = "torch is not installed (skconv[torch])"
CC = os.environ.get("CC")
GCC_EVERY = 10
HAS_TORCH = find_spec("torch") is not None or os.environ.get("CI") == "true"
if not HAS_TORCH:  # whose examples all need it
    collect_ignore_glob = ["skconv/pretrained/*.py", "skconv/runtime/torch_*.py"]


def pytest_report_header() -> list[str]:
    return [] if HAS_TORCH else [f"{REASON}: what needs it is skipped"]


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """A module that imports torch."""
    report = yield
    if not HAS_TORCH and report.failed and "No module named 'torch" in str(report.longrepr):
        report.outcome = "skipped"
        report.longrepr = (str(collector.path), 0, f"Skipped: {REASON}")
    return report


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """An example that imports torch."""
    for item in items:
        if not HAS_TORCH and isinstance(item, pytest.DoctestItem) and needs_torch(item):
            item.add_marker(pytest.mark.skip(reason=REASON))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """A test builds C with tcc or with the compiler of this machine: always the same of both."""
    is_one_of_ten = zlib.crc32(item.nodeid.encode()) % GCC_EVERY == 0
    as_is = CC is not None or is_one_of_ten or item.get_closest_marker("computes_much")
    if as_is or shutil.which("tcc") is None:
        return (yield)
    os.environ["CC"] = "tcc"
    try:
        return (yield)
    finally:
        os.environ.pop("CC", None)


def needs_torch(item: pytest.DoctestItem) -> bool:
    return any("torch" in example.source for example in item.dtest.examples)
