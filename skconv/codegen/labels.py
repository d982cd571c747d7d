"""``NAME_label``: the label of a class by its index, a string or an integer as in Python."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
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
    nothing = _nothing(classes)
    yield f"/* The label of a class by its index; {nothing} where there is no such class. */"
    yield f"static inline {label_type(classes)}{name}_label(int32_t class_index)"
    yield "{"
    yield from _switch(classes, nothing, "    ")
    yield "}"


def several_labels_function(name: str, labels: Sequence[NDArray[Any]]) -> Iterator[str]:
    """As `label_function`, of several outputs: the function takes the index of one, too."""
    together = np.concatenate(labels)
    nothing = _nothing(together)
    yield "/* The label of a class by the index of the output and that of the class;"
    yield f" * {nothing} where there is no such class."
    yield " */"
    yield (f"static inline {label_type(together)}{name}_label(int32_t output, int32_t class_index)")
    yield "{"
    if all(np.array_equal(labels[0], each) for each in labels):
        yield "    (void)output;"
        yield from _switch(labels[0], nothing, "    ")
    else:
        yield "    switch (output) {"
        for i, classes in enumerate(labels):
            yield f"    case {i}:"
            yield from _switch(classes, nothing, " " * 8)
        yield from ("    default:", f"        return {nothing};", "    }")
    yield "}"


def _nothing(classes: NDArray[Any]) -> str:
    """What a function returns that finds no label."""
    return "INT32_MIN" if are_integers(classes) else '""'


def _switch(classes: NDArray[Any], nothing: str, indent: str) -> Iterator[str]:
    """Lines that return the label of ``class_index``: a string, where ``nothing`` is one."""
    is_text = nothing.startswith('"')
    yield f"{indent}switch (class_index) {{"
    for i, label in enumerate(classes):
        yield f"{indent}case {i}:"
        yield f"{indent}    return {string(str(label)) if is_text else label};"
    yield f"{indent}default:"
    yield f"{indent}    return {nothing};"
    yield f"{indent}}}"
