"""A graph with everything that its C text names."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate

from skconv.export.emit import copy, emit
from skconv.export.node import Call, NodeCode, Tensor
from skconv.export.text import Names
from skconv.graph import INPUT, Graph, Node, TensorSpec
from skconv.memory import MemoryPlan, scratch_name


@dataclass(frozen=True)
class Program:
    """A graph, the name of its C, and its memory plan."""

    graph: Graph
    name: str
    plan: MemoryPlan

    @cached_property
    def specs(self) -> dict[str, TensorSpec]:
        return self.graph.specs

    @property
    def macro(self) -> str:
        return self.name.upper()

    @property
    def scores(self) -> TensorSpec:
        return self.specs[self.graph.scores_name]

    @cached_property
    def decision(self) -> Node | None:
        """The last node of a classifier: ``predict`` ends with it."""
        return self.graph.nodes[-1] if self.graph.is_classifier else None

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
        given = {homes[self.graph.scores_name]: "output"} | {INPUT: "input"}
        for name in homes.values():
            if name not in given:
                given[name] = self.names.give(name)
        return {tensor: given[home] for tensor, home in homes.items()}

    @cached_property
    def tables(self) -> dict[str, dict[str, str]]:
        """The C names of the parameters of every node."""
        self.pointers  # noqa: B018  (tensors choose their names first)
        return {
            node.name: {p: self.names.give(f"{node.name}_{p}") for p in node.op.parameters}
            for node in self.graph.nodes
        }

    def tensor(self, name: str) -> Tensor:
        return Tensor(self.pointers[name], self.specs[name])

    def code(self, node: Node) -> NodeCode:
        inputs = tuple(map(self.tensor, node.inputs))
        scratch = self.plan.buffer(scratch_name(node.name))
        place = "" if scratch is None else f"(arena.bytes + {scratch.offset})"
        return NodeCode(node, inputs, self.tensor(node.name), self.tables[node.name], place)

    @cached_property
    def calls(self) -> dict[str, tuple[Call, ...]]:
        return {node.name: tuple(emit(node.op, self.code(node))) for node in self.graph.nodes}

    @cached_property
    def final_copy(self) -> Call | None:
        """Scores that are the input itself still have to reach the output."""
        if self.plan.homes[self.graph.scores_name] != INPUT:
            return None
        return copy(self.tensor(INPUT), Tensor("output", self.specs[INPUT]))

    @cached_property
    def trace_offsets(self) -> dict[str, int]:
        return trace_offsets(self.graph)

    @property
    def trace_bytes(self) -> int:
        return max(1, sum(self.specs[node.name].nbytes for node in self.graph.nodes))

    @property
    def headers(self) -> list[str]:
        """The routines that the text calls, directly."""
        calls = [call for calls in self.calls.values() for call in calls]
        if self.final_copy:
            calls.append(self.final_copy)
        return sorted({call.header for call in calls} | {"types.h"})


def trace_offsets(graph: Graph) -> dict[str, int]:
    """Where the tensor of every node begins in the trace, in bytes."""
    specs = graph.specs
    sizes = (specs[node.name].nbytes for node in graph.nodes)
    names = (node.name for node in graph.nodes)
    return dict(zip(names, accumulate(sizes, initial=0), strict=False))
