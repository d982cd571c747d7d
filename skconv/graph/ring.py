"""The op that turns a stream into windows: what a target keeps between two samples."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import ClassVar

import numpy as np

from skconv.graph.base import BOTH, TensorSpec
from skconv.graph.core import Graph
from skconv.graph.nested import Packed

COUNTER_BYTES = np.dtype(np.int32).itemsize


@dataclass(frozen=True)
class Ring(Packed):
    """The newest entries of a stream, in the order of time; full, it is a map for what follows.

    It reads one entry. What stands behind it runs only when it is full. After that it forgets its
    oldest entries, ``step`` of them; a ``step`` beyond its length skips the entries between.

    Attributes
    ----------
    op : Reshape
        Gives all entries together the shape of the map that they are.
    length : int
        How many entries it holds.
    step : int
        How many entries come between two runs.
    """

    domains = BOTH
    reads_flash: ClassVar[bool] = True
    length: int = field(kw_only=True)
    step: int = field(kw_only=True)

    def output(self, *inputs: TensorSpec) -> TensorSpec:
        (x,) = inputs
        return self.op.output(replace(x, shape=(self.length * x.size,)))

    def describe(self) -> str:
        return f"Ring of {self.length:,}, {self.step:,} new"


def runs_per_hop(graph: Graph) -> dict[str, int]:
    """How often each node runs from one result of a stream to the next; a ring takes an entry."""
    runs: dict[str, int] = {}
    times = 1
    for node in reversed(graph.nodes):
        if isinstance(node.op, Ring):
            times *= node.op.step
        runs[node.name] = times
    return runs


def samples_read(graph: Graph) -> int:
    """How many samples of a stream the first result is computed of; 0 where there is no ring."""
    entries = 1
    rings = [node.op for node in graph.nodes if isinstance(node.op, Ring)]
    for ring in reversed(rings):
        entries = (entries - 1) * ring.step + ring.length
    return entries if rings else 0
