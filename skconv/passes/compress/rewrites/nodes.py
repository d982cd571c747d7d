"""Nodes of a graph in the place of one, under its name."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from skconv.graph import Conv, Graph, Node, Op, Select, verify
from skconv.passes.compress.base import Array


def with_ops(graph: Graph, name: str, *ops: Op) -> Graph:
    """A graph with a chain of ops for one node; the last of them keeps its name."""
    before = graph.nodes.index(graph.by_name[name])
    node = graph.nodes[before]
    chain: list[Node] = []
    for op in ops[:-1]:
        inputs = (chain[-1].name,) if chain else node.inputs
        known = replace(graph, nodes=(*graph.nodes, *chain))
        chain.append(Node(known.free_name(f"{name}_{type(op).__name__.lower()}"), op, inputs))
    inputs = (chain[-1].name,) if chain else node.inputs
    chain.append(Node(name, ops[-1], inputs))
    return verify(replace(graph, nodes=(*graph.nodes[:before], *chain, *graph.nodes[before + 1 :])))


def selected(indices: Array, size: int) -> tuple[Select, ...]:
    """What chooses entries of the last axis: nothing where all are in their order."""
    chosen = np.asarray(indices, np.int32)
    return () if np.array_equal(chosen, np.arange(size)) else (Select(chosen),)


def is_ordinary(op: Op) -> bool:
    """Whether an op is a convolution with its weights one by one."""
    return type(op) is Conv and op.coded is None
