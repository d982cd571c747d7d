"""How each float op becomes integer ops: one function an op."""

from __future__ import annotations

from dataclasses import fields, replace
from functools import singledispatch
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skconv.graph import (
    Affine,
    Concat,
    Conv,
    Divide,
    Hash,
    L2Pool,
    Linear,
    LocalContrast,
    Magnitude,
    MeanPool,
    Normalize,
    Op,
    QAffine,
    QConv,
    QConvHash,
    QDivide,
    QL2Pool,
    QLinear,
    QLocalContrast,
    QMeanPool,
    QNormalize,
    QRoot,
    QSquare,
    QTentPool,
    QTriangle,
    Quantized,
    Requantization,
    Rescale,
    Root,
    Sign,
    Square,
    SumPool,
    TensorSpec,
    TentPool,
    Triangle,
)
from skconv.graph.base import BOTH
from skconv.graph.core import Node
from skconv.graph.integer import (
    row_bound,
)
from skconv.graph.limits import ACCUMULATOR_MAX, INT8_MAX, INT16_MAX
from skconv.graph.nonlinearities import integer_limits
from skconv.graph.patches import largest_distance
from skconv.passes.lowering import Lowering
from skconv.passes.refusal import NoIntegerFormError
from skconv.passes.scales import (
    coded_scales,
    integer_bias,
    level_scales,
    requantization,
    round_keeping_sums,
    row_scales,
)

Array = NDArray[Any]
# Roles of what compares scores.
COMPARING = ("votes", "decision", "decisions")


@singledispatch
def lower(op: Op, node: Node, lowering: Lowering) -> None:
    """Append the integer form of a float node to the graph in the making.

    An op that is the same on floats and integers stays what it is, in units of its input.
    """
    if op.domains != BOTH:
        raise NoIntegerFormError(f"{type(op).__name__} has no integer form")
    (name,) = node.inputs
    lowering.add(node, op.in_units(lowering.spec(name)), lowering.names[name])


@lower.register
def _(op: Magnitude, node: Node, lowering: Lowering) -> None:
    (name,) = node.inputs
    lowering.add(node, op, lowering.read(name, op.largest_read(lowering.spec(name))))


@lower.register
def _(op: Concat, node: Node, lowering: Lowering) -> None:
    specs = [lowering.spec(name) for name in node.inputs]
    if len({(s.dtype, s.scale) for s in specs}) == 1:
        lowering.add(node, op, *(lowering.names[name] for name in node.inputs))
        return
    wanted = lowering.wanted(node.name)
    parts = [
        lowering.rescale(name, replace(wanted, shape=spec.shape))
        for name, spec in zip(node.inputs, specs, strict=True)
    ]
    lowering.add(node, op, *parts)


# ------------------------------------------------------------------------- convolution


@lower.register
def _(op: Conv, node: Node, lowering: Lowering) -> None:
    users = lowering.source.users(node.name)
    reader = users[0] if len(users) == 1 else None
    (name,) = node.inputs
    source = lowering.read(name, lowering.conv_limit(node))
    x = lowering.graph.specs[source]
    kept, levels = _coded_kernels(op, x), _kernels_of_levels(op, x)
    weights, bias, scales = kept or levels or _integer_kernels(op, x)
    geometry = {
        f.name: getattr(op, f.name) for f in fields(op) if f.name not in ("weights", "bias")
    }
    geometry["coded"] = op.coded if kept else None
    geometry["levels"] = 0 if levels is None else op.levels
    if reader is not None and isinstance(reader.op, Hash):
        hashed = QConvHash(weights, bias, **geometry, n_bits=reader.op.n_bits)
        lowering.add(reader, hashed, source)
        return
    result, rule = conv_rule(node, lowering, scales * x.scale, row_bound(weights, bias, x))
    lowering.add(result, QConv(weights, bias, **geometry, requantization=rule), source)


