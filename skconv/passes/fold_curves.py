"""An `Affine` before or behind a function of one number is a part of it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skconv.graph import Affine, Curve, Interpolate, Op, Steps, TensorSpec
from skconv.graph.folding import wide

Ops = tuple[Op, ...]


def affine_curve(first: Affine, second: Curve, x: TensorSpec) -> Ops:
    factors = wide(second.factors) * wide(first.factors)
    offsets = wide(second.factors) * wide(first.offsets) + wide(second.offsets)
    return (_of_columns(second, x.size, factors=factors, offsets=offsets),)


def curve_affine(first: Curve, second: Affine, x: TensorSpec) -> Ops:
    gains = wide(first.gains) * wide(second.factors)
    shifts = wide(first.shifts) * wide(second.factors) + wide(second.offsets)
    return (_of_columns(first, x.size, gains=gains, shifts=shifts),)


def _of_columns(op: Curve, size: int, **changed: NDArray[np.float64]) -> Curve:
    """With one number a column, unless one does for all."""
    tables = {name: wide(values) for name, values in op.parameters.items()} | changed
    if all(np.ptp(values) == 0 for values in tables.values()):
        size = 1
    resized: dict[str, Any] = {name: _resized(values, size) for name, values in tables.items()}
    return replace(op, **resized)


def _resized(values: NDArray[np.float64], size: int) -> NDArray[np.float32]:
    return np.broadcast_to(values[:size], size).astype(np.float32)


def affine_interpolate(first: Affine, second: Interpolate, x: TensorSpec) -> Ops | None:
    """None where a column changes its sign: its knots would descend."""
    factors, offsets = wide(first.factors)[:, None], wide(first.offsets)[:, None]
    if not (factors > 0).all():
        return None
    return _lines((wide(second.knots) - offsets) / factors, wide(second.values), x.size)


def interpolate_affine(first: Interpolate, second: Affine, x: TensorSpec) -> Ops:
    values = wide(first.values) * wide(second.factors)[:, None] + wide(second.offsets)[:, None]
    return _lines(wide(first.knots), values, x.size)


def _lines(knots: NDArray[Any], values: NDArray[Any], size: int) -> Ops:
    if len(knots) == len(values) == 1:
        size = 1
    shape = (size, knots.shape[1])
    return (
        Interpolate(
            np.broadcast_to(knots, shape).astype(np.float32),
            np.broadcast_to(values, shape).astype(np.float32),
        ),
    )


def affine_steps(first: Affine, second: Steps, x: TensorSpec) -> Ops | None:
    """None where a column changes its sign: its edges would descend."""
    factors, offsets = wide(first.factors)[:, None], wide(first.offsets)[:, None]
    if not (factors > 0).all():
        return None
    largest = float(np.finfo(np.float32).max)
    edges = np.clip((wide(second.edges) - offsets) / factors, -largest, largest)
    values = np.broadcast_to(second.values, (len(edges), second.values.shape[1]))
    return (Steps(edges.astype(np.float32), values.copy()),)
