"""``import skconv`` is cheap, and its names are where it says."""

from __future__ import annotations

import inspect
import subprocess
import sys
from importlib.metadata import version

import pytest

import skconv

HEAVY = ("torch", "matplotlib", "skops", "hypothesis")


def modules_after(*statements: str) -> set[str]:
    """Top-level modules that a new interpreter holds after the statements."""
    code = "; ".join([*statements, "import sys", "print(*sys.modules)"])
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    return {name.partition(".")[0] for name in result.stdout.split()}


def test_import_reads_the_standard_library_only() -> None:
    new = modules_after("import skconv") - modules_after("pass")
    assert new - {"skconv"} <= set(sys.stdlib_module_names)


def test_no_name_brings_a_heavy_module() -> None:
    loaded = modules_after("from skconv import *")
    assert "sklearn" in loaded
    assert loaded.isdisjoint(HEAVY)


@pytest.mark.parametrize("name", skconv.__all__)
def test_a_name_is_the_object_of_its_home(name: str) -> None:
    value = getattr(skconv, name)
    if inspect.ismodule(value):
        assert value.__name__ == f"skconv.{name}"
    else:
        assert value.__name__ == name
        assert value.__module__.startswith(skconv._HOMES[name])
        assert getattr(skconv, name) is value


def test_names_are_listed_once_and_everywhere() -> None:
    assert sorted({*skconv._HOMES, *skconv._MODULES}) == sorted(skconv.__all__)
    assert len(set(skconv.__all__)) == len(skconv.__all__)
    assert set(skconv.__all__) <= set(dir(skconv))


def test_star_import_gives_all_names() -> None:
    namespace: dict[str, object] = {}
    exec("from skconv import *", namespace)
    assert set(skconv.__all__) <= set(namespace)


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="module 'skconv' has no attribute 'Nothing'"):
        _ = skconv.Nothing  # type: ignore[attr-defined]


def test_versions_are_shown_without_importing_what_is_heavy() -> None:
    code = "import skconv, sys; skconv.show_versions(); print(*sys.modules, file=sys.stderr)"
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    shown = dict(line.split(maxsplit=1) for line in result.stdout.splitlines())
    assert shown["skconv"] == skconv.__version__
    assert shown["numpy"] == version("numpy")
    assert {"torch", "joblib"} <= shown.keys()
    assert "torch" not in result.stderr.split()
