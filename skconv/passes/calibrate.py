"""Calibration: between which limits each tensor of a float graph moves, seen on data."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from skconv.graph import Graph
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
        raise ValueError(f"calibration={method!r}, wanted one of {get_args(Method)}")
    x = check_calibration(graph, x)
    ranges = _extremes(graph, x)
    if method == "minmax":
        return ranges
    choose = _percentile_range if method == "percentile" else _mse_range
    histograms = _histograms(graph, x, ranges)
    return {name: choose(histograms[name], ranges[name]) for name in ranges}


def check_calibration(graph: Graph, x: NDArray[Any]) -> NDArray[Any]:
    """Samples in the shape of the graph's input; ValueError where they are of no use."""
    x = check_batch(graph, x)
    if len(x) == 0:
        raise ValueError("calibration wants at least one sample, got X with 0")
    if not np.isfinite(x).all():
        raise ValueError("calibration wants finite samples, X has NaN or infinity")
    return x


def _batches(graph: Graph, x: NDArray[Any]) -> Iterator[dict[str, NDArray[Any]]]:
    for rows in chunks(graph, len(x)):
        yield reference.tensors(graph, x[rows])


def _extremes(graph: Graph, x: NDArray[Any]) -> dict[str, Range]:
    low = dict.fromkeys(graph.specs, 0.0)
    high = dict.fromkeys(graph.specs, 0.0)
    for tensors in _batches(graph, x):
        for name, values in tensors.items():
            # The border of a `Pad` may be minus infinity: no integer has to stand for that.
            least = values.min(initial=0.0, where=values > -np.inf)
            low[name] = min(low[name], float(least))
            high[name] = max(high[name], float(values.max()))
    return {name: (low[name], high[name]) for name in low}


def _histograms(graph: Graph, x: NDArray[Any], ranges: Ranges) -> dict[str, NDArray[np.int64]]:
    counts = {name: np.zeros(N_BINS, np.int64) for name in ranges}
    for tensors in _batches(graph, x):
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
