"""Maps in batches: moments, memory, and what is wrong with them."""

from __future__ import annotations

import tracemalloc
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from skconv.kernels import (
    KMeansKernels,
    LDAKernels,
    MapBatches,
    ModulatedKernels,
    PatchKernels,
    PCAKernels,
)
from skconv.kernels.moments import second_moment, sum_of_patches

MAPS = np.random.default_rng(0).integers(0, 256, size=(9, 6, 7, 2)).astype(np.uint8)


@pytest.mark.parametrize("moment", [second_moment, sum_of_patches])
def test_moments(moment: Any) -> None:
    batches = MapBatches(MAPS.shape, lambda: np.split(MAPS, [1, 5]))
    assert_array_equal(moment(batches, (3, 2), "same"), moment(MAPS, (3, 2), "same"))


def test_partial_fit() -> None:
    parts = PCAKernels(n_kernels=3, kernel_size=3)
    parts.partial_fit(MapBatches((4, 6, 7, 2), lambda: [MAPS[:4]])).partial_fit(MAPS[4:])
    assert_allclose(
        parts.kernels_, PCAKernels(n_kernels=3, kernel_size=3).fit(MAPS).kernels_, atol=1e-6
    )


@pytest.mark.parametrize(
    "source",
    [
        PCAKernels(kernel_size=5),
        LDAKernels(kernel_size=5),
        PatchKernels(n_kernels=16, kernel_size=5, random_state=0),
        KMeansKernels(n_kernels=4, kernel_size=5, n_patches=2000, random_state=0),
        ModulatedKernels(source=PatchKernels(n_kernels=4, kernel_size=5, random_state=0)),
    ],
    ids=lambda source: type(source).__name__,
)
def test_memory_is_that_of_a_batch(source: Any) -> None:
    shape = (2000, 16, 16, 4)

    def batches() -> Any:
        rng = np.random.RandomState(0)
        for _ in range(20):
            yield rng.standard_normal((100, *shape[1:])).astype(np.float32)

    tracemalloc.start()
    source.fit(MapBatches(shape, batches), np.arange(2000) % 2)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    # 8 MB of maps in float32, and 115 MB of patches.
    assert peak < 24 * 2**20


@pytest.mark.parametrize(
    ("shape", "batches", "message"),
    [
        ((9, 6, 7), [MAPS], r"shape=\(9, 6, 7\), expected \(n_samples"),
        ((0, 6, 7, 2), [], "each > 0"),
        ((9, 6, 7, 1), [MAPS], r"maps of shape \(6, 7, 2\), expected \(6, 7, 1\)"),
        ((10, 6, 7, 2), [MAPS], "batches hold 9 maps, expected 10"),
        ((1, 6, 7, 2), [np.full((1, 6, 7, 2), np.nan)], "batches contains NaN"),
        ((9, 2, 7, 2), [MAPS[:, :2]], "kernel_size=3 is larger than the 2x7 maps"),
    ],
)
def test_bad_batches(shape: Any, batches: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        PCAKernels(n_kernels=2, kernel_size=3).fit(MapBatches(shape, lambda: batches))
