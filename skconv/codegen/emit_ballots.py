"""How votes of several classifiers are printed in C, and decisions on several outputs."""

from __future__ import annotations

from collections.abc import Iterator

from skconv.codegen.node import Call, NodeCode, emit
from skconv.codegen.text import call
from skconv.graph import Decisions, PairConfidence, QPairConfidence, Winner


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


@emit.register
def _(op: Decisions, code: NodeCode) -> Iterator[Call]:
    for run in op.runs(*(x.spec for x in code.inputs)):
        x, name = code.inputs[run.source], "thresholds" if run.by_sign else "argmaxes"
        y, size = f"{code.output.pointer} + {run.output}", () if run.by_sign else (run.n_scores,)
        if x.is_float:
            arguments = (f"{x.pointer} + {run.start}", y, run.n_outputs, *size)
            yield Call("float_decide.h", call(f"sk_float_{name}", *arguments))
        else:
            arguments = (*x.typed, run.start, y, run.n_outputs, *size)
            yield Call("decide.h", call(f"sk_{name}", *arguments))
