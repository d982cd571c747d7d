"""How the ops of deep networks become integer ops: sums, gates, tables, borders, resampling."""

from __future__ import annotations

from math import floor, log2
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skconv.graph import (
    Activation,
    Add,
    Multiply,
    Pad,
    QActivation,
    QAdd,
    QMultiply,
    QPad,
    QResize,
    Resize,
    TensorSpec,
)
from skconv.graph.core import Node
from skconv.graph.limits import ACCUMULATOR_MAX, INT8_MAX, INT16_MAX
from skconv.graph.spatial import largest_row
from skconv.passes.lower import clipped, lower
from skconv.passes.lowering import Lowering
from skconv.passes.scales import exact_requantization, round_keeping_sums
from skconv.runtime import reference

Array = NDArray[Any]

FINEST_FRACTION_BITS = 14


# ----------------------------------------------------------------------- entry by entry


@lower.register
def _(op: Add, node: Node, lowering: Lowering) -> None:
    sources = [lowering.names[name] for name in node.inputs]
    inputs = [lowering.graph.specs[name] for name in sources]
    result = _with_limits(node, lowering)
    wanted = lowering.wanted(result.name)
    factors, unit = _common_scale(inputs, wanted.scale)
    bound = sum(x.magnitude * f for x, f in zip(inputs, factors, strict=True))
    rule = clipped(exact_requantization(unit, bound, wanted), result.op)
    lowering.add(result, QAdd(factors, rule), *sources)


def _common_scale(inputs: list[TensorSpec], result_scale: float) -> tuple[tuple[int, int], float]:
    """Integer factors that bring two tensors to one scale, and that scale.

    It is as fine as int32 sums allow, and a whole fraction of the scale of the result: so
    the requantisation behind the sum is exact, and the factors alone are rounded.
    """
    first, second = inputs
    slack = (first.magnitude + second.magnitude) / 2 + 1
    largest = first.magnitude * first.scale + second.magnitude * second.scale
    finest = largest / (ACCUMULATOR_MAX - slack)
    multiplier = np.ceil(finest / result_scale * 2.0**32)
    unit = float(max(multiplier, 1) * result_scale / 2.0**32)
    return (max(1, round(first.scale / unit)), max(1, round(second.scale / unit))), unit


@lower.register
def _(op: Multiply, node: Node, lowering: Lowering) -> None:
    sources = [lowering.names[name] for name in node.inputs]
    first, second = (lowering.graph.specs[name] for name in sources)
    result = _with_limits(node, lowering)
    bound = first.magnitude * second.magnitude
    rule = exact_requantization(first.scale * second.scale, bound, lowering.wanted(result.name))
    lowering.add(result, QMultiply(clipped(rule, result.op)), *sources)


def _with_limits(node: Node, lowering: Lowering) -> Node:
    """The ReLU or clip behind a node, if it is all that reads it; else the node itself.

    The limits of a requantisation do what these do.
    """
    users = lowering.source.users(node.name)
    is_limit = len(users) == 1 and users[0].op.clip_limits is not None
    return users[0] if is_limit else node


@lower.register
def _(op: Activation, node: Node, lowering: Lowering) -> None:
    (name,) = node.inputs
    source = lowering.read_bytes(name)
    x, wanted = lowering.graph.specs[source], lowering.wanted(node.name, INT8_MAX)
    numbers = np.arange(256)
    if x.dtype == "int8":
        numbers = numbers.astype(np.uint8).view(np.int8).astype(np.int64)
    reals = np.clip(numbers, *x.limits) * x.scale
    results = np.rint(reference.evaluate(op, reals) / wanted.scale)
    table = np.clip(results, *wanted.limits).astype(wanted.dtype)
    lowering.add(node, QActivation(op.function, table, wanted.scale), source)


# ------------------------------------------------------------------------------ borders


@lower.register
def _(op: Pad, node: Node, lowering: Lowering) -> None:
    (name,) = node.inputs
    x = lowering.spec(name)
    value = 0 if op.fill == "zero" else x.limits[0]
    lowering.add(node, QPad(op.padding, value), lowering.names[name])


# --------------------------------------------------------------------------- resampling


@lower.register
def _(op: Resize, node: Node, lowering: Lowering) -> None:
    source = lowering.read(node.inputs[0])
    x = lowering.graph.specs[source]
    row_starts, row_weights, row_unit = _runs(op.rows, x.magnitude)
    sums = largest_row(row_weights) * x.magnitude
    shift = _shift_to_int16(sums)
    rounded = (sums + ((1 << shift) >> 1)) >> shift
    column_starts, column_weights, column_unit = _runs(op.columns, rounded)
    bound = largest_row(column_weights) * rounded
    unit = x.scale * row_unit * 2.0**shift * column_unit
    rule = exact_requantization(unit, bound, lowering.wanted(node.name))
    tables = (row_starts, row_weights, column_starts, column_weights)
    lowering.add(node, QResize(x.shape[:2], *tables, shift, rule), source)  # type: ignore[arg-type]


def _shift_to_int16(bound: int) -> int:
    """How far sums are shifted so that, rounded, they fit int16."""
    shift = 0
    while (bound + ((1 << shift) >> 1)) >> shift > INT16_MAX:
        shift += 1
    return shift


def _runs(matrix: Array, magnitude: int) -> tuple[Array, Array, float]:
    """Where the weights of every row begin, the weights as integers, and what one is worth.

    All runs are as long as the longest. The unit is a power of two, so that halves and
    quarters are exact; a row sums to its own rounded sum, so that a flat map stays flat.
    """
    matrix = matrix.astype(np.float64)
    used = matrix != 0
    first = used.argmax(axis=1)
    last = np.where(used.any(axis=1), matrix.shape[1] - 1 - used[:, ::-1].argmax(axis=1), 0)
    taps = int((last - first).max()) + 1
    starts = np.minimum(first, matrix.shape[1] - taps)
    runs = np.take_along_axis(matrix, starts[:, None] + np.arange(taps), axis=1)
    bits = _fraction_bits(runs, magnitude)
    weights = round_keeping_sums(runs * 2.0**bits, INT16_MAX)
    return starts.astype(np.uint16), weights.astype(np.int16), 2.0**-bits


def _fraction_bits(weights: Array, magnitude: int) -> int:
    """As many as int16 and int32 sums allow, half of which is left for roundings."""
    largest = float(np.abs(weights).max())
    if largest == 0:
        return FINEST_FRACTION_BITS
    sums = float(np.abs(weights).sum(axis=1).max()) * max(magnitude, 1)
    room = min(INT16_MAX / largest, ACCUMULATOR_MAX / 2 / sums)
    return min(FINEST_FRACTION_BITS, floor(log2(room)))
