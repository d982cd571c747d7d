"""`Select` moves in front of a `Concat`, so that its inputs can be computed in part."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skconv.graph import Affine, Concat, Graph, Node, Op, Root, Select

Indices = NDArray[Any]


def in_parts(graph: Graph, node: Node) -> Graph | None:
    """``graph`` with the `Select` of a node on the inputs of the `Concat` before it.

    None where that stays: no input can leave anything out (`skconv.graph.Op.only`), or all of it
    is read.
    """
    joined = graph.by_name.get(node.inputs[0]) if isinstance(node.op, Select) else None
    if joined is None or not isinstance(joined.op, Concat) or len(graph.users(joined.name)) > 1:
        return None
    assert isinstance(node.op, Select)
    kept = np.unique(node.op.indices)
    leaves_out = len(kept) < graph.specs[joined.name].shape[-1]
    if not leaves_out or not any(_has_parts(graph, name) for name in joined.inputs):
        return None
    return _rewritten(graph, joined, node, kept)


def _has_parts(graph: Graph, name: str) -> bool:
    """Whether what a tensor is made of can be computed in part."""
    node = graph.by_name.get(name)
    if node is None or len(graph.users(name)) > 1:
        return False
    if isinstance(node.op, Affine | Concat | Root | Select):
        return any(_has_parts(graph, source) for source in node.inputs)
    return type(node.op).only is not Op.only


def _rewritten(graph: Graph, joined: Node, node: Node, kept: Indices) -> Graph:
    assert isinstance(node.op, Select)
    new: list[Node] = []
    names = []
    for name, chosen in zip(joined.inputs, _of_inputs(graph, joined, kept), strict=True):
        if len(chosen) == graph.specs[name].shape[-1]:
            names.append(name)
        elif len(chosen):
            free = graph.free_name(f"{name}_{node.name}")
            new.append(Node(free, Select(chosen), (name,)))
            names.append(new[-1].name)
    if len(names) > 1:
        new.append(replace(joined, inputs=tuple(names)))
        names = [joined.name]
    places = np.searchsorted(kept, node.op.indices)
    # Without a new node the output of the graph could be another input: one that is not read.
    if not new or not np.array_equal(places, np.arange(len(kept))):
        new.append(replace(node, op=Select(places.astype(kept.dtype)), inputs=(names[0],)))
        names = [node.name]
    return _with(graph, joined, node, new, names[0])


def _of_inputs(graph: Graph, joined: Node, kept: Indices) -> list[Indices]:
    """What is kept of each input, counted from its first number."""
    sizes = [graph.specs[name].shape[-1] for name in joined.inputs]
    ends = np.cumsum(sizes)
    parts = np.split(kept, np.searchsorted(kept, ends[:-1]))
    return [
        (part - start).astype(kept.dtype) for part, start in zip(parts, ends - sizes, strict=True)
    ]


def _with(graph: Graph, joined: Node, node: Node, new: list[Node], result: str) -> Graph:
    """New nodes in place of two; what read the second reads ``result``."""
    nodes: list[Node] = []
    for old in graph.nodes:
        if old.name == node.name:
            nodes += new
        elif old.name != joined.name:
            inputs = tuple(result if name == node.name else name for name in old.inputs)
            nodes.append(replace(old, inputs=inputs))
    return replace(graph, nodes=tuple(nodes))
