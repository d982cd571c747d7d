"""Drawing patches: each as likely as any other, none twice, from arrays and from batches."""

from __future__ import annotations

import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from skconv.kernels import MapBatches
from skconv.kernels import patches as patches_module
from skconv.kernels.base import PADDINGS
from skconv.kernels.patches import sample_patches
from tests.patch_matrix import patches_of

SHAPES = st.tuples(st.integers(1, 4), st.integers(1, 7), st.integers(1, 9), st.integers(1, 3))


def numbered(shape: tuple[int, ...]) -> Any:
    """Maps whose entries are all different and not 0, so that a patch tells where it lies."""
    return np.arange(1, np.prod(shape) + 1).reshape(shape)


@settings(max_examples=60, deadline=None)
@given(
    shape=SHAPES,
    size=st.tuples(st.integers(1, 5), st.integers(1, 5)),
    padding=st.sampled_from(sorted(PADDINGS)),
    seed=st.integers(0, 99),
)
def test_all_of_them_are_the_patch_matrix(
    shape: tuple[int, ...], size: tuple[int, int], padding: Any, seed: int
) -> None:
    size = min(size[0], shape[1]), min(size[1], shape[2])
    maps = numbered(shape)
    wanted = patches_of(maps, size, padding)
    per_sample = len(wanted) // shape[0]
    patches, samples = sample_patches(maps, size, 10**6, seed, padding)
    flat = patches.reshape(len(patches), -1)
    assert patches.dtype == maps.dtype and patches.shape[1:] == (*size, shape[3])
    assert_array_equal(np.sort(flat, axis=0), np.sort(wanted, axis=0))
    rows = [int(np.flatnonzero((wanted == row).all(axis=1))[0]) for row in flat]
    assert sorted(rows) == list(range(len(wanted)))
    assert_array_equal(samples, np.array(rows) // per_sample)


@settings(max_examples=40, deadline=None)
@given(shape=SHAPES, n_patches=st.integers(1, 60), cut=st.integers(1, 3), seed=st.integers(0, 99))
def test_batches_give_different_patches_of_the_right_samples(
    shape: tuple[int, ...], n_patches: int, cut: int, seed: int
) -> None:
    maps = numbered(shape)
    batches = (maps[i : i + cut] for i in range(0, len(maps), cut))
    patches, samples = sample_patches(batches, 1, n_patches, seed)
    values = patches[:, 0, 0, 0]
    assert len(values) == min(n_patches, np.prod(shape[:3]))
    assert len(set(values)) == len(values)
    assert_array_equal(samples, (values - 1) // np.prod(shape[1:]))


@pytest.mark.parametrize("cuts", [[], [3], [1, 2, 3, 7]])
def test_every_patch_is_as_likely(cuts: list[int]) -> None:
    maps = numbered((8, 1, 5, 1))
    counts = np.zeros(40)
    n_draws, n_patches = 2000, 6
    for seed in range(n_draws):
        batches = np.split(maps, cuts) if cuts else maps
        patches, _ = sample_patches(batches, 1, n_patches, seed)
        counts[patches.ravel() - 1] += 1
    share = n_patches / 40
    z = (counts - n_draws * share) / np.sqrt(n_draws * share * (1 - share))
    assert np.abs(z).max() < 4.5
    # The same squared: neither too uneven nor too even for a fair draw (chi^2 of 39).
    assert 12 < np.sum(z**2) * 39 / 40 < 85


def test_fewer_are_the_first_of_more() -> None:
    maps = numbered((9, 6, 6, 2))
    more, _ = sample_patches(maps, 3, 40, 5)
    fewer, _ = sample_patches(maps, 3, 7, 5)
    assert_array_equal(more[:7], fewer)
    assert (sample_patches(maps, 3, 7, 6)[0] != fewer).any()


def test_memory_map(tmp_path: Path) -> None:
    maps = numbered((5, 8, 8, 1)).astype(np.uint8)
    np.save(tmp_path / "maps.npy", maps)
    mapped = np.load(tmp_path / "maps.npy", mmap_mode="r")
    for one, other in zip(
        sample_patches(mapped, 3, 11, 0), sample_patches(maps, 3, 11, 0), strict=True
    ):
        assert_array_equal(one, other)
        assert type(one) is np.ndarray


@pytest.mark.parametrize("padding", sorted(PADDINGS))
def test_map_batches_give_what_the_array_gives(padding: Any) -> None:
    maps = numbered((7, 5, 6, 2))
    batches = MapBatches(maps.shape, lambda: np.split(maps, [2, 2, 6]))
    for one, other in zip(
        sample_patches(batches, (3, 2), 40, 0, padding),
        sample_patches(maps, (3, 2), 40, 0, padding),
        strict=True,
    ):
        assert_array_equal(one, other)


def test_many_places_are_drawn_without_shuffling_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patches_module, "_SMALL_POPULATION", 10)
    maps = numbered((9, 6, 6, 1))
    more, _ = sample_patches(maps, 1, 150, 5)
    assert len(np.unique(more)) == 150
    assert_array_equal(more[:70], sample_patches(maps, 1, 70, 5)[0])
    assert len(np.unique(sample_patches(maps, 1, 300, 5)[0])) == 300


def test_memory_is_that_of_what_is_drawn() -> None:
    def batches() -> Any:
        for _ in range(40):
            yield np.ones((50, 28, 28, 1), np.uint8)

    n_bytes = 1000 * 49
    tracemalloc.start()
    patches, _ = sample_patches(batches(), 7, 1000, 0)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert patches.nbytes == n_bytes
    assert peak < 40 * n_bytes < 40 * 50 * 22 * 22 * 49 / 20


@pytest.mark.parametrize(
    ("maps", "arguments", "message"),
    [
        (np.ones((2, 5, 5, 1)), (3, 0), "n_patches=0"),
        (np.ones((2, 5, 5, 1)), (6, 1), "kernel_size=6 is larger than the 5x5 maps"),
        (np.ones((2, 5, 5)), (3, 1), "expected .n_samples, height, width, channels"),
        (np.full((2, 5, 5, 1), np.inf), (3, 1), "infinity"),
        ([], (3, 1), "hold no batch"),
        ([np.ones((2, 5, 5, 1)), np.ones((2, 5, 5, 2))], (3, 1), "has 2 channels, others 1"),
    ],
)
def test_bad_input(maps: Any, arguments: tuple[int, int], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        sample_patches(maps, *arguments)
