"""Every source of kernels, with every nonlinearity and pooling: C gives the same bytes."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from itertools import product
from typing import Any

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.decomposition import FastICA

from skconv import ConvFeatures, ConvStage, QuantizedFeatures
from skconv.datasets import load_digits
from skconv.emulator import tools
from skconv.export.specialize import specialize
from skconv.features.stages import NONLINEARITY_NAMES, POOLS
from skconv.graph import Quantized
from skconv.kernels import (
    ArrayKernels,
    AutoencoderKernels,
    DecompositionKernels,
    FixedKernels,
    GaborKernels,
    GreedyKernels,
    KMeansKernels,
    LDAKernels,
    MimicKernels,
    ModulatedKernels,
    PatchKernels,
    PCAKernels,
    PretrainedKernels,
    RandomKernels,
    UnionKernels,
)
from skconv.passes.fuse import fuse
from skconv.targets import get_target
from tests import exactness
from tests.many_graphs import Case, differences, program


def rises(maps: Any) -> Any:
    """Activations: how much lighter a pixel is than its four neighbours."""
    first = maps[..., :1].astype(np.float64)
    shifts = ((1, 1), (-1, 1), (1, 2), (-1, 2))
    return np.concatenate([np.maximum(first - np.roll(first, *s), 0) for s in shifts], axis=3)


WEIGHTS = np.random.default_rng(0).normal(size=(4, 1, 3, 3))
SMALL: dict[str, Any] = {"n_kernels": 4, "kernel_size": 3}
SOURCES: dict[str, Any] = {
    "array": ArrayKernels(kernels=WEIGHTS.transpose(0, 2, 3, 1), biases=[1, -1, 0, 2]),
    "autoencoder": AutoencoderKernels(**SMALL, n_epochs=2, random_state=0),
    "decomposition": DecompositionKernels(
        estimator=FastICA(4, whiten="unit-variance", max_iter=1000), kernel_size=3, random_state=0
    ),
    "fixed": FixedKernels(names=["sobel", "gauss_5"]),
    "gabor": GaborKernels(n_orientations=2, wavelengths=(3.0,), kernel_size=3),
    "greedy": GreedyKernels(
        source=PatchKernels(n_kernels=8, kernel_size=3, random_state=0), n_kernels=4, random_state=0
    ),
    "kmeans": KMeansKernels(**SMALL, random_state=0),
    "lda": LDAKernels(**SMALL),
    "mimic": MimicKernels(teacher=rises, n_kernels=4, kernel_size=3),
    "modulated": ModulatedKernels(source=PatchKernels(n_kernels=2, kernel_size=3, random_state=0)),
    "patches": PatchKernels(**SMALL, random_state=0),
    "pca": PCAKernels(**SMALL),
    "pretrained": PretrainedKernels(weights={"a.weight": WEIGHTS}, layer="a", mean=2, std=8),
    "random": RandomKernels(**SMALL, random_state=0),
    "union": UnionKernels(
        sources=[
            ("a", FixedKernels(names="laplace")),
            ("b", RandomKernels(**SMALL, random_state=1)),
        ]
    ),
}
POOL_SIZES = (3, "global", "quadrants", "pyramid", (2, 5), None)
X, y = load_digits()
X, y = X[:100].astype(np.uint8), y[:100]


def quantized(*stages: ConvStage) -> Any:
    return QuantizedFeatures(ConvFeatures(list(stages))).fit(X, y)


def case(name: str, *stages: ConvStage) -> Case:
    (node,) = quantized(*stages).graph_.nodes
    assert isinstance(node.op, Quantized)
    return Case(name, node.op.graph, fuse(node.op.graph))


@cache
def fitted(source: str) -> ArrayKernels:
    """The kernels of a source, learnt once."""
    found = clone(SOURCES[source]).fit(X[..., None], y)
    return ArrayKernels(kernels=found.kernels_, biases=found.biases_)


@cache
def every_triple() -> list[Case]:
    triples = product(SOURCES, sorted(NONLINEARITY_NAMES), POOLS)
    return [
        case(
            f"{source}_{nonlinearity}_{pool}",
            ConvStage(
                kernels=fitted(source),
                nonlinearity=nonlinearity,
                pool=pool,  # type: ignore[arg-type]
                pool_size=POOL_SIZES[(i + i // 24) % len(POOL_SIZES)],
            ),
        )
        for i, (source, nonlinearity, pool) in enumerate(triples)
    ]


@cache
def deeper() -> list[Case]:
    """Every source as the second of two stages."""
    first = ConvStage(kernels=fitted("patches"))
    return [
        case(f"{name}_deeper", first, ConvStage(kernels=source, pool="max", pool_size="pyramid"))
        for name, source in SOURCES.items()
        if name not in ("array", "pretrained")  # made for one channel
    ]


@cache
def triangles() -> list[Case]:
    """The triangle, which goes with k-means alone, in front and behind another stage."""
    first = ConvStage(kernels=fitted("patches"))
    return [
        case(
            f"triangle_{pool}_{len(front)}",
            *front,
            ConvStage(
                kernels=SOURCES["kmeans"],
                nonlinearity="triangle",
                pool=pool,  # type: ignore[arg-type]
                pool_size="quadrants",
            ),
        )
        for pool in POOLS
        for front in ((), (first,))
    ]


def test_every_nonlinearity_and_pool_comes_with_every_size_of_windows():
    shapes = {(case.name.split("_", 1)[1], case.graph.output.shape) for case in every_triple()}
    n_pairs = len(NONLINEARITY_NAMES) * len(POOLS)
    assert len(every_triple()) == len(SOURCES) * n_pairs
    assert len(shapes) >= n_pairs * (len(POOL_SIZES) - 1)


@pytest.mark.needs("cc")
def test_on_this_machine(tmp_path):
    cases = [*every_triple(), *deeper(), *triangles()]
    output = exactness.output_on_host(program(cases, host=True), ("-O0",), tmp_path)
    if text := differences(cases, output):
        pytest.fail(text, pytrace=False)


@pytest.mark.slow
@pytest.mark.needs(*tools("cortex-m4"))
def test_on_cortex_m4():
    target = get_target("cortex-m4")
    cases = [
        replace(case, special=specialize(case.special, target, "speed"))
        for case in (*every_triple(), *deeper(), *triangles())
    ]
    output = exactness.output_on_target(program(cases, host=False), "cortex-m4", ("-Os",))
    if text := differences(cases, output):
        pytest.fail(text, pytrace=False)
