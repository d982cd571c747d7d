"""How a comparison with levels is printed in C, of floats and of integers."""

from __future__ import annotations

from collections.abc import Iterator

from skconv.codegen.node import Call, NodeCode, emit
from skconv.codegen.text import call
from skconv.graph import Above


@emit.register
def _(op: Above, code: NodeCode) -> Iterator[Call]:
    x, y = code.input, code.output
    dtype = "float32" if x.is_float else "int16"
    numbers = (x.pixels, x.channels, code.table("levels", dtype), len(op.levels))
    if x.is_float:
        text = call("sk_float_above", x.pointer, y.pointer, *numbers)
        yield Call("float_above.h", text)
    else:
        yield Call("above.h", call("sk_above", *x.typed, y.pointer, *numbers))
