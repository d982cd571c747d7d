"""Float graphs by torch: the fast way to run them, on a processor or on CUDA.

Tensors are channels last, as in the graph; torch sees them as permuted views in its
``channels_last`` memory format, so nothing is copied between ops.

The samples are computed in chunks whose largest tensor stays in the cache: a large batch
would spend most of its time getting fresh memory. So the cost of a sample does not depend
on how many there are.

This module imports torch. Import it where something is computed, not with the package.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields, replace
from functools import singledispatch
from itertools import combinations
from typing import Any, Literal, NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from skconv.graph import (
    INPUT,
    Abs,
    Affine,
    ArgMax,
    BlockHistogram,
    BothSigns,
    Concat,
    Conv,
    Graph,
    Hash,
    KernelMachine,
    L2Pool,
    Linear,
    Magnitude,
    MaxPool,
    MeanPool,
    Normalize,
    Op,
    OvoVote,
    Permute,
    Quantized,
    Relu,
    Reshape,
    Select,
    SoftThreshold,
    Square,
    TensorSpec,
    Threshold,
)
from skconv.runtime import reference
from skconv.runtime.windows import check_batch

CHUNK_BYTES = {"cpu": 2**22, "cuda": 2**28}


class Step(NamedTuple):
    """A node ready to run: its constants on the device, what may be written over or freed."""

    name: str
    op: Op
    inputs: tuple[str, ...]
    overwrites: bool
    frees: tuple[str, ...]


def run(
    graph: Graph,
    x: NDArray[Any],
    *,
    device: str = "cpu",
    batch_size: int | Literal["auto"] = "auto",
    chunk_bytes: int | None = None,
) -> NDArray[Any]:
    """Output ``(n_samples, *graph.output.shape)`` of a float graph.

    Parameters
    ----------
    graph : Graph
        A float graph.
    x : ndarray of shape (n_samples, *graph.input.shape)
        Of any real type; converted to float32 chunk by chunk.
    device : {"cpu", "cuda", "auto"}, default="cpu"
        Where to compute; ``"auto"`` takes CUDA where there is one.
    batch_size : int or "auto", default="auto"
        Samples in a chunk; ``"auto"`` takes as many as `chunk_bytes` allows.
    chunk_bytes : int, default=None
        Most bytes of the largest tensor of a chunk; ``None`` suits the device's cache.

    Returns
    -------
    output : ndarray
        float32, or int32 where the graph ends in a decision.

    Raises
    ------
    ValueError
        Where the graph is an integer graph, ``x`` does not fit its input, or ``device``
        is ``"cuda"`` and there is none.

    Examples
    --------
    >>> import numpy as np
    >>> from skconv.graph import Abs, Graph, TensorSpec
    >>> from skconv.runtime import torch_engine
    >>> torch_engine.run(Graph(TensorSpec((2,))).append(Abs()), np.array([[-1.5, 2.0]]))
    array([[1.5, 2. ]], dtype=float32)
    """
    if graph.domain != "float":
        raise ValueError("torch_engine runs float graphs, got an integer graph: use fixed.run")
    x = check_batch(graph, x)
    target = _device(device)
    specs = graph.specs
    budget = chunk_bytes or CHUNK_BYTES[target.type] * _workers(target)
    auto_size = max(1, budget // _largest_tensor(graph, specs))
    step = auto_size if batch_size == "auto" else batch_size
    spec = specs[graph.output_name]
    output = np.empty((len(x), *spec.shape), spec.dtype)
    with torch.inference_mode(), _full_precision(target):
        plan = _plan(graph, target)
        result = torch.from_numpy(output)
        for start in range(0, len(x), step):
            rows = slice(start, start + step)
            chunk = torch.from_numpy(x[rows].astype(np.float32)).to(target)
            result[rows] = _walk(plan, chunk)
    return output


def _device(name: str) -> torch.device:
    has_cuda = torch.cuda.is_available()
    if name == "auto":
        name = "cuda" if has_cuda else "cpu"
    if name == "cuda" and not has_cuda:
        raise ValueError("device='cuda', but torch finds no CUDA device: use 'cpu' or 'auto'")
    return torch.device(name)


def _workers(device: torch.device) -> int:
    """Caches that share a chunk."""
    return torch.get_num_threads() if device.type == "cpu" else 1


@contextmanager
def _full_precision(device: torch.device) -> Iterator[None]:
    """No TF32 in CUDA's convolutions: its 10-bit mantissa would show in the features."""
    if device.type == "cpu":
        yield
        return
    with torch.backends.cudnn.flags(enabled=True, allow_tf32=False):
        yield


