"""Sixteen kernels chosen out of 256 mixed ones, against sixteen of one source.

    OMP_NUM_THREADS=1 python tests/benchmarks/bench_greedy.py

The same stage and classifier for all: soft threshold, mean over quadrants, ridge.
Fashion-MNIST, fitted on the images 0 to 9,999, scored on 50,000 to 59,999, mean of three seeds.
"""

from __future__ import annotations

import time
from collections.abc import Iterator

import numpy as np
from sklearn.linear_model import RidgeClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skconv import ConvFeatures, ConvStage
from skconv.datasets import load_fashion_mnist
from skconv.kernels import (
    GaborKernels,
    GreedyKernels,
    KMeansKernels,
    LDAKernels,
    PatchKernels,
    UnionKernels,
)
from skconv.kernels.base import KernelSource

N_KERNELS = 16
N_SEEDS = 3
TARGET = 0.5  # points


def learned(n_kernels: int, seed: int) -> Iterator[tuple[str, KernelSource]]:
    """Patches and centroids of three sizes."""
    for size in (6, 9, 12):
        patches = PatchKernels(n_kernels=n_kernels, kernel_size=size, random_state=seed)
        centroids = KMeansKernels(n_kernels=n_kernels, kernel_size=size, random_state=seed)
        yield from ((f"patches_{size}", patches), (f"kmeans_{size}", centroids))


def rivals(seed: int) -> Iterator[tuple[str, KernelSource]]:
    """Sixteen kernels of every source, and the choice of all."""
    yield from learned(N_KERNELS, seed)
    yield "gabor", GaborKernels(n_orientations=8, wavelengths=(4.5,))
    yield "lda", LDAKernels(n_kernels=N_KERNELS)
    mixed = [*learned(32, seed), ("gabor", GaborKernels()), ("lda", LDAKernels(n_kernels=16))]
    yield (
        "greedy",
        GreedyKernels(
            source=UnionKernels(sources=mixed),
            n_kernels=N_KERNELS,
            max_samples=10_000,
            random_state=seed,
        ),
    )


def accuracy_of(source: KernelSource) -> float:
    X, y = load_fashion_mnist()
    stage = ConvStage(kernels=source, nonlinearity="soft_threshold", pool_size="quadrants")
    pipe = make_pipeline(ConvFeatures([stage]), StandardScaler(), RidgeClassifier(alpha=30.0))
    return float(pipe.fit(X[:10_000], y[:10_000]).score(X[50_000:], y[50_000:]))


def main() -> None:
    accuracies: dict[str, list[float]] = {}
    for seed in range(N_SEEDS):
        for name, source in rivals(seed):
            start = time.perf_counter()
            accuracies.setdefault(name, []).append(accuracy_of(source))
            seconds = time.perf_counter() - start
            print(f"seed {seed}, {name}: {accuracies[name][-1]:.4f}, {seconds:.0f} s", flush=True)
    means = {name: float(np.mean(values)) for name, values in accuracies.items()}
    greedy = means.pop("greedy")
    best = max(means, key=lambda name: means[name])
    gain = 100 * (greedy - means[best])
    print(f"greedy choice {greedy:.4f}, best single source ({best}) {means[best]:.4f}")
    print(f"gain {gain:+.2f} points, target {TARGET:+.1f}")


if __name__ == "__main__":
    main()
