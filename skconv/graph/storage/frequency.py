"""Kernels by the coefficients of their cosine transform.

A target adds up whole multiples of integer basis functions, and shifts once::

    weight[y, x] = clip((sum_uv q[u, v] rows[u, y] columns[v, x] + 2^(shift-1)) >> shift)

to -127 .. 127. Python defines it so (`inverse`), and the C equals it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from skconv.graph.base import Array, require
from skconv.graph.limits import ACCUMULATOR_MAX, INT8_MAX
from skconv.graph.storage.coded import Coded, pack_fields
from skconv.graph.storage.entropy import huffman_tables
from skconv.graph.storage.huffman import HuffmanTables, huffman

SHIFT = 16
MOST_TAPS = 64


def cosines(size: int) -> Array:
    """The orthonormal DCT-II of ``size`` numbers: one basis function a row.

    Examples
    --------
    >>> import numpy as np
    >>> from skconv.graph.storage.frequency import cosines
    >>> np.round(cosines(2), 4).tolist()
    [[0.7071, 0.7071], [0.7071, -0.7071]]
    """
    u, x = np.mgrid[:size, :size]
    basis = np.cos(np.pi * (2 * x + 1) * u / (2 * size)) * np.sqrt(2 / size)
    basis[0] /= np.sqrt(2)
    return np.asarray(basis)


@dataclass(frozen=True)
class Basis:
    """Integer cosines: whole coefficients times ``gain``, about, are what `inverse` gives.

    Attributes
    ----------
    height, width : int
        Of a kernel.
    gain : float
    """

    height: int
    width: int
    gain: float

    @cached_property
    def rows(self) -> Array:
        return self._integers(self.height)

    @cached_property
    def columns(self) -> Array:
        return self._integers(self.width)

    def _integers(self, size: int) -> Array:
        scale = np.sqrt(self.gain * 2**SHIFT)
        return np.rint(cosines(size) * scale).astype(np.int16)

    def inverse(self, coefficients: Array) -> Array:
        """Int8 kernels ``(..., height, width)`` of whole coefficients of that shape."""
        q = coefficients.astype(np.int64)
        largest = np.abs(q).sum(axis=(-2, -1)).max(initial=0)
        bound = int(largest) * int(np.abs(self.rows).max()) * int(np.abs(self.columns).max())
        require(
            bound + (1 << (SHIFT - 1)) <= ACCUMULATOR_MAX,
            f"coefficients of sum {largest} times a gain of {self.gain:.3g}: sums up to {bound} "
            "do not fit int32",
        )
        sums = np.einsum("...uv,uy,vx->...yx", q, self.rows.astype(int), self.columns.astype(int))
        return np.clip((sums + (1 << (SHIFT - 1))) >> SHIFT, -INT8_MAX, INT8_MAX).astype(np.int8)

    @property
    def tables(self) -> dict[str, Array]:
        return {"rows": self.rows, "columns": self.columns}


def by_channel(weights: Array) -> Array:
    """Weights ``(kernels, height, width, channels)`` as ``(kernels, channels, height, width)``."""
    return weights.transpose(0, 3, 1, 2)


def by_tap(planes: Array) -> Array:
    """The way back of `by_channel`."""
    return np.ascontiguousarray(planes.transpose(0, 2, 3, 1))


@dataclass(frozen=True)
class Frequency(Coded):
    """Kernels as a common part and a sparse rest, in cosines, by a Huffman code.

    Attributes
    ----------
    residual : ndarray of int of shape (n_kernels, channels, height, width)
        Whole coefficients that are added to those of the common part.
    centres : ndarray of int8 of shape (n_common, height, width)
        Common parts; a power of two of them, or none.
    indices : ndarray of int of shape (n_kernels, channels)
        Which common part each channel of a kernel has.
    gain : float
        What a coefficient is worth, in units of the weights.

    Examples
    --------
    >>> import numpy as np
    >>> from skconv.graph.storage.frequency import Frequency
    >>> residual = np.zeros((1, 1, 2, 2), np.int8)
    >>> residual[0, 0, 0, 1] = 3
    >>> Frequency((1, 2, 2, 1), residual=residual, gain=10.0).weights()[0, :, :, 0].tolist()
    [[15, -15], [15, -15]]
    """

    residual: Array = field(kw_only=True)
    centres: Array = field(default_factory=lambda: np.zeros((0, 1, 1), np.int8), kw_only=True)
    indices: Array | None = field(default=None, kw_only=True)
    gain: float = field(default=1.0, kw_only=True)

    def __post_init__(self) -> None:
        n_kernels, height, width, channels = self.shape
        require(
            self.residual.shape == (n_kernels, channels, height, width),
            f"Frequency of weights {self.shape}: residual has shape {self.residual.shape}",
        )
        require(
            height * width <= MOST_TAPS,
            f"Frequency of weights {self.shape}: more than {MOST_TAPS} taps a channel",
        )
        require(
            (self.indices is None) == (len(self.centres) == 0)
            and 2**self.index_bits == max(1, len(self.centres)),
            f"Frequency of {len(self.centres)} common parts, expected indices and a power of two",
        )

    @property
    def index_bits(self) -> int:
        """Bits of the index of a common part; 0 where there is one, or none."""
        return max(0, len(self.centres) - 1).bit_length()

    @cached_property
    def basis(self) -> Basis:
        return Basis(self.shape[1], self.shape[2], self.gain)

    @cached_property
    def code(self) -> HuffmanTables:
        """What the target reads: of each slice of kernels a line, by kernel and channel."""
        starts = range(self.slice, self.n_kernels, self.slice)
        return huffman([part.ravel() for part in np.split(self.residual, list(starts))])

    @cached_property
    def _weights(self) -> Array:
        q = self.residual.astype(np.int64)
        if self.indices is not None:
            q = q + self.centres[self.indices]
        return by_tap(self.basis.inverse(q))

    def weights(self) -> Array:
        return self._weights

    @property
    def tables(self) -> dict[str, Array]:
        found = huffman_tables(self.code) | self.basis.tables
        if self.indices is not None:
            found["centres"] = self.centres
        if self.index_bits:
            assert self.indices is not None
            found["indices"] = pack_fields(self.indices, self.index_bits)
        return found
