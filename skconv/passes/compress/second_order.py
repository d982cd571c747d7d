"""Rounding that knows the data: the error of each weight is handed on to those not yet rounded."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cholesky
from scipy.linalg.lapack import dtrtri

Array = NDArray[Any]
# Up to so many on both sides of 0; or which whole numbers, in ascending order.
Levels = int | Array

# Of the mean of the diagonal: what makes the inverse of a nearly singular Hessian tame.
DAMPING = 0.01
# The largest weight of a row in units of its scale, over the number of levels.
REACHES = np.geomspace(0.9, 8.0, 24)
AHEAD = 64  # weights that a sweep looks at in one go
MOST_SWEEPS = 20
# Columns whose errors are handed on to all behind them by one product: GPTQ's lazy batches.
BLOCK = 64


@dataclass(frozen=True)
class Curvature:
    """How the loss grows with the error of a row of weights: ``e H e / 2``.

    Attributes
    ----------
    hessian : ndarray of shape (n_weights, n_weights)
        With its damping.
    order : ndarray of int
        The weights in the order in which they are rounded: those that matter most first.
    factor : ndarray of shape (n_weights, n_weights)
        Upper triangular ``U`` with ``U'U`` the inverse, in that order.
    """

    hessian: Array
    order: Array
    factor: Array


def curvature(hessian: Array, damping: float = DAMPING) -> Curvature:
    """What `round_row` needs of a Hessian, computed once for all rows that share it.

    Parameters
    ----------
    hessian : ndarray of shape (n_weights, n_weights)
        Second moments of the inputs, weighted by the curvature of the loss.
    damping : float
        Added to the diagonal, in units of its mean.
    """
    damped = np.array(hessian, np.float64)
    mean = float(np.trace(damped)) / len(damped)
    damped[np.diag_indices_from(damped)] += damping * mean if mean > 0 else 1.0
    order = np.argsort(-np.diag(damped), kind="stable")
    # H = L L' with the order turned round gives H^-1 = U' U without an inverse of its own.
    turned = damped[np.ix_(order, order)][::-1, ::-1]
    lower = cholesky(turned, lower=True, check_finite=False)
    inverse, _ = dtrtri(lower, lower=True)
    return Curvature(damped, order, np.ascontiguousarray(inverse[::-1, ::-1]))


def nearest(values: Array, levels: Levels) -> Array:
    """The levels next to real numbers."""
    if isinstance(levels, np.ndarray):
        between = (levels[1:] + levels[:-1]) / 2
        return np.asarray(levels[np.searchsorted(between, values)])
    return np.asarray(np.clip(np.rint(values), -levels, levels))


def largest_level(levels: Levels) -> int:
    """The largest magnitude that there is."""
    return int(np.abs(levels).max())


def round_row(weights: Array, of: Curvature, levels: Levels) -> tuple[Array, float]:
    """A row of weights as whole multiples, up to ``levels``, of one number.

    Parameters
    ----------
    weights : ndarray of shape (n_weights,)
    of : Curvature
    levels : int or ndarray
        1 is ternary, 3 has seven levels, 127 is int8. An array has the whole numbers that there
        are, in ascending order: those of both signs.

    Returns
    -------
    whole : ndarray of int64
    scale : float
        ``weights ~ scale * whole``, by the least loss.

    Notes
    -----
    Optimal brain quantisation (Frantar, Alistarh, "Optimal Brain Compression", NeurIPS 2022,
    equation 7) in a fixed order (Frantar et al., "GPTQ", ICLR 2023, algorithm 1): the error of
    weight ``j`` over ``U_jj`` times row ``j`` of ``U`` is taken off the weights behind it. Of
    several scales the one with the least loss is kept; then single weights move by one level as
    long as that lowers the loss further, and the scale follows them.
    """
    row = np.asarray(weights, np.float64)
    largest = float(np.abs(row).max(initial=0))
    if largest == 0:
        return np.zeros(len(row), np.int64), 1.0
    scales = largest / (largest_level(levels) * REACHES)
    candidates = _handed_on(row, of, scales, levels)
    losses = [_loss(row - s * q, of.hessian) for q, s in zip(candidates, scales, strict=True)]
    best = int(np.argmin(losses))
    return _refined(row, candidates[best], float(scales[best]), of.hessian, levels)


def _handed_on(row: Array, of: Curvature, scales: Array, levels: Levels) -> Array:
    """The whole numbers for each of several scales, all at once."""

    def rounded(left: Array, _: int) -> Array:
        return np.asarray(nearest(left / scales, levels) * scales)

    found = handed_on(np.repeat(row[None], len(scales), axis=0), of, rounded)
    return np.asarray(np.rint(found / scales[:, None]))


def handed_on(rows: Array, of: Curvature, rounded: Callable[[Array, int], Array]) -> Array:
    """Rows of weights rounded one place after the other, each error handed on to those behind.

    Parameters
    ----------
    rows : ndarray of shape (n_rows, n_weights)
    of : Curvature
        Of all rows.
    rounded : callable
        Gives what becomes of the weights ``(n_rows,)`` at a place, as real numbers.
    """
    left = rows[:, of.order].astype(np.float64)
    found = np.empty_like(left)
    for start in range(0, left.shape[1], BLOCK):
        stop = start + BLOCK
        block = left[:, start:stop]
        errors = np.empty_like(block)
        for j, place in enumerate(of.order[start:stop]):
            row = of.factor[start + j, start:stop]
            found[:, place] = rounded(block[:, j], int(place))
            errors[:, j] = (block[:, j] - found[:, place]) / row[j]
            block[:, j:] -= errors[:, j, None] * row[j:]
        left[:, stop:] -= errors @ of.factor[start:stop, stop:]
    return found


def _loss(error: Array, hessian: Array) -> float:
    return float(error @ (hessian @ error))


def _refined(
    row: Array, whole: Array, scale: float, hessian: Array, levels: Levels
) -> tuple[Array, float]:
    """Single steps of single weights, and of the scale, each of which lowers the loss."""
    for _ in range(MOST_SWEEPS):
        scale = _best_scale(row, whole, hessian, scale)
        n_moved = _sweep(row, whole, scale, hessian, levels)
        if n_moved == 0:
            break
    return whole.astype(np.int64), _best_scale(row, whole, hessian, scale)


def _best_scale(row: Array, whole: Array, hessian: Array, scale: float) -> float:
    product = hessian @ whole
    of_whole = float(whole @ product)
    return float(row @ product) / of_whole if of_whole > 0 else scale


def _sweep(row: Array, whole: Array, scale: float, hessian: Array, levels: Levels) -> int:
    """Move every weight once, where that helps; returns how many were."""
    gradient, steps = hessian @ (scale * whole - row), np.diag(hessian) * scale
    n_moved = place = 0
    while place < len(row):
        # Most weights stay: the next that moves is looked for among many at a time.
        ahead = slice(place, place + AHEAD)
        moves = nearest(whole[ahead] - gradient[ahead] / steps[ahead], levels) - whole[ahead]
        first = int(np.argmax(moves != 0))
        if moves[first] == 0:
            place += AHEAD
            continue
        j = place + first
        whole[j] += moves[first]
        gradient += (moves[first] * scale) * hessian[j]
        n_moved += 1
        place = j + 1
    return n_moved
