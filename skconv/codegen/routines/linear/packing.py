"""Tables of ``dsp_linear.h``: a matrix by blocks of four rows, word by word.

The weights are paired as the lanes of the input come: of bytes, entries 0 and 2 and then 1
and 3 of every four; of int16, in their order.
"""

from __future__ import annotations

import numpy as np

from skconv.graph import QLinear, TensorSpec
from skconv.graph.base import Array

BLOCK = 4
PAIRED = [0, 2, 1, 3]


def is_narrow(op: QLinear, x: TensorSpec) -> bool:
    """Whether four rows of few levels may share words: few of them are added for that."""
    n_rows = len(op.bias)
    is_full = -n_rows % BLOCK * BLOCK <= n_rows
    return op.form is not None and x.dtype in ("uint8", "int8") and is_full


def pack_narrow(op: QLinear) -> Array:
    """The words of the table of ``dsp_linear_narrow.h``: two columns of four rows each."""
    n_rows, n_columns = op.weights.shape
    padded = np.pad(op.weights.astype(np.int32), ((0, -n_rows % BLOCK), (0, -n_columns % 4)))
    blocks = padded.reshape(-1, BLOCK, padded.shape[1])
    lanes = (blocks << (4 * np.arange(BLOCK))[:, None]).sum(axis=1)
    fours = lanes.reshape(len(lanes), -1, 4)[:, :, PAIRED]
    return np.ascontiguousarray(fours.astype("<i2")).view("<u4").ravel()


def fits(op: QLinear, x: TensorSpec) -> bool:
    """Whether the fast path computes this map: 8- or 16-bit input and weights."""
    return x.dtype in ("uint8", "int8", "int16") and op.weights.dtype in (np.int8, np.int16)


def pack(op: QLinear, x: TensorSpec, *, wide: bool = False) -> Array:
    """The words of the table, one after the other, as uint32.

    With ``wide`` int8 weights are stored as int16: twice the flash, fewer instructions.
    """
    weights = op.weights.astype(np.int16) if wide else op.weights
    n_rows, n_columns = weights.shape
    fours = np.pad(weights, ((0, 0), (0, -n_columns % 4))).reshape(n_rows, -1, 4)
    if (x.dtype == "int16") == (weights.dtype == np.int8):
        fours = fours[:, :, PAIRED]
    words = np.ascontiguousarray(fours.reshape(n_rows, -1)).view("<u4")
    blocks = [words[i : i + BLOCK].T.ravel() for i in range(0, n_rows, BLOCK)]
    return np.concatenate(blocks)


def weight_type(op: QLinear, *, wide: bool = False) -> str:
    """Type of the weights in the table."""
    return "int16" if wide else op.weights.dtype.name


def scratch_bytes(op: QLinear, x: TensorSpec) -> int:
    """None: the input is read where it lies."""
    return 0
