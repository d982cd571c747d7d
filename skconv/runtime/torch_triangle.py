"""The triangle of k-means by torch, alone or pooled (registered with `torch_ops`)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

import torch
from torch import Tensor

from skconv.graph import MeanPool, SumPool, TensorSpec, Triangle
from skconv.runtime.torch_nonlinearities import window_means
from skconv.runtime.torch_ops import apply, prepared

# Distances that stay in the cache from the product to the last sum.
TRIANGLE_BYTES = {"cpu": 3 * 2**18, "cuda": 2**28}
# Relative error of a sum of distances.
ROUNDING = 8 * torch.finfo(torch.float32).eps
# A product with a row for each window costs less than to add windows up, if they are few.
FEW_WINDOWS = 16


@dataclass(frozen=True)
class PooledTriangle(Triangle):
    """A triangle and a pooling of its maps into few windows; the maps are not kept."""

    pool: MeanPool

    def output(self, *inputs: TensorSpec) -> TensorSpec:
        return self.pool.output(super().output(*inputs))


@dataclass(frozen=True)
class TriangleProduct(PooledTriangle):
    """A triangle whose squared distances are one product, of ``[x, |x|^2, 1]`` and ``right``."""

    centre: Any
    right: Any

    def distances(
        self, pixels: Tensor, left: Tensor, z: Tensor, means: Tensor, *, clipped: bool
    ) -> None:
        """Write distances to ``z``, the mean distance of a pixel to ``means``.

        ``left`` is room for ``[x, |x|^2, 1]`` of every pixel, its last column ones.

        Where a pixel all but equals a centroid a square may come out below 0, and the mean
        as NaN. That is so rare that the caller does better to look for it at the end, and to
        have the squares ``clipped`` then, than to spend a pass on it always.
        """
        left = left[: len(pixels)]
        torch.sub(pixels, self.centre, out=left[:, :-2])
        torch.sum(left[:, :-2].square(), 1, out=left[:, -2])
        torch.mm(left, self.right, out=z)
        if clipped:
            z.relu_()
        torch.mean(z.sqrt_(), 1, keepdim=True, out=means)


@prepared.register
def _(op: Triangle) -> TriangleProduct:
    centroids: Any = op.centroids
    centre = centroids.mean(0)  # Distances stay; the smaller the numbers, the less cancels.
    centred = centroids - centre
    rows = [-2 * centred, centred.new_ones(len(centred), 1), centred.square().sum(1)[:, None]]
    right = torch.cat(rows, dim=1).T.contiguous()
    pool: Any = getattr(op, "pool", None)
    return TriangleProduct(centroids, pool, centre, right)


@apply.register
def _(op: Triangle, x: Tensor) -> Tensor:
    return apply(prepared(op), x)


@apply.register
def _(op: TriangleProduct, x: Tensor) -> Tensor:
    compute = _triangles if op.pool is None else _pooled
    result, means = compute(op, x, clipped=False)
    return compute(op, x, clipped=True)[0] if means.isnan().any() else result


def _triangles(op: TriangleProduct, x: Tensor, *, clipped: bool) -> tuple[Tensor, Tensor]:
    """Triangles of maps, and the mean distance of every pixel."""
    n_centroids, channels = op.centroids.shape
    pixels = x.reshape(-1, channels)
    result, means = x.new_empty(len(pixels), n_centroids), x.new_empty(len(pixels), 1)
    block = max(1, TRIANGLE_BYTES[x.device.type] // (4 * n_centroids))
    left = x.new_ones(min(block, len(pixels)), channels + 2)
    parts = (tensor.split(block) for tensor in (pixels, result, means))
    for part, z, mean in zip(*parts, strict=True):
        op.distances(part, left, z, mean, clipped=clipped)
        torch.sub(mean, z, out=z).relu_()
    return result.view(*x.shape[:-1], n_centroids), means


def _pooled(op: TriangleProduct, x: Tensor, *, clipped: bool) -> tuple[Tensor, Tensor]:
    """The pooled triangles of maps, and the mean distance of every pixel.

    ``max(0, m - z) = m - min(m, z)`` and pooling is linear, so that no triangle is written.
    Blank pixels, 0 in all channels, have one triangle: it is computed once and counted.
    """
    n_samples, channels = len(x), x.shape[-1]
    weights = _window_weights(op.pool, x.shape[1], x.shape[2], x.device)
    pixels = x.reshape(-1, channels)
    norms = torch.linalg.vector_norm(pixels, dim=1)  # one that underflows is as good as 0
    seen, counts = norms.nonzero()[:, 0], norms.view(n_samples, -1).count_nonzero(1).tolist()
    means = x.new_zeros(len(pixels), 1)
    nearer, means[seen] = _pooled_minima(
        op, pixels, seen, weights.index_select(0, seen % len(weights)).T, counts, clipped=clipped
    )
    n_blank = (norms == 0).float().view(n_samples, -1) @ weights
    blank, _ = _triangles(op, x.new_zeros(1, channels), clipped=True)
    shape = op.output(TensorSpec(tuple(x.shape[1:]))).shape
    total = (means.view(n_samples, -1) @ weights)[..., None]
    pooled = total - nearer
    # What rounding leaves of equal sums is 0: a root behind would make it a thousand times more.
    pooled.mul_(pooled > ROUNDING * total).addcmul_(n_blank[..., None], blank)
    return pooled.view(n_samples, *shape), means


def _pooled_minima(
    op: TriangleProduct,
    pixels: Tensor,
    seen: Tensor,
    weights: Tensor,
    counts: list[int],
    *,
    clipped: bool,
) -> tuple[Tensor, Tensor]:
    """Sums of ``min(m, z)`` by window ``(n_samples, n_windows, n_centroids)``, and all ``m``.

    The first ``counts[0]`` pixels ``seen`` are those of the first sample, and so on; a column of
    weights says what such a pixel counts in every window.
    """
    n_centroids, channels = op.centroids.shape
    means = pixels.new_empty(len(seen), 1)
    sums = pixels.new_zeros(len(counts), len(weights), n_centroids)
    size = max(1, TRIANGLE_BYTES[pixels.device.type] // (4 * n_centroids))
    left, room = pixels.new_ones(size, channels + 2), pixels.new_empty(size, n_centroids)
    for block, parts in _blocks(counts, size):
        part, mean = pixels.index_select(0, seen[block]), means[block]
        z = room[: len(part)]
        op.distances(part, left, z, mean, clipped=clipped)
        torch.minimum(z, mean, out=z)
        columns = weights[:, block]
        for sample, rows in parts:
            sums[sample].addmm_(columns[:, rows], z[rows])
    return sums, means


def _blocks(counts: list[int], size: int) -> Iterator[tuple[slice, list[tuple[int, slice]]]]:
    """Rows cut into blocks of a size, and which rows of a block belong to which sample."""
    sample, end, total = -1, 0, sum(counts)
    for start in range(0, total, size):
        stop, parts, row = min(start + size, total), [], start
        while row < stop:
            while end <= row:
                sample += 1
                end += counts[sample]
            parts.append((sample, slice(row - start, min(end, stop) - start)))
            row = min(end, stop)
        yield slice(start, stop), parts


@cache
def _window_weights(pool: MeanPool, height: int, width: int, device: torch.device) -> Tensor:
    """What a pixel, a row each, counts in every window of a pooling."""
    down, across = (
        window_means(side, size, stride, device)
        for side, size, stride in zip((height, width), pool.size, pool.stride, strict=True)
    )
    scale = pool.area if isinstance(pool, SumPool) else 1
    return (scale * torch.kron(down, across)).float().T.contiguous()
