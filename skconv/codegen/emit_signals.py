"""How the ops on signals are printed in C, those of floats and those of integers."""

from __future__ import annotations

from collections.abc import Iterator

from skconv.codegen.node import Call, NodeCode, emit
from skconv.codegen.text import call, float_literal, struct
from skconv.graph import IntervalQuantiles, QIntervalQuantiles, QWinnerCounts, WinnerCounts
from skconv.graph.quantiles import SMOOTHED, Intervals
from skconv.graph.winners import CompetingKernels


def _groups(
    name: str, op: CompetingKernels, code: NodeCode, weights: str, **numbers: object
) -> str:
    """The C value of groups of kernels."""
    count, kernels, taps = op.weights.shape
    return struct(
        name,
        count=count,
        kernels=kernels,
        taps=taps,
        summed=op.channels.shape[1],
        weights=weights,
        channels=code.table("channels", "uint8"),
        dilations=code.table("dilations", "int16"),
        differences=code.table("differences", "uint8"),
        **numbers,
    )


@emit.register
def _(op: WinnerCounts, code: NodeCode) -> Iterator[Call]:
    x, y = code.input, code.output
    weights = code.table("weights", "int8")
    groups = _groups("sk_float_groups", op, code, weights, scale=float_literal(op.scale))
    arguments = (x.pointer, y.pointer, x.map, groups, f"(float *){code.scratch}")
    yield Call("float_winners.h", call("sk_float_winner_counts", *arguments))


def integer_groups(op: QWinnerCounts, code: NodeCode, weights: str) -> str:
    """The C value of groups of kernels on integers; ``weights`` is the name of their table."""
    numbers = {"unit": op.unit, "shift": op.shift, "row_shift": op.row_shift}
    return _groups("sk_groups", op, code, weights, **numbers)


@emit.register
def _(op: QWinnerCounts, code: NodeCode) -> Iterator[Call]:
    x, y = code.input, code.output
    groups = integer_groups(op, code, code.table("weights", "int8"))
    rule = code.requantization(op.requantization)
    arguments = (*x.typed, *y.typed, x.map, groups, f"(int32_t *){code.scratch}", rule)
    yield Call("winners.h", call("sk_winner_counts", *arguments))


def _intervals(name: str, prefix: str, op: Intervals, code: NodeCode, **numbers: object) -> str:
    """The C value of intervals."""
    return struct(
        name,
        ends=code.table("intervals", "uint16"),
        count=len(op.intervals),
        divisor=op.divisor,
        representation=f"{prefix}_{op.representation.upper()}",
        **numbers,
    )


@emit.register
def _(op: IntervalQuantiles, code: NodeCode) -> Iterator[Call]:
    x, y = code.input, code.output
    scale = op.scale / (SMOOTHED if op.representation == "difference" else 1)
    numbers = {"scale": float_literal(scale)}
    intervals = _intervals("sk_float_intervals", "SK_FLOAT", op, code, **numbers)
    arguments = (x.pointer, y.pointer, x.map, intervals, f"(float *){code.scratch}")
    yield Call("float_quantiles.h", call("sk_float_interval_quantiles", *arguments))


@emit.register
def _(op: QIntervalQuantiles, code: NodeCode) -> Iterator[Call]:
    x, y = code.input, code.output
    intervals = _intervals("sk_intervals", "SK", op, code, bits=op.fraction_bits)
    work = (f"(void *){code.scratch}", f"SK_{op.row_dtype.upper()}")
    rule = code.requantization(op.requantization)
    arguments = (*x.typed, *y.typed, x.map, intervals, *work, rule)
    yield Call("quantiles.h", call("sk_interval_quantiles", *arguments))
