"""Tables that lie in flash in fewer bytes, and are unpacked to RAM once."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from skconv.graph.base import Array, Op
from skconv.graph.storage.coded import Coded, coded_of
from skconv.graph.storage.huffman import RUN, HuffmanTables, huffman

# Pairs of 16 bits, which is how routines for lanes hold two weights.
PAIRED = ("int32", "uint32")
# What the call that unpacks a table takes, about.
CALL_BYTES = 64


@dataclass(frozen=True)
class ExpandedTable:
    """The weights of an op whose form is coded, all of them.

    Attributes
    ----------
    op : Op
    """

    op: Op

    @property
    def coded(self) -> Coded:
        found = coded_of(self.op)
        assert found is not None
        return found

    @property
    def values(self) -> Array:
        return self.coded.weights()

    @property
    def tables(self) -> dict[str, Array]:
        """What lies in flash."""
        return self.coded.tables


@dataclass(frozen=True)
class HuffmanTable:
    """A table, and what a target holds in flash instead of it.

    Attributes
    ----------
    values : ndarray
        As routines read them.
    """

    values: Array

    @cached_property
    def coded(self) -> HuffmanTables:
        """Its numbers in one line: those of 32 bits as two of 16, the lower ones first."""
        return huffman([_numbers(self.values)])

    @property
    def tables(self) -> dict[str, Array]:
        """What lies in flash."""
        coded = self.coded
        return {"symbols": coded.symbols, "counts": coded.counts, "bits": coded.bits}

    @property
    def pays(self) -> bool:
        """Whether the code, and the call that unpacks it, take less than the table."""
        is_small = np.abs(_numbers(self.values)).max(initial=0) < RUN
        return bool(is_small) and self.coded.nbytes + CALL_BYTES < self.values.nbytes


def _numbers(values: Array) -> Array:
    if values.dtype.name not in PAIRED:
        return values.ravel().astype(np.int64)
    bits = values.ravel().astype(np.int64) & 0xFFFFFFFF
    halves = np.stack([bits & 0xFFFF, bits >> 16], axis=1).astype(np.uint16)
    return halves.view(np.int16).ravel().astype(np.int64)
