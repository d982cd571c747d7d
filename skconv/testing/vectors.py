"""Example graphs of ops on vectors, and of weights of few levels."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from skconv.graph import (
    Abs,
    Affine,
    ArgMax,
    Concat,
    Decisions,
    DiagonalSquares,
    Graph,
    GroupedSquares,
    LogSumExp,
    MaxPool,
    MeanPool,
    Normalize,
    OvoVote,
    PairConfidence,
    Relu,
    Reshape,
    Select,
    Shares,
    Sigmoids,
    Softmax,
    Threshold,
    Winner,
    verify,
)
from skconv.testing.parts import chain, conv, few_levels, kernel_machine, linear, pruned


def vector_examples(rng: np.random.Generator) -> dict[str, Graph]:
    coefficients = np.linspace(-1, 1, 45, dtype=np.float32).reshape(3, 15)
    return {
        "scaler": chain(
            Affine(np.linspace(0.1, 2, 12, dtype="f4"), np.linspace(-1, 1, 12, dtype="f4")),
            Select(np.array([0, 3, 4, 11], np.uint16)),
            linear(rng, 3, 4),
            ArgMax(),
            shape=(12,),
        ),
        **{
            f"normalize {norm}": chain(Normalize(norm), linear(rng, 1, 9), Threshold(), shape=(9,))
            for norm in ("l1", "l2", "max")
        },
        **{
            kernel: chain(kernel_machine(rng, kernel, 7), OvoVote(3), ArgMax(), shape=(7,))
            for kernel in ("laplacian", "rbf", "poly")
        },
        **{
            f"{kernel} scores": chain(
                replace(kernel_machine(rng, kernel, 7), dual_coef=coefficients, n_support=()),
                ArgMax(),
                shape=(7,),
            )
            for kernel in ("laplacian", "poly")
        },
        **{
            f"{type(op).__name__.lower()} of {n_scores} scores": chain(
                linear(rng, n_scores, 9), op, linear(rng, 2, max(2, n_scores)), ArgMax(), shape=(9,)
            )
            for op in (Softmax(0.5), Sigmoids(), Shares(0.25))
            for n_scores in (1, 3)
        },
        "votes of pairs": chain(
            linear(rng, 6, 9), PairConfidence(4, first_is_positive=False), ArgMax(), shape=(9,)
        ),
        **{
            f"vote of {n_scores} scores": chain(
                linear(rng, n_scores, 9), Winner(), linear(rng, 3, max(2, n_scores)), shape=(9,)
            )
            for n_scores in (1, 3)
        },
        "two layers": chain(linear(rng, 24, 12), linear(rng, 5, 24), ArgMax(), shape=(12,)),
    }


def quadratic_examples(rng: np.random.Generator) -> dict[str, Graph]:
    """Scores that fall with a squared distance: of axes or groups, of two classes or three."""

    def offsets(n: int) -> np.ndarray:
        return rng.normal(size=n).astype(np.float32)

    def diagonal(n_scores: int, n_features: int, relative: bool) -> DiagonalSquares:
        shape = n_scores, n_features
        factors = rng.uniform(0.2, 1.5, shape).astype(np.float32)
        biases = rng.normal(size=shape).astype(np.float32)
        return DiagonalSquares(offsets(n_scores), relative, factors=factors, biases=biases)

    return {
        "three classes of axes": chain(diagonal(3, 7, True), ArgMax(), shape=(7,)),
        "two classes of axes": chain(diagonal(2, 4, True), Threshold(), shape=(4,)),
        "mixture of axes": chain(linear(rng, 5, 6), diagonal(3, 5, False), LogSumExp(), shape=(6,)),
        "three classes": chain(
            linear(rng, 15, 7), GroupedSquares(offsets(3), True), ArgMax(), shape=(7,)
        ),
        "two classes": chain(
            linear(rng, 6, 3), GroupedSquares(offsets(2), True), Threshold(), shape=(3,)
        ),
        "mixture": chain(linear(rng, 8, 4), GroupedSquares(offsets(2)), LogSumExp(), shape=(4,)),
        "outlier": chain(linear(rng, 4, 4), GroupedSquares(offsets(1)), Threshold(), shape=(4,)),
    }


def few_level_examples(rng: np.random.Generator) -> dict[str, Graph]:
    return {
        "layers of few levels": chain(
            few_levels(rng, 24, 12, 7),
            few_levels(rng, 2, 24, 3),
            few_levels(rng, 7, 2, 1),
            ArgMax(),
            shape=(12,),
        ),
        **{
            f"head of {2 * levels + 1} levels": chain(
                conv(rng, (4, 3, 3, 2)),
                Relu(),
                MeanPool((2, 2), (2, 2)),
                Reshape((48,)),
                few_levels(rng, 7 - levels, 48, levels),
                ArgMax(),
            )
            for levels in (1, 3)
        },
        "pruned layers": chain(
            pruned(linear(rng, 24, 48), 5),
            pruned(few_levels(rng, 5, 24, 3), 3),
            ArgMax(),
            shape=(48,),
        ),
        "pruned head": chain(
            conv(rng, (4, 3, 3, 2)),
            Relu(),
            MeanPool((2, 2), (2, 2)),
            Reshape((48,)),
            pruned(linear(rng, 4, 48), 5),
            ArgMax(),
        ),
        "binary head of 15 levels": chain(
            conv(rng, (4, 3, 3, 2)),
            Abs(),
            MeanPool((2, 2), (2, 2)),
            Reshape((48,)),
            few_levels(rng, 1, 48, 7),
            Threshold(),
        ),
    }


def union_example(rng: np.random.Generator) -> Graph:
    graph = chain(conv(rng, (2, 3, 3, 2)), MaxPool((6, 8), (6, 8)), Reshape((2,)))
    first = graph.output_name
    graph = graph.append(conv(rng, (3, 8, 10, 2)), "input").append(Reshape((3,)))
    graph = graph.append(Concat(), first, graph.output_name)
    return verify(graph.append(linear(rng, 1, 5)).append(Threshold()))


def several_outputs_example(rng: np.random.Generator) -> Graph:
    """Two outputs by the sign of a score, two of three classes each, and one by its largest."""
    graph = chain(linear(rng, 8, 6), shape=(6,))
    two, three = np.array(["no", "yes"]), np.array([1, 2, 3])
    graph = graph.append(linear(rng, 2, 6), "input")
    op = Decisions((two, two, three, three, two), (1, 1, 3, 3, 2))
    return verify(graph.append(op, graph.nodes[0].name, graph.output_name))
