"""How filters of signals are printed in C: second-order sections, the length of vectors."""

from __future__ import annotations

from collections.abc import Iterator

from skconv.codegen.emit_centring import lines
from skconv.codegen.node import Call, NodeCode, emit
from skconv.codegen.text import call, struct
from skconv.graph import Biquads, EuclideanNorm, QBiquads, QEuclideanNorm
from skconv.graph.running import Running


@emit.register
def _(op: Biquads, code: NodeCode) -> Iterator[Call]:
    tables = (len(op.sos), code.table("sections", "float32"))
    arguments = (code.input.pointer, code.output.pointer, lines(op, code), *tables, code.scratch)
    yield Call("float_biquads.h", call("sk_float_biquads_run", *arguments))


@emit.register
def _(op: QBiquads, code: NodeCode) -> Iterator[Call]:
    arguments = (*code.input.typed, *code.output.typed, lines(op, code), biquads(op, code))
    yield Call("biquads.h", call("sk_biquads_run", *arguments, code.scratch))


def biquads(op: QBiquads, code: NodeCode) -> str:
    """The C value of `sk_biquads`."""
    return struct(
        "sk_biquads",
        sections=len(op.numerators),
        numerators=code.table("numerators", "int32"),
        shifts=code.table("shifts", "uint8"),
        feedback=code.table("feedback", "int32"),
        input_shift=op.input_shift,
        to=code.requantization(op.requantization),
    )


@emit.register
def _(op: Running, code: NodeCode) -> Iterator[Call]:
    """How it begins, and how it takes a sample."""
    assert isinstance(op.op, QBiquads)
    state, channels = f"(int32_t *){code.scratch}", code.input.channels
    by = biquads(op.op, code)
    yield Call("biquads.h", call("sk_biquads_begin", state, channels * op.op.n_states))
    arguments = (*code.input.typed, *code.output.typed, channels, by, state)
    yield Call("biquads.h", call("sk_biquads_push", *arguments))


@emit.register
def _(op: EuclideanNorm, code: NodeCode) -> Iterator[Call]:
    numbers = (code.output.spec.size, op.n_axes)
    text = call("sk_float_euclidean_norm", code.input.pointer, code.output.pointer, *numbers)
    yield Call("float_norm.h", text)


@emit.register
def _(op: QEuclideanNorm, code: NodeCode) -> Iterator[Call]:
    numbers = (code.output.spec.size, op.n_axes, op.shift)
    rule = code.requantization(op.requantization)
    text = call("sk_euclidean_norm", *code.input.typed, *code.output.typed, *numbers, rule)
    yield Call("norm.h", text)
