"""Kernels before a head that has gradients: a network, or a kernel machine."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from skconv.graph import INPUT, Graph, KernelMachine, Linear, Node, OvoVote, Select, TensorSpec
from skconv.passes.compress.base import Array, Samples, with_op
from skconv.passes.compress.positions import spread
from skconv.passes.compress.pruning.blocks import Block, layer_normalised
from skconv.passes.compress.pruning.dead import prune_dead
from skconv.passes.compress.pruning.origin import NOWHERE, kernels_of
from skconv.passes.compress.refit import refit_head
from skconv.passes.compress.rounded_machine import refitted_coefficients
from skconv.runtime.engine import require_torch

Ending = Literal["logistic", "squared", "pairs"]

# Gradients are taken of as many samples, and coefficients fitted to them.
MOST_SAMPLES = 2048


def reader_of(graph: Graph) -> Node | None:
    """The layer or kernel machine that reads the features of kernels; None: there is none."""
    for node in graph.nodes:
        if isinstance(node.op, Linear | KernelMachine):
            origin, _ = kernels_of(graph, node.name)
            if (origin != NOWHERE).any():
                return node
    return None


@dataclass(frozen=True)
class AnyHead:
    """A head with gradients, and what it reads of some samples.

    Attributes
    ----------
    reader : Node
        Its first layer, or the kernel machine.
    rest : Graph
        From features to what the loss is of.
    loss : {"logistic", "squared", "pairs"}
    features : ndarray of float32 of shape (n_samples, n_features)
    y : ndarray of int of shape (n_samples,)
    """

    reader: Node
    rest: Graph
    loss: Ending
    features: Array
    y: Array

    @classmethod
    def of(cls, graph: Graph, reader: Node, samples: Samples) -> AnyHead:
        """The head of a graph that begins at ``reader``."""
        few = spread(samples, MOST_SAMPLES)
        assert few.y is not None
        features = few.tensor(graph, reader.inputs[0])
        end, loss = _ending(graph, samples)
        return cls(reader, _from(graph, reader, end), loss, features, few.y)

    def costs(self, x: Array, blocks: Sequence[Block]) -> Array:
        """Taylor's criterion: activation times gradient, added up before the absolute value.

        Parameters
        ----------
        x : ndarray of the shape of ``features``
            What the head reads.
        blocks : sequence of Block
        """
        require_torch("criterion='taylor' behind a network or a kernel machine")
        from skconv.runtime.torch_gradients import input_gradients

        products = x * input_gradients(self.rest, x, self.y, self.loss)
        sums = [products[:, block.inputs].sum(axis=1) for block in blocks]
        return layer_normalised(np.array([np.abs(s).mean() for s in sums]), blocks)

    def eliminated(self, blocks: Sequence[Block], n_kept: int) -> Array:
        """Numbers of the features that are left when all blocks but some have gone, one by one."""
        x, left = self.features.copy(), list(blocks)
        alive = np.ones(x.shape[1], bool)
        while len(left) > n_kept:
            gone = left.pop(int(self.costs(x, left).argmin())).inputs
            x[:, gone] = self._instead[gone]
            alive[gone] = False
        return np.flatnonzero(alive)

    @property
    def _instead(self) -> Array:
        """What a head reads in place of a feature that left."""
        mean = self.features.mean(axis=0, dtype=np.float64)
        op = self.reader.op
        # A constant added to the product of a polynomial kernel has no place in its parameters.
        is_poly = isinstance(op, KernelMachine) and op.kernel == "poly"
        return np.asarray(np.zeros_like(mean) if is_poly else mean)

    def put_on(self, graph: Graph, left: Array, samples: Samples) -> Graph:
        """The graph with the head on the features that are left, fitted anew."""
        op = self.reader.op
        if isinstance(op, Linear):
            found = prune_dead(with_op(graph, self.reader.name, self._linear(op, left)))
            return refit_head(found, graph, samples)
        assert isinstance(op, KernelMachine)
        name = graph.free_name(f"{self.reader.name}_select")
        select = Node(name, Select(left), self.reader.inputs)
        machine = replace(self.reader, op=self._machine(op, left, graph), inputs=(name,))
        nodes = ((select, machine) if node is self.reader else (node,) for node in graph.nodes)
        return prune_dead(replace(graph, nodes=tuple(n for both in nodes for n in both)))

    def _linear(self, op: Linear, left: Array) -> Linear:
        weights = np.zeros_like(op.weights)
        weights[:, left] = op.weights[:, left]
        bias = op.bias + (op.weights - weights) @ self._instead
        return replace(op, weights=weights, bias=bias.astype(np.float32), levels=0, coded=None)

    def _machine(self, op: KernelMachine, left: Array, graph: Graph) -> KernelMachine:
        gone = np.setdiff1d(np.arange(op.support_vectors.shape[1]), left)
        apart = self._instead[gone] - op.support_vectors[:, gone].astype(np.float64)
        coefficients = op.dual_coef.astype(np.float64)
        if op.kernel != "poly":  # A constant part of a distance is a factor of its kernel.
            distance = np.abs(apart) if op.kernel == "laplacian" else apart**2
            coefficients = coefficients * np.exp(-op.gamma * distance.sum(axis=1))
        smaller = replace(
            op,
            support_vectors=op.support_vectors[:, left],
            dual_coef=coefficients.astype(np.float32),
        )
        before = self.rest.by_name[self.reader.name]
        wanted = Samples(self.features).tensor(replace(self.rest, nodes=(before,)), before.name)
        return refitted_coefficients(smaller, self.features[:, left], wanted)


def _ending(graph: Graph, samples: Samples) -> tuple[str, Ending]:
    """The tensor that the loss is of, and which one."""
    scores = graph.by_name[graph.scores_name]
    if isinstance(scores.op, OvoVote):
        return scores.inputs[0], "pairs"
    return scores.name, samples.loss


def _from(graph: Graph, reader: Node, end: str) -> Graph:
    """What leads from the input of a node to a tensor, as a graph of its own."""
    source, known, nodes = reader.inputs[0], {reader.inputs[0]}, []
    for node in graph.nodes[graph.nodes.index(reader) :]:
        if not known.intersection(node.inputs):
            continue
        if not known.issuperset(node.inputs):
            raise ValueError(
                f"PruneKernels: {node.op.describe()} reads more than what {reader.op.describe()} "
                "makes of the features; criterion='taylor' needs one head for all"
            )
        inputs = tuple(INPUT if name == source else name for name in node.inputs)
        nodes.append(replace(node, inputs=inputs))
        known.add(node.name)
        if node.name == end:
            break
    return Graph(TensorSpec(graph.specs[source].shape), tuple(nodes))
