"""Nonlinearities and ops on patches by torch (registered with `skconv.runtime.torch_ops`)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from skconv.graph import (
    Abs,
    BothSigns,
    Clip,
    Divide,
    KNearest,
    LocalContrast,
    Magnitude,
    Median,
    Relu,
    Sign,
    SoftThreshold,
    Square,
    Triangle,
)
from skconv.graph.ops import window_count
from skconv.graph.patches import MEDIAN_NETWORK, PatchGeometry
from skconv.runtime.torch_ops import apply, apply_over, channels_first, channels_last, prepared

TRIANGLE_BYTES = {"cpu": 2**20, "cuda": 2**28}


@apply.register
def _(op: Relu, x: Tensor) -> Tensor:
    return x.relu()


@apply_over.register
def _(op: Relu, x: Tensor) -> Tensor:
    return x.relu_()


@apply.register
def _(op: Abs, x: Tensor) -> Tensor:
    return x.abs()


@apply_over.register
def _(op: Abs, x: Tensor) -> Tensor:
    return x.abs_()


@apply.register
def _(op: Square, x: Tensor) -> Tensor:
    return x.square()


@apply_over.register
def _(op: Square, x: Tensor) -> Tensor:
    return x.square_()


@apply.register
def _(op: BothSigns, x: Tensor) -> Tensor:
    return torch.cat([x.relu(), x.neg().relu_()], dim=-1)


@apply.register
def _(op: SoftThreshold, x: Tensor) -> Tensor:
    above = (x - op.threshold).relu_()
    if not op.both_signs:
        return above
    return torch.cat([above, (x + op.threshold).neg_().relu_()], dim=-1)


@apply.register
def _(op: Magnitude, x: Tensor) -> Tensor:
    even, odd = x.chunk(2, dim=-1)
    return torch.hypot(even, odd)


@apply.register
def _(op: Clip, x: Tensor) -> Tensor:
    return x.clamp(op.low, op.high)


@apply_over.register
def _(op: Clip, x: Tensor) -> Tensor:
    return x.clamp_(op.low, op.high)


@apply.register
def _(op: Sign, x: Tensor) -> Tensor:
    return x.sign()


@apply_over.register
def _(op: Sign, x: Tensor) -> Tensor:
    return x.sign_()


@apply.register
def _(op: KNearest, x: Tensor) -> Tensor:
    return _nearest(torch.cat([x, -x], dim=-1) if op.both_signs else x.clone(), op.count)


@apply_over.register
def _(op: KNearest, x: Tensor) -> Tensor:
    return apply(op, x) if op.both_signs else _nearest(x, op.count)


def _nearest(responses: Tensor, count: int) -> Tensor:
    """1 where a response is above the largest that is left out; written over them."""
    if responses.device.type == "cpu":
        # Numpy sorts short rows ten times faster than torch finds their k-th entry.
        ordered = np.sort(responses.numpy(), axis=-1)
        left_out = torch.from_numpy(ordered[..., -count - 1, None])
    else:
        left_out = responses.topk(count + 1, dim=-1).values[..., -1:]
    return torch.gt(responses, left_out, out=responses)


# ------------------------------------------------------------------------------ patches


def _padded(x: Tensor, op: PatchGeometry) -> Tensor:
    if not any(map(any, op.padding)):
        return x
    (top, bottom), (left, right) = op.padding
    mode = "circular" if op.pad_mode == "circular" else "constant"
    return channels_last(F.pad(channels_first(x), (left, right, top, bottom), mode=mode))


@apply.register
def _(op: Median, x: Tensor) -> Tensor:
    maps = _padded(x, op)
    patches = maps.unfold(1, 3, op.stride[0]).unfold(2, 3, op.stride[1])
    entries = [patches[..., i, j] for i in range(3) for j in range(3)]
    for low, high in MEDIAN_NETWORK:
        a, b = entries[low], entries[high]
        entries[low], entries[high] = torch.minimum(a, b), torch.maximum(a, b)
    return entries[4]


@apply.register
def _(op: LocalContrast, x: Tensor) -> Tensor:
    """In float64 from the channels on: a mean squared taken from a mean of squares cancels."""
    maps = channels_first(_padded(x, op))
    moments = [_channel_mean(maps.square())]
    if op.remove_mean is not None:
        moments.append(_channel_mean(maps) if op.remove_mean == "patch" else maps.double())
    means = _patch_means(torch.cat(moments, dim=1), op)
    variance = means[:, :1]
    if op.remove_mean is not None:
        variance = variance - means[:, 1:].square().mean(1, keepdim=True)
    return channels_last(variance.clamp_(min=0).add_(op.eps).sqrt_().float())


def _channel_mean(maps: Tensor) -> Tensor:
    # Summed as they are: exact for pixels, and ten times faster than in float64.
    return maps.sum(1, keepdim=True).double().div_(maps.shape[1])


def _patch_means(maps: Tensor, op: PatchGeometry) -> Tensor:
    """Means over the windows of the last two axes: of rows, then of columns."""
    down, across = (
        _windows(side, size, stride, maps.device)
        for side, size, stride in zip(maps.shape[2:], op.size, op.stride, strict=True)
    )
    return down @ maps @ across.T


@cache
def _windows(side: int, size: int, stride: int, device: torch.device) -> Tensor:
    """A row of ``1 / size`` and zeros for every window along an axis."""
    starts = stride * torch.arange(window_count(side, size, stride), device=device)[:, None]
    places = torch.arange(side, device=device)
    return ((places >= starts) & (places < starts + size)).double().div_(size)


@apply.register
def _(op: Divide, x: Tensor, divisor: Tensor) -> Tensor:
    return x / divisor


@apply_over.register
def _(op: Divide, x: Tensor, divisor: Tensor) -> Tensor:
    return x.div_(divisor)


@dataclass(frozen=True)
class TriangleProduct(Triangle):
    """A triangle whose squared distances are one product, of ``[x, |x|^2, 1]`` and ``right``."""

    centre: Any = None
    right: Any = None


@prepared.register
def _(op: Triangle) -> Triangle:
    centroids: Any = op.centroids
    centre = centroids.mean(0)  # Distances stay; the smaller the numbers, the less cancels.
    centred = centroids - centre
    rows = [-2 * centred, centred.new_ones(len(centred), 1), centred.square().sum(1)[:, None]]
    return TriangleProduct(centroids, centre, torch.cat(rows, dim=1).T.contiguous())


@apply.register
def _(op: Triangle, x: Tensor) -> Tensor:
    return apply(prepared(op), x)


@apply.register
def _(op: TriangleProduct, x: Tensor) -> Tensor:
    n_centroids, channels = op.centroids.shape
    left = torch.empty(math.prod(x.shape[:-1]), channels + 2, device=x.device)
    torch.sub(x.reshape(-1, channels), op.centre, out=left[:, :channels])
    torch.sum(left[:, :channels].square(), 1, out=left[:, channels])
    left[:, channels + 1] = 1
    result = torch.empty(len(left), n_centroids, device=x.device)
    _write_triangles(left, op.right, result, clipped=False)
    return result.view(*x.shape[:-1], n_centroids)


def _write_triangles(left: Tensor, right: Tensor, result: Tensor, *, clipped: bool) -> None:
    """Triangles of the roots of a product, whose entries are clipped at 0 where it must be.

    Where a pixel all but equals a centroid the product may come out below 0. That is so
    rare that it is better done again than seen to beforehand, in a pass of its own.
    """
    # A block of pixels stays in the cache from the product to the last subtraction.
    block = max(1, TRIANGLE_BYTES[left.device.type] // (4 * result.shape[1]))
    means = left.new_empty(len(left), 1)
    parts = (tensor.split(block) for tensor in (left, result, means))
    for pixels, z, mean in zip(*parts, strict=True):
        torch.mm(pixels, right, out=z)
        if clipped:
            z.relu_()
        torch.mean(z.sqrt_(), 1, keepdim=True, out=mean)
        torch.sub(mean, z, out=z).relu_()
    if not clipped and means.isnan().any():
        _write_triangles(left, right, result, clipped=True)
