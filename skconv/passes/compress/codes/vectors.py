"""Layers whose weights become vectors of a codebook: how they are cut, and put together again."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from skconv.graph import Conv, Graph, Linear, Node
from skconv.graph.base import Shape
from skconv.graph.storage.coded import Coded
from skconv.passes.compress.base import Array, Pass, Samples, head_of, with_op
from skconv.passes.compress.codes.fit import Codes, Family, Problem, fitted_codes
from skconv.passes.compress.loss import probabilities, refitted
from skconv.passes.compress.refit import refit_head
from skconv.passes.compress.second_order import DAMPING
from skconv.passes.compress.seen import Seen, seen
from skconv.utils.progress import report

# Coded weights have to take no more than this share of plain ones, or a layer stays as it is.
MOST_BYTES = 0.5
FEWEST_CODEWORDS = 4
# Unknowns of the least squares of codewords.
MOST_UNKNOWNS = 4096


@dataclass(frozen=True)
class Cut:
    """How the weights of a kernel become vectors.

    Attributes
    ----------
    places : ndarray of int of shape (n_vectors, length)
        Where in a kernel each entry stands; behind its end where nothing does.
    family : Family
        What may become of a codeword.
    """

    places: Array
    family: Family


class CodedLayers(Pass, ABC):
    """A pass that codes the weights of some layers, one after the other, by what they give.

    The head is fitted anew to the features that the coded layers give; it is the last to be coded
    itself. A layer whose tables would be more than half as large as its weights stays as it is.
    """

    def __call__(self, graph: Graph, samples: Samples) -> Graph:
        """The graph with coded weights.

        Parameters
        ----------
        graph : Graph
            A float graph.
        samples : Samples

        Returns
        -------
        Graph
        """
        self._check()
        before, head = graph, head_of(graph)
        names = [node.name for node in graph.nodes if self._is_coded(node)]
        hidden = [name for name in names if head is None or name != head.name]
        for name in hidden:
            graph = self._with_coded(graph, name, samples, before)
        if graph is not before:
            graph = refit_head(graph, before, samples)
        if head is not None and head.name in names:
            graph = self._with_coded(graph, head.name, samples, before)
        if graph is before:
            raise ValueError(
                f"{self}: no layer of the graph is so large that its tables would take half of its "
                "bytes or less"
            )
        return graph

    # ------------------------------------------------------------ what each pass says

    # Of the tables that codewords may be.
    _book_share: ClassVar[float] = 1.0

    @property
    @abstractmethod
    def _most_codewords(self) -> int: ...

    @abstractmethod
    def _check(self) -> None:
        """ValueError where a parameter is not what is wanted."""

    @abstractmethod
    def _takes(self, op: Conv | Linear) -> bool: ...

    @abstractmethod
    def _cut(self, shape: Shape) -> Cut: ...

    @abstractmethod
    def _coded(self, shape: Shape, cut: Cut, codes: Codes) -> Coded:
        """The form of codes ``(1, n_kernels, n_vectors)`` with whole codewords."""

    # ------------------------------------------------------------------- one layer

    def _is_coded(self, node: Node) -> bool:
        op = node.op
        return (
            isinstance(op, Conv | Linear)
            and op.coded is None
            and self._takes(op)
            and self._count(op.weights.shape) >= FEWEST_CODEWORDS
        )

    def _count(self, shape: Shape) -> int:
        """Codewords of a layer: as many as allowed, or as the bytes of its tables allow."""
        cut = self._cut(shape)
        n_vectors, length = cut.places.shape
        count = min(self._most_codewords, MOST_UNKNOWNS // length)
        while count >= FEWEST_CODEWORDS:
            none = np.zeros((1, shape[0], n_vectors), np.int64)
            empty = Codes(np.zeros((count, length)), np.ones(none.shape[:2]), none, none, none + 1)
            tables, book = self._coded(shape, cut, empty).nbytes, count * length
            if tables <= MOST_BYTES * np.prod(shape) and book <= self._book_share * tables:
                return count
            count //= 2
        return 0

    def _with_coded(self, graph: Graph, name: str, samples: Samples, before: Graph) -> Graph:
        node = graph.by_name[name]
        op = node.op
        assert isinstance(op, Conv | Linear)
        of = seen(graph, node, samples, before)
        head = head_of(graph)
        loss = samples.loss if head is not None and name == head.name else "squared"
        importance = None
        if loss == "logistic":
            p = probabilities(of.wanted[0])
            importance = (p * (1 - p)).sum(axis=1)
        coded, scales = self._fitted(op, of, importance)
        shape = (-1, *[1] * (op.weights.ndim - 1))
        weights = coded.weights() * scales.reshape(shape)
        if loss == "logistic" and isinstance(op, Linear):
            sums = of.rows[0] @ weights.T.astype(np.float32)
            factors, biases = refitted(sums, of.wanted[0], samples.y, loss)
            weights = weights * np.maximum(factors, np.finfo(np.float32).tiny)[:, None]
        else:
            biases = of.biases(weights.reshape(len(of.rows), -1, of.rows.shape[2])).ravel()
        changed = replace(
            op, weights=weights.astype(np.float32), bias=biases.astype(np.float32), coded=coded
        )
        if isinstance(changed, Linear):
            changed = replace(changed, levels=0)
        report(f"{name}: {coded.nbytes:,} bytes for {op.weights.size:,} weights")
        return with_op(graph, name, changed)

    def _fitted(self, op: Conv | Linear, of: Seen, importance: Array | None) -> tuple[Coded, Array]:
        """The coded weights, and the scale of each kernel."""
        n_groups, _, size = of.rows.shape
        wanted = of.best_weights(op.weights.reshape(n_groups, -1, size))
        moments = of.hessian(DAMPING, importance)
        cut = self._cut(op.weights.shape)
        found = fitted_codes(
            problem(wanted, moments, cut.places), cut.family, self._count(op.weights.shape)
        )
        rows = (1, -1, len(cut.places))
        flat = Codes(
            found.codewords,
            found.scales.reshape(1, -1),
            found.indices.reshape(rows),
            found.turns.reshape(rows),
            found.times.reshape(rows),
        )
        return self._coded(op.weights.shape, cut, flat), found.scales.ravel()


def problem(weights: Array, moments: Array, places: Array) -> Problem:
    """Weights ``(n_groups, n_rows, n_weights)`` and their moments, cut into vectors.

    Entries behind the end of a kernel have no weight and no moments.
    """
    n_vectors, length = places.shape
    flat = np.minimum(places.ravel(), weights.shape[2])
    cut = np.pad(weights, ((0, 0), (0, 0), (0, 1)))[:, :, flat]
    square = np.pad(moments, ((0, 0), (0, 1), (0, 1)))[:, flat[:, None], flat]
    return Problem(
        cut.reshape(*cut.shape[:2], n_vectors, length),
        square.reshape(-1, n_vectors, length, n_vectors, length),
    )
