"""A stage: convolution, nonlinearity, pooling, as nodes of a graph."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from skconv.features.windows import fit_window, grid_windows
from skconv.graph import (
    Abs,
    BothSigns,
    Concat,
    Conv,
    Graph,
    L2Pool,
    Magnitude,
    MaxPool,
    MeanPool,
    Op,
    Relu,
    Reshape,
    Sign,
    SoftThreshold,
    Square,
    SumPool,
)
from skconv.kernels.base import Padding, Pair, pair, same_padding

Pool = Literal["max", "mean", "sum", "l2"]
Thresholds = NDArray[np.float32] | None

POOLS: dict[str, type[MaxPool | MeanPool]] = {
    "max": MaxPool,
    "mean": MeanPool,
    "sum": SumPool,
    "l2": L2Pool,
}
NONLINEARITIES: dict[str, Op | None] = {
    "identity": None,
    "abs": Abs(),
    "square": Square(),
    "relu": Relu(),
    "sign": Sign(),
    "both_signs": BothSigns(),
    "magnitude": Magnitude(),
    "triangle": None,
}
# Those that take something from the maps that they are fitted to.
LEARNED = ("soft_threshold",)
# What goes with kernels of any source: a magnitude wants pairs, a triangle centroids, and has
# been made of their distances before.
NONLINEARITY_NAMES = (set(NONLINEARITIES) - {"magnitude", "triangle"}) | set(LEARNED)

# Responses that thresholds are learnt from: of each kernel, and of all together.
_MOST_OF_KERNEL = 100_000
_MOST = 2**24


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
    threshold: float = 0.5

    def conv(
        self,
        kernels: NDArray[np.float32],
        biases: NDArray[np.float32],
        *,
        signal: bool,
        shared: bool = False,
        groups: int = 1,
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
            groups=groups,
        )

    def learn_thresholds(self, graph: Graph, maps: NDArray[Any], device: str = "cpu") -> Thresholds:
        """For the soft threshold, that of every map that ``graph`` makes of ``maps``.

        ``threshold`` is the share of the responses that do not exceed it in magnitude; it
        lies halfway between these and the others, away from the rounding of either. Samples
        are taken evenly from all, so many that there are about 100,000 responses of each
        kernel.
        """
        if self.nonlinearity != "soft_threshold":
            return None
        n_channels = graph.output.shape[-1]
        if self.threshold == 0:
            return np.zeros(n_channels, np.float32)
        places = math.prod(graph.output.shape[:-1])
        wanted = min(_MOST_OF_KERNEL // places, _MOST // graph.output.size, len(maps))
        rows = np.linspace(0, len(maps) - 1, max(1, wanted)).astype(int)
        from skconv.runtime import torch_engine

        responses = torch_engine.run(graph, maps[rows], device=device).reshape(-1, n_channels)
        last = math.ceil(self.threshold * len(responses)) - 1
        middle = (last, min(last + 1, len(responses) - 1))
        return np.partition(np.abs(responses), middle, axis=0)[middle, :].mean(axis=0)

    def finish(
        self, graph: Graph, thresholds: Thresholds, *, signal: bool, clip: bool = False
    ) -> Graph:
        """``graph``, which ends in responses, with nonlinearity and pooling behind it."""
        op = self._activation(thresholds)
        return self.pooled(graph if op is None else graph.append(op), signal=signal, clip=clip)

    def _activation(self, thresholds: Thresholds) -> Op | None:
        """The op that follows the convolution, if any."""
        if thresholds is not None:
            return SoftThreshold(thresholds)
        pool_squares = self.pool == "l2" and self.pool_size is not None
        if pool_squares and self.nonlinearity in ("abs", "square"):
            return None
        return NONLINEARITIES[self.nonlinearity]

    def pooled(self, graph: Graph, *, signal: bool, clip: bool = False) -> Graph:
        """``graph`` with the pooling behind it.

        Several grids give vectors, row by row, one behind the other.
        """
        if self.pool_size is None:
            return graph
        windows = self._windows(graph.output.shape, signal=signal, clip=clip)
        op = POOLS[self.pool]
        if len(windows) == 1:
            return graph.append(op(*windows[0]))
        source, vectors = graph.output_name, []
        for window in windows:
            graph = graph.append(op(*window), source)
            graph = graph.append(Reshape((graph.output.size,)))
            vectors.append(graph.output_name)
        return graph.append(Concat(), *vectors)

    def _windows(
        self, map_shape: tuple[int, ...], *, signal: bool, clip: bool
    ) -> list[tuple[Pair, Pair]]:
        if isinstance(self.pool_size, str):
            if self.pool_stride is not None:
                raise ValueError(
                    f"pool_stride={self.pool_stride!r} with pool_size={self.pool_size!r}, which "
                    "says where windows lie: want None"
                )
            return grid_windows(self.pool_size, map_shape, signal=signal, clip=clip)
        size = fit_window(self.pool_size, map_shape, "pool_size", signal=signal, clip=clip)
        rows, columns = size if self.pool_stride is None else pair(self.pool_stride, "pool_stride")
        return [(size, (1 if signal else rows, columns))]
