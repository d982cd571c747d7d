"""Ridge regression that gains or loses whole blocks of columns, each step exact."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_factor, cho_solve

Floats = NDArray[np.float64]


@dataclass
class BlockRidge:
    """Ridge regression on blocks of columns, fitted to some samples and tried on others.

    With ``F`` the columns of the samples to fit, ``V`` those of the samples held out, ``Y``
    and ``E`` their targets, and a penalty ``p``::

        G = F^T F + p I,    R = F^T Y

    Blocks enter one by one. Of the blocks that are not in yet, these hold the Schur
    complement of ``G``, and the columns and targets less what those that are in explain;
    when block ``b`` enters::

        D = G_bb^-1 R_b,    E -= V_b D,    V -= V_b G_bb^-1 G_b:,
        R -= G_:b D,        G -= G_:b G_bb^-1 G_b:

    No system larger than a block is ever solved. Leaving is the same on ``G^-1``, ``G^-1 R``
    and ``V G^-1``, but for the sign of what it does to ``E``.

    Parameters
    ----------
    gram : ndarray of float64 of shape (n_blocks, width, n_blocks, width)
        ``G``, or its inverse.
    cross : ndarray of float64 of shape (n_blocks, width, n_targets)
        ``R``, or ``G^-1 R``: the coefficients.
    held : ndarray of float64 of shape (n_held, n_blocks, width)
        ``V``, or ``V G^-1``.
    errors : ndarray of float64 of shape (n_held, n_targets)
        ``E``: targets less predictions.
    sign : {1, -1}
        1: blocks enter; -1: they leave.

    Examples
    --------
    >>> import numpy as np
    >>> from skconv.kernels.block_ridge import BlockRidge
    >>> columns = np.array([[1.0], [-1.0], [1.0], [-1.0]])[:, None]
    >>> ridge = BlockRidge.empty(columns, columns[:, 0], columns, columns[:, 0], penalty=4.0)
    >>> ridge.gains()
    array([3.])
    >>> ridge.step(0)
    >>> ridge.errors.ravel()
    array([ 0.5, -0.5,  0.5, -0.5])
    """

    gram: Floats
    cross: Floats
    held: Floats
    errors: Floats
    sign: int

    @classmethod
    def empty(
        cls, columns: Floats, targets: Floats, held: Floats, held_targets: Floats, penalty: float
    ) -> BlockRidge:
        """No block is in; columns are ``(n_samples, n_blocks, width)``."""
        n_samples, n_blocks, width = columns.shape
        flat = columns.reshape(n_samples, -1)
        gram = flat.T @ flat
        gram.flat[:: len(gram) + 1] += penalty
        return cls(
            gram.reshape(n_blocks, width, n_blocks, width),
            (flat.T @ targets).reshape(n_blocks, width, -1),
            held,
            held_targets,
            1,
        )

    @classmethod
    def full(
        cls, columns: Floats, targets: Floats, held: Floats, held_targets: Floats, penalty: float
    ) -> BlockRidge:
        """All blocks are in."""
        start = cls.empty(columns, targets, held, held_targets, penalty)
        _, n_blocks, width = columns.shape
        size = n_blocks * width
        factor = cho_factor(start.gram.reshape(size, size))
        inverse = cho_solve(factor, np.eye(size))
        coefficients = inverse @ start.cross.reshape(size, -1)
        flat = held.reshape(len(held), -1)
        return cls(
            inverse.reshape(start.gram.shape),
            coefficients.reshape(start.cross.shape),
            (flat @ inverse).reshape(held.shape),
            held_targets - flat @ coefficients,
            -1,
        )

    def gains(self) -> Floats:
        """By how much the step of each block lowers the sum of the squares of `errors`."""
        blocks = np.arange(len(self.gram))
        steps = np.linalg.solve(self.gram[blocks, :, blocks], self.cross)
        flat = self.held.reshape(len(self.held), -1)
        slopes = (flat.T @ self.errors).reshape(steps.shape)
        squares = np.matmul(self.held.transpose(1, 2, 0), self.held.transpose(1, 0, 2))
        return np.sum(steps * (2 * self.sign * slopes - squares @ steps), axis=(1, 2))

    def step(self, block: int) -> None:
        """Let a block enter, or leave; those behind it move up."""
        width = self.gram.shape[1]
        row = np.delete(self.gram[block], block, axis=1).reshape(width, -1)
        # The matrix is symmetric: this is the column, too.
        weights = np.linalg.solve(self.gram[block, :, block], np.hstack([row, self.cross[block]]))
        weights, step = weights[:, : row.shape[1]], weights[:, row.shape[1] :]
        held = self.held[:, block]
        self.errors = self.errors - self.sign * held @ step
        rest = np.delete(self.held, block, axis=1)
        self.held = rest - (held @ weights).reshape(rest.shape)
        cross = np.delete(self.cross, block, axis=0)
        self.cross = cross - (row.T @ step).reshape(cross.shape)
        gram = (row.T @ weights).reshape(len(cross), width, len(cross), width)
        # Quadrant by quadrant into what is there: of the largest array no copy is made.
        sides = (slice(0, block), slice(0, block)), (slice(block, None), slice(block + 1, None))
        for (to_row, from_row), (to_column, from_column) in product(sides, sides):
            part = gram[to_row, :, to_column]
            np.subtract(self.gram[from_row, :, from_column], part, out=part)
        self.gram = gram
