"""What the numpy runtimes share: borders, windows, pairs of classes, chunks of samples."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import combinations
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from skconv.graph.base import TensorSpec
from skconv.graph.core import INPUT, Graph
from skconv.graph.ops import BlockHistogram, ConvGeometry, PoolGeometry
from skconv.graph.patches import PatchGeometry
from skconv.graph.vectors import SupportVectors

CHUNK_BYTES = 2**26
# A product over so many channels of one pixel is worth a call of its own.
MANY_CHANNELS = 16

Batch = NDArray[Any]


def pad(x: Batch, op: ConvGeometry | PatchGeometry) -> Batch:
    """Maps ``(n, h, w, c)`` with the border that an op wants."""
    if not any(map(any, op.padding)):
        return x
    if op.pad_mode == "circular":
        return np.pad(x, ((0, 0), *op.padding, (0, 0)), mode="wrap")
    (top, bottom), (left, right) = op.padding
    n, height, width, channels = x.shape
    padded = np.zeros((n, top + height + bottom, left + width + right, channels), x.dtype)
    padded[:, top : top + height, left : left + width] = x
    return padded


def windows(
    x: Batch, size: tuple[int, int], stride: tuple[int, int], dilation: tuple[int, int] = (1, 1)
) -> Batch:
    """Every window of maps ``(n, h, w, c)``: a view ``(n, rows, columns, c, height, width)``."""
    (height, width), (dy, dx) = size, dilation
    span = ((height - 1) * dy + 1, (width - 1) * dx + 1)
    view = sliding_window_view(x, span, axis=(1, 2))
    return view[:, :: stride[0], :: stride[1], :, ::dy, ::dx]


def padded_windows(x: Batch, op: PatchGeometry) -> Batch:
    """Every patch of maps: a view ``(n, rows, columns, c, height, width)``."""
    return windows(pad(x, op), op.size, op.stride)


def convolve(x: Batch, op: ConvGeometry) -> Batch:
    """``w . x + b`` of every window, in float64.

    On integers it is exact: sums stay far below 2^53, so every order of adding gives the
    same number, and BLAS may be used.
    """
    weights = op.weights.astype(np.float64)
    bias = op.bias.astype(np.float64)
    maps = pad(x, op).astype(np.float64, copy=False)
    patches = windows(maps, weights.shape[1:3], op.stride, op.dilation)
    if op.shared:
        columns = patches.reshape(*patches.shape[:4], -1)
        maps = columns @ weights.reshape(len(weights), -1).T + bias
        return maps.reshape(*maps.shape[:3], -1)
    groups = zip(np.split(patches, op.groups, axis=3), np.split(weights, op.groups), strict=True)
    parts = [_matmul_patches(part, kernels) for part, kernels in groups]
    return np.concatenate(parts, axis=3) + bias


def _matmul_patches(patches: Batch, kernels: Batch) -> Batch:
    """Products of patches ``(n, rows, columns, c, height, width)`` with kernels."""
    if kernels.shape[3] < MANY_CHANNELS:
        # Channels last, as they lie in the maps.
        columns = patches.transpose(0, 1, 2, 4, 5, 3).reshape(*patches.shape[:3], -1)
        return columns @ kernels.reshape(len(kernels), -1).T
    # Pixel after pixel of the kernels, so that no matrix of patches is made.
    pixels = np.ascontiguousarray(kernels.transpose(1, 2, 3, 0))
    total = np.zeros((*patches.shape[:3], len(kernels)))
    part = np.empty_like(total)
    for i, j in np.ndindex(pixels.shape[:2]):
        total += np.matmul(patches[..., i, j], pixels[i, j], out=part)
    return total


def pool_windows(x: Batch, op: PoolGeometry) -> Batch:
    """The windows of a pooling, flattened: ``(n, rows, columns, c, area)``."""
    view = windows(x, op.size, op.stride)
    return view.reshape(*view.shape[:4], -1)


def hash_bits(bits: Batch, n_bits: int) -> Batch:
    """Runs of ``n_bits`` channels of booleans as one number, first = least significant."""
    groups = bits.reshape(*bits.shape[:-1], -1, n_bits)
    return (groups * (1 << np.arange(n_bits))).sum(axis=-1)


def block_histogram(codes: Batch, op: BlockHistogram) -> Batch:
    """Counts ``(n, rows, columns, n_maps * n_bins)`` of codes ``(n, h, w, n_maps)``."""
    blocks = pool_windows(codes.astype(np.int64), op)
    n_histograms = int(np.prod(blocks.shape[:4]))
    offsets = np.arange(n_histograms).reshape(*blocks.shape[:4], 1) * op.n_bins
    counts = np.bincount((blocks + offsets).ravel(), minlength=n_histograms * op.n_bins)
    return counts.reshape(*blocks.shape[:3], -1)


def weighted_kernels(kernel: Batch, op: SupportVectors) -> Batch:
    """Sums of coefficient times kernel for every result, without the intercept.

    Support vectors of class ``i`` use row ``j - 1`` against class ``j > i``, and those of
    ``j`` row ``i``: libsvm's layout. Float64, exact on integers (below 2^53).
    """
    coefficients = op.dual_coef.astype(np.float64)
    kernel = kernel.astype(np.float64, copy=False)
    if not op.n_support:
        return kernel @ coefficients.T
    ends = np.cumsum(op.n_support)
    parts = [slice(end - n, end) for end, n in zip(ends, op.n_support, strict=True)]
    sums = [
        kernel[:, parts[i]] @ coefficients[j - 1, parts[i]]
        + kernel[:, parts[j]] @ coefficients[i, parts[j]]
        for i, j in combinations(range(op.n_classes), 2)
    ]
    return np.stack(sums, axis=1)


def votes(decisions: Batch, n_classes: int) -> Batch:
    """Number of pairs that each class wins."""
    counts = np.zeros((len(decisions), n_classes), np.int32)
    for k, (i, j) in enumerate(combinations(range(n_classes), 2)):
        wins = decisions[:, k] > 0
        counts[:, i] += wins
        counts[:, j] += ~wins
    return counts


# ---------------------------------------------------------------------------- running


def check_batch(graph: Graph, x: Batch) -> Batch:
    """A batch of samples in the shape of the graph's input; ValueError where it does not fit."""
    x = np.asarray(x)
    if x.ndim == 0 or int(np.prod(x.shape[1:])) != graph.input.size:
        raise ValueError(
            f"x has shape {x.shape}, expected (n_samples, {', '.join(map(str, graph.input.shape))})"
        )
    return x.reshape(len(x), *graph.input.shape)


