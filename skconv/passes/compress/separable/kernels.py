"""The pass that makes kernels separable."""

from __future__ import annotations

from dataclasses import dataclass, fields
from numbers import Integral

import numpy as np

from skconv.graph import Conv, Graph, Hash, Node, SeparableConv, TensorSpec
from skconv.passes.compress.base import Pass, Samples, with_op
from skconv.passes.compress.refit import refit_head
from skconv.passes.compress.second_order import DAMPING
from skconv.passes.compress.seen import seen
from skconv.passes.compress.separable.integers import integer_factors
from skconv.passes.compress.separable.terms import Wanted, shared_terms
from skconv.utils.progress import report


@dataclass
class SeparableKernels(Pass):
    """Replace kernels by sums of a few terms, each a column of weights times a row.

    A kernel of 7 x 7 weights takes 49 products a pixel, a term of it 14, and 7 where its column is
    that of another term. Every kernel gets as few terms as keep enough of it, by singular values.
    Columns and rows are rounded to int8 jointly, by the second moments of the patches; the
    accumulators stay exact. A linear head is fitted anew to the new features. It takes no
    back-propagation.

    A convolution stays as it is where that would not save products: at kernels of one row or
    column, at most kernels of 3 x 3, and at random weights, which have no structure. So does one
    whose sums become codes, or whose bank is shared by several channels.

    Parameters
    ----------
    energy : float in (0, 1], default=0.995
        The share of the squares of the weights of a kernel that its terms keep.
    rank : int, default=None
        Most terms of a kernel for each channel, whatever they keep. None: as many as it takes.
    damping : float, default=0.01
        Added to the diagonal of the Hessian, in units of its mean.

    References
    ----------
    Anwar, Hwang, Sung, "Learning separable fixed-point kernels for deep convolutional neural
    networks", ICASSP 2016. Eckart, Young, "The approximation of one matrix by another of lower
    rank", Psychometrika 1(3), 1936.

    Examples
    --------
    >>> import numpy as np
    >>> from skconv import SeparableKernels
    >>> from skconv.graph import Conv, Graph, TensorSpec
    >>> from skconv.passes.compress import Samples
    >>> blur = np.float32([1, 4, 6, 4, 1])
    >>> conv = Conv(np.outer(blur, blur).reshape(1, 5, 5, 1), np.zeros(1, "float32"))
    >>> X = np.random.default_rng(0).normal(size=(20, 8, 8, 1)).astype("float32")
    >>> graph = SeparableKernels()(Graph(TensorSpec((8, 8, 1))).append(conv), Samples(X))
    >>> factors = graph.nodes[0].op.factors
    >>> len(factors.rows), bool(np.allclose(graph.nodes[0].op.weights, conv.weights, rtol=0.02))
    (1, True)
    """

    energy: float = 0.995
    rank: int | None = None
    damping: float = DAMPING

    def __call__(self, graph: Graph, samples: Samples) -> Graph:
        """The graph with separable convolutions.

        Parameters
        ----------
        graph : Graph
            A float graph.
        samples : Samples

        Returns
        -------
        Graph
            The same one, where nothing would be saved.
        """
        self._check()
        before = graph
        for node in graph.nodes:
            if not _may_be_separable(graph, node):
                continue
            x = graph.specs[node.inputs[0]]
            op = self._separated(graph, node, samples, before)
            if op.macs(x) < node.op.macs(x):
                graph = with_op(graph, node.name, op)
                report(f"{node.name} has {len(op.factors.rows)} terms")
        return graph if graph is before else refit_head(graph, before, samples)

    def _check(self) -> None:
        if not 0 < self.energy <= 1:
            raise ValueError(f"energy={self.energy!r}, expected more than 0 and at most 1")
        if self.rank is not None and not (isinstance(self.rank, Integral) and self.rank >= 1):
            raise ValueError(f"rank={self.rank!r}, expected a whole number from 1 on, or None")
        if not self.damping > 0:
            raise ValueError(f"damping={self.damping!r}, expected more than 0")

    def _separated(
        self, graph: Graph, node: Node, samples: Samples, before: Graph
    ) -> SeparableConv:
        op, x = node.op, graph.specs[node.inputs[0]]
        assert isinstance(op, Conv)
        rows = seen(graph, node, samples, before)
        by_group = (op.groups, -1, op.weights[0].size)
        wanted = rows.best_weights(op.weights.reshape(by_group), self.damping)
        wanted = wanted.reshape(op.weights.shape)
        columns, terms = shared_terms(wanted, op.groups, self._wanted(op, x))
        hessians = rows.hessian(self.damping)
        factors, scales = integer_factors(wanted, columns, terms, hessians)
        whole = factors.weights(op.groups, op.weights.shape[3])
        weights = whole * scales[:, None, None, None]
        geometry = {f.name: getattr(op, f.name) for f in fields(Conv)}
        changed = {
            "weights": weights.astype(np.float32),
            "bias": rows.biases(weights.reshape(by_group)).ravel().astype(np.float32),
            "shared": False,
        }
        return SeparableConv(**geometry | changed, factors=factors)

    def _wanted(self, op: Conv, x: TensorSpec) -> Wanted:
        """What a line and a term cost for each row of windows."""
        height, width = (int(side) for side in op.weights.shape[1:3])
        rank = min(height, width) if self.rank is None else int(self.rank)
        return Wanted(self.energy, rank, x.shape[1] * height, op.map_shape(x)[1] * width)


def _may_be_separable(graph: Graph, node: Node) -> bool:
    op = node.op
    if not isinstance(op, Conv) or isinstance(op, SeparableConv) or op.coded is not None:
        return False
    is_shared = op.shared and graph.specs[node.inputs[0]].shape[2] > 1
    is_hashed = any(isinstance(user.op, Hash) for user in graph.users(node.name))
    return min(op.weights.shape[1:3]) > 1 and not is_shared and not is_hashed
