"""Tables of ``dsp_narrow.h``: kernels of few levels, four bits a weight, one a channel."""

from __future__ import annotations

import numpy as np

from skconv.codegen.node import NodeCode
from skconv.codegen.routines import lanes
from skconv.codegen.routines.base import Wish
from skconv.codegen.text import struct
from skconv.graph.base import Array, TensorSpec
from skconv.graph.integer import QConv
from skconv.graph.storage.narrow import pack_lines


def is_narrow(op: QConv, wish: Wish) -> bool:
    """Whether a table holds four bits a weight: of few levels, unless memory does not count."""
    return op.form is not None and wish.optimize != "speed"


def pack(op: QConv, x: TensorSpec) -> Array:
    """Words of the table: for every channel bias, words of eight weights, multiplier."""
    shifts = lanes.split_shift(op.weights, op.requantization, x.dtype)
    kernels = len(op.weights)
    taps = op.weights.reshape(kernels, -1)
    full = np.pad(taps, ((0, 0), (0, -taps.shape[1] % 8)))
    # Two's complement: what `pack_lines` adds to a field is its highest bit.
    packed = (pack_lines(full, "int4") ^ 0x88).reshape(kernels, -1)
    bias = op.bias.astype(np.int64) << (shifts.weights + shifts.lanes)
    multipliers = np.broadcast_to(op.requantization.multiplier, kernels)
    return lanes.words(bias[:, None], packed.view("<u4"), multipliers[:, None])


def words(op: QConv, step: int) -> int:
    """Words of a channel when it is expanded."""
    height, breadth = op.weights.shape[1:3]
    last = breadth - 1 if step == 1 and breadth > 1 else breadth
    return int(2 + height * -(-last // step))


def scratch_bytes(op: QConv, x: TensorSpec, step: int) -> int:
    """Bytes of two channels when they are expanded, of one where there is one."""
    return 4 * min(2, x.shape[2]) * words(op, step)


def behind(code: NodeCode, nbytes: int) -> str:
    """The C expression for scratch behind that of so many bytes."""
    return f"(uint32_t *){code.scratch} + {nbytes // 4}"


def literal(op: QConv, x: TensorSpec, step: int, expanded: str) -> str:
    """The C value of `sk_narrow_taps`; ``expanded`` is a C expression."""
    return struct(
        "sk_narrow_taps",
        height=op.weights.shape[1],
        breadth=op.weights.shape[2],
        step=step,
        shift=lanes.split_shift(op.weights, op.requantization, x.dtype).weights,
        expanded=expanded,
    )
