"""Rows and columns at the border of maps that nobody reads."""

from __future__ import annotations

from dataclasses import replace
from math import lcm

import numpy as np

from skconv.graph import Affine, BothSigns, Conv, Graph, Magnitude, Op, Select, SoftThreshold
from skconv.graph.ops import PoolGeometry, window_count
from skconv.passes.compress.base import Array

Range = tuple[int, int]
Step = tuple[int, int]


def steps(graph: Graph) -> dict[str, Step]:
    """By how many rows and columns each tensor may begin later: windows of a pooling have none."""
    found: dict[str, Step] = {}
    for name in [*(node.name for node in reversed(graph.nodes)), "input"]:
        rows, columns = 1, 1
        for user in graph.users(name):
            down, right = _step(user.op, found[user.name])
            rows, columns = lcm(rows, down), lcm(columns, right)
        found[name] = rows, columns
    return found


def _step(op: Op, of_result: Step) -> Step:
    match op:
        case PoolGeometry(stride=(down, right)):
            return down * of_result[0], right * of_result[1]
        case Affine() | BothSigns() | Magnitude() | Select() | SoftThreshold():
            return of_result
        case _ if op.facts.role == "entrywise":
            return of_result
    return 1, 1


def pooled(place: Range, size: int, stride: int) -> Range:
    """The windows of a pooling along one axis that lie in what is left of its input."""
    first, end = place
    return first // stride, first // stride + window_count(end - first, size, stride)


def windowed(
    op: Conv, wanted: Array, places: tuple[Range, ...], step: Step
) -> tuple[Conv, tuple[Range, ...]]:
    """A convolution for some pixels of its map, and those that it still computes.

    Its padding gives way, so far as there is any; rows of its input stay.
    """
    if op.pad_mode != "zero":
        return op, tuple((0, n) for n in wanted.shape)
    padding, found = [], []
    for axis in range(2):
        rows = np.flatnonzero(wanted.any(axis=1 - axis))
        window, stride = op.window[axis], op.stride[axis]
        (first, end), before = places[axis], op.padding[axis][0]
        start = min(int(rows[0]), (before + first) // stride)
        start -= start % step[axis]
        top = before + first - start * stride
        bottom = max(0, int(rows[-1]) * stride - before + window - end)
        count = window_count(end - first, window, stride, top + bottom)
        padding.append((top, bottom))
        found.append((start, start + count))
    return replace(op, padding=(padding[0], padding[1])), (found[0], found[1])
