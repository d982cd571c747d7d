"""Ops entry by entry on two tensors, and smooth functions of one: what deep networks are of.

Sums of a residual connection, products with a gate, and the activations that are no ReLU.
An integer form stands behind each; `skconv.runtime.elementwise` defines its integers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from skconv.graph.base import Array, Op, Shape, TensorSpec, require
from skconv.graph.facts import Facts
from skconv.graph.integer import IntegerOp, Requantization
from skconv.graph.limits import INT8_MAX

__all__ = ["Activation", "Add", "Multiply", "QActivation", "QAdd", "QMultiply"]

ActivationFunction = Literal[
    "sigmoid",
    "hardsigmoid",
    "silu",
    "hardswish",
    "gelu",
    "gelu_tanh",
    "tanh",
    "leaky_relu",
    "elu",
    "selu",
    "softplus",
    "mish",
]


@dataclass(frozen=True)
class Add(Op):
    """The sum of two tensors of one shape (a residual connection).

    Examples
    --------
    >>> import numpy as np
    >>> from skconv.graph import Abs, Add, Graph, TensorSpec
    >>> from skconv.runtime import reference
    >>> graph = Graph(TensorSpec((2,))).append(Abs()).append(Add(), "input", "abs")
    >>> reference.run(graph, np.array([[-1.5, 2.0]]))
    array([[0., 4.]])
    """

    facts = Facts("joining", in_place=True, reads="readers", passes_factors=True)
    n_inputs = 2

    def output(self, *inputs: TensorSpec) -> TensorSpec:
        first, second = inputs
        require(
            first.shape == second.shape,
            f"Add needs two tensors of one shape, got {first.shape} and {second.shape}",
        )
        return TensorSpec(first.shape)

    def macs(self, *inputs: TensorSpec) -> int:
        return inputs[0].size


@dataclass(frozen=True)
class QAdd(IntegerOp):
    """``first * factors[0] + second * factors[1]``, requantised.

    The factors bring both tensors to one scale, far finer than that of the result: the sum
    fills 31 bits, and only the result is rounded.
    """

    facts = Facts("joining", in_place=True)
    n_inputs = 2
    factors: tuple[int, int]
    requantization: Requantization

    def output(self, *inputs: TensorSpec) -> TensorSpec:
        first, second = inputs
        shape = Add().output(first, second).shape
        bound = sum(
            x.magnitude * abs(factor) for x, factor in zip(inputs, self.factors, strict=True)
        )
        return self.requantization.spec(shape, bound)

    def macs(self, *inputs: TensorSpec) -> int:
        return 2 * inputs[0].size


@dataclass(frozen=True)
class Multiply(Op):
    """The product of a tensor with one of its shape, or with a number for every channel.

    The second tensor has the shape of the first, or is ``(1, 1, channels)``: the gate of a
    squeeze-and-excitation block.

    References
    ----------
    Hu, Shen, Sun, "Squeeze-and-excitation networks", CVPR 2018.
    """

    facts = Facts("joining", in_place=True, reads="readers")
    n_inputs = 2

    def output(self, *inputs: TensorSpec) -> TensorSpec:
        first, second = inputs
        return TensorSpec(product_shape(first, second))

    def macs(self, *inputs: TensorSpec) -> int:
        return inputs[0].size


def product_shape(first: TensorSpec, second: TensorSpec) -> Shape:
    """The shape of a product; ValueError where the second tensor does not fit the first."""
    gate = (*(1 for _ in first.shape[:-1]), first.shape[-1])
    require(
        second.shape in (first.shape, gate),
        f"Multiply needs a second tensor of shape {first.shape} or {gate}, got {second.shape}",
    )
    return first.shape


@dataclass(frozen=True)
class QMultiply(IntegerOp):
    """The product of two integer tensors as of `Multiply`, requantised."""

    facts = Facts("joining", in_place=True)
    n_inputs = 2
    requantization: Requantization

    def output(self, *inputs: TensorSpec) -> TensorSpec:
        first, second = inputs
        bound = first.magnitude * second.magnitude
        return self.requantization.spec(product_shape(first, second), bound)

    def macs(self, *inputs: TensorSpec) -> int:
        return inputs[0].size


@dataclass(frozen=True)
class Activation(Op):
    """A smooth or broken-line function of every entry, by the formulas of torch.

    Parameters
    ----------
    function : str
        ========================  ==========================================================
        ``"sigmoid"``             ``1 / (1 + exp(-x))``
        ``"hardsigmoid"``         ``min(max(x / 6 + 1/2, 0), 1)``
        ``"silu"``                ``x * sigmoid(x)``
        ``"hardswish"``           ``x * hardsigmoid(x)``
        ``"gelu"``                ``x * (1 + erf(x / sqrt(2))) / 2``
        ``"gelu_tanh"``           ``x * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 x^3))) / 2``
        ``"tanh"``                ``tanh(x)``
        ``"leaky_relu"``          ``x`` where ``x > 0``, else ``slope * x``
        ``"elu"``                 ``x`` where ``x > 0``, else ``exp(x) - 1``
        ``"selu"``                ``1.0507 * x`` where ``x > 0``, else ``1.7581 (exp(x) - 1)``
        ``"softplus"``            ``log(1 + exp(x))``
        ``"mish"``                ``x * tanh(softplus(x))``
        ========================  ==========================================================
    slope : float, default=0.01
        Of the negative side of ``"leaky_relu"``.

    Examples
    --------
    >>> import numpy as np
    >>> from skconv.graph import Activation, Graph, TensorSpec
    >>> from skconv.runtime import reference
    >>> graph = Graph(TensorSpec((3,))).append(Activation("hardswish"))
    >>> reference.run(graph, np.array([[-3.0, 1.5, 4.0]]))
    array([[-0.   ,  1.125,  4.   ]])
    """

    facts = Facts("entrywise", in_place=True)
    function: ActivationFunction = "sigmoid"
    slope: float = 0.01

    def largest_read(self, x: TensorSpec) -> int:
        return INT8_MAX

    def output(self, *inputs: TensorSpec) -> TensorSpec:
        (x,) = inputs
        known = get_args(ActivationFunction)
        require(
            self.function in known,
            f"Activation of function {self.function!r}, expected one of {known}",
        )
        return TensorSpec(x.shape)

    def describe(self) -> str:
        return f"{type(self).__name__} {self.function}"


@dataclass(frozen=True)
class QActivation(IntegerOp):
    """A function of 8-bit integers, as a table of its 256 results.

    Parameters
    ----------
    function : str
        What the table holds, for a reader.
    table : ndarray of shape (256,)
        int8 or uint8. Entry ``x`` for ``x >= 0``, entry ``256 + x`` for ``x < 0``: the place
        is the byte of ``x``.
    scale : float
        What one unit of the result is worth.
    """

    facts = Facts("entrywise", in_place=True)
    function: str
    table: Array
    scale: float = 1.0

    def output(self, *inputs: TensorSpec) -> TensorSpec:
        (x,) = inputs
        require(
            x.dtype in ("int8", "uint8"),
            f"{self.describe()} needs entries of 8 bits, got {x.dtype}",
        )
        require(
            self.table.shape == (256,) and self.table.dtype.name in ("int8", "uint8"),
            f"{self.describe()} needs a table of 256 entries of 8 bits, "
            f"got {self.table.dtype} {self.table.shape}",
        )
        low, high = x.limits
        reached = self.table[np.arange(low, high + 1)]
        return TensorSpec(
            x.shape,
            self.table.dtype.name,
            self.scale,
            minimum=int(reached.min()),
            maximum=int(reached.max()),
        )

    def describe(self) -> str:
        return f"{type(self).__name__} {self.function}"
