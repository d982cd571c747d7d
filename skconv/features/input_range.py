"""What numbers an extractor was fitted on: remembered, so that later samples can be compared."""

from __future__ import annotations

from itertools import islice
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from skconv.kernels.batches import MapBatches
from skconv.utils.whole import is_whole

MOST_NUMBERS = 2**22


class InputRange(NamedTuple):
    """Limits of the numbers of samples, and whether all of them are whole."""

    low: float
    high: float
    is_whole: bool

    def joined(self, other: InputRange) -> InputRange:
        """The range of the samples of both."""
        return InputRange(
            min(self.low, other.low), max(self.high, other.high), self.is_whole and other.is_whole
        )


def input_range(samples: NDArray[Any] | MapBatches) -> InputRange:
    """The range of samples, of evenly spaced ones where there are very many.

    So it takes milliseconds, and reads little of a memory map. It looks at the first batch of
    `MapBatches` only, since making all of them again may take long.
    """
    if isinstance(samples, MapBatches):
        samples = next(islice(samples, 1))
    step = -(-samples.size // MOST_NUMBERS)
    looked_at = np.asarray(samples[:: max(step, 1)])
    return InputRange(float(looked_at.min()), float(looked_at.max()), is_whole(looked_at))
