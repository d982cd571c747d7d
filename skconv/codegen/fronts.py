"""Filters in front of the windows of a stream: each sample goes through them as it comes."""

from __future__ import annotations

import math
from dataclasses import replace

from skconv.codegen.interface import Window
from skconv.graph import INPUT, Graph, Node, QBiquads, Reshape, TensorSpec
from skconv.graph.ring import COUNTER_BYTES, Ring
from skconv.graph.running import Running, samples_per_entry


def split(graph: Graph, n_front: int) -> tuple[Graph, Graph]:
    """The first nodes of a graph, a chain, and all others, which read what comes of them."""
    front = Graph(graph.input, graph.nodes[:n_front])
    last = front.output_name
    nodes = tuple(
        replace(node, inputs=tuple(INPUT if name == last else name for name in node.inputs))
        for node in graph.nodes[n_front:]
    )
    return front, Graph(front.output, nodes, graph.classes)


def factor(front: Graph) -> int:
    """How many samples of the stream one sample behind a front is made of."""
    return math.prod(samples_per_entry(n.op, front.specs[n.inputs[0]]) for n in front.nodes)


def behind(window: Window, front: Graph) -> Window:
    """The same windows, in samples behind the front."""
    return Window(window.length // factor(front), window.hop // factor(front))


def front_stream(front: Graph, sample: TensorSpec) -> Graph:
    """The filters, as a target runs them at each sample."""
    stream = Graph(sample).append(Reshape((1, 1, sample.size)), name="sample")
    for node in front.nodes:
        x = front.specs[node.inputs[0]]
        count = samples_per_entry(node.op, x)
        if count > 1:
            whole = Reshape((1, count, x.shape[2]))
            ring = Ring(whole, length=count, step=count, scratch_bytes=COUNTER_BYTES)
            stream = stream.append(ring, name=front.free_name(f"{node.name} ring"))
        op = Running.of(node.op, stream.output) if isinstance(node.op, QBiquads) else node.op
        stream = replace(stream, nodes=(*stream.nodes, Node(node.name, op, (stream.output_name,))))
    return stream
