"""Tree ensembles: the definition of their float and of their integer form."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from skconv.graph import QTreeEnsemble, TreeEnsemble
from skconv.graph.trees import Trees
from skconv.runtime import fixed, reference

Batch = NDArray[Any]


def leaves_of(op: Trees, x: Batch) -> Batch:
    """The leaf ``(n_samples, n_trees)`` that every tree leads every sample to."""
    at = np.tile(op.roots.astype(np.intp), (len(x), 1))
    while (at >= 0).any():
        rows, trees = np.nonzero(at >= 0)
        nodes = at[rows, trees]
        is_right = x[rows, op.features[nodes]] > op.thresholds[nodes]
        at[rows, trees] = op.children[nodes, is_right.astype(np.intp)]
    return ~at


def _sums(op: Trees, x: Batch) -> Batch:
    sums = np.tile(op.constant, (len(x), 1))
    found, width = leaves_of(op, x), op.leaves.shape[1]
    for tree, first in enumerate(op.first_outputs):
        sums[:, first : first + width] += op.leaves[found[:, tree]]
    return sums


@reference.evaluate.register
def _(op: TreeEnsemble, x: Batch) -> Batch:
    # A float32 number is compared with a threshold in float64.
    return _sums(op, x.astype(np.float32).astype(np.float64) if op.is_single else x)


@fixed.evaluate.register
def _(op: QTreeEnsemble, x: Batch) -> Batch:
    return _sums(op, x.astype(np.int64))
