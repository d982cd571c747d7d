"""Extractors on memory maps and batches: samples are never copied as a whole."""

from __future__ import annotations

import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.sparse import issparse
from sklearn.base import clone

from skconv import (
    AutoencoderFeatures,
    ConvFeatures,
    ConvStage,
    GaborFeatures,
    GreedyConvFeatures,
    KMeansConvFeatures,
    PCAConvFeatures,
    PCANetFeatures,
    QuantizedFeatures,
    RandomConvFeatures,
)
from skconv.features import graph_maps
from skconv.kernels import (
    AutoencoderKernels,
    DecompositionKernels,
    KMeansKernels,
    LDAKernels,
    MapBatches,
    PatchKernels,
    PCAKernels,
    lda,
    moments,
)
from skconv.runtime import torch_engine
from tests.papers import fixed_conv

SMALL: dict[str, Any] = {"n_kernels": 4, "kernel_size": 3}
DRAWN: dict[str, Any] = {**SMALL, "n_patches": 2000, "random_state": 0}


def one_stage(kernels: Any) -> ConvFeatures:
    return ConvFeatures([ConvStage(kernels=kernels, pool_size="quadrants")])


EXTRACTORS: dict[str, Any] = {
    "random": RandomConvFeatures(**SMALL, pool_size=4, random_state=0),
    "patches": RandomConvFeatures(**SMALL, weights="patches", pool_size=4, random_state=0),
    "k-means": KMeansConvFeatures(**DRAWN),
    "triangle": KMeansConvFeatures(**DRAWN, nonlinearity="triangle"),
    "gabor": GaborFeatures(n_orientations=2, wavelengths=(3.0,), kernel_size=3, pool_size=4),
    "fixed": fixed_conv(),
    "pca": PCAConvFeatures(**SMALL, pool_size=4),
    "lda": one_stage(LDAKernels(**SMALL)),
    "decomposition": one_stage(DecompositionKernels(kernel_size=3, n_patches=2000, random_state=0)),
    "autoencoder": one_stage(AutoencoderKernels(**DRAWN, n_epochs=1)),
    "autoencoder alone": AutoencoderFeatures(**DRAWN, n_epochs=1),
    "greedy": GreedyConvFeatures(
        n_kernels=2, kernel_size=3, source=PatchKernels(**SMALL), max_samples=200, random_state=0
    ),
    "two stages": ConvFeatures(
        [
            ConvStage(kernels=PatchKernels(**SMALL, random_state=0), pool_size=2),
            ConvStage(kernels=PCAKernels(**SMALL), pool_size="quadrants"),
        ]
    ),
    "pcanet": PCANetFeatures(output="float32", n_kernels=(3, 3), kernel_size=3, block_size=8),
    "ldanet": PCANetFeatures(
        output="float32", n_kernels=(3, 3), kernel_size=3, block_size=8, learn="lda"
    ),
    "quantized": QuantizedFeatures(RandomConvFeatures(**SMALL, pool_size=4, random_state=0)),
}
SHAPE = (8000, 16, 16)


@pytest.fixture(scope="module")
def mapped(tmp_path_factory: pytest.TempPathFactory) -> np.memmap[Any, np.dtype[np.uint8]]:
    path: Path = tmp_path_factory.mktemp("maps") / "images"
    images = np.memmap(path, np.uint8, "w+", shape=SHAPE)
    images[:] = np.random.default_rng(0).integers(256, size=SHAPE, dtype=np.uint8)
    images.flush()
    return np.memmap(path, np.uint8, "r", shape=SHAPE)


def peak_of(work: Any, *arguments: Any) -> int:
    """Bytes that were held at most, of what numpy and Python allocate."""
    tracemalloc.start()
    result = work(*arguments)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    del result
    return peak