def conv_rule(
    node: Node, lowering: Lowering, units: Array, bound: int
) -> tuple[Node, Requantization]:
    """How a convolution leads back from its accumulators, and the node whose result that is.

    The limits of a requantisation are those of a ReLU or a clip, or make a sign.
    """
    users = lowering.source.users(node.name)
    reader = users[0] if len(users) == 1 else None
    is_limit = reader and (reader.op.clip_limits is not None or isinstance(reader.op, Sign))
    result = reader if reader is not None and is_limit else node
    rule = requantization(units, bound, lowering.wanted(result.name))
    if isinstance(result.op, Sign):
        # Enlarged beyond 1, an accumulator of 1 too (where int32 has one bit to spare).
        rule = Requantization(np.array([ACCUMULATOR_MAX], np.int32), rule.shift, 1.0, "int8", -1, 1)
    return result, clipped(rule, result.op)


def clipped(rule: Requantization, op: Op) -> Requantization:
    """A rule whose limits do what an op that clips does."""
    if op.clip_limits is None:
        return rule
    low, high = integer_limits(op.clip_limits, rule.scale, rule.minimum, rule.maximum)
    return replace(rule, minimum=low, maximum=high)


def _coded_kernels(op: Conv, x: TensorSpec) -> tuple[Array, Array, Array] | None:
    """As `_integer_kernels`, of weights that are coded, and kept."""
    bias = op.bias.astype(np.float64)
    scales = None if op.coded is None else coded_scales(op.weights, bias, op.coded, x)
    if op.coded is None or scales is None:
        return None
    return op.coded.weights(), integer_bias(bias, scales, x), scales


def _kernels_of_levels(op: Conv, x: TensorSpec) -> tuple[Array, Array, Array] | None:
    """As `_integer_kernels`, of weights of a few levels, which are kept."""
    weights, bias = op.weights.astype(np.float64), op.bias.astype(np.float64)
    scales = _kept_scales(weights.reshape(len(weights), -1), bias, op.levels, x)
    if scales is None:
        return None
    whole = np.rint(weights / scales[:, None, None, None]).astype(np.int8)
    return whole, integer_bias(bias, scales, x), scales


def _kept_scales(weights: Array, bias: Array, levels: int, x: TensorSpec) -> Array | None:
    """The scales of rows of a few levels; None where levels are not kept, or sums too large."""
    scales = level_scales(weights, levels) if levels else None
    if scales is None or (scales < row_scales(weights, bias, x, levels, per_row=True)).any():
        return None
    return scales


def _integer_kernels(op: Conv, x: TensorSpec) -> tuple[Array, Array, Array]:
    """Int8 kernels, int32 biases, and the scale of each kernel."""
    weights = op.weights.astype(np.float64)
    flat = weights.reshape(len(weights), -1)
    scales = row_scales(flat, op.bias, x, INT8_MAX, per_row=True)
    scaled = weights / scales[:, None, None, None]
    n_kernels, _, _, channels = weights.shape
    planes = scaled.transpose(0, 3, 1, 2).reshape(n_kernels, channels, -1)
    rounded = round_keeping_sums(planes, INT8_MAX)
    kernels = rounded.reshape(n_kernels, channels, *weights.shape[1:3]).transpose(0, 2, 3, 1)
    return (
        np.ascontiguousarray(kernels, np.int8),
        integer_bias(op.bias.astype(np.float64), scales, x),
        scales,
    )


@lower.register
def _(op: Quantized, node: Node, lowering: Lowering) -> None:
    (name,) = node.inputs
    x, wanted = lowering.spec(name), op.graph.input
    same = (x.dtype, x.scale) == (wanted.dtype, wanted.scale)
    source = lowering.names[name] if same else lowering.rescale(name, wanted)
    lowering.graph = lowering.graph.extend(op.graph, source)
    lowering.names[node.name] = lowering.graph.output_name


# ----------------------------------------------------------------------------- pooling


@lower.register
def _(op: MeanPool, node: Node, lowering: Lowering) -> None:
    source = lowering.read(node.inputs[0])
    x = lowering.graph.specs[source]
    unit = x.scale if isinstance(op, SumPool) else x.scale / op.area
    rule = requantization(unit, op.area * x.magnitude, lowering.wanted(node.name))
    lowering.add(node, QMeanPool(op.size, op.stride, requantization=rule), source)


