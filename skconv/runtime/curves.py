"""Functions of one number: their definition, in floats and in integers."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import boxcox

from skconv.graph import Curve, Interpolate, QInterpolate
from skconv.runtime import fixed, reference

Batch = NDArray[Any]

LEAST = 2.0**-100


def log(u: Batch) -> Batch:
    return np.log(np.maximum(u, LEAST))


def box_cox(u: Batch, exponents: Batch) -> Batch:
    return np.asarray(boxcox(np.maximum(u, LEAST), exponents))


def yeo_johnson(u: Batch, exponents: Batch) -> Batch:
    above = box_cox(1 + np.maximum(u, 0), exponents)
    return np.where(u >= 0, above, -box_cox(1 - np.minimum(u, 0), 2 - exponents))


FUNCTIONS: dict[str, Callable[[Batch], Batch]] = {
    "exp": np.exp,
    "expm1": np.expm1,
    "log": log,
    "log1p": lambda u: log(1 + u),
    "tanh": np.tanh,
}
POWERS: dict[str, Callable[[Batch, Batch], Batch]] = {
    "box-cox": box_cox,
    "yeo-johnson": yeo_johnson,
}


@reference.evaluate.register
def _(op: Curve, x: Batch) -> Batch:
    u = op.factors.astype(np.float64) * x + op.offsets
    if op.exponents is None:
        y = FUNCTIONS[op.function](u)
    else:
        y = POWERS[op.function](u, op.exponents.astype(np.float64))
    return np.asarray(op.gains * y + op.shifts)


@reference.evaluate.register
def _(op: Interpolate, x: Batch) -> Batch:
    y = np.empty(x.shape, np.float64)
    rows = np.broadcast_to(op.knots, (x.shape[1], op.knots.shape[1]))
    values = np.broadcast_to(op.values, rows.shape)
    for column in range(x.shape[1]):
        y[:, column] = interpolated(
            x[:, column].astype(np.float64),
            rows[column].astype(np.float64),
            values[column].astype(np.float64),
        )
    return y


def interpolated(x: Batch, knots: Batch, values: Batch) -> Batch:
    """One column. Coming from the left `numpy.interp` gives the value behind a jump."""
    behind = np.interp(x, knots, values)
    before = np.interp(-x, -knots[::-1], values[::-1])
    y = np.where(x <= knots[0], values[0], (behind + before) / 2)
    # As of scikit-learn, where all knots are equal, the first value is that of the knot.
    return np.where((x >= knots[-1]) & (x > knots[0]), values[-1], y)


@fixed.evaluate.register
def _(op: QInterpolate, x: Batch) -> Batch:
    x = x.astype(np.int64)
    starts = op.starts.astype(np.intp)
    if len(starts) == 2:
        return between(x, op.knots, op.values)
    columns = [
        between(x[:, i], op.knots[start:end], op.values[start:end])
        for i, (start, end) in enumerate(pairwise(starts))
    ]
    return np.stack(columns, axis=1)


def between(x: Batch, knots: Batch, values: Batch) -> Batch:
    """Of one column: the nearest integers on the lines."""
    knots, values = knots.astype(np.int64), values.astype(np.int64)
    if len(knots) == 1:
        return np.full_like(x, values[0])
    x = np.clip(x, knots[0], knots[-1])
    place = np.clip(np.searchsorted(knots, x, side="right") - 1, 0, len(knots) - 2)
    step, rise = np.diff(knots)[place], np.diff(values)[place]
    size = (2 * (x - knots[place]) * np.abs(rise) + step) // (2 * step)
    return values[place] + np.sign(rise) * size
