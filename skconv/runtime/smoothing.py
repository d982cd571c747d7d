"""What decisions before make of a decision: the definition, in integers.

A sequence of classes goes in, window after window, and a sequence of classes comes out.
"""

from __future__ import annotations

from functools import singledispatch
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skconv.graph.smoothing import Majority, Markov, Smoothed

Batch = NDArray[Any]
State = NDArray[np.int64]

# Probabilities of the classes have 15 bits of fraction, those of tables 16.
ONE = 1 << 15


@singledispatch
def smooth(op: Smoothed, indices: Batch, state: State | None = None) -> tuple[Batch, State]:
    """Classes of the next windows of a stream, and what is kept.

    Parameters
    ----------
    op : Smoothed
    indices : ndarray of shape (n_windows,)
        What was decided on each window alone.
    state : ndarray or None
        What was kept of the windows before; None at the beginning.
    """
    raise NotImplementedError(type(op).__name__)


@smooth.register
def _(op: Majority, indices: Batch, state: State | None = None) -> tuple[Batch, State]:
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
def _(op: Markov, indices: Batch, state: State | None = None) -> tuple[Batch, State]:
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


def alone(op: Smoothed, indices: Batch) -> Batch:
    """The classes of windows each of which is the first of a stream."""
    classes, places = np.unique(indices, return_inverse=True)
    first = np.array([smooth(op, classes[i : i + 1], None)[0][0] for i in range(len(classes))])
    return first[places].reshape(indices.shape).astype(indices.dtype)
