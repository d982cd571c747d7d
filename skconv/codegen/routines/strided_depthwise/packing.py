"""Tables of `dsp_strided_depthwise.h`: one kernel per channel, at an even column stride."""

from __future__ import annotations

import numpy as np

from skconv.codegen.routines import lanes
from skconv.codegen.routines.rows import packing as rows
from skconv.codegen.text import struct
from skconv.graph.base import Array, TensorSpec
from skconv.graph.integer import QConv


def fits(op: QConv, x: TensorSpec) -> bool:
    """Whether the fast path serves this convolution; the portable one serves the rest."""
    row_stride, column_stride = op.stride
    return (
        lanes.fits(op, x)
        and not op.shared
        and op.groups == x.shape[2] == len(op.weights)
        and column_stride % 2 == 0
        and row_stride <= op.weights.shape[1]
        and op.weights.shape[2] <= rows.WIDEST
    )


def pack(op: QConv, x: TensorSpec) -> Array:
    """Words of the table: for every channel bias, pairs of weights, multiplier."""
    shifts = lanes.split_shift(op.weights, op.requantization, x.dtype)
    kernels, _, breadth, _ = op.weights.shape
    weights = op.weights[..., 0].astype(np.int64) << shifts.weights
    weights = np.pad(weights, ((0, 0), (0, 0), (0, breadth % 2)))
    pairs = lanes.pairs(weights[..., ::2], weights[..., 1::2])
    bias = op.bias.astype(np.int64) << (shifts.weights + shifts.lanes)
    multipliers = np.broadcast_to(op.requantization.multiplier, kernels)
    return lanes.words(bias[:, None], pairs.reshape(kernels, -1), multipliers[:, None])


def pitch(op: QConv, x: TensorSpec) -> int:
    """Words of a row in the buffer: the padded row, and what the last window reads."""
    columns, step = op.map_shape(x)[1], op.stride[1] // 2
    read = (columns - 1) * step + (int(op.weights.shape[2]) + 1) // 2
    return max(read, (op.padding[1][0] + x.shape[1] + 1) // 2)


def literal(op: QConv, x: TensorSpec) -> str:
    """The C value of `sk_strided`; its lanes are those of one channel."""
    shifts = lanes.split_shift(op.weights, op.requantization, x.dtype)
    one_channel = lanes.lanes(
        x,
        left=op.padding[1][0],
        slots=1,
        shift=shifts.lanes,
        pitch=pitch(op, x),
        channels=1,
    )
    described = struct(
        "sk_rows",
        input=one_channel,
        columns=op.map_shape(x)[1],
        kernels=len(op.weights),
        height=op.weights.shape[1],
        breadth=op.weights.shape[2],
        **lanes.limits(op.requantization, shifts),
    )
    return struct("sk_strided", rows=described, row_stride=op.stride[0], step=op.stride[1] // 2)


def scratch_bytes(op: QConv, x: TensorSpec) -> int:
    """Bytes of the buffer: the rows of two channels, of one where there is one."""
    return 4 * min(2, x.shape[2]) * int(op.weights.shape[1]) * pitch(op, x)
