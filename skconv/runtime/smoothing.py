"""What decisions before make of a decision: the definition, in integers.

A sequence of classes or of scores goes in, window after window, and a sequence of classes comes
out.
"""

from __future__ import annotations

from functools import singledispatch
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skconv.graph import Graph
from skconv.graph.smoothing import LOWEST_LEVEL, Events, Majority, Markov, Smoothed, Viterbi

Batch = NDArray[Any]
State = Any

# Probabilities of the classes have 15 bits of fraction, those of tables 16.
ONE = 1 << 15


@singledispatch
def smooth(op: Smoothed, windows: Batch, state: State = None) -> tuple[Batch, State]:
    """Classes of the next windows of a stream, and what is kept.

    Parameters
    ----------
    op : Smoothed
    windows : ndarray of shape (n_windows,) or (n_windows, n_scores)
        What was decided on each window alone, or its scores where ``op.reads_scores``.
    state : object
        What was kept of the windows before; None at the beginning.
    """
    raise NotImplementedError(type(op).__name__)


@smooth.register
def _(op: Majority, indices: Batch, state: State = None) -> tuple[Batch, State]:
    before = np.empty(0, np.int64) if state is None else state
    known = np.concatenate([before, indices.astype(np.int64)])
    found = np.empty(len(indices), np.int32)
    for i in range(len(indices)):
        end = len(before) + i + 1
        newest_first = known[max(0, end - op.n_windows) : end][::-1]
        votes = (newest_first[:, None] == newest_first).sum(axis=0)
        found[i] = newest_first[votes.argmax()]
    return found, known[max(0, len(known) - op.n_windows + 1) :]


@smooth.register
def _(op: Markov, indices: Batch, state: State = None) -> tuple[Batch, State]:
    tables = {name: array.astype(np.int64) for name, array in op.tables}
    initial = tables["initial"] >> 1
    belief = initial if state is None else state
    found = np.empty(len(indices), np.int32)
    for i, index in enumerate(indices):
        predicted = (belief @ tables["transitions"]) >> 16
        weights = (predicted * tables["emissions"][index]) >> 8
        total = int(weights.sum())
        belief = (weights * ONE + total // 2) // total if total else initial
        found[i] = belief.argmax()
    return found, belief


@smooth.register
def _(op: Viterbi, scores: Batch, state: State = None) -> tuple[Batch, State]:
    tables = {name: array.astype(np.int64) for name, array in op.tables}
    transitions, corrections = tables["transitions"], tables["corrections"]
    levels = np.zeros(len(corrections), np.int64) if state is None else state
    wide = scores.astype(np.int64)
    if wide.shape[1] == 1:
        wide = np.concatenate([np.zeros_like(wide), wide], axis=1)
    found = np.empty(len(wide), np.int32)
    for i, row in enumerate(wide):
        near = np.maximum((row - row.max()) >> op.shift, -LOWEST_LEVEL)
        best = (levels[:, None] + transitions).max(axis=0) + near + corrections
        levels = np.maximum(best - best.max(), -LOWEST_LEVEL)
        found[i] = levels.argmax()
    return found, levels


@smooth.register
def _(op: Events, scores: Batch, state: State = None) -> tuple[Batch, State]:
    own = _of_keywords(op, scores)
    before, wait = (own[:0], 0) if state is None else state
    known = np.concatenate([before, own])
    found = np.full(len(own), -1, np.int32)
    if len(known) >= op.n_windows:
        sums = np.lib.stride_tricks.sliding_window_view(known, op.n_windows, axis=0).sum(axis=-1)
        reached = np.flatnonzero(sums.max(axis=1) >= op.threshold)
        best, first = np.take(op.keywords, sums.argmax(axis=1)), len(own) - len(sums)
        for i in reached:
            if first + i >= wait:
                found[first + i] = best[i]
                wait = first + i + op.refractory
    return found, (known[max(0, len(known) - op.n_windows + 1) :], max(0, wait - len(own)))


def _of_keywords(op: Events, scores: Batch) -> Batch:
    """The score of each class that has events: a single score is that of class 1."""
    wide = scores if scores.dtype.kind == "f" else scores.astype(np.int64)
    both = np.concatenate([-wide, wide], axis=1) if wide.shape[1] == 1 else wide
    return both[:, list(op.keywords)]


def tensor_read(op: Smoothed, graph: Graph) -> str:
    """The tensor of a graph that is remembered: its scores or its decision."""
    return graph.scores_name if op.reads_scores else graph.output_name


def alone(op: Smoothed, windows: Batch) -> Batch:
    """The classes of windows each of which is the first of a stream."""
    rows = windows.reshape(len(windows), -1)
    if not op.reads_scores:
        rows = rows[:, 0]
    found = [smooth(op, rows[i : i + 1])[0] for i in range(len(rows))]
    return np.concatenate([np.empty((0,), np.int32), *found]).reshape(-1, 1)
