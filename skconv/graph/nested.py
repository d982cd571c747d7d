"""Ops that hold others: features fixed before the classifier, fused stages, packed tables."""

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


@dataclass(frozen=True)
class Packed(Op):
    """An op with its parameters as the routine of some target reads them.

    The numbers are those of ``op``; only tables, scratch memory and speed are the target's.

    Attributes
    ----------
    op : Op
        What is computed.
    tables : tuple of (str, ndarray)
        What the target holds in flash, in place of the op's own parameters.
    scratch_bytes : int
        Memory that the routine needs while it runs.
    """

    domains = INTEGER
    op: Op = None  # type: ignore[assignment]
    tables: tuple[tuple[str, Array], ...] = ()
    scratch_bytes: int = 0

    def output(self, *inputs: TensorSpec) -> TensorSpec:
        return self.op.output(*inputs)

    def macs(self, *inputs: TensorSpec) -> int:
        return self.op.macs(*inputs)

    @property
    def parameters(self) -> dict[str, Array]:
        return dict(self.tables)

    def describe(self) -> str:
        return f"{self.op.describe()} (packed)"
