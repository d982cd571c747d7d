"""The leaves that trees lead a sample to, as features: one for each leaf, 0 or 1."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import RandomTreesEmbedding

from skconv.convert.core import convert
from skconv.convert.trees import append_trees, tree_of
from skconv.graph import Graph, ensemble_of


@convert.register
def _(model: RandomTreesEmbedding, graph: Graph) -> Graph:
    """Leaves of a tree stand in a row; all trees have values for as many outputs."""
    leaves = model.one_hot_encoder_.categories_
    ends = np.cumsum([len(each) for each in leaves])
    n_outputs, width = int(ends[-1]), max(map(len, leaves))
    trees = []
    for tree, own, end in zip(model.estimators_, leaves, ends, strict=True):
        begin = int(end) - len(own)
        first = min(begin, n_outputs - width)
        values = _places(own.astype(np.intp), tree.tree_.node_count, begin - first, width)
        trees.append(tree_of(tree, values, first))
    return append_trees(graph, ensemble_of(trees, model.n_features_in_, np.zeros(n_outputs)))


def _places(leaves: NDArray[np.intp], n_nodes: int, begin: int, width: int) -> NDArray[np.float64]:
    """1 at ``begin`` in the row of the first leaf, behind it in that of the second, and so on."""
    values = np.zeros((n_nodes, width))
    values[leaves, begin + np.arange(len(leaves))] = 1.0
    return values
