"""Second-order rounding of linear layers and convolutions, to a few levels."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import repeat
from numbers import Integral
from typing import Literal, get_args

import numpy as np

from skconv.graph import INPUT, Conv, Graph, KernelMachine, Linear, Node
from skconv.passes.compress.base import Array, Loss, Pass, Samples, head_of, with_op
from skconv.passes.compress.loss import hessians, refitted, shared_hessian
from skconv.passes.compress.positions import spread
from skconv.passes.compress.rounded_kernels import with_rounded_convs
from skconv.passes.compress.rounded_machine import rounded_machine
from skconv.passes.compress.second_order import DAMPING, Curvature, curvature, round_row
from skconv.utils.progress import report

Layers = Literal["inner", "all", "linear", "conv"]
Hessian = Literal["own", "shared"]
MOST_OF_MACHINES = 2048
VECTOR_BITS = (4, 8)


def _is_rounded(head: Node | None) -> bool:
    """Whether the weights of a head have few levels already, or are coded."""
    op = None if head is None else head.op
    return isinstance(op, Linear) and (op.levels > 0 or op.coded is not None)


def _is_inner(node: Node) -> bool:
    """Whether a convolution reads a map of other layers, and several channels of it."""
    op = node.op
    return isinstance(op, Conv) and INPUT not in node.inputs and op.weights.shape[3] > 1


@dataclass
class SecondOrderRounding(Pass):
    """Round the weights of layers to a few levels, in the way that the data allow.

    Plain rounding looks at one weight at a time. This one hands the error of each weight on to
    those not yet rounded, by the second moments of what the layer reads: what one weight loses,
    others make up for. The scale and the bias of each output are then fitted anew. It takes no
    back-propagation.

    Layers are rounded in their order. Each sees what the rounded layers before it leave, and makes
    up for their errors as far as it can. The head is fitted anew behind changed convolutions, and
    rounded last. Of a kernel machine the coefficients are rounded, by the kernels of the samples
    with its support vectors; a decision whose sign is all that counts has a scale of its own.

    Parameters
    ----------
    levels : int, default=3
        Weights are whole multiples, from ``-levels`` to ``levels``, of one number an output. 1 is
        ternary (five weights in a byte), 3 takes 3 bits, 7 takes 4 bits, up to 127 take a byte.
    damping : float, default=0.01
        Added to the diagonal of the Hessian, in units of its mean.
    layers : {"inner", "all", "linear", "conv"}, default="inner"
        Which layers are rounded. ``"inner"``: linear layers and the convolutions that hold most of
        the weights of a deep network: not those that read the input, nor depthwise ones, whose few
        weights cannot make up for each other. ``"all"``: these, too. ``"linear"`` and ``"conv"``:
        all of the kind. Kernel machines count as linear.
    vector_bits : {8, 4}, default=8
        Of a feature of a support vector. With 4, support vectors are rounded to 16 evenly spaced
        values and stored two features in a byte, and coefficients are made for these vectors.
        Most of the bytes of a kernel machine are those of its vectors.
    hessian : {"own", "shared"}, default="own"
        Of a logistic regression: one Hessian for each class, or their mean for all of them, which
        is one matrix to make and to factor in place of one a class.

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
    layers: Layers = "inner"
    vector_bits: int = 8
    hessian: Hessian = "own"

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
        convs, linears, machines = self._chosen(graph)
        if not convs and not linears and not machines:
            raise ValueError(
                f"SecondOrderRounding needs layers that layers={self.layers!r} names, "
                "and the graph has none"
            )
        if convs:
            keeps = self.layers == "conv" and _is_rounded(head_of(graph))
            graph = with_rounded_convs(
                graph, convs, samples, self.levels, self.damping, keeps_head=keeps
            )
        graph = self._with_linears(graph, linears, samples)
        return self._with_machines(graph, machines, samples)

    def _chosen(self, graph: Graph) -> tuple[list[str], list[str], list[str]]:
        """Names of the convolutions, linear layers and kernel machines that are to be rounded."""
        convs = [node for node in graph.nodes if isinstance(node.op, Conv)]
        if self.layers == "inner":
            convs = [node for node in convs if _is_inner(node)]
        linears = [node.name for node in graph.nodes if isinstance(node.op, Linear)]
        machines = [node.name for node in graph.nodes if isinstance(node.op, KernelMachine)]
        if self.layers == "linear":
            return [], linears, machines
        names = [node.name for node in convs]
        return (names, [], []) if self.layers == "conv" else (names, linears, machines)

    def _with_linears(self, graph: Graph, names: list[str], samples: Samples) -> Graph:
        head = head_of(graph)
        for name in names:
            loss: Loss = samples.loss if head is not None and name == head.name else "squared"
            graph = with_op(graph, name, self._rounded(graph, graph.by_name[name], samples, loss))
            report(f"{name} rounded to {2 * self.levels + 1} levels")
        return graph

    def _with_machines(self, graph: Graph, names: list[str], samples: Samples) -> Graph:
        few = spread(samples, MOST_OF_MACHINES)
        for name in names:
            node = graph.by_name[name]
            assert isinstance(node.op, KernelMachine)
            x = few.tensor(graph, node.inputs[0])
            few_values = self.vector_bits == min(VECTOR_BITS)
            rounded = rounded_machine(node.op, x, self.levels, self.damping, few_values=few_values)
            graph = with_op(graph, name, rounded)
            report(f"{name} rounded to {2 * self.levels + 1} levels")
        return graph

    def _check(self) -> None:
        if not isinstance(self.levels, Integral) or not 1 <= self.levels <= 127:
            raise ValueError(f"levels={self.levels!r}, expected a whole number from 1 to 127")
        if not self.damping > 0:
            raise ValueError(f"damping={self.damping!r}, expected more than 0")
        if self.layers not in get_args(Layers):
            names = ", ".join(map(repr, get_args(Layers)))
            raise ValueError(f"layers={self.layers!r}, expected one of {names}")
        if self.vector_bits not in VECTOR_BITS:
            raise ValueError(f"vector_bits={self.vector_bits!r}, expected 4 or 8")
        if self.hessian not in get_args(Hessian):
            raise ValueError(f"hessian={self.hessian!r}, expected 'own' or 'shared'")

    def _rounded(self, graph: Graph, node: Node, samples: Samples, loss: Loss) -> Linear:
        op = node.op
        assert isinstance(op, Linear)
        read = op.weights.any(axis=0)  # No error is handed on to an input that was pruned.
        if not read.any():
            return op
        inputs = samples.tensor(graph, node.inputs[0])[:, read]
        scores = inputs @ op.weights[:, read].T + op.bias
        weights = np.zeros_like(op.weights)
        for i, of in enumerate(self._curvatures(inputs, scores, loss)):
            whole, scale = round_row(op.weights[i, read], of, self.levels)
            weights[i, read] = whole * scale
        scales, biases = refitted(inputs @ weights[:, read].T, scores, samples.y, loss)
        return replace(
            op,
            weights=(weights * scales[:, None]).astype(np.float32),
            bias=biases.astype(np.float32),
            levels=self.levels,
        )

    def _curvatures(self, inputs: Array, scores: Array, loss: Loss) -> Iterator[Curvature]:
        """One for each output, made as it is asked for: ten of a wide layer would fill memory."""
        if loss == "squared" or self.hessian == "shared":
            shared = curvature(shared_hessian(inputs, scores, loss), self.damping)
            yield from repeat(shared, scores.shape[1])
        else:
            yield from (curvature(each, self.damping) for each in hessians(inputs, scores, loss))
