"""How a decision that remembers those before is printed: its begin, its push, and its class."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from skconv.codegen.node import Call, NodeCode, emit
from skconv.codegen.text import call, struct
from skconv.graph.smoothing import Majority, Markov, Smoothed


def _decision(op: Smoothed, code: NodeCode) -> Call:
    """The decision on one window."""
    (found,) = emit(op.op, replace(code, node=replace(code.node, op=op.op)))
    return found


@emit.register
def _(op: Majority, code: NodeCode) -> Iterator[Call]:
    state, window = f"(int16_t *){code.scratch}", _decision(op, code)
    yield Call("majority.h", call("sk_majority_begin", state))
    yield Call(window.header, window.text)
    yield Call("majority.h", call("sk_majority_push", state, op.n_windows, "of_window"))
    yield Call("majority.h", call("sk_majority_class", state))


@emit.register
def _(op: Markov, code: NodeCode) -> Iterator[Call]:
    state, window = f"(uint32_t *){code.scratch}", _decision(op, code)
    tables = {name: code.table(name, "uint16") for name, _ in op.tables}
    n_classes = len(dict(op.tables)["initial"])
    model = struct("sk_markov", n_classes=n_classes, **tables)
    yield Call("markov.h", call("sk_markov_begin", state, model))
    yield Call(window.header, window.text)
    yield Call("markov.h", call("sk_markov_push", state, model, "of_window"))
    yield Call("markov.h", call("sk_markov_class", state, n_classes))
