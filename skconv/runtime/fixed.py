"""The integer definition: every number of a quantised graph.

The C equals this file byte for byte, on every target. Each rounding is written down
once, here: `requantize`, `rounded_root`, `rounded_quotient`, `exp2_negative`,
`power`, and the final shift of a kernel machine's sum. All shifts are arithmetic
(towards minus infinity). Sums are exact, so their order is free.
"""

from __future__ import annotations

from dataclasses import replace
from functools import singledispatch
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.distance import cdist

from skconv.graph import (
    Abs,
    ArgMax,
    BlockHistogram,
    Concat,
    Decisions,
    Graph,
    Hash,
    Magnitude,
    MaxPool,
    Median,
    Op,
    OvoVote,
    Permute,
    QAffine,
    QConv,
    QConvHash,
    QDivide,
    QKernelMachine,
    QL2Pool,
    QLinear,
    QLocalContrast,
    QMeanPool,
    QNormalize,
    QRoot,
    QSquare,
    QTentPool,
    QTriangle,
    Relu,
    Requantization,
    Rescale,
    Reshape,
    Select,
    Sign,
    Threshold,
)
from skconv.graph.base import BOTH, TensorSpec
from skconv.graph.integer import (
    EXP2_FRACTION_BITS,
    KERNEL_FRACTION_BITS,
    NORMALIZED_FRACTION_BITS,
    POLY_BASE_BITS,
    POLY_FRACTION_BITS,
    exp2_table,
)
from skconv.runtime import reference
from skconv.runtime.windows import (
    block_histogram,
    check_batch,
    convolve,
    hash_bits,
    padded_windows,
    pool_windows,
    run_chunks,
    weighted_kernels,
)

Batch = NDArray[Any]

LN2 = 177  # The natural logarithm of 2, in parts of 256.


def run(graph: Graph, x: Batch) -> Batch:
    """Output ``(n_samples, *graph.output.shape)`` of an integer graph.

    Parameters
    ----------
    graph : Graph
        An integer graph.
    x : array-like of the input's integer type
        Samples as the device delivers them; floats go through `quantize_input` first.

    Raises
    ------
    ValueError
        Where ``x`` has another shape, or a type that is not the input's.
    """
    return tensors(graph, x, (graph.output_name,))[graph.output_name]


def tensors(graph: Graph, x: Batch, names: tuple[str, ...] | None = None) -> dict[str, Batch]:
    """Tensors of an integer graph by name: all of them, or those asked for."""
    x = check_batch(graph, x)
    if x.dtype != graph.input.dtype:
        raise ValueError(
            f"x has dtype {x.dtype}, expected {graph.input.dtype} (see quantize_input)"
        )
    names = names or tuple(graph.specs)
    specs = graph.specs
    found = run_chunks(graph, x, names, evaluate)
    return {name: found[name].astype(specs[name].dtype, copy=False) for name in names}


def quantize_input(spec: TensorSpec, x: Batch) -> Batch:
    """Numbers on the scale of the input: nearest integer, halves to even, clipped.

    Data that have the type already stay as they are.
    """
    x = np.asarray(x)
    if x.dtype == spec.dtype and spec.scale == 1.0 and not spec.scales:
        return x
    low, high = spec.limits
    flat = x.astype(np.float64).reshape(-1, spec.size)
    q = np.rint(flat / spec.outer_scale) + spec.outer_zero_point
    return np.clip(q, low, high).astype(spec.dtype).reshape(x.shape)


# ----------------------------------------------------------------------- the roundings


def requantize(accumulator: Batch, rule: Requantization) -> Batch:
    """``clip(((acc << k) * m + 2^31) >> 32)``: halves go up."""
    product = (accumulator.astype(np.int64) << rule.shift) * rule.multiplier.astype(np.int64)
    q = (product + 2**31) >> 32
    return np.clip(q, rule.minimum, rule.maximum).astype(rule.dtype)


def rounded_root(value: Batch) -> Batch:
    """Nearest integer to the square root of integers in 0 .. 2^32 - 1."""
    value = value.astype(np.int64)
    root = np.sqrt(value.astype(np.float64)).astype(np.int64)
    return root + (value - root * root > root)


