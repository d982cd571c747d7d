"""Second-order sections along time: on floats, then on integers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skconv.graph import Biquads, QBiquads
from skconv.graph.biquads import FEEDBACK_BITS, LARGEST_SIGNAL
from skconv.runtime import fixed, reference

Batch = NDArray[Any]

ONE = 2**FEEDBACK_BITS


@reference.evaluate.register
def _(op: Biquads, x: Batch) -> Batch:
    from scipy.signal import sosfilt

    # Copies: of a memory map scipy would read nothing.
    return np.asarray(sosfilt(np.array(op.sos), x.astype(np.float64), axis=1 + op.axis))


@dataclass
class Memory:
    """What is kept from one sample to the next, of signals of any shape side by side.

    Attributes
    ----------
    delays : ndarray of int64 of shape (n_sections + 1, 2, ...)
        The last two samples before every section, and behind the last one.
    rests : ndarray of int64 of shape (n_sections, ...)
        What rounding left.
    """

    delays: Batch
    rests: Batch

    @classmethod
    def at_rest(cls, op: QBiquads, shape: tuple[int, ...]) -> Memory:
        """As before the first sample of signals of this shape."""
        n_sections = len(op.numerators)
        delays = np.zeros((n_sections + 1, 2, *shape), np.int64)
        return cls(delays, np.zeros((n_sections, *shape), np.int64))


def filtered(op: QBiquads, x: Batch, memory: Memory) -> Batch:
    """What comes of samples ``(length, ...)``; ``memory`` is left as the last one leaves it."""
    found = np.empty(x.shape, np.int64)
    for t, sample in enumerate(x.astype(np.int64) << op.input_shift):
        found[t] = _next(op, sample, memory)
    return fixed.requantize(found, op.requantization)


def _next(op: QBiquads, value: Batch, memory: Memory) -> Batch:
    """One sample through all sections."""
    delays, rests = memory.delays, memory.rests
    for k, (n, f) in enumerate(zip(op.numerators.tolist(), op.feedback.tolist(), strict=True)):
        ahead = n[0] * value + n[1] * delays[k, 0] + n[2] * delays[k, 1]
        behind = f[0] * delays[k + 1, 0] + f[1] * delays[k + 1, 1]
        total = (ahead >> int(op.shifts[k])) + behind + rests[k]
        delays[k, 1], delays[k, 0] = delays[k, 0], value
        rests[k] = total & (ONE - 1)
        value = np.clip(total >> FEEDBACK_BITS, -LARGEST_SIGNAL, LARGEST_SIGNAL)
    delays[-1, 1], delays[-1, 0] = delays[-1, 0], value
    return value


@fixed.evaluate.register
def _(op: QBiquads, x: Batch) -> Batch:
    along = np.moveaxis(x, 1 + op.axis, 0)
    found = filtered(op, along, Memory.at_rest(op, along.shape[1:]))
    return np.moveaxis(found, 0, 1 + op.axis)
