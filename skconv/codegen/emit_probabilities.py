"""How probabilities of scores are printed in C."""

from __future__ import annotations

import math
from collections.abc import Iterator

from skconv.codegen.node import Call, NodeCode, emit
from skconv.codegen.text import call, float_literal, struct
from skconv.graph import QLogSumExp, QShares, QSigmoids, QSoftmax, Shares, Sigmoids, Softmax
from skconv.graph.probabilities import Exponentials

HEADER, FLOAT_HEADER = "probabilities.h", "float_probabilities.h"


def exponentials(op: Exponentials | QLogSumExp, code: NodeCode) -> str:
    """The scores of which a routine takes exponentials."""
    x = code.input
    return struct(
        "sk_scores",
        scores=x.pointer,
        type=x.type,
        size=x.spec.size,
        exp2_table=code.table("exp2_table", "uint16"),
        shift=op.shift,
        limit=op.limit,
        exponent=code.requantization(op.exponent),
    )


@emit.register
def _(op: QSoftmax, code: NodeCode) -> Iterator[Call]:
    yield Call(HEADER, call("sk_softmax", exponentials(op, code), code.output.pointer))


@emit.register
def _(op: QSigmoids, code: NodeCode) -> Iterator[Call]:
    yield Call(HEADER, call("sk_sigmoids", exponentials(op, code), code.output.pointer))


@emit.register
def _(op: QShares, code: NodeCode) -> Iterator[Call]:
    x, rule = code.input, code.requantization(op.requantization)
    sizes = (x.spec.size, op.limit)
    yield Call(HEADER, call("sk_shares", *x.typed, *sizes, rule, code.output.pointer))


# ----------------------------------------------------------------------------- floats


@emit.register
def _(op: Softmax, code: NodeCode) -> Iterator[Call]:
    yield _of_floats("softmax", code, float_literal(op.factor / math.log(2)))


@emit.register
def _(op: Sigmoids, code: NodeCode) -> Iterator[Call]:
    """Of one score the softmax is the sigmoid."""
    if code.input.spec.size == 1:
        yield _of_floats("softmax", code, float_literal(1 / math.log(2)))
    else:
        yield _of_floats("sigmoids", code)


@emit.register
def _(op: Shares, code: NodeCode) -> Iterator[Call]:
    yield _of_floats("shares", code, float_literal(op.factor))


def _of_floats(name: str, code: NodeCode, *numbers: str) -> Call:
    x, y = code.input, code.output
    text = call(f"sk_float_{name}", x.pointer, y.pointer, x.spec.size, *numbers)
    return Call(FLOAT_HEADER, text)
