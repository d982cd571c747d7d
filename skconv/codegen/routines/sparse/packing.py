"""Convolutions for ``sparse_conv.h``: which fit, their entries."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from skconv.codegen.routines.blocked import packing as blocked
from skconv.graph.base import Array, TensorSpec
from skconv.graph.integer import QConv

FARTHEST = 255
# The largest share of weights that are no zeros, as `tests/benchmarks/bench_flavours.py` measures
# it: below, neither the direct routine takes fewer instructions nor, for speed, minimal filtering.
# The tables are smaller up to a half.
SHARES = {"plain": {"balanced": 0.5, "speed": 0.38}, "dsp": {"balanced": 0.18, "speed": 0.1}}


def serves(op: QConv, x: TensorSpec) -> bool:
    """Whether a walk along the weights computes ``op`` on ``x``."""
    return blocked.fits(op, x) and op.form is None and op.weights[0].size <= np.iinfo(np.uint16).max


def share(op: QConv) -> float:
    """Of the weights, those that are no zeros."""
    return np.count_nonzero(op.weights) / op.weights.size


def tables(op: QConv, x: TensorSpec) -> dict[str, Array]:
    """Entries of all kernels, two bytes each, and how many every kernel has."""
    found = [list(_entries(run)) for run in blocked.weights(op, x)]
    entries = [entry for of_kernel in found for entry in of_kernel] or [(0, 0)]
    bytes_ = np.array(entries, np.int64).astype(np.uint8).ravel()
    return {"entries": bytes_, "counts": np.array([len(e) for e in found], np.uint16)}


def _entries(weights: Array) -> Iterator[tuple[int, int]]:
    """Steps and weights of one kernel; a long way is several steps, to a weight of zero."""
    place = 0
    for here in np.flatnonzero(weights).tolist():
        while here - place > FARTHEST:
            yield FARTHEST, 0
            place += FARTHEST
        yield here - place, int(weights[here])
        place = here
