"""Tables of `dsp_rows.h`: one-channel convolutions, row by row."""

from __future__ import annotations

import numpy as np

from skconv.codegen.routines import lanes
from skconv.codegen.text import struct
from skconv.graph.base import Array, TensorSpec
from skconv.graph.integer import ConvInteger, QConv

WIDEST = 12


def fits(op: ConvInteger, x: TensorSpec) -> bool:
    """Whether the fast path serves this convolution; the portable one serves the rest."""
    return (
        lanes.fits(op, x)
        and x.shape[2] == 1
        and op.stride == (1, 1)
        and op.weights.shape[2] <= WIDEST
    )


def runs(weights: Array) -> Array:
    """Words ``(k0,k1) (k1,k2) ...`` of rows of weights ``(..., breadth)``."""
    if weights.shape[-1] == 1:
        return lanes.pairs(weights, np.zeros_like(weights))
    return lanes.pairs(weights[..., :-1], weights[..., 1:])


def pack(op: QConv, x: TensorSpec) -> Array:
    """Words of the table: for every kernel bias, runs, multiplier."""
    shifts = lanes.split_shift(op.weights, op.requantization, x.dtype)
    kernels = len(op.weights)
    weights = runs(op.weights[..., 0].astype(np.int64) << shifts.weights)
    bias = op.bias.astype(np.int64) << (shifts.weights + shifts.lanes)
    multipliers = np.broadcast_to(op.requantization.multiplier, kernels)
    return lanes.words(bias[:, None], weights.reshape(kernels, -1), multipliers[:, None])


def pitch(op: ConvInteger, x: TensorSpec) -> int:
    """Words of a row in the buffer: the padded row, and what an odd last pixel reads."""
    columns = op.map_shape(x)[1]
    read = columns + columns % 2 + 2 * (int(op.weights.shape[2]) // 2)
    return (max(read, op.padding[1][0] + x.shape[1]) + 1) // 2


def literal(op: QConv, x: TensorSpec) -> str:
    """The C value of `sk_rows`."""
    shifts = lanes.split_shift(op.weights, op.requantization, x.dtype)
    left = op.padding[1][0]
    return struct(
        "sk_rows",
        input=lanes.lanes(
            x, left=left, slots=1, shift=shifts.lanes, pitch=pitch(op, x), channels=1
        ),
        columns=op.map_shape(x)[1],
        kernels=len(op.weights),
        height=op.weights.shape[1],
        breadth=op.weights.shape[2],
        **lanes.limits(op.requantization, shifts),
    )


def scratch_bytes(op: ConvInteger, x: TensorSpec, rows: int = 2) -> int:
    """Bytes of the buffer when ``rows`` rows of sums are gathered at a time.

    Two for a map; the height of the windows where pooling follows at once. Rows of sums
    come in twos: an odd number has room for one more.
    """
    return 4 * pitch(op, x) * (int(op.weights.shape[1]) + rows + rows % 2 - 1)
