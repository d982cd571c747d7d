"""Tables of `dsp_row_head.h`: a linear map that takes its input in runs."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from itertools import pairwise

import numpy as np

from skconv.codegen.node import NodeCode
from skconv.codegen.text import struct
from skconv.graph.base import Array, TensorSpec
from skconv.graph.integer import QLinear
from skconv.graph.storage.narrow import BITS, Narrow, pack_lines

GROUP = 5
# As many fields of four bits as half a word has.
INT4_GROUP = 4


def fits(op: QLinear, x: TensorSpec, run: int) -> bool:
    """Whether runs of ``run`` features of this input can be added up as they come."""
    return (
        x.dtype in ("uint8", "int8", "int16")
        and op.weights.dtype in (np.int8, np.int16)
        and op.weights.shape[1] % run == 0
    )


def tables(op: QLinear, x: TensorSpec, run: int) -> dict[str, Array]:
    """What flash holds: no weights for features that have none, where that pays."""
    if op.is_kept is None:
        return {"head": pack(op, x, run), "bias": op.bias}
    runs = op.is_kept.reshape(-1, run)
    starts = np.cumsum([0, *runs.sum(axis=1)])
    parts = [
        pack(replace(op, weights=op.stored[:, first:end]), x, int(end - first))
        for first, end in pairwise(starts)
        if end > first
    ]
    return {"head": np.concatenate(parts), "bias": op.bias, "kept": op.parameters["kept"]}


def pack(op: QLinear, x: TensorSpec, run: int) -> Array:
    """Words of the table: runs, groups of outputs, fours of features, outputs of the group."""
    outputs = len(op.weights)
    fours = -(-run // 4)
    weights = np.zeros((outputs, op.weights.shape[1] // run, 4 * fours), op.weights.dtype)
    weights[..., :run] = op.weights.reshape(outputs, -1, run)
    blocks = weights.reshape(outputs, -1, fours, 4)[..., _order(op, x)]
    size = INT4_GROUP if op.form == "int4" else GROUP
    groups = [blocks[start : start + size] for start in range(0, outputs, size)]
    words = _plain if op.form is None else partial(_shared, form=op.form)
    parts = [
        np.concatenate([words(group[:, i].transpose(1, 0, 2)) for group in groups])
        for i in range(blocks.shape[1])
    ]
    return np.concatenate(parts).view(np.int32)


def _order(op: QLinear, x: TensorSpec) -> list[int]:
    """How four features lie: as the halves of two words of features, one after the other.

    Bytes are widened as (0, 2) and (1, 3), features and weights alike; two int16 of a word are
    neighbours.
    """
    if op.form is not None:
        of_bytes, of_fields = x.dtype != "int16", op.form != "ternary"
        return [0, 2, 1, 3] if of_bytes == of_fields else [0, 1, 2, 3]
    is_wide = op.weights.dtype == np.int16
    return [0, 2, 1, 3] if is_wide == (x.dtype != "int16") else [0, 1, 2, 3]


def _plain(group: Array) -> Array:
    """The bytes of weights ``(n_fours, n_outputs, 4)``."""
    return np.ascontiguousarray(group).ravel().view(np.uint8)


def _shared(group: Array, form: Narrow) -> Array:
    """The bytes of a group whose outputs share words."""
    if form == "ternary":
        fours = group.transpose(0, 2, 1).reshape(-1, group.shape[1])
        return pack_lines(fours, form)
    bits = BITS[form]
    fields = group.astype(np.int64) + (1 << (bits - 1))
    halves = (fields << (bits * np.arange(group.shape[1]))[:, None]).sum(axis=1)
    return np.ascontiguousarray(halves, "<u2").ravel().view(np.uint8)


def literal(op: QLinear, x: TensorSpec, run: int, code: NodeCode | None = None) -> str:
    """The C value of `sk_row_head`; ``code`` has the table of kept features, where it has one."""
    is_sparse = code is not None and op.is_kept is not None
    kept: dict[str, object] = {"kept": code.table("kept", "uint16")} if code and is_sparse else {}
    return struct(
        "sk_row_head",
        **kept,
        type=f"SK_{x.dtype.upper()}",
        weight_type=f"SK_{(op.form or op.weights.dtype.name).upper()}",
        size=run,
        outputs=len(op.weights),
    )


def features_bytes(x: TensorSpec, run: int) -> int:
    """Room for one run of features."""
    return -(-run // 4) * 4 * np.dtype(x.dtype).itemsize
