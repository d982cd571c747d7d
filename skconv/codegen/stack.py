"""The stack that a model needs, before a compiler has seen it."""

from __future__ import annotations

from skconv.graph import Fused, Graph, Op
from skconv.graph.nested import Packed, Streamed
from skconv.graph.storage.coded import coded_of
from skconv.graph.storage.frequency import MOST_TAPS, Frequency
from skconv.graph.storage.hashed import Hashed
from skconv.graph.storage.unpacked import ExpandedTable
from skconv.target.stage_memory import StageMemory

BASE = 256  # one op of any kind, and what it calls in the compiler's own library
PER_NODE = 8  # registers that a long function spills
STEP = 64
# What a stage that goes row by row is told stays on the stack of an AVR, whose compiler does not
# resolve such large structures into constants.
PER_ROW_STAGE_OF_AVR = 576
# Sums of all taps of a channel, beside what any op takes.
PER_EXPANSION = 4 * MOST_TAPS + 128
UNPACKING = 128


def stack_bytes(graph: Graph, *, is_avr: bool = False) -> int:
    """Bytes of stack that suffice for the functions of a model, by experience.

    It is an estimate, not a proof: what GCC reports by ``-fstack-usage`` at -O2, for 32-bit Arm
    cores and for an AVR, stays below it, with room for the compiler's library, for every example
    graph and for deep networks (``tests/test_stack.py``). -O3 may take more, and a build without
    optimisation takes up to a hundred times as much.
    """
    needed = BASE + PER_NODE * len(graph.nodes)
    needed += max((_of_expansion(node.op) for node in graph.nodes), default=0)
    if is_avr:
        needed += PER_ROW_STAGE_OF_AVR * sum(_goes_row_by_row(node.op) for node in graph.nodes)
    return -(-needed // STEP) * STEP


def _of_expansion(op: Op) -> int:
    """What the expansion of kernels by frequency takes, and unpacking at boot."""
    unpacked = [table for _, table in op.unpacked] if isinstance(op, Packed) else []
    expanded = [table.coded for table in unpacked if isinstance(table, ExpandedTable)]
    forms = (coded_of(op), *expanded)
    needed = PER_EXPANSION if any(isinstance(form, Frequency | Hashed) for form in forms) else 0
    return needed + (UNPACKING if unpacked else 0)


def _goes_row_by_row(op: Op) -> bool:
    """Whether the portable routine of rows carries an op out."""
    if isinstance(op, Streamed):
        return not isinstance(op.stage, Packed)
    return isinstance(op, Fused) and not StageMemory(op.graph).by_window
