"""What ``optimize`` chooses for a target: how much memory to spend on fewer instructions.

- "speed": the routines of the target, whatever memory they take.
- "size": whatever takes the least memory.
- "balanced": the routines of the target, as long as they are worth their memory. They may take
  twice the RAM of "size". They may take more if they save more than a third of its
  instructions, but no more than `MOST_TIMES` as much or `MOST_BYTES`. Where that does not hold,
  nodes step back one by one, the one with the most memory of its own first: a stage of a signal
  goes through it sample by sample, then it takes what "size" chooses for it.

RAM is that of the arena, as it is planned; instructions are those of `skconv.codegen.estimates`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property

from skconv.codegen.estimates import instructions
from skconv.codegen.routines.base import Optimize
from skconv.codegen.specialize import specialize
from skconv.codegen.stream import stream
from skconv.codegen.turned import by_samples, is_signal
from skconv.graph import Fused, Graph, Node, QConv, QConvHash, QKernelMachine, QLinear
from skconv.target.memory import plan_memory, scratch_bytes
from skconv.target.targets import Target

TIMES = 2
MOST_TIMES = 16
MOST_BYTES = 4096
LEAST_SAVED = 1 / 3

# Ops that targets have routines for.
HAVE_FORMS = (Fused, QConv, QConvHash, QKernelMachine, QLinear)


def for_target(
    graph: Graph, target: Target, optimize: Optimize = "balanced", *, by_rows: bool = False
) -> Graph:
    """An integer graph with the routines of a target, and its input row by row if wanted.

    Parameters
    ----------
    graph : Graph
        With fused stages, without routines. A float graph stays as it is.
    target : Target
    optimize : {"size", "balanced", "speed"}
    by_rows : bool
        Whether the input comes row by row.

    Raises
    ------
    ValueError
        Where the input cannot come row by row.
    """
    form = Form(graph, target, by_rows, optimize)
    if graph.domain == "float" or optimize == "speed":
        return form.built
    small = replace(form, optimize="size", turned=frozenset(form.smaller_turned()))
    if optimize == "size":
        return small.built
    while not _is_worth_it(form.built, small.built) and (step := _largest_step(form, small)):
        form = step
    return form.built


def _is_worth_it(graph: Graph, small: Graph) -> bool:
    """Whether a graph may take its RAM, where ``small`` would take less."""
    ram, least = plan_memory(graph).arena_bytes, plan_memory(small).arena_bytes
    if ram <= TIMES * least:
        return True
    saved = 1 - instructions(graph) / instructions(small)
    return saved > LEAST_SAVED and ram <= max(MOST_TIMES * least, MOST_BYTES)


@dataclass(frozen=True)
class Form:
    """A graph for a target; ``turned`` and ``spared`` are as for `specialize`."""

    graph: Graph
    target: Target
    by_rows: bool
    optimize: Optimize = "balanced"
    turned: frozenset[str] = frozenset()
    spared: frozenset[str] = frozenset()
    # What `ram_of` found, of this form and those made of it: tables are long to pack.
    found: dict[tuple[str, Optimize, bool, bool], int] = field(default_factory=dict)

    @cached_property
    def built(self) -> Graph:
        special = specialize(
            self.graph,
            self.target,
            self.optimize,
            by_rows=self.by_rows,
            turned=self.turned,
            spared=self.spared,
        )
        if not self.by_rows:
            return special
        streamed = stream(special, self.optimize)
        is_spared = streamed.nodes[0].name in self.spared
        return stream(special, "size") if is_spared else streamed

    def signals(self) -> list[Node]:
        """Stages of signals; not the first where rows come: it is turned then in any case."""
        stages = [node for node in self.graph.nodes if isinstance(node.op, Fused)]
        mine = stages[1:] if self.by_rows else stages
        return [node for node in mine if isinstance(node.op, Fused) and is_signal(node.op)]

    def smaller_turned(self) -> Iterator[str]:
        """Names of stages of signals that keep less where they go sample by sample."""
        for node in self.signals():
            assert isinstance(node.op, Fused)
            alone = specialize(self.alone(node), self.target, "size")
            if scratch_bytes(by_samples(node.op)) < plan_memory(alone).arena_bytes:
                yield node.name

    def alone(self, node: Node) -> Graph:
        """A graph of one node."""
        return Graph(self.graph.specs[node.inputs[0]]).append(node.op, name=node.name)

    def ram_of(self, node: Node) -> int:
        """Bytes that a node takes for itself."""
        own = {node.name}
        turned, spared = self.turned & own, self.spared & own
        key = (node.name, self.optimize, bool(turned), bool(spared))
        if key not in self.found:
            form = replace(
                self, graph=self.alone(node), by_rows=False, turned=turned, spared=spared
            )
            self.found[key] = plan_memory(form.built).arena_bytes
        return self.found[key]

    def stepped_back(self, node: Node, small: Form) -> Form:
        """The form in which a node takes less: turned, or at last as it is in ``small``."""
        own = {node.name}
        if node in self.signals() and node.name not in self.turned:
            turned = replace(self, turned=self.turned | own)
            if turned.ram_of(node) < self.ram_of(node):
                return turned
        as_small = (self.turned - own) | (small.turned & own)
        return replace(self, turned=as_small, spared=self.spared | own)


def _largest_step(form: Form, small: Form) -> Form | None:
    """A step back of the node that takes the most memory more than it has to."""
    nodes = [
        node
        for node in form.graph.nodes
        if isinstance(node.op, HAVE_FORMS) and node.name not in form.spared
    ]
    if not nodes:
        return None
    surplus = [form.ram_of(node) - small.ram_of(node) for node in nodes]
    return form.stepped_back(nodes[surplus.index(max(surplus))], small)
