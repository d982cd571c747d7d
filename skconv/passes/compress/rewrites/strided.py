"""Strides in place of pixels that nobody keeps."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from skconv.graph import Conv, Graph, MaxPool, MeanPool, Node, Op, SumPool, TensorSpec, verify
from skconv.graph.ops import PoolGeometry
from skconv.passes.compress.base import Pass, Samples, with_op

PER_PIXEL = ("entrywise", "affine")


@dataclass
class StridedPooling(Pass):
    """Compute no pixel that nobody keeps, and no pixel only to take a mean.

    - Where a reader keeps one of ``s`` pixels (a pooling of one pixel, or a convolution of one
      pixel with a stride, as in residual networks), the convolution before it takes the stride.
      The function is the same.
    - A mean or a sum of windows behind a convolution, with nothing nonlinear between, becomes one
      convolution: its kernels are those before, convolved with a box. The function is the same
      to rounding.

    Parameters
    ----------
    most_growth : float, default=2.0
        How many times larger kernels may become, where a mean goes into them: 3x3 and a mean of 2x2
        make 4x4, in 16 products a pixel in place of 36.

    Examples
    --------
    >>> import numpy as np
    >>> from skconv import StridedPooling
    >>> from skconv.graph import Conv, Graph, MeanPool, TensorSpec
    >>> from skconv.passes.compress import Samples
    >>> conv = Conv(np.ones((2, 3, 3, 1), "float32"), np.zeros(2, "float32"))
    >>> graph = Graph(TensorSpec((8, 8, 1))).append(conv).append(MeanPool((2, 2), (2, 2)))
    >>> StridedPooling()(graph, Samples(np.zeros((1, 64))))
    Graph: 1 nodes, 288 MACs, 136 parameter bytes
    node      op                        tensor             MACs  parameter bytes
    input                               float32 (8, 8, 1)
    meanpool  Conv 4x4 1->2 stride 2x2  float32 (3, 3, 2)   288              136
    """

    most_growth: float = 2.0

    def __call__(self, graph: Graph, samples: Samples) -> Graph:
        """The graph with strides."""
        if not self.most_growth >= 1:
            raise ValueError(f"most_growth={self.most_growth!r}, expected 1 or more")
        for name in [node.name for node in graph.nodes]:
            node = graph.by_name.get(name)
            if node is not None:
                graph = self._rewritten(graph, node)
        return verify(graph)

    def _rewritten(self, graph: Graph, node: Node) -> Graph:
        stride = kept(node.op)
        conv = _convolution(graph, node.inputs[0]) if stride is not None else None
        if stride is not None and conv is not None:
            return _moved_up(graph, node, conv, stride)
        source = graph.by_name.get(node.inputs[0]) if type(node.op) in (MeanPool, SumPool) else None
        if source is None or len(graph.users(source.name)) > 1 or type(source.op) is not Conv:
            return graph
        assert isinstance(node.op, PoolGeometry)
        found = self._with_box(source.op, node.op, graph.specs[source.inputs[0]])
        if found is None:
            return graph
        nodes = [n for n in graph.nodes if n.name != source.name]
        joined = replace(node, op=found, inputs=source.inputs)
        return replace(graph, nodes=tuple(joined if n.name == node.name else n for n in nodes))

    def _with_box(self, conv: Conv, pool: PoolGeometry, x: TensorSpec) -> Conv | None:
        """A convolution and the mean behind it as one; None where that saves nothing."""
        if conv.dilation != (1, 1) or conv.levels or conv.coded:
            return None
        (height, width), (down, right) = conv.window, conv.stride
        rows, columns = pool.size
        shape = (height + (rows - 1) * down, width + (columns - 1) * right)
        weights = np.zeros((len(conv.weights), *shape, conv.weights.shape[3]), np.float64)
        for i in range(rows):
            for j in range(columns):
                top, left = i * down, j * right
                weights[:, top : top + height, left : left + width] += conv.weights
        area = pool.area if type(pool) is MeanPool else 1
        found = replace(
            conv,
            weights=(weights / area).astype(np.float32),
            bias=(conv.bias * (pool.area / area)).astype(np.float32),
            stride=(down * pool.stride[0], right * pool.stride[1]),
        )
        is_large = found.weights.size > self.most_growth * conv.weights.size
        is_slow = found.macs(x) >= conv.macs(x)
        return None if is_large or is_slow else found


def kept(op: Op) -> tuple[int, int] | None:
    """The stride of an op that looks at one pixel in so many alone; None for any other."""
    is_pool = type(op) in (MaxPool, MeanPool, SumPool)
    if isinstance(op, PoolGeometry) and is_pool and op.size == (1, 1):
        return op.stride
    if type(op) is Conv and op.window == (1, 1) and not np.any(op.padding):
        return op.stride if op.stride != (1, 1) else None
    return None


def _convolution(graph: Graph, name: str) -> Node | None:
    """The convolution that makes a tensor, with only functions of entries between, and no reader
    beside."""
    node = graph.by_name.get(name)
    while node is not None and len(graph.users(node.name)) == 1:
        if type(node.op) is Conv:
            return node
        if node.op.facts.role not in PER_PIXEL or len(node.inputs) > 1:
            return None
        node = graph.by_name.get(node.inputs[0])
    return None


def _moved_up(graph: Graph, reader: Node, conv: Node, stride: tuple[int, int]) -> Graph:
    """The stride of a reader at the convolution before; a pooling of one pixel goes."""
    op = conv.op
    assert isinstance(op, Conv)
    down, right = op.stride
    graph = with_op(graph, conv.name, replace(op, stride=(down * stride[0], right * stride[1])))
    if isinstance(reader.op, Conv):
        return with_op(graph, reader.name, replace(reader.op, stride=(1, 1)))
    source = reader.inputs[0]
    left = (node for node in graph.nodes if node.name != reader.name)
    nodes = (replace(n, name=reader.name) if n.name == source else n for n in left)
    return replace(graph, nodes=tuple(nodes))
