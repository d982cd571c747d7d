"""Which kernel a number comes from, and no other."""

from __future__ import annotations

import numpy as np

from skconv.graph import (
    INPUT,
    Affine,
    BothSigns,
    Concat,
    Conv,
    Divide,
    Graph,
    Magnitude,
    Node,
    Reshape,
    Select,
    SoftThreshold,
)
from skconv.graph.ops import PoolGeometry
from skconv.passes.compress.base import Array

NOWHERE = -1


def kernels_of(graph: Graph, name: str) -> tuple[Array, Array]:
    """For each number that a node reads, the kernel that it comes from; `NOWHERE`: none alone.

    Kernels are those of the last convolution on the way, or of several side by side, numbered one
    after the other. Kernels of one group, and the two of a magnitude, are one. Also the first
    number of each convolution.
    """
    found = {INPUT: np.full(graph.input.shape[-1], NOWHERE)}
    firsts: list[int] = []
    n_kernels = 0
    for node in graph.nodes:
        if node.name == name:
            break
        if isinstance(node.op, Conv):
            firsts.append(n_kernels)
            found[node.name] = n_kernels + _numbered(node.op, graph.specs[node.name].shape[-1])
            n_kernels = int(found[node.name].max()) + 1
        else:
            found[node.name] = _passed_on(graph, node, [found[source] for source in node.inputs])
    return found[graph.by_name[name].inputs[0]], np.array(firsts)


def _numbered(op: Conv, n_channels: int) -> Array:
    """The kernels of a convolution's channels."""
    if op.shared:
        return np.arange(n_channels) % len(op.weights)
    return (
        np.arange(n_channels) if op.groups == 1 else np.arange(n_channels) * op.groups // n_channels
    )


def _passed_on(graph: Graph, node: Node, inputs: list[Array]) -> Array:
    """Of the result of an op, channel by channel, or number by number of a vector."""
    op, shape = node.op, graph.specs[node.name].shape
    (x, *_), nowhere = inputs, np.full(shape[-1], NOWHERE)
    match op:
        case Affine() | Divide() | PoolGeometry() if len(x) == shape[-1]:
            return x
        case BothSigns() | SoftThreshold():
            return np.tile(x, shape[-1] // len(x))
        case Magnitude():
            return x[: shape[-1]]
        case Concat():
            return np.concatenate(inputs)
        case Select(indices=indices):
            return np.asarray(x[indices])
        case Reshape():
            was = graph.specs[node.inputs[0]].shape
            is_flat = len(shape) == 1 or shape[-1] == was[-1]
            return np.resize(x, shape[-1]) if is_flat else nowhere
        case _ if op.facts.role in ("entrywise", "spatial") and len(inputs) == 1:
            return x
    return nowhere
