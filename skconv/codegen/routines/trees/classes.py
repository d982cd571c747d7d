"""The C function that finds the class which a single tree leads a sample to.

What decides on the sum of one tree is known at every leaf: no score is written. Nodes between
leaves of one class are left out.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from skconv.codegen.node import Function
from skconv.codegen.routines.trees.printing import NODE_BYTES, nested
from skconv.codegen.text import CTYPES
from skconv.graph import Op, QTreeEnsemble, TensorSpec, Threshold
from skconv.graph.base import Array
from skconv.graph.tree_nodes import Nodes, simplified


def class_function(op: QTreeEnsemble, decision: Op, x: TensorSpec) -> Function:
    """The function ``(input) -> class`` of an ensemble of one tree, in front of a decision."""
    nodes, root = class_tree(op, decision)
    body = list(_body(nodes, root))
    name = f"tree_{zlib.crc32(repr(body).encode()):08x}"
    head = f"static int32_t {name}(const {CTYPES[x.dtype]} *x)"
    return Function(name, (head, "{", *body, "}"), code_bytes=NODE_BYTES * len(nodes.features))


def _body(nodes: Nodes, root: int) -> Iterator[str]:
    if root < 0:
        yield "    (void)x;"
    yield from nested(nodes, root, lambda leaf: [f"return {leaf};"])


def class_tree(op: QTreeEnsemble, decision: Op) -> tuple[Nodes, int]:
    """The nodes of one tree with the numbers of classes for those of leaves, and its root."""
    classes = classes_of_leaves(op, decision)
    children = op.children
    moved = np.where(children < 0, ~classes[np.where(children < 0, ~children, 0)], children)
    limits = float(op.thresholds.min()) - 1, float(op.thresholds.max()) + 1
    nodes, roots = simplified(replace(op.nodes, children=moved), limits)
    return nodes, int(roots[0])


def classes_of_leaves(op: QTreeEnsemble, decision: Op) -> Array:
    """What is decided at each leaf; the first of equal scores, as `sk_argmax` has it."""
    sums = np.tile(op.constant, (len(op.leaves), 1))
    first = int(op.first_outputs[0])
    sums[:, first : first + op.leaves.shape[1]] += op.leaves
    if isinstance(decision, Threshold):
        return (sums[:, 0] > 0).astype(np.int32)
    return sums.argmax(axis=1).astype(np.int32)
