"""What passes have in common that round convolutions to a few values."""

from __future__ import annotations

from typing import Literal, get_args

from skconv.graph import INPUT, Conv, Graph, Node
from skconv.passes.compress.base import Array, Pass, Samples
from skconv.passes.compress.rounded_kernels import with_rounded_convs

Layers = Literal["all", "inner"]


def with_values(of: Pass, graph: Graph, samples: Samples, values: Array) -> Graph:
    """A graph whose convolutions have weights of these values, times a number a kernel.

    Parameters
    ----------
    of : Pass
        With its ``layers`` and its ``damping``.
    graph : Graph
    samples : Samples
    values : ndarray of int
        In ascending order.
    """
    layers, damping = of.get_params()["layers"], of.get_params()["damping"]
    if layers not in get_args(Layers):
        raise ValueError(f"layers={layers!r}, expected one of 'all', 'inner'")
    if not damping > 0:
        raise ValueError(f"damping={damping!r}, expected more than 0")
    convs = [node for node in graph.nodes if isinstance(node.op, Conv)]
    if layers == "inner":
        convs = [node for node in convs if _is_behind_another(graph, node)]
    if not convs:
        raise ValueError(
            f"{type(of).__name__} needs convolutions that layers={layers!r} names, and the graph "
            "has none"
        )
    names = [node.name for node in convs]
    return with_rounded_convs(graph, names, samples, values, damping)


def _is_behind_another(graph: Graph, node: Node) -> bool:
    """Whether some convolution stands before it."""
    sources = [graph.by_name[name] for name in node.inputs if name != INPUT]
    return any(isinstance(s.op, Conv) or _is_behind_another(graph, s) for s in sources)
