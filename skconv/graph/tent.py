"""Pooling by overlapping windows whose weights fall towards their border."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from skconv.graph.base import INTEGER, TensorSpec
from skconv.graph.facts import Facts
from skconv.graph.integer import QMeanPool
from skconv.graph.limits import ACCUMULATOR_MAX, INT16_MAX
from skconv.graph.ops import PoolGeometry

__all__ = ["QTentPool", "TentPool", "tent"]


def tent(size: int) -> NDArray[np.int64]:
    """The triangular window as least whole numbers, `scipy.signal.windows.triang`.

    Windows of even size, half of it apart, overlap so that every pixel has the same weight in
    all of them together.

    >>> from skconv.graph import tent
    >>> tent(5), tent(8)
    (array([1, 2, 3, 2, 1]), array([1, 3, 5, 7, 7, 5, 3, 1]))
    """
    steps = np.minimum(np.arange(size), np.arange(size)[::-1])
    return steps + 1 if size % 2 else 2 * steps + 1


class TentGeometry(PoolGeometry):
    """Weights of a window: the products of those along its two axes."""

    @property
    def weights(self) -> NDArray[np.int64]:
        """Of every pixel of a window, as whole numbers."""
        return np.outer(*map(tent, self.size))

    @property
    def weight(self) -> int:
        return int(self.weights.sum())


@dataclass(frozen=True)
class TentPool(TentGeometry):
    """The mean of every window, weighted: the more, the nearer to its middle.

    Windows that overlap by half interpolate between their middles, as histograms of oriented
    gradients do (N. Dalal, B. Triggs, "Histograms of oriented gradients for human detection",
    CVPR 2005): a shift by a pixel changes a feature little. The same weights keep a
    subsampling from aliasing (R. Zhang, "Making convolutional networks shift-invariant
    again", ICML 2019, "Triangle-3").

    Examples
    --------
    >>> import numpy as np
    >>> from skconv.graph import Graph, TensorSpec, TentPool
    >>> from skconv.runtime import engine
    >>> graph = Graph(TensorSpec((1, 6, 1))).append(TentPool((1, 4), (1, 2)))
    >>> engine.run(graph, np.array([[8, 0, 0, 0, 0, 16]], "f4")).ravel().tolist()
    [1.0, 2.0]
    """

    facts = Facts("window", passes_factors=True)

    def output(self, *inputs: TensorSpec) -> TensorSpec:
        return TensorSpec(self.map_shape(inputs[0]))

    def macs(self, *inputs: TensorSpec) -> int:
        return self.output(*inputs).size * self.area

    def largest_read(self, x: TensorSpec) -> int:
        return min(INT16_MAX, ACCUMULATOR_MAX // self.weight)


@dataclass(frozen=True)
class QTentPool(TentGeometry, QMeanPool):
    """Weighted sum of every window, requantised (the multiplier holds 1 / weight)."""

    facts = Facts("window", stage="pool")
    domains = INTEGER