def _largest_tensor(graph: Graph, specs: dict[str, TensorSpec]) -> int:
    """Bytes of the largest tensor of one sample, a kernel matrix in float64 included."""
    tensors = [4 * math.prod(spec.shape) for spec in specs.values()]
    kernels = [
        8 * len(node.op.support_vectors)
        for node in graph.nodes
        if isinstance(node.op, KernelMachine)
    ]
    return max(tensors + kernels)


def _on_device(op: Op, device: torch.device) -> Op:
    """The same op with tensors for arrays."""
    values = {field.name: getattr(op, field.name) for field in fields(op)}
    tensors = {
        name: torch.tensor(v, device=device)
        for name, v in values.items()
        if isinstance(v, np.ndarray)
    }
    return replace(op, **tensors) if tensors else op


def _plan(graph: Graph, device: torch.device) -> list[Step]:
    makers = {node.name: node.op for node in graph.nodes}
    last_use = {name: node.name for node in graph.nodes for name in node.inputs}
    steps = []
    for node in graph.nodes:
        source = makers.get(node.inputs[0])
        steps.append(
            Step(
                node.name,
                _on_device(node.op, device),
                node.inputs,
                # A reshaped or permuted tensor shares its memory with another one.
                overwrites=source is not None
                and not isinstance(source, Reshape | Permute)
                and graph.users(node.inputs[0]) == (node,),
                frees=tuple(name for name in node.inputs if last_use[name] == node.name),
            )
        )
    return steps


def _walk(plan: list[Step], chunk: Tensor) -> Tensor:
    tensors = {INPUT: chunk}
    result = chunk
    for step in plan:
        inputs = [tensors[name] for name in step.inputs]
        for name in step.frees:
            tensors.pop(name, None)
        result = apply_over(step.op, *inputs) if step.overwrites else apply(step.op, *inputs)
        tensors[step.name] = result
    return result


# -------------------------------------------------------------------- every op on a batch


@singledispatch
def apply(op: Op, *inputs: Tensor) -> Tensor:
    """One op, its parameters tensors, on a batch ``(n_samples, ...)``, channels last."""
    raise NotImplementedError(f"{type(op).__name__} has no torch form")


@singledispatch
def apply_over(op: Op, *inputs: Tensor) -> Tensor:
    """As `apply`, but free to write over its first input."""
    return apply(op, *inputs)


def _channels_first(x: Tensor) -> Tensor:
    return x.permute(0, 3, 1, 2)


def _channels_last(x: Tensor) -> Tensor:
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
    return x[:, op.indices.long()]  # type: ignore[attr-defined]


@apply.register
def _(op: Quantized, x: Tensor) -> Tensor:
    """Integers are defined in one place, and computed there."""
    values = reference.evaluate(op, x.cpu().numpy())
    return torch.from_numpy(values.astype(np.float32)).to(x.device)


@apply.register
def _(op: Conv, x: Tensor) -> Tensor:
    if op.shared:
        # As groups the maps come out channels last; as n_samples * channels maps they
        # would have to be laid out anew.
        channels = x.shape[3]
        weights, bias = torch.cat([op.weights] * channels), torch.cat([op.bias] * channels)
        return apply(replace(op, weights=weights, bias=bias, groups=channels, shared=False), x)
    (top, bottom), (left, right) = op.padding
    maps = _channels_first(x)
    symmetric = (top, left) if (top, left) == (bottom, right) else None
    if op.pad_mode == "circular" or symmetric is None:
        mode = "circular" if op.pad_mode == "circular" else "constant"
        maps = F.pad(maps, (left, right, top, bottom), mode=mode)
        symmetric = (0, 0)
    weights = _channels_first(op.weights)  # strided channels last: so are the maps, then
    maps = F.conv2d(maps, weights, op.bias, op.stride, symmetric, op.dilation, op.groups)
    return _channels_last(maps)


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
def _(op: MaxPool, x: Tensor) -> Tensor:
    return _channels_last(F.max_pool2d(_channels_first(x), op.size, op.stride))


@apply.register
def _(op: MeanPool, x: Tensor) -> Tensor:
    return _channels_last(F.avg_pool2d(_channels_first(x), op.size, op.stride))


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
        return torch.cdist(x, vectors, p=1).mul_(-op.gamma).exp_()
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
