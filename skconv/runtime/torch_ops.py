"""Every float op by torch, on a batch ``(n_samples, ...)``, channels last.

Nonlinearities and ops on patches are in `skconv.runtime.torch_nonlinearities`.
"""

from __future__ import annotations

from dataclasses import replace
from functools import singledispatch
from itertools import combinations
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from skconv.graph import (
    Affine,
    ArgMax,
    BlockHistogram,
    Concat,
    Conv,
    Decisions,
    Hash,
    KernelMachine,
    L2Pool,
    Linear,
    MaxPool,
    MeanPool,
    Normalize,
    Op,
    OvoVote,
    Permute,
    Reshape,
    Select,
    SumPool,
    TensorSpec,
    TentPool,
    Threshold,
)
from skconv.graph.ops import window_count
from skconv.runtime import numpy_engine


@singledispatch
def apply(op: Op, *inputs: Tensor) -> Tensor:
    """One op, its parameters tensors, on a batch ``(n_samples, ...)``, channels last.

    An op without a form of its own, its parameters arrays, is computed by numpy.
    """
    values = numpy_engine.evaluate(op, *(x.cpu().numpy() for x in inputs))
    return torch.from_numpy(values.astype(np.float32)).to(inputs[0].device)


def has_form(op: Op) -> bool:
    """Whether torch computes an op."""
    return apply.dispatch(type(op)) is not apply.dispatch(object)


@singledispatch
def apply_over(op: Op, *inputs: Tensor) -> Tensor:
    """As `apply`, but free to write over its first input."""
    return apply(op, *inputs)


@singledispatch
def prepared(op: Op) -> Op:
    """An op, its parameters tensors, with all computed that no sample changes."""
    return op


def channels_first(x: Tensor) -> Tensor:
    return x.permute(0, 3, 1, 2)


def channels_last(x: Tensor) -> Tensor:
    return x.permute(0, 2, 3, 1)


@apply.register
def _(op: Reshape, x: Tensor) -> Tensor:
    return x.reshape(len(x), *op.shape)


@apply.register
def _(op: Permute, x: Tensor) -> Tensor:
    return x.permute(0, *(axis + 1 for axis in op.axes))


@apply.register
def _(op: Concat, *inputs: Tensor) -> Tensor:
    return torch.cat(inputs, dim=-1)


@apply.register
def _(op: Select, x: Tensor) -> Tensor:
    return x.index_select(-1, op.indices.int())  # type: ignore[attr-defined]


@apply.register
def _(op: Conv, x: Tensor) -> Tensor:
    if op.shared:
        # As groups the maps come out channels last; as n_samples * channels maps they
        # would have to be laid out anew.
        channels = x.shape[3]
        weights, bias = torch.cat([op.weights] * channels), torch.cat([op.bias] * channels)
        return apply(replace(op, weights=weights, bias=bias, groups=channels, shared=False), x)
    (top, bottom), (left, right) = op.padding
    maps = channels_first(x)
    symmetric = (top, left) if (top, left) == (bottom, right) else None
    if op.pad_mode == "circular" or symmetric is None:
        mode = "circular" if op.pad_mode == "circular" else "constant"
        maps = F.pad(maps, (left, right, top, bottom), mode=mode)
        symmetric = (0, 0)
    weights = channels_first(op.weights)  # strided channels last: so are the maps, then
    rows, columns = op.stride
    n_columns = window_count(maps.shape[3] + 2 * symmetric[1], op.window[1], columns)
    if n_columns == 1:
        # The column stride says nothing. Where it differs from the other one, torch 2.13 gives
        # wrong numbers (oneDNN with one channel, channels last).
        columns = rows
    maps = F.conv2d(maps, weights, op.bias, (rows, columns), symmetric, op.dilation, op.groups)
    return channels_last(maps[..., :n_columns])


@apply.register
def _(op: MaxPool, x: Tensor) -> Tensor:
    return channels_last(F.max_pool2d(channels_first(x), op.size, op.stride))


@apply.register
def _(op: MeanPool, x: Tensor) -> Tensor:
    return channels_last(F.avg_pool2d(channels_first(x), op.size, op.stride))


@apply.register
def _(op: SumPool, x: Tensor) -> Tensor:
    sums = F.avg_pool2d(channels_first(x), op.size, op.stride, divisor_override=1)
    return channels_last(sums)


@apply.register
def _(op: TentPool, x: Tensor) -> Tensor:
    means: Tensor = numpy_engine.weighted_means(x, op)
    return means


@apply.register
def _(op: L2Pool, x: Tensor) -> Tensor:
    return _root_of_sum(op, x.square())


@apply_over.register
def _(op: L2Pool, x: Tensor) -> Tensor:
    return _root_of_sum(op, x.square_())


