"""What a graph costs on a target: operations, flash and RAM, node by node.

The numbers come from the nodes and the memory plan that the C is printed from. Flash is
that of the tables, RAM that of the arena; both equal the symbols of the compiled object to
the byte. Code is an estimate, where there is one, and stands beside them. Stack, and the
caller's input and output are not counted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from importlib import import_module
from pathlib import Path
from typing import Any

from skconv.graph import Graph, Op, TensorSpec
from skconv.graph.nested import Streamed
from skconv.graph.ring import runs_per_hop
from skconv.graph.tables import table_bytes
from skconv.target.chips import Chip, get_chip
from skconv.target.memory import MemoryPlan, plan_memory
from skconv.target.targets import get_target
from skconv.utils.columns import aligned, html_table
from skconv.utils.files import write_whole

HEADER = ("node", "op", "tensor", "MACs", "flash bytes", "RAM bytes")


@dataclass(frozen=True)
class NodeCost:
    """What one node costs.

    Attributes
    ----------
    name, op, tensor : str
        The node, its op in a few words, type and shape of its result.
    macs : int
        Multiply-accumulates for one sample; of a stream for one hop.
    flash_bytes : int
        Bytes of its tables.
    ram_bytes : int
        Bytes of the arena in use while it runs.
    instructions : int or None
        About how many it takes; None where that is not known.
    """

    name: str
    op: str
    tensor: str
    macs: int
    flash_bytes: int
    ram_bytes: int
    instructions: int | None = None


@dataclass(frozen=True)
class Alternative:
    """What a model costs with another option of `to_c`.

    Attributes
    ----------
    option : str
        As it is written: ``optimize="size"``.
    flash_bytes, code_bytes, ram_bytes, input_bytes : int
        As in `CostReport`.
    """

    option: str
    flash_bytes: int
    code_bytes: int
    ram_bytes: int
    input_bytes: int

    def __str__(self) -> str:
        flash = self.flash_bytes + self.code_bytes
        return (
            f"{self.option}: RAM {self.ram_bytes:,} bytes, input {self.input_bytes:,} bytes, "
            f"flash about {_roughly(flash)} bytes"
        )


@dataclass(frozen=True)
class CostReport:
    """What a graph costs.

    Attributes
    ----------
    nodes : tuple of NodeCost
    macs, flash_bytes : int
        Sums over the nodes: flash is that of the tables.
    ram_bytes : int
        Size of the arena.
    input_bytes, output_bytes : int
        What the caller keeps. Where input comes row by row it is one row.
    chip : Chip or None
        The chip that the model has to fit.
    code_bytes : int or None
        About how much flash the code takes; None where that is not known.
    alternatives : tuple of Alternative
        What other options would cost, where they make a difference. They are computed when
        they are asked for.
    target : str
        What the C is for; empty where that is not known.
    instructions : int or None
        About how many one inference takes, or one hop of a stream; None where that is not known.
    core : str
        The core that they are of, which is like the target: Cortex-M4 for cores with packed
        arithmetic, Cortex-M0 for others.
    counted : str
        What takes them: an inference, or a hop of so many samples.
    name : str
        Of the model.
    plan : MemoryPlan or None
        Where the tensors lie in the arena.
    usage : str
        C that calls the model.

    Examples
    --------
    >>> import numpy as np
    >>> from skconv.target.cost import report
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
    code_bytes: int | None = None
    others: Callable[[], tuple[Alternative, ...]] | None = field(
        default=None, compare=False, repr=False
    )
    target: str = ""
    instructions: int | None = None
    core: str = ""
    counted: str = "an inference"
    name: str = field(default="", compare=False, repr=False)
    plan: MemoryPlan | None = field(default=None, compare=False, repr=False)
    usage: str = field(default="", compare=False, repr=False)

    @cached_property
    def alternatives(self) -> tuple[Alternative, ...]:
        return () if self.others is None else self.others()

    def __getstate__(self) -> dict[str, Any]:
        """Keep the alternatives but not the function that computes them: it holds a whole model."""
        return {**self.__dict__, "alternatives": self.alternatives, "others": None}

    @property
    def largest_in_flash(self) -> NodeCost:
        """The node with the largest tables."""
        return max(self.nodes, key=lambda node: node.flash_bytes)

    @property
    def largest_in_ram(self) -> NodeCost:
        """The node at which most of the arena is in use."""
        return max(self.nodes, key=lambda node: node.ram_bytes)

    @property
    def spare_flash_bytes(self) -> int:
        """Flash of the chip that tables and code leave; negative where they are too large.

        Where the size of the code is unknown, the code is not subtracted.
        """
        return self._chip.flash_bytes - self.flash_bytes - (self.code_bytes or 0)

    @property
    def spare_ram_bytes(self) -> int:
        """RAM of the chip that arena, input and output leave to the stack and the rest."""
        return self._chip.ram_bytes - self.ram_bytes - self.input_bytes - self.output_bytes

    @property
    def fits(self) -> bool:
        """Whether the chip has room for tables, code, arena, input and output."""
        return min(self.spare_flash_bytes, self.spare_ram_bytes) >= 0

    @property
    def _chip(self) -> Chip:
        if self.chip is None:
            raise ValueError("the report was made without a chip: write report(chip=...)")
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
        if self.code_bytes is not None:
            tables, code = self.flash_bytes, self.code_bytes
            yield (
                f"flash: tables {tables:,} + code about {_roughly(code)} (estimated) "
                f"= about {_roughly(tables + code)} bytes"
            )
        if self.instructions is not None:
            count = _two_digits(self.instructions)
            yield f"instructions: about {count} {self.counted} on a {self.core} (estimated)"
        yield f"caller's memory: input {self.input_bytes:,}, output {self.output_bytes:,} bytes"
        if self.nodes:
            flash, ram = self.largest_in_flash, self.largest_in_ram
            yield (
                f"largest: {flash.name} in flash ({flash.flash_bytes:,} bytes), "
                f"{ram.name} in RAM ({ram.ram_bytes:,} bytes)"
            )
        yield from map(str, self.alternatives)
        if self.chip is not None:
            yield self.verdict
            if self.chip.target and not suits(self.target, self.chip.target):
                yield (
                    f"these figures are for {self.target}: for {self.chip.name} export with "
                    f"to_c(..., target={self.chip.target!r})"
                )

    @property
    def verdict(self) -> str:
        """Whether the chip has room, and how much is left or missing."""
        chip = self._chip
        flash, ram = self.spare_flash_bytes, self.spare_ram_bytes
        known = self.code_bytes is not None
        shown = f"about {_roughly(abs(flash))}" if known else f"{abs(flash):,}"
        if self.fits:
            return (
                f"fits {chip.name}: leaves {shown} bytes of flash to "
                f"{'the rest' if known else 'code'}, "
                f"{ram:,} bytes of RAM to the stack and the rest"
            )
        missing = [
            f"{size} bytes of {kind} too many"
            for kind, spare, size in (("flash", flash, shown), ("RAM", ram, f"{-ram:,}"))
            if spare < 0
        ]
        return f"does not fit {chip.name}: {', '.join(missing)}"

    def _repr_html_(self) -> str:
        return html_table(HEADER, self._rows(), self._facts())

    def with_instructions(self, counts: Mapping[str, float], core: str, counted: str) -> CostReport:
        """Give the same report with the instructions of each node.

        Parameters
        ----------
        counts : mapping of str to float
            By the name of the node, of all that it does until the next result.
        core : str
            The core that they are of.
        counted : str
            What takes all of them.

        Returns
        -------
        CostReport
            A new one.
        """
        nodes = tuple(
            replace(node, instructions=round(counts[node.name])) if node.name in counts else node
            for node in self.nodes
        )
        total = round(sum(counts.values()))
        return replace(self, nodes=nodes, instructions=total, core=core, counted=counted)

    def save(self, path: str | Path) -> Path:
        """Write the report as a page of HTML: costs of nodes, memory plan, chips, how to call it.

        The page needs no network, has room on a telephone, and is light or dark as the reader's
        system is.

        Parameters
        ----------
        path : path
            A file that ends in ``.html``. One that is there is replaced.

        Returns
        -------
        path : Path
            Where it is.

        Raises
        ------
        ValueError
            Where the path ends in anything else.

        Examples
        --------
        >>> from skconv.graph import Graph, Relu, TensorSpec
        >>> from skconv.target.cost import report
        >>> report(Graph(TensorSpec((3,))).append(Relu())).save("report.html")  # doctest: +SKIP
        """
        path = Path(path)
        if path.suffix.lower() not in (".html", ".htm"):
            raise ValueError(f"path is {str(path)!r}, expected a name that ends in .html")
        from skconv.target.page import html_page

        return write_whole(path, html_page(self))

    def to_dict(self) -> dict[str, Any]:
        """Everything as plain numbers, strings, lists and dictionaries, ready for JSON.

        Examples
        --------
        >>> import json
        >>> from skconv.target.cost import report
        >>> from skconv.graph import Graph, Relu, TensorSpec
        >>> cost = report(Graph(TensorSpec((3,))).append(Relu())).to_dict()
        >>> json.dumps(cost["nodes"][0])
        '{"name": "relu", "op": "Relu", "tensor": "float32 (3,)", "macs": 0, "flash_bytes": 0, \
"ram_bytes": 0, "instructions": null}'
        """
        names = (
            *("macs", "flash_bytes", "code_bytes", "ram_bytes", "input_bytes", "output_bytes"),
            *("instructions", "core", "counted"),
        )
        return {
            "nodes": [asdict(node) for node in self.nodes],
            **{name: getattr(self, name) for name in names},
            "chip": None if self.chip is None else asdict(self.chip),
            "fits": None if self.chip is None else self.fits,
            "alternatives": [asdict(each) for each in self.alternatives],
        }

    def to_frame(self) -> Any:
        """The nodes as a pandas data frame, one row each, indexed by name.

        Returns
        -------
        pandas.DataFrame
            With columns op, tensor, macs, flash_bytes, ram_bytes and instructions.

        Raises
        ------
        ImportError
            Where pandas is not installed.
        """
        try:
            pandas = import_module("pandas")
        except ImportError as error:
            raise ImportError(
                "report().to_frame() makes a data frame of pandas, which is not installed. "
                "Write `pip install pandas`, or take report().to_dict()."
            ) from error
        columns = list(NodeCost.__dataclass_fields__)
        rows = [asdict(node) for node in self.nodes]
        return pandas.DataFrame(rows, columns=columns).set_index("name")


