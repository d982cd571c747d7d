"""Convolutions for ``blocked_conv.h``: which fit, their weights, their scratch."""

from __future__ import annotations

import numpy as np

from skconv.codegen.routines.conv.packing import columns_of_weights, is_plain, layout
from skconv.graph.base import Array, TensorSpec
from skconv.graph.integer import QConv
from skconv.graph.storage.narrow import pack_lines

# Kernels at a time, at most.
EXPANDED = 2


def fits(op: QConv, x: TensorSpec) -> bool:
    """Whether the blocked routine can compute ``op`` on ``x``."""
    return is_plain(op, x) and x.dtype in ("uint8", "int8", "int16")


def weights(op: QConv, x: TensorSpec) -> Array:
    """Weights (n_kernels, values of a window) in the order of the ring: int8, or as packed."""
    rows = columns_of_weights(op, layout(op, x)).astype(np.int8)
    return rows if op.form is None else pack_lines(rows, op.form)


def scratch_bytes(op: QConv, x: TensorSpec) -> int:
    """Bytes of the ring, and of the kernels that are expanded at a time."""
    return ring_bytes(op, x) + (0 if op.form is None else EXPANDED * _length(op, x))


def ring_bytes(op: QConv, x: TensorSpec) -> int:
    """Bytes of the ring, which has the type of the input and begins at a multiple of four."""
    place = layout(op, x)
    values = (place.n_columns - 1) * place.distance + _length(op, x)
    return values * np.dtype(x.dtype).itemsize


def _length(op: QConv, x: TensorSpec) -> int:
    """Values of a window in the ring."""
    return int(op.weights.shape[2]) * layout(op, x).column
