"""Linear layers that read some of their inputs: a target stores no weight for the others.

The table ``kept`` has two uint16 for every 16 inputs: a bit for each of them, set where it has
weights, and how many before them have. So the place of a weight follows from the number of its
input, in whatever order inputs come.
"""

from __future__ import annotations

import numpy as np

from skconv.graph.base import Array

WORD = 16
# Of the bytes of a layer, below which every input has its weights.
LEAST_SAVED = 1 / 8


def kept_table(is_kept: Array) -> Array:
    """The table of inputs that have weights, from a mask.

    Examples
    --------
    >>> import numpy as np
    >>> from skconv.graph.storage.sparse import kept_table
    >>> kept_table(np.arange(20) % 4 == 1).tolist()
    [8738, 0, 2, 4]
    """
    bits = np.pad(is_kept, (0, -len(is_kept) % WORD)).reshape(-1, WORD)
    counts = np.cumsum([0, *bits.sum(axis=1)[:-1]])
    return np.column_stack([bits @ (1 << np.arange(WORD)), counts]).ravel().astype(np.uint16)


def kept_bytes(n_inputs: int) -> int:
    """Bytes of that table."""
    return -(-n_inputs // WORD) * 4
