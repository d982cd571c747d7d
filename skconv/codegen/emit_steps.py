"""How comparisons of columns with constants are printed in C."""

from __future__ import annotations

from collections.abc import Iterator

from skconv.codegen.node import Call, NodeCode, emit
from skconv.codegen.text import call, struct
from skconv.graph import Matches, Steps


@emit.register
def _(op: Steps, code: NodeCode) -> Iterator[Call]:
    x, y = code.input, code.output
    rows, count = op.edges.shape
    if x.is_float:
        tables = (code.table("edges", "float32"), code.table("values", "int16"))
        shared = "true" if rows == 1 else "false"
        numbers = (x.spec.size, *tables, count, shared)
        yield Call("float_steps.h", call("sk_float_step_all", x.pointer, y.pointer, *numbers))
        return
    steps = struct(
        "sk_steps",
        edges=code.table("edges", "int32"),
        values=code.table("values", "int16"),
        count=count,
        shared=rows == 1,
    )
    yield Call("steps.h", call("sk_step_all", *x.typed, *y.typed, x.spec.size, steps))


@emit.register
def _(op: Matches, code: NodeCode) -> Iterator[Call]:
    x, y = code.input, code.output
    columns = code.table("columns", "uint16")
    if x.is_float:
        numbers = (y.spec.size, columns, code.table("numbers", "float32"))
        yield Call("float_steps.h", call("sk_float_match_all", x.pointer, y.pointer, *numbers))
        return
    numbers = (y.spec.size, columns, code.table("numbers", "int32"))
    yield Call("steps.h", call("sk_match_all", *x.typed, y.pointer, *numbers))
