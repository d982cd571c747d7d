"""Accuracy of random and Gabor features beside its target, on Fashion-MNIST's train images.

    OMP_NUM_THREADS=1 python tests/benchmarks/bench_accuracy_random_gabor.py

Fitted on the images 0 to 9,999, scored on 50,000 to 59,999.
"""

from __future__ import annotations

import time

import numpy as np
from sklearn.decomposition import PCA
from sklearn.linear_model import RidgeClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from skconv import GaborFeatures, RandomConvFeatures
from skconv.datasets import load_fashion_mnist


def random_ridge(seed: int) -> Pipeline:
    """64 random 7x7 kernels, square, L2 pool 7 stride 3; alpha is a third of the features."""
    features = RandomConvFeatures(pool_stride=3, random_state=seed)
    return make_pipeline(features, StandardScaler(), RidgeClassifier(alpha=2304 / 3))


def gabor_svc() -> Pipeline:
    """8 orientations x 3 wavelengths, energy, mean pool 7/7, all defaults."""
    return make_pipeline(GaborFeatures(), PCA(200, random_state=0), SVC(C=10))


def main() -> None:
    X, y = load_fashion_mnist()

    def score(model: Pipeline) -> float:
        return model.fit(X[:10_000], y[:10_000]).score(X[50_000:], y[50_000:])

    start = time.perf_counter()
    scores = [score(random_ridge(seed)) for seed in range(5)]
    print(
        f"random + ridge, 5 seeds: {np.mean(scores):.4f} (sd {np.std(scores):.4f}), "
        f"target .860, {time.perf_counter() - start:.0f} s",
        flush=True,
    )
    start = time.perf_counter()
    accuracy = score(gabor_svc())
    print(f"gabor + SVC: {accuracy:.4f}, target .875, {time.perf_counter() - start:.0f} s")


if __name__ == "__main__":
    main()
