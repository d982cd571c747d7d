"""How votes of several classifiers are printed in C."""

from __future__ import annotations

from collections.abc import Iterator

from skconv.codegen.node import Call, NodeCode, emit
from skconv.codegen.text import call
from skconv.graph import PairConfidence, QPairConfidence, Winner


@emit.register
def _(op: Winner, code: NodeCode) -> Iterator[Call]:
    x, y = code.input, code.output
    if x.is_float:
        text = call("sk_float_winner", x.pointer, x.spec.size, y.pointer)
        yield Call("float_ballots.h", text)
    else:
        yield Call("ballots.h", call("sk_winner", *x.typed, x.spec.size, y.pointer))


@emit.register
def _(op: PairConfidence, code: NodeCode) -> Iterator[Call]:
    positive = str(op.first_is_positive).lower()
    arguments = (code.input.pointer, code.output.pointer, op.n_classes, positive)
    yield Call("float_ballots.h", call("sk_float_pair_confidence", *arguments))


@emit.register
def _(op: QPairConfidence, code: NodeCode) -> Iterator[Call]:
    positive = str(op.first_is_positive).lower()
    arguments = (*code.input.typed, code.output.pointer, op.n_classes, positive, op.one)
    yield Call("ballots.h", call("sk_pair_confidence", *arguments))
