"""Example graphs of separable convolutions."""

from __future__ import annotations

from typing import Any

import numpy as np

from skconv.graph import (
    Abs,
    Factors,
    Graph,
    MaxPool,
    MeanPool,
    Relu,
    SeparableConv,
)
from skconv.testing.parts import chain


def factors(
    rng: np.random.Generator,
    shape: tuple[int, int, int, int],
    n_columns: int = 3,
    groups: int = 1,
    largest: int = 20,
) -> Factors:
    """One to three terms for every kernel of a shape, with few columns for all of them."""
    n_kernels, height, width, depth = shape
    columns = rng.integers(-largest, largest + 1, (n_columns, height))
    rows = rng.integers(-127, 128, (n_kernels, 3, width))
    return Factors.of(
        [
            [
                (kernel * groups // n_kernels * depth + int(rng.integers(depth)), columns[c], row)
                for row in rows[kernel, : rng.integers(1, 4)]
                for c in [rng.integers(n_columns)]
            ]
            for kernel in range(n_kernels)
        ]
    )


def separable(
    rng: np.random.Generator, found: Factors, depth: int, groups: int = 1, **geometry: Any
) -> SeparableConv:
    """A convolution with these factors, in random scales, and random biases."""
    whole = found.weights(groups, depth)
    scales = rng.uniform(0.1, 1, len(whole))[:, None, None, None] / max(1, np.abs(whole).max())
    bias = rng.normal(size=len(whole)).astype(np.float32)
    weights = (whole * scales).astype(np.float32)
    return SeparableConv(weights, bias, groups=groups, factors=found, **geometry)


def separable_examples(rng: np.random.Generator) -> dict[str, Graph]:
    around = ((1, 1), (2, 1))
    large = factors(rng, (3, 3, 3, 1), largest=127)
    return {
        "separable": chain(
            separable(rng, factors(rng, (5, 3, 4, 2)), 2, padding=around),
            Abs(),
            MeanPool((2, 2), (2, 2)),
        ),
        "separable steps": chain(
            separable(rng, factors(rng, (4, 3, 2, 2)), 2, stride=(2, 1), dilation=(1, 2)),
            MaxPool((2, 3), (1, 2)),
        ),
        "separable groups": chain(
            separable(rng, factors(rng, (4, 2, 3, 1), groups=2), 1, groups=2),
            Relu(),
            separable(rng, factors(rng, (3, 3, 3, 4), 7), 4, padding=around, pad_mode="circular"),
        ),
        "separable image": chain(
            separable(rng, large, 1, padding=((1, 1), (1, 1))),
            Abs(),
            MeanPool((3, 3), (3, 3)),
            shape=(9, 12, 1),
        ),
    }
