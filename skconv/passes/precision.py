"""How much the decisions of a layer suffer where its input is rounded to 8 bits.

Rounding to a step makes independent errors of variance ``step^2 / 12``. The weights, or the
support vectors, tell what these errors do to a score or to a kernel.
"""

from __future__ import annotations

from dataclasses import replace
from functools import singledispatch
from math import isqrt, sqrt

import numpy as np
from scipy.spatial.distance import cdist

from skconv.graph import Distances, KernelMachine, Linear, Op
from skconv.graph.limits import ACCUMULATOR_MAX, INT8_MAX, INT16_MAX
from skconv.graph.neighbours import Neighbours, Prototypes
from skconv.passes.calibrate import Range
from skconv.passes.scales import integer_spec
from skconv.runtime import reference

# For a linear layer, noise is a share of the range of all outputs. For a kernel machine, it is a
# share of the spread of decisions, on samples that are hard to tell apart.
MOST_SCORE_NOISE = 0.01
MOST_LOGIT_NOISE = 0.1
MOST_KERNEL_NOISE = 0.25
# Of scores that share the vectors: no votes of other pairs make up for an error.
MOST_SHARED_NOISE = 0.05
# Of a single result that all vectors share: the value of a regression, or the score of a
# detector, whose support vectors lie on its border.
MOST_VALUE_NOISE = 0.02
# A few large values dominate the spread of polynomials, and others must still be told apart.
MOST_POLY_NOISE = 0.02
MOST_SAMPLES = 200
# Of neighbours, a share of the spread of what they say; 0.1 is one vote in 200 that differs.
MOST_NEIGHBOUR_NOISE = 0.1
# Of the distance between the two prototypes that are nearest to each other.
MOST_DISTANCE_NOISE = 0.01


def limit(op: Op, read: Range, yielded: Range, are_logits: bool = False) -> int:
    """The largest integer that a `Linear` or a `KernelMachine` wants to read.

    127 where rounding to 8 bits makes no difference, else as large as int32 sums allow. With
    ``are_logits`` scores become probabilities, and a few large scores excuse no error.
    """
    step = integer_spec((1,), *read, INT8_MAX).scale
    if are_logits and isinstance(op, Linear):
        yielded = (0.0, min(yielded[1] - yielded[0], MOST_LOGIT_NOISE / MOST_SCORE_NOISE))
    return INT8_MAX if eight_bits_do(op, step, yielded) else max(INT8_MAX, most(op, read))


@singledispatch
def eight_bits_do(op: Op, step: float, yielded: Range) -> bool:
    """Whether inputs may be rounded to a step."""
    raise TypeError(f"op is a {type(op).__name__}, expected a Linear or a KernelMachine")


@eight_bits_do.register
def _(op: Linear, step: float, yielded: Range) -> bool:
    if _only_adds(op):
        return False
    low, high = yielded
    noise = step / sqrt(12) * np.linalg.norm(op.weights.astype(np.float64), axis=1)
    return float(noise.max()) <= MOST_SCORE_NOISE * (high - low)


def _only_adds(op: Linear) -> bool:
    """Whether a layer adds some of what it reads, so that equal sums may stay equal."""
    return bool(np.isin(op.weights, (0, 1)).all())


@eight_bits_do.register
def _(op: KernelMachine, step: float, yielded: Range) -> bool:
    if op.kernel == "poly":
        most = MOST_POLY_NOISE
    elif op.n_support:
        most = MOST_KERNEL_NOISE
    else:
        most = MOST_VALUE_NOISE if op.n_results == 1 else MOST_SHARED_NOISE
    return kernel_noise(op, step) <= most


def kernel_noise(op: KernelMachine, step: float) -> float:
    """The error of decisions on rounded inputs, as a share of their spread, for the worst result.

    The support vectors serve as samples: they are those that are hard to tell apart.
    """
    vectors = op.support_vectors.astype(np.float64)
    samples = vectors[np.linspace(0, len(vectors) - 1, min(MOST_SAMPLES, len(vectors))).astype(int)]
    rounded = replace(op, support_vectors=step * np.rint(vectors / step))
    scores = reference.evaluate(op, samples)
    error = reference.evaluate(rounded, step * np.rint(samples / step)) - scores
    noise, spread = np.sqrt((error**2).mean(axis=0)), scores.std(axis=0)
    return float((noise / np.maximum(spread, 1e-300)).max())


@eight_bits_do.register
def _(op: Distances, step: float, yielded: Range) -> bool:
    """Whether noise along the line between two prototypes is small beside its length.

    Only where the nearest is asked for: a layer may subtract distances that are much alike.
    """
    if not op.negated:
        return False
    prototypes = np.unique(op.prototypes.astype(np.float64), axis=0)
    if len(prototypes) < 2:
        return True
    nearest = min(
        cdist(prototypes[i : i + 1], prototypes[:i]).min() for i in range(1, len(prototypes))
    )
    return step / sqrt(12) <= MOST_DISTANCE_NOISE * nearest


@eight_bits_do.register
def _(op: Neighbours, step: float, yielded: Range) -> bool:
    """Whether the other prototypes say the same of some of them, all of them rounded."""
    n = len(op.prototypes)
    asked = np.unique(np.linspace(0, n - 1, min(MOST_SAMPLES, max(1, n // 4))).astype(int))
    others = np.setdiff1d(np.arange(n), asked)
    if len(others) < op.k:
        return False
    kept = op.of(others)
    samples = op.prototypes[asked].astype(np.float64)
    rounded = replace(kept, prototypes=step * np.rint(kept.prototypes / step))
    said = reference.evaluate(kept, samples)
    error = reference.evaluate(rounded, step * np.rint(samples / step)) - said
    return float(np.sqrt((error**2).mean())) <= MOST_NEIGHBOUR_NOISE * float(said.std())


@singledispatch
def most(op: Op, read: Range) -> int:
    """The largest integer with which sums fit int32, and weights keep enough of their bits."""
    return INT16_MAX


@most.register
def _(op: Linear, read: Range) -> int:
    """What is left for weights: inputs and weights have about as many bits."""
    return min(INT16_MAX, isqrt(2 * ACCUMULATOR_MAX // op.weights.shape[1]))


@most.register
def _(op: Prototypes, read: Range) -> int:
    n_features = op.prototypes.shape[1]
    if op.metric == "l1":
        return _largest_of_l1(n_features)
    return min(INT16_MAX, isqrt((ACCUMULATOR_MAX - 1) // (4 * n_features)))


def _largest_of_l1(n_features: int) -> int:
    return min(INT16_MAX, (ACCUMULATOR_MAX - 1) // n_features // 2)


@most.register
def _(op: KernelMachine, read: Range) -> int:
    n_features = op.support_vectors.shape[1]
    if op.kernel == "laplacian":
        return _largest_of_l1(n_features)
    # Of a polynomial kernel `coef0` takes a part of the sum.
    largest = max(*read, -min(read))
    parts = n_features * 4.0
    if op.kernel == "poly" and largest > 0:
        parts += 4 * abs(op.coef0) / (op.gamma * largest**2)
    return min(INT16_MAX, isqrt(int(ACCUMULATOR_MAX / parts)))
