"""Trees printed as nested ``if``: each node is a comparison with a constant."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from skconv.codegen.node import Call, Function, NodeCode, emit, emit_class
from skconv.codegen.routines.base import Routine, Wish
from skconv.codegen.routines.trees.classes import class_function
from skconv.codegen.routines.trees.printing import leaf_sums, printed_bytes, tree_function
from skconv.codegen.text import call
from skconv.graph import ArgMax, Op, QTreeEnsemble, TensorSpec
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

    @property
    def decides(self) -> bool:
        """Whether there is one tree: its leaf says the class."""
        assert isinstance(self.op, QTreeEnsemble)
        return len(self.op.roots) == 1

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
    x, y, trees = code.input, code.output, op.op
    assert isinstance(trees, QTreeEnsemble)
    functions: tuple[Function, ...] = ()
    if trees.decides:
        # One function for the class and for the scores.
        functions = (class_function(trees, ArgMax(), x.spec),)
        name, lines = leaf_sums(trees, x.spec, functions[0].name)
        functions += (Function(name, lines, code_bytes=LOOP_BYTES),)
    else:
        name, lines = tree_function(trees, x.spec)
        functions = (Function(name, lines, code_bytes=printed_bytes(trees)),)
    yield Call("printed_trees.h", call(name, x.pointer, y.pointer), functions=functions)


@emit_class.register
def _(op: PrintedTrees, decision: Op, code: NodeCode) -> Call:
    assert isinstance(op.op, QTreeEnsemble)
    function = class_function(op.op, decision, code.input.spec)
    text = call(function.name, code.input.pointer)
    return Call("printed_trees.h", text, functions=(function,))


ROUTINES = (Routine(QTreeEnsemble, of_32_bits, fits, plan),)
