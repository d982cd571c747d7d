"""A stage along time: dilated kernels fitted to maps, their responses on one scale, pooled."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from skconv.features.base import naming
from skconv.features.graph_maps import maps_behind
from skconv.features.stack import sized
from skconv.graph import Above, Conv, Graph, MaxPool, MeanPool, Reshape, Select
from skconv.kernels.base import KernelSource
from skconv.kernels.moments import Maps
from skconv.signals.dilation import phases
from skconv.stages.spec import sampled

Floats = NDArray[np.float32]
Pooling = Literal["ppv", "max", "mean", "last"]
TimePadding = Literal["causal", "valid"]

POOLINGS: tuple[Pooling, ...] = ("ppv", "max", "mean", "last")


@dataclass(frozen=True, eq=False)
class TimeStage:
    """A fitted stage: a convolution whose responses have variance 1, and levels of them.

    Parameters
    ----------
    conv : Conv
        Dilated along time.
    levels : ndarray of float32 of shape (n_levels, n_maps)
        Quantiles of the responses of every map.
    """

    conv: Conv
    levels: Floats

    def pooled(
        self, graph: Graph, responses: str, pool: Sequence[Pooling]
    ) -> tuple[Graph, list[str]]:
        """``graph`` with the pooled responses behind it, as vectors, and their names."""
        length = graph.specs[responses].shape[1]
        whole = (1, length), (1, length)
        names = []
        for kind in pool:
            if kind == "last":
                graph = _last(graph, responses)
            elif kind == "ppv":
                graph = graph.append(Above(self.levels), responses).append(MeanPool(*whole))
            else:
                graph = graph.append((MaxPool if kind == "max" else MeanPool)(*whole), responses)
            if len(graph.output.shape) > 1:
                graph = graph.append(Reshape((graph.output.size,)))
            names.append(graph.output_name)
        return graph, names

    def feature_names(self, stage: int, pool: Sequence[Pooling]) -> list[str]:
        """A name for every feature, in the order of `pooled`."""
        kernels, n_maps = len(self.conv.weights), self.levels.shape[1]
        maps = [f"stage{stage}_conv{i % kernels}" for i in range(n_maps)]
        if n_maps > kernels:
            maps = [f"{name}ch{i // kernels}" for i, name in enumerate(maps)]
        names: list[str] = []
        for kind in pool:
            levels = range(len(self.levels)) if kind == "ppv" else ("",)
            names += [f"{name}_{kind}{level}" for level in levels for name in maps]
        return names


@dataclass(frozen=True)
class StageFit:
    """Fits stages to signals.

    Parameters
    ----------
    maps : ndarray of shape (n_samples, 1, length, channels)
    y : array-like or None
    padding : {"causal", "valid"}
    n_levels : int
    device : str
    batch_size : int or "auto"
    """

    maps: NDArray[Any]
    y: Any
    padding: TimePadding
    n_levels: int
    device: str
    batch_size: Any

    def fit(self, graph: Graph, source: Any, dilation: int, kernel_size: int) -> TimeStage:
        """A stage behind ``graph``, which ends in a map, its kernels from a clone of `source`."""
        seen = maps_behind(graph, self.maps, device=self.device, batch_size=self.batch_size)
        fitted = self._fitted_source(source, seen, dilation, kernel_size)
        conv = self._conv(fitted, dilation, graph.output.shape)
        responses = sampled(graph.append(conv), self.maps, self.device)
        scale = _scale(responses.reshape(-1, len(conv.weights)))
        responses /= np.tile(scale, responses.shape[1] // len(scale))
        weights = conv.weights / scale[:, None, None, None]
        scaled = Conv(weights, conv.bias / scale, **_geometry(conv))
        return TimeStage(scaled, quantiles(responses, self.n_levels))

    def _fitted_source(
        self, source: Any, seen: Maps, dilation: int, kernel_size: int
    ) -> KernelSource:
        maps = seen if dilation == 1 else phases(seen, dilation, kernel_size)
        y = None if self.y is None else np.repeat(np.asarray(self.y), dilation, axis=0)
        with naming(self.maps.shape):
            fitted: KernelSource = sized(source, maps.shape[1:], clip=True).fit(maps, y)
        return fitted

    def _conv(self, source: KernelSource, dilation: int, shape: tuple[int, ...]) -> Conv:
        reach = (source.kernels_.shape[2] - 1) * dilation
        if self.padding == "valid" and reach >= shape[1]:
            raise ValueError(
                f"a kernel of {source.kernels_.shape[2]} taps, {dilation} apart, is longer than "
                f"the {shape[1]} steps of time that it sees: expected smaller dilations, or "
                "padding='causal'"
            )
        return Conv(
            source.kernels_,
            source.biases_,
            padding=((0, 0), (reach if self.padding == "causal" else 0, 0)),
            dilation=(1, dilation),
            shared=source.kernels_.shape[3] == 1 and shape[2] > 1,
        )


def _last(graph: Graph, responses: str) -> Graph:
    """``graph`` with the responses at the last step of time behind it."""
    _, length, n_maps = graph.specs[responses].shape
    last = np.arange((length - 1) * n_maps, length * n_maps, dtype=np.int32)
    return graph.append(Reshape((length * n_maps,)), responses).append(Select(last))


def _geometry(conv: Conv) -> dict[str, Any]:
    return {"padding": conv.padding, "dilation": conv.dilation, "shared": conv.shared}


def _scale(responses: Floats) -> Floats:
    """Standard deviation of the responses of every kernel; 1 where they are all alike."""
    deviation = responses.std(axis=0, dtype=np.float64)
    smallest = 1e-6 * np.abs(responses).max(axis=0, initial=0.0)
    return np.where(deviation > smallest, deviation, 1.0).astype(np.float32)


def quantiles(responses: Floats, n_levels: int) -> Floats:
    """Levels that leave equal shares of the responses of every map between them.

    A level lies halfway between two responses, away from the rounding of either.

    Examples
    --------
    >>> import numpy as np
    >>> from skconv.signals.time_stage import quantiles
    >>> quantiles(np.arange(8, dtype=np.float32)[:, None], 3).ravel()
    array([1.5, 3.5, 5.5], dtype=float32)
    """
    ordered = np.sort(responses, axis=0)
    shares = np.arange(1, n_levels + 1) / (n_levels + 1)
    last = np.ceil(shares * len(ordered)).astype(int) - 1
    middle = np.stack([last, np.minimum(last + 1, len(ordered) - 1)])
    return np.asarray(ordered[middle].mean(axis=0))
