"""Tables of `dsp_depthwise.h`: one kernel per channel."""

from __future__ import annotations

import numpy as np

from skconv.codegen.routines import lanes
from skconv.codegen.routines.rows import packing as rows
from skconv.graph.base import Array, TensorSpec
from skconv.graph.integer import QConv


def fits(op: QConv, x: TensorSpec) -> bool:
    """Whether the fast path serves this convolution; the portable one serves the rest."""
    return (
        lanes.fits(op, x)
        and not op.shared
        and op.groups == x.shape[2] == len(op.weights)
        and op.stride == (1, 1)
        and op.weights.shape[2] <= rows.WIDEST
    )


def in_place(op: QConv, x: TensorSpec) -> bool:
    """Whether the output may lie over the input."""
    output = op.output(x)
    sizes = {np.dtype(spec.dtype).itemsize for spec in (x, output)}
    return output.shape == x.shape and len(sizes) == 1 and op.padding[0][0] < op.window[0]


def pack(op: QConv, x: TensorSpec) -> Array:
    """Words of the table: for every channel bias, runs, multiplier."""
    return rows.pack(op, x)


def literal(op: QConv, x: TensorSpec) -> str:
    """The C value of `sk_rows`; its lanes are those of one channel."""
    return rows.literal(op, x)


def scratch_bytes(op: QConv, x: TensorSpec) -> int:
    """Bytes of the buffer: the rows of two channels, of one where there is one."""
    return min(2, x.shape[2]) * rows.scratch_bytes(op, x)