def _root_of_sum(op: L2Pool, squares: Tensor) -> Tensor:
    return apply(MeanPool(op.size, op.stride), squares).mul_(op.area).sqrt_()


@apply.register
def _(op: Hash, x: Tensor) -> Tensor:
    if op.n_bits == 8 and x.device.type == "cpu":
        bits = x.contiguous().numpy() > 0
        codes = np.packbits(bits, bitorder="little").reshape(*x.shape[:-1], -1)
        return torch.from_numpy(codes).float()
    powers = 2.0 ** torch.arange(op.n_bits, device=x.device)
    return (x > 0).unflatten(-1, (-1, op.n_bits)).float() @ powers


@apply.register
def _(op: BlockHistogram, x: Tensor) -> Tensor:
    windows = x.long().unfold(1, op.size[0], op.stride[0]).unfold(2, op.size[1], op.stride[1])
    n_samples, rows, columns, n_maps = windows.shape[:4]
    n_histograms = n_samples * rows * columns * n_maps
    first_bins = op.n_bins * torch.arange(n_histograms, device=x.device)
    bins = (windows + first_bins.view(n_samples, rows, columns, n_maps, 1, 1)).flatten()
    counts = torch.zeros(n_histograms * op.n_bins, dtype=x.dtype, device=x.device)
    counts.scatter_add_(0, bins, counts.new_ones(1).expand(len(bins)))
    return counts.view(n_samples, rows, columns, n_maps * op.n_bins)


@apply.register
def _(op: Affine, x: Tensor) -> Tensor:
    return torch.addcmul(op.offsets, x, op.factors)


@apply.register
def _(op: Normalize, x: Tensor) -> Tensor:
    order = {"l1": 1.0, "l2": 2.0, "max": np.inf}[op.norm]
    norms = torch.linalg.vector_norm(x, ord=order, dim=1, keepdim=True)
    return x / norms.masked_fill(norms == 0, 1.0)


@apply.register
def _(op: Linear, x: Tensor) -> Tensor:
    return F.linear(x, op.weights, op.bias)


@apply.register
def _(op: KernelMachine, x: Tensor) -> Tensor:
    kernel = _kernel_matrix(op, x)
    dual_coef: Any = op.dual_coef
    coefficients = dual_coef.to(kernel.dtype)
    if not op.n_support:
        return (kernel @ coefficients.T + op.intercept).to(x.dtype)
    # libsvm's layout: vectors of class i have their coefficient against class j > i in
    # row j - 1, those of class j against i in row i.
    sums = [
        values @ rows.T
        for values, rows in zip(
            kernel.split(op.n_support, dim=1), coefficients.split(op.n_support, dim=1), strict=True
        )
    ]
    pairs = combinations(range(op.n_classes), 2)
    decisions = [sums[i][:, j - 1] + sums[j][:, i] for i, j in pairs]
    return (torch.stack(decisions, dim=1) + op.intercept).to(x.dtype)


def _kernel_matrix(op: KernelMachine, x: Tensor) -> Tensor:
    """``K(x, s)`` in float64: an expanded ``|x - s|^2`` cancels in float32."""
    support_vectors: Any = op.support_vectors
    x, vectors = x.double(), support_vectors.double()
    if op.kernel == "poly":
        return (op.gamma * (x @ vectors.T) + op.coef0) ** op.degree
    if op.kernel == "laplacian":
        return torch.cdist(x, vectors, p=1).mul(-op.gamma).exp_()  # A gradient needs distances.
    squares = x.square().sum(1, keepdim=True) + vectors.square().sum(1)
    return squares.addmm_(x, vectors.T, alpha=-2).clamp_(min=0).mul_(-op.gamma).exp_()


@apply.register
def _(op: OvoVote, x: Tensor) -> Tensor:
    votes = torch.zeros(len(x), op.n_classes, dtype=x.dtype, device=x.device)
    for k, (i, j) in enumerate(combinations(range(op.n_classes), 2)):
        wins = (x[:, k] > 0).to(x.dtype)
        votes[:, i] += wins
        votes[:, j] += 1 - wins
    return votes


@apply.register
def _(op: ArgMax, x: Tensor) -> Tensor:
    return x.argmax(dim=1, keepdim=True).int()


@apply.register
def _(op: Threshold, x: Tensor) -> Tensor:
    return (x > 0).int()


@apply.register
def _(op: Decisions, *inputs: Tensor) -> Tensor:
    found = []
    for run in op.runs(*(TensorSpec(tuple(x.shape[1:])) for x in inputs)):
        scores = inputs[run.source].narrow(1, run.start, run.n_outputs * run.n_scores)
        scores = scores.reshape(len(scores), run.n_outputs, run.n_scores)
        found.append(scores[..., 0] > 0 if run.by_sign else scores.argmax(dim=2))
    return torch.cat(found, dim=1).int()
