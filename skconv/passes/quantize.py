"""Quantisation: a float graph and the ranges of its tensors become an integer graph.

- Every float node is lowered in turn (`skconv.passes.lower`); ``Lowering`` remembers which
  integer tensor stands for which float tensor.
- Activations have zero point 0: uint8 where nothing is negative, else int8, and int16 where
  the next op loses nothing by it. What the readers of a tensor want decides (`demand`).
- Weights are int8 with a scale per kernel; the accumulators are proven to fit int32.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import singledispatch
from math import isqrt
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from skconv.graph import (
    INPUT,
    Abs,
    BothSigns,
    Concat,
    Conv,
    Graph,
    KernelMachine,
    L2Pool,
    Linear,
    Magnitude,
    MaxPool,
    Normalize,
    Op,
    Permute,
    Quantized,
    Relu,
    Rescale,
    Reshape,
    Select,
    TensorSpec,
    verify,
)
from skconv.graph.core import Node
from skconv.graph.integer import ACCUMULATOR_MAX
from skconv.passes.calibrate import Range, Ranges
from skconv.passes.scales import INT8_MAX, INT16_MAX, UINT8_MAX, integer_spec, requantization

Bits = Literal[8, 16]
InputType = Literal["uint8", "int8", "int16"]

# Ops that hand on the integers that they get: what their readers want, they want.
TRANSPARENT = (Reshape, Permute, Concat, Select, Relu, MaxPool)


@singledispatch
def demand(op: Op, x: TensorSpec) -> int:
    """The largest integer that an op wants to read: 127 for 8 bits, more for 16."""
    return INT16_MAX


@demand.register(Conv)
@demand.register(Linear)
@demand.register(KernelMachine)
def _(op: Op, x: TensorSpec) -> int:
    return INT8_MAX


@demand.register
def _(op: Magnitude, x: TensorSpec) -> int:
    return int(INT16_MAX / np.sqrt(2.0))


@demand.register
def _(op: L2Pool, x: TensorSpec) -> int:
    return min(INT16_MAX, isqrt(ACCUMULATOR_MAX // op.area))


@demand.register
def _(op: Normalize, x: TensorSpec) -> int:
    return min(INT16_MAX, isqrt(ACCUMULATOR_MAX // x.size))


@dataclass
class Lowering:
    """An integer graph in the making."""

    source: Graph
    ranges: Ranges
    linear_bits: Bits
    output_bits: Bits
    graph: Graph
    names: dict[str, str] = field(default_factory=lambda: {INPUT: INPUT})

    def __post_init__(self) -> None:
        self.source_specs = self.source.specs

    def spec(self, name: str) -> TensorSpec:
        """The integer tensor that stands for a float tensor."""
        return self.graph.specs[self.names[name]]

    def add(self, node: Node, op: Op, *inputs: str) -> None:
        """Let ``op``, reading integer tensors, stand for a float node."""
        self.graph = self.graph.append(op, *inputs, name=node.name)
        self.names[node.name] = self.graph.output_name

    def limit(self, name: str) -> int:
        """The largest integer that all readers of a float tensor want."""
        of_output = INT8_MAX if self.output_bits == 8 else INT16_MAX
        users = self.source.users(name)
        return min((self._limit_of(node, name) for node in users), default=of_output)

    def _limit_of(self, node: Node, name: str) -> int:
        if isinstance(node.op, TRANSPARENT):
            return self.limit(node.name)
        if isinstance(node.op, Abs | BothSigns):
            # They keep the scale, and 8 bits would lose one of them to the sign.
            after = self.limit(node.name)
            return after if after > INT8_MAX else INT16_MAX
        return demand(node.op, self.source_specs[name])

    def wanted(self, name: str) -> TensorSpec:
        """The integer tensor that should stand for a float tensor."""
        low, high = self.ranges[name]
        return integer_spec(self.source_specs[name].shape, low, high, self.limit(name))

    def read(self, name: str, limit: int = INT16_MAX, at_most: int | None = None) -> str:
        """The integer tensor for ``name``, rescaled where it holds more than is wanted.

        The input of the graph stays as the device delivers it, up to ``at_most``.
        """
        spec = self.spec(name)
        allowed = UINT8_MAX if limit == INT8_MAX else limit
        if self.names[name] == INPUT:
            allowed = at_most or INT16_MAX
        if spec.magnitude <= allowed:
            return self.names[name]
        low, high = self.ranges[name]
        return self.rescale(name, integer_spec(spec.shape, low, high, limit))

    def rescale(self, name: str, wanted: TensorSpec) -> str:
        """A new integer tensor for ``name`` with the scale, type and limits wanted."""
        spec = self.spec(name)
        bound = spec.magnitude + abs(spec.zero_point)
        rule = requantization(spec.scale, bound, wanted)
        op = Rescale(input_zero_point=spec.zero_point, requantization=rule)
        self.graph = self.graph.append(op, self.names[name], name=f"{name}_rescaled")
        return self.graph.output_name


def quantize(
    graph: Graph,
    ranges: Ranges,
    *,
    input_dtype: InputType | None = None,
    input_scale: float | None = None,
    linear_bits: Bits = 16,
    output_bits: Bits = 8,
) -> Graph:
    """The integer graph of a float graph.

    Parameters
    ----------
    graph : Graph
        A float graph.
    ranges : dict of str to (float, float)
        Range of every tensor, from `skconv.passes.calibrate.calibrate`.
    input_dtype : {"uint8", "int8", "int16"}, optional
        What the device delivers; from the range of the input where None.
    input_scale : float, optional
        What one unit of the input is worth; from its range where None.
    linear_bits : {8, 16}
        Size of the weights of linear layers and classifiers.
    output_bits : {8, 16}
        Size of the features, where the graph ends in features.

    Raises
    ------
    NotConvertibleError
        Where an op has no integer form, or accumulators cannot be made to fit int32.
    """
    from skconv.passes.lower import lower

    verify(graph)
    device = nested_input(graph) or input_tensor(graph, ranges[INPUT], input_dtype, input_scale)
    lowering = Lowering(graph, ranges, linear_bits, output_bits, Graph(device))
    for node in graph.nodes:
        if node.name not in lowering.names:
            lower(node.op, node, lowering)
    return verify(replace(lowering.graph, classes=graph.classes))


def device_input(x: NDArray[Any]) -> dict[str, Any]:
    """``input_dtype`` and ``input_scale`` for data like ``x``.

    Integers of 8 or 16 bits are what the device delivers. So are whole numbers in another
    type, where they fit. Other numbers get a scale from their range.
    """
    if x.dtype.name in get_args(InputType):
        return {"input_dtype": x.dtype.name, "input_scale": 1.0}
    if not np.array_equal(x, np.rint(x)):
        return {}
    low, high = x.min(), x.max()
    if low >= 0 and high <= UINT8_MAX:
        return {"input_dtype": "uint8", "input_scale": 1.0}
    if max(high, -low) <= INT16_MAX:
        return {"input_dtype": "int16", "input_scale": 1.0}
    return {}


def nested_input(graph: Graph) -> TensorSpec | None:
    """The input of the features that are quantised already, where there are any."""
    specs = {node.op.graph.input for node in graph.users(INPUT) if isinstance(node.op, Quantized)}
    if len(specs) > 1:
        raise ValueError(f"quantized features disagree on the input: {sorted(map(str, specs))}")
    return specs.pop() if specs else None


def unit_scale(graph: Graph) -> Graph:
    """An integer graph whose output counts in its own integers: scale 1.

    The scale of a requantisation only says what its integers mean, so no integer changes.
    """
    nodes = list(graph.nodes)
    for i in reversed(range(len(nodes))):
        rule = getattr(nodes[i].op, "requantization", None)
        if rule is not None:
            op = replace(nodes[i].op, requantization=replace(rule, scale=1.0))  # type: ignore[call-arg]
            nodes[i] = replace(nodes[i], op=op)
            break
    return verify(replace(graph, nodes=tuple(nodes)))


def input_tensor(
    graph: Graph, limits: Range, dtype: InputType | None, scale: float | None
) -> TensorSpec:
    """The input that the device delivers."""
    low, high = limits
    chosen = dtype or ("uint8" if low >= 0 else "int16")
    info = np.iinfo(chosen)
    if low < 0 and info.min == 0:
        raise ValueError(f"input_dtype={chosen!r}, but calibration samples go down to {low:g}")
    minimum, maximum = (0 if info.min == 0 else -int(info.max)), int(info.max)
    if scale is not None:
        return TensorSpec(graph.input.shape, chosen, scale, 0, int(info.min), maximum)
    largest = max(high, -low)
    fitted = largest / maximum if largest > 0 else 1.0
    return TensorSpec(graph.input.shape, chosen, fitted, 0, minimum, maximum)
