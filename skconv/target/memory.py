"""The memory plan: lifetimes of tensors, and offsets in one arena.

The planner, after the greedy one of TensorFlow Lite for Microcontrollers:

- A *buffer* holds one tensor, or several in turn: a `Reshape` is its input under another
  name, and ops that work in place write over an input that nobody reads later.
- A buffer lives from the node that writes it to the last node that reads it.
- Input and output belong to the caller and take no room in the arena. The scores of a
  classifier do: ``predict`` has no output of its own to write them to. (Not where it needs no
  scores: see `decides_alone`.) So does an output
  that grows while rows of the input come, or that follows a stream of samples.
- A ring, which keeps samples of a stream, and its counter live all the time, as do tables that
  are unpacked once.
- Some routines need scratch memory: a buffer that lives while its node runs.
- Buffers are placed in order of size, the largest first.
- Each goes into the first gap that is large enough between the buffers that live at the
  same time; where there is none, behind the last of them.
- Offsets and the size of the arena are multiples of `ALIGNMENT`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import combinations

from skconv.graph import (
    INPUT,
    Fused,
    Graph,
    Node,
    Op,
    Reshape,
    TensorSpec,
)
from skconv.graph.decisions import decides_alone
from skconv.graph.nested import Packed, Streamed
from skconv.graph.ring import Ring
from skconv.graph.running import Running
from skconv.graph.smoothing import Smoothed
from skconv.target.stage_memory import StageMemory

ALIGNMENT = 8
CHART_HEIGHT = 16
IS_UNPACKED = "whether tables are unpacked"


@dataclass(frozen=True)
class Buffer:
    """A piece of memory, and the nodes from first to last use.

    Attributes
    ----------
    name : str
        The tensor that lives there first, ``"scratch of NODE"``, or ``"rows of NODE"``.
    nbytes : int
        Bytes that the tensor has.
    first_used, last_used : int
        Index of the node that writes it first, and of the last one that needs it.
    offset : int
        Where in the arena it begins.
    """

    name: str
    nbytes: int
    first_used: int
    last_used: int
    offset: int = 0

    @property
    def end(self) -> int:
        """The first byte behind it that another buffer may take."""
        return self.offset + aligned(self.nbytes)

    def lives_with(self, other: Buffer) -> bool:
        """Whether both are needed at the same time."""
        return self.first_used <= other.last_used and other.first_used <= self.last_used


@dataclass(frozen=True)
class MemoryPlan:
    """The arena of a graph.

    Attributes
    ----------
    arena_bytes : int
        Size of the arena.
    buffers : tuple of Buffer
        In the order in which their nodes run.
    homes : dict of str to str
        For every tensor, the tensor whose memory it uses (itself, or another one).
    node_names : tuple of str
        The nodes in the order they run: the time axis of the plan.

    Examples
    --------
    >>> import numpy as np
    >>> from skconv.graph import Abs, Graph, Linear, TensorSpec
    >>> from skconv.target.memory import plan_memory
    >>> head = Linear(np.ones((2, 3), "f4"), np.zeros(2, "f4"))
    >>> plan = plan_memory(Graph(TensorSpec((3,))).append(Abs()).append(head))
    >>> plan.arena_bytes, [(b.name, b.offset) for b in plan.buffers]
    (16, [('abs', 0)])
    """

    arena_bytes: int
    buffers: tuple[Buffer, ...]
    homes: dict[str, str]
    node_names: tuple[str, ...]

    def buffer(self, name: str) -> Buffer | None:
        """The buffer of a name; None for what the caller owns."""
        return next((b for b in self.buffers if b.name == name), None)

    def live_bytes(self, time: int) -> int:
        """Bytes of the arena in use while node number ``time`` runs."""
        return sum(aligned(b.nbytes) for b in self.buffers if b.first_used <= time <= b.last_used)

    def __str__(self) -> str:
        """The arena over time: a column per node, low addresses at the bottom."""
        title = f"arena: {self.arena_bytes:,} bytes, {len(self.buffers)} buffers"
        if not self.buffers:
            return title
        step = -(-self.arena_bytes // CHART_HEIGHT)
        labels = [_label(i) for i in range(len(self.buffers))]
        chart = [
            f"{low:>8,} |{''.join(self._cells(low, low + step, labels))}"
            for low in range(0, self.arena_bytes, step)
        ]
        legend = [
            f"{label}  {b.name}: {b.nbytes:,} bytes at {b.offset:,}, "
            f"{self.node_names[b.first_used]} .. {self.node_names[b.last_used]}"
            for label, b in zip(labels, self.buffers, strict=True)
        ]
        return "\n".join([title, *reversed(chart), *legend])

    def _cells(self, low: int, high: int, labels: list[str]) -> Iterable[str]:
        for time in range(len(self.node_names)):
            found = (
                label
                for label, b in zip(labels, self.buffers, strict=True)
                if b.first_used <= time <= b.last_used and b.offset < high and b.end > low
            )
            yield next(found, ".")


def _label(index: int) -> str:
    letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
    return letters[index % len(letters)]


def aligned(nbytes: int) -> int:
    """``nbytes`` rounded up to a multiple of `ALIGNMENT`."""
    return -(-nbytes // ALIGNMENT) * ALIGNMENT


def scratch_bytes(op: Op) -> int:
    """Memory that the C routine of an op needs while it runs, besides its tensors."""
    return StageMemory(op.graph).nbytes if isinstance(op, Fused) else op.scratch_bytes


def plan_memory(graph: Graph) -> MemoryPlan:
    """Plan the memory of all tensors of a graph.

    Parameters
    ----------
    graph : Graph
        An integer or a float graph.

    Returns
    -------
    MemoryPlan

    References
    ----------
    ``greedy_memory_planner.h`` of TensorFlow Lite for Microcontrollers (the algorithm).
    """
    homes = _homes(graph)
    buffers = place(_buffers(graph, homes))
    size = max((b.end for b in buffers), default=0)
    return MemoryPlan(size, buffers, homes, tuple(node.name for node in graph.nodes))


def place(buffers: Iterable[Buffer]) -> tuple[Buffer, ...]:
    """Buffers with offsets, in the order they came."""
    buffers = tuple(buffers)
    placed: dict[str, Buffer] = {}
    for buffer in sorted(buffers, key=lambda b: (-b.nbytes, b.first_used, b.name)):
        neighbours = [b for b in placed.values() if b.lives_with(buffer)]
        placed[buffer.name] = replace(buffer, offset=_first_gap(neighbours, buffer.nbytes))
    return tuple(placed[b.name] for b in buffers)


def overlaps(plan: MemoryPlan) -> list[tuple[str, str]]:
    """Pairs of buffers that share bytes at the same time: none in a right plan."""
    return [
        (a.name, b.name)
        for a, b in combinations(plan.buffers, 2)
        if a.lives_with(b) and a.offset < b.offset + b.nbytes and b.offset < a.offset + a.nbytes
    ]


def _first_gap(neighbours: list[Buffer], nbytes: int) -> int:
    start = 0
    for other in sorted(neighbours, key=lambda b: b.offset):
        if other.offset - start >= aligned(nbytes):
            break
        start = max(start, other.end)
    return start


def _homes(graph: Graph) -> dict[str, str]:
    """Map every tensor to the first tensor that used its memory."""
    homes = {INPUT: INPUT}
    specs = graph.specs
    for time, node in enumerate(graph.nodes):
        result = specs[node.name]
        kept = (
            name
            for name in (node.inputs if node.op.in_place else ())
            if isinstance(node.op, Reshape)
            or (_fits(result, specs[name]) and _may_overwrite(graph, homes, name, time))
        )
        homes[node.name] = next((homes[name] for name in kept), node.name)
    return homes


def _fits(result: TensorSpec, x: TensorSpec) -> bool:
    """Whether each entry of a result lies where that of an input lies."""
    return (result.size, result.nbytes) == (x.size, x.nbytes)


def _may_overwrite(graph: Graph, homes: dict[str, str], source: str, time: int) -> bool:
    """Whether nobody needs a tensor after node number ``time``."""
    home = homes[source]
    tensors = [name for name, h in homes.items() if h == home]
    later = {name for other in graph.nodes[time + 1 :] for name in other.inputs}
    is_kept = home == INPUT or isinstance(graph.by_name[home].op, Ring)
    return not is_kept and graph.scores_name not in tensors and not later.intersection(tensors)


def _buffers(graph: Graph, homes: dict[str, str]) -> Iterable[Buffer]:
    specs = graph.specs
    callers = {homes[INPUT]}
    is_callers = decides_alone(graph) if graph.is_classifier else not is_made_in_parts(graph, homes)
    if is_callers:
        callers.add(homes[graph.scores_name])
    last = _last_uses(graph, homes)
    decisions = {graph.output_name} if graph.is_classifier else set()
    times = _times(graph)
    for node in graph.nodes:
        first, end = times[node.name]
        if homes[node.name] == node.name and node.name not in callers | decisions:
            yield Buffer(node.name, specs[node.name].nbytes, first, max(end, last[node.name]))
        if scratch := scratch_bytes(node.op):
            yield Buffer(scratch_name(node), scratch, first, end)
    yield from _unpacked(graph)


def _unpacked(graph: Graph) -> Iterable[Buffer]:
    """Tables that are unpacked once, and whether they are."""
    last = len(graph.nodes) - 1
    found = [
        Buffer(unpacked_name(node, name), table.values.nbytes, 0, last)
        for node in graph.nodes
        if isinstance(node.op, Packed)
        for name, table in node.op.unpacked
    ]
    if found:
        yield from (*found, Buffer(IS_UNPACKED, 1, 0, last))


def _times(graph: Graph) -> dict[str, tuple[int, int]]:
    """When each node runs; those that take rows of the input take turns with each.

    What a ring, a running filter or a smoothed decision holds is needed all the time.
    """
    pushed = sum(isinstance(node.op, Streamed) for node in graph.nodes)
    always = 0, len(graph.nodes) - 1
    return {
        node.name: always
        if isinstance(node.op, Ring | Running | Smoothed)
        else (0, pushed - 1)
        if time < pushed
        else (time, time)
        for time, node in enumerate(graph.nodes)
    }


def is_made_in_parts(graph: Graph, homes: dict[str, str]) -> bool:
    """Whether the output comes before the caller gives its memory: of rows, or of a stream."""
    home = homes[graph.scores_name]
    grows = (node.name == home and isinstance(node.op, Streamed) for node in graph.nodes)
    return any(grows) or any(isinstance(node.op, Ring) for node in graph.nodes)


def scratch_name(node: Node) -> str:
    """The name of the scratch buffer of a node."""
    words = {Streamed: "rows", Ring: "counter", Running: "memory", Smoothed: "memory"}
    word = next((word for op, word in words.items() if isinstance(node.op, op)), "scratch")
    return f"{word} of {node.name}"


def unpacked_name(node: Node, table: str) -> str:
    """The name of the buffer of a table that is unpacked once."""
    return f"{table} of {node.name}"


def _last_uses(graph: Graph, homes: dict[str, str]) -> dict[str, int]:
    """Index of the last node that reads or writes the memory of every home."""
    last: dict[str, int] = {}
    for time, node in enumerate(graph.nodes):
        for name in (*node.inputs, node.name):
            last[homes[name]] = time
    last[homes[graph.scores_name]] = len(graph.nodes) - 1
    return last
