"""First and second moments of the patches of maps, without a matrix of patches."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, Literal

import numpy as np
from numpy.lib.stride_tricks import as_strided, sliding_window_view
from numpy.typing import NDArray

from skconv.kernels.base import Padding, Pair, border, grid
from skconv.kernels.batches import MapBatches, batches_of

Maps = NDArray[Any] | MapBatches
PatchShape = tuple[int, int, int]
RemoveMean = Literal["channel", "patch"] | None

_CHUNK_BYTES = 2**23


def second_moment(maps: Maps, kernel_size: Pair, padding: Padding) -> NDArray[np.float64]:
    """Sum over all patches of ``patch patch^T``, in float64, no mean removed.

    A patch is ``(height, width, channels)``, row-major, one at every pixel (stride 1).
    Patches are never laid out: a product of two pixels belongs to many of them, and is
    computed once for all.

    - A strip is a few patches side by side. With strips of all samples as rows of one
      matrix, one product gives the moments of a line of pixels with itself and with the
      lines below that it shares a patch with.
    - Patches side by side are diagonal blocks of that product: add the blocks.
    - Patches above one another start at a range of lines: add to each what is its own.

    Parameters
    ----------
    maps : ndarray or MapBatches of shape (n_samples, height, width, channels)
    kernel_size : (height, width)
    padding : {"valid", "same", "full", "circular"}

    Returns
    -------
    moment : ndarray of float64 of shape (n_entries, n_entries)
        ``n_entries = height * width * channels`` of a patch.
    """
    kh, kw = kernel_size
    line = kw * maps.shape[3]
    moment = np.zeros((kh, line, kh, line))
    for strips, n_patches in _strips(maps, kernel_size, padding):
        n_lines, length = strips.shape[1:]
        flat = strips.reshape(len(strips), -1)
        for y in range(n_lines):
            below = flat[:, y * length : (y + kh) * length]
            product = flat[:, y * length : (y + 1) * length].T @ below
            blocks = _sum_of_blocks(product, n_patches, line, maps.shape[3])
            for lag in range(blocks.shape[1]):
                for dy in range(max(0, y + kh - n_lines), min(y, kh - 1 - lag) + 1):
                    moment[dy, :, dy + lag] += blocks[:, lag]
    for upper in range(kh):
        for lower in range(upper + 1, kh):
            moment[lower, :, upper] = moment[upper, :, lower].T
    return moment.reshape(kh * line, kh * line)


def _borders(
    kernel_size: Pair, padding: Padding
) -> tuple[tuple[Pair, Pair], Literal["wrap", "constant"]]:
    """What `numpy.pad` adds around the maps, and how."""
    return border(kernel_size, padding), "wrap" if padding == "circular" else "constant"


def _strips(
    maps: Maps, kernel_size: Pair, padding: Padding
) -> Iterator[tuple[NDArray[np.float64], int]]:
    """Strips ``(n_strips, lines, length)`` of padded maps, and how many patches lie in one."""
    kw = kernel_size[1]
    borders, mode = _borders(kernel_size, padding)
    n_columns = maps.shape[2] + sum(borders[1]) - kw + 1
    # A strip of t patches costs (t + kw - 1)^2 / t a patch: flat around t = kw - 1.
    n_patches = min(2 * kw, n_columns)
    n_strips, rest = divmod(n_columns, n_patches)
    for batch in batches_of(maps, _CHUNK_BYTES):
        chunk = batch.astype(np.float64)
        padded = np.pad(chunk, ((0, 0), *borders, (0, 0)), mode=mode)
        yield _cut(padded[:, :, : n_strips * n_patches + kw - 1], n_patches, kw), n_patches
        if rest:
            yield _cut(padded[:, :, n_strips * n_patches :], rest, kw), rest


def _cut(padded: NDArray[np.float64], n_patches: int, kw: int) -> NDArray[np.float64]:
    """Strips of `n_patches` patches from maps as wide as a whole number of them."""
    windows = sliding_window_view(padded, n_patches + kw - 1, axis=2)[:, :, ::n_patches]
    _, n_lines, _, channels, columns = windows.shape
    return windows.transpose(0, 2, 1, 4, 3).reshape(-1, n_lines, columns * channels)


def _sum_of_blocks(
    product: NDArray[np.float64], n_patches: int, line: int, channels: int
) -> NDArray[np.float64]:
    """Moments of one line of a patch with the lines below: ``(line, lags, line)``."""
    length, width = product.shape
    down, right = product.strides
    blocks = as_strided(
        product,
        (n_patches, line, width // length, line),
        (channels * (down + right), down, length * right, right),
        writeable=False,
    )
    return blocks.sum(axis=0)


def count_patches(shape: tuple[int, ...], kernel_size: Pair, padding: Padding) -> int:
    """Number of patches of maps ``(n_samples, height, width, ...)``."""
    n_samples, height, width = shape[:3]
    return n_samples * math.prod(grid((height, width), kernel_size, padding))


def sum_of_patches(maps: Maps, kernel_size: Pair, padding: Padding) -> NDArray[np.float64]:
    """Sum over all patches, row-major: the patches of the sum of the maps, added up."""
    total = np.zeros(maps.shape[1:])
    for batch in batches_of(maps, _CHUNK_BYTES):
        total += batch.sum(axis=0, dtype=np.float64)
    borders, mode = _borders(kernel_size, padding)
    padded = np.pad(total, (*borders, (0, 0)), mode=mode)
    windows = sliding_window_view(padded, kernel_size, axis=(0, 1))
    return windows.sum(axis=(0, 1)).transpose(1, 2, 0).ravel()


def cross_moment(
    maps: NDArray[Any], values: NDArray[np.float64], kernel_size: Pair, padding: Padding
) -> NDArray[np.float64]:
    """Sum over all patches of ``patch value^T``, ``values`` a vector at the place of each.

    One product for each pixel of a patch: those of all patches at once, as they lie in the
    maps. The result has shape ``(n_entries, n_values)``.
    """
    borders, mode = _borders(kernel_size, padding)
    padded = np.pad(maps.astype(np.float64), ((0, 0), *borders, (0, 0)), mode=mode)
    rows, columns = values.shape[1:3]
    products = [
        np.tensordot(padded[:, y : y + rows, x : x + columns], values, ((0, 1, 2), (0, 1, 2)))
        for y in range(kernel_size[0])
        for x in range(kernel_size[1])
    ]
    return np.concatenate(products)


def mean_projection(patch: PatchShape, remove_mean: RemoveMean) -> NDArray[np.float64]:
    """The symmetric matrix that takes from a patch its mean, as told: ``I - 1 1^T / n``."""
    height, width, channels = patch
    projection = np.eye(math.prod(patch))
    if remove_mean == "channel":
        projection -= np.tile(np.eye(channels), (height * width,) * 2) / (height * width)
    elif remove_mean == "patch":
        projection -= 1 / len(projection)
    return projection


def rounding_of(moment: NDArray[np.float64]) -> float:
    """Eigenvalues of a projected moment below this are rounding of what was there before."""
    return float(np.trace(moment) * len(moment) * np.finfo(np.float64).eps)
