"""Filters in front of windows, on a stream: the definition of what `Running` ops compute."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skconv.graph import Graph, Op, QBiquads, TensorSpec
from skconv.graph.running import samples_per_entry
from skconv.runtime import fixed
from skconv.runtime.biquads import Memory, filtered

Batch = NDArray[Any]


class Front:
    """Integer filters that go on from one sample to the next.

    Parameters
    ----------
    graph : Graph
        A chain of filters on a signal ``(1, length, channels)``, of each of which
        `skconv.graph.running.samples_per_entry` knows what it reads.
    """

    def __init__(self, graph: Graph) -> None:
        self.steps = [
            _Recursive(node.op, graph.specs[node.inputs[0]])
            if isinstance(node.op, QBiquads)
            else _Local(node.op, graph.specs[node.inputs[0]])
            for node in graph.nodes
        ]

    def push(self, x: Batch) -> Batch:
        """What samples ``(n_samples, n_channels)`` complete, as such samples."""
        for step in self.steps:
            x = step.push(x)
        return x


class _Recursive:
    def __init__(self, op: QBiquads, x: TensorSpec) -> None:
        self.op = op
        self.memory = Memory.at_rest(op, x.shape[2:])

    def push(self, x: Batch) -> Batch:
        return filtered(self.op, x, self.memory)


class _Local:
    """An op that makes one entry of so many samples, and of no other."""

    def __init__(self, op: Op, x: TensorSpec) -> None:
        self.op, self.count = op, samples_per_entry(op, x)
        self.output = op.output(replace(x, shape=(1, self.count, x.shape[2])))
        self.kept = np.empty((0, x.shape[2]), x.dtype)

    def push(self, x: Batch) -> Batch:
        x = np.concatenate([self.kept, x])
        n_entries = len(x) // self.count
        taken, self.kept = np.split(x, [n_entries * self.count])
        if n_entries == 0:
            return np.empty((0, self.output.shape[2]), self.output.dtype)
        return np.asarray(fixed.evaluate(self.op, taken[None, None])[0, 0], self.output.dtype)
