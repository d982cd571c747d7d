"""What every kernel source does, whatever its kernels."""

from __future__ import annotations

import io
import pickle
from functools import partial
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from numpy.typing import NDArray
from sklearn.base import clone
from sklearn.decomposition import FastICA, MiniBatchDictionaryLearning

from skconv import kernels
from skconv.kernels import (
    ArrayKernels,
    AutoencoderKernels,
    DecompositionKernels,
    FixedKernels,
    GaborKernels,
    GreedyKernels,
    KMeansKernels,
    LDAKernels,
    MapBatches,
    MimicKernels,
    ModulatedKernels,
    PatchKernels,
    PCAKernels,
    PretrainedKernels,
    RandomKernels,
    UnionKernels,
    UniversalKernels,
)

WEIGHTS = np.random.default_rng(0).normal(size=(4, 3, 3, 1))


def last_pixels(maps: NDArray[Any], size: Any) -> NDArray[Any]:
    """Activations: the last pixel of every patch, and its square."""
    rows, columns = (size, size) if np.ndim(size) == 0 else size
    inside = maps[:, rows - 1 :, columns - 1 :].astype(np.float64)
    return np.concatenate([inside, inside**2], axis=3)


def sources(n_kernels: int = 2, kernel_size: Any = 3) -> dict[str, Any]:
    """One of each, by name; those that draw have a seed."""
    size: dict[str, Any] = {"n_kernels": n_kernels, "kernel_size": kernel_size}
    drawn = {**size, "random_state": 0}
    ica = FastICA(n_kernels, whiten="unit-variance")
    dictionary = MiniBatchDictionaryLearning(n_kernels, max_iter=5, batch_size=64)
    learned: dict[str, Any] = {"kernel_size": kernel_size, "n_patches": 200, "random_state": 0}
    teacher = partial(last_pixels, size=kernel_size)
    both = [("patches", PatchKernels(**drawn)), ("random", RandomKernels(**drawn))]
    return {
        "random": RandomKernels(**drawn),
        "gabor": GaborKernels(kernel_size=kernel_size),
        "pca": PCAKernels(**size),
        "lda": LDAKernels(**size),
        "patches": PatchKernels(**drawn),
        "plain patches": PatchKernels(eps=None, remove_mean="channel", **drawn),
        "k-means": KMeansKernels(n_patches=200, **drawn),
        "lloyd": KMeansKernels(
            n_patches=200, algorithm="lloyd", contrast_eps=None, remove_mean=None, **drawn
        ),
        "ica": DecompositionKernels(estimator=ica, **learned),
        "dictionary": DecompositionKernels(estimator=dictionary, eps=0.01, **learned),
        "modulated": ModulatedKernels(source=PCAKernels(**size)),
        "modulated patches": ModulatedKernels(source=PatchKernels(**drawn), n_orientations=3),
        "union": UnionKernels(sources=both),
        "greedy": GreedyKernels(
            source=UnionKernels(sources=both), n_kernels=n_kernels, pool_size=1, random_state=0
        ),
        "autoencoder": AutoencoderKernels(n_patches=200, n_epochs=2, **drawn),
        "mimic": MimicKernels(teacher=teacher, padding="valid", **size),
    }


def given_sources() -> dict[str, Any]:
    """Those whose kernels no data decide."""
    return {
        "fixed": FixedKernels(names=["sobel", "gauss_3"]),
        "universal": UniversalKernels(n_kernels=8),
        "array": ArrayKernels(kernels=WEIGHTS, biases=np.arange(4)),
        "pretrained": PretrainedKernels(
            weights={"c.weight": WEIGHTS.transpose(0, 3, 1, 2)}, layer="c", mean=0.5, std=0.25
        ),
    }


NAMES = [*sources(), *given_sources()]


def made(name: str) -> Any:
    return {**sources(), **given_sources()}[name]


def maps_of(*shape: int) -> NDArray[np.uint8]:
    return np.random.default_rng(0).integers(0, 256, size=shape).astype(np.uint8)


MAPS = maps_of(16, 7, 8, 1)
Y = np.arange(16) % 2


def fitted_numbers(source: Any) -> list[NDArray[Any]]:
    return [source.kernels_, source.biases_]


@pytest.mark.parametrize("name", NAMES)
def test_what_is_set(name: str) -> None:
    source = made(name)
    before = {key: repr(value) for key, value in source.get_params().items()}
    assert source.fit(MAPS, Y) is source
    assert source.kernels_.dtype == source.biases_.dtype == np.float32
    assert source.kernels_.flags.c_contiguous and source.kernels_.ndim == 4
    assert source.kernels_.shape[1:] == (3, 3, 1)
    assert source.biases_.shape == (len(source.kernels_),)
    assert source.kernels_.any(axis=(1, 2, 3)).all()
    assert {key: repr(value) for key, value in source.get_params().items()} == before


