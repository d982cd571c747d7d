"""Competing kernels by torch (registered with `torch_ops`)."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from skconv.graph import WinnerCounts
from skconv.runtime import numpy_engine
from skconv.runtime.torch_ops import apply
from skconv.runtime.winners import alike


@apply.register
def _(op: WinnerCounts, x: Tensor) -> Tensor:
    """On a processor numpy is faster: its sums run over blocks of samples."""
    return (
        on_device(op, x)
        if x.is_cuda
        else torch.from_numpy(numpy_engine.evaluate(_with_arrays(op), x.numpy()))
    )


def _with_arrays(op: WinnerCounts) -> WinnerCounts:
    """The same op with arrays for tensors."""
    values = {field.name: getattr(op, field.name) for field in fields(op)}
    arrays = {name: v.cpu().numpy() for name, v in values.items() if isinstance(v, Tensor)}
    return replace(op, **arrays)


def on_device(op: WinnerCounts, x: Tensor) -> Tensor:
    """As `apply`, by torch alone."""
    counts = [_count(op, groups, x) for groups in alike(_with_arrays(op))]
    return torch.cat(counts, dim=1).flatten(1)


def _count(op: Any, groups: slice, x: Tensor) -> Tensor:
    """Sums and counts ``(n, n_groups, 2, n_kernels)`` of groups that are alike."""
    channels, kernels = op.channels[groups].int(), op.weights[groups].to(x.dtype)
    summed = sum(x[:, 0].index_select(2, chosen) for chosen in channels.T)
    rows = summed.transpose(1, 2)
    if op.differences[groups.start]:
        rows = rows.diff(dim=2)
    step, taps, length = int(op.dilations[groups.start]), kernels.shape[2], rows.shape[2]
    padded = F.pad(rows, (taps // 2 * step, taps // 2 * step))
    seen = torch.stack([padded[:, :, i * step : i * step + length] for i in range(taps)], dim=2)
    found = torch.einsum("gkt,ngtl->ngkl", kernels, seen - rows[:, :, None])
    best = found.amax(dim=2, keepdim=True)
    sums = op.scale * (_first(found == best) * best).sum(dim=3)
    losses = _first(found == found.amin(dim=2, keepdim=True)).sum(dim=3)
    return torch.stack([sums, losses.to(x.dtype)], dim=2)


def _first(are_best: Tensor) -> Tensor:
    """The first of the kernels that are equally good."""
    return are_best & (are_best.cumsum(dim=2) == 1)
