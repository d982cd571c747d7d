"""Weights of a few levels as an entropy code."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from skconv.graph import Conv, Graph, Linear, Node
from skconv.graph.limits import INT8_MAX
from skconv.graph.storage.coded import coded_of
from skconv.graph.storage.entropy import Entropy
from skconv.graph.storage.narrow import narrow_form, pack
from skconv.passes.compress.base import Array, Pass, Samples, with_op
from skconv.passes.scales import level_scales


@dataclass
class EntropyCoding(Pass):
    """Store weights of a few levels as a Huffman code, with runs of zeros, where that is smaller.

    It takes layers that another pass has brought to levels, and changes no number of them: put it
    behind `SecondOrderRounding`. Kernels on no levels are rounded to int8 first, as quantisation
    does; linear layers on none stay as they are. It pays where levels are uneven, or most weights
    are 0; where five in a byte, or 3 or 4 bits each, take less, a layer stays as it is. A linear
    layer decodes one weight after the other while it adds up, and needs no RAM for them. It stands
    alone then: its features are kept, and no routine takes it, so it is slower.

    Parameters
    ----------
    least_saved : float, default=0.05
        Of the bytes of a layer: what has to be saved.

    References
    ----------
    Han, Mao, Dally, "Deep Compression", ICLR 2016, section 4; Huffman, "A Method for the
    Construction of Minimum-Redundancy Codes", Proceedings of the IRE, 1952.

    Examples
    --------
    >>> import numpy as np
    >>> from skconv import EntropyCoding
    >>> from skconv.graph import Graph, Linear, TensorSpec
    >>> from skconv.passes.compress import Samples
    >>> weights = np.zeros((10, 300), "float32")
    >>> weights[:, ::9] = 0.5
    >>> head = Linear(weights, np.zeros(10, "float32"), levels=1)
    >>> graph = EntropyCoding()(Graph(TensorSpec((300,))).append(head), Samples(np.zeros((2, 300))))
    >>> graph.nodes[0].op.coded.nbytes
    80
    """

    least_saved: float = 0.05

    def __call__(self, graph: Graph, samples: Samples) -> Graph:
        """The graph with entropy codes.

        Parameters
        ----------
        graph : Graph
            A float graph.
        samples : Samples
            Not looked at.

        Returns
        -------
        Graph
        """
        if not 0 <= self.least_saved < 1:
            raise ValueError(f"least_saved={self.least_saved!r}, expected 0 to less than 1")
        for node in graph.nodes:
            if _levels(node) == 0:
                continue
            op = node.op
            assert isinstance(op, Conv | Linear)
            coded = _entropy(op.weights, _levels(node))
            stored = _stored_bytes(op.weights, _levels(node))
            if coded is not None and coded.nbytes < (1 - self.least_saved) * stored:
                graph = with_op(graph, node.name, _with(op, coded))
        return graph


def _levels(node: Node) -> int:
    """Levels of the weights of a layer that may be coded; 0 of others."""
    if not isinstance(node.op, Conv | Linear) or coded_of(node.op) is not None:
        return 0
    plain = INT8_MAX if isinstance(node.op, Conv) else 0
    return int(getattr(node.op, "levels", 0)) or plain


def _entropy(weights: Array, levels: int) -> Entropy | None:
    """The whole numbers of weights, coded; None where they are on fewer levels that are no grid."""
    flat = weights.reshape(len(weights), -1).astype(np.float64)
    scales = level_scales(flat, levels)
    if scales is None and levels < INT8_MAX:
        return None
    if scales is None:
        largest = np.abs(flat).max(axis=1)
        scales = np.where(largest > 0, largest, 1.0) / INT8_MAX
    whole = np.rint(flat / scales[:, None]).astype(np.int8)
    return Entropy(weights.shape, values=whole.reshape(weights.shape))


def _with(op: Conv | Linear, coded: Entropy) -> Conv | Linear:
    """The layer with the numbers of the code, which are its own but for the last rounding."""
    whole = coded.weights().reshape(len(op.weights), -1).astype(np.float64)
    flat = op.weights.reshape(len(op.weights), -1)
    squares = (whole**2).sum(axis=1)
    scales = (whole * flat).sum(axis=1) / np.where(squares > 0, squares, 1.0)
    weights = (whole * scales[:, None]).reshape(op.weights.shape).astype(np.float32)
    return replace(op, weights=weights, levels=0, coded=coded)


def _stored_bytes(weights: Array, levels: int) -> int:
    """What a target stores without an entropy code."""
    form = narrow_form(levels)
    if form is None:
        return int(weights.size)
    flat = np.zeros((len(weights), weights.size // len(weights)), np.int8)
    return int(pack(flat, form).nbytes)
