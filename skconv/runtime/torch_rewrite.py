"""Pairs of ops in a form that a processor computes faster; the same numbers, to rounding."""

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
    """A float graph with pairs of its ops replaced; its last node yields the same tensor."""
    if not any(isinstance(node.op, Hash | Triangle) for node in graph.nodes):
        return graph
    specs = graph.specs
    result = Graph(graph.input)
    names = {INPUT: INPUT}
    for node in graph.nodes:
        if node.name in names:
            continue
        ops: tuple[Op, ...] = (node.op,)
        last, users = node, graph.users(node.name)
        if len(users) == 1 and (better := _pair(node.op, users[0].op, specs[node.name].shape)):
            ops, last = better, users[0]
        inputs = [names[name] for name in node.inputs]
        for op in ops:
            result = result.append(op, *inputs)
            inputs = []
        names[last.name] = result.output_name
    return result


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
