"""A stage: convolution, nonlinearity, pooling, as nodes of a graph."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from skconv.graph import (
    Abs,
    BothSigns,
    Conv,
    Graph,
    L2Pool,
    Magnitude,
    MaxPool,
    MeanPool,
    Op,
    Relu,
    Square,
)
from skconv.kernels.base import Padding, Pair, pair, same_padding

Pool = Literal["max", "mean", "l2"]

POOLS: dict[str, type[MaxPool | MeanPool]] = {"max": MaxPool, "mean": MeanPool, "l2": L2Pool}
NONLINEARITIES: dict[str, Op | None] = {
    "identity": None,
    "abs": Abs(),
    "square": Square(),
    "relu": Relu(),
    "both_signs": BothSigns(),
    "magnitude": Magnitude(),
}


def fit_window(
    size: Any, map_shape: tuple[int, ...], name: str, *, signal: bool, clip: bool = False
) -> Pair:
    """Height and width of a window that fits a map; ValueError where it is larger.

    On a signal (a map of height 1) the window has height 1. With `clip` a window longer
    than a signal is cut to it, with a warning: a plain row of numbers has no shape that
    could be wrong.
    """
    rows, columns = pair(size, name)
    height, width = map_shape[:2]
    if signal:
        rows = 1
        if clip and columns > width:
            warnings.warn(
                f"{name}={size!r} is longer than the signal: {width} is used", stacklevel=2
            )
            columns = width
    if rows > height or columns > width:
        raise ValueError(
            f"{name}={size!r} is larger than the {height}x{width} map: want at most "
            f"({height}, {width})"
        )
    return rows, columns


@dataclass(frozen=True)
class StageSpec:
    """What follows the kernels: how they move over the map, and what becomes of it.

    ``nonlinearity="square"`` with ``pool="l2"`` squares once: ``sqrt(sum z^2)`` over the
    window (Saxe et al. 2011), as do ``"identity"`` and ``"abs"``. ``pool_size=None``
    leaves the maps unpooled; ``pool_stride=None`` is ``pool_size``.
    """

    stride: Any = 1
    padding: Padding = "valid"
    nonlinearity: str = "identity"
    pool: Pool = "l2"
    pool_size: Any = None
    pool_stride: Any = None

    def build(
        self,
        graph: Graph,
        kernels: NDArray[np.float32],
        biases: NDArray[np.float32],
        *,
        clip: bool = False,
        shared: bool = False,
    ) -> Graph:
        """``graph``, which ends in a map, with this stage behind it."""
        signal = graph.output.shape[0] == 1
        graph = graph.append(self.conv(kernels, biases, signal=signal, shared=shared))
        return self.pooled(self._activated(graph), signal=signal, clip=clip)

    def conv(
        self,
        kernels: NDArray[np.float32],
        biases: NDArray[np.float32],
        *,
        signal: bool,
        shared: bool = False,
    ) -> Conv:
        """The convolution alone."""
        rows, columns = pair(self.stride, "stride")
        window = kernels.shape[1], kernels.shape[2]
        return Conv(
            kernels,
            biases,
            stride=(1 if signal else rows, columns),
            padding=((0, 0), (0, 0)) if self.padding == "valid" else same_padding(window),
            pad_mode="circular" if self.padding == "circular" else "zero",
            shared=shared,
        )

    def _activated(self, graph: Graph) -> Graph:
        op = NONLINEARITIES[self.nonlinearity]
        pool_squares = self.pool == "l2" and self.pool_size is not None
        if op is None or (pool_squares and self.nonlinearity in ("abs", "square")):
            return graph
        return graph.append(op)

    def pooled(self, graph: Graph, *, signal: bool, clip: bool = False) -> Graph:
        """``graph`` with the pooling behind it."""
        if self.pool_size is None:
            return graph
        size = fit_window(self.pool_size, graph.output.shape, "pool_size", signal=signal, clip=clip)
        rows, columns = size if self.pool_stride is None else pair(self.pool_stride, "pool_stride")
        return graph.append(POOLS[self.pool](size, (1 if signal else rows, columns)))
