"""The work of ops along time: spectra, front ends of sound, quantiles, counts of convolutions."""

from __future__ import annotations

from collections import Counter
from math import ceil, log

import numpy as np

from skconv.codegen.routines.minirocket import RocketScores
from skconv.codegen.work.ops import Work, long_products, work
from skconv.graph import (
    MiniRocket,
    QBiquads,
    QIntervalQuantiles,
    QMicroBands,
    QMicroLevels,
    QNoiseSuppression,
    QPowerNormalize,
    QWinnerCounts,
    TensorSpec,
)
from skconv.graph.integer_spectra import BandsOp

# ------------------------------------------------------------------------------------ spectra


@work.register
def _(op: BandsOp, x: TensorSpec, y: TensorSpec) -> Work:
    return spectrum_work(op, op.points, y)


@work.register
def _(op: QMicroBands, x: TensorSpec, y: TensorSpec) -> Work:
    return spectrum_work(op, len(op.places), y)


def spectrum_work(op: BandsOp | QMicroBands, points: int, y: TensorSpec) -> Work:
    """A transform of every frame in steps of four, then the bins of each band."""
    frames = y.size // len(op.band_starts)
    found: Work = Counter(call=1, frames=frames, points=frames * points, bands=y.size)
    found["butterflies"] = frames * points * ceil(log(points, 4))
    found["bins"] = frames * len(op.weights)
    return found


@work.register
def _(op: QMicroLevels, x: TensorSpec, y: TensorSpec) -> Work:
    gains, logarithms = len(op.gains) > 0, op.log_shift is not None
    return Counter(call=1, entries=y.size, gains=gains * y.size, logarithms=logarithms * y.size)


@work.register
def _(op: QPowerNormalize, x: TensorSpec, y: TensorSpec) -> Work:
    """The background of a band is found by bisection: each step goes over all frames."""
    return neighbours_work(op, y) + Counter({"left in a step": y.size * (op.n_steps + 1)})


@work.register
def _(op: QNoiseSuppression, x: TensorSpec, y: TensorSpec) -> Work:
    return neighbours_work(op, y)


def neighbours_work(op: QPowerNormalize | QNoiseSuppression, y: TensorSpec) -> Work:
    """Sums over frames and over bands around each entry, those at the ends a little shorter."""
    found: Work = Counter(call=1, entries=y.size)
    found["frames around"] = y.size * (2 * op.reach + 1)
    found["bands around"] = y.size * (2 * op.smoothing + 1)
    return found


@work.register
def _(op: QBiquads, x: TensorSpec, y: TensorSpec) -> Work:
    """Sections of each entry; one alone is no loop, and its numbers are constants."""
    count = len(op.numerators)
    name = "sections" if count > 1 else "sections alone"
    found: Work = Counter({"call": 1, f"entries of {y.dtype}": y.size, name: y.size * count})
    return found + long_products(op.requantization, y.size)


# --------------------------------------------------------------------- quantiles and counts


@work.register
def _(op: QIntervalQuantiles, x: TensorSpec, y: TensorSpec) -> Work:
    """Each interval is copied and sorted; then its quantiles are taken."""
    channels, sizes = x.shape[2], op.sizes
    found: Work = Counter({"call": 1, "intervals": channels * len(sizes), "quantiles": y.size})
    found[f"numbers of {op.representation}"] = channels * int(sizes.sum())
    turns = np.array([sort_turns(int(n)) for n in sizes])
    found[f"turns of {op.row_dtype}"] = channels * int(turns.sum())
    return found + long_products(op.requantization, y.size)


def sort_turns(size: int) -> int:
    """How often the sort of so many numbers looks for the place of one.

    Examples
    --------
    >>> from skconv.codegen.work.signals import sort_turns
    >>> sort_turns(2), sort_turns(10)
    (1, 22)
    """
    turns, gap = 0, size // 2
    while gap > 0:
        turns += size - gap
        gap = 1 if gap == 2 else gap * 5 // 11
    return turns


@work.register
def _(op: QWinnerCounts, x: TensorSpec, y: TensorSpec) -> Work:
    """All kernels of a group at every step of time; differences have one step fewer."""
    n_groups, n_kernels, taps = op.weights.shape
    places = n_groups * op.length - int(op.differences.sum())
    found: Work = Counter({"call": 1, "groups": n_groups, "places": places})
    found["read"] = places * op.channels.shape[1]
    found["responses"] = places * n_kernels
    found["taps"] = places * n_kernels * taps
    return found + Counter({"entries": y.size}) + long_products(op.requantization, y.size)


@work.register
def _(op: MiniRocket, x: TensorSpec, y: TensorSpec) -> Work:
    return Counter(call=1) + rocket_work(op) + Counter({f"entries of {y.dtype}": y.size})


@work.register
def _(op: RocketScores, x: TensorSpec, y: TensorSpec) -> Work:
    """Each count adds its weights to all scores."""
    assert op.counts is not None
    counts = len(op.counts.biases)
    found: Work = Counter({"call": 1, "counts": counts, "weights": counts * y.size})
    return found + rocket_work(op.counts)


def rocket_work(op: MiniRocket) -> Work:
    """From place to place a sum gains a tap and loses one; biases are compared two at a time."""
    firsts = op.first_features[:-1]
    spans, biases = op.positions[firsts], op.n_biases.astype(int)
    passes = (biases + 1) // 2
    phases = np.minimum(op.dilations, spans)
    lists = op.channel_lists
    read = [mine for mine, last in zip(lists, ((), *lists), strict=False) if mine != last]
    found: Work = Counter(convolutions=len(lists), passes=int(passes.sum()))
    found["phases"] = int((passes * phases).sum())
    found["places of one"] = int((spans * (biases % 2)).sum())
    found["places of two"] = int((spans * (biases // 2)).sum())
    found["sums of channels"] = op.length * len(read)
    found["channels"] = op.length * sum(map(len, read))
    return found
