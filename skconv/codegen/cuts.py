"""Where the graph of a window can be cut: tensors whose entries come one by one in a stream."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise

from skconv.graph import INPUT, Graph, Reshape
from skconv.graph.core import without_dead_nodes
from skconv.graph.locality import locality


@dataclass(frozen=True)
class Cut:
    """A tensor that may be kept in a ring, in place of what it is computed of.

    Attributes
    ----------
    name : str
        The tensor.
    n_nodes : int
        How many nodes stand before it.
    axis : int
        Along which time runs.
    length : int
        Its entries in a window.
    reach, step : int
        Samples of the stream that one entry is computed of, and from one to the next.
    """

    name: str
    n_nodes: int
    axis: int
    length: int
    reach: int = 1
    step: int = 1


def cuts(graph: Graph, length: int, hop: int) -> list[Cut]:
    """The tensors of a window that may be kept in rings; the input is the first.

    Each is computed of neighbours in time of the one before, and of nothing else. The hop has to
    be a multiple of its step, so that windows share its entries.

    Parameters
    ----------
    graph : Graph
        Of a whole window: see `as_map`.
    length : int
        Samples in a window.
    hop : int
        Samples from one window to the next.
    """
    found = list(_chain(graph, length, hop))
    pointwise = {a.n_nodes for a, b in pairwise(found) if _same_places(a, b)}
    return [cut for cut in found if not cut.n_nodes or cut.n_nodes not in pointwise]


def _chain(graph: Graph, length: int, hop: int) -> Iterator[Cut]:
    """All tensors of which that holds, as far as one node reads the other."""
    shape = graph.input.shape
    cut = Cut(INPUT, 0, int(len(shape) == 3 and shape[0] == 1), length)
    yield cut
    for n_nodes, node in enumerate(graph.nodes, 1):
        if node.inputs != (cut.name,) or len(graph.users(cut.name)) > 1:
            return
        local = locality(node.op, graph.specs[cut.name], cut.axis)
        if local is None or hop % (cut.step * local.step):
            return
        reach = cut.reach + (local.reach - 1) * cut.step
        entries = graph.specs[node.name].shape[local.axis]
        cut = Cut(node.name, n_nodes, local.axis, entries, reach, cut.step * local.step)
        yield cut


def _same_places(cut: Cut, after: Cut) -> bool:
    """Whether only single entries are changed from one to the other: nothing is gained there."""
    return (cut.reach, cut.step) == (after.reach, after.step)


def as_map(graph: Graph) -> Graph:
    """The graph of a window that reads the map itself, without what leaves axes as they are."""
    first = _first_map(graph)
    shape = graph.input.shape if first is None else first.shape
    changed = Graph(replace(graph.input, shape=shape), classes=graph.classes)
    names = {INPUT: INPUT}
    flattened: dict[str, str] = {}
    for node in graph.nodes:
        inputs = tuple(names[name] for name in node.inputs)
        source = flattened.get(inputs[0], inputs[0])
        is_layout = isinstance(node.op, Reshape) and node.name != graph.output_name
        if is_layout and changed.specs[source].shape == graph.specs[node.name].shape:
            names[node.name] = source
            continue
        changed = changed.append(node.op, *inputs, name=node.name)
        names[node.name] = node.name
        if is_layout:
            flattened[node.name] = source
    return without_dead_nodes(changed)


def _first_map(graph: Graph) -> Reshape | None:
    """What makes a map of a flat input, where nothing else reads that."""
    ops = [node.op for node in graph.users(INPUT)]
    is_map = len(ops) == 1 and isinstance(ops[0], Reshape) and len(ops[0].shape) == 3
    first = ops[0] if is_map else None
    return first if isinstance(first, Reshape) else None
