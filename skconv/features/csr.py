"""A sparse matrix from chunks of dense rows, never twice in memory."""

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
    >>> builder.append(np.array([[0, 2, 0]]), n_missing=1)
    >>> builder.append(np.array([[1, 0, 3]]), n_missing=0)
    >>> builder.build().toarray()
    array([[0., 2., 0.],
           [1., 0., 3.]], dtype=float32)
    """

    def __init__(self, n_columns: int) -> None:
        self.n_columns = n_columns
        self.values = np.empty(0, np.float32)
        self.columns = np.empty(0, np.int32)
        self.ends = [np.zeros(1, np.int64)]

    def append(self, rows: NDArray[Any], n_missing: int) -> None:
        """Add rows; `n_missing` more are to follow."""
        start = int(self.ends[-1][-1])
        places = np.flatnonzero(rows.astype(bool))
        stop = start + len(places)
        if stop > len(self.values):
            # Room for the rows to follow, were they filled like these.
            self._resize(stop + len(places) * n_missing // len(rows))
        row, column = np.divmod(places, self.n_columns)
        self.values[start:stop] = rows.ravel()[places]
        self.columns[start:stop] = column
        self.ends.append(start + np.bincount(row, minlength=len(rows)).cumsum())

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
