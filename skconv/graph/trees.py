"""Sums of decision trees: the nodes of all trees in one list, and what both forms of it share.

`QTreeEnsemble` (`skconv.graph.integer_trees`) is the integer form; `skconv.runtime.trees` defines
both. `ensemble_of` builds one from trees as scikit-learn holds them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from skconv.graph.base import Array, Op, TensorSpec, require, require_vector
from skconv.graph.facts import Facts
from skconv.graph.limits import INT16_MAX
from skconv.graph.tree_nodes import Nodes, simplified

__all__ = ["Tree", "TreeEnsemble", "ensemble_of"]

# What float32 may round off a number.
ROUNDING = 2.0**-22


@dataclass(frozen=True)
class Trees(Op):
    """Binary trees, each of which leads a sample to a leaf: the sum of the values of these leaves.

    Nodes of all trees stand in preorder, one tree after the other. A sample goes to the left child
    of a node where ``x[feature] <= threshold``, else to the right one. A child ``c >= 0`` is
    another node, and ``c < 0`` the leaf ``~c``.

    Parameters
    ----------
    features : ndarray of uint16 of shape (n_nodes,)
        What each node reads.
    thresholds : ndarray of shape (n_nodes,)
    children : ndarray of int32 of shape (n_nodes, 2)
        Left and right.
    roots : ndarray of int32 of shape (n_trees,)
        The first node of each tree, ascending.
    leaves : ndarray of shape (n_leaves, width)
        The values of each leaf, none twice.
    first_outputs : ndarray of uint16 of shape (n_trees,)
        The output that the first value of a tree's leaves is added to; the others follow.
    constant : ndarray of shape (n_outputs,)
        What every output has besides.
    n_features : int
        Length of the vector that is read.
    """

    features: Array
    thresholds: Array
    children: Array
    roots: Array
    leaves: Array
    first_outputs: Array
    constant: Array
    n_features: int

    @cached_property
    def nodes(self) -> Nodes:
        """The nodes without what their leaves are worth."""
        return Nodes(self.features, self.thresholds, self.children, self.roots)

    @cached_property
    def leaf_limits(self) -> tuple[Array, Array]:
        """The least and the greatest sum of leaves that each output can have."""
        low, high = (np.zeros(len(self.constant), self.leaves.dtype) for _ in range(2))
        for leaves, first in zip(self.nodes.leaves_of_trees(), self.first_outputs, strict=True):
            values = self.leaves[leaves]
            low[first : first + values.shape[1]] += values.min(axis=0)
            high[first : first + values.shape[1]] += values.max(axis=0)
        return low, high

    def check(self, x: TensorSpec) -> None:
        """ValueError where the arrays do not fit each other, or the input."""
        require_vector(self, x, self.n_features)
        n_nodes, n_trees = len(self.features), len(self.roots)
        require(
            self.thresholds.shape == (n_nodes,)
            and self.children.shape == (n_nodes, 2)
            and self.first_outputs.shape == (n_trees,)
            and 0 < n_trees <= n_nodes,
            f"{self.describe()}: features, thresholds, children and roots do not fit each other",
        )
        require(
            int(self.features.max()) < self.n_features
            and -len(self.leaves) <= int(self.children.min())
            and int(self.children.max()) < n_nodes
            and int(self.first_outputs.max()) + self.leaves.shape[1] <= len(self.constant),
            f"{self.describe()}: features must be below {self.n_features}, children be nodes or "
            f"leaves, and leaves have values for {len(self.constant)} outputs at most",
        )

    def describe(self) -> str:
        return (
            f"{type(self).__name__} {len(self.roots)} trees, {len(self.features)} nodes, "
            f"{self.n_features}->{len(self.constant)}"
        )


@dataclass(frozen=True)
class TreeEnsemble(Trees):
    """Trees on real numbers, thresholds and leaves in float64.

    Parameters
    ----------
    is_single : bool
        Whether inputs are rounded to float32 before they are compared, as decision trees and
        forests of scikit-learn do.

    Notes
    -----
    A float32 number is ``<= t`` if and only if it is not above the largest float32 number that is
    not above ``t``: the C of floats holds that one, and decides as in float64.

    References
    ----------
    Breiman, Friedman, Olshen, Stone, "Classification and regression trees", 1984; Breiman, "Random
    forests", Machine Learning 45, 2001.

    Examples
    --------
    >>> import numpy as np
    >>> from skconv.graph import Graph, TensorSpec, Tree, ensemble_of
    >>> from skconv.runtime import reference
    >>> left, right = np.array([1, -1, -1]), np.array([2, -1, -1])
    >>> values = np.array([[0.0], [3.0], [5.0]])
    >>> tree = Tree(left, right, np.array([0, -2, -2]), np.array([2.5, -2, -2]), values)
    >>> op = ensemble_of([tree, tree], n_features=1, constant=[100])
    >>> reference.run(Graph(TensorSpec((1,))).append(op), [[2], [3]])
    array([[106.],
           [110.]])
    """

    facts = Facts("vector", reads="fine")
    is_single: bool = True

    def largest_read(self, x: TensorSpec) -> int:
        return INT16_MAX

    @property
    def parameters(self) -> dict[str, Array]:
        """The tables of the C of floats."""
        is_small = len(self.features) <= INT16_MAX and len(self.leaves) <= INT16_MAX
        index = np.int16 if is_small else np.int32
        tables = {
            "features": self.features,
            "thresholds": float32_below(self.thresholds),
            "children": self.children.astype(index),
            "roots": self.roots,
            "leaves": self.leaves.astype(np.float32),
            "constant": self.constant.astype(np.float32),
        }
        return tables | ({"first_outputs": self.first_outputs} if self.first_outputs.any() else {})

    def output(self, *inputs: TensorSpec) -> TensorSpec:
        self.check(inputs[0])
        return TensorSpec((len(self.constant),))

    def behind(self, factors: Array, offsets: Array) -> TreeEnsemble | None:
        """The ensemble that makes of ``x`` what this one makes of ``x * factors + offsets``.

        None where a factor that a node needs is not positive. A whole number that comes as close to
        a threshold as rounding does goes where its rounded product does, so that trees behind a
        scaler are exact on whole numbers.
        """
        factor, offset = (np.asarray(v, np.float64)[self.features] for v in (factors, offsets))
        if (factor <= 0).any():
            return None
        found = (self.thresholds - offset) / factor
        whole = np.rint(found)
        rounded = whole * factor + offset
        if self.is_single:
            rounded = rounded.astype(np.float32).astype(np.float64)
        is_close = np.abs(found - whole) <= ROUNDING * (np.abs(found) + np.abs(offset / factor))
        limit = np.where(rounded <= self.thresholds, whole, np.nextafter(whole, -np.inf))
        return replace(self, thresholds=np.where(is_close, limit, found))

    def reading(self, features: Array, n_features: int) -> TreeEnsemble:
        """The same trees on another vector: ``features[i]`` is where number ``i`` stands there."""
        moved = np.asarray(features)[self.features].astype(self.features.dtype)
        return replace(self, features=moved, n_features=n_features)

    def without(self, limits: tuple[float, float], step: float = 0.0) -> TreeEnsemble:
        """Without nodes that decide nothing, where inputs lie within limits."""
        nodes, moved = simplified(self.nodes, limits, step)
        low = self.constant.astype(np.float64)
        for first, root in zip(self.first_outputs, moved, strict=True):
            if root < 0:
                values = self.leaves[~root]
                low[first : first + len(values)] += values
        kept = moved >= 0
        op = replace(self, constant=low, first_outputs=self.first_outputs[kept])
        op = _holding(op, nodes.arrays)
        return op if kept.any() else _holding(op, _nothing(self.leaves))


def _holding(op: TreeEnsemble, arrays: dict[str, Any]) -> TreeEnsemble:
    """An ensemble with other arrays."""
    return replace(op, **arrays)


def _nothing(leaves: Array) -> dict[str, Array]:
    """One tree whose leaf adds nothing: a graph's node has to be something."""
    return {
        "features": np.zeros(1, np.uint16),
        "thresholds": np.zeros(1),
        "children": np.full((1, 2), -1, np.int32),
        "roots": np.zeros(1, np.int32),
        "leaves": np.zeros((1, leaves.shape[1])),
        "first_outputs": np.zeros(1, np.uint16),
    }


