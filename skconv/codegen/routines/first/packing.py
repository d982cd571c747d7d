"""Tables of `dsp_first.h`: convolutions of a few channels, any stride."""

from __future__ import annotations

import numpy as np

from skconv.codegen.routines import lanes
from skconv.codegen.text import struct
from skconv.graph.base import Array, TensorSpec
from skconv.graph.integer import QConv

LONGEST_RUN = 32  # words of a window in one row: they are written out


def slots(op: QConv, x: TensorSpec) -> int:
    """Lanes of a pixel: one more than its channels where windows would begin inside a word."""
    channels = x.shape[2]
    return channels + (channels * op.stride[1]) % 2


def run(op: QConv, x: TensorSpec) -> int:
    """Words of a window in one row."""
    return (int(op.weights.shape[2]) * slots(op, x) + 1) // 2


def fits(op: QConv, x: TensorSpec) -> bool:
    """Whether the fast path serves this convolution; the portable one serves the rest."""
    return lanes.fits(op, x) and op.groups == 1 and not op.shared and run(op, x) <= LONGEST_RUN


def pack(op: QConv, x: TensorSpec) -> Array:
    """Words of the table: for every two kernels biases, weights word by word, multipliers."""
    shifts = lanes.split_shift(op.weights, op.requantization, x.dtype)
    kernels, height, breadth, channels = op.weights.shape
    even = kernels + kernels % 2
    weights = np.zeros((even, height, breadth, slots(op, x)), np.int64)
    weights[:kernels, ..., :channels] = op.weights.astype(np.int64) << shifts.weights
    lined = np.zeros((even, height, 2 * run(op, x)), np.int64)
    lined[..., : breadth * slots(op, x)] = weights.reshape(even, height, -1)
    table = lanes.pairs(lined[..., ::2], lined[..., 1::2]).reshape(even // 2, 2, -1)
    numbers = np.zeros((2, even), np.int64)
    numbers[0, :kernels] = op.bias.astype(np.int64) << (shifts.weights + shifts.lanes)
    numbers[1, :kernels] = op.requantization.multiplier
    bias, multipliers = numbers.reshape(2, -1, 2)
    return lanes.words(bias, table.transpose(0, 2, 1).reshape(even // 2, -1), multipliers)


def pitch(op: QConv, x: TensorSpec) -> int:
    """Words of a row in the buffer: the padded row, or as far as the last window reads."""
    step = op.stride[1] * slots(op, x) // 2
    read = (op.map_shape(x)[1] - 1) * step + run(op, x)
    return max(read, ((op.padding[1][0] + x.shape[1]) * slots(op, x) + 1) // 2)


def literal(op: QConv, x: TensorSpec) -> str:
    """The C value of `sk_first`."""
    shifts = lanes.split_shift(op.weights, op.requantization, x.dtype)
    return struct(
        "sk_first",
        input=lanes.lanes(
            x,
            left=op.padding[1][0],
            slots=slots(op, x),
            shift=shifts.lanes,
            pitch=pitch(op, x),
            channels=x.shape[2],
        ),
        columns=op.map_shape(x)[1],
        kernels=len(op.weights),
        height=op.weights.shape[1],
        run=run(op, x),
        step=op.stride[1] * slots(op, x) // 2,
        row_stride=op.stride[0],
        **lanes.limits(op.requantization, shifts),
    )


def scratch_bytes(op: QConv, x: TensorSpec) -> int:
    """Bytes of the buffer: as many rows as a kernel has."""
    return 4 * pitch(op, x) * int(op.weights.shape[1])