@pytest.mark.parametrize("name", NAMES)
def test_clone_joblib_and_pickle(name: str) -> None:
    source = clone(made(name)).fit(MAPS, Y)
    stream = io.BytesIO()
    joblib.dump(source, stream)
    stream.seek(0)
    for copy in (joblib.load(stream), pickle.loads(pickle.dumps(source))):
        assert_array_equal(copy.kernels_, source.kernels_)
        assert_array_equal(copy.biases_, source.biases_)
        again = clone(copy).fit(MAPS, Y)
        assert_array_equal(again.kernels_, source.kernels_)


@pytest.mark.parametrize("name", NAMES)
def test_fit_again_gives_the_same(name: str) -> None:
    source = made(name).fit(MAPS[:10], Y[:10])
    for one, other in zip(
        fitted_numbers(source.fit(MAPS, Y)), fitted_numbers(made(name).fit(MAPS, Y)), strict=True
    ):
        assert_array_equal(one, other)


@pytest.mark.parametrize(
    "name", [name for name in NAMES if any("random_state" in p for p in made(name).get_params())]
)
def test_another_seed_gives_other_kernels(name: str) -> None:
    source = made(name)
    first = source.fit(MAPS, Y).kernels_
    seeds = {key: 1 for key in source.get_params() if key.endswith("random_state")}
    assert not np.array_equal(source.set_params(**seeds).fit(MAPS, Y).kernels_, first)


@pytest.mark.parametrize("name", NAMES)
def test_bytes_and_floats_give_the_same(name: str) -> None:
    for one, other in zip(
        fitted_numbers(made(name).fit(MAPS, Y)),
        fitted_numbers(made(name).fit(MAPS.astype(np.float32), Y)),
        strict=True,
    ):
        assert_allclose(one, other, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("name", NAMES)
def test_memory_map(name: str, tmp_path: Path) -> None:
    np.save(tmp_path / "maps.npy", MAPS)
    mapped = np.load(tmp_path / "maps.npy", mmap_mode="r")
    for one, other in zip(
        fitted_numbers(made(name).fit(MAPS, Y)),
        fitted_numbers(made(name).fit(mapped, Y)),
        strict=True,
    ):
        assert_array_equal(one, other)
        assert type(other) is np.ndarray


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_maps_in_batches(name: str, dtype: Any) -> None:
    maps = MAPS.astype(dtype)
    batches = MapBatches(maps.shape, lambda: np.split(maps, [1, 6, 7]))
    for one, other in zip(
        fitted_numbers(made(name).fit(batches, Y)),
        fitted_numbers(made(name).fit(maps, Y)),
        strict=True,
    ):
        assert_allclose(one, other, rtol=1e-5, atol=1e-6)


@settings(max_examples=25, deadline=None)
@given(
    height=st.integers(1, 7),
    width=st.integers(6, 9),
    channels=st.integers(1, 3),
    rows=st.integers(1, 4),
    columns=st.integers(3, 4),
)
def test_shapes(height: int, width: int, channels: int, rows: int, columns: int) -> None:
    size = (min(rows, height), columns)
    maps = maps_of(10, height, width, channels)
    for name, source in sources(kernel_size=size).items():
        source.fit(maps, np.arange(10) % 3)
        wanted = (*size, 1 if name == "gabor" else channels)
        assert source.kernels_.shape[1:] == wanted, name
        assert np.isfinite(source.kernels_).all() and np.isfinite(source.biases_).all(), name


@pytest.mark.parametrize("name", [n for n in NAMES if n not in ("random", "gabor", "union")])
@pytest.mark.parametrize(
    ("maps", "message"),
    [
        (np.full((6, 7, 8, 1), np.nan), "NaN"),
        (np.full((6, 7, 8, 1), np.inf), "infinity"),
        (np.ones((0, 7, 8, 1)), "0 sample"),
        (np.ones((6, 7, 8)), r"expected \(n_samples, height, width, channels\)"),
        (np.ones((6, 2, 8, 1)), r"kernel_size=.*3.* is larger than the 2x8 maps"),
    ],
)
def test_bad_maps(name: str, maps: Any, message: str) -> None:
    source = made(name).fit(MAPS, Y)
    before = vars(source).copy()
    with pytest.raises(ValueError, match=message):
        source.fit(maps, np.arange(len(maps)) % 2)
    assert vars(source) == before


def test_every_source_is_tested() -> None:
    tested = {type(source).__name__ for source in {**sources(), **given_sources()}.values()}
    assert tested == {name for name in kernels.__all__ if name.endswith("Kernels")}
    for name in kernels.__all__:
        assert "Examples\n" in (getattr(kernels, name).__doc__ or ""), name
