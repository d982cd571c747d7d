"""Ops that hold a graph: features fixed before the classifier is fitted, and fused stages."""

from __future__ import annotations

from dataclasses import dataclass

from skconv.graph.base import INTEGER, Array, Op, TensorSpec, require
from skconv.graph.core import Graph
from skconv.graph.ops import Reshape


@dataclass(frozen=True)
class Nested(Op):
    """An op whose work is that of a graph."""

    graph: Graph = None  # type: ignore[assignment]

    def macs(self, *inputs: TensorSpec) -> int:
        return self.graph.macs

    @property
    def parameters(self) -> dict[str, Array]:
        return {
            f"{node.name}.{name}": array
            for node in self.graph.nodes
            for name, array in node.op.parameters.items()
        }


@dataclass(frozen=True)
class Quantized(Nested):
    """Features in the integers of the device, as numbers of a float graph.

    The input is brought to the integers of ``graph.input``; the result is the integers of
    ``graph.output`` as they are. Quantisation puts the nodes of ``graph`` in its place, so
    that a classifier fitted on these numbers meets the same ones on the target.
    """

    def output(self, *inputs: TensorSpec) -> TensorSpec:
        (x,) = inputs
        require(
            x.size == self.graph.input.size,
            f"Quantized wants {self.graph.input.size} numbers, got shape {x.shape}",
        )
        return TensorSpec(self.graph.output.shape)

    def describe(self) -> str:
        return f"Quantized ({len(self.graph.nodes)} nodes)"


@dataclass(frozen=True)
class Fused(Nested):
    """A chain of integer ops carried out window by window: no tensor between them is kept.

    The numbers are those of the chain, op after op.
    """

    domains = INTEGER

    def output(self, *inputs: TensorSpec) -> TensorSpec:
        (x,) = inputs
        require(x == self.graph.input, f"Fused wants {self.graph.input}, got {x}")
        return self.graph.output

    def describe(self) -> str:
        parts = (n.op.describe() for n in self.graph.nodes if not isinstance(n.op, Reshape))
        return " + ".join(parts)
