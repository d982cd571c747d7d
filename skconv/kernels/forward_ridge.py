"""Ridge regressions that gain whole blocks of columns, each step exact."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cholesky, solve_triangular

from skconv.kernels.block_moments import BlockMoments

Floats = NDArray[np.float64]


class ForwardRidge:
    """One ridge regression a split, on the blocks that have entered so far.

    With ``F`` the columns of the samples to fit, ``V`` those of the samples held out, ``Y`` and
    ``E`` their targets, ``p`` a penalty, and ``A`` the blocks that are in::

        G = F^T F + p I,    G_AA = L L^T,    Z = L^-1 G_A:

    Of the blocks that are not in, these are what is left when the blocks that are in have
    explained their share; ``C = G_AA^-1 G_A: = L^-T Z``::

        S = G - Z^T Z,    R = F^T Y - Z^T L^-1 F_A^T Y,    V - V_A C,    E - V_A C_Y

    A step needs the row of ``S`` of the block that enters. So of ``G`` only the rows of the
    blocks that are in are computed, and of the rest the blocks on its diagonal are kept up to
    date. Targets are columns like the others, and all sums over samples are those of
    `skconv.kernels.block_moments.BlockMoments`.

    Parameters
    ----------
    moments : BlockMoments
        Products of columns.
    penalty : float
        ``p`` for each sample to fit.
    n_steps : int
        How many blocks will enter at most. Behind the last step nothing is brought up to date.

    Attributes
    ----------
    left : ndarray of int64
        Blocks that are not in.
    error : float
        Sum of the squares of the held-out errors.

    Examples
    --------
    >>> import numpy as np
    >>> from skconv.kernels.block_moments import BlockMoments
    >>> from skconv.kernels.forward_ridge import ForwardRidge
    >>> column = np.array([1.0, -1.0, 1.0, -1.0])[:, None]
    >>> everything = np.arange(4)
    >>> moments = BlockMoments(column[:, None], column, [(everything, everything)])
    >>> ridge = ForwardRidge(moments, penalty=1.0, n_steps=1)
    >>> ridge.error, ridge.gains()
    (4.0, array([3.]))
    >>> ridge.step(0)
    >>> ridge.error
    1.0
    """

    def __init__(self, moments: BlockMoments, penalty: float, n_steps: int) -> None:
        self._moments = moments
        self._penalty = penalty * moments.n_fit
        self.left = np.arange(moments.n_blocks)
        self.error = moments.target_squares()
        # Of the blocks that are not in: S, R, and the same products of V and E.
        self._schur, self._squares = moments.of_blocks()
        self._schur += self._ridge()[:, None]
        self._cross, self._slopes = moments.with_targets()
        n_columns = moments.n_blocks * moments.width + self._cross.shape[-1]
        shape = len(self._schur), n_steps * moments.width, n_columns
        # Of the blocks that are in, row by row: Z, and V_A^T V.
        self._factor, self._held = np.empty(shape), np.empty(shape)
        self._inside = np.empty(0, np.int64)  # their columns

    def _ridge(self) -> Floats:
        return np.multiply.outer(self._penalty, np.eye(self._moments.width))

    def gains(self) -> Floats:
        """By how much each block of `left` would lower `error`."""
        return self._gains(self.left)

    def _gains(self, blocks: NDArray[np.int64]) -> Floats:
        steps = np.linalg.solve(self._schur[:, blocks], self._cross[:, blocks])
        change = 2 * self._slopes[:, blocks] - self._squares[:, blocks] @ steps
        return np.asarray(np.sum(steps * change, axis=(0, 2, 3)))

    def step(self, position: int) -> None:
        """Let the block at a position of `left` enter."""
        block = int(self.left[position])
        self.error -= float(self._gains(np.array([block]))[0])
        self.left = np.delete(self.left, position)
        if len(self._inside) + self._moments.width < self._factor.shape[1]:
            self._explain(*self._rows(block), self._moments.columns_of(block))

    def _rows(self, block: int) -> tuple[Floats, Floats]:
        """Rows of ``L^-1 S`` and of ``V^T V`` of what is left; the block is now in."""
        here, n_known = self._moments.columns_of(block), len(self._inside)
        known, seen = self._factor[:, :n_known], self._held[:, :n_known]
        fit, held = self._moments.rows(block)
        fit[:, :, here] += self._ridge()
        self._held[:, n_known : n_known + self._moments.width] = held
        fit -= known[:, :, here].transpose(0, 2, 1) @ known
        for i in range(len(fit) if n_known else 0):
            upper = known[i][:, self._inside]  # L^T
            held[i] -= solve_triangular(upper, known[i][:, here]).T @ seen[i]
            held[i] -= solve_triangular(upper, held[i][:, self._inside].T, trans=1).T @ known[i]
        for i in range(len(fit)):
            fit[i] = solve_triangular(cholesky(fit[i][:, here]), fit[i], trans=1)
        self._factor[:, n_known : n_known + self._moments.width] = fit
        self._inside = np.append(self._inside, np.arange(here.start, here.stop))
        return fit, held

    def _explain(self, row: Floats, held: Floats, here: slice) -> None:
        """Take what a block explains off what is left of the others."""
        # What the block takes off V is ``V_block weights``.
        weights = np.stack([solve_triangular(z[:, here], z) for z in row])
        rest = held - held[:, :, here] @ weights
        of_blocks, targets = self._of_blocks, self._moments.target_columns
        left, left_rest = _transposed(of_blocks(weights)), _transposed(of_blocks(rest))
        self._schur -= _transposed(of_blocks(row)) @ of_blocks(row)
        self._cross -= _transposed(of_blocks(row)) @ row[:, None, :, targets]
        self._squares -= left @ of_blocks(held) + left_rest @ of_blocks(weights)
        self._slopes -= left @ held[:, None, :, targets]
        self._slopes -= left_rest @ weights[:, None, :, targets]

    def _of_blocks(self, row: Floats) -> Floats:
        """A row in blocks, ``(n_splits, n_blocks, width, width)``."""
        blocks = row[:, :, : self._moments.target_columns.start]
        return blocks.reshape(*row.shape[:2], -1, self._moments.width).transpose(0, 2, 1, 3)


def _transposed(blocks: Floats) -> Floats:
    return blocks.transpose(0, 1, 3, 2)