def float32_below(numbers: Array) -> Array:
    """The largest float32 numbers that are not above these."""
    nearest = numbers.astype(np.float32)
    below = np.nextafter(nearest, np.float32(-np.inf))
    return np.where(nearest.astype(np.float64) > numbers, below, nearest)


# ------------------------------------------------------------------------------ building


@dataclass(frozen=True)
class Tree:
    """One tree as scikit-learn holds it: the root first; a leaf has no children.

    Attributes
    ----------
    left, right : ndarray of int of shape (n_nodes,)
        Children; negative, or 0, where a node is a leaf.
    feature : ndarray of int of shape (n_nodes,)
    threshold : ndarray of float of shape (n_nodes,)
        ``x[feature] <= threshold`` goes left. Infinite: all go one way.
    values : ndarray of float of shape (n_nodes, width)
        Those of leaves count.
    first_output : int
        The output that the first value is added to.
    """

    left: Array
    right: Array
    feature: Array
    threshold: Array
    values: Array
    first_output: int = 0


def ensemble_of(
    trees: Sequence[Tree], n_features: int, constant: object, *, is_single: bool = True
) -> TreeEnsemble:
    """The ensemble of some trees.

    Parameters
    ----------
    trees : sequence of Tree
        One or more, all with as many values a leaf.
    n_features : int
        Length of the vector that they read.
    constant : array-like of shape (n_outputs,)
        What every output has besides the sum of its trees.
    is_single : bool
        Whether scikit-learn rounds inputs to float32 before it compares them.

    Examples
    --------
    >>> import numpy as np
    >>> from skconv.graph import Tree, ensemble_of
    >>> stump = Tree(*np.array([[1, -1, -1], [2, -1, -1], [4, 0, 0]]), np.zeros(3), np.eye(3))
    >>> ensemble_of([stump], n_features=5, constant=np.zeros(3)).describe()
    'TreeEnsemble 1 trees, 1 nodes, 5->3'
    """
    parts = [_internal(tree) for tree in trees]
    n_nodes = np.cumsum([0, *(len(p.features) for p in parts)])
    values = np.concatenate([tree.values[_leaves(tree)] for tree in trees]).astype(np.float64)
    leaves, place = np.unique(values, axis=0, return_inverse=True)
    place = place.reshape(-1)
    n_leaves = np.cumsum([0, *(len(_leaves(tree)) for tree in trees)])

    def moved(children: Array, i: int) -> Array:
        leaf = place[n_leaves[i] + np.where(children < 0, ~children, 0)]
        return np.where(children < 0, ~leaf, children + n_nodes[i]).astype(np.int32)

    children = [moved(part.children, i) for i, part in enumerate(parts)]
    roots = [moved(part.roots, i) for i, part in enumerate(parts)]
    op = TreeEnsemble(
        np.concatenate([p.features for p in parts]),
        np.concatenate([p.thresholds for p in parts]),
        np.concatenate(children),
        np.concatenate(roots),
        leaves,
        np.array([tree.first_output for tree in trees], np.uint16),
        np.asarray(constant, np.float64),
        n_features,
        is_single,
    )
    return op.without((-np.inf, np.inf))


def _leaves(tree: Tree) -> Array:
    """The nodes that are leaves."""
    return np.flatnonzero(np.asarray(tree.left) <= 0)


def _internal(tree: Tree) -> Nodes:
    """The nodes that are no leaves, and leaves counted by themselves."""
    is_leaf = np.asarray(tree.left) <= 0
    number = np.where(is_leaf, ~(np.cumsum(is_leaf) - 1), np.cumsum(~is_leaf) - 1)
    inner = ~is_leaf
    children = np.stack([number[tree.left[inner]], number[tree.right[inner]]], axis=1)
    return Nodes(
        np.asarray(tree.feature)[inner].astype(np.uint16),
        np.asarray(tree.threshold)[inner].astype(np.float64),
        children.astype(np.int32),
        number[:1].astype(np.int32),
    )
