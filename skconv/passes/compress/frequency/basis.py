"""Convolutions as shared ones with cosines, and a mixing of their maps."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from skconv.graph import Conv, Graph, Node
from skconv.graph.storage.frequency import cosines
from skconv.passes.compress.base import Array, Pass, Samples
from skconv.passes.compress.frequency.layers import Kernels, kernel_layers
from skconv.passes.compress.refit import refit_head
from skconv.passes.compress.second_order import DAMPING
from skconv.utils.progress import report


@dataclass
class DCTBasis(Pass):
    """Compute convolutions by a few shared ones with cosines, and a mixing of their maps.

    Each input channel meets the same basis functions; a convolution of 1x1 mixes the answers. With
    all functions that is the same numbers in more work. With ``keep`` of ``k * k`` functions, ``n``
    kernels take ``keep * (k * k + n)`` products a pixel and channel in place of ``n * k * k``, and
    ``keep / (k * k)`` of the weights. Those are kept that hold most of what the kernels answer; the
    mixing is fitted anew by least squares, and the head behind it. A layer stays as it is where it
    would take no fewer products.

    Parameters
    ----------
    keep : float, default=0.7
        Share of the basis functions, rounded to a whole number of them.
    damping : float, default=0.01
        Added to the diagonal of the second moments, in units of its mean.

    References
    ----------
    Wang, Xu, You, Tao, Xu, "CNNpack: Packing Convolutional Neural Networks in the Frequency
    Domain", NeurIPS 2016, section 4.

    Examples
    --------
    >>> import numpy as np
    >>> from skconv import DCTBasis
    >>> from skconv.graph import Conv, Graph, TensorSpec
    >>> from skconv.passes.compress import Samples
    >>> rng = np.random.default_rng(0)
    >>> kernels = rng.normal(size=(32, 3, 3, 4)).astype("float32")
    >>> graph = Graph(TensorSpec((9, 9, 4))).append(Conv(kernels, np.zeros(32, "f4")))
    >>> X = rng.normal(size=(50, 324)).astype("float32")
    >>> [node.op.describe() for node in DCTBasis(keep=0.5)(graph, Samples(X)).nodes]
    ['Conv 3x3 1->4 shared', 'Conv 1x1 16->32']
    """

    keep: float = 0.7
    damping: float = DAMPING

    def __call__(self, graph: Graph, samples: Samples) -> Graph:
        """The graph with shared convolutions.

        Parameters
        ----------
        graph : Graph
            A float graph.
        samples : Samples

        Returns
        -------
        Graph
        """
        if not 0 < self.keep <= 1:
            raise ValueError(f"keep={self.keep!r}, expected more than 0 and at most 1")
        if not self.damping > 0:
            raise ValueError(f"damping={self.damping!r}, expected more than 0")
        layers = [node for node in kernel_layers(graph) if _may_be_mixed(node)]
        if not layers:
            raise ValueError("DCTBasis needs kernels of 2 to 64 taps, and the graph has none")
        before = graph
        for node in layers:
            count = max(1, round(self.keep * _taps(node)))
            if _products(node, count) < _products(node, None):
                kernels = Kernels.of(graph, graph.by_name[node.name], samples, before)
                graph = self._rewritten(graph, node, kernels, count)
                report(f"{node.name} by {count} cosines")
        return refit_head(graph, before, samples) if graph is not before else graph

    def _rewritten(self, graph: Graph, node: Node, kernels: Kernels, count: int) -> Graph:
        coefficients, moments = kernels.in_cosines()
        channels, *size = kernels.plane_shape
        chosen = _chosen(coefficients, moments, channels, count)
        places = (np.arange(channels)[:, None] * _taps(node) + chosen).ravel()
        mixing = np.stack(
            [
                _kept(rows, of, places, self.damping)
                for rows, of in zip(coefficients, moments, strict=True)
            ]
        )
        op, n_kernels = kernels.op, len(kernels.op.weights)
        basis = np.einsum("uy,vx->uvyx", cosines(size[0]), cosines(size[1]))
        shared = replace(
            op,
            weights=basis.reshape(-1, *size, 1)[chosen].astype(np.float32),
            bias=np.zeros(count, np.float32),
            groups=1,
            shared=True,
            levels=0,
        )
        turned = (mixing @ kernels.transform[places]).astype(np.float64)
        bias = kernels.seen.biases(turned).ravel().astype(np.float32)
        weights = mixing.reshape(n_kernels, 1, 1, -1).astype(np.float32)
        return _with_pair(graph, node, shared, Conv(weights, bias, groups=op.groups))


def _may_be_mixed(node: Node) -> bool:
    assert isinstance(node.op, Conv)
    return not node.op.shared


def _taps(node: Node) -> int:
    op = node.op
    assert isinstance(op, Conv)
    return int(op.weights.shape[1] * op.weights.shape[2])


def _products(node: Node, count: int | None) -> int:
    """For each pixel and input channel: of the layer as it is, or by so many cosines."""
    op = node.op
    assert isinstance(op, Conv)
    mixed = len(op.weights) // op.groups
    return mixed * _taps(node) if count is None else count * (_taps(node) + mixed)


def _chosen(coefficients: Array, moments: Array, channels: int, count: int) -> Array:
    """The basis functions that hold most of the variance of what the kernels answer."""
    variance = np.einsum("gkw,gww->w", coefficients**2, moments)
    return np.sort(np.argsort(-variance.reshape(channels, -1).sum(axis=0), kind="stable")[:count])


def _kept(rows: Array, moments: Array, places: Array, damping: float) -> Array:
    """Coefficients at some places that make up, by least squares, for those that go."""
    of_kept = moments[np.ix_(places, places)].copy()
    mean = float(np.trace(of_kept)) / len(places)
    of_kept[np.diag_indices(len(places))] += damping * mean if mean > 0 else 1.0
    gone = rows.copy()
    gone[:, places] = 0
    return np.asarray(rows[:, places] + np.linalg.solve(of_kept, moments[places] @ gone.T).T)


def _with_pair(graph: Graph, node: Node, first: Conv, second: Conv) -> Graph:
    """Two convolutions in the place of one; the second has its name."""
    name = graph.free_name(f"{node.name} cosines")
    pair = (Node(name, first, node.inputs), Node(node.name, second, (name,)))
    nodes: list[Node] = []
    for other in graph.nodes:
        nodes += pair if other.name == node.name else [other]
    return replace(graph, nodes=tuple(nodes))
