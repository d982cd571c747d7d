"""How a decision that remembers those before is printed: its begin, its push, and its class."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from skconv.codegen.node import Call, NodeCode, emit
from skconv.codegen.text import call, struct
from skconv.graph.smoothing import Events, Majority, Markov, Smoothed, Viterbi


def _decision(op: Smoothed, code: NodeCode) -> Call:
    """The decision on one window."""
    (found,) = emit(op.op, replace(code, node=replace(code.node, op=op.op)))
    return replace(found, result="const int32_t of_window")


@emit.register
def _(op: Majority, code: NodeCode) -> Iterator[Call]:
    state, window = f"(int16_t *){code.scratch}", _decision(op, code)
    yield Call("majority.h", call("sk_majority_begin", state))
    yield window
    yield Call("majority.h", call("sk_majority_push", state, op.n_windows, "of_window"))
    yield Call("majority.h", call("sk_majority_class", state))


@emit.register
def _(op: Markov, code: NodeCode) -> Iterator[Call]:
    state, window = f"(uint32_t *){code.scratch}", _decision(op, code)
    tables = {name: code.table(name, "uint16") for name, _ in op.tables}
    n_classes = len(dict(op.tables)["initial"])
    model = struct("sk_markov", n_classes=n_classes, **tables)
    yield Call("markov.h", call("sk_markov_begin", state, model))
    yield window
    yield Call("markov.h", call("sk_markov_push", state, model, "of_window"))
    yield Call("markov.h", call("sk_markov_class", state, n_classes))


@emit.register
def _(op: Viterbi, code: NodeCode) -> Iterator[Call]:
    state, x = f"(int32_t *){code.scratch}", code.input
    n_classes = len(dict(op.tables)["corrections"])
    model = struct(
        "sk_viterbi",
        n_classes=n_classes,
        n_scores=x.spec.size,
        transitions=code.table("transitions", "int32"),
        corrections=code.table("corrections", "int32"),
        shift=op.shift,
    )
    yield Call("viterbi.h", call("sk_viterbi_begin", state, n_classes))
    yield Call("viterbi.h", call("sk_viterbi_push", state, model, *x.typed))
    yield Call("viterbi.h", call("sk_viterbi_class", state, n_classes))


@emit.register
def _(op: Events, code: NodeCode) -> Iterator[Call]:
    state, x = f"(int32_t *){code.scratch}", code.input
    rule = struct(
        "sk_events",
        n_scores=x.spec.size,
        n_keywords=len(op.keywords),
        keywords=code.table("keywords", "uint16"),
        threshold=op.threshold,
        n_windows=op.n_windows,
        refractory=op.refractory,
    )
    yield Call("events.h", call("sk_events_begin", state))
    yield Call("events.h", call("sk_events_push", state, rule, *x.typed))
    yield Call("events.h", call("sk_events_class", state))
