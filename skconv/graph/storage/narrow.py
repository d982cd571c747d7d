"""Weights of a few levels, as a target stores them: several in a byte.

A matrix is stored line by line, each line from a new byte: the weights of one input, where three
or more outputs share it, else those of one output (`is_by_input`). A line is read from its lowest
bits up.

- ``ternary``: -1, 0, 1; five in a byte. The byte is the fraction ``d0/3 + d1/9 + ... + d4/243`` of
  256, rounded up, so that one product by a power of 3 and one by 3 give a digit, without a
  division.
- ``int3``: -4 .. 3, three bits each, plus 4.
- ``int4``: -8 .. 7, four bits each, plus 8.
"""

from __future__ import annotations

from typing import Literal

import numpy as np

from skconv.graph.base import Array

Narrow = Literal["ternary", "int3", "int4"]

TERNARY_DIGITS = 5
BITS: dict[Narrow, int] = {"int3": 3, "int4": 4}
FEWEST_SHARED = 3
# The largest magnitude of weights, and the smallest form that holds them.
FORMS: tuple[tuple[int, Narrow], ...] = ((1, "ternary"), (3, "int3"), (7, "int4"))


def narrow_form(levels: int) -> Narrow | None:
    """The form for weights of magnitudes up to ``levels``; None where they take a byte each."""
    if levels < 1:
        return None
    return next((form for most, form in FORMS if levels <= most), None)


def is_by_input(n_outputs: int) -> bool:
    """Whether a line of the table is that of an input."""
    return n_outputs >= FEWEST_SHARED


def pack(weights: Array, form: Narrow) -> Array:
    """The bytes of a matrix ``(n_outputs, n_inputs)``, as uint8.

    Examples
    --------
    >>> import numpy as np
    >>> pack(np.int8([[1, -1, 0], [0, 0, 1], [1, 1, -1]]), "ternary").tolist()
    [219, 48, 143]
    >>> pack(np.int8([[7, -8], [0, 1], [-1, 2]]), "int4").tolist()
    [143, 7, 144, 10]
    """
    return pack_lines(weights.T if is_by_input(len(weights)) else weights, form)


def pack_lines(lines: Array, form: Narrow) -> Array:
    """The bytes of lines of weights, each from a new byte."""
    packed = _ternary(lines) if form == "ternary" else _bits(lines, BITS[form])
    return np.ascontiguousarray(packed).ravel()


def _ternary(lines: Array) -> Array:
    digits = np.pad(lines.astype(np.int64) + 1, ((0, 0), (0, -lines.shape[1] % TERNARY_DIGITS)))
    groups = digits.reshape(len(lines), -1, TERNARY_DIGITS)
    values = groups @ 3 ** np.arange(TERNARY_DIGITS)[::-1]
    return np.asarray((values * 256 + 242) // 243, np.uint8)


def _bits(lines: Array, bits: int) -> Array:
    fields = (lines.astype(np.int64) + (1 << (bits - 1)))[:, :, None] >> np.arange(bits) & 1
    stream = fields.reshape(len(lines), -1).astype(np.uint8)
    return np.packbits(stream, axis=1, bitorder="little")
