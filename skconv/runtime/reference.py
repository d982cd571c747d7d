"""The float definition: every float op in plain numpy, float64 throughout.

Slow and easy to check. `skconv.runtime.torch_engine` is tested against it, and
calibration reads its tensors.
"""

from __future__ import annotations

from functools import singledispatch
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.distance import cdist

from skconv.graph import (
    Abs,
    Affine,
    ArgMax,
    BlockHistogram,
    BothSigns,
    Clip,
    Concat,
    Conv,
    Decisions,
    Divide,
    Graph,
    Hash,
    KernelMachine,
    KNearest,
    L2Pool,
    Linear,
    LocalContrast,
    Magnitude,
    MaxPool,
    MeanPool,
    Median,
    Normalize,
    Op,
    OvoVote,
    Permute,
    Relu,
    Reshape,
    Root,
    Select,
    Sign,
    SoftThreshold,
    Square,
    SumPool,
    TensorSpec,
    TentPool,
    Threshold,
    Triangle,
)
from skconv.runtime.windows import (
    block_histogram,
    check_batch,
    convolve,
    hash_bits,
    padded_windows,
    pool_windows,
    run_chunks,
    votes,
    weighted_kernels,
)

Batch = NDArray[Any]


def run(graph: Graph, x: Batch) -> Batch:
    """Output ``(n_samples, *graph.output.shape)`` of a float graph.

    Examples
    --------
    >>> import numpy as np
    >>> from skconv.graph import Abs, Graph, TensorSpec
    >>> from skconv.runtime import reference
    >>> reference.run(Graph(TensorSpec((2,))).append(Abs()), np.array([[-1.5, 2.0]]))
    array([[1.5, 2. ]])
    """
    return tensors(graph, x, (graph.output_name,))[graph.output_name]


def tensors(graph: Graph, x: Batch, names: tuple[str, ...] | None = None) -> dict[str, Batch]:
    """Tensors of a float graph by name: all of them, or those asked for."""
    x = check_batch(graph, x).astype(np.float64)
    return run_chunks(graph, x, names or tuple(graph.specs), evaluate)


@singledispatch
def evaluate(op: Op, *inputs: Batch) -> Batch:
    """One op on a batch."""
    raise NotImplementedError(f"{type(op).__name__} has no float reference")


@evaluate.register
def _(op: Reshape, x: Batch) -> Batch:
    return x.reshape(len(x), *op.shape)


@evaluate.register
def _(op: Permute, x: Batch) -> Batch:
    return x.transpose(0, *(axis + 1 for axis in op.axes))


@evaluate.register
def _(op: Concat, *inputs: Batch) -> Batch:
    return np.concatenate(inputs, axis=-1)


@evaluate.register
def _(op: Select, x: Batch) -> Batch:
    return x[..., op.indices]


@evaluate.register
def _(op: Conv, x: Batch) -> Batch:
    return convolve(x, op)


@evaluate.register
def _(op: Relu, x: Batch) -> Batch:
    return np.maximum(x, 0)


@evaluate.register
def _(op: Abs, x: Batch) -> Batch:
    return np.abs(x)


@evaluate.register
def _(op: BothSigns, x: Batch) -> Batch:
    return np.concatenate([np.maximum(x, 0), np.maximum(-x, 0)], axis=-1)


@evaluate.register
def _(op: SoftThreshold, x: Batch) -> Batch:
    signed = (x, -x) if op.both_signs else (x,)
    return np.concatenate([np.maximum(z - op.threshold, 0) for z in signed], axis=-1)


@evaluate.register
def _(op: Magnitude, x: Batch) -> Batch:
    even, odd = np.split(x, 2, axis=-1)
    return np.hypot(even, odd)


@evaluate.register
def _(op: Square, x: Batch) -> Batch:
    return x**2


@evaluate.register
def _(op: Root, x: Batch) -> Batch:
    return np.sign(x) * np.sqrt(np.abs(x))


@evaluate.register
def _(op: Clip, x: Batch) -> Batch:
    return np.clip(x, op.low, op.high)


@evaluate.register
def _(op: Sign, x: Batch) -> Batch:
    return np.sign(x)


@evaluate.register
def _(op: KNearest, x: Batch) -> Batch:
    responses = np.concatenate([x, -x], axis=-1) if op.both_signs else x
    left_out = np.sort(responses, axis=-1)[..., -op.count - 1, None]
    return (responses > left_out).astype(np.float64)


