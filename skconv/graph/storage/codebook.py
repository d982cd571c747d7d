"""Vectors of weights, each one of a few."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from skconv.graph.base import Array, require
from skconv.graph.storage.coded import Coded, index_bits, pack_fields


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
    >>> from skconv.graph.storage.codebook import Codebook
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
