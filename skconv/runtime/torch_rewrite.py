"""Rewrites ops into forms that run faster on a CPU; equal up to rounding."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from skconv.graph import (
    INPUT,
    Conv,
    Graph,
    Hash,
    L2Pool,
    MeanPool,
    Node,
    Op,
    Permute,
    Reshape,
    TensorSpec,
    Triangle,
)
from skconv.graph.base import Shape
from skconv.runtime.torch_triangle import FEW_WINDOWS, PooledTriangle

# Kernels of a group that leave half of the lanes of a vector register empty.
FEW_KERNELS = 8


def rewritten(graph: Graph) -> Graph:
    """A float graph with some of its ops replaced; its last node yields the same tensor."""
    if not any(map(_may_change, graph.nodes)):
        return graph
    specs = graph.specs
    result = Graph(graph.input)
    names = {INPUT: INPUT}
    for node in graph.nodes:
        if node.name in names:
            continue
        ops: tuple[Op, ...] = (_evenly_padded(node.op),)
        last, users = node, graph.users(node.name)
        if len(users) == 1 and (better := _pair(node.op, users[0].op, specs[node.name].shape)):
            ops, last = better, users[0]
        inputs = [names[name] for name in node.inputs]
        for op in ops:
            result = result.append(op, *inputs)
            inputs = []
        names[last.name] = result.output_name
    return result


def _may_change(node: Node) -> bool:
    return isinstance(node.op, Hash | Triangle) or _evenly_padded(node.op) is not node.op


def _evenly_padded(op: Op) -> Op:
    """A convolution of groups with a wider border behind, as one with the same on both sides.

    Its kernels get rows and columns of zeros in front. Torch pads unevenly by a copy of the
    map, which costs more than the zeros, where kernels read few channels.
    """
    if not isinstance(op, Conv) or op.groups == 1 or op.shared or op.pad_mode != "zero":
        return op
    (top, bottom), (left, right) = op.padding
    is_even = (top, left) == (bottom, right)
    if is_even or bottom < top or right < left or op.dilation != (1, 1):
        return op
    weights = np.pad(op.weights, ((0, 0), (bottom - top, 0), (right - left, 0), (0, 0)))
    return replace(op, weights=weights, padding=((bottom, bottom), (right, right)))


def _pair(first: Op, second: Op, between: Shape) -> tuple[Op, ...]:
    """What computes ``second`` of ``first``, whose maps are ``between``; empty: nothing better."""
    if isinstance(first, Conv) and isinstance(second, Hash):
        return _hash_of_pairs(first, second, between)
    if type(first) is Triangle and isinstance(second, MeanPool) and not isinstance(second, L2Pool):
        return _pooled_triangle(first, second, between)
    return ()


def _pooled_triangle(triangle: Triangle, pool: MeanPool, map_shape: Shape) -> tuple[Op, ...]:
    rows, columns, _ = pool.map_shape(TensorSpec(map_shape))
    return (PooledTriangle(triangle.centroids, pool),) if rows * columns <= FEW_WINDOWS else ()


def _hash_of_pairs(conv: Conv, codes: Hash, map_shape: Shape) -> tuple[Op, ...]:
    """A bank for every map, and its codes, two pixels of a row at a time.

    Two pixels side by side are one of twice the kernels, each a column wider: they fill the
    lanes of a register. Only the codes, a byte for a bit of each kernel, change their order.
    """
    height, width, channels = map_shape
    n_kernels = len(conv.weights)
    if not conv.shared or n_kernels != codes.n_bits or n_kernels > FEW_KERNELS:
        return ()
    if width % 2 or conv.stride != (1, 1) or conv.dilation != (1, 1):
        return ()
    pads = [(0, 0)] * 4
    shifted = []
    for shift in range(2):
        pads[2] = (shift, 1 - shift)
        shifted.append(np.pad(conv.weights, pads))
    pairs = replace(
        conv, weights=np.concatenate(shifted), bias=np.tile(conv.bias, 2), stride=(1, 2)
    )
    n_maps = channels // n_kernels
    return (
        pairs,
        codes,
        Reshape((height, width // 2, n_maps, 2)),
        Permute((0, 1, 3, 2)),
        Reshape((height, width, n_maps)),
    )
