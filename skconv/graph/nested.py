"""An integer graph as one op of a float graph: features fixed before the classifier is fitted."""

from __future__ import annotations

from dataclasses import dataclass

from skconv.graph.base import Array, Op, TensorSpec, require
from skconv.graph.core import Graph


@dataclass(frozen=True)
class Quantized(Op):
    """Features in the integers of the device, as numbers of a float graph.

    The input is brought to the integers of ``graph.input``; the result is the integers of
    ``graph.output`` as they are. Quantisation puts the nodes of ``graph`` in its place, so
    that a classifier fitted on these numbers meets the same ones on the target.
    """

    graph: Graph = None  # type: ignore[assignment]

    def output(self, *inputs: TensorSpec) -> TensorSpec:
        (x,) = inputs
        require(
            x.size == self.graph.input.size,
            f"Quantized wants {self.graph.input.size} numbers, got shape {x.shape}",
        )
        return TensorSpec(self.graph.output.shape)

    def macs(self, *inputs: TensorSpec) -> int:
        return self.graph.macs

    @property
    def parameters(self) -> dict[str, Array]:
        return {
            f"{node.name}.{name}": array
            for node in self.graph.nodes
            for name, array in node.op.parameters.items()
        }

    def describe(self) -> str:
        return f"Quantized ({len(self.graph.nodes)} nodes)"
