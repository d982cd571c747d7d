"""Convolutions for ``blocked_conv.h``: which fit, their weights, their scratch."""

from __future__ import annotations

import numpy as np

from skconv.codegen.routines.conv.packing import columns_of_weights, is_plain, layout
from skconv.graph.base import Array, TensorSpec
from skconv.graph.integer import QConv


def fits(op: QConv, x: TensorSpec) -> bool:
    """Whether the blocked routine can compute ``op`` on ``x``."""
    return is_plain(op, x) and x.dtype in ("uint8", "int8", "int16")


def weights(op: QConv, x: TensorSpec) -> Array:
    """Weights (n_kernels, values of a window) in the order of the ring, as int8."""
    return columns_of_weights(op, layout(op, x)).astype(np.int8)


def scratch_bytes(op: QConv, x: TensorSpec) -> int:
    """Bytes of the ring, which has the type of the input and begins at a multiple of four."""
    place = layout(op, x)
    values = (place.n_columns - 1) * place.distance + int(op.weights.shape[2]) * place.column
    return values * np.dtype(x.dtype).itemsize
