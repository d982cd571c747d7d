"""A graph with everything that its C text names."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from itertools import accumulate
from typing import Any

from skconv.codegen.constants import Constants, constants
from skconv.codegen.emit import copy, emit
from skconv.codegen.interface import Interface
from skconv.codegen.names import Names
from skconv.codegen.node import Call, NodeCode, Tensor, emit_class
from skconv.codegen.text import CTYPES
from skconv.codegen.unpack import in_ram, is_kept_from_avr, unpack_calls
from skconv.graph import INPUT, Graph, Node, TensorSpec
from skconv.graph.decisions import decides_alone
from skconv.graph.nested import Packed, Streamed
from skconv.graph.ring import Ring
from skconv.target.memory import MemoryPlan, scratch_name, unpacked_name


@dataclass(frozen=True)
class Program:
    """A graph, the name of its C, and its memory plan: all that is printed is decided here.

    All facts are known before the first line is printed. They are found in the order in which
    they stand here: tensors choose their names first, then tables, then what probabilities need.

    The graph of a stream reads one sample. ``whole`` is the graph that it computes of a window.
    """

    graph: Graph
    name: str
    plan: MemoryPlan
    interface: Interface = field(default_factory=Interface)
    whole: Graph | None = None

    def __post_init__(self) -> None:
        for name, fact in vars(Program).items():
            if isinstance(fact, cached_property):
                getattr(self, name)

    def __reduce__(self) -> tuple[Any, ...]:
        """A pickle holds no facts: they are found again."""
        return Program, (self.graph, self.name, self.plan, self.interface, self.whole)

    @cached_property
    def definition(self) -> Graph:
        """What is computed of a whole sample."""
        return self.graph if self.whole is None else self.whole

    @cached_property
    def specs(self) -> Mapping[str, TensorSpec]:
        return self.graph.specs

    @cached_property
    def macro(self) -> str:
        return self.name.upper()

    @cached_property
    def scores(self) -> TensorSpec:
        return self.specs[self.graph.scores_name]

    @cached_property
    def takes_arena(self) -> bool:
        """Whether functions get their memory from the caller."""
        return self.interface.arena == "caller" and self.plan.arena_bytes > 0

    @cached_property
    def arena(self) -> str:
        """The C expression for the bytes of the arena."""
        return "arena->bytes" if self.takes_arena else "arena.bytes"

    @cached_property
    def decision(self) -> Node | None:
        """The last node of a classifier: ``predict`` ends with it."""
        return self.graph.nodes[-1] if self.graph.is_classifier else None

    @cached_property
    def streamed(self) -> tuple[Node, ...]:
        """The first nodes, if they read the input row by row."""
        return tuple(node for node in self.graph.nodes if isinstance(node.op, Streamed))

    @cached_property
    def rings(self) -> tuple[Node, ...]:
        """What is kept of a stream that is pushed sample by sample."""
        return tuple(node for node in self.graph.nodes if isinstance(node.op, Ring))

    @cached_property
    def keeps_scores(self) -> bool:
        """Whether the arena holds the output: scores, or other results."""
        return self.plan.buffer(self.plan.homes[self.graph.scores_name]) is not None

    @cached_property
    def nodes(self) -> tuple[Node, ...]:
        """The nodes that ``run`` computes."""
        return tuple(node for node in self.graph.nodes if node is not self.decision)

    @cached_property
    def names(self) -> Names:
        return Names(self.name)

    @cached_property
    def pointers(self) -> dict[str, str]:
        """The C pointer of every tensor: that of its home."""
        homes = self.plan.homes
        taken = {INPUT: "sample" if self.rings else "input"}
        given = {homes[self.graph.scores_name]: "output"} | taken
        for name in homes.values():
            if name not in given:
                given[name] = self.names.give(name)
        return {tensor: given[home] for tensor, home in homes.items()}

    @cached_property
    def tables(self) -> dict[str, dict[str, str]]:
        """The C names of the parameters of every node, and of what is unpacked of them."""
        return {
            node.name: names | dict(self._in_ram(node))
            for node, names in zip(self.graph.nodes, self.constants.names, strict=False)
        }

    @cached_property
    def constants(self) -> Constants:
        """The tables of all nodes; behind them those of the op that makes probabilities."""
        last = self.interface.probabilities
        ops = [(node.name, node.op) for node in self.graph.nodes]
        return constants(ops + ([] if last is None else [("probabilities", last)]), self.names)

    def _in_ram(self, node: Node) -> Iterator[tuple[str, str]]:
        """Tables of a node that are unpacked once, and where."""
        for name, table in node.op.unpacked if isinstance(node.op, Packed) else ():
            place = self.plan.buffer(unpacked_name(node, name))
            assert place is not None
            yield name, in_ram(name, table.values.dtype, f"({self.arena} + {place.offset})")

    def tensor(self, name: str) -> Tensor:
        """A tensor; where its memory has a pointer to another type, by a cast."""
        home, spec = self.plan.homes[name], self.specs[name]
        pointer = self.pointers[name]
        owner = self.graph.scores_name if pointer == "output" else home
        if self.specs[owner].dtype != spec.dtype:
            pointer = f"(({CTYPES[spec.dtype]} *){pointer})"
        return Tensor(pointer, spec)

    def code(self, node: Node) -> NodeCode:
        inputs = tuple(map(self.tensor, node.inputs))
        scratch = self.plan.buffer(scratch_name(node))
        place = "" if scratch is None else f"({self.arena} + {scratch.offset})"
        return NodeCode(node, inputs, self.tensor(node.name), self.tables[node.name], place)

    @cached_property
    def calls(self) -> dict[str, tuple[Call, ...]]:
        return {node.name: tuple(emit(node.op, self.code(node))) for node in self.graph.nodes}

    @cached_property
    def class_call(self) -> Call | None:
        """What gives the class without scores, where something does."""
        if not decides_alone(self.graph):
            return None
        scores, decision = self.graph.nodes
        return emit_class(scores.op, decision.op, self.code(scores))

    @cached_property
    def all_calls(self) -> list[Call]:
        """The calls that need routines, or functions of the text."""
        found = [call for calls in self.calls.values() for call in calls]
        found += self.unpacking
        return [*found, self.class_call] if self.class_call else found

    @cached_property
    def unpacking(self) -> tuple[Call, ...]:
        """What fills the tables that are unpacked once."""
        nodes = self.graph.nodes
        return tuple(call for node in nodes for call in unpack_calls(self.code(node)))

    @cached_property
    def keeps_tables_from_avr(self) -> bool:
        """Whether a routine reads tables through plain pointers."""
        ops = (node.op for node in self.graph.nodes)
        packed = (op for op in ops if isinstance(op, Packed))
        return any(not op.reads_flash or is_kept_from_avr(op) for op in packed)

    @cached_property
    def probabilities(self) -> tuple[NodeCode, tuple[Call, ...]] | None:
        """The function of that name: what it reads and writes, and what it does."""
        op = self.interface.probabilities
        if op is None:
            return None
        tables = self.constants.names[-1]
        result = Tensor("probabilities", op.output(self.scores))
        node = Node("probabilities", op, (self.graph.scores_name,))
        code = NodeCode(node, (Tensor("scores", self.scores),), result, tables, "")
        return code, tuple(emit(op, code))

    @cached_property
    def final_copy(self) -> Call | None:
        """Scores that are the input itself still have to reach the output."""
        if self.plan.homes[self.graph.scores_name] != INPUT:
            return None
        return copy(self.tensor(INPUT), Tensor("output", self.specs[INPUT]))

    @cached_property
    def trace_offsets(self) -> dict[str, int]:
        return trace_offsets(self.graph)

    @cached_property
    def trace_bytes(self) -> int:
        return max(1, sum(self.specs[node.name].nbytes for node in self.graph.nodes))

    @cached_property
    def headers(self) -> list[str]:
        """The routines that the text calls, directly."""
        calls = list(self.all_calls)
        if self.final_copy:
            calls.append(self.final_copy)
        if self.probabilities:
            calls += self.probabilities[1]
        of_functions = {h for call in calls for f in call.functions for h in f.headers}
        return sorted({call.header for call in calls} | of_functions | {"types.h"})


def trace_offsets(graph: Graph) -> dict[str, int]:
    """Where the tensor of every node begins in the trace, in bytes."""
    specs = graph.specs
    sizes = (specs[node.name].nbytes for node in graph.nodes)
    names = (node.name for node in graph.nodes)
    return dict(zip(names, accumulate(sizes, initial=0), strict=False))
