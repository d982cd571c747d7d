"""Stages with every source of kernels, every nonlinearity and every pooling, in integers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cache
from itertools import cycle, product
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import clone
from sklearn.decomposition import FastICA

from skconv import ConvFeatures, ConvStage, QuantizedFeatures
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
    UniversalKernels,
)
from skconv.stages.spec import NONLINEARITY_NAMES, PARAMETRIC_NAMES, POOLS
from skconv.target.targets import get_target
from tests.many_graphs import Case
from tests.selecting import fastest, fuse


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
    "universal": UniversalKernels(n_kernels=4),
    "union": UnionKernels(
        sources=[
            ("a", FixedKernels(names="laplace")),
            ("b", RandomKernels(**SMALL, random_state=1)),
        ]
    ),
}
PLAIN: dict[str, dict[str, Any]] = {
    name: {"nonlinearity": name} for name in sorted(NONLINEARITY_NAMES)
}
# What a stage has parameters for.
OPTIONS: dict[str, dict[str, Any]] = {
    **{name: {"nonlinearity": name} for name in sorted(PARAMETRIC_NAMES)},
    "clip": {"nonlinearity": "clip", "limits": (-2, 5)},
    "contrast": {"contrast_eps": 0.1},
    "contrast_abs": {"contrast_eps": 0.01, "nonlinearity": "abs", "stride": 2},
    "root": {"root": True},
    "root_of_signed": {"root": True, "nonlinearity": "identity"},
}
POOL_SIZES = (3, "global", "quadrants", "pyramid", (2, 4), None)


class Walk:
    """Stages learnt from images ``(n_samples, height, width)`` of bytes, as integer graphs.

    Where `images` are given, the cases run on them, else on made numbers.
    """

    def __init__(
        self, X: NDArray[np.uint8], y: NDArray[Any], images: NDArray[np.uint8] | None = None
    ) -> None:
        self.X, self.y, self.images = X, y, images
        self.fitted = cache(self._fitted)

    def _fitted(self, source: str) -> ArrayKernels:
        """The kernels of a source, learnt once."""
        found = clone(SOURCES[source]).fit(self.X[..., None], self.y)
        return ArrayKernels(kernels=found.kernels_, biases=found.biases_)

    def quantized(self, *stages: ConvStage) -> Any:
        return QuantizedFeatures(ConvFeatures(list(stages))).fit(self.X, self.y)

    def case(self, name: str, *stages: ConvStage) -> Case:
        (node,) = self.quantized(*stages).graph_.nodes
        assert isinstance(node.op, Quantized)
        return Case(name, node.op.graph, fuse(node.op.graph), self.images)

    def plain(self) -> Iterator[Case]:
        """Every source, with every nonlinearity and every pooling."""
        return self._triples(product(SOURCES, PLAIN, POOLS), PLAIN)

    def options(self) -> Iterator[Case]:
        """Every source, with all that a stage has parameters for and every pooling."""
        return self._triples(product(SOURCES, OPTIONS, POOLS), OPTIONS)

    def some_options(self) -> Iterator[Case]:
        """The same, with one pooling each in turn."""
        pairs = product(SOURCES, OPTIONS)
        triples = ((*pair, pool) for pair, pool in zip(pairs, cycle([*POOLS, "max"])))
        return self._triples(triples, OPTIONS)

    def _triples(self, triples: Any, parameters: dict[str, dict[str, Any]]) -> Iterator[Case]:
        for i, (source, name, pool) in enumerate(triples):
            stage = ConvStage(
                kernels=self.fitted(source),
                pool=pool,
                pool_size=POOL_SIZES[(i + i // 24) % len(POOL_SIZES)],
            )
            yield self.case(f"{source}_{name}_{pool}", stage.set_params(**parameters[name]))

    def deeper(self) -> Iterator[Case]:
        """Every source, and all that a stage has parameters for, as the second of two stages."""
        first = ConvStage(kernels=self.fitted("patches"))
        for name, source in SOURCES.items():
            if name not in ("array", "pretrained"):  # made for one channel
                stage = ConvStage(kernels=source, pool="max", pool_size="pyramid")
                yield self.case(f"{name}_deeper", first, stage)
        for pool, (name, parameters) in zip(cycle(POOLS), OPTIONS.items()):
            stage = ConvStage(kernels=SOURCES["patches"], pool=pool, pool_size="quadrants")
            yield self.case(f"{name}_deeper", first, stage.set_params(**parameters))

    def triangles(self) -> Iterator[Case]:
        """The triangle, which goes with k-means alone, in front and behind another stage."""
        first = ConvStage(kernels=self.fitted("patches"))
        for pool in POOLS:
            for front in ((), (first,)):
                stage = ConvStage(
                    kernels=SOURCES["kmeans"],
                    nonlinearity="triangle",
                    pool=pool,  # type: ignore[arg-type]
                    pool_size="quadrants",
                )
                yield self.case(f"triangle_{pool}_{len(front)}", *front, stage)


def specialized(cases: Sequence[Case], target: str) -> list[Case]:
    """The cases with the routines of a target in them."""
    return [
        replace(case, special=fastest(case.special, get_target(target), "speed")) for case in cases
    ]
