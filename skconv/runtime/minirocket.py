"""`MiniRocket`: its definition, and a fast form of it in numpy.

The fast form is exact wherever the definition is: its order of additions is that of the
published code, so that float32 features are the same to the last bit.

- Samples are the innermost axis: a tap, however dilated, is a contiguous block of rows, one a
  step of time.
- Sums of the taps and of pairs of them are shared by the kernels that begin with them.
- The comparisons of several kernels fill one block of bytes. It is folded in half until one
  row is left, which is the count: bytes hold it for a tile of at most 255 steps of time.
- Integers are added in int16 where all responses fit; otherwise in float32, exactly.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skconv.graph import MiniRocket
from skconv.graph.limits import INT16_MAX
from skconv.graph.minirocket import KERNEL_LENGTH, ONE_SIDE, TRIPLES
from skconv.runtime import numpy_engine, reference

Batch = NDArray[Any]

CENTRE = KERNEL_LENGTH // 2
# So that what a tile needs stays in a cache of the second level.
MOST_SAMPLES, FEWEST_SAMPLES = 256, 32
MOST_ROWS = 160
COMPARED_BYTES = 2**19
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


@dataclass(frozen=True)
class Convolution:
    """One of those that share a dilation."""

    taps: tuple[int, ...]
    channels: tuple[int, ...]
    biases: Batch


@dataclass(frozen=True)
class Alike:
    """Convolutions of one dilation that count from and to the same steps of time.

    ``features`` are the places of what they count among all features.
    """

    dilation: int
    edge: int
    features: NDArray[np.intp]
    convolutions: tuple[Convolution, ...]


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
    dtype = _arithmetic(op, x)
    dilations = _by_dilation(op, dtype)
    step = batch_size or max(FEWEST_SAMPLES, MOST_SAMPLES // x.shape[3])
    for start in range(0, len(x), step):
        rows = slice(start, start + step)
        signals = _between_zeros(x[rows, 0], op.reach, dtype)
        n = signals.shape[2]
        tile, tally = Tile(signals), Tally(n, int(op.n_biases.max()))
        for features, parts in dilations:
            counts = np.empty((features.stop - features.start, n), np.uint16)
            for part in parts:
                counts[part.features - features.start] = _count(op, part, tile, tally)
            found[rows, features] = counts.T
            if factors is not None:
                found[rows, features] *= factors[features]
    return found


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


def _by_dilation(op: MiniRocket, dtype: np.dtype[Any]) -> list[tuple[slice, list[Alike]]]:
    """The features of each run of convolutions of one dilation, and those that are alike."""
    firsts, biases = op.first_features, _biases(op.biases, dtype)
    edges = np.flatnonzero(np.diff(op.dilations.astype(np.int64))) + 1
    runs = []
    for begin, end in zip([0, *edges], [*edges, len(op.dilations)], strict=True):
        dilation, each = int(op.dilations[begin]), np.arange(begin, end)
        parts = [
            Alike(
                dilation,
                0 if padded else CENTRE * dilation,
                np.concatenate([np.arange(firsts[i], firsts[i + 1]) for i in chosen]),
                tuple(
                    Convolution(
                        TRIPLES[op.kernels[i]],
                        op.channel_lists[i],
                        biases[firsts[i] : firsts[i + 1], None, None],
                    )
                    for i in chosen
                ),
            )
            for padded in (1, 0)
            if (chosen := each[op.padded[begin:end] == padded]).size
        ]
        runs.append((slice(int(firsts[begin]), int(firsts[end])), parts))
    return runs


def _biases(biases: Batch, dtype: np.dtype[Any]) -> Batch:
    """``C > b`` is ``C > floor(b)`` on integers; what no response reaches is cut off."""
    if dtype.kind == "f":
        return biases.astype(dtype)
    return np.clip(np.floor(biases), -INT16_MAX - 1, INT16_MAX).astype(dtype)


def _between_zeros(x: Batch, reach: int, dtype: np.dtype[Any]) -> Batch:
    """Signals ``(n, length, channels)`` as ``(channels, reach + length + reach, n)``."""
    n, length, channels = x.shape
    signals = np.zeros((channels, length + 2 * reach, n), dtype)
    signals[:, reach : reach + length] = x.transpose(2, 1, 0)
    return signals


def _count(op: MiniRocket, part: Alike, tile: Tile, tally: Tally) -> Batch:
    """Counts ``(n_features, n)`` of convolutions that are alike."""
    first, end = part.edge, op.length - part.edge
    counts = np.zeros((len(part.features), tally.n), np.uint16)
    height = -(-(end - first) // -(-(end - first) // MOST_ROWS))
    for begin in range(first, end, height):
        rows = min(height, end - begin)
        tile.move_to(op.reach + begin, rows, part.dilation)
        tally.begin(counts, rows)
        for convolution in part.convolutions:
            tally.count(tile.responses(convolution), convolution.biases)
        tally.flush()
    return counts


class Tile:
    """Convolutions of one dilation over some steps of time, for all samples.

    ``-sum`` of all taps is made once, and thrice a tap is added three times: the sums with one
    and with two of them are kept, channel by channel, until a kernel needs others.
    """

    def __init__(self, signals: Batch) -> None:
        self.signals, self.thrice = signals, 3 * signals
        channels, length, n = signals.shape
        self._memory = np.empty((4, channels, min(length, MOST_ROWS) * n), signals.dtype)

    def move_to(self, begin: int, rows: int, dilation: int) -> None:
        self.taps = [
            self.thrice[:, start : start + rows]
            for start in (begin + (tap - CENTRE) * dilation for tap in range(KERNEL_LENGTH))
        ]
        self._begin, self._rows, self._dilation = begin, rows, dilation
        _, channels, _ = self._memory.shape
        n = self.signals.shape[2]
        here = self._memory[:, :, : rows * n].reshape(4, channels, rows, n)
        self._bases, self._ones, self._pairs = list(here[0]), list(here[1]), list(here[2])
        self._result, self._spare = here[3, 0], here[3, -1]
        self._made: dict[int, tuple[int, ...]] = {}

    def responses(self, convolution: Convolution) -> Batch:
        """``(rows, n)``, a row a step of time; good until the next call."""
        a, b, c = convolution.taps
        first, *others = convolution.channels
        result = np.add(self._pair(first, a, b), self.taps[c][first], out=self._result)
        for channel in others:
            result += np.add(self._pair(channel, a, b), self.taps[c][channel], out=self._spare)
        return result

    def _pair(self, channel: int, a: int, b: int) -> Batch:
        """All taps taken off, thrice two of them added."""
        base, one, two = self._bases[channel], self._ones[channel], self._pairs[channel]
        made = self._made.get(channel, ())
        if made != (a, b):
            if not made:
                self._take_off_all(channel, base)
            if made[:1] != (a,):
                np.add(base, self.taps[a][channel], out=one)
            np.add(one, self.taps[b][channel], out=two)
            self._made[channel] = a, b
        return two

    def _take_off_all(self, channel: int, base: Batch) -> None:
        """First the middle tap, then those before it and those behind it."""
        signal, begin, rows = self.signals[channel], self._begin, self._rows
        np.negative(signal[begin : begin + rows], out=base)
        for tap in (*range(CENTRE), *range(CENTRE + 1, KERNEL_LENGTH)):
            start = begin + (tap - CENTRE) * self._dilation
            base -= signal[start : start + rows]


class Tally:
    """Comparisons of responses with biases, counted as soon as a block of them is full."""

    def __init__(self, n: int, n_biases: int) -> None:
        self.n = n
        self._most_biases = n_biases
        self._memory = np.empty(max(COMPARED_BYTES, n_biases * MOST_ROWS * n), np.bool_)

    def begin(self, counts: Batch, rows: int) -> None:
        """From the first feature again."""
        self._counts, self._first, self._used = counts, 0, 0
        self._room = max(self._most_biases, COMPARED_BYTES // (rows * self.n))
        self._compared = self._memory[: self._room * rows * self.n].reshape(-1, rows, self.n)

    def count(self, responses: Batch, biases: Batch) -> None:
        """Responses ``(rows, n)`` against ``(n_biases, 1, 1)``."""
        end = self._used + len(biases)
        if end > self._room:
            self.flush()
            end = len(biases)
        np.greater(responses, biases, out=self._compared[self._used : end])
        self._used = end

    def flush(self) -> None:
        """Fold time in half until one row is left."""
        ones = self._compared[: self._used].view(np.uint8)
        rows = ones.shape[1]
        while rows > 1:
            half = (rows + 1) // 2
            np.add(ones[:, : rows - half], ones[:, half:rows], out=ones[:, : rows - half])
            rows = half
        self._counts[self._first : self._first + self._used] += ones[:, 0]
        self._first, self._used = self._first + self._used, 0


def shares(op: MiniRocket) -> NDArray[np.float32]:
    """What turns counts into shares of positive values; 0 where there is no place to count."""
    positions = op.positions
    found = np.divide(1.0, positions, out=np.zeros(len(positions)), where=positions > 0)
    return found.astype(np.float32)