@evaluate.register
def _(op: Median, x: Batch) -> Batch:
    entries = padded_windows(x, op)
    return np.sort(entries.reshape(*entries.shape[:4], 9), axis=-1)[..., 4]


@evaluate.register
def _(op: LocalContrast, x: Batch) -> Batch:
    found = padded_windows(x, op)
    if op.remove_mean is not None:
        over = (3, 4, 5) if op.remove_mean == "patch" else (4, 5)
        found = found - found.mean(axis=over, keepdims=True)
    return np.sqrt((found**2).mean(axis=(3, 4, 5)) + op.eps)[..., None]


@evaluate.register
def _(op: Divide, x: Batch, divisor: Batch) -> Batch:
    return x / divisor


@evaluate.register
def _(op: Triangle, x: Batch) -> Batch:
    z = cdist(x.reshape(-1, x.shape[-1]), op.centroids.astype(np.float64))
    triangle = np.maximum(z.mean(axis=1, keepdims=True) - z, 0)
    return triangle.reshape(*x.shape[:-1], -1)


@evaluate.register
def _(op: MaxPool, x: Batch) -> Batch:
    return pool_windows(x, op).max(axis=-1)


@evaluate.register
def _(op: MeanPool, x: Batch) -> Batch:
    return pool_windows(x, op).mean(axis=-1)


@evaluate.register
def _(op: SumPool, x: Batch) -> Batch:
    return pool_windows(x, op).sum(axis=-1)


@evaluate.register
def _(op: TentPool, x: Batch) -> Batch:
    return pool_windows(x, op) @ (op.weights.ravel() / op.weight)


@evaluate.register
def _(op: L2Pool, x: Batch) -> Batch:
    return np.sqrt((pool_windows(x, op) ** 2).sum(axis=-1))


@evaluate.register
def _(op: Hash, x: Batch) -> Batch:
    return hash_bits(x > 0, op.n_bits).astype(np.float64)


@evaluate.register
def _(op: BlockHistogram, x: Batch) -> Batch:
    return block_histogram(x, op).astype(np.float64)


@evaluate.register
def _(op: Affine, x: Batch) -> Batch:
    return x * op.factors + op.offsets


@evaluate.register
def _(op: Normalize, x: Batch) -> Batch:
    order = {"l1": 1, "l2": 2, "max": np.inf}[op.norm]
    norms = np.linalg.norm(x, ord=order, axis=1, keepdims=True)
    return x / np.where(norms == 0, 1, norms)


@evaluate.register
def _(op: Linear, x: Batch) -> Batch:
    return x @ op.weights.astype(np.float64).T + op.bias


@evaluate.register
def _(op: KernelMachine, x: Batch) -> Batch:
    return weighted_kernels(kernel_values(op, x), op) + op.intercept


def kernel_values(op: KernelMachine, x: Batch) -> Batch:
    """``K(x, s)`` for every sample and support vector."""
    vectors = op.support_vectors.astype(np.float64)
    if op.kernel == "poly":
        return (op.gamma * (x @ vectors.T) + op.coef0) ** op.degree
    metric = "cityblock" if op.kernel == "laplacian" else "sqeuclidean"
    return np.exp(-op.gamma * cdist(x, vectors, metric))


@evaluate.register
def _(op: OvoVote, x: Batch) -> Batch:
    return votes(x, op.n_classes).astype(np.float64)


@evaluate.register
def _(op: ArgMax, x: Batch) -> Batch:
    return x.argmax(axis=1).astype(np.int32)[:, None]


@evaluate.register
def _(op: Threshold, x: Batch) -> Batch:
    return (x > 0).astype(np.int32)


@evaluate.register
def _(op: Decisions, *inputs: Batch) -> Batch:
    found = []
    for run in op.runs(*(TensorSpec(x.shape[1:]) for x in inputs)):
        end = run.start + run.n_outputs * run.n_scores
        scores = inputs[run.source][:, run.start : end]
        scores = scores.reshape(len(scores), run.n_outputs, run.n_scores)
        found.append(scores[..., 0] > 0 if run.by_sign else scores.argmax(axis=2))
    return np.concatenate(found, axis=1).astype(np.int32)
