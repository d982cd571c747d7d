"""Convolutions whose kernels fall into groups that share no channel."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from skconv.graph import Conv, Graph, Op
from skconv.passes.compress.base import Array, Pass, Samples
from skconv.passes.compress.rewrites.nodes import is_ordinary, selected, with_ops


@dataclass
class GroupedConv(Pass):
    """Make a grouped convolution of one whose weights are block diagonal.

    Where kernels fall into groups of one size that read groups of channels of one size, and no
    other, the weights between groups are zeros. They are left out: the function is the same, on
    integers to the last bit, with as many times fewer weights and products as there are groups.
    Channels and kernels may be in any order; a `Select` brings them to that of the groups.

    Parameters
    ----------
    min_groups : int, default=2
        Fewest groups that are worth it. Cores with packed arithmetic have routines for ordinary
        convolutions and for one kernel a channel: between those, groups save flash, and they save
        instructions from about 8 on.

    References
    ----------
    Huang, Liu, van der Maaten, Weinberger, "CondenseNet: an efficient DenseNet using learned group
    convolutions", CVPR 2018.

    Examples
    --------
    >>> import numpy as np
    >>> from skconv import GroupedConv
    >>> from skconv.graph import Conv, Graph, TensorSpec
    >>> from skconv.passes.compress import Samples
    >>> weights = np.ones((2, 3, 3, 4), "float32")
    >>> weights[0, ..., 2:] = weights[1, ..., :2] = 0
    >>> graph = Graph(TensorSpec((5, 5, 4))).append(Conv(weights, np.zeros(2, "float32")))
    >>> GroupedConv()(graph, Samples(np.zeros((1, 100))))
    Graph: 1 nodes, 324 MACs, 152 parameter bytes
    node   op                      tensor             MACs  parameter bytes
    input                          float32 (5, 5, 4)
    conv   Conv 3x3 4->2 groups 2  float32 (3, 3, 2)   324              152
    """

    min_groups: int = 2

    def __call__(self, graph: Graph, samples: Samples) -> Graph:
        """The graph with grouped convolutions."""
        if not isinstance(self.min_groups, int) or self.min_groups < 2:
            raise ValueError(f"min_groups={self.min_groups!r}, expected a whole number from 2 on")
        for node in graph.nodes:
            ops = tuple(self._grouped(node.op)) if is_ordinary(node.op) else ()
            if ops:
                graph = with_ops(graph, node.name, *ops)
        return graph

    def _grouped(self, conv: Op) -> Iterator[Op]:
        """The grouped convolution, between what changes the order; nothing without groups."""
        assert isinstance(conv, Conv)
        if conv.groups > 1 or conv.shared:
            return
        reads = (conv.weights != 0).sum(axis=(1, 2))
        groups = groups_of(reads)
        if len(groups) < self.min_groups or len({(len(a), len(b)) for a, b in groups}) > 1:
            return
        kernels, channels = (np.concatenate(part) for part in zip(*groups, strict=True))
        weights = np.concatenate([conv.weights[a][..., b] for a, b in groups])
        yield from selected(channels, reads.shape[1])
        yield replace(conv, weights=weights, bias=conv.bias[kernels], groups=len(groups))
        yield from selected(np.argsort(kernels), reads.shape[0])


def groups_of(reads: Array) -> list[tuple[Array, Array]]:
    """Kernels and channels that hang together, of how often who reads which (kernels, channels)."""
    n_kernels, n_channels = reads.shape
    rows, columns = np.nonzero(reads)
    size = n_kernels + n_channels
    edges = coo_array((np.ones(len(rows)), (rows, n_kernels + columns)), (size, size))
    count, labels = connected_components(edges, directed=False)
    of_kernels, of_channels = labels[:n_kernels], labels[n_kernels:]
    return [
        (np.flatnonzero(of_kernels == i), np.flatnonzero(of_channels == i)) for i in range(count)
    ]
