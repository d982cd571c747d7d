"""A linear head whose inputs leave: its curvature, and its weights fitted anew."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from skconv.graph import Graph, Linear
from skconv.passes.compress.base import Array, Samples, head_of, with_op
from skconv.passes.compress.penalty import penalty_of
from skconv.passes.compress.pruning.elimination import Elimination
from skconv.passes.compress.pruning.likelihood import RefitLoss, logistic_head
from skconv.passes.compress.refit import damped_hessian, most_likely, targets_of


@dataclass(frozen=True)
class Head:
    """A linear head, and what it reads of some samples.

    Attributes
    ----------
    name : str
        Of its node.
    op : Linear
    samples : Samples
    alive : ndarray of int
        The inputs that it has weights for.
    inputs : ndarray of float32 of shape (n_samples, n_alive)
        Those.
    weights : ndarray of shape (n_outputs, n_alive)
    bias : ndarray of shape (n_outputs,)
    targets : ndarray of shape (n_samples, n_classes)
        What a logistic head is fitted to.
    penalty : ndarray of shape (n_alive,)
        Of half the squares of the weights, for one sample.
    """

    name: str
    op: Linear
    samples: Samples
    alive: Array
    inputs: Array
    weights: Array
    bias: Array
    targets: Array
    penalty: Array

    @classmethod
    def of(cls, graph: Graph, samples: Samples, penalty: float, asks: Any) -> Head:
        """The head of a graph, at its weights of least loss.

        ``penalty`` is how many times the one with which it was fitted: fewer inputs need less.
        Squared errors are those to the scores as they are, and have none.
        """
        if not penalty >= 0:
            raise ValueError(f"penalty={penalty!r}, expected 0 or more")
        node = head_of(graph)
        if node is None or not node.op.parameters["weights"].any():
            raise ValueError(
                f"{type(asks).__name__} needs scores of a linear layer, and those of the graph "
                "come from another op"
            )
        op = node.op
        assert isinstance(op, Linear)
        alive = np.flatnonzero(op.weights.any(axis=0))
        inputs = samples.tensor(graph, node.inputs[0])
        weights = op.weights[:, alive].astype(np.float64)
        held = np.zeros(len(alive))
        targets = inputs[:, alive] @ op.weights[:, alive].T + op.bias
        if samples.loss == "logistic":
            targets = targets_of(samples.y, targets)
            held = penalty * penalty_of(graph, samples).of(inputs)[alive]
        name, inputs = node.name, inputs[:, alive]
        return cls(name, op, samples, alive, inputs, weights, op.bias, targets, held)._fitted()

    def _fitted(self) -> Head:
        weights, bias = self.on(np.arange(len(self.alive)), self.weights)
        return replace(self, weights=weights, bias=bias)

    @cached_property
    def scores(self) -> Array:
        return np.asarray(self.inputs @ self.weights.T.astype(np.float32) + self.bias)

    @cached_property
    def hessian(self) -> Array:
        """One for all outputs, with the penalty."""
        return damped_hessian(self.inputs, self.scores, self.samples.loss, self.penalty)

    def elimination(self) -> Elimination:
        """Its weights as inputs leave."""
        return Elimination(self.hessian, self.weights)

    def on(self, kept: Array, start: Array) -> tuple[Array, Array]:
        """Weights of least loss, and biases, on some inputs.

        Parameters
        ----------
        kept : ndarray of int
            Numbers of inputs.
        start : ndarray of shape (n_outputs, n_kept)
            Weights to begin with. Those of squared errors are the best ones, with another bias.
        """
        bias = self.bias_on(kept, start)
        if self.samples.loss == "squared":
            return start, bias
        inputs, hessian = self.inputs[:, kept], self.hessian[np.ix_(kept, kept)]
        begin = np.column_stack([start, bias])
        return most_likely(inputs, self.targets, begin, self.penalty[kept], hessian)

    def by_labels(self, kept: Array) -> tuple[Array, Array]:
        """Weights and biases of a logistic regression on some inputs: see `logistic_head`."""
        assert self.samples.y is not None
        return logistic_head(self.inputs[:, kept], self.samples.y, len(self.weights))

    def bias_on(self, kept: Array, weights: Array) -> Array:
        """The bias with which the mean scores stay, of weights on some inputs."""
        means = self._means
        return np.asarray(self.bias + means @ self.weights.T - means[kept] @ weights.T)

    @cached_property
    def _means(self) -> Array:
        return np.asarray(self.inputs.mean(axis=0, dtype=np.float64))

    def put_on(self, graph: Graph, kept: Array, start: Array, loss: RefitLoss = None) -> Graph:
        """The graph with the head on inputs that are left, fitted anew: see `on`, `by_labels`."""
        found, bias = self.on(kept, start) if loss is None else self.by_labels(kept)
        weights = np.zeros_like(self.op.weights)
        weights[:, self.alive[kept]] = found
        op = replace(self.op, weights=weights, bias=bias.astype(np.float32), levels=0, coded=None)
        return with_op(graph, self.name, op)
