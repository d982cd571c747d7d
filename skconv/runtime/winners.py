"""The groups of competing kernels: their definition, and a fast form in float32.

Kernels are whole numbers with the sum 0, so a window less the number in its middle has the same
responses. A flat part of a signal then responds with an exact 0, in floats too, and equals are
equal in every runtime.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skconv.graph import QWinnerCounts, WinnerCounts
from skconv.graph.limits import INT16_MAX
from skconv.graph.winners import CompetingKernels
from skconv.runtime import fixed, numpy_engine, reference

Batch = NDArray[Any]

# Responses of a chunk stay in the cache. Samples lie innermost: sums over time run over blocks.
CHUNK_RESPONSES = 2**18
MOST_SAMPLES = 32
# Sums of bytes.
MOST_COUNTS = 255


# ------------------------------------------------------------------------ the definition


def read_by(op: CompetingKernels, group: int, x: Batch) -> Batch:
    """What a group reads of signals ``(n, 1, length, channels)``: ``(n, length)``, no zeros yet."""
    summed = x[:, 0, :, op.channels[group]].sum(axis=0)
    return np.diff(summed, axis=1) if op.differences[group] else summed


def responses(op: CompetingKernels, group: int, row: Batch) -> Batch:
    """Those of the kernels of a group to what it reads: ``(n, n_kernels, length)``."""
    step, taps = int(op.dilations[group]), op.weights.shape[2]
    reach = taps // 2 * step
    padded = np.pad(row, ((0, 0), (reach, reach)))
    total = np.zeros((len(row), op.weights.shape[1], row.shape[1]), row.dtype)
    for tap in range(taps):
        seen = padded[:, tap * step : tap * step + row.shape[1]] - row
        total += op.weights[group, :, tap, None].astype(row.dtype) * seen[:, None]
    return total


def gathered(found: Batch, winnings: Batch) -> tuple[Batch, Batch]:
    """Sums of the winnings of each kernel of a group, and how often each has the least.

    ``found`` are responses ``(n, n_kernels, length)``, ``winnings`` ``(n, length)``.
    """
    kernels = np.arange(found.shape[1])[:, None]
    wins = found.argmax(axis=1)[:, None] == kernels
    losses = found.argmin(axis=1)[:, None] == kernels
    return (wins * winnings[:, None]).sum(axis=2), losses.sum(axis=2)


@reference.evaluate.register
def _(op: WinnerCounts, x: Batch) -> Batch:
    x = x.astype(np.float64)
    parts: list[Batch] = []
    for group in range(len(op.weights)):
        found = responses(op, group, read_by(op, group, x))
        sums, counts = gathered(found, found.max(axis=1))
        parts += [op.scale * sums, counts.astype(np.float64)]
    return np.concatenate(parts, axis=1)


@fixed.evaluate.register
def _(op: QWinnerCounts, x: Batch) -> Batch:
    x = x.astype(np.int64)
    parts: list[Batch] = []
    for group in range(len(op.weights)):
        row = np.clip(read_by(op, group, x) >> op.row_shift, -INT16_MAX - 1, INT16_MAX)
        found = responses(op, group, row)
        sums, counts = gathered(found, found.max(axis=1) >> op.shift)
        parts += [sums, counts * op.unit]
    return fixed.requantize(np.concatenate(parts, axis=1), op.requantization)


# --------------------------------------------------------------------------- in float32


@numpy_engine.evaluate.register
def _(op: WinnerCounts, x: Batch) -> Batch:
    output = np.empty((len(x), *op.weights.shape[:1], 2, op.weights.shape[1]), np.float32)
    for first in range(0, len(x), MOST_SAMPLES):
        rows = slice(first, first + MOST_SAMPLES)
        signals = np.ascontiguousarray(x[rows, 0].transpose(2, 1, 0), np.float32)
        for groups in alike(op):
            _count(op, groups, signals, output[rows, groups])
    return output.reshape(len(x), -1)


def alike(op: CompetingKernels) -> Iterator[slice]:
    """Runs of groups that have a dilation in common, and read numbers or differences."""
    kinds = np.stack([op.dilations.astype(np.int64), op.differences], axis=1)
    edges = np.flatnonzero((kinds[1:] != kinds[:-1]).any(axis=1)) + 1
    for first, end in zip([0, *edges], [*edges, len(kinds)], strict=True):
        yield slice(int(first), int(end))


def _count(op: WinnerCounts, groups: slice, signals: Batch, output: Batch) -> None:
    """Fill ``output (n, n_groups, 2, n_kernels)`` from ``signals (channels, length, n)``."""
    seen = _windows(op, groups, signals)
    kernels = _without_middle(op.weights[groups]).astype(np.float32)
    n_kernels, length, n = kernels.shape[1], seen.shape[2], signals.shape[2]
    step = max(1, CHUNK_RESPONSES // (n_kernels * length * n))
    for first in range(0, len(kernels), step):
        part = slice(first, first + step)
        rows = seen if len(seen) == 1 else seen[part]
        flat = rows.reshape(len(rows), rows.shape[1], -1)
        if len(flat) == 1:
            bank = kernels[part].reshape(-1, kernels.shape[2])
            found = (bank @ flat[0]).reshape(-1, n_kernels, length, n)
        else:
            found = (kernels[part] @ flat).reshape(-1, n_kernels, length, n)
        output[:, part, 0] = np.float32(op.scale) * _winnings(found).transpose(2, 0, 1)
        output[:, part, 1] = _losses(found).transpose(2, 0, 1)


def _without_middle(kernels: Batch) -> Batch:
    return np.delete(kernels, kernels.shape[2] // 2, axis=2)


def _windows(op: CompetingKernels, groups: slice, signals: Batch) -> Batch:
    """Windows less their middle, tap by tap: ``(n_groups or 1, taps - 1, length, n)``."""
    alike = len(signals) == 1 and op.channels.shape[1] == 1
    chosen = op.channels[groups][:1] if alike else op.channels[groups]
    rows = signals[chosen].sum(axis=1)
    if op.differences[groups.start]:
        rows = np.diff(rows, axis=1)
    step, taps, length = int(op.dilations[groups.start]), op.weights.shape[2], rows.shape[1]
    reach = taps // 2 * step
    padded = np.pad(rows, ((0, 0), (reach, reach), (0, 0)))
    seen = [padded[:, tap * step : tap * step + length] for tap in range(taps) if tap != taps // 2]
    return np.stack([part - rows for part in seen], axis=1)


def _firsts(found: Batch, best: Batch) -> Iterator[Batch]:
    """Where each kernel of the groups has the best response, and none before it."""
    free = np.ones(best.shape, bool)
    for kernel in range(found.shape[1]):
        is_best = found[:, kernel] == best
        is_best &= free
        free ^= is_best
        yield is_best


def _winnings(found: Batch) -> Batch:
    """``(n_groups, n_kernels, n)``: sums over time of the largest responses."""
    best = found.max(axis=1)
    wins = [np.multiply(best, won).sum(axis=1) for won in _firsts(found, best)]
    return np.stack(wins, axis=1)


def _losses(found: Batch) -> Batch:
    """``(n_groups, n_kernels, n)``: how often over time each kernel has the least response."""
    counts = [_count_true(lost) for lost in _firsts(found, found.min(axis=1))]
    return np.stack(counts, axis=1)


def _count_true(are: Batch) -> Batch:
    """How many are true along axis 1: bytes are added up, as many as a byte can count."""
    parts = range(0, are.shape[1], MOST_COUNTS)
    return sum(
        np.add.reduce(are[:, i : i + MOST_COUNTS].view(np.uint8), axis=1, dtype=np.uint8).astype(
            np.float32
        )
        for i in parts
    )
