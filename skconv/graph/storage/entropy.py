"""Weights as a Huffman code: bits where numbers are uneven, runs where most of them are 0."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from skconv.graph.base import Array, require
from skconv.graph.storage.coded import Coded
from skconv.graph.storage.huffman import HuffmanTables, huffman


def start_table(coded: HuffmanTables) -> Array:
    """Where lines begin, as a target stores it."""
    largest = int(coded.starts.max(initial=0))
    return coded.starts.astype(np.uint16 if largest < 2**16 else np.int32)


def huffman_tables(coded: HuffmanTables) -> dict[str, Array]:
    """The tables of a code."""
    return {
        "symbols": coded.symbols,
        "counts": coded.counts,
        "bits": coded.bits,
        "starts": start_table(coded),
    }


@dataclass(frozen=True)
class Entropy(Coded):
    """Weights as a canonical Huffman code (`skconv.graph.storage.huffman`).

    Each slice of kernels begins at a byte. Those of a linear layer lie by input: its C decodes one
    weight after the other and adds up, and expands none.

    Attributes
    ----------
    values : ndarray of int8
        The weights.

    Examples
    --------
    >>> import numpy as np
    >>> from skconv.graph.storage.entropy import Entropy
    >>> values = np.zeros((2, 40), np.int8)
    >>> values[0, 3] = values[1, 30] = 5
    >>> coded = Entropy(values.shape, values=values)
    >>> coded.tables["bits"].nbytes, int(coded.weights().sum())
    (10, 10)
    """

    values: Array = field(kw_only=True)

    def __post_init__(self) -> None:
        require(
            self.values.shape == self.shape and self.values.dtype == np.int8,
            f"Entropy of weights {self.shape}: values are {self.values.dtype} "
            f"{self.values.shape}, expected int8",
        )

    @property
    def sums(self) -> bool:
        return len(self.shape) == 2

    @cached_property
    def code(self) -> HuffmanTables:
        """What the target reads."""
        if self.sums:
            return huffman([self.values.T.ravel()])
        starts = range(self.slice, self.n_kernels, self.slice)
        return huffman([part.ravel() for part in np.split(self.values, list(starts))])

    def weights(self) -> Array:
        return self.values

    @property
    def tables(self) -> dict[str, Array]:
        return huffman_tables(self.code)
