"""How kernel machines become integer ops."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skconv.graph import KernelMachine, QKernelMachine, Requantization, TensorSpec
from skconv.graph.core import Node
from skconv.graph.integer import EXP2_FRACTION_BITS, FINE_EXP2_BITS, POLY_BASE_BITS
from skconv.graph.limits import ACCUMULATOR_MAX, INT8_MAX, INT16_MAX
from skconv.graph.machines import kernel_bound
from skconv.graph.storage.grid import Grid, integer_grid
from skconv.passes import precision
from skconv.passes.lower import lower
from skconv.passes.lowering import Lowering
from skconv.passes.refusal import NoIntegerFormError
from skconv.passes.scales import level_scales, requantization, round_keeping_sums
from skconv.runtime.windows import weighted_kernels

Array = NDArray[Any]


@lower.register
def _(op: KernelMachine, node: Node, lowering: Lowering) -> None:
    (name,) = node.inputs
    most = precision.most(op, lowering.ranges[name])
    source = lowering.read(name, lowering.vector_limit(node), at_most=most)
    x = lowering.graph.specs[source]
    vectors, grid = _integer_vectors(op, x)
    offset = round(op.coef0 / (op.gamma * x.scale**2)) if op.kernel == "poly" else 0
    bound = kernel_bound(op.kernel, vectors, offset, x)
    fine, unit = False, 1.0
    if op.kernel == "poly":
        rule, unit = _poly_rule(op, x, bound)
    else:
        power = 1 if op.kernel == "laplacian" else 2
        exponent_per_unit = op.gamma / np.log(2.0) * x.scale**power
        fine = lowering.vector_limit(node) > INT8_MAX and _fits(exponent_per_unit, bound)
        bits = FINE_EXP2_BITS if fine else EXP2_FRACTION_BITS
        rule = _exponent_rule(exponent_per_unit, bound, bits)
    machine = QKernelMachine(
        op.kernel,
        vectors,
        op.dual_coef,
        op.intercept,
        op.n_support,
        exponent=rule,
        offset=offset,
        degree=op.degree,
        fine=fine,
        grid=grid,
    )
    kept = None
    if op.levels and _only_signs_count(op, node, lowering):
        kept = _coefficients_of_levels(machine, unit, op.levels)
    lowering.add(node, kept or _integer_coefficients(machine, unit), source)


def _integer_vectors(op: KernelMachine, x: TensorSpec) -> tuple[Array, Grid | None]:
    """Support vectors in units of the input, on a grid where they have few values."""
    vectors = op.support_vectors.astype(np.float64) / x.scale
    # Sixteen values of bytes take all of the type; int16 has room, and sums may not.
    limits = x.limits if x.dtype == "int16" else (np.iinfo(x.dtype).min, np.iinfo(x.dtype).max)
    grid = integer_grid(vectors, limits) if op.few_values else None
    if grid is None:
        return np.clip(np.rint(vectors), *x.limits).astype(x.dtype), None
    return grid.values[grid.places(vectors)].astype(x.dtype), grid


def _only_signs_count(op: KernelMachine, node: Node, lowering: Lowering) -> bool:
    """Whether nothing compares the decisions, so that each may have a unit of its own."""
    roles = {user.op.facts.role for user in lowering.source.users(node.name)}
    if roles in ({"decision"}, {"decisions"}):
        return op.n_results == 1
    return roles == {"votes"}


def _exponent_rule(exponent_per_unit: float, bound: int, bits: int) -> Requantization:
    """The rule from a distance to the exponent ``u`` of ``2^-u``, with ``bits`` of fraction."""
    spec = TensorSpec((1,), "int32", 2.0**-bits, 0, ACCUMULATOR_MAX)
    rule = requantization(exponent_per_unit, bound, spec)
    if rule.scale != spec.scale:
        raise NoIntegerFormError(
            "gamma is too large for an integer kernel: one unit of distance changes the "
            f"exponent by {exponent_per_unit * 2.0**-bits:g}",
            "use a smaller gamma, scale the features down, or use dtype='float32'",
            "gamma",
        )
    return rule


def _fits(exponent_per_unit: float, bound: int) -> bool:
    """Whether an exponent has room for its further bits of fraction."""
    try:
        _exponent_rule(exponent_per_unit, bound, FINE_EXP2_BITS)
    except NoIntegerFormError:
        return False
    return True


def _poly_rule(op: KernelMachine, x: TensorSpec, bound: int) -> tuple[Requantization, float]:
    """The base of the power in units of its largest value among the support vectors.

    With what a kernel of 1 is worth.
    """
    vectors = op.support_vectors.astype(np.float64)
    base = op.gamma * (vectors @ vectors.T) + op.coef0
    largest = 1.25 * float(np.abs(base).max())
    limit = 2**POLY_BASE_BITS
    spec = TensorSpec((1,), "int32", (largest or 1.0) / limit, -limit, limit)
    rule = requantization(op.gamma * x.scale**2, bound, spec)
    return rule, (rule.scale * limit) ** op.degree


def _coefficients_of_levels(
    machine: QKernelMachine, unit: float, levels: int
) -> QKernelMachine | None:
    """Int8 coefficients that are levels already; None where those of some decision are not."""
    whole = np.zeros(machine.dual_coef.shape, np.int8)
    intercept = np.zeros(machine.n_results, np.int64)
    for i, places in enumerate(machine.decisions()):
        coefficients = machine.dual_coef[places].astype(np.float64)
        scales = level_scales(coefficients[None], levels)
        if scales is None:
            return None
        whole[places] = np.rint(coefficients / scales[0])
        one = float(scales[0]) * unit / 2.0**machine.fraction_bits
        intercept[i] = round(float(machine.intercept[i]) / one)
    integer = replace(machine, dual_coef=whole, intercept=intercept, levels=levels)
    return replace(integer, kept_bits=_kept_bits(integer))


def _integer_coefficients(machine: QKernelMachine, unit: float) -> QKernelMachine:
    """Int16 coefficients in place of the real ones; ``unit`` is what a kernel of 1 is worth."""
    coefficients = machine.dual_coef.astype(np.float64) * unit
    scale = float(np.abs(coefficients).max()) / INT16_MAX
    intercept = np.rint(machine.intercept.astype(np.float64) / scale * 2.0**machine.fraction_bits)
    integer = replace(
        machine,
        dual_coef=_rounded_coefficients(coefficients / scale, machine).astype(np.int16),
        intercept=intercept.astype(np.int64),
    )
    kept = _kept_bits(integer) if machine.kernel == "poly" else 0
    return replace(integer, scale=scale / 2**kept, kept_bits=kept)


def _rounded_coefficients(coefficients: Array, machine: QKernelMachine) -> Array:
    """Where kernels are alike, decisions are the small differences of sums: these are kept."""
    is_shared_poly = machine.kernel == "poly" and not machine.n_support
    if not machine.fine and not is_shared_poly:
        return np.asarray(np.rint(coefficients))
    classes = np.split(coefficients, np.cumsum(machine.n_support)[:-1], axis=1)
    return np.concatenate([round_keeping_sums(part, INT16_MAX) for part in classes], axis=1)


def _kept_bits(machine: QKernelMachine) -> int:
    """How many bits of fraction of a decision have room in int32, whatever the input is."""
    absolute = replace(machine, dual_coef=np.abs(machine.dual_coef.astype(np.int64)))
    one = np.ones((1, len(machine.support_vectors)))
    largest = weighted_kernels(one, absolute)[0] + 1
    largest += np.abs(machine.intercept) / 2.0**machine.fraction_bits
    spare = ACCUMULATOR_MAX.bit_length() - int(largest.max()).bit_length()
    return min(max(spare, 0), machine.fraction_bits - 1)
