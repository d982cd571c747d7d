"""How the subtraction of means is printed in C."""

from __future__ import annotations

from collections.abc import Iterator

from skconv.codegen.node import Call, NodeCode, emit
from skconv.codegen.text import call, struct
from skconv.graph import QSubtractMean, SubtractMean
from skconv.graph.centring import Lines


@emit.register
def _(op: SubtractMean, code: NodeCode) -> Iterator[Call]:
    x, y = code.input, code.output
    text = call("sk_float_subtract_mean", x.pointer, y.pointer, lines(op, code))
    yield Call("float_centring.h", text)


@emit.register
def _(op: QSubtractMean, code: NodeCode) -> Iterator[Call]:
    rule = code.requantization(op.requantization)
    text = call("sk_subtract_mean", *code.input.typed, *code.output.typed, lines(op, code), rule)
    yield Call("centring.h", text)


def lines(op: Lines, code: NodeCode) -> str:
    """A block of lines for each number before the axis, in it a line for each behind."""
    shape = code.input.spec.shape
    sizes = {"blocks": 1, "length": shape[0], "lines": shape[1] * shape[2]}
    if op.axis == 1:
        sizes = {"blocks": shape[0], "length": shape[1], "lines": shape[2]}
    return struct("sk_lines", **sizes)
