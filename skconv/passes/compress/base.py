"""What a pass of compression is, and the samples that it learns from."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from skconv.graph import INPUT, Graph, Linear, Node, Op
from skconv.runtime import engine

Array = NDArray[Any]
Loss = Literal["logistic", "squared"]


@dataclass(frozen=True)
class Samples:
    """Samples that a pass learns from, and what a wrong score costs.

    Attributes
    ----------
    X : ndarray of shape (n_samples, *graph.input.shape)
    y : ndarray of int of shape (n_samples,), optional
        Indices of classes. Without them a pass keeps to the answers of the graph as it is.
    loss : {"logistic", "squared"}
        Of the scores: that of a logistic regression, else the squares of what changes.
    """

    X: Array
    y: Array | None = None
    loss: Loss = "squared"

    def tensor(self, graph: Graph, name: str) -> Array:
        """A tensor of a graph on all samples, one row a sample."""
        if name == INPUT:
            return self.X.reshape(len(self.X), -1).astype(np.float32)
        last = graph.nodes.index(graph.by_name[name])
        part = replace(graph, nodes=graph.nodes[: last + 1], classes=None)
        return engine.run(part, self.X).reshape(len(self.X), -1)


@dataclass
class Pass:
    """A pass of compression: a call takes a float graph and samples, and gives a graph.

    Its fields are its parameters, as those of an estimator of scikit-learn are.
    """

    def __call__(self, graph: Graph, samples: Samples) -> Graph:
        """The smaller graph."""
        raise NotImplementedError

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Parameters by name.

        Parameters
        ----------
        deep : bool, default=True
            As of any estimator; a pass holds no other.

        Returns
        -------
        params : dict
            Those of the constructor.
        """
        return {field.name: getattr(self, field.name) for field in fields(self)}

    def set_params(self, **params: Any) -> Pass:
        """Set parameters.

        Parameters
        ----------
        **params : dict
            By name.

        Returns
        -------
        self : Pass
            This pass.
        """
        names = self.get_params()
        for name, value in params.items():
            if name not in names:
                raise ValueError(
                    f"{type(self).__name__} has no parameter {name!r}; it has {', '.join(names)}"
                )
            setattr(self, name, value)
        return self


def with_op(graph: Graph, name: str, op: Op) -> Graph:
    """A graph with another op at one node."""
    nodes = (replace(node, op=op) if node.name == name else node for node in graph.nodes)
    return replace(graph, nodes=tuple(nodes))


def head_of(graph: Graph) -> Node | None:
    """The linear layer whose results are the scores of a graph; None where there is none."""
    node = graph.by_name.get(graph.scores_name)
    return node if node is not None and isinstance(node.op, Linear) else None
