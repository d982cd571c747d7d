"""The graph of a stream: what a target computes when samples are pushed one by one.

A window is kept in a ring, and what is computed of it runs each time the ring is full. So the
answers are those of whole windows by construction.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from skconv.codegen.input_layout import sample_of
from skconv.codegen.interface import Interface, Window
from skconv.codegen.routines.base import Optimize
from skconv.codegen.select import select
from skconv.graph import INPUT, Graph, Node, Reshape, TensorSpec, verify
from skconv.graph.base import Shape
from skconv.graph.ring import COUNTER_BYTES, Ring
from skconv.target.targets import Target


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
        return pushed(graph, target, optimize, interface.window)
    return select(graph, target, optimize, by_rows=interface.input == "rows")


def pushed(graph: Graph, target: Target, optimize: Optimize, window: Window) -> Graph:
    """The graph of a stream.

    Parameters
    ----------
    graph : Graph
        Of a whole window, op by op.
    target : Target
    optimize : {"size", "balanced", "speed"}
    window : Window

    Returns
    -------
    Graph
        It reads one sample; where a ring is full, what stands behind it runs.
    """
    samples = samples_of(graph, window.length)
    stream = Graph(_one(graph.input, samples), classes=graph.classes)
    ring = _ring(graph.input.shape, window.length, window.hop)
    stream = stream.append(ring, name=stream.free_name("window"))
    return verify(_joined(stream, select(graph, target, optimize)))


def _one(spec: TensorSpec, samples: Samples) -> TensorSpec:
    """One sample of an input."""
    size = samples.size
    return replace(
        spec, shape=(size,), scales=spec.scales[:size], zero_points=spec.zero_points[:size]
    )


def _ring(shape: Shape, length: int, step: int) -> Ring:
    return Ring(Reshape(shape), length=length, step=step, scratch_bytes=COUNTER_BYTES)


def _joined(stream: Graph, part: Graph) -> Graph:
    """A stream, and what is computed of its last tensor; names stay as they are."""
    names = {INPUT: stream.output_name}
    nodes = (
        Node(node.name, node.op, tuple(names.get(name, name) for name in node.inputs))
        for node in part.nodes
    )
    return replace(stream, nodes=(*stream.nodes, *nodes))
