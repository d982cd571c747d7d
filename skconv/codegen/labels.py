"""``NAME_label``: the label of a class by its index, a string or an integer as in Python."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from numpy.typing import NDArray

from skconv.codegen.text import string

LEAST = -(2**31)


def are_integers(classes: NDArray[Any]) -> bool:
    """Whether labels are printed as ``int32_t``: all fit, and INT32_MIN is no label."""
    if classes.dtype.kind not in "iu" or not classes.size:
        return False
    return bool(int(classes.min()) > LEAST and int(classes.max()) < 2**31)


def label_type(classes: NDArray[Any]) -> str:
    """The C type of a label, with what stands before the name of a function."""
    return "int32_t " if are_integers(classes) else "const char *"


def label_function(name: str, classes: NDArray[Any]) -> Iterator[str]:
    """The lines of a function, not of a table: labels take memory only if it is called."""
    integers = are_integers(classes)
    values = [str(label) if integers else string(str(label)) for label in classes]
    nothing = "INT32_MIN" if integers else '""'
    yield f"/* The label of a class by its index; {nothing} where there is no such class. */"
    yield f"static inline {label_type(classes)}{name}_label(int32_t class_index)"
    yield "{"
    yield "    switch (class_index) {"
    for i, value in enumerate(values):
        yield f"    case {i}:"
        yield f"        return {value};"
    yield "    default:"
    yield f"        return {nothing};"
    yield "    }"
    yield "}"
