"""Convolutions without what they multiply by zero."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from skconv.graph import Conv, Graph, Op, Select
from skconv.passes.compress.base import Array, Pass, Samples
from skconv.passes.compress.rewrites.nodes import is_ordinary, with_ops


@dataclass
class CondensedConv(Pass):
    """Leave out what convolutions multiply by zero, as far as whole lines and channels go.

    - Lines of zeros at the edge of all kernels go, where the border of the map pays for them: a
      kernel 5x5 with zeros around becomes 3x3, with a border that is one less.
    - Channels that no kernel reads are not copied to it: a `Select` stands before.
    - A convolution that only copies channels becomes a `Select`, or goes.

    The function is the same, on integers to the last bit. `PruneDead` goes further up: it also
    removes what made the channels that nobody reads.

    Parameters
    ----------
    most_read : float, default=0.5
        Largest share of the channels that a convolution may read to have a `Select` before: it
        copies what is left of the map.

    Examples
    --------
    >>> import numpy as np
    >>> from skconv import CondensedConv
    >>> from skconv.graph import Conv, Graph, TensorSpec
    >>> from skconv.passes.compress import Samples
    >>> weights = np.zeros((2, 5, 5, 1), "float32")
    >>> weights[:, 1:4, 1:4] = 1
    >>> conv = Conv(weights, np.zeros(2, "float32"), padding=((2, 2), (2, 2)))
    >>> graph = Graph(TensorSpec((8, 8, 1))).append(conv)
    >>> CondensedConv()(graph, Samples(np.zeros((1, 64)))).nodes[0].op.describe()
    'Conv 3x3 1->2 zero pad'
    """

    most_read: float = 0.5

    def __call__(self, graph: Graph, samples: Samples) -> Graph:
        """The graph with smaller convolutions."""
        if not 0 <= self.most_read <= 1:
            raise ValueError(f"most_read={self.most_read!r}, expected a share from 0 to 1")
        for node in graph.nodes:
            if is_ordinary(node.op):
                assert isinstance(node.op, Conv)
                graph = with_ops(graph, node.name, *self._condensed(trimmed(node.op)))
        return graph

    def _condensed(self, conv: Conv) -> tuple[Op, ...]:
        if conv.groups > 1 or conv.shared:
            return (conv,)
        if (copied := copies(conv)) is not None:
            return (Select(copied),)
        read = np.flatnonzero(conv.weights.any(axis=(0, 1, 2))).astype(np.int32)
        if not 0 < len(read) <= self.most_read * conv.weights.shape[3]:
            return (conv,)
        return Select(read), replace(conv, weights=np.ascontiguousarray(conv.weights[..., read]))


def trimmed(conv: Conv) -> Conv:
    """A convolution without lines of zeros at the edge of all kernels."""
    for axis in (0, 1):
        lines = np.moveaxis(conv.weights, axis + 1, 0)
        used = np.flatnonzero(lines.reshape(len(lines), -1).any(axis=1))
        if not len(used):
            continue
        size, step = len(lines), conv.dilation[axis]
        before, behind = conv.padding[axis]
        first = min(int(used[0]), before // step)
        last = min(size - 1 - int(used[-1]), behind // step)
        padding = list(conv.padding)
        padding[axis] = (before - first * step, behind - last * step)
        weights = conv.weights.take(np.arange(first, size - last), axis + 1)
        conv = replace(conv, weights=weights, padding=(padding[0], padding[1]))
    return conv


def copies(conv: Conv) -> Array | None:
    """The channels that a convolution copies; None where it does anything else."""
    if conv.window != (1, 1) or conv.stride != (1, 1) or np.any(conv.padding) or conv.bias.any():
        return None
    weights = conv.weights[:, 0, 0]
    read = weights.argmax(axis=1)
    is_copy = np.array_equal(weights, np.eye(weights.shape[1], dtype=weights.dtype)[read])
    return read.astype(np.int32) if is_copy else None
