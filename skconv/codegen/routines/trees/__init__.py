"""Trees printed as nested ``if``: each node is a comparison with a constant."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from skconv.codegen.node import Call, Function, NodeCode, emit
from skconv.codegen.routines.base import Routine, Wish
from skconv.codegen.routines.trees.printing import printed_bytes, tree_function
from skconv.codegen.text import call
from skconv.graph import QTreeEnsemble, TensorSpec
from skconv.graph.nested import Packed
from skconv.target.targets import Target

# More make a compiler slow, and more than a small flash hold. Blocks of C nest 127 deep at least.
MOST_NODES = 4000
MOST_DEPTH = 100
# Of the loop that walks a table, as measured on a Cortex-M4.
LOOP_BYTES = 65


@dataclass(frozen=True)
class PrintedTrees(Packed):
    """Trees without tables: they are the code."""

    reads_flash = True

    def describe(self) -> str:
        return f"{self.op.describe()}, nested if"


def of_32_bits(target: Target) -> bool:
    """Where a comparison with a constant takes few instructions."""
    return target.word_bits >= 32


def fits(op: QTreeEnsemble, x: TensorSpec, wish: Wish) -> bool:
    """Whether it is the routine to take: for speed, and where it takes less flash than a table."""
    if len(op.features) > MOST_NODES or op.nodes.depth > MOST_DEPTH:
        return False
    return wish.optimize != "size" or printed_bytes(op) < op.parameter_bytes + LOOP_BYTES


def plan(op: QTreeEnsemble, x: TensorSpec, wish: Wish) -> PrintedTrees:
    """The op; it has no tables."""
    return PrintedTrees(op)


@emit.register
def _(op: PrintedTrees, code: NodeCode) -> Iterator[Call]:
    x, y = code.input, code.output
    assert isinstance(op.op, QTreeEnsemble)
    name, lines = tree_function(op.op, x.spec)
    function = Function(name, lines, code_bytes=printed_bytes(op.op))
    yield Call("printed_trees.h", call(name, x.pointer, y.pointer), functions=(function,))


ROUTINES = (Routine(QTreeEnsemble, of_32_bits, fits, plan),)
