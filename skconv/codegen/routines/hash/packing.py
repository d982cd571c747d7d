"""Tables and C values of `dsp_hash.h` and `dsp_hash_blocks.h`: codes, each channel alone."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from skconv.codegen import node
from skconv.codegen.routines import lanes, row_head
from skconv.codegen.routines.rows import packing as rows
from skconv.codegen.text import struct
from skconv.graph import BlockHistogram, Fused, QConvHash, QLinear, Reshape
from skconv.graph.base import Array, TensorSpec

LOOK_UP_GROUP = 8

Use = Literal["counted", "weighted", "looked_up"]


def channel_of(x: TensorSpec) -> TensorSpec:
    """One channel of a map, which is what the bank sees."""
    return replace(x, shape=(*x.shape[:2], 1))


def fits(op: QConvHash, x: TensorSpec) -> bool:
    """Whether the fast path serves this hash; the portable one serves the rest."""
    return (
        (op.shared or x.shape[2] == 1)
        and rows.fits(op, channel_of(x))
        and len(op.weights) % op.n_bits == 0
    )


def pack(op: QConvHash) -> Array:
    """Words of the table: for every kernel bias and runs, with their signs changed."""
    weights = rows.runs(-op.weights[..., 0].astype(np.int64)).reshape(len(op.weights), -1)
    return lanes.words(-op.bias.astype(np.int64)[:, None], weights)


def buffer_bytes(op: QConvHash, x: TensorSpec) -> int:
    """Bytes of the buffer of rows."""
    return rows.scratch_bytes(op, channel_of(x))


def literal(op: QConvHash, x: TensorSpec, n_rows: int, **pointers: str) -> str:
    """The C value of `sk_dsp_hash`.

    ``n_rows`` of codes are wanted; ``pointers`` are ``input``, ``buffer`` and ``table``.
    """
    height, _, channels = x.shape
    (top, _), (left, _) = op.padding
    return struct(
        "sk_dsp_hash",
        height=height,
        top=top,
        rows=n_rows,
        bits=op.n_bits,
        **pointers,
        conv=struct(
            "sk_rows",
            input=lanes.lanes(
                x,
                left=left,
                slots=1,
                shift=0,
                pitch=rows.pitch(op, channel_of(x)),
                channels=channels,
            ),
            columns=op.map_shape(x)[1],
            kernels=len(op.weights),
            height=op.weights.shape[1],
            breadth=op.weights.shape[2],
        ),
    )


@dataclass(frozen=True)
class HashStage:
    """The members of a fused stage by what they do."""

    conv: QConvHash
    histogram: BlockHistogram
    linear: QLinear | None
    input: TensorSpec
    counts: TensorSpec

    @property
    def codes(self) -> int:
        """Codes of a pixel of one channel."""
        return len(self.conv.weights) // self.conv.n_bits

    @property
    def run(self) -> int:
        """Counts of a row of blocks of one channel."""
        return self.counts.shape[1] * self.codes * self.histogram.n_bins

    @property
    def use(self) -> Use:
        """What takes the fewest instructions.

        Weighing the counts takes time for every bin, looking up weights for every code: so
        does counting, which is for nothing where there is a single output or two.
        """
        if self.linear is None:
            return "counted"
        geometry = self.histogram
        apart = geometry.stride[0] >= geometry.size[0]
        pays = geometry.n_bins <= geometry.area and len(self.linear.weights) > 2
        weighted = apart and pays and row_head.fits(self.linear, self.counts, self.run)
        return "weighted" if weighted else "looked_up"

    @property
    def n_rows(self) -> int:
        """Rows of codes that blocks take."""
        size, stride = self.histogram.size[0], self.histogram.stride[0]
        return (self.counts.shape[0] - 1) * stride + size


def stage_of(op: Fused) -> HashStage | None:
    """The stage, where the fast path serves it."""
    ops = [node.op for node in op.graph.nodes if not isinstance(node.op, Reshape)]
    conv, histogram, *rest = ops
    if not isinstance(conv, QConvHash) or not isinstance(histogram, BlockHistogram):
        return None
    if len(rest) > 1 or not all(isinstance(head, QLinear) for head in rest):
        return None
    linear = next((head for head in rest if isinstance(head, QLinear)), None)
    counts = op.graph.specs[op.graph.nodes[1].name]
    stage = HashStage(conv, histogram, linear, op.graph.input, counts)
    return stage if _stage_fits(stage) else None


def _stage_fits(s: HashStage) -> bool:
    return (
        fits(s.conv, s.input)
        and s.histogram.n_bins >= 2**s.conv.n_bits
        and (s.linear is None or (s.linear.requantization is None and s.linear.form is None))
        and (s.linear is None or s.linear.weights.dtype in (np.int8, np.int16))
    )


def tables(s: HashStage) -> dict[str, Array]:
    """What flash holds."""
    found = {"packed": pack(s.conv)}
    if s.linear is not None:
        found["head"] = head(s, s.linear)
        found["bias"] = s.linear.bias
    return found


def head(s: HashStage, linear: QLinear) -> Array:
    """The weights: channels, rows of blocks, and what one row of codes meets.

    Where they are looked up, the weights that a group of outputs gives a code lie together.
    """
    n_rows, n_columns, _ = s.counts.shape
    channels, bins = s.input.shape[2], s.histogram.n_bins
    outputs = len(linear.weights)
    shape = (outputs, n_rows, n_columns, channels, s.codes, bins)
    weights = linear.weights.reshape(shape).transpose(0, 3, 1, 2, 4, 5)
    if s.use == "weighted":
        lined = replace(linear, weights=weights.reshape(outputs, -1))
        return row_head.pack(lined, s.counts, s.run)
    places = weights.reshape(outputs, -1, bins).transpose(1, 2, 0)
    groups = [places[..., i : i + LOOK_UP_GROUP] for i in range(0, outputs, LOOK_UP_GROUP)]
    lines = [group.reshape(len(places), -1) for group in groups]
    return np.concatenate(lines, axis=1).ravel()


def scratch_bytes(s: HashStage) -> int:
    """Bytes of scratch: rows, two rows of codes, one run of counts that are weighted."""
    run = counts_bytes(s) if s.use == "weighted" else 0
    return buffer_bytes(s.conv, s.input) + codes_bytes(s) + run


def codes_bytes(s: HashStage) -> int:
    """Bytes of two rows of codes of one channel, in whole words."""
    return -(-2 * s.conv.map_shape(s.input)[1] * s.codes // 4) * 4


def counts_bytes(s: HashStage) -> int:
    """Bytes of one run of counts."""
    return row_head.features_bytes(s.counts, s.run)


def blocks(s: HashStage, codes: str) -> str:
    """The C value of `sk_dsp_blocks`."""
    return struct(
        "sk_dsp_blocks",
        pool=node.pool(s.histogram),
        rows=s.counts.shape[0],
        columns=s.counts.shape[1],
        bins=s.histogram.n_bins,
        codes=codes,
    )


def counts(s: HashStage, linear: QLinear, **pointers: str) -> str:
    """The C value of `sk_dsp_counts`; ``pointers`` are its own."""
    n_runs = s.counts.shape[0] * s.input.shape[2]
    return struct(
        "sk_dsp_counts",
        use="SK_COUNTS_WEIGHTED" if s.use == "weighted" else "SK_CODES_LOOKED_UP",
        type=f"SK_{s.counts.dtype.upper()}",
        run_bytes=head(s, linear).nbytes // n_runs,
        **pointers,
        head=row_head.literal(linear, s.counts, s.run),
    )
