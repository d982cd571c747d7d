"""Ops that hold others: features fixed before the classifier, fused stages, packed tables."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from skconv.graph.base import INTEGER, Array, Op, TensorSpec, require
from skconv.graph.core import Graph
from skconv.graph.facts import Facts
from skconv.graph.integer import Rescale
from skconv.graph.ops import Reshape
from skconv.graph.storage.coded import Coded, coded_of
from skconv.graph.storage.unpacked import ExpandedTable, HuffmanTable

__all__ = ["Fused", "Quantized"]


@dataclass(frozen=True)
class Nested(Op):
    """An op whose work is that of a graph."""

    facts = Facts("nested")
    graph: Graph

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
            f"Quantized needs {self.graph.input.size} numbers, got shape {x.shape}",
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

    @property
    def coded(self) -> Coded | None:
        """The form in which the weights of its convolution are stored; None where plain."""
        return coded_of(self.graph.nodes[0].op)

    def output(self, *inputs: TensorSpec) -> TensorSpec:
        (x,) = inputs
        require(x == self.graph.input, f"Fused needs {self.graph.input}, got {x}")
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
    in_place : bool
        Whether the output may lie over the input.
    unpacked : tuple of (str, HuffmanTable or ExpandedTable)
        Further tables, which the target unpacks to RAM once.
    reads_flash : bool
        Of a class: whether the routine reads its tables where an AVR has them.
    """

    facts = Facts("nested")
    domains = INTEGER
    reads_flash: ClassVar[bool] = False
    op: Op
    tables: tuple[tuple[str, Array], ...] = ()
    scratch_bytes: int = 0
    in_place: bool = field(default=False, kw_only=True)
    unpacked: tuple[tuple[str, HuffmanTable | ExpandedTable], ...] = field(default=(), kw_only=True)

    def output(self, *inputs: TensorSpec) -> TensorSpec:
        return self.op.output(*inputs)

    def macs(self, *inputs: TensorSpec) -> int:
        return self.op.macs(*inputs)

    @property
    def parameters(self) -> dict[str, Array]:
        coded = {
            f"{name}_{part}": array
            for name, table in self.unpacked
            for part, array in table.tables.items()
        }
        return dict(self.tables) | coded

    def describe(self) -> str:
        return f"{self.op.describe()} (packed)"


@dataclass(frozen=True)
class Streamed(Packed):
    """A stage that takes its input row by row, first of all nodes: no map of it is kept.

    Attributes
    ----------
    stage : Op
        How the target computes it: a `Fused` or `Packed` op. ``op`` is that, or begins with
        ``rescale``.
    rescale : Rescale or None
        What is done to every row before.
    top, bottom : int
        Rows of zeros before the first row and after the last one.
    """

    stage: Op = field(kw_only=True)
    rescale: Rescale | None = field(default=None, kw_only=True)
    top: int = field(default=0, kw_only=True)
    bottom: int = field(default=0, kw_only=True)

    @property
    def coded(self) -> Coded | None:
        """That of the stage."""
        return coded_of(self.stage)

    @property
    def repeats(self) -> float:
        """How often each number of its convolution is computed."""
        return 1.0

    def describe(self) -> str:
        return f"{self.op.describe()}, row by row"
