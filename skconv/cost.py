"""What a graph costs on a target: operations, flash and RAM, node by node.

The numbers come from the nodes and the memory plan that the C is printed from. Flash is
that of the tables, RAM that of the arena; both equal the symbols of the compiled object to
the byte. Code, stack, and the caller's input and output are not counted.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from skconv.chips import Chip, get_chip
from skconv.columns import aligned, html_table
from skconv.graph import Graph, Op, TensorSpec
from skconv.memory import MemoryPlan, plan_memory

HEADER = ("node", "op", "tensor", "MACs", "flash bytes", "RAM bytes")


@dataclass(frozen=True)
class NodeCost:
    """What one node costs.

    Attributes
    ----------
    name, op, tensor : str
        The node, its op in a few words, type and shape of its result.
    macs : int
        Multiply-accumulates for one sample.
    flash_bytes : int
        Bytes of its tables.
    ram_bytes : int
        Bytes of the arena in use while it runs.
    """

    name: str
    op: str
    tensor: str
    macs: int
    flash_bytes: int
    ram_bytes: int


@dataclass(frozen=True)
class CostReport:
    """What a graph costs.

    Attributes
    ----------
    nodes : tuple of NodeCost
    macs, flash_bytes : int
        Sums over the nodes.
    ram_bytes : int
        Size of the arena.
    input_bytes, output_bytes : int
        What the caller keeps.
    chip : Chip or None
        What it has to fit.

    Examples
    --------
    >>> import numpy as np
    >>> from skconv.cost import report
    >>> from skconv.graph import Graph, Linear, TensorSpec
    >>> head = Linear(np.ones((2, 3), "f4"), np.zeros(2, "f4"))
    >>> cost = report(Graph(TensorSpec((3,))).append(head))
    >>> cost.macs, cost.flash_bytes, cost.ram_bytes
    (6, 32, 0)
    >>> report(Graph(TensorSpec((3,))).append(head), chip="atmega328p").fits
    True
    """

    nodes: tuple[NodeCost, ...]
    macs: int
    flash_bytes: int
    ram_bytes: int
    input_bytes: int
    output_bytes: int
    chip: Chip | None = None

    @property
    def largest_in_flash(self) -> NodeCost:
        """The node with the largest tables."""
        return max(self.nodes, key=lambda node: node.flash_bytes)

    @property
    def largest_in_ram(self) -> NodeCost:
        """The node while which most of the arena is in use."""
        return max(self.nodes, key=lambda node: node.ram_bytes)

    @property
    def spare_flash_bytes(self) -> int:
        """Flash of the chip that the tables leave to code; negative where they are too large."""
        return self._chip.flash_bytes - self.flash_bytes

    @property
    def spare_ram_bytes(self) -> int:
        """RAM of the chip that arena, input and output leave to the stack and the rest."""
        return self._chip.ram_bytes - self.ram_bytes - self.input_bytes - self.output_bytes

    @property
    def fits(self) -> bool:
        """Whether the chip has room for tables, arena, input and output."""
        return min(self.spare_flash_bytes, self.spare_ram_bytes) >= 0

    @property
    def _chip(self) -> Chip:
        if self.chip is None:
            raise ValueError("the report knows no chip: give one, report(chip=...)")
        return self.chip

    def _rows(self) -> Iterator[tuple[str, ...]]:
        for n in self.nodes:
            numbers = (f"{v:,}" for v in (n.macs, n.flash_bytes, n.ram_bytes))
            yield n.name, n.op, n.tensor, *numbers
        totals = (f"{v:,}" for v in (self.macs, self.flash_bytes, self.ram_bytes))
        yield "total", "", "", *totals

    def __str__(self) -> str:
        lines = aligned([HEADER, *self._rows()], numbers={3, 4, 5})
        rule = "-" * len(lines[0])
        return "\n".join([lines[0], rule, *lines[1:-1], rule, lines[-1], *self._facts()])

    def _facts(self) -> Iterator[str]:
        yield f"caller's memory: input {self.input_bytes:,}, output {self.output_bytes:,} bytes"
        if self.nodes:
            flash, ram = self.largest_in_flash, self.largest_in_ram
            yield (
                f"largest: {flash.name} in flash ({flash.flash_bytes:,} bytes), "
                f"{ram.name} in RAM ({ram.ram_bytes:,} bytes)"
            )
        if self.chip is not None:
            yield self._verdict(self.chip)

    def _verdict(self, chip: Chip) -> str:
        flash, ram = self.spare_flash_bytes, self.spare_ram_bytes
        if self.fits:
            return (
                f"fits {chip.name}: leaves {flash:,} bytes of flash to code, "
                f"{ram:,} bytes of RAM to the stack and the rest"
            )
        missing = [
            f"{-spare:,} bytes of {kind} too many"
            for kind, spare in (("flash", flash), ("RAM", ram))
            if spare < 0
        ]
        return f"does not fit {chip.name}: {', '.join(missing)}"

    def _repr_html_(self) -> str:
        return html_table(HEADER, self._rows(), self._facts())


def report(
    graph: Graph,
    plan: MemoryPlan | None = None,
    probabilities: Op | None = None,
    chip: str | Chip | None = None,
) -> CostReport:
    """The costs of a graph.

    Parameters
    ----------
    graph : Graph
        Integer or float.
    plan : MemoryPlan or None
        Where the tensors live; `plan_memory` by default.
    probabilities : Op or None
        What makes probabilities of the scores, where that is wanted, too.
    chip : str or Chip or None
        A name in `skconv.chips.CHIPS`, or the memory that there is.

    Raises
    ------
    ValueError
        Where there is no chip of that name.
    """
    plan = plan or plan_memory(graph)
    specs, macs = graph.specs, graph.node_macs()
    nodes = tuple(
        NodeCost(
            node.name,
            node.op.describe(),
            f"{specs[node.name].dtype} {specs[node.name].shape}",
            macs[node.name],
            node.op.parameter_bytes,
            plan.live_bytes(time),
        )
        for time, node in enumerate(graph.nodes)
    )
    if probabilities is not None:
        nodes += (_probabilities_cost(probabilities, specs[graph.scores_name]),)
    return CostReport(
        nodes,
        sum(node.macs for node in nodes),
        sum(node.flash_bytes for node in nodes),
        plan.arena_bytes,
        graph.input.nbytes,
        specs[graph.scores_name].nbytes,
        None if chip is None else get_chip(chip),
    )


def _probabilities_cost(op: Op, scores: TensorSpec) -> NodeCost:
    spec = op.output(scores)
    tensor = f"{spec.dtype} {spec.shape}"
    return NodeCost("probabilities", op.describe(), tensor, op.macs(scores), op.parameter_bytes, 0)
