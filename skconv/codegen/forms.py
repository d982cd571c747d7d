"""The forms that a chain of nodes can take on a target, from the fastest to the smallest.

A chain is what may become one stage (`skconv.passes.fuse`), or one node. It is computed op by op,
or as one stage: by the portable C, or by a routine of the target. A stage of a signal may go
through it sample by sample.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from skconv.codegen.routines.base import Optimize, Routine, Wish
from skconv.codegen.routines.registry import planned, routine_for, serving
from skconv.codegen.turned import by_samples, is_signal
from skconv.graph import Fused, Graph, Node, Op, QSeparableConv, Reshape, TensorSpec
from skconv.passes.fuse import chain_graph, fused
from skconv.target.memory import plan_memory, scratch_bytes
from skconv.target.targets import Target


@dataclass(frozen=True)
class Form:
    """Nodes that a target computes, and what they read."""

    nodes: tuple[Node, ...]
    input: TensorSpec

    @cached_property
    def ram(self) -> int:
        """Bytes that they take for themselves."""
        return plan_memory(chain_graph(self.input, self.nodes)).arena_bytes


@dataclass(frozen=True)
class Chain:
    """Nodes of an integer graph that follow each other, and a target."""

    nodes: tuple[Node, ...]
    input: TensorSpec
    target: Target

    @property
    def name(self) -> str:
        return self.nodes[-1].name

    @cached_property
    def graph(self) -> Graph:
        return chain_graph(self.input, self.nodes)

    @cached_property
    def op(self) -> Op:
        """The chain as one op."""
        return fused(self.graph) if len(self.nodes) > 1 else _alone(self.nodes[0].op, self.input)

    @cached_property
    def turned(self) -> Fused | None:
        """A stage of a signal, sample by sample."""
        op = self.op
        return by_samples(op) if isinstance(op, Fused) and is_signal(op) else None

    def forms(self, optimize: Optimize) -> Iterator[Form]:
        """From the fastest to the smallest; one of them where only speed or size counts."""
        if optimize == "size":
            yield self._smallest()
            return
        fast = self._fastest(optimize)
        yield fast
        if optimize == "speed" or not self._has_forms:
            return
        if self.turned is not None:
            turned = self._by_samples(self.turned, optimize)
            if turned.ram < fast.ram:
                yield turned
        yield self._smallest()

    @property
    def _has_forms(self) -> bool:
        return len(self.nodes) > 1 or self._routine(Wish()) is not None

    def _fastest(self, optimize: Optimize) -> Form:
        """By a routine for the whole, or op by op.

        Where its routine is to save memory, too, it takes no more than its parts.
        """
        wish = Wish(optimize)
        whole = self._whole(wish)
        if len(self.nodes) == 1:
            return whole
        if self._routine(wish) is None:
            return self._in_parts(wish) if self._has_a_part_worth_a_map(wish) else whole
        if optimize == "speed":
            return self._in_parts(wish) if self._has_a_part_worth_a_stage(wish) else whole
        parts = self._in_parts(wish)
        return parts if parts.ram < whole.ram else whole

    def _smallest(self) -> Form:
        whole = self._whole(Wish("size"))
        if self.turned is None or scratch_bytes(self.turned) >= whole.ram:
            return whole
        return self._by_samples(self.turned, "size")

    def _routine(self, wish: Wish) -> Routine[Any] | None:
        return routine_for(self.op, self.input, self.target, wish)

    def _whole(self, wish: Wish) -> Form:
        """As one op."""
        op = planned(self.op, self.input, self.target, wish)
        return Form((Node(self.name, op, self.nodes[0].inputs),), self.input)

    def _in_parts(self, wish: Wish) -> Form:
        """Op by op."""
        nodes = (
            replace(node, op=planned(_alone(node.op, x), x, self.target, wish))
            for node in self.nodes
            for x in [self._read_by(node)]
        )
        return Form(tuple(nodes), self.input)

    def _has_a_part_worth_a_map(self, wish: Wish) -> bool:
        return any(
            routine.worth_a_map
            for node in self.nodes
            for routine in serving(node.op, self._read_by(node), self.target, wish)
        )

    def _has_a_part_worth_a_stage(self, wish: Wish) -> bool:
        parts = (routine_for(n.op, self._read_by(n), self.target, wish) for n in self.nodes)
        return any(routine is not None and routine.worth_a_stage for routine in parts)

    def _read_by(self, node: Node) -> TensorSpec:
        """The tensor that a node reads first."""
        first = node.inputs[0]
        return self.input if first == self.nodes[0].inputs[0] else self.graph.specs[first]

    def _by_samples(self, op: Fused, optimize: Optimize) -> Form:
        """The stage of a signal behind what turns its input."""
        name, x = f"{self.name}_turned", op.graph.input
        turned = planned(op, x, self.target, Wish(optimize, "turned"))
        turn = Node(name, Reshape(x.shape), self.nodes[0].inputs)
        return Form((turn, Node(self.name, turned, (name,))), self.input)


def _alone(op: Op, x: TensorSpec) -> Op:
    """An op that is no part of a stage; of separable kernels a stage, which has room for lines."""
    return fused(Graph(x).append(op)) if isinstance(op, QSeparableConv) else op