def rounded_quotient(numerator: Batch, denominator: Batch) -> Batch:
    """Nearest integer to a quotient, halves up: ``floor((2 a + b) / (2 b))``, ``b > 0``."""
    return (2 * numerator + denominator) // (2 * denominator)


def exp2_negative(exponent: Batch, bits: int = EXP2_FRACTION_BITS) -> Batch:
    """``2^-u`` with 15 fraction bits, for ``u >= 0`` with 8 or more fraction bits.

    The table gives what 8 bits of the fraction do, and a truncating shift the whole part; 0
    from ``u = 16`` on. Further bits ``l`` take off ``l 2^-bits 177 / 256`` of the entry: 177 /
    256 is the logarithm of 2.
    """
    exponent = exponent.astype(np.int64)
    further = bits - EXP2_FRACTION_BITS
    whole = np.minimum(exponent >> bits, 16)
    entry = exp2_table().astype(np.int64)[(exponent >> further) & (2**EXP2_FRACTION_BITS - 1)]
    low = exponent & (2**further - 1)
    return (entry - ((entry * low * LN2 + 2 ** (bits + 7)) >> (bits + 8))) >> whole


def power(base: Batch, degree: int) -> Batch:
    """``base^degree`` with 30 fraction bits, for a base with 23; every product is rounded."""
    base = base.astype(np.int64)
    result = base << (POLY_FRACTION_BITS - POLY_BASE_BITS)
    for _ in range(degree - 1):
        result = (result * base + 2 ** (POLY_BASE_BITS - 1)) >> POLY_BASE_BITS
    return result


# ----------------------------------------------------------------------------- the ops


@singledispatch
def evaluate(op: Op, *inputs: Batch) -> Batch:
    """One op on a batch.

    An op that is the same on floats and integers is computed as on floats. What it makes of a
    number, as its negative, may not fit the type of the number, but fits 64 bits.
    """
    if op.domains != BOTH:
        raise NotImplementedError(f"{type(op).__name__} has no integer definition")
    return reference.evaluate(op, *(x.astype(np.int64) for x in inputs))


@evaluate.register(Reshape)
@evaluate.register(Permute)
@evaluate.register(Concat)
@evaluate.register(Select)
@evaluate.register(Relu)
@evaluate.register(Abs)
@evaluate.register(Sign)
@evaluate.register(MaxPool)
@evaluate.register(Median)
@evaluate.register(OvoVote)
@evaluate.register(ArgMax)
@evaluate.register(Threshold)
@evaluate.register(Decisions)
def _(op: Op, *inputs: Batch) -> Batch:
    """They choose, move or count numbers: their own type is enough."""
    return reference.evaluate(op, *inputs)


@evaluate.register
def _(op: Magnitude, x: Batch) -> Batch:
    even, odd = np.split(x.astype(np.int64), 2, axis=-1)
    return rounded_root(even * even + odd * odd)


@evaluate.register
def _(op: QConv, x: Batch) -> Batch:
    accumulators = convolve(x, op).astype(np.int64)
    if not op.shared:
        return requantize(accumulators, op.requantization)
    per_bank = accumulators.reshape(*accumulators.shape[:3], -1, len(op.weights))
    return requantize(per_bank, op.requantization).reshape(accumulators.shape)


@evaluate.register
def _(op: QConvHash, x: Batch) -> Batch:
    return hash_bits(convolve(x, op) > 0, op.n_bits)


@evaluate.register
def _(op: Hash, x: Batch) -> Batch:
    return hash_bits(x > 0, op.n_bits)


@evaluate.register
def _(op: BlockHistogram, x: Batch) -> Batch:
    return block_histogram(x, op)


@evaluate.register
def _(op: QSquare, x: Batch) -> Batch:
    return requantize(x.astype(np.int64) ** 2, op.requantization)


@evaluate.register
def _(op: QRoot, x: Batch) -> Batch:
    x = x.astype(np.int64)
    root = rounded_root(np.abs(x) << op.shift)
    return requantize(np.sign(x) * root, op.requantization)


@evaluate.register
def _(op: QMeanPool, x: Batch) -> Batch:
    return requantize(pool_windows(x, op).sum(axis=-1, dtype=np.int64), op.requantization)


@evaluate.register
def _(op: QTentPool, x: Batch) -> Batch:
    sums = pool_windows(x.astype(np.int64), op) @ op.weights.ravel()
    return requantize(sums, op.requantization)


