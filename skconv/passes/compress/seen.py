"""What a layer reads, sample by sample or patch by patch, and what it should answer."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from skconv.graph import INPUT, Conv, Graph, Linear, Node
from skconv.passes.compress.base import Array, Samples
from skconv.passes.compress.loss import covariance
from skconv.passes.compress.positions import MOST_POSITIONS, patches, spread
from skconv.passes.compress.second_order import DAMPING

# Of one tensor, in all samples that are looked at.
MOST_NUMBERS = 2**25
# Patches of one sample are alike: of no fewer samples, where there are as many.
FEWEST_SAMPLES = 500
# Of the largest answer: what float32 may have rounded.
NOTHING = 1e-4


@dataclass(frozen=True)
class Seen:
    """Rows that the kernels of a layer see, and their answers before it was changed.

    Attributes
    ----------
    rows : ndarray of float32 of shape (n_groups, n_rows, n_weights)
        Patches, in the order of the weights of a kernel; of a linear layer its inputs. Kernels of
        a group see the same ones.
    wanted : ndarray of float64 of shape (n_groups, n_rows, n_kernels // n_groups)
        What the layer gave in the graph before.
    """

    rows: Array
    wanted: Array

    @cached_property
    def covariance(self) -> NDArray[np.float64]:
        """Second moments about the mean of each group, for a bias is free.

        Shape ``(n_groups, n_weights, n_weights)``.
        """
        return self._moments(np.ones(self.rows.shape[1]))

    def hessian(self, damping: float, importance: Array | None = None) -> NDArray[np.float64]:
        """The covariance, of weighted rows if asked for, damped by so much of its mean diagonal."""
        moments = self.covariance if importance is None else self._moments(importance)
        places = np.arange(moments.shape[1])
        mean = moments[:, places, places].mean(axis=1, keepdims=True)
        found = moments.copy()
        found[:, places, places] += np.where(mean > 0, damping * mean, 1.0)
        return found

    def _moments(self, importance: Array) -> NDArray[np.float64]:
        return np.stack([covariance(rows, importance) for rows in self.rows])

    def best_weights(self, weights: Array, damping: float = DAMPING) -> NDArray[np.float64]:
        """Weights near those given whose answers come nearest to those wanted.

        They make up for what layers before have lost. Shape ``(n_groups, n_kernels // n_groups,
        n_weights)``, of ``weights`` too.
        """
        given = self.rows @ weights.transpose(0, 2, 1).astype(np.float32)
        missing = self.wanted - given
        missing -= missing.mean(axis=1, keepdims=True)
        if np.abs(missing).max(initial=0) <= NOTHING * np.abs(self.wanted).max(initial=0):
            return np.asarray(weights, np.float64)
        rows = self.rows - self.rows.mean(axis=1, keepdims=True)
        products = rows.transpose(0, 2, 1) @ missing.astype(np.float32) / rows.shape[1]
        step = np.linalg.solve(self.hessian(damping), products.astype(np.float64))
        return np.asarray(weights + step.transpose(0, 2, 1))

    def biases(self, weights: Array) -> NDArray[np.float64]:
        """The bias of each kernel that gives the mean that was wanted, by other weights."""
        means = self.rows.mean(axis=1, dtype=np.float64)
        return np.asarray(self.wanted.mean(axis=1) - np.einsum("gkw,gw->gk", weights, means))


def seen(graph: Graph, node: Node, samples: Samples, before: Graph) -> Seen:
    """What a convolution or a linear layer reads in a graph, and what it gave in the one before.

    Parameters
    ----------
    graph : Graph
        A float graph, whose layers before the node may have been changed.
    node : Node
    samples : Samples
        As many as memory allows are looked at, and of their patches some, spread evenly.
    before : Graph
        With a node of the same name.
    """
    few = _some(graph, node, samples)
    x, y = few.tensor(graph, node.inputs[0]), few.tensor(before, node.name)
    if isinstance(node.op, Linear):
        return Seen(x[None].astype(np.float32), y[None].astype(np.float64))
    op, specs = node.op, graph.specs
    assert isinstance(op, Conv)
    maps = x.reshape(-1, *specs[node.inputs[0]].shape)
    return Seen(*patches(op, maps, y.reshape(-1, *specs[node.name].shape)))


def _some(graph: Graph, node: Node, samples: Samples) -> Samples:
    """As many samples as the tensors of a node leave room for, and as are worth it."""
    specs = graph.specs
    largest = max(specs[name].size for name in (INPUT, *node.inputs, node.name))
    count = min(len(samples.X), max(1, MOST_NUMBERS // largest))
    if isinstance(node.op, Conv):
        places = int(np.prod(specs[node.name].shape[:2]))
        count = min(count, max(FEWEST_SAMPLES, MOST_POSITIONS // places))
    return spread(samples, count)
