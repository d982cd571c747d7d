"""An integer graph in the making: what stands for what, and how many bits each op wants."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from skconv.graph import (
    INPUT,
    Conv,
    Distances,
    Graph,
    Interpolate,
    Op,
    Rescale,
    TensorSpec,
)
from skconv.graph.core import Node
from skconv.graph.limits import INT8_MAX, INT16_MAX, UINT8_MAX
from skconv.graph.probabilities import Probabilities
from skconv.graph.quadratic import QuadraticScores
from skconv.passes import precision
from skconv.passes.calibrate import Ranges
from skconv.passes.scales import integer_spec, requantization

Bits = Literal[8, 16]


@dataclass
class Lowering:
    """An integer graph in the making."""

    source: Graph
    ranges: Ranges
    linear_bits: Bits
    output_bits: Bits
    graph: Graph
    names: dict[str, str] = field(default_factory=lambda: {INPUT: INPUT})
    conv_bits: Bits = 8
    are_logits: bool = False

    def __post_init__(self) -> None:
        self.source_specs = self.source.specs
        self._limits: dict[str, int] = {}

    def spec(self, name: str) -> TensorSpec:
        """The integer tensor that stands for a float tensor."""
        return self.graph.specs[self.names[name]]

    def add(self, node: Node, op: Op, *inputs: str) -> None:
        """Let ``op``, reading integer tensors, stand for a float node."""
        self.graph = self.graph.append(op, *inputs, name=node.name)
        self.names[node.name] = self.graph.output_name

    def conv_limit(self, node: Node) -> int:
        """The largest integer that a convolution wants to read.

        The first one keeps the 16 bits of an input that has them.
        """
        is_fine = self.conv_bits == 16 or (
            self.graph.input.nbytes > self.graph.input.size and self._is_first(node)
        )
        return INT16_MAX if is_fine else INT8_MAX

    def _is_first(self, node: Node) -> bool:
        """Whether no convolution comes before a node."""
        sources = [self.source.by_name[name] for name in node.inputs if name != INPUT]
        return all(not isinstance(s.op, Conv) and self._is_first(s) for s in sources)

    def vector_limit(self, node: Node) -> int:
        """The largest integer that a `Linear` or a `KernelMachine` wants to read."""
        (name,) = node.inputs
        before = self.source.by_name.get(name)
        if before is not None and isinstance(before.op, Distances):
            # They are much alike: of 8 bits, few would tell them apart.
            return precision.most(node.op, self.ranges[name])
        if self._becomes_shares(node.name):
            return max(INT8_MAX, precision.most(node.op, self.ranges[name]))
        are_logits = self._are_logarithms(node.name)
        return precision.limit(node.op, self.ranges[name], self.ranges[node.name], are_logits)

    def _are_logarithms(self, name: str) -> bool:
        """Whether a tensor is compared in absolute terms: as logarithms, or standard deviations."""
        users = self.source.users(name)
        is_squared = bool(users) and all(isinstance(n.op, QuadraticScores) for n in users)
        return is_squared or (self.are_logits and name == self.source.scores_name)

    def _becomes_shares(self, name: str) -> bool:
        """Whether probabilities of a member are made of a tensor, which others are added to."""
        users = self.source.users(name)
        return any(isinstance(user.op, Probabilities | Interpolate) for user in users)

    def is_delivered(self, name: str) -> bool:
        """Whether an integer tensor holds the numbers of the device, as they are."""
        if name == INPUT:
            return True
        node = self.graph.by_name[name]
        return node.op.facts.role == "layout" and self.is_delivered(node.inputs[0])

    def _are_counts(self, name: str) -> bool:
        node = self.graph.by_name.get(name)
        return node is not None and node.op.facts.stage == "counts"

    def limit(self, name: str) -> int:
        """The largest integer that all readers of a float tensor want."""
        if name not in self._limits:
            of_output = INT8_MAX if self.output_bits == 8 else INT16_MAX
            users = self.source.users(name)
            is_fine = any(node.op.facts.reads == "fine" for node in users)
            wishes = (self._limit_of(node, name) for node in users)
            self._limits[name] = INT16_MAX if is_fine else min(wishes, default=of_output)
        return self._limits[name]

    def _limit_of(self, node: Node, name: str) -> int:
        facts = node.op.facts
        if facts.reads == "readers":
            return self.limit(node.name)
        if facts.reads == "kernels":
            return self.conv_limit(node)
        if facts.reads == "scores":
            return self.vector_limit(node)
        if facts.reads == "unsigned":
            # It keeps the scale, and 8 bits would lose one of them to the sign.
            after = self.limit(node.name)
            return int((after if after > INT8_MAX else INT16_MAX) / facts.growth)
        return node.op.largest_read(self.source_specs[name])

    def wanted(self, name: str, at_most: int = INT16_MAX) -> TensorSpec:
        """The integer tensor that should stand for a float tensor."""
        low, high = self.ranges[name]
        limit = min(self.limit(name), at_most)
        return integer_spec(self.source_specs[name].shape, low, high, limit)

    def read(self, name: str, limit: int = INT16_MAX, at_most: int | None = None) -> str:
        """The integer tensor for ``name``, rescaled where it holds more than is wanted.

        The input of the graph stays as the device delivers it, up to ``at_most``; counts stay
        what they are.
        """
        spec = self.spec(name)
        allowed = UINT8_MAX if limit == INT8_MAX else limit
        if self.is_delivered(self.names[name]) or self._are_counts(self.names[name]):
            allowed = at_most or INT16_MAX + 1
        if spec.magnitude <= allowed:
            return self.names[name]
        low, high = self.ranges[name]
        return self.rescale(name, integer_spec(spec.shape, low, high, limit))

    def read_bytes(self, name: str) -> str:
        """The integer tensor for ``name`` in 8 bits."""
        spec = self.spec(name)
        if spec.nbytes == spec.size:
            return self.names[name]
        return self.rescale(name, integer_spec(spec.shape, *self.ranges[name], INT8_MAX))

    def rescale(self, name: str, wanted: TensorSpec) -> str:
        """A new integer tensor for ``name`` with the scale, type and limits wanted."""
        spec = self.spec(name)
        op = Rescale(requantization(spec.scale, spec.magnitude, wanted))
        self.graph = self.graph.append(op, self.names[name], name=f"{name}_rescaled")
        return self.graph.output_name
