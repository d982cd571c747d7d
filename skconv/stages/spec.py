"""A stage: convolution, nonlinearity, pooling, as nodes of a graph."""

from __future__ import annotations

import math
from dataclasses import dataclass
from numbers import Integral
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from skconv.graph import (
    Abs,
    BothSigns,
    Clip,
    Concat,
    Conv,
    Divide,
    Graph,
    KNearest,
    L2Pool,
    LocalContrast,
    Magnitude,
    MaxPool,
    MeanPool,
    Op,
    Relu,
    Reshape,
    Root,
    Sign,
    SoftThreshold,
    Square,
    SumPool,
    TentPool,
)
from skconv.stages.geometry import Padding, Pair, border, pair
from skconv.stages.windows import fit_window, grid_windows

Pool = Literal["max", "mean", "sum", "l2", "tent"]
Thresholds = NDArray[np.float32] | None

POOLS: dict[str, type[MaxPool | MeanPool | TentPool]] = {
    "max": MaxPool,
    "mean": MeanPool,
    "sum": SumPool,
    "l2": L2Pool,
    "tent": TentPool,
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
# What goes with kernels of any source and has no parameter but the threshold: a magnitude wants
# pairs, a triangle centroids, and has been made of their distances before.
NONLINEARITY_NAMES = (set(NONLINEARITIES) - {"magnitude", "triangle"}) | {"soft_threshold"}
# These have parameters of their own.
PARAMETRIC_NAMES = frozenset({"clip", "k_nearest"})

# Responses that thresholds are learnt from: of each kernel, and of all together.
_MOST_OF_KERNEL = 100_000
_MOST = 2**24
# A variance that is nothing beside that of any patch of numbers; the op wants one.
_HARDLY_ANY = 1e-30


@dataclass(frozen=True)
class StageSpec:
    """Everything of a stage but its kernels: stride, padding, nonlinearity, pooling.

    In this order: convolution, contrast, nonlinearity, pooling, root.

    ``nonlinearity="square"`` with ``pool="l2"`` squares once: ``sqrt(sum z^2)`` over the
    window (Saxe et al. 2011), as do ``"identity"`` and ``"abs"``. ``pool_size=None``
    leaves the maps unpooled; ``pool_stride=None`` is ``pool_size``, of ``"tent"`` half of it.
    """

    stride: Any = 1
    padding: Padding = "valid"
    nonlinearity: str = "identity"
    pool: Pool = "l2"
    pool_size: Any = None
    pool_stride: Any = None
    threshold: float = 0.5
    n_nearest: int | float = 0.4
    limits: tuple[float, float] = (0.0, 1.0)
    contrast_eps: float | None = None
    root: bool = False

    def check(self, n_maps: int | None = None) -> None:
        """ValueError where parameters contradict each other, or `n_maps` maps are too few."""
        if self.nonlinearity == "clip" and not (
            np.shape(self.limits) == (2,) and self.limits[0] < self.limits[1]
        ):
            raise ValueError(f"limits={self.limits!r}, expected two numbers, the smaller first")
        if self.nonlinearity == "triangle" and self.contrast_eps is not None:
            raise ValueError(
                f"contrast_eps={self.contrast_eps!r} with nonlinearity='triangle', whose contrast "
                "is KMeansKernels(contrast_eps=...): expected None"
            )
        if self.nonlinearity in ("sign", "k_nearest") and self.contrast_eps is not None:
            raise ValueError(
                f"contrast_eps={self.contrast_eps!r} changes nothing with nonlinearity="
                f"{self.nonlinearity!r}, which does not see how large responses are: expected None"
            )
        if self.nonlinearity == "k_nearest" and n_maps is not None:
            self._count(n_maps)

    def _count(self, n_maps: int) -> int:
        """How many of the responses of both signs of a pixel become 1."""
        entries = 2 * n_maps
        whole = isinstance(self.n_nearest, Integral)
        count = int(self.n_nearest) if whole else max(1, round(self.n_nearest * entries))
        if not 1 <= count < entries:
            raise ValueError(
                f"n_nearest={self.n_nearest!r} of the {entries} responses, of both signs, that "
                f"{n_maps} map(s) have at a pixel: expected 1 to {entries - 1}"
            )
        return count

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
            padding=border(window, self.padding),
            pad_mode="circular" if self.padding == "circular" else "zero",
            shared=shared,
            groups=groups,
        )

    def learn_thresholds(self, graph: Graph, maps: Any, device: str = "cpu") -> Thresholds:
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
        responses = sampled(graph, maps, device)
        last = math.ceil(self.threshold * len(responses)) - 1
        middle = (last, min(last + 1, len(responses) - 1))
        return np.partition(np.abs(responses), middle, axis=0)[middle, :].mean(axis=0)

    def learn_contrast(
        self, graph: Graph, conv: Conv, maps: Any, device: str = "cpu"
    ) -> float | None:
        """What is added to the variance of the patches that ``conv`` sees behind ``graph``.

        ``contrast_eps`` times the mean of these variances, on samples taken evenly from all.
        """
        if self.contrast_eps is None:
            return None
        contrasts = sampled(graph.append(_contrast(conv, _HARDLY_ANY)), maps, device)
        variance = np.mean(contrasts**2, dtype=np.float64)
        rounding = 4 * np.finfo(np.float32).eps
        if variance <= rounding * np.mean(sampled(graph, maps, device) ** 2, dtype=np.float64):
            raise ValueError("maps have patches that are all flat: they have no contrast")
        return self.contrast_eps * float(variance)

    def responses(self, graph: Graph, conv: Conv, contrast_eps: float | None = None) -> Graph:
        """``graph``, which ends in a map, with what the nonlinearity sees behind it.

        `contrast_eps` is that which `learn_contrast` gave.
        """
        maps = graph.output_name
        graph = graph.append(conv)
        if contrast_eps is None:
            return graph
        responses = graph.output_name
        graph = graph.append(_contrast(conv, contrast_eps), maps)
        return graph.append(Divide(), responses, graph.output_name)

    def finish(
        self, graph: Graph, thresholds: Thresholds, *, signal: bool, clip: bool = False
    ) -> Graph:
        """``graph``, which ends in responses, with nonlinearity, pooling and root behind it."""
        op = self._activation(thresholds, graph.output.shape[-1])
        graph = self.pooled(graph if op is None else graph.append(op), signal=signal, clip=clip)
        return graph.append(Root()) if self.root else graph

    def _activation(self, thresholds: Thresholds, n_maps: int) -> Op | None:
        """The op on the responses, if any."""
        if thresholds is not None:
            return SoftThreshold(thresholds)
        if self.nonlinearity == "k_nearest":
            return KNearest(self._count(n_maps))
        if self.nonlinearity == "clip":
            return Clip(*map(float, self.limits))
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
                    "says where windows lie: expected None"
                )
            return grid_windows(self.pool_size, map_shape, signal=signal, clip=clip)
        size = fit_window(self.pool_size, map_shape, "pool_size", signal=signal, clip=clip)
        rows, columns = self._stride(size)
        return [(size, (1 if signal else rows, columns))]

    def _stride(self, size: Pair) -> Pair:
        """Of the windows: tents reach their neighbours' middle, others their border."""
        if self.pool_stride is not None:
            return pair(self.pool_stride, "pool_stride")
        return ((size[0] + 1) // 2, (size[1] + 1) // 2) if self.pool == "tent" else size


def sampled(graph: Graph, maps: Any, device: str) -> NDArray[np.float32]:
    """What ``graph`` makes of samples taken evenly from ``maps``: a row for every pixel.

    So many samples that there are about 100,000 pixels. Of ``maps`` no more is asked than a
    number and `numpy.ndarray.take`.
    """
    from skconv.runtime import engine

    *places, n_channels = graph.output.shape
    wanted = min(_MOST_OF_KERNEL // math.prod(places), _MOST // graph.output.size, len(maps))
    rows = np.linspace(0, len(maps) - 1, max(1, wanted)).astype(int)
    samples = maps.take(rows, axis=0)
    return engine.run(graph, samples, device=device).reshape(-1, n_channels)


def _contrast(conv: Conv, eps: float) -> LocalContrast:
    """The contrast of the patches that a convolution sees, over all channels."""
    window = conv.weights.shape[1], conv.weights.shape[2]
    return LocalContrast(window, conv.stride, conv.padding, conv.pad_mode, eps=eps)
