"""Second-order rounding of linear layers, to a few levels."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import repeat
from numbers import Integral

import numpy as np

from skconv.graph import Graph, Linear, Node
from skconv.passes.compress.base import Array, Loss, Pass, Samples, head_of, with_op
from skconv.passes.compress.loss import hessians, refitted
from skconv.passes.compress.second_order import DAMPING, Curvature, curvature, round_row
from skconv.utils.progress import report


@dataclass
class SecondOrderRounding(Pass):
    """Round the weights of linear layers to a few levels, in the way that the data allow.

    Plain rounding looks at one weight at a time. This one hands the error of each weight on to
    those not yet rounded, by the second moments of what the layer reads: what one weight loses,
    others make up for. The scale and the bias of each output are then fitted anew. It takes no
    back-propagation.

    Parameters
    ----------
    levels : int, default=3
        Weights are whole multiples, from ``-levels`` to ``levels``, of one number an output. 1 is
        ternary (five weights in a byte), 3 takes 3 bits, 7 takes 4 bits, up to 127 take a byte.
    damping : float, default=0.01
        Added to the diagonal of the Hessian, in units of its mean.

    References
    ----------
    Frantar, Alistarh, "Optimal Brain Compression", NeurIPS 2022; Frantar et al., "GPTQ", ICLR
    2023.

    Examples
    --------
    >>> import numpy as np
    >>> from skconv import SecondOrderRounding
    >>> from skconv.graph import Graph, Linear, TensorSpec
    >>> from skconv.passes.compress import Samples
    >>> X = np.random.default_rng(0).normal(size=(100, 3)).astype("float32")
    >>> head = Linear(np.float32([[0.9, -1.1, 0.1]]), np.float32([0.5]))
    >>> graph = SecondOrderRounding(levels=1)(Graph(TensorSpec((3,))).append(head), Samples(X))
    >>> np.sign(graph.nodes[0].op.weights).tolist()
    [[1.0, -1.0, 0.0]]
    """

    levels: int = 3
    damping: float = DAMPING

    def __call__(self, graph: Graph, samples: Samples) -> Graph:
        """The graph with rounded weights.

        Parameters
        ----------
        graph : Graph
            A float graph.
        samples : Samples

        Returns
        -------
        Graph
        """
        self._check()
        layers = [node for node in graph.nodes if isinstance(node.op, Linear)]
        if not layers:
            raise ValueError("SecondOrderRounding needs a linear layer, and the graph has none")
        head = head_of(graph)
        for node in layers:
            is_head = head is not None and node.name == head.name
            loss: Loss = samples.loss if is_head else "squared"
            graph = with_op(graph, node.name, self._rounded(graph, node, samples, loss))
            report(f"{node.name} rounded to {2 * self.levels + 1} levels")
        return graph

    def _check(self) -> None:
        if not isinstance(self.levels, Integral) or not 1 <= self.levels <= 127:
            raise ValueError(f"levels={self.levels!r}, expected a whole number from 1 to 127")
        if not self.damping > 0:
            raise ValueError(f"damping={self.damping!r}, expected more than 0")

    def _rounded(self, graph: Graph, node: Node, samples: Samples, loss: Loss) -> Linear:
        op = node.op
        assert isinstance(op, Linear)
        inputs = samples.tensor(graph, node.inputs[0])
        scores = inputs @ op.weights.T + op.bias
        weights = np.empty_like(op.weights)
        for i, of in enumerate(self._curvatures(inputs, scores, loss)):
            whole, scale = round_row(op.weights[i], of, self.levels)
            weights[i] = whole * scale
        scales, biases = refitted(inputs @ weights.T, scores, samples.y, loss)
        return replace(
            op,
            weights=(weights * scales[:, None]).astype(np.float32),
            bias=biases.astype(np.float32),
            levels=self.levels,
        )

    def _curvatures(self, inputs: Array, scores: Array, loss: Loss) -> Iterator[Curvature]:
        """One for each output, made as it is asked for: ten of a wide layer would fill memory."""
        found = hessians(inputs, scores, loss)
        if loss == "squared":
            yield from repeat(curvature(next(found), self.damping), scores.shape[1])
        else:
            yield from (curvature(hessian, self.damping) for hessian in found)
