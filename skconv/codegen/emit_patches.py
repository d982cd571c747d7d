"""How the ops on patches are printed in C, those of floats and those of integers."""

from __future__ import annotations

from collections.abc import Iterator

from skconv.codegen.node import Call, NodeCode, emit, padding, pool
from skconv.codegen.text import CTYPES, call, float_literal, struct
from skconv.graph import (
    Divide,
    LocalContrast,
    Median,
    QDivide,
    QLocalContrast,
    QTriangle,
    Triangle,
)
from skconv.graph.patches import ContrastGeometry


@emit.register
def _(op: Median, code: NodeCode) -> Iterator[Call]:
    x, y = code.input, code.output
    places = (x.map, pool(op), padding(op))
    if x.is_float:
        yield Call("float_median.h", call("sk_float_median", x.pointer, y.pointer, *places))
    else:
        yield Call("median.h", call("sk_median", x.pointer, *y.typed, *places))


def _mean(op: ContrastGeometry) -> str:
    return f"SK_MEAN_{(op.remove_mean or 'none').upper()}"


@emit.register
def _(op: LocalContrast, code: NodeCode) -> Iterator[Call]:
    x, y = code.input, code.output
    numbers = (x.map, pool(op), padding(op), _mean(op), float_literal(op.eps))
    text = call("sk_float_local_contrast", x.pointer, y.pointer, *numbers)
    yield Call("float_contrast.h", text)


def _contrast(op: QLocalContrast, code: NodeCode) -> tuple[str, ...]:
    """The C values of the map, its patches, and what their contrast is."""
    contrast = struct(
        "sk_contrast",
        mean=_mean(op),
        weight=op.weight(code.input.channels),
        eps=op.eps,
        shift=op.shift,
    )
    return code.input.map, pool(op), padding(op), contrast


@emit.register
def _(op: QLocalContrast, code: NodeCode) -> Iterator[Call]:
    arguments = (*code.input.typed, code.output.pointer, *_contrast(op, code))
    yield Call("contrast.h", call("sk_local_contrast", *arguments))


def contrast_at(op: QLocalContrast, code: NodeCode, row: str, column: str) -> Call:
    """The contrast of one patch, whose place is a C expression."""
    arguments = (*code.input.typed, *_contrast(op, code), row, column)
    text = call("sk_local_contrast_at", *arguments)
    return Call("contrast.h", text, f"*{code.output.pointer}")


@emit.register
def _(op: Divide, code: NodeCode) -> Iterator[Call]:
    (x, divisor), y = code.inputs, code.output
    text = call("sk_float_divide", x.pointer, divisor.pointer, y.pointer, x.pixels, x.channels)
    yield Call("float_contrast.h", text)


@emit.register
def _(op: QDivide, code: NodeCode) -> Iterator[Call]:
    (x, divisor), y = code.inputs, code.output
    rule = code.requantization(op.requantization)
    tensors = (*x.typed, *divisor.typed, *y.typed)
    yield Call("contrast.h", call("sk_divide", *tensors, x.pixels, x.channels, rule))


@emit.register
def _(op: Triangle, code: NodeCode) -> Iterator[Call]:
    x, y = code.input, code.output
    centroids = code.table("centroids", "float32")
    numbers = (x.pixels, x.channels, centroids, len(op.centroids))
    yield Call("float_triangle.h", call("sk_float_triangle", x.pointer, y.pointer, *numbers))


@emit.register
def _(op: QTriangle, code: NodeCode) -> Iterator[Call]:
    x, y = code.input, code.output
    centroids = code.table("centroids", "int16")
    numbers = (x.pixels, x.channels, centroids, len(op.centroids))
    distances = f"({CTYPES[op.DISTANCE_DTYPE]} *){code.scratch}"
    rule = code.requantization(op.requantization)
    yield Call("triangle.h", call("sk_triangle", *x.typed, *y.typed, *numbers, distances, rule))
