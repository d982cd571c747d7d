"""Second moments of blocks of columns, over the parts of every cross-validation split."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


class BlockMoments:
    """Products of columns, summed over the samples to fit and over those held out.

    Samples that lie in the same parts of all splits form a cell. Products are summed once in
    each cell, and the parts add up cells: k folds cost no more than one pass over the samples.
    The products of a block with all columns are computed when they are asked for, so the
    matrix of all products is never held.

    All products are around the means of the samples to fit. Targets are columns, too: they
    stand behind the blocks.

    Parameters
    ----------
    columns : ndarray of float64 of shape (n_samples, n_blocks, width)
        Blocks. Their means should be about 0, so that nothing cancels.
    targets : ndarray of float64 of shape (n_samples, n_targets)
        Targets.
    splits : iterable of (fit, held)
        Numbers of the samples to fit, and of those held out.

    Attributes
    ----------
    n_fit : ndarray of float64 of shape (n_splits,)
        How many samples are to be fitted.

    Examples
    --------
    >>> import numpy as np
    >>> from skconv.kernels.block_moments import BlockMoments
    >>> columns, targets = np.array([[[1.0]], [[3.0]], [[4.0]]]), np.array([[0.0], [2.0], [1.0]])
    >>> moments = BlockMoments(columns, targets, [([0, 1], [2])])
    >>> fit, held = moments.rows(0)  # around means of 2 and 1
    >>> fit.tolist(), held.tolist()
    ([[[2.0, 2.0]]], [[[4.0, 0.0]]])
    """

    def __init__(self, columns: Floats, targets: Floats, splits: Iterable[tuple[Any, Any]]) -> None:
        n_samples, self.n_blocks, self.width = columns.shape
        fits, helds = zip(*splits, strict=True)
        counts = [np.bincount(np.asarray(part), minlength=n_samples) for part in (*fits, *helds)]
        cells, cell = np.unique(counts, axis=1, return_inverse=True)
        order = np.argsort(cell, kind="stable")
        flat = np.concatenate([columns.reshape(n_samples, -1), targets], axis=1)[order]
        starts = np.searchsorted(cell[order], np.arange(1, cells.shape[1]))
        self._cells = np.split(flat, starts)
        self._counts = cells.astype(np.float64)
        self._numbers = self._counts @ [len(cell) for cell in self._cells]
        self._sums = self._counts @ [cell.sum(axis=0) for cell in self._cells]
        self.n_fit = self._numbers[: len(fits)]
        means = self._sums[: len(fits)] / self.n_fit[:, None]
        self._means = np.concatenate([means, means])

    def columns_of(self, block: int) -> slice:
        return slice(block * self.width, (block + 1) * self.width)

    @property
    def target_columns(self) -> slice:
        return slice(self.n_blocks * self.width, None)

    def rows(self, block: int) -> tuple[Floats, Floats]:
        """Products of a block with all columns, ``(n_splits, width, n_columns)``."""
        here = self.columns_of(block)
        products = np.stack([cell[:, here].T @ cell for cell in self._cells])
        everywhere = self._sums, self._means
        return self._parts(products, (self._sums[:, here], self._means[:, here]), everywhere)

    def of_blocks(self) -> tuple[Floats, Floats]:
        """Products inside each block, ``(n_splits, n_blocks, width, width)``."""
        products = np.stack([_inside(self._blocks(cell)) for cell in self._cells])
        sides = self._blocks(self._sums), self._blocks(self._means)
        return self._parts(products, sides, sides)

    def with_targets(self) -> tuple[Floats, Floats]:
        """Products of each block with the targets, ``(n_splits, n_blocks, width, n_targets)``."""
        behind = self.target_columns
        products = np.stack(
            [
                (cell[:, : behind.start].T @ cell[:, behind]).reshape(self.n_blocks, self.width, -1)
                for cell in self._cells
            ]
        )
        targets = self._sums[:, None, behind], self._means[:, None, behind]
        return self._parts(products, (self._blocks(self._sums), self._blocks(self._means)), targets)

    def target_squares(self) -> float:
        """Sum of the squares of the held-out targets, in all splits together."""
        behind = self.target_columns
        squares = np.stack([np.sum(cell[:, behind] ** 2, axis=0) for cell in self._cells])
        sides = self._sums[:, behind], self._means[:, behind]
        held = self._counts @ squares - 2 * sides[0] * sides[1]
        held += self._numbers[:, None] * sides[1] ** 2
        return float(held[len(self.n_fit) :].sum())

    def _blocks(self, columns: Floats) -> Floats:
        """Columns without the targets, ``(n_rows, n_blocks, width)``."""
        shape = len(columns), self.n_blocks, self.width
        return columns[:, : self.target_columns.start].reshape(shape)

    def _parts(
        self, products: Floats, left: tuple[Floats, Floats], right: tuple[Floats, Floats]
    ) -> tuple[Floats, Floats]:
        """Products of cells, added up in every part, around the means; fit and held."""
        (sums, means), (right_sums, right_means) = left, right
        numbers = self._numbers.reshape(-1, *[1] * (means.ndim - 1))
        found = np.tensordot(self._counts, products, 1)
        found -= means[..., None] * right_sums[..., None, :]
        found -= (sums - numbers * means)[..., None] * right_means[..., None, :]
        return found[: len(self.n_fit)], found[len(self.n_fit) :]


def _inside(blocks: Floats) -> Floats:
    return np.matmul(blocks.transpose(1, 2, 0), blocks.transpose(1, 0, 2))
