"""Merges consecutive ops of a network into one."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from skconv.graph import Affine, Graph, Node, Reshape, without_dead_nodes
from skconv.graph.folding import is_identity, narrowed, with_affine


def simplified(graph: Graph) -> Graph:
    """The same function without dead nodes, batch normalisations folded into weights.

    An `Affine` behind a `Conv` or a `Linear` that nobody else reads goes into its weights
    and its bias, computed in float64. An identical `Reshape` goes.
    """
    graph = without_dead_nodes(graph)
    readers = Counter(name for node in graph.nodes for name in node.inputs)
    specs = graph.specs
    nodes: dict[str, Node] = {}
    renamed: dict[str, str] = {}
    for node in graph.nodes:
        node = replace(node, inputs=tuple(renamed.get(name, name) for name in node.inputs))
        first = nodes.get(node.inputs[0])
        folded = with_affine(first.op, node.op) if first else None
        if isinstance(node.op, Reshape) and is_identity(node.op, specs[node.inputs[0]]):
            renamed[node.name] = node.inputs[0]
            readers[node.inputs[0]] += readers[node.name] - 1
        elif first and folded and readers[first.name] == 1:
            # An `Affine` may fold again: it stays in float64 up to the end.
            op = folded if isinstance(folded, Affine) else narrowed(folded)
            nodes[first.name] = replace(first, op=op)
            renamed[node.name] = first.name
            readers[first.name] = readers[node.name]
        else:
            nodes[node.name] = node
    kept = (replace(node, op=narrowed(node.op)) for node in nodes.values())
    return replace(graph, nodes=tuple(kept))
