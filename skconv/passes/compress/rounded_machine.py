"""Kernel machines rounded: coefficients by the kernels that they are of, vectors to 16 values."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skconv.graph import KernelMachine
from skconv.graph.storage.grid import N_VALUES
from skconv.passes.compress.rounded_kernels import rounded_rows
from skconv.passes.compress.seen import Seen
from skconv.runtime.reference import kernel_values
from skconv.runtime.windows import weighted_kernels

Array = NDArray[Any]


def rounded_machine(
    op: KernelMachine, x: Array, levels: int, damping: float, *, few_values: bool = False
) -> KernelMachine:
    """Coefficients of a few levels, and intercepts, with decisions near to those before.

    A decision is a linear layer of kernels: the Hessian of its coefficients is made of the kernels
    of the samples with its support vectors. Each decision has a scale of its own.

    Parameters
    ----------
    op : KernelMachine
    x : ndarray of shape (n_samples, n_features)
        What it reads.
    levels : int
    damping : float
        As of `SecondOrderRounding`.
    few_values : bool
        Whether support vectors are rounded to 16 values; coefficients make up for that, too.
    """
    wanted = weighted_kernels(kernel_values(op, x), op) + op.intercept
    op = with_few_values(op) if few_values else op
    return rounded_coefficients(op, x, wanted, levels, damping)


def with_few_values(op: KernelMachine) -> KernelMachine:
    """Support vectors rounded to 16 values, from their least entry to the largest."""
    vectors = op.support_vectors.astype(np.float64)
    low, high = vectors.min(), vectors.max()
    step = (high - low) / (N_VALUES - 1) or 1.0
    rounded = low + step * np.rint((vectors - low) / step)
    return replace(op, support_vectors=rounded.astype(np.float32), few_values=True)


def rounded_coefficients(
    op: KernelMachine, x: Array, wanted: Array, levels: int, damping: float
) -> KernelMachine:
    """As `rounded_machine`, with decisions near to those ``wanted`` (n_samples, n_results)."""

    def rounded(row: Array, of: Seen) -> tuple[Array, Array]:
        return rounded_rows(row, of, levels, damping)

    return replace(_with_coefficients(op, x, wanted, rounded), levels=levels)


def refitted_coefficients(op: KernelMachine, x: Array, wanted: Array) -> KernelMachine:
    """Coefficients and intercepts whose decisions come as near as they can to those wanted."""

    def refitted(row: Array, of: Seen) -> tuple[Array, Array]:
        best = of.best_weights(row)
        return best, of.biases(best)

    return replace(_with_coefficients(op, x, wanted, refitted), levels=0)


def _with_coefficients(
    op: KernelMachine, x: Array, wanted: Array, found: Callable[[Array, Seen], tuple[Array, Array]]
) -> KernelMachine:
    """Each decision with the coefficients and the intercept found for it."""
    kernels = kernel_values(op, x).astype(np.float32)
    coefficients, intercept = np.array(op.dual_coef, np.float64), np.array(op.intercept)
    for i, places in enumerate(op.decisions()):
        own = np.ascontiguousarray(kernels[:, places[1]])
        of = Seen(own[None], wanted[None, :, i : i + 1])
        rows, biases = found(coefficients[places][None, None], of)
        coefficients[places], intercept[i] = rows[0, 0], biases[0, 0]
    return replace(op, dual_coef=coefficients.astype(np.float32), intercept=intercept)
