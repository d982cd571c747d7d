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

from skconv.graph.base import Array, Op, Shape

__all__ = ["Coded", "coded_of"]

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
    >>> from skconv.graph.storage.coded import pack_fields
    >>> pack_fields(np.array([[1, 2, 3], [7, 0, 1]]), 3).tolist()
    [209, 142, 0]
    """
    fields = values.astype(np.int64).ravel()[:, None] >> np.arange(bits) & 1
    return np.packbits(fields.astype(np.uint8).ravel(), bitorder="little")
