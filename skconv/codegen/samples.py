"""The graph of a stream: what a target computes when samples are pushed one by one.

The newest samples are kept in a ring, and what is computed of them runs each time the ring is full.
In the simplest case the ring holds a whole window, and the whole graph runs. Where nodes read only
neighbours in time (`skconv.codegen.cuts`), they run on as many samples as one entry of their result
is computed of, as soon as these are there; that entry goes into the next ring. The last ring
holds a whole window of such entries. So the answers are those of whole windows by construction.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from skconv.codegen.cuts import Cut, as_map, cuts
from skconv.codegen.estimates import node_instructions
from skconv.codegen.fronts import behind, front_stream, split
from skconv.codegen.input_layout import sample_of
from skconv.codegen.interface import Interface, Window
from skconv.codegen.routines.base import Optimize
from skconv.codegen.select import select
from skconv.codegen.unpack import unpacked
from skconv.graph import INPUT, Graph, Node, Reshape, TensorSpec, verify
from skconv.graph.locality import resized, with_length
from skconv.graph.ring import COUNTER_BYTES, Ring, runs_per_hop
from skconv.graph.smoothing import Smoothed
from skconv.target.memory import plan_memory
from skconv.target.targets import Target

# Instructions of a Cortex-M4 to take an entry, and bytes that it moves with one.
RING_CALL, RING_BYTES = 50, 3


@dataclass(frozen=True)
class Samples:
    """The samples of a window, as they lie in the input of a graph.

    Attributes
    ----------
    length : int
        How many there are.
    size : int
        Numbers of one.
    """

    length: int
    size: int


def samples_of(graph: Graph, length: int | None = None) -> Samples:
    """How a window consists of samples.

    Parameters
    ----------
    graph : Graph
        Of a whole window: a signal ``(1, length, channels)``, a map whose rows follow each other
        in time, or a vector.
    length : int, optional
        Samples in a window. A vector has as many as it has numbers by default.

    Raises
    ------
    ValueError
        Where the input has another length, or the channels of a sample do not lie together.
    """
    sample = sample_of(graph)
    if sample.channels_first:
        raise ValueError(
            "input='samples' with data_format='channels_first': the channels of a sample do not "
            "lie together; fit with data_format='channels_last'"
        )
    shape = sample.shape
    if len(shape) == 3:
        found = shape[1] if shape[0] == 1 else shape[0]
        if length not in (None, found):
            raise ValueError(f"window={length}, but the estimator was fitted on {found} samples")
        return Samples(found, math.prod(shape) // found)
    found = shape[0] if length is None else length
    if shape[0] % found:
        raise ValueError(
            f"window={length}, but a window of the estimator has {shape[0]} numbers, expected a "
            "divisor of that"
        )
    return Samples(found, shape[0] // found)


def computed(graph: Graph, target: Target, optimize: Optimize, interface: Interface) -> Graph:
    """What a target computes of an integer or float graph, as its input comes.

    Raises
    ------
    ValueError
        Where the input cannot come like that.
    """
    if interface.window is not None:
        found = pushed(graph, target, optimize, interface.window)
        found = found if interface.smoothing is None else _smoothed(found, interface.smoothing)
    else:
        found = select(graph, target, optimize, by_rows=interface.input == "rows")
    return unpacked(found, target) if interface.unpack == "boot" else found


def pushed(graph: Graph, target: Target, optimize: Optimize, window: Window) -> Graph:
    """The graph of a stream.

    Parameters
    ----------
    graph : Graph
        Of a whole window, op by op.
    target : Target
    optimize : {"size", "balanced", "speed"}
        The least RAM, the least product of RAM and instructions, or the fewest instructions from
        one result to the next.
    window : Window

    Returns
    -------
    Graph
        It reads one sample; where a ring is full, what stands behind it runs.
    """
    if not window.n_front:
        return _Search(as_map(graph), target, optimize, window).best()
    front, of_windows = split(graph, window.n_front)
    stream = pushed(of_windows, target, optimize, behind(window, front))
    sample = _one(graph.input, graph.input.shape[2])
    return verify(_joined(replace(front_stream(front, sample), classes=graph.classes), stream))


class _Search:
    """Looks for the tensors to keep in rings: one more at a time, as long as that is better."""

    def __init__(self, graph: Graph, target: Target, optimize: Optimize, window: Window) -> None:
        self.graph, self.target, self.optimize = graph, target, optimize
        self.window = window
        self.cuts = cuts(graph, window.length, window.hop)
        self.parts: dict[tuple[Cut, Cut | None], Graph] = {}

    def best(self) -> Graph:
        chosen = self.cuts[:1]
        found = self._built(chosen)
        while True:
            wider = [sorted([*chosen, cut], key=self.cuts.index) for cut in self.cuts]
            tried = [(self._built(c), c) for c in wider if len(set(c)) == len(c)]
            tried = [pair for pair in tried if self._cost(pair[0]) < self._cost(found)]
            if not tried:
                return found
            found, chosen = min(tried, key=lambda pair: self._cost(pair[0]))

    def _cost(self, stream: Graph) -> tuple[float, float]:
        ram, count = plan_memory(stream).arena_bytes, instructions_per_hop(stream, self.target)
        return {
            "size": (ram, count),
            "balanced": (ram * count, ram),
            "speed": (count, ram),
        }[self.optimize]

    def _built(self, chosen: list[Cut]) -> Graph:
        """The stream with rings at these cuts, the input among them."""
        size = samples_of(self.graph, self.window.length).size
        stream = Graph(_one(self.graph.input, size), classes=self.graph.classes)
        for cut, after in zip(chosen, [*chosen[1:], None], strict=True):
            ring = self._ring(cut, after)
            name = self.graph.free_name(f"{cut.name} ring")
            stream = _joined(stream.append(ring, name=name), self._part(cut, after))
        return verify(stream)

    def _ring(self, cut: Cut, after: Cut | None) -> Ring:
        shape, step = self.graph.specs[cut.name].shape, self.window.hop // cut.step
        if after is None:
            length = cut.length
        else:
            length = (after.reach - cut.reach) // cut.step + 1
            step = after.step // cut.step
            shape = with_length(shape, cut.axis, length)
        return Ring(Reshape(shape), length=length, step=step, scratch_bytes=COUNTER_BYTES)

    def _part(self, cut: Cut, after: Cut | None) -> Graph:
        """What is computed of a full ring, as the target computes it."""
        if (cut, after) not in self.parts:
            ring = self._ring(cut, after).op
            assert isinstance(ring, Reshape)
            nodes = self.graph.nodes[cut.n_nodes : None if after is None else after.n_nodes]
            if after is not None:
                nodes = _of_a_piece(replace(self.graph.specs[cut.name], shape=ring.shape), nodes)
            part = Graph(
                replace(self.graph.specs[cut.name], shape=ring.shape),
                tuple(
                    replace(n, inputs=tuple(INPUT if i == cut.name else i for i in n.inputs))
                    for n in nodes
                ),
            )
            self.parts[cut, after] = select(part, self.target, self.optimize)
        return self.parts[cut, after]


def _of_a_piece(spec: TensorSpec, nodes: tuple[Node, ...]) -> tuple[Node, ...]:
    """A chain of nodes on a piece of the map that they were made for."""
    found = []
    for node in nodes:
        found.append(replace(node, op=resized(node.op, spec)))
        spec = found[-1].op.output(spec)
    return tuple(found)


def instructions_per_hop(stream: Graph, target: Target) -> float:
    """Estimate of the instructions from one result of a stream to the next."""
    return sum(hop_instructions_by_node(stream, target).values())


def hop_instructions_by_node(stream: Graph, target: Target) -> dict[str, float]:
    """Those of each node, by its name."""
    specs, runs = stream.specs, runs_per_hop(stream)
    return {
        node.name: runs[node.name]
        * _instructions(node, specs[node.inputs[0]], specs[node.name], target)
        for node in stream.nodes
    }


def _instructions(node: Node, x: TensorSpec, y: TensorSpec, target: Target) -> float:
    """Those of one run; of a ring to take an entry, and its share of moving the others."""
    if not isinstance(node.op, Ring):
        return node_instructions(node, x, y, target)
    kept = max(0, node.op.length - node.op.step)
    return RING_CALL + x.nbytes / RING_BYTES * (1 + kept / node.op.step)


def _smoothed(stream: Graph, op: Smoothed) -> Graph:
    """A stream whose last op remembers."""
    *nodes, decision = stream.nodes
    return verify(replace(stream, nodes=(*nodes, replace(decision, op=op))))


def _one(spec: TensorSpec, size: int) -> TensorSpec:
    """One sample of an input."""
    return replace(
        spec, shape=(size,), scales=spec.scales[:size], zero_points=spec.zero_points[:size]
    )


def _joined(stream: Graph, part: Graph) -> Graph:
    """A stream, and what is computed of its last tensor; names stay as they are."""
    names = {INPUT: stream.output_name}
    nodes = (
        Node(node.name, node.op, tuple(names.get(name, name) for name in node.inputs))
        for node in part.nodes
    )
    return replace(stream, nodes=(*stream.nodes, *nodes))
