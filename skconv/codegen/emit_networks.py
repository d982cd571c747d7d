"""How the ops of deep networks are printed in C: sums, gates, activations, borders, resampling."""

from __future__ import annotations

from collections.abc import Iterator

from skconv.codegen.node import Call, NodeCode, emit
from skconv.codegen.text import call, float_literal, struct
from skconv.graph import (
    Activation,
    Add,
    Multiply,
    Pad,
    QActivation,
    QAdd,
    QMultiply,
    QPad,
    QResize,
    Resize,
    Upsample,
)
from skconv.graph.spatial import Padding

# ----------------------------------------------------------------------- entry by entry


@emit.register
def _(op: Add, code: NodeCode) -> Iterator[Call]:
    (x, other), y = code.inputs, code.output
    text = call("sk_float_add", x.pointer, other.pointer, y.pointer, y.spec.size)
    yield Call("float_elementwise.h", text)


@emit.register
def _(op: QAdd, code: NodeCode) -> Iterator[Call]:
    (x, other), y = code.inputs, code.output
    factors = struct("sk_factors", first=op.factors[0], second=op.factors[1])
    numbers = (y.pixels, y.channels, factors, code.requantization(op.requantization))
    yield Call("elementwise.h", call("sk_add", *x.typed, *other.typed, *y.typed, *numbers))


def _is_gate(code: NodeCode) -> str:
    first, second = code.inputs
    return "true" if second.spec.shape != first.spec.shape else "false"


@emit.register
def _(op: Multiply, code: NodeCode) -> Iterator[Call]:
    (x, other), y = code.inputs, code.output
    tensors = (x.pointer, other.pointer, _is_gate(code), y.pointer)
    text = call("sk_float_multiply", *tensors, y.pixels, y.channels)
    yield Call("float_elementwise.h", text)


@emit.register
def _(op: QMultiply, code: NodeCode) -> Iterator[Call]:
    (x, other), y = code.inputs, code.output
    tensors = (*x.typed, *other.typed, _is_gate(code), *y.typed)
    rule = code.requantization(op.requantization)
    yield Call("elementwise.h", call("sk_multiply", *tensors, y.pixels, y.channels, rule))


@emit.register
def _(op: Activation, code: NodeCode) -> Iterator[Call]:
    x, y = code.input, code.output
    numbers = (x.spec.size, float_literal(op.slope))
    function = f"SK_{op.function.upper()}"
    text = call("sk_float_activate", function, x.pointer, y.pointer, *numbers)
    yield Call("float_elementwise.h", text)


@emit.register
def _(op: QActivation, code: NodeCode) -> Iterator[Call]:
    x, y = code.input, code.output
    table, _ = code.weights("table")
    yield Call("elementwise.h", call("sk_activate", x.pointer, y.pointer, table, x.spec.size))


# ------------------------------------------------------------------------------ borders


@emit.register
def _(op: Upsample, code: NodeCode) -> Iterator[Call]:
    x, y = code.input, code.output
    sizes = (x.item_bytes, x.map, *op.factor)
    yield Call("spatial.h", call("sk_upsample", x.pointer, y.pointer, *sizes))


@emit.register
def _(op: Pad, code: NodeCode) -> Iterator[Call]:
    value = "0.0f" if op.fill == "zero" else "SK_FLOAT_LOWEST"
    x, y = code.input, code.output
    text = call("sk_float_pad", x.pointer, y.pointer, x.map, _border(op.padding), value)
    yield Call("float_spatial.h", text)


@emit.register
def _(op: QPad, code: NodeCode) -> Iterator[Call]:
    x, y = code.input, code.output
    text = call("sk_pad", x.pointer, y.pointer, x.type, x.map, _border(op.padding), op.value)
    yield Call("spatial.h", text)


def _border(padding: Padding) -> str:
    (top, bottom), (left, right) = padding
    return struct("sk_padding", top=top, bottom=bottom, left=left, right=right, circular=False)


# --------------------------------------------------------------------------- resampling


@emit.register
def _(op: Resize, code: NodeCode) -> Iterator[Call]:
    x, y = code.input, code.output
    tables = (code.table("rows", "float32"), code.table("columns", "float32"))
    sizes = (len(op.rows), len(op.columns))
    text = call("sk_float_resize", x.pointer, y.pointer, x.map, *tables, *sizes)
    yield Call("float_spatial.h", text)


@emit.register
def _(op: QResize, code: NodeCode) -> Iterator[Call]:
    x, y = code.input, code.output
    runs = {
        f"{axis}s": struct(
            "sk_runs",
            size=len(op.parameters[f"{axis}_starts"]),
            taps=op.parameters[f"{axis}_weights"].shape[1],
            starts=code.table(f"{axis}_starts", "uint16"),
            weights=code.table(f"{axis}_weights", "int16"),
        )
        for axis in ("row", "column")
    }
    by = struct("sk_resampling", **runs, shift=op.shift)
    rule = code.requantization(op.requantization)
    yield Call("spatial.h", call("sk_resize", *x.typed, *y.typed, x.map, by, rule))
