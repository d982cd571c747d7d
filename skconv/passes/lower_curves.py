"""How functions of one number become straight lines between integer knots.

A function is evaluated at every integer that its column may hold, and knots are put where lines
between fewer of them would miss it by more than a tolerance. So the error is known, not bounded.
"""

from __future__ import annotations

from dataclasses import replace
from functools import singledispatch
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skconv.graph import Curve, Interpolate, Op, QInterpolate, TensorSpec
from skconv.graph.core import Node
from skconv.graph.curves import QUOTIENT_BITS
from skconv.graph.limits import INT16_MAX, UINT16_MAX
from skconv.passes.lower import lower
from skconv.passes.lowering import Lowering
from skconv.passes.refusal import NoIntegerFormError
from skconv.passes.scales import integer_spec
from skconv.runtime import reference
from skconv.runtime.curves import between

Array = NDArray[Any]

# Of the range of the results: half a unit of 8 bits is twice that.
TOLERANCE = 2.0**-10
# How far beyond the calibration samples knots reach, in parts of their range.
MARGIN = 0.125


@singledispatch
def column(op: Op, i: int) -> Op:
    """The op on one column alone."""
    raise TypeError(f"op is a {type(op).__name__}, expected a Curve or an Interpolate")


@column.register
def _(op: Curve, i: int) -> Op:
    return replace(op, **{name: v[i % len(v)][None] for name, v in op.parameters.items()})


@column.register
def _(op: Interpolate, i: int) -> Op:
    rows = len(op.knots)
    return Interpolate(op.knots[i % rows][None], op.values[i % rows][None])


@singledispatch
def on_integers(op: Op, numbers: Array, scale: float) -> Array:
    """The function of one column at ``scale * numbers``."""
    return np.asarray(reference.evaluate(op, scale * numbers[:, None])[:, 0])


@on_integers.register
def _(op: Interpolate, numbers: Array, scale: float) -> Array:
    """Where it jumps, knots are rounded as numbers are: what is equal to one stays equal."""
    knots = op.knots[0].astype(np.float64) / scale
    is_step = np.diff(knots) == 0
    jumps = np.append(is_step, False) | np.append(False, is_step)
    knots = np.maximum.accumulate(np.where(jumps, np.rint(knots), knots))[None]
    return np.asarray(reference.evaluate(replace(op, knots=knots), numbers[:, None])[:, 0])


@lower.register(Curve)
@lower.register(Interpolate)
def _(op: Curve | Interpolate, node: Node, lowering: Lowering) -> None:
    (name,) = node.inputs
    source = _with_margin(name, lowering)
    x = lowering.graph.specs[source]
    numbers = _numbers(x, lowering.ranges[name])
    is_shared = all(len(values) == 1 for values in op.parameters.values())
    columns = [column(op, i) for i in range(1 if is_shared else x.size)]
    exact = [on_integers(one, numbers, x.scale) for one in columns]
    wanted = lowering.wanted(node.name)
    if node.name == lowering.source.output_name:
        low, high = (float(extreme(exact)) for extreme in (np.min, np.max))
        wanted = integer_spec(x.shape, min(low, 0.0), max(high, 0.0), INT16_MAX)
    curves = [_lines(values, numbers, wanted) for values in exact]
    counts = [len(knots) for knots, _, _ in curves]
    if sum(counts) > UINT16_MAX:
        reason = f"{x.size:,} columns have {sum(counts):,} knots, more than {UINT16_MAX:,}"
        raise NoIntegerFormError(reason, "use fewer columns, or dtype='float32'")
    integer = QInterpolate(
        np.concatenate([[0], np.cumsum(counts)]).astype(np.uint16),
        np.concatenate([knots for knots, _, _ in curves]).astype(x.dtype),
        np.concatenate([values for _, values, _ in curves]).astype(wanted.dtype),
        wanted.scale,
        max(error for _, _, error in curves),
    )
    lowering.add(node, integer, source)


def _with_margin(name: str, lowering: Lowering) -> str:
    """The integer tensor for ``name`` in 16 bits; of sums those a little beyond the samples, too.

    A regression does not end where its samples do.
    """
    spec = lowering.spec(name)
    if spec.dtype != "int32":
        return lowering.read(name)
    low, high = lowering.ranges[name]
    margin = MARGIN * (high - low)
    return lowering.rescale(name, integer_spec(spec.shape, low - margin, high + margin, INT16_MAX))


def _numbers(x: TensorSpec, seen: tuple[float, float]) -> Array:
    """The integers that samples reach, and some more."""
    low, high = seen
    margin = MARGIN * (high - low)
    least, most = x.limits
    first = int(np.clip(np.floor((low - margin) / x.scale), least, most - 1))
    last = int(np.clip(np.ceil((high + margin) / x.scale), least, most))
    return np.arange(first, max(last, first + 1) + 1, dtype=np.float64)


def _lines(values: Array, numbers: Array, wanted: TensorSpec) -> tuple[Array, Array, float]:
    """Knots and values of one column, and the largest error in its own unit."""
    exact = np.clip(values / wanted.scale, *wanted.limits)
    tolerance = max(0.5, TOLERANCE * (wanted.limits[1] - wanted.limits[0]))
    places = knots_of(numbers, exact, tolerance)
    knots, whole = numbers[places].astype(np.int64), np.rint(exact[places]).astype(np.int64)
    found = between(numbers.astype(np.int64), knots, whole)
    return knots, whole, float(np.abs(found - exact).max()) * wanted.scale


def knots_of(numbers: Array, values: Array, tolerance: float) -> NDArray[np.intp]:
    """Where lines begin and end that stay within a tolerance of all values.

    The line that misses a value by most is cut there, until none does (Ramer, Douglas and
    Peucker). A line is cut in two as well where its quotients would not fit 32 bits.
    """
    kept, open_ = {0, len(numbers) - 1}, [(0, len(numbers) - 1)]
    while open_:
        first, last = open_.pop()
        if last - first < 2:
            continue
        part = (numbers[first : last + 1] - numbers[first]) / (numbers[last] - numbers[first])
        line = values[first] + part * (values[last] - values[first])
        errors = np.abs(values[first : last + 1] - line)
        worst = first + int(errors.argmax())
        if errors.max() <= tolerance:
            step = numbers[last] - numbers[first]
            rise = abs(values[last] - values[first]) + 1
            if 2 * step * rise + step < 2**QUOTIENT_BITS:
                continue
            worst = (first + last) // 2
        kept.add(worst)
        open_ += [(first, worst), (worst, last)]
    return np.array(sorted(kept))