def walk(graph: Graph, x: Batch, evaluate: Callable[..., Batch]) -> dict[str, Batch]:
    """All tensors of a graph for one batch."""
    tensors = {INPUT: x}
    for node in graph.nodes:
        tensors[node.name] = evaluate(node.op, *(tensors[name] for name in node.inputs))
    return tensors


def chunks(graph: Graph, n_samples: int) -> Iterator[slice]:
    """Slices of samples whose largest patch matrix stays within ``CHUNK_BYTES``."""
    specs = graph.specs
    largest = max(
        [spec.size for spec in specs.values()]
        + [
            int(np.prod(node.op.weights.shape[1:])) * specs[node.name].size
            for node in graph.nodes
            if isinstance(node.op, ConvGeometry)
        ]
        + [
            int(np.prod(node.op.size)) * specs[node.inputs[0]].size
            for node in graph.nodes
            if isinstance(node.op, PatchGeometry)
        ]
    )
    step = max(1, CHUNK_BYTES // (8 * largest))
    for start in range(0, n_samples, step):
        yield slice(start, min(start + step, n_samples))


def run_chunks(
    graph: Graph, x: Batch, names: tuple[str, ...], evaluate: Callable[..., Batch]
) -> dict[str, Batch]:
    """The named tensors for all samples, computed chunk by chunk; a name may come twice."""
    parts: dict[str, list[Batch]] = {name: [] for name in names}
    specs = graph.specs
    for rows in chunks(graph, len(x)):
        tensors = walk(graph, x[rows], evaluate)
        for name, part in parts.items():
            part.append(tensors[name])
    return {name: _joined(part, specs[name]) for name, part in parts.items()}


def _joined(parts: list[Batch], spec: TensorSpec) -> Batch:
    if len(parts) == 1:
        return np.ascontiguousarray(parts[0])
    return np.concatenate(parts) if parts else np.empty((0, *spec.shape))
