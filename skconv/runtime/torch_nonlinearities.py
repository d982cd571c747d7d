"""Nonlinearities and ops on patches by torch (registered with `skconv.runtime.torch_ops`)."""

from __future__ import annotations

from functools import cache

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from skconv.graph import (
    Above,
    Abs,
    BothSigns,
    Clip,
    Divide,
    KNearest,
    LocalContrast,
    Magnitude,
    Median,
    Relu,
    Root,
    Sign,
    SoftThreshold,
    Square,
)
from skconv.graph.ops import window_count
from skconv.graph.patches import MEDIAN_NETWORK, PatchGeometry
from skconv.runtime.torch_ops import apply, apply_over, channels_first, channels_last


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
def _(op: Root, x: Tensor) -> Tensor:
    return x.abs().sqrt_().copysign_(x)


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
def _(op: Above, x: Tensor) -> Tensor:
    return torch.cat([x > level for level in op.levels], dim=-1).to(x.dtype)


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
    means = _patch_means(moments, op)
    variance = means[:, :, 0]
    if op.remove_mean is not None:
        variance = variance - means[:, :, 1:].square().mean(2)
    contrast = variance.clamp_(min=0).add_(op.eps).sqrt_().float()
    return contrast.transpose(0, 1)[..., None].contiguous()


def _channel_mean(maps: Tensor) -> Tensor:
    # Summed as they are: exact for pixels, and ten times faster than in float64.
    return maps.sum(1, keepdim=True).double().div_(maps.shape[1])


def _patch_means(maps: list[Tensor], op: PatchGeometry) -> Tensor:
    """Means over the windows of all channels of maps ``(n, c, h, w)``: ``(rows, n, c, columns)``.

    Lines stand first, so that each of the two axes is one product for all samples.
    """
    lines = torch.cat([part.permute(2, 0, 1, 3) for part in maps], dim=2)
    height, n_samples, channels, width = lines.shape
    down, across = (
        window_means(side, size, stride, lines.device)
        for side, size, stride in zip((height, width), op.size, op.stride, strict=True)
    )
    lines = down @ lines.reshape(height, -1)
    return (lines.view(-1, width) @ across.T).view(len(down), n_samples, channels, -1)


@cache
def window_means(side: int, size: int, stride: int, device: torch.device) -> Tensor:
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
