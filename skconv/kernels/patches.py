"""Patches drawn from maps: a bounded number of them, each as likely as any other."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils import check_random_state

from skconv.kernels.base import Padding, Pair, border, check_maps, grid
from skconv.kernels.batches import MapBatches
from skconv.kernels.moments import Maps, count_patches

# So many places are shuffled whole: never many megabytes, and fewer are the first of more.
_SMALL_POPULATION = 2**20


def sample_patches(
    maps: Maps | Iterable[NDArray[Any]],
    kernel_size: int | Pair,
    n_patches: int,
    random_state: Any = None,
    padding: Padding = "valid",
) -> tuple[NDArray[Any], NDArray[np.int64]]:
    """Draw patches without replacement, each of all patches being as likely.

    Only what is drawn is ever made: a memory map is read where patches lie. From the same
    maps, as an array, a memory map or `MapBatches`, the same patches come; fewer are the
    first of more, for one `random_state` (but where there are more than a million patches
    and half of them are drawn).

    Of batches whose number nobody knows a reservoir is kept, in one pass: every patch gets
    a random key, and the `n_patches` of the smallest keys stay, so that no more than
    twice as many are held. Keys are not made one by one: the smallest of many uniform
    numbers are sums of exponential ones, divided by the sum of all.

    Parameters
    ----------
    maps : ndarray, MapBatches, or iterable of ndarray
        Maps ``(n_samples, height, width, channels)``, at once or in batches of any size.
    kernel_size : int or (int, int)
        Height and width of a patch.
    n_patches : int
        How many; where there are fewer, all of them come.
    random_state : int, RandomState instance or None, default=None
        An int makes the draw reproducible.
    padding : {"valid", "same", "full", "circular"}, default="valid"
        Where patches lie: inside the maps; around every pixel, zeros outside; or the same
        with the opposite border outside.

    Returns
    -------
    patches : ndarray of shape (n_drawn, height, width, channels)
        In random order, of the type of the maps.
    samples : ndarray of int64 of shape (n_drawn,)
        The sample that each patch lies in, batches counted on: ``y[samples]`` are labels.

    Raises
    ------
    ValueError
        Where `n_patches` is less than 1, there is no batch, batches differ in channels, or
        maps are not such arrays of finite numbers, at least as large as a patch.

    Examples
    --------
    >>> import numpy as np
    >>> from skconv.kernels.patches import sample_patches
    >>> maps = np.arange(2 * 4 * 4).reshape(2, 4, 4, 1)
    >>> patches, samples = sample_patches(maps, 2, 3, random_state=0)
    >>> patches.shape
    (3, 2, 2, 1)
    >>> bool((patches.max(axis=(1, 2, 3)) // 16 == samples).all())
    True
    """
    if n_patches < 1:
        raise ValueError(f"n_patches={n_patches!r} must be at least 1")
    random_state = check_random_state(random_state)
    places, orders = (np.random.RandomState(random_state.randint(2**31)) for _ in range(2))
    if isinstance(maps, np.ndarray | MapBatches):
        return _sample_known(maps, kernel_size, n_patches, places, padding)
    kept: list[NDArray[Any]] = []
    for start, batch, size in _checked(maps, kernel_size, padding):
        population = count_patches(batch.shape, size, padding)
        keys = _smallest_keys(orders, population, n_patches)
        if kept and len(kept[2]) == n_patches:
            keys = keys[keys < kept[2][-1]]
        patches, samples = patches_at(
            batch, size, padding, _distinct(places, population, len(keys))
        )
        drawn = [patches, samples + start, keys]
        kept = _smallest(kept, drawn, n_patches) if kept else drawn
    if not kept:
        raise ValueError("maps hold no batch, expected at least one")
    return kept[0], kept[1]


def _sample_known(
    maps: Maps,
    kernel_size: Any,
    n_patches: int,
    random_state: np.random.RandomState,
    padding: Padding,
) -> tuple[NDArray[Any], NDArray[np.int64]]:
    """Patches and samples of maps whose number is known, so that places come first."""
    maps, size = check_maps(maps, kernel_size, padding)
    population = count_patches(maps.shape, size, padding)
    places = _distinct(random_state, population, min(n_patches, population))
    if isinstance(maps, np.ndarray):
        return patches_at(maps, size, padding, places)
    samples, start = places // (population // len(maps)), 0
    drawn: list[NDArray[Any]] = []
    rows: list[NDArray[np.int64]] = []
    for batch in maps:
        inside = np.flatnonzero((samples >= start) & (samples < start + len(batch)))
        before = count_patches((start, *maps.shape[1:]), size, padding)
        drawn.append(patches_at(batch, size, padding, places[inside] - before)[0])
        rows.append(inside)
        start += len(batch)
    return np.concatenate(drawn)[np.argsort(np.concatenate(rows))], samples


def _checked(
    batches: Iterable[NDArray[Any]], kernel_size: Any, padding: Padding
) -> Iterator[tuple[int, NDArray[Any], Pair]]:
    """Number of the first sample, maps, and size of the patches, of every batch."""
    start, channels = 0, None
    for batch in batches:
        maps, size = check_maps(batch, kernel_size, padding)
        assert isinstance(maps, np.ndarray)
        if channels not in (None, maps.shape[3]):
            raise ValueError(f"a batch of maps has {maps.shape[3]} channels, others {channels}")
        channels = maps.shape[3]
        yield start, maps, size
        start += len(maps)


def _smallest_keys(
    random_state: np.random.RandomState, population: int, count: int
) -> NDArray[np.float64]:
    """The `count` smallest of `population` numbers uniform in [0, 1), ascending."""
    count = min(count, population)
    sums = np.cumsum(random_state.standard_exponential(count))
    return sums / (sums[-1] + random_state.standard_gamma(population + 1 - count))


def _smallest(one: list[NDArray[Any]], other: list[NDArray[Any]], count: int) -> list[NDArray[Any]]:
    """The rows of two draws that have the `count` smallest keys (the last array of each)."""
    both = [np.concatenate(arrays) for arrays in zip(one, other, strict=True)]
    order = np.argsort(both[-1], kind="stable")[:count]
    return [array[order] for array in both]


def _distinct(
    random_state: np.random.RandomState, population: int, count: int
) -> NDArray[np.int64]:
    """`count` different numbers below `population`, in random order."""
    if population <= _SMALL_POPULATION or 2 * count >= population:
        return random_state.permutation(population)[:count]
    drawn = np.empty(0, np.int64)
    while len(drawn) < count:
        drawn = np.append(drawn, random_state.randint(population, size=count - len(drawn)))
        drawn = drawn[np.sort(np.unique(drawn, return_index=True)[1])]
    return drawn


def patches_at(
    maps: NDArray[Any], size: Pair, padding: Padding, places: NDArray[np.int64]
) -> tuple[NDArray[Any], NDArray[np.int64]]:
    """The patches at numbered places, counted along samples, then rows, then columns."""
    _, height, width, _ = maps.shape
    (top, _), (left, _) = border(size, padding)
    n_places = grid((height, width), size, padding)
    samples, rows, columns = np.unravel_index(places, (len(maps), *n_places))
    rows = rows[:, None, None] - top + np.arange(size[0])[:, None]
    columns = columns[:, None, None] - left + np.arange(size[1])
    patches = np.asarray(maps[samples[:, None, None], rows % height, columns % width])
    if padding in ("same", "full"):
        outside = (rows < 0) | (rows >= height) | (columns < 0) | (columns >= width)
        patches[outside] = 0
    return patches, samples
