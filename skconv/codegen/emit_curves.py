"""How functions of one number are printed in C."""

from __future__ import annotations

from collections.abc import Iterator

from skconv.codegen.node import Call, NodeCode, emit
from skconv.codegen.text import call, struct
from skconv.graph import Curve, Interpolate, QInterpolate


@emit.register
def _(op: Curve, code: NodeCode) -> Iterator[Call]:
    x, y = code.input, code.output
    tables = {name: code.table(name, "float32") for name in op.parameters}
    name = f"SK_CURVE_{op.function.upper().replace('-', '_')}"
    curves = struct("sk_float_curves", function=name, shared=len(op.factors) == 1, **tables)
    text = call("sk_float_apply_curves", x.pointer, y.pointer, x.spec.size, curves)
    yield Call("float_curves.h", text)


@emit.register
def _(op: Interpolate, code: NodeCode) -> Iterator[Call]:
    x, y = code.input, code.output
    tables = (code.table("knots", "float32"), code.table("values", "float32"))
    shared = "true" if len(op.knots) == 1 else "false"
    sizes = (op.knots.shape[1], shared)
    text = call("sk_float_interpolate", x.pointer, y.pointer, x.spec.size, *tables, *sizes)
    yield Call("float_curves.h", text)


@emit.register
def _(op: QInterpolate, code: NodeCode) -> Iterator[Call]:
    x, y = code.input, code.output
    values, value_type = code.weights("values")
    curves = struct(
        "sk_curves",
        starts=code.table("starts", "uint16"),
        shared=len(op.starts) == 2,
        knots=code.tables["knots"],
        values=values,
        value_type=value_type,
    )
    yield Call("curves.h", call("sk_interpolate", *x.typed, *y.typed, x.spec.size, curves))
