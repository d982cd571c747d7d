"""`BlockHistogram` in sparse form: most codes occur in no block, so only those that do."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from skconv.graph import BlockHistogram
from skconv.runtime.windows import windows


class Counts(NamedTuple):
    """Counts above 0 of a batch, row by row, columns ascending."""

    columns: NDArray[np.int32]
    values: NDArray[np.float32]
    per_row: NDArray[np.int64]


class BlockCounts:
    """The histograms of a batch of maps of codes, without an entry for what is 0.

    The codes of each block are sorted: equal ones then lie side by side, and the length of
    such a run is a count. Nothing as large as the histograms is made.

    Parameters
    ----------
    op : BlockHistogram
    map_shape : tuple of int
        ``(height, width, n_maps)`` of the codes of a sample.

    Examples
    --------
    >>> import numpy as np
    >>> from skconv.graph import BlockHistogram
    >>> from skconv.runtime.block_counts import BlockCounts
    >>> counts = BlockCounts(BlockHistogram((1, 3), (1, 3), 4), map_shape=(1, 6, 1))
    >>> found = counts(np.reshape([0, 3, 3, 2, 1, 2], (1, 1, 6, 1)))
    >>> found.columns, found.values, found.per_row
    (array([0, 3, 5, 6], dtype=int32), array([1., 2., 1., 2.], dtype=float32), array([4]))
    """

    def __init__(self, op: BlockHistogram, map_shape: tuple[int, ...]) -> None:
        places = np.arange(math.prod(map_shape)).reshape(1, *map_shape)
        blocks = windows(places, op.size, op.stride)
        self.places = blocks.reshape(-1, op.area)
        self.n_columns = op.n_bins * len(self.places)
        # The fewer bytes a key has, the faster it is sorted.
        dtype = np.min_scalar_type(self.n_columns - 1)
        self.first_bins = np.arange(0, self.n_columns, op.n_bins, dtype=dtype)[:, None]

    def __call__(self, codes: NDArray[Any]) -> Counts:
        """Counts of codes ``(n_samples, height, width, n_maps)``, whole numbers."""
        n_samples, dtype = len(codes), self.first_bins.dtype
        flat = codes.reshape(n_samples, -1).astype(dtype)
        bins = np.take(flat, self.places, axis=1)
        bins += self.first_bins
        bins.sort(axis=2)
        # Bins differ from block to block, but a sample may begin as the last one ended.
        is_first = np.empty(bins.shape, bool)
        np.not_equal(bins.ravel()[1:], bins.ravel()[:-1], out=is_first.ravel()[1:])
        is_first[:, 0, 0] = True
        starts = np.flatnonzero(is_first)
        return Counts(
            bins.ravel()[starts].astype(np.int32),
            np.diff(starts, append=bins.size).astype(np.float32),
            np.count_nonzero(is_first.reshape(n_samples, -1), axis=1),
        )
