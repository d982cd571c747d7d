"""Weights in fewer bytes than one each: what a target stores, and how it expands them.

A layer of coded weights computes what plain int8 weights would. Only its tables differ, and its
C, which expands the weights of a few kernels at a time to RAM, uses them, and goes on.

- On floats a layer holds plain weights, and ``coded`` beside them: the weights of a kernel are
  those of ``coded`` times one positive number. Quantisation keeps the coded integers as they are.
- A form is a subclass of `Coded`, and a case of `skconv.codegen.emit_coded.expansion`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np

from skconv.graph.base import Array, Op, Shape, require

__all__ = ["Codebook", "Coded", "coded_of"]

# Of expanded weights: slices of kernels end where they would take more.
SLICE_BYTES = 512


@dataclass(frozen=True)
class Coded(ABC):
    """Int8 weights of kernels, or of the outputs of a linear layer, in fewer bytes.

    Attributes
    ----------
    shape : tuple of int
        That of the weights; kernels or outputs first.
    """

    shape: Shape

    @abstractmethod
    def weights(self) -> Array:
        """The weights that a target expands, as int8."""

    @property
    @abstractmethod
    def tables(self) -> dict[str, Array]:
        """The arrays that a target holds in flash instead of the weights."""

    @property
    def n_kernels(self) -> int:
        return self.shape[0]

    @property
    def kernel_bytes(self) -> int:
        """Bytes of the weights of one kernel, expanded."""
        return int(np.prod(self.shape[1:]))

    @property
    def slice(self) -> int:
        """How many kernels are expanded at a time."""
        return max(1, min(self.n_kernels, SLICE_BYTES // self.kernel_bytes))

    @property
    def sums(self) -> bool:
        """Whether a linear layer adds up while it decodes, and expands no weight."""
        return False

    @property
    def nbytes(self) -> int:
        """Bytes of the tables."""
        return sum(table.nbytes for table in self.tables.values())


def coded_of(op: Op) -> Coded | None:
    """The form in which the weights of an op are stored; None where they are plain."""
    return getattr(op, "coded", None)


def index_bits(count: int) -> int:
    """Bits of an index of ``count`` things; at least one."""
    return max(1, (count - 1).bit_length())


def pack_fields(values: Array, bits: int) -> Array:
    """Whole numbers below ``2 ** bits``, one behind the other from the lowest bit up, as uint8.

    Examples
    --------
    >>> import numpy as np
    >>> from skconv.graph.coded import pack_fields
    >>> pack_fields(np.array([[1, 2, 3], [7, 0, 1]]), 3).tolist()
    [209, 142, 0]
    """
    fields = values.astype(np.int64).ravel()[:, None] >> np.arange(bits) & 1
    return np.packbits(fields.astype(np.uint8).ravel(), bitorder="little")


@dataclass(frozen=True)
class Codebook(Coded):
    """Vectors of weights, each one of a few: vector quantisation.

    The vectors of a kernel lie one after the other, as its weights do in memory, and the last one
    may be longer than what is left; or each of them is one channel of a kernel, all its taps.

    Attributes
    ----------
    codewords : ndarray of int8 of shape (n_codewords, length)
    indices : ndarray of int of shape (n_kernels, n_vectors)
        The codeword of each vector.
    by_channel : bool
        Whether a vector holds the taps of one channel.

    Examples
    --------
    >>> import numpy as np
    >>> from skconv.graph.coded import Codebook
    >>> codewords = np.array([[1, 2], [-3, 0]], np.int8)
    >>> coded = Codebook((2, 4), codewords, np.array([[0, 1], [1, 1]]))
    >>> coded.weights().tolist(), coded.tables["indices"].tolist()
    ([[1, 2, -3, 0], [-3, 0, -3, 0]], [14])
    """

    codewords: Array
    indices: Array
    by_channel: bool = False

    def __post_init__(self) -> None:
        count, length = self.codewords.shape
        size = self.kernel_bytes
        wanted = (self.n_kernels, -(-size // length))
        require(
            self.indices.shape == wanted,
            f"Codebook of weights {self.shape} and codewords of {length}: indices have shape "
            f"{self.indices.shape}, expected {wanted}",
        )
        require(
            self.indices.min() >= 0 and self.indices.max() < count,
            f"Codebook of {count} codewords: indices from {self.indices.min()} to "
            f"{self.indices.max()}",
        )
        taps = size // self.shape[-1]
        require(
            not self.by_channel or length == taps,
            f"Codebook by channel of kernels {self.shape}: codewords of {length}, expected {taps}",
        )

    @property
    def bits(self) -> int:
        """Bits of an index."""
        return index_bits(len(self.codewords))

    def weights(self) -> Array:
        vectors = self.codewords[self.indices]
        if self.by_channel:
            vectors = vectors.transpose(0, 2, 1)
        flat = vectors.reshape(self.n_kernels, -1)[:, : self.kernel_bytes]
        return np.ascontiguousarray(flat.reshape(self.shape), np.int8)

    @property
    def tables(self) -> dict[str, Array]:
        return {"codewords": self.codewords, "indices": pack_fields(self.indices, self.bits)}
