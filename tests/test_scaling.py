"""One number makes an extractor larger: about twice the multiplications a step."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from skconv import (
    FixedConvFeatures,
    GaborFeatures,
    HydraFeatures,
    KMeansConvFeatures,
    MiniRocketFeatures,
    PCAConvFeatures,
    PCANetFeatures,
    QuantFeatures,
    RandomConvFeatures,
    TemporalConvFeatures,
)
from skconv.search import scaled

IMAGES = np.random.default_rng(0).integers(0, 256, (40, 24, 24)).astype(np.uint8)
SIGNALS = np.random.default_rng(1).normal(0, 100, (40, 256))
OF_IMAGES: list[Any] = [
    RandomConvFeatures(n_kernels=16, pool_size=6, random_state=0),
    PCAConvFeatures(n_kernels=8),
    KMeansConvFeatures(n_kernels=16, n_patches=500, random_state=0),
    GaborFeatures(n_orientations=4),
]
OF_SIGNALS: list[Any] = [
    TemporalConvFeatures(n_kernels=16, random_state=0),
    HydraFeatures(n_groups=8, random_state=0),
]


@pytest.mark.parametrize("phi", [-1, 1, 2])
@pytest.mark.parametrize(
    ("extractor", "X"),
    [*((e, IMAGES) for e in OF_IMAGES), *((e, SIGNALS) for e in OF_SIGNALS)],
    ids=lambda value: type(value).__name__,
)
def test_multiplications_double(extractor: Any, X: Any, phi: float) -> None:
    before, after = (
        sum(e.fit(X).graph_.node_macs().values()) for e in (extractor, scaled(extractor, phi))
    )
    assert 0.6 < after / before / 2**phi < 1.67


def test_features_without_multiplications_double() -> None:
    rocket, quant = MiniRocketFeatures(n_features=168), QuantFeatures(interval_depth=4)
    assert scaled(rocket, 2).n_features == 672
    assert scaled(rocket, -3).n_features == 84
    assert scaled(quant, 1).interval_depth == 5


def test_windows_become_finer() -> None:
    assert scaled(RandomConvFeatures(pool_size=8), 4).pool_size == 4
    assert scaled(RandomConvFeatures(pool_size=(8, 4)), 4).pool_size == (4, 2)
    assert scaled(RandomConvFeatures(pool_size="quadrants"), 4).pool_size == "sixteenths"
    assert scaled(RandomConvFeatures(pool_size="sixteenths"), 8).pool_size == "sixteenths"
    assert scaled(RandomConvFeatures(pool_size="pyramid"), 4).pool_size == "pyramid"


@pytest.mark.parametrize("extractor", [FixedConvFeatures(), PCANetFeatures()])
def test_what_has_no_number_of_kernels_is_refused(extractor: Any) -> None:
    with pytest.raises(TypeError, match=f"extractor is a {type(extractor).__name__}, expected"):
        scaled(extractor, 1)
