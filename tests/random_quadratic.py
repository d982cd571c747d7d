"""Random scores that fall with a squared distance, for random graphs and for those of C tests."""

from __future__ import annotations

import numpy as np

from skconv.graph import (
    Graph,
    QDiagonalSquares,
    QGroupedSquares,
    QLogSumExp,
    QSoftmax,
    Softmax,
    TensorSpec,
)
from skconv.graph.integer import Requantization
from skconv.graph.limits import INT16_MAX
from skconv.graph.quadratic import largest_term
from skconv.passes.lower_probabilities import integer_probabilities

LARGEST_OFFSET = 2**44


def grouped_squares(rng: np.random.Generator, x: TensorSpec, n_scores: int) -> QGroupedSquares:
    """``n_scores`` divides the size of ``x``."""
    bits = int(x.size * max(x.magnitude, 1) ** 2 // n_scores).bit_length()
    return QGroupedSquares(*_scores(rng, n_scores, bits), scale=0.5, relative=_coin(rng))


def diagonal_squares(rng: np.random.Generator, x: TensorSpec, n_scores: int) -> QDiagonalSquares:
    """Factors and biases as large as the sums allow, or small."""
    room = largest_term(x.size)
    most = min(INT16_MAX, room // (2 * max(x.magnitude, 1)), int(rng.choice([20, INT16_MAX])))
    factors = rng.integers(-most, most + 1, (n_scores, x.size)).astype(np.int16)
    largest = min(room - most * x.magnitude, 20 * most * max(x.magnitude, 1))
    biases = rng.integers(-largest, largest + 1, (n_scores, x.size)).astype(np.int32)
    bits = int(x.size * (most * x.magnitude + largest) ** 2).bit_length()
    scores = _scores(rng, n_scores, bits)
    return QDiagonalSquares(*scores, scale=0.5, relative=_coin(rng), factors=factors, biases=biases)


def _coin(rng: np.random.Generator) -> bool:
    return bool(rng.integers(2))


def _scores(rng: np.random.Generator, n_scores: int, bits: int) -> tuple[np.ndarray, np.ndarray]:
    """Offsets, and shifts that leave scores of 20 to 36 bits of sums of so many bits."""
    offsets = rng.integers(-LARGEST_OFFSET, LARGEST_OFFSET + 1, n_scores)
    if rng.integers(2):
        offsets >>= 24
    shifts = np.clip(bits - rng.integers(20, 37, n_scores), 0, 61)
    return offsets, shifts.astype(np.uint8)


def fits_log_sum_exp(x: TensorSpec) -> bool:
    return len(x.shape) == 1 and x.dtype == "int32" and x.size > 1 and x.magnitude <= 2**30


def log_sum_exp(rng: np.random.Generator, x: TensorSpec) -> QLogSumExp:
    """Scores are natural logarithms on some scale, that of the tensor or another."""
    scale = 2.0 ** -int(rng.integers(0, 20))
    powers = integer_probabilities(Softmax(), TensorSpec(x.shape, "int32", scale, *x.limits))
    assert isinstance(powers, QSoftmax)
    bits = x.size.bit_length()
    multiplier = np.array([rng.integers(1, 2**31)], np.int32)
    shift = 31 - (bits << 16).bit_length()
    rule = Requantization(multiplier, shift, 1.0, "int32", 0, 2**28)
    return QLogSumExp(powers.shift, powers.limit, powers.exponent, rule)


def add_quadratic(graph: Graph, rng: np.random.Generator, source: str) -> Graph:
    """Scores of two classes and three, and the logarithms of their sums."""
    x = graph.specs[source]
    for n_scores in (1, 2, 3):
        graph = graph.append(diagonal_squares(rng, x, n_scores), source)
        if x.size % n_scores == 0:
            graph = graph.append(grouped_squares(rng, x, n_scores), source)
        if fits_log_sum_exp(graph.output):
            graph = graph.append(log_sum_exp(rng, graph.output))
    return graph


def squares_of_seed(seed: int) -> Graph:
    """Scores of axes or of groups, on inputs of each type, and the logarithm of their sum."""
    rng = np.random.default_rng(seed)
    dtype = ("uint8", "int8", "int16")[seed % 3]
    n_scores = int(rng.integers(1, 5))
    x = TensorSpec((n_scores * int(rng.integers(1, 20)),), dtype)
    make = (diagonal_squares, grouped_squares)[seed // 3 % 2]
    graph = Graph(x).append(make(rng, x, n_scores))
    return graph.append(log_sum_exp(rng, graph.output)) if fits_log_sum_exp(graph.output) else graph
