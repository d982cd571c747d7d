"""Columns and rows as integers, rounded jointly by what the data allow."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skconv.graph import Factors
from skconv.graph.limits import INT8_MAX
from skconv.graph.separable import Term
from skconv.passes.compress.second_order import curvature, round_row
from skconv.passes.compress.separable.terms import Columns

Array = NDArray[Any]

# Of the weights of a column: a line of inputs up to 255 fits int16.
MOST_OF_A_COLUMN = 128
FEWEST_OF_A_COLUMN = 32
MOST_ROUNDS = 4
# The Hessian of a kernel has its damping already.
NO_DAMPING = 1e-9
SMALLEST = np.finfo(np.float64).tiny


@dataclass
class Bank:
    """A bank of kernels on its way to integers.

    Attributes
    ----------
    weights : ndarray of shape (n_kernels, n_weights)
        Those wanted.
    hessians : ndarray of shape (n_groups, n_weights, n_weights)
        How the squares of what a kernel gives grow with the errors of its weights.
    shape : tuple of int
        ``(height, width, depth)``
    columns : ndarray of int64 of shape (n_lines, height)
    channels : list of int
    terms : list of list of int
        The columns of each kernel.
    """

    weights: Array
    hessians: Array
    shape: tuple[int, int, int]
    columns: Array
    channels: list[int]
    terms: list[list[int]]

    def hessian(self, kernel: int) -> Array:
        return np.asarray(self.hessians[kernel * len(self.hessians) // len(self.weights)])

    def basis(self, kernel: int) -> Array:
        """The kernel of a 1 at each place of its rows: ``(n_weights, n_terms * width)``."""
        height, width, depth = self.shape
        found = np.zeros((height, width, depth, len(self.terms[kernel]), width))
        for place, line in enumerate(self.terms[kernel]):
            for j in range(width):
                found[:, j, self.channels[line] % depth, place, j] = self.columns[line]
        return found.reshape(height * width * depth, -1)


def integer_factors(
    weights: Array, columns: Columns, terms: list[list[int]], hessians: Array
) -> tuple[Factors, Array]:
    """The factors of kernels ``(n_kernels, height, width, depth)``, and the scale of each kernel.

    The columns are rounded first. Given them, the rows of a kernel are one row of weights, which is
    rounded by second order. Then single weights of the columns move by one, where that lowers the
    squared errors of what all kernels give, and the rows follow.
    """
    n_kernels, height, width, depth = weights.shape
    whole = np.array([whole_column(column) for column in columns.weights])
    flat, shape = weights.reshape(n_kernels, -1), (height, width, depth)
    bank = Bank(flat, hessians, shape, whole, columns.channels, terms)
    found = [_rounded_rows(bank, kernel) for kernel in range(n_kernels)]
    least = _loss(bank, found)
    for _ in range(MOST_ROUNDS):
        before = bank.columns.copy()
        if not _move_columns(bank, found):
            break
        moved = [_rounded_rows(bank, kernel) for kernel in range(n_kernels)]
        if (loss := _loss(bank, moved)) >= least:
            bank.columns[:] = before
            break
        found, least = moved, loss
    return _factors(bank, [rows for rows, _ in found]), np.array([scale for _, scale in found])


def whole_column(column: Array) -> Array:
    """The integers whose direction is nearest to a column's, of a limited sum of magnitudes."""
    total = np.abs(column).sum()
    best, nearest = np.zeros(len(column), np.int64), -1.0
    for size in range(FEWEST_OF_A_COLUMN, MOST_OF_A_COLUMN + 1):
        whole = np.clip(np.rint(column * (size / total)), -INT8_MAX, INT8_MAX)
        cosine = float(whole @ column) / max(float(np.linalg.norm(whole)), SMALLEST)
        if np.abs(whole).sum() <= MOST_OF_A_COLUMN and cosine > nearest:
            best, nearest = whole.astype(np.int64), cosine
    return best


def _rounded_rows(bank: Bank, kernel: int) -> tuple[Array, float]:
    """The rows of a kernel, one after the other, and its scale."""
    basis, hessian = bank.basis(kernel), bank.hessian(kernel)
    reduced = basis.T @ hessian @ basis
    of = curvature(reduced, NO_DAMPING)
    rows = np.linalg.solve(of.hessian, basis.T @ (hessian @ bank.weights[kernel]))
    whole, scale = round_row(rows, of, INT8_MAX)
    return (whole, scale) if scale > 0 else (-whole, -scale)


def _error(bank: Bank, kernel: int, rows: Array, scale: float) -> Array:
    return np.asarray(scale * (bank.basis(kernel) @ rows) - bank.weights[kernel])


def _loss(bank: Bank, found: list[tuple[Array, float]]) -> float:
    """Squared errors of what the kernels give, each in units of its own squares."""
    total = 0.0
    for kernel, (rows, scale) in enumerate(found):
        error, hessian = _error(bank, kernel, rows, scale), bank.hessian(kernel)
        total += float(error @ hessian @ error) / _squares(bank, kernel)
    return total


def _squares(bank: Bank, kernel: int) -> float:
    weights = bank.weights[kernel]
    return max(float(weights @ bank.hessian(kernel) @ weights), SMALLEST)


def _move_columns(bank: Bank, found: list[tuple[Array, float]]) -> int:
    """Move every weight of every column by one, where that helps; returns how many were."""
    gradients = [
        bank.hessian(kernel) @ _error(bank, kernel, *rows) for kernel, rows in enumerate(found)
    ]
    n_moved = 0
    for line, column in enumerate(bank.columns):
        users = [kernel for kernel, terms in enumerate(bank.terms) if line in terms]
        for tap in range(len(column)):
            steps = {kernel: _step(bank, kernel, *found[kernel], line, tap) for kernel in users}
            sign = _best_sign(bank, gradients, steps)
            column[tap] += sign
            is_legal = np.abs(column).sum() <= MOST_OF_A_COLUMN and abs(column[tap]) <= INT8_MAX
            if sign == 0 or not is_legal or not column.any():
                column[tap] -= sign
                continue
            n_moved += 1
            for kernel, step in steps.items():
                gradients[kernel] += sign * (bank.hessian(kernel) @ step)
    return n_moved


def _step(bank: Bank, kernel: int, rows: Array, scale: float, line: int, tap: int) -> Array:
    """How a kernel changes with one weight of a column."""
    height, width, depth = bank.shape
    change = np.zeros((height, width, depth))
    for place, of in enumerate(bank.terms[kernel]):
        if of == line:
            row = rows[place * width : (place + 1) * width]
            change[tap, :, bank.channels[line] % depth] += scale * row
    return change.ravel()


def _best_sign(bank: Bank, gradients: list[Array], steps: dict[int, Array]) -> int:
    """1, -1, or 0: which of them lowers the loss most."""
    slope = curve = 0.0
    for kernel, step in steps.items():
        squares = _squares(bank, kernel)
        slope += float(gradients[kernel] @ step) / squares
        curve += float(step @ bank.hessian(kernel) @ step) / squares
    return 0 if 2 * abs(slope) <= curve else -int(np.sign(slope))


def _factors(bank: Bank, rows: list[Array]) -> Factors:
    """Terms whose rows are not zero; at least one of each kernel."""
    width = bank.shape[1]
    kernels: list[list[Term]] = []
    for places, flat in zip(bank.terms, rows, strict=True):
        found = [
            (bank.channels[line], bank.columns[line], row)
            for line, row in zip(places, flat.reshape(-1, width), strict=True)
        ]
        kernels.append([term for term in found if term[2].any()] or found[:1])
    return Factors.of(kernels)
