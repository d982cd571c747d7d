"""Calibration: between which limits each tensor of a float graph moves, seen on data."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from skconv.graph import Conv, Graph, Linear
from skconv.runtime import reference
from skconv.runtime.windows import check_batch, chunks

Method = Literal["minmax", "percentile", "mse"]
Range = tuple[float, float]
Ranges = Mapping[str, Range]

N_BINS = 4096
PERCENTILE = 99.99
N_CANDIDATES = 64
LEVELS = 255


def calibrate(graph: Graph, x: NDArray[Any], method: Method = "minmax") -> dict[str, Range]:
    """The range of every tensor of a float graph over calibration samples.

    Parameters
    ----------
    graph : Graph
        A float graph.
    x : ndarray of shape (n_samples, *graph.input.shape) or flat
        Samples like those that the device will see.
    method : {"minmax", "percentile", "mse"}
        All that was seen; all but 0.01 % (half at either end); or the range whose 255
        levels have the least mean squared error, rounding and clipping together.

    Returns
    -------
    ranges : dict of str to (float, float)
        Every range contains 0.

    Raises
    ------
    ValueError
        Where ``x`` is empty, has another shape or is not finite, or ``method`` is unknown.
    """
    if method not in get_args(Method):
        raise ValueError(f"calibration={method!r}, expected one of {get_args(Method)}")
    return ranges_seen(FloatRun(graph, check_calibration(graph, x)), method)


@dataclass(frozen=True)
class FloatRun:
    """What a float graph makes of samples, as far as integers ask for it: run once."""

    graph: Graph
    x: NDArray[Any]

    def batches(self) -> Iterator[dict[str, NDArray[Any]]]:
        """All tensors, chunk by chunk."""
        for rows in self.chunks:
            yield reference.tensors(self.graph, self.x[rows])

    @cached_property
    def chunks(self) -> list[slice]:
        return list(chunks(self.graph, len(self.x)))

    @property
    def limits(self) -> dict[str, Range]:
        """The least and the greatest number of every tensor, and 0."""
        return self._seen[0]

    @property
    def sums(self) -> dict[str, NDArray[Any]]:
        """Sums over the samples of what convolutions and linear layers read."""
        return self._seen[1]

    @cached_property
    def _seen(self) -> tuple[dict[str, Range], dict[str, NDArray[Any]]]:
        layers = [node for node in self.graph.nodes if isinstance(node.op, Conv | Linear)]
        read = dict.fromkeys(node.inputs[0] for node in layers)
        low = dict.fromkeys(self.graph.specs, 0.0)
        high = dict.fromkeys(self.graph.specs, 0.0)
        sums: dict[str, NDArray[Any]] = {}
        for tensors in self.batches():
            for name, values in tensors.items():
                # The border of a `Pad` may be minus infinity: no integer has to stand for that.
                least = values.min(initial=0.0, where=values > -np.inf)
                low[name] = min(low[name], float(least))
                high[name] = max(high[name], float(values.max()))
            for name in read:
                sums[name] = sums.get(name, 0.0) + tensors[name].sum(axis=0)
        return {name: (low[name], high[name]) for name in low}, sums


def ranges_seen(run: FloatRun, method: Method) -> dict[str, Range]:
    """The ranges of all tensors in a run, as of `calibrate`."""
    if method == "minmax":
        return run.limits
    choose = _percentile_range if method == "percentile" else _mse_range
    histograms = _histograms(run, run.limits)
    return {name: choose(histograms[name], limits) for name, limits in run.limits.items()}


def check_calibration(graph: Graph, x: NDArray[Any]) -> NDArray[Any]:
    """Samples in the shape of the graph's input; ValueError where they are of no use."""
    x = check_batch(graph, x)
    if len(x) == 0:
        raise ValueError("calibration needs at least one sample, got X with 0")
    if not np.isfinite(x).all():
        raise ValueError("calibration needs finite samples, X has NaN or infinity")
    return x


def _histograms(run: FloatRun, ranges: Ranges) -> dict[str, NDArray[np.int64]]:
    counts = {name: np.zeros(N_BINS, np.int64) for name in ranges}
    for tensors in run.batches():
        for name, values in tensors.items():
            low, high = ranges[name]
            if high > low:
                counts[name] += np.histogram(values, N_BINS, (low, high))[0]
    return counts


def _percentile_range(counts: NDArray[np.int64], limits: Range) -> Range:
    low, high = limits
    if counts.sum() == 0:
        return limits
    share = np.cumsum(counts) / counts.sum()
    tail = (1 - PERCENTILE / 100) / 2
    edges = np.linspace(low, high, N_BINS + 1)
    first, last = np.searchsorted(share, [tail, 1 - tail])
    return min(0.0, float(edges[first])), max(0.0, float(edges[min(last + 1, N_BINS)]))


def _mse_range(counts: NDArray[np.int64], limits: Range) -> Range:
    low, high = limits
    if counts.sum() == 0:
        return limits
    edges = np.linspace(low, high, N_BINS + 1)
    centres = (edges[:-1] + edges[1:]) / 2
    fractions = np.linspace(1 / N_CANDIDATES, 1, N_CANDIDATES)
    errors = [_squared_error(centres, counts, f * low, f * high) for f in fractions]
    best = float(fractions[int(np.argmin(errors))])
    return best * low, best * high


def _squared_error(
    values: NDArray[np.float64], counts: NDArray[np.int64], low: float, high: float
) -> float:
    step = max(high, -low) / (LEVELS if low == 0 else LEVELS // 2)
    rounded = np.clip(np.rint(values / step) * step, low, high)
    return float(counts @ (values - rounded) ** 2)
