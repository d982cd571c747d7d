"""How products of columns are printed in C."""

from __future__ import annotations

from collections.abc import Iterator

from skconv.codegen.node import Call, NodeCode, emit
from skconv.codegen.text import call
from skconv.graph import Products, QProducts


@emit.register
def _(op: Products, code: NodeCode) -> Iterator[Call]:
    x, y = code.input, code.output
    indices = (code.table("indices", "uint16"), op.indices.shape[1])
    numbers = (x.pointer, x.spec.size, y.pointer, y.spec.size, *indices)
    yield Call("float_products.h", call("sk_float_products", *numbers))


@emit.register
def _(op: QProducts, code: NodeCode) -> Iterator[Call]:
    x, y = code.input, code.output
    indices = (code.table("indices", "uint16"), op.indices.shape[1])
    rule = code.requantization(op.requantization)
    numbers = (*x.typed, x.spec.size, *y.typed, y.spec.size, *indices, rule)
    yield Call("products.h", call("sk_products", *numbers))