@lower.register
def _(op: TentPool, node: Node, lowering: Lowering) -> None:
    limit = op.largest_read(lowering.spec(node.inputs[0]))
    source = lowering.read(node.inputs[0], limit, at_most=limit)
    x = lowering.graph.specs[source]
    rule = requantization(x.scale / op.weight, op.weight * x.magnitude, lowering.wanted(node.name))
    lowering.add(node, QTentPool(op.size, op.stride, requantization=rule), source)


@lower.register
def _(op: L2Pool, node: Node, lowering: Lowering) -> None:
    limit = op.largest_read(lowering.spec(node.inputs[0]))
    source = lowering.read(node.inputs[0], limit, at_most=limit)
    x = lowering.graph.specs[source]
    largest = round(np.sqrt(op.area * x.magnitude**2))
    rule = requantization(x.scale, largest, lowering.wanted(node.name))
    lowering.add(node, QL2Pool(op.size, op.stride, requantization=rule), source)


@lower.register
def _(op: Square, node: Node, lowering: Lowering) -> None:
    source = lowering.read(node.inputs[0])
    x = lowering.graph.specs[source]
    rule = requantization(x.scale**2, x.magnitude**2, lowering.wanted(node.name))
    lowering.add(node, QSquare(requantization=rule), source)


@lower.register
def _(op: Root, node: Node, lowering: Lowering) -> None:
    """Of 16 bits, where the input has them: of 8, small numbers would have few roots."""
    source = lowering.read(node.inputs[0], at_most=INT16_MAX + 1)
    x = lowering.graph.specs[source]
    wanted = lowering.wanted(node.name)
    shift = _root_shift(x.magnitude, wanted.magnitude)
    unit = np.sqrt(x.scale) / 2 ** (shift // 2)
    rule = requantization(unit, round(np.sqrt(x.magnitude << shift)), wanted)
    lowering.add(node, QRoot(shift, rule), source)


def _root_shift(largest: int, largest_result: int) -> int:
    """Two bits more for the root than the result has, where 31 bits have room for them."""
    spare = ACCUMULATOR_MAX.bit_length() - largest.bit_length()
    missing = 2 * (largest_result.bit_length() + 2) - largest.bit_length()
    return max(0, min(missing, spare)) // 2 * 2


# ----------------------------------------------------------------------------- patches


@lower.register
def _(op: LocalContrast, node: Node, lowering: Lowering) -> None:
    source = lowering.read(node.inputs[0], at_most=INT16_MAX + 1)
    x = lowering.graph.specs[source]
    geometry = {f.name: getattr(op, f.name) for f in fields(op) if f.name != "eps"}
    divisor = op.divisor(x.shape[2])
    largest = divisor * x.magnitude**2
    # No less than what a root of 31 bits can tell from 0.
    eps = max(round(op.eps * divisor / x.scale**2), (largest >> 28) + 1)
    bits = (largest + eps).bit_length() - ACCUMULATOR_MAX.bit_length()
    lowering.add(node, QLocalContrast(**geometry, eps=eps, shift=bits + bits % 2), source)


@lower.register
def _(op: Divide, node: Node, lowering: Lowering) -> None:
    name, divisor = node.inputs
    source = lowering.read(name)
    x, by = lowering.graph.specs[source], lowering.spec(divisor)
    rule = requantization(x.scale / by.scale, x.magnitude, lowering.wanted(node.name))
    lowering.add(node, QDivide(requantization=rule), source, lowering.names[divisor])


@lower.register
def _(op: Triangle, node: Node, lowering: Lowering) -> None:
    limit = op.largest_read(lowering.spec(node.inputs[0]))
    source = lowering.read(node.inputs[0], limit, at_most=limit)
    x = lowering.graph.specs[source]
    centroids = np.clip(np.rint(op.centroids / x.scale), -limit, limit).astype(np.int16)
    bound = largest_distance(centroids, x)
    rule = requantization(x.scale, bound, lowering.wanted(node.name))
    lowering.add(node, QTriangle(centroids, requantization=rule), source)


# ----------------------------------------------------------------------------- vectors


@lower.register
def _(op: Affine, node: Node, lowering: Lowering) -> None:
    source = lowering.read(node.inputs[0])
    x = lowering.graph.specs[source]
    factors = op.factors.astype(np.float64)[:, None]
    offsets = op.offsets.astype(np.float64)
    scales = row_scales(factors, offsets, x, INT16_MAX, per_row=False)
    whole = np.rint(factors / scales[:, None]).astype(np.int16)
    biases = integer_bias(offsets, scales, x)
    bound = row_bound(whole, biases, x)
    rule = requantization(scales[0] * x.scale, bound, lowering.wanted(node.name))
    lowering.add(node, QAffine(whole[:, 0], biases, rule), source)


@lower.register
def _(op: Normalize, node: Node, lowering: Lowering) -> None:
    limit = op.largest_read(lowering.spec(node.inputs[0]))
    source = lowering.read(node.inputs[0], limit, at_most=limit)
    lowering.add(node, QNormalize(op.norm), source)


@lower.register
def _(op: Linear, node: Node, lowering: Lowering) -> None:
    source = lowering.read(node.inputs[0], lowering.vector_limit(node))
    x = lowering.graph.specs[source]
    is_compared = is_read_by_decisions(node, lowering) or _is_read_as_sums(node, lowering)
    integer = _integer_linear(op, x, lowering.linear_bits, per_row=not is_compared)
    bound, units = integer.output(x).magnitude, integer.units
    if not is_compared and node.name != lowering.source.output_name:
        rule = requantization(units, bound, lowering.wanted(node.name))
        integer = replace(integer, requantization=rule)
    lowering.add(node, integer, source)
    if is_compared and np.ptp(units) > 0:
        _bring_to_one_scale(node, units, bound, lowering)


def _integer_linear(op: Linear, x: TensorSpec, bits: int, per_row: bool) -> QLinear:
    """Weights of a few levels as they are; other ones rounded, with one scale for all scores."""
    weights, bias = op.weights.astype(np.float64), op.bias.astype(np.float64)
    kept = None if op.coded is None else coded_scales(weights, bias, op.coded, x)
    if op.coded is not None and kept is not None:
        whole, meaning = op.coded.weights(), _meaning(kept * x.scale)
        return QLinear(whole, integer_bias(bias, kept, x), **meaning, coded=op.coded)
    scales, levels = _kept_scales(weights, bias, op.levels, x), op.levels
    if scales is None:
        limit = INT8_MAX if bits == 8 else INT16_MAX
        scales, levels = row_scales(weights, bias, x, limit, per_row=per_row), 0
    is_byte = levels > 0 or bits == 8
    return QLinear(
        np.rint(weights / scales[:, None]).astype(np.int8 if is_byte else np.int16),
        integer_bias(bias, scales, x),
        **_meaning(scales * x.scale),
        levels=levels,
    )


def _bring_to_one_scale(node: Node, units: Array, bound: int, lowering: Lowering) -> None:
    """Scores whose units differ, so that a decision can compare them."""
    wanted = TensorSpec(units.shape, "int32", 0.0, -ACCUMULATOR_MAX, ACCUMULATOR_MAX)
    rule = Rescale(requantization(units, bound, wanted))
    lowering.graph = lowering.graph.append(rule, name=f"{node.name}_compared")
    lowering.names[node.name] = lowering.graph.output_name


def is_read_by_decisions(node: Node, lowering: Lowering) -> bool:
    """Whether the outputs are scores, which one scale makes comparable."""
    users = lowering.source.users(node.name)
    return bool(users) and all(user.op.facts.role in COMPARING for user in users)


def _is_read_as_sums(node: Node, lowering: Lowering) -> bool:
    users = lowering.source.users(node.name)
    return bool(users) and all(user.op.facts.reads == "sums" for user in users)


def _meaning(units: Array) -> dict[str, Any]:
    """What one unit of each output is worth: one ``scale``, or ``scales``."""
    if np.ptp(units) == 0:
        return {"scale": float(units[0])}
    return {"scales": tuple(map(float, units))}
