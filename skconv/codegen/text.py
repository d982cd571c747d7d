"""C text: comments, literals, tables, calls; nothing of graphs."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

WIDTH = 100
INDENT = "    "

CTYPES = {
    "int8": "int8_t",
    "uint8": "uint8_t",
    "int16": "int16_t",
    "uint16": "uint16_t",
    "int32": "int32_t",
    "uint32": "uint32_t",
    "int64": "int64_t",
    "float32": "float",
}


def comment(text: str) -> str:
    """Text that may stand inside a C comment: it does not end it, and is no trigraph."""
    plain = ascii(text)[1:-1].replace("*/", "* /").replace("/*", "/ *")
    return re.sub(r"\?(?=\?)", "? ", plain)


def string(text: str) -> str:
    """A C string literal: UTF-8, with all but plain characters as octal escapes."""
    plain = frozenset(range(32, 127)) - frozenset(b'"\\?')
    return '"' + "".join(chr(b) if b in plain else f"\\{b:03o}" for b in text.encode()) + '"'


def float_literal(value: float) -> str:
    """The shortest C literal that reads back as the same float32.

    Raises
    ------
    ValueError
        Where the value is not finite, or too large for float32.
    """
    with np.errstate(over="ignore"):
        single = np.float32(value)
    if not np.isfinite(single):
        raise ValueError(f"{value} is not a finite float32")
    return f"{single!s}f"


def literals(array: NDArray[np.generic]) -> Iterator[str]:
    """The entries of an array as C literals."""
    if array.dtype.kind == "f":
        yield from map(float_literal, array.ravel().tolist())
        return
    least = np.iinfo(np.int64).min
    for value in array.ravel().tolist():
        # The magnitude of the least int64 is no literal of any type.
        yield str(value) if value != least else f"({least + 1} - 1)"


def table(name: str, array: NDArray[np.generic]) -> Iterator[str]:
    """The lines of one constant table."""
    yield f"SK_TABLE {CTYPES[array.dtype.name]} {name}[{array.size}] = {{"
    yield from filled(literals(array), INDENT)
    yield "};"


def macro_table(name: str, items: Iterable[str]) -> Iterator[str]:
    """A macro for the values of a table: it takes memory only where it is used."""
    yield f"#define {name} {{ \\"
    yield from (f"{line} \\" for line in filled(items, INDENT))
    yield "}"


def filled(items: Iterable[str], indent: str) -> Iterator[str]:
    """Items with commas, as many to a line as fit."""
    line = indent
    for item in items:
        if len(line) + len(item) + 1 > WIDTH:
            yield line.rstrip()
            line = indent
        line += f"{item}, "
    yield line.rstrip()


def struct(type_name: str, **fields: object) -> str:
    """A C value with named fields: Python's sequences, booleans, numbers and C text."""
    values = ", ".join(f".{name} = {_value(value)}" for name, value in fields.items())
    return f"({type_name}){{{values}}}"


def _value(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list | tuple):
        return "{" + ", ".join(map(str, value)) + "}"
    return str(value)


def call(function: str, *arguments: object) -> str:
    """A call on one line, not yet wrapped."""
    return f"{function}({', '.join(map(str, arguments))})"


def statement(text: str, result: str = "") -> Iterator[str]:
    """The lines of a statement inside a function, broken at commas where it is long.

    Arguments stay together where they can: a struct moves to a line of its own before it
    is broken between its fields.
    """
    line = f"{INDENT}{result}{' = ' if result else ''}{text};"
    if len(line) <= WIDTH:
        yield line
        return
    function, arguments = text.split("(", 1)
    yield f"{INDENT}{result}{' = ' if result else ''}{function}("
    yield from _wrapped(list(_arguments(arguments[:-1])), 2 * INDENT)


def _arguments(text: str) -> Iterator[str]:
    """The arguments of a call: commas inside brackets do not part them."""
    depth, start = 0, 0
    for i, letter in enumerate(text):
        depth += (letter in "({") - (letter in ")}")
        if letter == "," and depth == 0:
            yield text[start:i].strip()
            start = i + 1
    yield text[start:].strip()


def _wrapped(arguments: list[str], indent: str) -> Iterator[str]:
    ends = [","] * (len(arguments) - 1) + [");"]
    line = indent
    for argument, end in zip(arguments, ends, strict=True):
        piece = argument + end
        if len(line) + len(piece) > WIDTH and line.strip():
            yield line.rstrip()
            line = indent
        while len(line) + len(piece) > WIDTH and ", ." in piece[: WIDTH - len(line)]:
            cut = piece.rindex(", .", 0, WIDTH - len(line)) + 1
            yield line + piece[:cut]
            line, piece = indent + INDENT, piece[cut + 1 :]
        line += piece + " "
    yield line.rstrip()
