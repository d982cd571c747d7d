"""Tables of ``dsp_kernel_machine.h``: four support vectors at a time.

Blocks of four vectors lie word by word, so that one instruction loads a word of each. Bytes
are compared unsigned: flipping the sign bit of int8 changes no distance. The kernels enter
the sums less 2^15, which makes int16 of them; the intercepts hold what that takes away.
Vectors of 16 values take four bits a feature.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from skconv.graph import QKernelMachine, Requantization, TensorSpec
from skconv.graph.base import Array
from skconv.graph.integer import KERNEL_FRACTION_BITS
from skconv.graph.storage.grid import Grid
from skconv.graph.vectors import Kernel
from skconv.runtime.windows import weighted_kernels

BLOCK = 4
GROUP = 8  # features of four bits in a word
FLIP = np.uint8(0x80)


@dataclass(frozen=True)
class PackedMachine:
    """What the fast path reads.

    Attributes
    ----------
    support_vectors : uint32 (n_blocks, n_words, 4)
        Word by word of four vectors; the last block filled up with zeros.
    grid : Grid or None
        Of vectors of 16 values; of bytes as if they were unsigned.
    coefficients : int16 or int8 (n_groups, n_rows, 4)
        Of every block, once for each class that has vectors in it. Bytes lie as 0, 2, 1, 3, which
        makes lanes of them.
    intercept : int64 (n_results,)
        With the rounding and the constant of the sum.
    norms : uint32 (4 * n_blocks,) or None
        Squared norms modulo 2^32, where an RBF kernel is computed from dot products.
    exponent : Requantization
        ``maximum`` is the largest exponent that can occur.
    classes : int
        0 where every vector takes part in every result.
    """

    support_vectors: Array
    coefficients: Array
    intercept: Array
    norms: Array | None
    exponent: Requantization
    classes: int
    vector_type: str
    grid: Grid | None = None

    @property
    def n_bytes(self) -> int:
        """Bytes of the tables, without the one of powers of two."""
        tables = (self.support_vectors, self.coefficients, self.intercept, self.norms)
        return sum(table.nbytes for table in tables if table is not None)


def fits(op: QKernelMachine, x: TensorSpec) -> bool:
    """Whether the fast path computes this machine: all but the polynomial kernel."""
    return (
        op.kernel in ("laplacian", "rbf")
        and x.dtype in ("uint8", "int8", "int16")
        and op.dual_coef.dtype.itemsize <= 2
        and op.exponent.minimum == 0
        and op.exponent.maximum >= _largest_exponent(op, x)
    )


def pack(op: QKernelMachine, x: TensorSpec, *, wide: bool = False) -> PackedMachine:
    """The tables; with ``wide`` 8-bit vectors of an RBF kernel are stored as int16.

    Twice the flash for a third less instructions.
    """
    is_wide = x.dtype == "int16" or (wide and op.kernel == "rbf")
    vectors = op.support_vectors.astype(np.int16) if is_wide else op.support_vectors
    table, norms = packed_vectors(vectors, with_norms=op.kernel == "rbf")
    vector_type, grid = "int16" if is_wide else "uint8", None
    if op.grid is not None:
        vector_type, grid = "int4", _grid(op.kernel, op.grid, x)
        table, norms = _four_bits(op, op.grid, x)
    return PackedMachine(
        table,
        _coefficient_rows(op),
        _intercept(op),
        norms,
        replace(op.exponent, maximum=_largest_exponent(op, x)),
        0 if _is_joint(op) else op.n_classes,
        vector_type,
        grid,
    )


def _grid(kernel: Kernel, grid: Grid, x: TensorSpec) -> Grid:
    is_flipped = kernel == "laplacian" and x.dtype == "int8"
    return Grid(grid.first + int(FLIP), grid.step) if is_flipped else grid


def _four_bits(op: QKernelMachine, grid: Grid, x: TensorSpec) -> tuple[Array, Array | None]:
    """Blocks of four vectors, eight features a word, and norms where products are summed up.

    In the order in which they are taken out: bytes by halves, or lanes by pairs.
    """
    norms = _norms(_filled(op.support_vectors)) if op.kernel == "rbf" else None
    places = grid.places(op.support_vectors).astype(np.uint32)
    n_vectors, n_features = places.shape
    filled = np.pad(places, ((0, -n_vectors % BLOCK), (0, -n_features % GROUP)))
    by_bytes = op.kernel == "laplacian" and x.dtype != "int16"
    bits = [0, 8, 16, 24, 4, 12, 20, 28] if by_bytes else [0, 16, 4, 20, 8, 24, 12, 28]
    fields = filled.reshape(-1, GROUP) << np.array(bits, np.uint32)
    words = np.bitwise_or.reduce(fields, axis=1).astype("<u4").reshape(len(filled), -1)
    return _blocks(words), norms


def packed_vectors(vectors: Array, *, with_norms: bool) -> tuple[Array, Array | None]:
    """Blocks of four vectors, word by word; of int16 the squared norms, where they are wanted."""
    filled, norms = _filled(vectors), None
    is_wide = vectors.dtype == np.int16
    if is_wide and with_norms:
        norms = _norms(filled)
    return _by_words(filled if is_wide else _unsigned(filled)), norms


def _norms(vectors: Array) -> Array:
    """Their squares, modulo 2^32."""
    return ((vectors.astype(np.int64) ** 2).sum(axis=1) & 0xFFFFFFFF).astype(np.uint32)


def spread_bytes(n_features: int) -> int:
    """Bytes of an input of bytes in lanes of 16 bits."""
    return 8 * -(-n_features // 4)


def scratch_bytes(op: QKernelMachine, x: TensorSpec, *, wide: bool = False) -> int:
    """Bytes of scratch that ``sk_dsp_kernel_machine`` uses, aligned to 8."""
    n_rows, n_results = len(op.dual_coef), len(op.intercept)
    n_sums = n_results if _is_joint(op) else n_results + n_rows
    if n_sums == 1:  # kept in registers
        n_sums = 0
    n_features = op.support_vectors.shape[1]
    is_spread = x.dtype != "int16" and op.kernel == "rbf"
    return 8 * n_sums + (spread_bytes(n_features) if is_spread else 0)


def _is_joint(op: QKernelMachine) -> bool:
    """Every vector takes part in every result: scores, or the one pair of two classes."""
    return op.n_classes <= 2


def _largest_exponent(op: QKernelMachine, x: TensorSpec) -> int:
    bound = op.accumulator_bound(x) << op.exponent.shift
    return (bound * int(op.exponent.multiplier[0]) + 2**31) >> 32


def _filled(vectors: Array) -> Array:
    """Zeros behind: whole blocks of vectors, whole words of features."""
    n_vectors, n_features = vectors.shape
    per_word = 4 // vectors.dtype.itemsize
    return np.pad(vectors, ((0, -n_vectors % BLOCK), (0, -n_features % per_word)))


def _unsigned(vectors: Array) -> Array:
    return vectors if vectors.dtype == np.uint8 else vectors.view(np.uint8) ^ FLIP


def _by_words(vectors: Array) -> Array:
    return _blocks(np.ascontiguousarray(vectors).view("<u4"))


def _blocks(words: Array) -> Array:
    blocks = words.reshape(-1, BLOCK, words.shape[1])
    return np.ascontiguousarray(blocks.transpose(0, 2, 1))


def _coefficient_rows(op: QKernelMachine) -> Array:
    """Blocks, rows, four: class by class, 0 for the vectors of other classes."""
    ends = [op.dual_coef.shape[1]] if _is_joint(op) else np.cumsum(op.n_support).tolist()
    groups = []
    for begin, end in zip([0, *ends], ends, strict=False):
        first, last = begin // BLOCK, -(-end // BLOCK)
        own = np.zeros((len(op.dual_coef), BLOCK * (last - first)), np.int16)
        own[:, begin - BLOCK * first : end - BLOCK * first] = op.dual_coef[:, begin:end]
        groups.append(own.reshape(len(own), -1, BLOCK).transpose(1, 0, 2))
    rows = np.concatenate(groups)
    if op.dual_coef.dtype == np.int8:
        return np.ascontiguousarray(rows[..., [0, 2, 1, 3]].astype(np.int8))
    return np.ascontiguousarray(rows)


def _intercept(op: QKernelMachine) -> Array:
    """With half of the last place, and 2^15 times the coefficients of each sum."""
    one = np.ones((1, len(op.support_vectors)))
    totals = weighted_kernels(one, op)[0].astype(np.int64)
    constant = totals << KERNEL_FRACTION_BITS
    return np.asarray(op.intercept + constant + (1 << (op.shift - 1)), np.int64)