def suits(target: str, wanted: str) -> bool:
    """Whether the C of a target has the routines and tables of another one."""
    if not target:
        return True
    found, other = get_target(target), get_target(wanted)
    return (found.has_dsp, found.word_bits) == (other.has_dsp, other.word_bits)


def _roughly(nbytes: int) -> str:
    """To the nearest hundred."""
    return f"{round(nbytes, -2):,}"


def _two_digits(count: int) -> str:
    """To two digits that count."""
    return f"{int(float(f'{count:.2g}')):,}"


def report(
    graph: Graph,
    plan: MemoryPlan | None = None,
    probabilities: Op | None = None,
    chip: str | Chip | None = None,
    *,
    code_bytes: int | None = None,
    others: Callable[[], tuple[Alternative, ...]] | None = None,
    target: str = "",
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
        A name in `skconv.target.chips.CHIPS`, or the memory that there is.
    code_bytes : int or None
        About how large the code is.
    others : callable or None
        Gives what other options would cost.
    target : str
        What the C is for.

    Raises
    ------
    ValueError
        Where there is no chip of that name.
    """
    plan = plan or plan_memory(graph)
    specs, macs, runs = graph.specs, graph.node_macs(), runs_per_hop(graph)
    ops = [node.op for node in graph.nodes] + ([] if probabilities is None else [probabilities])
    flash = table_bytes(ops)
    nodes = tuple(
        NodeCost(
            node.name,
            node.op.describe(),
            f"{specs[node.name].dtype} {specs[node.name].shape}",
            macs[node.name] * runs[node.name],
            flash[time],
            plan.live_bytes(time),
        )
        for time, node in enumerate(graph.nodes)
    )
    if probabilities is not None:
        nodes += (_probabilities_cost(probabilities, specs[graph.scores_name], flash[-1]),)
    return CostReport(
        nodes,
        sum(node.macs for node in nodes),
        sum(node.flash_bytes for node in nodes),
        plan.arena_bytes,
        input_bytes(graph),
        specs[graph.scores_name].nbytes,
        None if chip is None else get_chip(chip),
        code_bytes,
        others,
        target,
        plan=plan,
    )


def input_bytes(graph: Graph) -> int:
    """Bytes of input that the caller holds: all of it, or one row with ``input="rows"``."""
    by_rows = any(isinstance(node.op, Streamed) for node in graph.nodes)
    return graph.input.nbytes // graph.input.shape[0] if by_rows else graph.input.nbytes


def _probabilities_cost(op: Op, scores: TensorSpec, flash: int) -> NodeCost:
    spec = op.output(scores)
    tensor = f"{spec.dtype} {spec.shape}"
    return NodeCost("probabilities", op.describe(), tensor, op.macs(scores), flash, 0)
