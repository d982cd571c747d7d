"""The stack that a model needs, before a compiler has seen it."""

from __future__ import annotations

from skconv.graph import Graph

BASE = 256  # one op of any kind, and what it calls in the compiler's own library
PER_NODE = 8  # registers that a long function spills
STEP = 64


def stack_bytes(graph: Graph) -> int:
    """Bytes of stack that suffice for the functions of a model, by experience.

    It is an estimate, not a proof: what GCC reports by ``-fstack-usage`` for 32-bit Arm cores
    at -O2 stays below it, with room for the compiler's library, for every example graph and
    for deep networks (``tests/test_stack.py``). -O3 may take more, and a build without
    optimisation takes up to a hundred times as much.
    """
    needed = BASE + PER_NODE * len(graph.nodes)
    return -(-needed // STEP) * STEP
