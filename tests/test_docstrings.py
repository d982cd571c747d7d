"""The reference: its page names every public object, and every docstring follows numpydoc."""

from __future__ import annotations

import inspect
import re
from pathlib import Path
from typing import Any

import pytest

import skconv

PAGE = Path(__file__).resolve().parent.parent / "docs" / "api.md"
NAMES = re.findall(r"^   ([A-Za-z][\w.]*)$", PAGE.read_text(), flags=re.MULTILINE)
# What numpydoc would also like, and scikit-learn does not ask for either.
NOT_WANTED = {
    "ES01",  # an extended summary: the summary may say all
    "EX01", "SA01",  # examples and links stand with the class, not with each method
    "GL01",  # the summary begins on the line of the quotes
    "RT02",  # results have names
    "SS05",  # a summary that ends in "s" need not be a verb
}  # fmt: skip


def resolve(name: str) -> Any:
    found: Any = skconv
    for part in name.split("."):
        found = getattr(found, part)
    return found


def is_own(method: Any) -> bool:
    return getattr(method, "__module__", "").startswith("skconv")


def documented(name: str) -> list[str]:
    """An object of the page, and the methods that its class does not have from scikit-learn."""
    found = resolve(name)
    methods = inspect.getmembers(found, inspect.isroutine) if inspect.isclass(found) else []
    own = [m for m, f in methods if m[0] != "_" and is_own(f)]
    return [name, *(f"{name}.{method}" for method in own)]


def test_the_page_names_every_public_object() -> None:
    modules = {"datasets", "exceptions", "testing"}
    assert sorted(set(skconv.__all__) - modules - set(NAMES)) == []
    assert len(NAMES) == len(set(NAMES))


@pytest.mark.parametrize("name", NAMES)
def test_docstrings_follow_numpydoc(name: str) -> None:
    validate = pytest.importorskip("numpydoc.validate").validate
    errors = [
        (each, code, text)
        for each in documented(name)
        for code, text in validate(f"skconv.{each}")["errors"]
        if code not in NOT_WANTED
    ]
    assert errors == []


def is_exception(found: Any) -> bool:
    return inspect.isclass(found) and issubclass(found, Exception)


@pytest.mark.parametrize("name", skconv.__all__)
def test_public_objects_have_an_example(name: str) -> None:
    found = getattr(skconv, name)
    if not inspect.ismodule(found) and not is_exception(found):
        assert "\nExamples\n---" in (inspect.getdoc(found) or "")