@evaluate.register
def _(op: QL2Pool, x: Batch) -> Batch:
    squares = pool_windows(x.astype(np.int64) ** 2, op).sum(axis=-1)
    return requantize(rounded_root(squares), op.requantization)


@evaluate.register
def _(op: Rescale, x: Batch) -> Batch:
    return requantize(x, op.requantization)


@evaluate.register
def _(op: QAffine, x: Batch) -> Batch:
    return requantize(x.astype(np.int64) * op.factors + op.offsets, op.requantization)


@evaluate.register
def _(op: QLocalContrast, x: Batch) -> Batch:
    found = padded_windows(x.astype(np.int64), op)
    total = op.weight(x.shape[3]) * (found * found).sum(axis=(3, 4, 5)) + op.eps
    if op.remove_mean is not None:
        sums = found.sum(axis=(3, 4, 5) if op.remove_mean == "patch" else (4, 5))
        total -= (sums**2).reshape(*total.shape, -1).sum(axis=3)
    shifted = total >> op.shift if op.shift >= 0 else total << -op.shift
    return rounded_root(shifted)[..., None]


@evaluate.register
def _(op: QDivide, x: Batch, divisor: Batch) -> Batch:
    """The rule's multiplier over the divisor is the multiplier of every pixel."""
    rule = op.requantization
    multiplier = rounded_quotient(rule.multiplier.astype(np.int64), divisor.astype(np.int64))
    return requantize(x, replace(rule, multiplier=multiplier))


@evaluate.register
def _(op: QTriangle, x: Batch) -> Batch:
    pixels = x.reshape(-1, x.shape[-1]).astype(np.float64)
    squares = cdist(pixels, op.centroids.astype(np.float64), "sqeuclidean").astype(np.int64)
    z = rounded_root(squares)
    mean = rounded_quotient(z.sum(axis=1, keepdims=True), z.shape[1])
    triangle = requantize(np.maximum(mean - z, 0), op.requantization)
    return triangle.reshape(*x.shape[:-1], -1)


@evaluate.register
def _(op: QNormalize, x: Batch) -> Batch:
    x = x.astype(np.int64)
    if op.norm == "l2":
        norm = rounded_root((x * x).sum(axis=1, keepdims=True))
    else:
        size = np.abs(x)
        norm = (size.sum if op.norm == "l1" else size.max)(axis=1, keepdims=True)
    one = 2**NORMALIZED_FRACTION_BITS
    q = rounded_quotient(x << NORMALIZED_FRACTION_BITS, np.maximum(norm, 1))
    return np.clip(q, -one, one)


@evaluate.register
def _(op: QLinear, x: Batch) -> Batch:
    weights, bias = op.weights.astype(np.float64), op.bias.astype(np.float64)
    accumulators = (x.astype(np.float64) @ weights.T + bias).astype(np.int64)
    if op.requantization is None:
        return accumulators
    return requantize(accumulators, op.requantization)


@evaluate.register
def _(op: QKernelMachine, x: Batch) -> Batch:
    sums = _weighted(kernel_values(op, x), op) + op.intercept
    return (sums + (1 << (op.shift - 1))) >> op.shift


def _weighted(kernels: Batch, op: QKernelMachine) -> Batch:
    """`weighted_kernels` in halves, each of which float64 sums exactly."""
    high, low = kernels >> KERNEL_FRACTION_BITS, kernels & (2**KERNEL_FRACTION_BITS - 1)
    sums = weighted_kernels(high, op).astype(np.int64) << KERNEL_FRACTION_BITS
    return sums + weighted_kernels(low, op).astype(np.int64)


def kernel_values(op: QKernelMachine, x: Batch) -> Batch:
    """Kernels with ``op.fraction_bits`` of fraction, of every sample and support vector."""
    samples, vectors = x.astype(np.float64), op.support_vectors.astype(np.float64)
    if op.kernel == "poly":
        products = (samples @ vectors.T).astype(np.int64) + op.offset
        return power(requantize(products, op.exponent), op.degree)
    metric = "cityblock" if op.kernel == "laplacian" else "sqeuclidean"
    distances = cdist(samples, vectors, metric).astype(np.int64)
    return exp2_negative(requantize(distances, op.exponent), op.exponent_bits)
