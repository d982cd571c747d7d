"""Decisions on several outputs: the index of a class for each."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import NamedTuple

from skconv.graph.base import BOTH, Array, Op, TensorSpec, require, require_vector
from skconv.graph.facts import Facts

__all__ = ["Decisions"]


class Run(NamedTuple):
    """Outputs that follow each other, are decided alike, and read one tensor.

    The first of ``n_outputs`` is number ``output``; its ``n_scores`` scores begin at ``start`` of
    tensor number ``source``.
    """

    source: int
    start: int
    output: int
    n_outputs: int
    n_scores: int
    by_sign: bool


@dataclass(frozen=True)
class Decisions(Op):
    """The index of a class for each of several outputs.

    One score decides between two classes by its sign, as `Threshold` does; of several scores the
    largest decides, the first of equal ones, as `ArgMax` does.

    Parameters
    ----------
    labels : tuple of ndarray
        For each output the labels of its classes.
    sizes : tuple of int
        For each output how many scores it has: 1 where their sign decides, else one a class. They
        stand one behind the other in the tensors that are read, and none in two of them.

    Examples
    --------
    >>> import numpy as np
    >>> from skconv.graph import Decisions, Graph, TensorSpec
    >>> from skconv.runtime import reference
    >>> labels = np.array(["off", "on"]), np.array([3, 5, 7])
    >>> graph = Graph(TensorSpec((4,))).append(Decisions(labels, (1, 3)))
    >>> reference.run(graph, np.array([[-0.5, 1.0, 9.0, 9.0]]))
    array([[0, 1]], dtype=int32)
    """

    facts = Facts("decisions")
    domains = BOTH
    n_inputs = None
    labels: tuple[Array, ...]
    sizes: tuple[int, ...]

    def output(self, *inputs: TensorSpec) -> TensorSpec:
        for x in inputs:
            require_vector(self, x)
        n_labels = tuple(map(len, self.labels))
        for i, (size, n_classes) in enumerate(zip(self.sizes, n_labels, strict=True)):
            require(
                size == n_classes or (size, n_classes) == (1, 2),
                f"Decisions: {size} scores for {n_classes} classes of output {i}",
            )
        for _ in self.runs(*inputs):
            pass
        return TensorSpec((len(self.sizes),), "int32", minimum=0, maximum=max(n_labels) - 1)

    def runs(self, *inputs: TensorSpec) -> Iterator[Run]:
        """Outputs that are decided alike, side by side; ValueError where scores do not fit."""
        places = list(self._places(inputs))
        output = 0
        for (source, size, by_sign), found in groupby(places, key=lambda place: place[1:]):
            starts = [start for start, *_ in found]
            yield Run(source, starts[0], output, len(starts), size, by_sign)
            output += len(starts)

    def _places(self, inputs: tuple[TensorSpec, ...]) -> Iterator[tuple[int, int, int, bool]]:
        """Of every output: where its scores begin, in which tensor, how many, and what decides."""
        source = start = 0
        for size, labels in zip(self.sizes, self.labels, strict=True):
            if source < len(inputs) and start == inputs[source].size:
                source, start = source + 1, 0
            fits = source < len(inputs) and start + size <= inputs[source].size
            require(fits, f"{self._sums(inputs)}: those of an output stand in two of them")
            yield start, source, size, len(labels) > size
            start += size
        is_end = source == len(inputs) - 1 and start == inputs[-1].size
        require(is_end, f"{self._sums(inputs)}: some are left over")

    def _sums(self, inputs: tuple[TensorSpec, ...]) -> str:
        return f"Decisions on {self.sizes} scores in tensors of {tuple(x.size for x in inputs)}"

    def describe(self) -> str:
        return f"{type(self).__name__} on {len(self.sizes)} outputs"