@pytest.mark.parametrize("name", EXTRACTORS)
def test_twice_the_samples_take_no_more_memory(
    name: str, mapped: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module, chunk in (
        (lda, "_CHUNK_BYTES"),
        (moments, "_CHUNK_BYTES"),
        (graph_maps, "CHUNK_BYTES"),
    ):
        monkeypatch.setattr(module, chunk, 2**20)
    monkeypatch.setitem(torch_engine.CHUNK_BYTES, "cpu", 2**20)
    y = np.arange(len(mapped)) % 2
    extractor = clone(EXTRACTORS[name]).fit(mapped[:50], y[:50])  # imports and caches
    extractor.transform(mapped[:50])
    half = len(mapped) // 2
    peaks = [peak_of(extractor.fit, mapped[:n], y[:n]) for n in (half, len(mapped))]
    # Labels and places are all that may grow; in float32 these images are 4 MB.
    assert peaks[1] - peaks[0] < 2**20
    chunks = [
        peak_of(extractor.transform, mapped[:n]) - n * extractor.graph_.output.size * 4
        for n in (half, len(mapped))
    ]
    assert chunks[1] - chunks[0] < 2**20


@pytest.mark.parametrize("name", EXTRACTORS)
def test_a_memory_map_gives_what_the_array_gives(name: str, mapped: Any) -> None:
    images, y = mapped[:200], np.arange(200) % 2
    wanted = clone(EXTRACTORS[name]).fit(np.array(images), y)
    found = clone(EXTRACTORS[name]).fit(images, y)
    one, other = (extractor.transform(images) for extractor in (found, wanted))
    assert_array_equal(*(f.toarray() if issparse(f) else f for f in (one, other)))


def test_k_means_in_parts_of_a_memory_map(mapped: Any) -> None:
    maps = mapped[..., None]
    source = KMeansKernels(n_kernels=4, kernel_size=5, n_patches=2000, random_state=0)
    source.fit(maps[:50])
    peak = peak_of(lambda: [source.partial_fit(part) for part in np.split(maps, 4)])
    assert peak < 4 * 2**20
    assert source.cluster_sizes_.sum() == 5 * 2000


# ------------------------------------------------------------------------------ in batches


def in_batches(images: Any, *cuts: int) -> MapBatches:
    return MapBatches((*images.shape, 1), lambda: np.split(images[..., None], cuts))


@pytest.mark.parametrize("name", sorted(set(EXTRACTORS) - {"quantized"}))
def test_maps_in_batches_give_what_the_array_gives(name: str, mapped: Any) -> None:
    images, y = np.array(mapped[:200]), np.arange(200) % 2
    wanted = clone(EXTRACTORS[name]).fit(images, y)
    found = clone(EXTRACTORS[name]).fit(in_batches(images, 30, 31, 150), y)
    assert found.n_features_in_ == 256
    one, other = (extractor.transform(images) for extractor in (found, wanted))
    assert_allclose(one, other, rtol=1e-4, atol=1e-4 * np.abs(other).max())


def test_what_batches_cannot_do(mapped: Any) -> None:
    batches = in_batches(mapped[:20], 7)
    extractor = EXTRACTORS["pca"]
    with pytest.raises(ValueError, match="channels last"):
        clone(extractor).set_params(data_format="channels_first").fit(batches)
    with pytest.raises(ValueError, match=r"samples of shape \(16, 16, 1\), expected \(8, 32, 1\)"):
        clone(extractor).set_params(input_shape=(8, 32)).fit(batches)
    with pytest.raises(ValueError, match="call it with each batch"):
        clone(extractor).fit_transform(batches)
    with pytest.raises(ValueError, match="batches hold 20 maps, expected 21"):
        clone(extractor).fit(MapBatches((21, 16, 16, 1), lambda: batches))


def test_names_of_columns_are_forgotten(mapped: Any) -> None:
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(mapped[:20].reshape(20, -1)).rename(columns=str)
    extractor = clone(EXTRACTORS["random"]).set_params(input_shape=(16, 16)).fit(frame)
    extractor.fit(in_batches(mapped[:20]))
    assert not hasattr(extractor, "feature_names_in_")
    assert extractor.transform(mapped[:20]).shape == (20, 4 * 4 * 4)
