"""How a ring of a stream is printed in C."""

from __future__ import annotations

from collections.abc import Iterator

from skconv.codegen.node import Call, NodeCode, emit
from skconv.codegen.text import call, struct
from skconv.graph.ring import Ring


@emit.register
def _(op: Ring, code: NodeCode) -> Iterator[Call]:
    """How it begins, and how it takes an entry."""
    x, counter = code.input, f"(int32_t *){code.scratch}"
    ring = struct("sk_ring", length=op.length, step=op.step, entry_bytes=x.spec.nbytes)
    yield Call("ring.h", call("sk_ring_begin", counter))
    yield Call("ring.h", call("sk_ring_push", code.output.pointer, counter, x.pointer, ring))
