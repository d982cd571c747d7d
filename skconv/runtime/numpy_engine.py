"""Runs float graphs by numpy in float32, if torch is not installed.

A convolution is a product of matrices: the patches of a few samples, one a row, times the
kernels. Samples are computed in chunks whose patches stay in the cache. Ops that need no
faster form are those of `skconv.runtime.reference`.
"""

from __future__ import annotations

from functools import singledispatch
from typing import Any, Literal

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from skconv.graph import (
    Conv,
    Graph,
    Hash,
    KernelMachine,
    L2Pool,
    Linear,
    LocalContrast,
    MaxPool,
    MeanPool,
    Median,
    Op,
    SumPool,
    TentPool,
    Triangle,
    tent,
)
from skconv.graph.ops import ConvGeometry, PoolGeometry, window_count
from skconv.graph.patches import MEDIAN_NETWORK, PatchGeometry
from skconv.runtime import reference
from skconv.runtime.windows import check_batch, pad, walk

CHUNK_BYTES = 2**21

Batch = NDArray[Any]
Pair = tuple[int, int]


def run(
    graph: Graph,
    x: Batch,
    *,
    device: str = "cpu",
    batch_size: int | Literal["auto"] = "auto",
) -> Batch:
    """Output ``(n_samples, *graph.output.shape)`` of a float graph.

    The parameters are those of `skconv.runtime.engine.run`; ``device="auto"`` is the processor.

    Examples
    --------
    >>> import numpy as np
    >>> from skconv.graph import Abs, Graph, TensorSpec
    >>> from skconv.runtime import numpy_engine
    >>> numpy_engine.run(Graph(TensorSpec((2,))).append(Abs()), np.array([[-1.5, 2.0]]))
    array([[1.5, 2. ]], dtype=float32)
    """
    if graph.domain != "float":
        raise ValueError("numpy_engine runs float graphs, got an integer graph: use fixed.run")
    if device == "cuda":
        raise ValueError("device='cuda' needs torch: use 'cpu' or 'auto'")
    x = check_batch(graph, x)
    output = np.empty((len(x), *graph.output.shape), graph.output.dtype)
    step = max(1, CHUNK_BYTES // _largest(graph)) if batch_size == "auto" else batch_size
    for start in range(0, len(x), step):
        rows = slice(start, start + step)
        output[rows] = walk(graph, x[rows].astype(np.float32), evaluate)[graph.output_name]
    return output


def _largest(graph: Graph) -> int:
    """Bytes of the largest tensor or matrix of patches of one sample."""
    specs = graph.specs
    sizes = [4 * spec.size for spec in specs.values()]
    for node in graph.nodes:
        if isinstance(node.op, Conv):
            entries = int(np.prod(node.op.weights.shape[1:]))
            rows, columns, _ = specs[node.name].shape
            sizes.append(4 * entries * rows * columns)
        elif isinstance(node.op, KernelMachine):
            sizes.append(8 * len(node.op.support_vectors))
    return max(sizes)


@singledispatch
def evaluate(op: Op, *inputs: Batch) -> Batch:
    """One op on a batch in float32."""
    result = reference.evaluate(op, *inputs)
    return result.astype(np.float32, copy=False) if result.dtype.kind == "f" else result


# ------------------------------------------------------------------------- convolution


@evaluate.register
def _(op: Conv, x: Batch) -> Batch:
    maps = pad(x, op)
    if op.groups == len(op.weights) == x.shape[-1]:
        return _depthwise(op, maps)
    # A window is read column by column: see `patch_rows`.
    kernels = op.weights.transpose(0, 2, 1, 3)
    n_parts = x.shape[-1] if op.shared else op.groups
    banks = [kernels] * n_parts if op.shared else np.split(kernels, op.groups)
    parts = np.split(maps, n_parts, axis=-1)
    products = [_product(op, part, bank) for part, bank in zip(parts, banks, strict=True)]
    result = products[0] if n_parts == 1 else np.concatenate(products, axis=-1)
    result += np.tile(op.bias, n_parts) if op.shared else op.bias
    return result


def _product(op: ConvGeometry, maps: Batch, kernels: Batch) -> Batch:
    rows = patch_rows(maps, op.weights.shape[1:3], op.stride, op.dilation)
    product = rows.reshape(-1, rows.shape[-1]) @ kernels.reshape(len(kernels), -1).T
    return product.reshape(*rows.shape[:-1], len(kernels))


def patch_rows(maps: Batch, size: Pair, stride: Pair, dilation: Pair) -> Batch:
    """Every patch as a row, column by column: ``(n, rows, columns, width * height * channels)``.

    First the pixels of one column of every window are put side by side. The patches of a row
    of windows are then runs of that strip, which overlap, and are copied as they lie there.
    """
    n_samples, height, width, channels = maps.shape
    n_rows = window_count(height, (size[0] - 1) * dilation[0] + 1, stride[0])
    strips = np.empty((n_samples, n_rows, width, size[0], channels), maps.dtype)
    for tap in range(size[0]):
        strips[:, :, :, tap] = maps[:, _places(tap * dilation[0], n_rows, stride[0])]
    pixels = strips.reshape(n_samples, n_rows, width, -1)
    runs = sliding_window_view(pixels, (size[1] - 1) * dilation[1] + 1, axis=2)
    runs = runs[:, :, :: stride[1], :, :: dilation[1]].swapaxes(3, 4)
    return runs.reshape(*runs.shape[:3], -1)


def _places(first: int, count: int, step: int) -> slice:
    """A slice of ``count`` places along an axis, ``step`` apart."""
    return slice(first, first + (count - 1) * step + 1, step)


def _depthwise(op: Conv, maps: Batch) -> Batch:
    """One kernel for every channel."""
    _, height, width, _ = op.weights.shape
    rows, columns = (
        window_count(side, span, step)
        for side, span, step in zip(maps.shape[1:3], op.window, op.stride, strict=True)
    )
    result = np.tile(op.bias, (len(maps), rows, columns, 1))
    for i in range(height):
        down = _places(i * op.dilation[0], rows, op.stride[0])
        for j in range(width):
            across = _places(j * op.dilation[1], columns, op.stride[1])
            result += maps[:, down, across] * op.weights[:, i, j, 0]
    return result


# ----------------------------------------------------------------------------- windows


def folded(x: Batch, op: PoolGeometry | PatchGeometry, combine: np.ufunc) -> Batch:
    """The entries of every window combined, a ufunc's way: rows first, then columns."""
    for axis, size, stride in zip((1, 2), op.size, op.stride, strict=True):
        count = window_count(x.shape[axis], size, stride)
        lead = (slice(None),) * axis
        result = x[(*lead, _places(0, count, stride))].copy()
        for tap in range(1, size):
            combine(result, x[(*lead, _places(tap, count, stride))], out=result)
        x = result
    return x


def weighted_means(x: Any, op: TentPool) -> Any:
    """The weighted mean of every window of maps, an array or a tensor: rows, then columns."""
    for axis, size, stride in zip((1, 2), op.size, op.stride, strict=True):
        count = window_count(x.shape[axis], size, stride)
        lead = (slice(None),) * axis
        first, *others = (tent(size) / tent(size).sum()).tolist()
        result = x[(*lead, _places(0, count, stride))] * first
        for tap, weight in enumerate(others, start=1):
            result += x[(*lead, _places(tap, count, stride))] * weight
        x = result
    return x


@evaluate.register
def _(op: MaxPool, x: Batch) -> Batch:
    return folded(x, op, np.maximum)


@evaluate.register
def _(op: MeanPool, x: Batch) -> Batch:
    sums = folded(x, op, np.add)
    sums /= np.float32(op.area)
    return sums


@evaluate.register
def _(op: TentPool, x: Batch) -> Batch:
    return weighted_means(x, op)


@evaluate.register
def _(op: SumPool, x: Batch) -> Batch:
    return folded(x, op, np.add)


@evaluate.register
def _(op: L2Pool, x: Batch) -> Batch:
    sums = folded(np.square(x), op, np.add)
    return np.sqrt(sums, out=sums)


@evaluate.register
def _(op: Median, x: Batch) -> Batch:
    maps = pad(x, op)
    rows, columns = (
        window_count(side, 3, step) for side, step in zip(maps.shape[1:3], op.stride, strict=True)
    )
    entries = [
        maps[:, _places(i, rows, op.stride[0]), _places(j, columns, op.stride[1])]
        for i in range(3)
        for j in range(3)
    ]
    for low, high in MEDIAN_NETWORK:
        a, b = entries[low], entries[high]
        entries[low], entries[high] = np.minimum(a, b), np.maximum(a, b)
    return entries[4]


@evaluate.register
def _(op: LocalContrast, x: Batch) -> Batch:
    """In float64: a mean squared taken from a mean of squares cancels."""
    maps = pad(x, op).astype(np.float64)
    area = op.size[0] * op.size[1]
    variance = folded(np.square(maps).mean(axis=-1, keepdims=True), op, np.add) / area
    if op.remove_mean is not None:
        seen = maps.mean(axis=-1, keepdims=True) if op.remove_mean == "patch" else maps
        means = folded(seen, op, np.add) / area
        variance -= np.square(means).mean(axis=-1, keepdims=True)
    return np.sqrt(np.maximum(variance, 0) + op.eps).astype(np.float32)


@evaluate.register
def _(op: Triangle, x: Batch) -> Batch:
    """By ``|x|^2 - 2 x.c + |c|^2``, about the mean centroid: small numbers cancel less."""
    centre = op.centroids.mean(axis=0)
    centroids = op.centroids - centre
    pixels = x.reshape(-1, x.shape[-1]) - centre
    z = pixels @ (-2 * centroids.T)
    z += np.einsum("ij,ij->i", pixels, pixels)[:, None]
    z += np.einsum("ij,ij->i", centroids, centroids)
    np.sqrt(np.maximum(z, 0, out=z), out=z)
    np.subtract(z.mean(axis=1, keepdims=True), z, out=z)
    return np.maximum(z, 0, out=z).reshape(*x.shape[:-1], -1)


# ----------------------------------------------------------------------------- vectors


@evaluate.register
def _(op: Hash, x: Batch) -> Batch:
    if op.n_bits == 8:
        codes = np.packbits(x > 0, bitorder="little").reshape(*x.shape[:-1], -1)
        return codes.astype(np.float32)
    groups = (x > 0).reshape(*x.shape[:-1], -1, op.n_bits).astype(np.float32)
    return groups @ np.ldexp(np.float32(1), np.arange(op.n_bits))


@evaluate.register
def _(op: Linear, x: Batch) -> Batch:
    return x @ op.weights.T + op.bias
