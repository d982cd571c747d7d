"""Builds a sparse matrix from chunks of rows without a second copy in memory."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse


class CsrBuilder:
    """A float32 CSR matrix, built from top to bottom; its arrays grow in place.

    Examples
    --------
    >>> import numpy as np
    >>> from skconv.features.csr import CsrBuilder
    >>> builder = CsrBuilder(n_columns=3)
    >>> builder.append(columns=np.array([1]), values=np.array([2]), per_row=[1], n_missing=1)
    >>> builder.append(np.array([0, 2]), np.array([1, 3]), per_row=[2], n_missing=0)
    >>> builder.build().toarray()
    array([[0., 2., 0.],
           [1., 0., 3.]], dtype=float32)
    """

    def __init__(self, n_columns: int) -> None:
        self.n_columns = n_columns
        self.values = np.empty(0, np.float32)
        self.columns = np.empty(0, np.int32)
        self.ends = [np.zeros(1, np.int64)]

    def append(
        self, columns: NDArray[Any], values: NDArray[Any], per_row: Any, n_missing: int
    ) -> None:
        """Add rows: the entries of all, and how many each has; `n_missing` more are to follow.

        Columns ascend within a row.
        """
        start = int(self.ends[-1][-1])
        stop = start + len(columns)
        if stop > len(self.values):
            # Room for the rows to follow, were they filled like these.
            self._resize(stop + len(columns) * n_missing // len(per_row))
        self.values[start:stop] = values
        self.columns[start:stop] = columns
        self.ends.append(start + np.cumsum(per_row))

    def _resize(self, n_values: int) -> None:
        # realloc moves pages, it does not copy; nothing else refers to these arrays.
        self.values.resize(n_values, refcheck=False)
        self.columns.resize(n_values, refcheck=False)

    def build(self) -> sparse.csr_matrix:
        """The matrix of all rows so far. The builder gives its arrays away."""
        ends = np.concatenate(self.ends)
        self._resize(int(ends[-1]))
        return sparse.csr_matrix(
            (self.values, self.columns, ends), shape=(len(ends) - 1, self.n_columns)
        )
