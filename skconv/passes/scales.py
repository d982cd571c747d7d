"""From real numbers to integers and scales: weights, biases, requantisations."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skconv.graph.base import TensorSpec
from skconv.graph.integer import Requantization, row_bound
from skconv.graph.limits import ACCUMULATOR_MAX, INT8_MAX, UINT8_MAX
from skconv.graph.storage.coded import Coded
from skconv.passes.refusal import NoIntegerFormError

Array = NDArray[Any]

FEWEST_PARTS = 32
# Of a unit: what float32 may have rounded.
TOLERANCE = 1e-4


def integer_spec(shape: tuple[int, ...], low: float, high: float, limit: int) -> TensorSpec:
    """A tensor for reals in ``low .. high`` whose integers stay within ``limit``.

    Up to 127: uint8 where nothing is negative (then up to 255), else int8. Above: int16.
    0 stands for 0, so that padding is 0 and no input offset is needed.
    """
    largest = max(high, -low)
    if limit <= INT8_MAX and low >= 0:
        dtype, minimum, maximum = "uint8", 0, UINT8_MAX
    else:
        dtype, maximum = ("int8" if limit <= INT8_MAX else "int16"), limit
        minimum = 0 if low >= 0 else -limit
    scale = largest / maximum if largest > 0 else 1.0
    return TensorSpec(shape, dtype, scale, minimum, maximum)


def requantization(
    accumulator_scale: Array | float, bound: int, spec: TensorSpec
) -> Requantization:
    """The rule from accumulators up to ``bound`` to the integers of ``spec``.

    ``accumulator_scale`` is what one unit is worth, per channel or for all. Where the
    rule cannot enlarge that much, the scale of the result is made coarser.
    """
    shift = ACCUMULATOR_MAX.bit_length() - max(bound, 1).bit_length()
    scales = np.atleast_1d(np.asarray(accumulator_scale, np.float64))
    finest = float(scales.max()) * 2.0 ** (32 - shift) / ACCUMULATOR_MAX
    scale = max(spec.scale, finest)
    multiplier = np.rint(scales / scale * 2.0 ** (32 - shift))
    low, high = spec.limits
    return Requantization(
        np.clip(multiplier, 1, ACCUMULATOR_MAX).astype(np.int32),
        shift,
        scale,
        spec.dtype,
        low,
        high,
    )


def exact_requantization(accumulator_scale: float, bound: int, spec: TensorSpec) -> Requantization:
    """As `requantization`, but the scale of the result fits the multiplier, not the reverse.

    So the multiplier is not rounded; the scale becomes coarser by one part in as many as
    the multiplier has.
    """
    rule = requantization(accumulator_scale, bound, spec)
    exact = accumulator_scale / rule.scale * 2.0 ** (32 - rule.shift)
    multiplier = int(exact * (1 + 1e-12))
    if not FEWEST_PARTS <= multiplier <= ACCUMULATOR_MAX:
        return rule
    scale = accumulator_scale * 2.0 ** (32 - rule.shift) / multiplier
    return replace(rule, multiplier=np.array([multiplier], np.int32), scale=scale)


def round_keeping_sums(values: Array, limit: int) -> Array:
    """Round so that every row sums to its own rounded sum; entries stay within ``limit``.

    The entries that lose most by plain rounding are moved by one. A kernel without a
    constant part keeps none, so that a flat area answers exactly 0.
    """
    rows = values.reshape(-1, values.shape[-1])
    rounded = np.clip(np.rint(rows), -limit, limit)
    missing = np.rint(rows.sum(axis=1)) - rounded.sum(axis=1)
    step = np.sign(missing)[:, None]
    gain = step * (rows - rounded)
    gain[np.abs(rounded + step) > limit] = -np.inf
    order = np.argsort(-gain, axis=1, kind="stable")
    rank = np.empty_like(order)
    np.put_along_axis(rank, order, np.arange(rows.shape[1])[None, :], axis=1)
    moved = (rank < np.abs(missing)[:, None]) & np.isfinite(gain)
    return (rounded + step * moved).reshape(values.shape)


def row_scales(weights: Array, bias: Array, x: TensorSpec, limit: int, per_row: bool) -> Array:
    """Scale of the weights of each row: as fine as ``limit`` and int32 sums allow.

    Parameters
    ----------
    weights : ndarray of shape (n_rows, n_weights)
    bias : ndarray of shape (n_rows,)
    x : TensorSpec
        The input: its magnitude bounds the sums.
    limit : int
        Largest weight.
    per_row : bool
        A scale for every row, or the same for all (so that sums can be compared).
    """
    largest = np.abs(weights).max(axis=1) / limit
    bound = np.abs(weights).sum(axis=1) * x.magnitude + np.abs(bias) / x.scale
    # Rounding adds at most half a unit a weight, and half one to the bias.
    slack = (weights.shape[1] * x.magnitude + 1) / 2
    if slack >= ACCUMULATOR_MAX:
        raise NoIntegerFormError(
            f"{weights.shape[1]:,} weights times inputs up to {x.magnitude:,} do not fit int32",
            "use fewer features, or dtype='float32'",
        )
    scales = np.maximum(largest, bound / (ACCUMULATOR_MAX - slack))
    scales = np.where(scales > 0, scales, 1.0)
    return scales if per_row else np.full_like(scales, scales.max())


def level_scales(weights: Array, levels: int) -> Array | None:
    """The number whose multiples, up to ``levels``, the weights of each row are.

    None where those of some row are not: they were changed after they were rounded.
    """
    largest = np.abs(weights).max(axis=1)
    found = np.where(largest > 0, np.nan, 1.0)
    for level in range(levels, 0, -1):
        scales = largest / level
        units = weights / np.where(scales > 0, scales, 1.0)[:, None]
        are_whole = np.abs(units - np.rint(units)).max(axis=1) < TOLERANCE
        found = np.where(np.isnan(found) & are_whole, scales, found)
    return None if np.isnan(found).any() else found


def coded_scales(weights: Array, bias: Array, coded: Coded, x: TensorSpec) -> Array | None:
    """The positive number that makes the coded integers of each row its weights.

    None where there is none, for weights that were changed after they were coded, or where sums of
    such integers might not fit int32.
    """
    if weights.shape != coded.shape:
        return None
    whole = coded.weights().astype(np.float64).reshape(len(weights), -1)
    rows = weights.astype(np.float64).reshape(len(weights), -1)
    squares = (whole**2).sum(axis=1)
    scales = (whole * rows).sum(axis=1) / np.where(squares > 0, squares, 1.0)
    scales = np.where(squares > 0, scales, 1.0)
    errors = np.abs(rows - scales[:, None] * whole).max(axis=1)
    are_kept = (scales > 0) & (errors <= TOLERANCE * np.abs(scales))
    if not are_kept.all() or row_bound(whole, bias / (scales * x.scale), x) > ACCUMULATOR_MAX - 1:
        return None
    return scales


def integer_bias(bias: Array, scales: Array, x: TensorSpec) -> Array:
    """The bias in units of the accumulators."""
    return np.rint(bias / (scales * x.scale)).astype(np.int32)
