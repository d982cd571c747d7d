"""Tables of `dsp_row_head.h`: a linear map that takes its input in runs."""

from __future__ import annotations

import numpy as np

from skconv.codegen.text import struct
from skconv.graph.base import Array, TensorSpec
from skconv.graph.integer import QLinear

GROUP = 5


def fits(op: QLinear, x: TensorSpec, run: int) -> bool:
    """Whether runs of ``run`` features of this input can be added up as they come."""
    return (
        op.form is None
        and x.dtype in ("uint8", "int8", "int16")
        and op.weights.dtype in (np.int8, np.int16)
        and op.weights.shape[1] % run == 0
    )


def pack(op: QLinear, x: TensorSpec, run: int) -> Array:
    """Words of the table: runs, groups of outputs, fours of features, outputs of the group."""
    outputs = len(op.weights)
    fours = -(-run // 4)
    weights = np.zeros((outputs, op.weights.shape[1] // run, 4 * fours), op.weights.dtype)
    weights[..., :run] = op.weights.reshape(outputs, -1, run)
    # Bytes are widened as (0, 2) and (1, 3); two int16 of a word are neighbours.
    order = [0, 1, 2, 3]
    if (op.weights.dtype == np.int8 and x.dtype == "int16") or (
        op.weights.dtype == np.int16 and x.dtype != "int16"
    ):
        order = [0, 2, 1, 3]
    blocks = weights.reshape(outputs, -1, fours, 4)[..., order]
    groups = [blocks[start : start + GROUP] for start in range(0, outputs, GROUP)]
    parts = [
        np.concatenate([group[:, i].transpose(1, 0, 2).ravel() for group in groups])
        for i in range(blocks.shape[1])
    ]
    return np.concatenate(parts).view(np.int32)


def literal(op: QLinear, x: TensorSpec, run: int) -> str:
    """The C value of `sk_row_head`."""
    return struct(
        "sk_row_head",
        type=f"SK_{x.dtype.upper()}",
        weight_type=f"SK_{op.weights.dtype.name.upper()}",
        size=run,
        outputs=len(op.weights),
    )


def features_bytes(x: TensorSpec, run: int) -> int:
    """Room for one run of features."""
    return -(-run // 4) * 4 * np.dtype(x.dtype).itemsize
