"""Ridge regressions that lose whole blocks of columns, each step exact."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_factor, cho_solve

Floats = NDArray[np.float64]


class BackwardRidge:
    """One ridge regression a split, on all blocks but those that have left.

    Parameters
    ----------
    columns : ndarray of float64 of shape (n_samples, n_blocks, width)
        Blocks.
    targets : ndarray of float64 of shape (n_samples, n_targets)
        Targets.
    splits : iterable of (fit, held)
        Numbers of the samples to fit, and of those held out.
    penalty : float
        Penalty of the squares of the coefficients, for each sample to fit.

    Attributes
    ----------
    left : ndarray of int64
        Blocks that are in.
    error : float
        Sum of the squares of the held-out errors.
    """

    def __init__(
        self, columns: Floats, targets: Floats, splits: Iterable[tuple[Any, Any]], penalty: float
    ) -> None:
        self._folds = []
        for fit, held in splits:
            means = columns[fit].mean(axis=0), targets[fit].mean(axis=0)
            parts = (
                columns[fit] - means[0],
                targets[fit] - means[1],
                columns[held] - means[0],
                targets[held] - means[1],
            )
            self._folds.append(RidgeOfBlocks.of_all(*parts, penalty=penalty * len(fit)))
        self.left = np.arange(columns.shape[1])

    @property
    def error(self) -> float:
        return float(sum(np.sum(fold.errors**2) for fold in self._folds))

    def gains(self) -> Floats:
        """By how much `error` would fall if a block of `left` left."""
        return np.asarray(np.sum([fold.gains() for fold in self._folds], axis=0))

    def step(self, position: int) -> None:
        """Let the block at a position of `left` leave."""
        for fold in self._folds:
            fold.step(position)
        self.left = np.delete(self.left, position)


@dataclass
class RidgeOfBlocks:
    """Ridge regression on blocks of columns, fitted to some samples and tried on others.

    With ``F`` the columns of the samples to fit, ``V`` those of the samples held out, ``Y``
    and ``E`` their targets, and a penalty ``p``::

        G = F^T F + p I,    W = G^-1 F^T Y,    H = G^-1,    U = V H,    E -= V W

    When block ``b`` leaves::

        D = H_bb^-1 W_b,    E += U_b D,    U -= U_b H_bb^-1 H_b:,
        W -= H_:b D,        H -= H_:b H_bb^-1 H_b:

    Parameters
    ----------
    inverse : ndarray of float64 of shape (n_blocks, width, n_blocks, width)
        ``H``.
    coefficients : ndarray of float64 of shape (n_blocks, width, n_targets)
        ``W``.
    held : ndarray of float64 of shape (n_held, n_blocks, width)
        ``U``.
    errors : ndarray of float64 of shape (n_held, n_targets)
        Held-out targets less predictions.
    """

    inverse: Floats
    coefficients: Floats
    held: Floats
    errors: Floats

    @classmethod
    def of_all(
        cls, columns: Floats, targets: Floats, held: Floats, held_targets: Floats, penalty: float
    ) -> RidgeOfBlocks:
        """All blocks are in; columns are ``(n_samples, n_blocks, width)``."""
        n_samples, n_blocks, width = columns.shape
        flat, flat_held = columns.reshape(n_samples, -1), held.reshape(len(held), -1)
        inverse = _ridge_inverse(flat, penalty)
        coefficients = inverse @ (flat.T @ targets)
        return cls(
            inverse.reshape(n_blocks, width, n_blocks, width),
            coefficients.reshape(n_blocks, width, -1),
            (flat_held @ inverse).reshape(held.shape),
            held_targets - flat_held @ coefficients,
        )

    def gains(self) -> Floats:
        """By how much the step of each block lowers the sum of the squares of `errors`."""
        blocks = np.arange(len(self.inverse))
        steps = np.linalg.solve(self.inverse[blocks, :, blocks], self.coefficients)
        flat = self.held.reshape(len(self.held), -1)
        slopes = (flat.T @ self.errors).reshape(steps.shape)
        squares = np.matmul(self.held.transpose(1, 2, 0), self.held.transpose(1, 0, 2))
        return np.asarray(-np.sum(steps * (2 * slopes + squares @ steps), axis=(1, 2)))

    def step(self, block: int) -> None:
        """Let a block leave; those behind it move up."""
        width = self.inverse.shape[1]
        row = np.delete(self.inverse[block], block, axis=1).reshape(width, -1)
        # The matrix is symmetric: this is the column, too.
        sides = np.hstack([row, self.coefficients[block]])
        weights = np.linalg.solve(self.inverse[block, :, block], sides)
        weights, step = weights[:, : row.shape[1]], weights[:, row.shape[1] :]
        held = self.held[:, block]
        self.errors = self.errors + held @ step
        rest = np.delete(self.held, block, axis=1)
        self.held = rest - (held @ weights).reshape(rest.shape)
        coefficients = np.delete(self.coefficients, block, axis=0)
        self.coefficients = coefficients - (row.T @ step).reshape(coefficients.shape)
        inverse = (row.T @ weights).reshape(len(coefficients), width, len(coefficients), width)
        # Quadrant by quadrant into what is there: of the largest array no copy is made.
        halves = (slice(0, block), slice(0, block)), (slice(block, None), slice(block + 1, None))
        for (to_row, from_row), (to_column, from_column) in product(halves, halves):
            part = inverse[to_row, :, to_column]
            np.subtract(self.inverse[from_row, :, from_column], part, out=part)
        self.inverse = inverse


def _ridge_inverse(columns: Floats, penalty: float) -> Floats:
    """``(F^T F + p I)^-1``, by the smaller of the two systems that there are for it."""
    n_samples, size = columns.shape
    if n_samples < size:
        outer = columns @ columns.T
        outer.flat[:: n_samples + 1] += penalty
        inverse = columns.T @ cho_solve(cho_factor(outer), columns)
        np.negative(inverse, out=inverse)
        inverse.flat[:: size + 1] += 1
        inverse /= penalty
        return np.asarray(inverse)
    gram = columns.T @ columns
    gram.flat[:: size + 1] += penalty
    return np.asarray(cho_solve(cho_factor(gram), np.eye(size)))
