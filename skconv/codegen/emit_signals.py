"""How the ops on signals are printed in C, those of floats and those of integers."""

from __future__ import annotations

from collections.abc import Iterator

from skconv.codegen.node import Call, NodeCode, emit
from skconv.codegen.text import call, float_literal, struct
from skconv.graph import QWinnerCounts, WinnerCounts
from skconv.graph.winners import CompetingKernels


def _groups(name: str, op: CompetingKernels, code: NodeCode, **numbers: object) -> str:
    """The C value of groups of kernels."""
    count, kernels, taps = op.weights.shape
    return struct(
        name,
        count=count,
        kernels=kernels,
        taps=taps,
        summed=op.channels.shape[1],
        weights=code.table("weights", "int8"),
        channels=code.table("channels", "uint8"),
        dilations=code.table("dilations", "int16"),
        differences=code.table("differences", "uint8"),
        **numbers,
    )


@emit.register
def _(op: WinnerCounts, code: NodeCode) -> Iterator[Call]:
    x, y = code.input, code.output
    groups = _groups("sk_float_groups", op, code, scale=float_literal(op.scale))
    arguments = (x.pointer, y.pointer, x.map, groups, f"(float *){code.scratch}")
    yield Call("float_winners.h", call("sk_float_winner_counts", *arguments))


@emit.register
def _(op: QWinnerCounts, code: NodeCode) -> Iterator[Call]:
    x, y = code.input, code.output
    groups = _groups("sk_groups", op, code, unit=op.unit, shift=op.shift)
    work = (f"(int32_t *){code.scratch}", f"SK_{op.row_dtype.upper()}")
    rule = code.requantization(op.requantization)
    arguments = (*x.typed, *y.typed, x.map, groups, *work, rule)
    yield Call("winners.h", call("sk_winner_counts", *arguments))
