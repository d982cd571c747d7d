"""What a network does one after the other, in one op."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skconv.graph import Affine, Conv, Graph, Linear, Node, Op, Reshape, without_dead_nodes


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
        if isinstance(node.op, Reshape) and node.op.shape == specs[node.inputs[0]].shape:
            renamed[node.name] = node.inputs[0]
            readers[node.inputs[0]] += readers[node.name] - 1
        elif (
            first is not None
            and isinstance(node.op, Affine)
            and is_foldable(first.op, node.op)
            and readers[first.name] == 1
        ):
            nodes[first.name] = replace(first, op=_folded(first.op, node.op))
            renamed[node.name] = first.name
            readers[first.name] = readers[node.name]
        else:
            nodes[node.name] = node
    kept = (replace(node, op=narrowed(node.op)) for node in nodes.values())
    return replace(graph, nodes=tuple(kept))


def narrowed(op: Op) -> Op:
    """An op of a graph, from one of an imported network: its `Affine` are in float64."""
    if isinstance(op, Affine):
        return Affine(_narrow(op.factors), _narrow(op.offsets))
    return op


def is_foldable(first: Op | None, second: Op) -> bool:
    """Whether the second op goes into the weights of the first, where nobody else reads it."""
    return isinstance(first, Conv | Linear | Affine) and isinstance(second, Affine)


def _folded(first: Op, affine: Affine) -> Op:
    """``affine`` behind ``first`` as one op."""
    factors, offsets = _wide(affine.factors), _wide(affine.offsets)
    if isinstance(first, Affine):
        return Affine(_wide(first.factors) * factors, _wide(first.offsets) * factors + offsets)
    assert isinstance(first, Conv | Linear)
    shape = (-1, *(1 for _ in first.weights.shape[1:]))
    weights = _wide(first.weights) * factors.reshape(shape)
    bias = _wide(first.bias) * factors + offsets
    return replace(first, weights=_narrow(weights), bias=_narrow(bias))


def _wide(values: NDArray[Any]) -> NDArray[np.float64]:
    return values.astype(np.float64)


def _narrow(values: NDArray[np.float64]) -> NDArray[np.float32]:
    return np.ascontiguousarray(values, np.float32)
