"""Maps that are not held in memory at once: gone through in batches, as often as needed."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from sklearn.utils import assert_all_finite


class MapBatches:
    """Maps that are made batch by batch; `fit` takes them in place of an array.

    Kernel sources do, and the extractors: `transform` is then called with each batch. What
    is learnt does not depend on the batches, beyond rounding. Some sources go through them
    more than once.

    Parameters
    ----------
    shape : (n_samples, height, width, channels)
        Of all maps together.
    batches : callable
        Called without arguments, gives an iterable of arrays ``(n, height, width,
        channels)``, ``n`` as it likes, `n_samples` in all; the same at each call.

    Examples
    --------
    >>> import numpy as np
    >>> from skconv.kernels import MapBatches, PCAKernels
    >>> images = np.random.default_rng(0).normal(size=(100, 8, 8, 1))
    >>> edges = MapBatches(
    ...     (100, 8, 7, 1), lambda: (np.diff(images[i : i + 20], axis=2) for i in range(0, 100, 20))
    ... )
    >>> PCAKernels(n_kernels=4, kernel_size=3).fit(edges).kernels_.shape
    (4, 3, 3, 1)
    """

    def __init__(
        self, shape: tuple[int, int, int, int], batches: Callable[[], Iterable[NDArray[Any]]]
    ) -> None:
        if len(shape) != 4 or min(shape) < 1:
            raise ValueError(
                f"shape={shape!r}, expected (n_samples, height, width, channels), each > 0"
            )
        self.shape = shape
        self.batches = batches

    def __len__(self) -> int:
        return self.shape[0]

    def __iter__(self) -> Iterator[NDArray[Any]]:
        n_seen = 0
        for batch in self.batches():
            if batch.shape[1:] != self.shape[1:]:
                raise ValueError(
                    f"batches hold maps of shape {batch.shape[1:]}, expected {self.shape[1:]} as "
                    "shape says"
                )
            assert_all_finite(batch, input_name="batches")
            n_seen += len(batch)
            yield batch
        if n_seen != len(self):
            raise ValueError(f"batches hold {n_seen} maps, expected {len(self)} as shape says")

    def take(self, indices: NDArray[np.int64], axis: Literal[0] = 0) -> NDArray[Any]:
        """The maps of these numbers, ascending, as `numpy.take` gives those of an array."""
        taken, start = [], 0
        for batch in self:
            inside = (indices >= start) & (indices < start + len(batch))
            taken.append(batch[indices[inside] - start])
            start += len(batch)
        return np.concatenate(taken)


def batches_of(maps: NDArray[Any] | MapBatches, n_bytes: int) -> Iterator[NDArray[Any]]:
    """Parts of maps, in order, of about `n_bytes` once they are float64."""
    n_samples = max(1, n_bytes // (8 * math.prod(maps.shape[1:])))
    for batch in (maps,) if isinstance(maps, np.ndarray) else maps:
        for start in range(0, len(batch), n_samples):
            yield batch[start : start + n_samples]
