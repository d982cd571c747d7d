"""Tables of `dsp_separable.h`: a fused stage with separable kernels on a one-channel map."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np

from skconv.codegen.routines import lanes, row_head
from skconv.codegen.routines.row_stage.packing import MOST_STEPS, RowParts, steps
from skconv.codegen.routines.rows import packing as rows
from skconv.codegen.routines.stage.packing import Stage, members
from skconv.codegen.text import struct
from skconv.graph import Fused, QSeparableConv, TensorSpec
from skconv.graph.base import Array

LARGEST_SIDE = 12


@dataclass(frozen=True)
class SeparableStage(RowParts):
    """With rows of the input as lanes, and lines of one row of windows."""

    @cached_property
    def reached(self) -> QSeparableConv:
        found = self.without_surplus
        assert isinstance(found, QSeparableConv)
        return found

    @property
    def pitch(self) -> int:
        """Words of a row of lanes, and of a line: what the last four pixels read, too."""
        op = self.reached
        fours = -(-self.columns // 4)
        read = 2 * fours + int(op.weights.shape[2]) // 2
        return max(read, -(-(op.padding[1][0] + self.stage.input.shape[1]) // 2))

    @property
    def conv_bytes(self) -> dict[str, int]:
        height, count = self.reached.weights.shape[1], len(self.reached.factors.columns)
        return {"rows": 4 * self.pitch * int(height), "lines": 4 * self.pitch * count}

    @property
    def conv_tables(self) -> dict[str, Array]:
        return {"columns": self._columns(), "packed": self._terms()}

    def _columns(self) -> Array:
        """Words of two weights of a column."""
        columns = self.reached.factors.columns
        even = np.pad(columns, ((0, 0), (0, columns.shape[1] % 2))).astype(np.int64)
        return lanes.words(lanes.pairs(even[:, ::2], even[:, 1::2]))

    def _terms(self) -> Array:
        """For every kernel bias, multiplier, number of terms; for every term its line and runs."""
        op, factors = self.reached, self.reached.factors
        runs = rows.runs(factors.rows.astype(np.int64) << self.shifts.weights)
        places = factors.lines.astype(np.int64) * self.pitch
        terms = np.column_stack([places, runs])
        multipliers = np.broadcast_to(op.requantization.multiplier, len(op.bias))
        bias = op.bias.astype(np.int64) << self.shifts.weights
        starts = factors.starts.astype(np.intp)
        found = [
            np.append([bias[k], multipliers[k], end - start], terms[start:end])
            for k, (start, end) in enumerate(pairwise(starts))
        ]
        return lanes.words(*found)

    @property
    def shifts(self) -> lanes.Shifts:
        """Lines are exact, so only the rows of weights take a part of the shift."""
        return lanes.split_shift(self.reached.factors.rows, self.reached.requantization, "int16")

    @property
    def literal(self) -> str:
        """The C value of `sk_rows`."""
        op, x = self.reached, self.stage.input
        left = op.padding[1][0]
        return struct(
            "sk_rows",
            input=lanes.lanes(x, left=left, slots=1, shift=0, pitch=self.pitch, channels=1),
            columns=self.columns,
            kernels=len(op.weights),
            height=op.weights.shape[1],
            breadth=op.weights.shape[2],
            **lanes.limits(op.requantization, self.shifts),
        )


def separable_stage_of(op: Fused) -> SeparableStage | None:
    """The stage, where the routine serves it."""
    s = members(op)
    if s is None or not isinstance(s.conv, QSeparableConv) or not _fits(s.conv, s.input):
        return None
    return SeparableStage(s, op.graph) if _follows(s) else None


def _fits(conv: QSeparableConv, x: TensorSpec) -> bool:
    is_plain = conv.stride == conv.dilation == (1, 1)
    is_padded = any(map(any, conv.padding))
    return (
        x.dtype in lanes.LANE_SHIFT
        and x.shape[2] == 1
        and is_plain
        and (conv.pad_mode == "zero" or not is_padded)
        and max(conv.weights.shape[1:3]) <= LARGEST_SIDE
        and conv.factors.line_dtype(x) == "int16"
    )


def _follows(s: Stage) -> bool:
    """Whether it can do what stands behind the convolution."""
    has_head = s.linear is not None
    return steps(s) <= MOST_STEPS and (
        not has_head or (s.linear is not None and row_head.fits(s.linear, s.features, s.run))
    )
