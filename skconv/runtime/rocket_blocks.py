"""The inner loops of `MiniRocket`'s fast form: sums and comparisons of blocks that stay in cache.

- Samples are the innermost axis: a tap, however dilated, is a contiguous run of numbers, and all
  nine are an array with the dilation as its stride.
- Some kernels are added, and compared with all their biases, in one call each.
- Every run begins at a cache line and is long: numpy copies short ones to a buffer.
- A byte counts the tiles in which a response was larger: tiles are added to each other, and rows
  of the sum last of all.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import as_strided
from numpy.typing import DTypeLike, NDArray

from skconv.graph.limits import UINT8_MAX
from skconv.graph.minirocket import KERNEL_LENGTH

Batch = NDArray[Any]

CENTRE = KERNEL_LENGTH // 2
CACHE_LINE = 64
# Runs shorter than about 3,000 go through numpy's buffer, which takes four times as long.
SHORTEST_RUN = 4096


def aligned(shape: tuple[int, ...], dtype: DTypeLike) -> Batch:
    """Memory that begins at a cache line, as wide registers need it to be fast."""
    size = int(np.prod(shape)) * np.dtype(dtype).itemsize
    memory = np.empty(size + CACHE_LINE, np.uint8)
    start = -memory.ctypes.data % CACHE_LINE
    return memory[start : start + size].view(dtype).reshape(shape)


def rows_of_tile(length: int, n: int) -> int:
    """Steps of time that make long runs of ``n`` samples, in at most 255 tiles."""
    fewest = max(-(-SHORTEST_RUN // n), -(-length // UINT8_MAX))
    return -(-length // max(length // fewest, 1))


@dataclass(frozen=True)
class Tile:
    """Some steps of time of all samples, flat: ``-sum`` of all taps, and each tap three times.

    Only from ``start`` to ``end`` do the kernels meet no zeros beside the signal.
    """

    base: Batch
    taps: Batch
    size: int
    start: int
    end: int


class Signals:
    """A batch between zeros."""

    def __init__(self, x: Batch, reach: int, dtype: np.dtype[Any]) -> None:
        n, self.length, self.channels = x.shape
        # Lines are whole ones where that is cheap.
        self.n = n + (-n % 16 if n >= 32 else 0)
        self.rows = rows_of_tile(self.length, self.n)
        self._reach = reach
        between = aligned((self.channels, self.length + 2 * reach, self.n), dtype)
        between[:] = 0
        between[:, reach : reach + self.length, :n] = x.transpose(2, 1, 0)
        self._once = between.reshape(self.channels, -1)
        self._thrice = aligned(self._once.shape, dtype)
        np.multiply(self._once, 3, out=self._thrice)
        self._base = aligned((self.channels, self.length * self.n), dtype)

    def tiles(self, dilation: int) -> list[Tile]:
        """Good until the next call."""
        taps = _all_taps(self._once, self._reach, self.length, dilation, self.n)
        # First the middle one, then those before it and those behind it.
        np.negative(taps[:, CENTRE], out=self._base)
        for tap in (*range(CENTRE), *range(CENTRE + 1, KERNEL_LENGTH)):
            np.subtract(self._base, taps[:, tap], out=self._base)
        return [self._tile(begin, dilation) for begin in range(0, self.length, self.rows)]

    def _tile(self, begin: int, dilation: int) -> Tile:
        rows, edge = min(self.rows, self.length - begin), CENTRE * dilation
        start = min(max(edge - begin, 0), rows)
        end = max(min(self.length - edge - begin, rows), start)
        return Tile(
            self._base[:, begin * self.n : (begin + rows) * self.n],
            _all_taps(self._thrice, self._reach + begin, rows, dilation, self.n),
            rows * self.n,
            start * self.n,
            end * self.n,
        )


def _all_taps(signals: Batch, begin: int, rows: int, dilation: int, n: int) -> Batch:
    """``(channels, 9, rows * n)``: the same memory, read nine times."""
    first = signals[:, (begin - CENTRE * dilation) * n :]
    channels, step = signals.strides
    shape = len(signals), KERNEL_LENGTH, rows * n
    return as_strided(first, shape, (channels, dilation * n * step, step), writeable=False)


@dataclass(frozen=True)
class Group(ABC):
    """Convolutions of one dilation that are counted together.

    ``features`` are the places of what they count among all features; ``bare`` are those that
    count only where they meet no zeros. ``biases`` are of shape ``(n_biases, 1)`` for each, and
    one array where they all have as many.
    """

    features: NDArray[np.intp]
    bare: NDArray[np.intp]
    biases: Batch | list[Batch]

    @abstractmethod
    def respond(self, tile: Tile, sums: Batch, out: Batch) -> None:
        """Into ``out``, a row for each convolution; ``sums`` is memory for sums on the way."""


@dataclass(frozen=True)
class Grid(Group):
    """All kernels of a channel with one middle tap and some first ones."""

    channel: int
    first: slice
    middle: int

    def respond(self, tile: Tile, sums: Batch, out: Batch) -> None:
        taps = tile.taps[self.channel]
        pairs = sums[: self.first.stop - self.first.start]
        np.add(tile.base[self.channel], taps[self.first], out=pairs)
        np.add(pairs, taps[self.middle], out=pairs)
        last = taps[self.middle + 1 :]
        np.add(pairs[:, None], last, out=out.reshape(len(pairs), len(last), -1))


@dataclass(frozen=True)
class Mixed(Group):
    """Any convolutions, each the sum of some channels: ``(taps, channels)`` of each."""

    convolutions: list[tuple[tuple[int, ...], tuple[int, ...]]]

    def respond(self, tile: Tile, sums: Batch, out: Batch) -> None:
        """The sums with two of three taps are kept until a kernel needs others."""
        made: dict[int, tuple[int, int]] = {}
        for ((a, b, c), channels), response in zip(self.convolutions, out, strict=True):
            for channel in channels:
                taps, pair = tile.taps[channel], sums[channel]
                if made.get(channel) != (a, b):
                    np.add(tile.base[channel], taps[a], out=pair)
                    np.add(pair, taps[b], out=pair)
                    made[channel] = a, b
                if channel == channels[0]:
                    np.add(pair, taps[c], out=response)
                else:
                    np.add(response, np.add(pair, taps[c], out=sums[-1]), out=response)


class Tally:
    """How often responses are larger than biases."""

    def __init__(self, signals: Signals, groups: list[Group], dtype: np.dtype[Any]) -> None:
        self._n, self._rows = signals.n, signals.rows
        size = signals.n * signals.rows
        most = max(len(group.features) for group in groups)
        self._memory = [aligned((most, size), np.uint8) for _ in range(2)]
        most = max(len(group.biases) for group in groups)
        self._responses = aligned((most, size), dtype)
        self._sums = aligned((max(signals.channels + 1, KERNEL_LENGTH), size), dtype)
        self._lowest = -np.inf if dtype.kind == "f" else np.iinfo(dtype).min

    def count(self, group: Group, tiles: list[Tile]) -> Batch:
        """Counts ``(n_features, n)``."""
        responses = self._responses[: len(group.biases)]
        totals, others = (memory[: len(group.features)] for memory in self._memory)
        totals_run, others_run = totals.reshape(-1), others.reshape(-1)
        comparisons = _comparisons(responses, group.biases, totals)
        for tile in tiles:
            self._respond(group, tile, responses)
            for seen, biases, larger in comparisons:
                np.greater(seen, biases, out=larger)
            if tile is tiles[0]:
                comparisons = _comparisons(responses, group.biases, others)
            else:
                np.add(totals_run, others_run, out=totals_run)
        return self._over_rows(totals, len(tiles))

    def _respond(self, group: Group, tile: Tile, responses: Batch) -> None:
        """Where nothing is to count, the response is larger than no bias."""
        size, start, end = tile.size, tile.start, tile.end
        group.respond(tile, self._sums[:, :size], responses[:, :size])
        if size < responses.shape[1]:
            responses[:, size:] = self._lowest
        if start == end:
            responses[group.bare] = self._lowest
            return
        if start > 0:
            responses[group.bare, :start] = self._lowest
        if end < size:
            responses[group.bare, end:size] = self._lowest

    def _over_rows(self, totals: Batch, most: int) -> Batch:
        """Rows outermost, and the second half is added to the first while bytes hold the sums."""
        shape = self._rows, len(totals), self._n
        memory = self._memory[1][: len(totals)].reshape(shape)
        np.copyto(memory, totals.reshape(len(totals), self._rows, self._n).transpose(1, 0, 2))
        rows = memory.reshape(self._rows, -1)
        while len(rows) > 1 and 2 * most <= UINT8_MAX:
            half = (len(rows) + 1) // 2
            np.add(rows[: len(rows) - half], rows[half:], out=rows[: len(rows) - half])
            rows, most = rows[:half], 2 * most
        counts = rows[0] if len(rows) == 1 else rows.sum(axis=0, dtype=np.uint16)
        return counts.reshape(shape[1:])


def _comparisons(
    responses: Batch, biases: Batch | list[Batch], out: Batch
) -> list[tuple[Batch, Batch, Batch]]:
    """Responses, the biases they are compared with, and where that goes: all at once if even."""
    larger = out.view(np.bool_)
    if isinstance(biases, np.ndarray):
        return [(responses[:, None], biases, larger.reshape(*biases.shape[:2], -1))]
    ends = np.cumsum([len(some) for some in biases])
    return list(zip(responses, biases, np.split(larger, ends[:-1]), strict=True))
