"""`MiniRocket`: its definition, and a fast form of it in numpy.

The fast form is exact wherever the definition is: its order of additions is that of the
published code, so that float32 features are the same to the last bit. Integers are added in int16
where all responses fit; otherwise in float32, exactly. Some convolutions are counted at a time,
over all steps of time, so that what they need stays in a cache. `rocket_blocks` has the loops.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skconv.graph import MiniRocket
from skconv.graph.limits import INT16_MAX
from skconv.graph.minirocket import KERNEL_LENGTH, ONE_SIDE, TRIPLES
from skconv.runtime import numpy_engine, reference
from skconv.runtime.rocket_blocks import (
    CACHE_LINE,
    CENTRE,
    Batch,
    Grid,
    Group,
    Mixed,
    Signals,
    Tally,
    rows_of_tile,
)

# Signals of so many samples stay in a cache of the second level.
MOST_SAMPLES, FEWEST_SAMPLES = 512, 64
SIGNAL_BYTES = 3 * 2**19
# Comparisons and responses of a group, so that both stay there too.
COMPARED_BYTES = 2**19
MOST_RESPONSES = 16
TURNED = 64
PLACES = {taps: place for place, taps in enumerate(TRIPLES)}
# Whole numbers up to here are exact in float32.
EXACT = 2**24


@reference.evaluate.register
def _(op: MiniRocket, x: Batch) -> Batch:
    signals = np.pad(x[:, 0], ((0, 0), (op.reach, op.reach), (0, 0)))
    counts = []
    for i, channels in enumerate(op.channel_lists):
        summed = signals[:, :, list(channels)].sum(axis=2)
        step, first = int(op.dilations[i]), op.reach - CENTRE * int(op.dilations[i])
        weights = np.full(KERNEL_LENGTH, -1)
        weights[list(TRIPLES[op.kernels[i]])] = 2
        taps = (first + tap * step for tap in range(KERNEL_LENGTH))
        response = sum(w * summed[:, t : t + op.length] for w, t in zip(weights, taps, strict=True))
        edge = 0 if op.padded[i] else CENTRE * step
        biases = op.biases[op.first_features[i] : op.first_features[i + 1]]
        seen = response[:, edge : op.length - edge, None]
        counts.append((seen > biases).sum(axis=1))
    found = np.concatenate(counts, axis=1)
    return found.astype(np.float64) if x.dtype.kind == "f" else found


@numpy_engine.evaluate.register
def _(op: MiniRocket, x: Batch) -> Batch:
    return counted(op, x)


# ------------------------------------------------------------------------- the fast form


def counted(
    op: MiniRocket, x: Batch, factors: Batch | None = None, batch_size: int | None = None
) -> Batch:
    """Counts ``(n_samples, n_features)`` of signals ``(n_samples, 1, length, channels)``.

    Parameters
    ----------
    op : MiniRocket
        On real numbers: its biases are floats, whatever ``x`` is.
    x : ndarray
        float32, or integers that float32 holds.
    factors : ndarray of float32, optional
        What counts are multiplied by.
    batch_size : int, optional
        Samples computed at a time.
    """
    found = np.empty((len(x), len(op.biases)), np.float32)
    factors = np.ones(len(op.biases), np.float32) if factors is None else factors
    dtype = _arithmetic(op, x)
    step = batch_size or _samples(op, x, dtype)
    runs = _by_dilation(op, dtype, rows_of_tile(op.length, step) * step)
    groups = [group for _, _, some in runs for group in some]
    for start in range(0, len(x), step):
        here = found[start : start + step]
        signals = Signals(x[start : start + step, 0], op.reach, dtype)
        tally = Tally(signals, groups, dtype)
        for dilation, features, some in runs:
            counts = np.empty((features.stop - features.start, signals.n), np.uint16)
            tiles = signals.tiles(dilation)
            for group in some:
                counts[group.features - features.start] = tally.count(group, tiles)
            _turn(counts[:, : len(here)], factors[features, None], here[:, features])
    return found


def _turn(counts: Batch, factors: Batch, out: Batch) -> None:
    """Multiply, and samples first: some features at a time, so that both stay in a cache."""
    for first in range(0, len(counts), TURNED):
        some = slice(first, first + TURNED)
        out[:, some] = (counts[some] * factors[some]).T


def _arithmetic(op: MiniRocket, x: Batch) -> np.dtype[Any]:
    """The fastest type in which all responses are exact, or as they are in float32."""
    if x.dtype.kind == "f" or x.size == 0:
        return np.dtype(np.float32)
    n_summed = int(op.n_channels.max(initial=1))
    low, high = min(int(x.min()), 0), max(int(x.max()), 0)
    if ONE_SIDE * n_summed * (high - low) <= INT16_MAX:
        return np.dtype(np.int16)  # partial sums may wrap around, responses do not
    exact = 2 * ONE_SIDE * n_summed * max(high, -low) < EXACT
    return np.dtype(np.float32 if exact else np.float64)


def _biases(biases: Batch, dtype: np.dtype[Any]) -> Batch:
    """``C > b`` is ``C > floor(b)`` on integers; what no response reaches is cut off."""
    if dtype.kind == "f":
        return biases.astype(dtype)
    return np.clip(np.floor(biases), -INT16_MAX - 1, INT16_MAX).astype(dtype)


def _samples(op: MiniRocket, x: Batch, dtype: np.dtype[Any]) -> int:
    """How many to compute at a time: about as many each time, and whole cache lines."""
    n, *_, channels = x.shape
    each = (op.length + 2 * op.reach) * channels * dtype.itemsize
    most = min(max(SIGNAL_BYTES // each, FEWEST_SAMPLES), MOST_SAMPLES)
    n_batches = max(-(-n // most), 1)
    return max(-(-n // n_batches // CACHE_LINE) * CACHE_LINE, 1) if n > CACHE_LINE else max(n, 1)


def _by_dilation(
    op: MiniRocket, dtype: np.dtype[Any], tile: int
) -> list[tuple[int, slice, list[Group]]]:
    """The features of each run of convolutions of one dilation, and the groups they come from.

    ``tile`` is how many numbers a tile has.
    """
    edges = np.flatnonzero(np.diff(op.dilations.astype(np.int64))) + 1
    biases, most = _biases(op.biases, dtype), max(COMPARED_BYTES // tile, 1)
    runs = []
    for begin, end in zip([0, *edges], [*edges, len(op.dilations)], strict=True):
        chosen = np.arange(begin, end)
        make = _grids if _is_whole(op, chosen) else _mixed
        features = slice(int(op.first_features[begin]), int(op.first_features[end]))
        runs.append((int(op.dilations[begin]), features, list(make(op, chosen, biases, most))))
    return runs


def _is_whole(op: MiniRocket, chosen: NDArray[np.intp]) -> bool:
    """Are these all kernels, on one channel and with as many biases each?"""
    return (
        np.array_equal(op.kernels[chosen], np.arange(len(TRIPLES)))
        and len({op.channel_lists[i] for i in chosen}) == 1
        and len(op.channel_lists[chosen[0]]) == 1
        and len(np.unique(op.n_biases[chosen])) == 1
    )


def _grids(op: MiniRocket, chosen: NDArray[np.intp], biases: Batch, most: int) -> Iterator[Group]:
    """No more than ``most`` features in each, if possible."""
    (channel,) = op.channel_lists[chosen[0]]
    n_biases = int(op.n_biases[chosen[0]])
    for middle in range(1, KERNEL_LENGTH - 1):
        last = range(middle + 1, KERNEL_LENGTH)
        step = max(most // (len(last) * n_biases), 1)
        for start in range(0, middle, step):
            first = range(start, min(start + step, middle))
            kernels = [PLACES[a, middle, c] for a in first for c in last]
            common = _common(op, chosen[kernels], biases)
            yield Grid(*common, channel, slice(first.start, first.stop), middle)


def _mixed(op: MiniRocket, chosen: NDArray[np.intp], biases: Batch, most: int) -> Iterator[Group]:
    """One after the other, no more than ``most`` features in each, if possible."""
    start = 0
    while start < len(chosen):
        n_features = np.cumsum(op.n_biases[chosen[start : start + MOST_RESPONSES]])
        some = chosen[start : start + max(int((n_features <= most).sum()), 1)]
        convolutions = [(TRIPLES[op.kernels[i]], op.channel_lists[i]) for i in some]
        yield Mixed(*_common(op, some, biases), convolutions)
        start += len(some)


def _common(
    op: MiniRocket, some: NDArray[np.intp], biases: Batch
) -> tuple[NDArray[np.intp], NDArray[np.intp], Batch | list[Batch]]:
    """What every group has."""
    firsts, n_biases = op.first_features, op.n_biases[some]
    bare = np.flatnonzero(op.padded[some] == 0)
    if np.ptp(n_biases) == 0:
        places = np.asarray(firsts)[some, None] + np.arange(n_biases[0])
        return places.ravel(), bare, biases[places, None]
    features = [np.arange(firsts[i], firsts[i + 1]) for i in some]
    return np.concatenate(features), bare, [biases[places, None] for places in features]


def shares(op: MiniRocket) -> NDArray[np.float32]:
    """What turns counts into shares of positive values; 0 where there is no place to count."""
    positions = op.positions
    found = np.divide(1.0, positions, out=np.zeros(len(positions)), where=positions > 0)
    return found.astype(np.float32)
