"""The work of ops along time: spectra, front ends of sound, quantiles, counts of convolutions."""

from __future__ import annotations

from collections import Counter
from math import ceil, log

import numpy as np

from skconv.codegen.routines.minirocket import RocketScores
from skconv.codegen.routines.winners import DspWinnerCounts
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
    """A transform of every frame, then the bins of every band."""
    return Counter(call=1) + transform_work(op.points, y.size // len(op.band_starts), op)


@work.register
def _(op: QMicroBands, x: TensorSpec, y: TensorSpec) -> Work:
    return Counter(call=1) + transform_work(len(op.places), y.size // len(op.band_starts), op)


def transform_work(points: int, frames: int, op: BandsOp | QMicroBands) -> Work:
    """That of so many complex points in steps of four, and of the bands."""
    found: Work = Counter(frames=frames, points=frames * points)
    found["butterflies"] = frames * points * ceil(log(points, 4))
    found["bins"] = frames * len(op.weights)
    found["bands"] = frames * len(op.band_starts)
    return found


@work.register
def _(op: QMicroLevels, x: TensorSpec, y: TensorSpec) -> Work:
    gains, logarithms = len(op.gains) > 0, op.log_shift is not None
    return Counter(call=1, entries=y.size, gains=gains * y.size, logarithms=logarithms * y.size)


@work.register
def _(op: QPowerNormalize, x: TensorSpec, y: TensorSpec) -> Work:
    """The background of a band is halved in on, over all frames at each step."""
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
    """The kernels of a group on every step of time, of differences one fewer."""
    n_groups, n_kernels, taps = op.weights.shape
    places = n_groups * op.length - int(op.differences.sum())
    found: Work = Counter({"call": 1, "groups": n_groups, "places": places})
    found["read"] = places * op.channels.shape[1]
    found["responses"] = places * n_kernels
    found["taps"] = places * n_kernels * taps
    return found + Counter({"entries": y.size}) + long_products(op.requantization, y.size)


@work.register
def _(op: DspWinnerCounts, x: TensorSpec, y: TensorSpec) -> Work:
    """Taps in pairs; more kernels than fit an unrolled loop go on in a loop."""
    assert isinstance(op.op, QWinnerCounts)
    return work(op.op, x, y)


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
    """A place of a convolution gains a tap and loses one; two biases are compared at a time."""
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
