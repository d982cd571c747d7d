"""Backward elimination: inputs of a linear layer leave one after the other, each step exact."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_factor, cho_solve, cholesky, solve_triangular

Array = NDArray[Any]

# So many rows of a low-rank update are gathered before they are taken off the whole matrix.
PENDING = 64


class Elimination:
    """The weights of least loss as inputs leave, and what each that is left would cost.

    Of the loss only its curvature is known: ``e H e / 2`` for each output, with ``e`` how far its
    weights are from those that it began with. With ``A`` the inverse of ``H`` on the inputs that
    are left, a block ``b`` that leaves costs ``W_b A_bb^-1 W_b``, and then::

        W -= W_b A_bb^-1 A_b:,    A -= A_:b A_bb^-1 A_b:

    Parameters
    ----------
    hessian : ndarray of shape (n_inputs, n_inputs)
        Positive definite.
    weights : ndarray of shape (n_outputs, n_inputs)

    Attributes
    ----------
    left : ndarray of int
        Inputs that are left, in ascending order.
    weights : ndarray of shape (n_outputs, n_left)
        Of those.

    Notes
    -----
    Optimal brain surgeon (Hassibi, Stork, "Second Order Derivatives for Network Pruning", NIPS
    1992, equations 5 and 6), summed over outputs and for whole blocks. Each step makes the row
    of the inverse that it needs out of the matrix as it was and of what is pending, as a pivoted
    Cholesky factorisation does; the numbers are those of single steps.

    Examples
    --------
    >>> import numpy as np
    >>> steps = Elimination(np.float64([[2, 1, 0], [1, 2, 0], [0, 0, 1]]), np.float64([[1, 1, 1]]))
    >>> steps.costs().round(6).tolist()
    [1.5, 1.5, 1.0]
    >>> steps.drop([0])
    >>> steps.left.tolist(), steps.weights.round(6).tolist()
    ([1, 2], [[1.5, 1.0]])
    """

    def __init__(self, hessian: Array, weights: Array) -> None:
        factor = cho_factor(np.asarray(hessian, np.float64), lower=True, check_finite=False)
        self._inverse = cho_solve(factor, np.eye(len(hessian)), check_finite=False)
        self._diagonal = np.diag(self._inverse).copy()
        self._pending = np.empty((0, len(hessian)))
        self._weights = np.array(weights, np.float64)
        # Columns of the matrix as it is kept: the inputs that they are of, and whether they left.
        self._inputs = np.arange(len(hessian))
        self._is_left = np.ones(len(hessian), bool)

    @property
    def left(self) -> Array:
        return self._inputs[self._is_left]

    @property
    def weights(self) -> Array:
        return self._weights[:, self._is_left]

    def costs(self) -> Array:
        """What each input of `left` would cost."""
        squares = (self.weights**2).sum(axis=0)
        return np.asarray(squares / self._diagonal[self._is_left])

    def block_costs(self, blocks: Sequence[Array]) -> Array:
        """What each block of inputs would cost; all of them are left."""
        self._flush()
        costs = np.empty(len(blocks))
        for i, inputs in enumerate(blocks):
            at = self._places(inputs)
            factor = cholesky(self._inverse[np.ix_(at, at)], lower=True, check_finite=False)
            costs[i] = (self._solved(factor, self._weights[:, at].T) ** 2).sum()
        return costs

    def drop(self, inputs: Array | Sequence[int]) -> None:
        """Let a block of inputs leave."""
        at = self._places(inputs)
        rows = self._inverse[at] - self._pending[:, at].T @ self._pending
        factor = cholesky(rows[:, at], lower=True, check_finite=False)
        rows = self._solved(factor, rows)
        self._weights -= self._solved(factor, self._weights[:, at].T).T @ rows
        self._diagonal -= (rows**2).sum(axis=0)
        self._is_left[at] = False
        self._pending = np.vstack([self._pending, rows])
        if len(self._pending) >= PENDING:
            self._flush()

    def _flush(self) -> None:
        """Take what is pending off the matrix, of the inputs that are left."""
        kept = self._is_left
        pending = self._pending[:, kept]
        self._inverse = self._inverse[np.ix_(kept, kept)]
        self._inverse -= pending.T @ pending
        self._pending = np.empty((0, len(self._inverse)))
        self._diagonal, self._weights = self._diagonal[kept], self._weights[:, kept]
        self._inputs, self._is_left = self._inputs[kept], np.ones(len(self._inverse), bool)

    def _places(self, inputs: Array | Sequence[int]) -> Array:
        return np.searchsorted(self._inputs, inputs)

    @staticmethod
    def _solved(factor: Array, right: Array) -> Array:
        return np.asarray(solve_triangular(factor, right, lower=True, check_finite=False))
