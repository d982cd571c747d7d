"""The nodes of binary trees as arrays, and how to leave out those that decide nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields

import numpy as np

from skconv.graph.base import Array

Limits = dict[int, tuple[float, float]]


@dataclass(frozen=True)
class Nodes:
    """Nodes as `skconv.graph.trees.Trees` describes them."""

    features: Array
    thresholds: Array
    children: Array
    roots: Array

    @property
    def arrays(self) -> dict[str, Array]:
        return {field.name: getattr(self, field.name) for field in fields(self)}

    @property
    def depth(self) -> int:
        """How many nodes the longest way passes."""
        depths = np.zeros(len(self.features) + 1, np.int64)
        for i in reversed(range(len(self.features))):
            # A child comes after its parent; a leaf reads the last entry, which is 0.
            depths[i] = 1 + max(depths[max(c, -1)] for c in self.children[i].tolist())
        return int(depths.max())

    def leaves_of_trees(self) -> Iterator[Array]:
        """The leaves of each tree, none twice."""
        for tree in np.split(self.children, self.roots[1:]):
            yield np.unique(~tree[tree < 0])


def simplified(nodes: Nodes, limits: tuple[float, float], step: float = 0.0) -> tuple[Nodes, Array]:
    """Trees without nodes that send every input the same way, or to the same leaf.

    Parameters
    ----------
    nodes : Nodes
        Children may stand in any order; roots may be leaves.
    limits : (float, float)
        The least and the greatest input.
    step : float
        What lies between one input and the next: 1 for integers.

    Returns
    -------
    nodes : Nodes
        In preorder; ``roots`` of those trees that have a node left.
    roots : ndarray of int32
        Of all trees: a node, or ``~leaf``.
    """
    order: list[int] = []
    children: list[list[int]] = []
    starts = [_grow(nodes, int(root), limits, step, order, children) for root in nodes.roots]
    final, kept = _merged(children)
    roots = np.array([final[s] if s >= 0 else s for s in starts], np.int32)
    picked = np.array([order[i] for i in kept], np.intp)
    left = Nodes(
        nodes.features[picked],
        nodes.thresholds[picked],
        np.array([[_named(c, final) for c in children[i]] for i in kept], np.int32).reshape(-1, 2),
        roots[roots >= 0],
    )
    return left, roots


def _grow(
    nodes: Nodes,
    root: int,
    limits: tuple[float, float],
    step: float,
    order: list[int],
    children: list[list[int]],
) -> int:
    """Append the nodes of one tree that decide, in preorder; returns the number of the first."""
    result = root
    waiting: list[tuple[int, Limits, tuple[int, int] | None]] = [(root, {}, None)]
    while waiting:
        node, known, parent = waiting.pop()
        node = _decided(nodes, node, known, limits)
        number = node if node < 0 else len(order)
        if parent is None:
            result = number
        else:
            children[parent[0]][parent[1]] = number
        if node < 0:
            continue
        order.append(node)
        children.append([0, 0])
        feature, threshold = int(nodes.features[node]), float(nodes.thresholds[node])
        low, high = known.get(feature, limits)
        above = threshold + step if step else float(np.nextafter(threshold, np.inf))
        left, right = (int(child) for child in nodes.children[node])
        waiting.append((right, known | {feature: (above, high)}, (number, 1)))
        waiting.append((left, known | {feature: (low, threshold)}, (number, 0)))
    return result


def _decided(nodes: Nodes, node: int, known: Limits, limits: tuple[float, float]) -> int:
    """The first node on the way down that inputs within known limits can pass on both sides."""
    while node >= 0:
        low, high = known.get(int(nodes.features[node]), limits)
        threshold = nodes.thresholds[node]
        if low <= threshold < high:
            break
        node = int(nodes.children[node, 0 if high <= threshold else 1])
    return node


def _merged(children: list[list[int]]) -> tuple[list[int], list[int]]:
    """What becomes of each node, and which stay: one whose leaves are the same is that leaf."""
    became = list(range(len(children)))
    for i in reversed(range(len(children))):
        left, right = (c if c < 0 else became[c] for c in children[i])
        if left < 0 and left == right:
            became[i] = left
    kept = [i for i, b in enumerate(became) if b >= 0]
    number = {i: n for n, i in enumerate(kept)}
    return [b if b < 0 else number[b] for b in became], kept


def _named(child: int, final: list[int]) -> int:
    return child if child < 0 else final[child]
