"""Students of pretrained layers beside whitened patches, on Fashion-MNIST.

    OMP_NUM_THREADS=1 python tests/benchmarks/bench_mimic.py

Fitted on the images 0 to 1,999, scored on 50,000 to 51,999: one stage of so many kernels 7x7,
soft threshold, means of 8x8, StandardScaler, LogisticRegression. The same head on the teacher's
own layer (means of 4x4 windows) says what there is to be learnt. Patches depend on chance: the
mean of three seeds.
"""

from __future__ import annotations

import time
from typing import Any

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from skconv import ConvFeatures, ConvStage, PretrainedFeatures
from skconv.datasets import load_fashion_mnist
from skconv.kernels import MimicKernels, PatchKernels

SIZE = 7
TEACHERS: tuple[tuple[str, str, int | None], ...] = (
    ("uspsnet", "features.3", None),
    ("uspsnet", "features.5", None),
    ("efficientnet_lite0", "_blocks.0", 56),
    ("efficientnet_lite0", "_blocks.2", 112),
    ("efficientnet_lite0", "_blocks.4", 112),
)


def classifier(features: Any) -> Pipeline:
    head = LogisticRegression(C=0.01, max_iter=500)
    return make_pipeline(features, StandardScaler(), head)


def stage(source: Any) -> ConvFeatures:
    return ConvFeatures([ConvStage(kernels=source, pool_size=8, pool_stride=4)])


def teacher(model: str, layer: str, size: int | None, pool: str | None) -> PretrainedFeatures:
    return PretrainedFeatures(model, layer=layer, pool=pool, input_size=size)


def main() -> None:
    X, y = load_fashion_mnist()
    fit, held_out = (X[:2000], y[:2000]), (X[50_000:52_000], y[50_000:52_000])
    for name in TEACHERS:
        accuracy = classifier(teacher(*name, "4x4")).fit(*fit).score(*held_out)
        print(f"{name[0]} {name[1]} itself: {accuracy:.4f}", flush=True)
    for n_kernels in (16, 32):
        banks = [
            PatchKernels(n_kernels=n_kernels, kernel_size=SIZE, random_state=s) for s in (0, 1, 2)
        ]
        scores = [classifier(stage(bank)).fit(*fit).score(*held_out) for bank in banks]
        print(f"{n_kernels} whitened patches: {np.mean(scores):.4f}, {scores}", flush=True)
        for name in TEACHERS:
            own = teacher(*name, None)
            n_outputs = next(one.shape[2] for one in own.fit(X[:1]).layers() if str(one) == name[1])
            if n_outputs < n_kernels:
                continue
            source = MimicKernels(
                teacher=own, n_kernels=n_kernels, kernel_size=SIZE, padding="valid"
            )
            start = time.process_time()
            explained = source.fit(fit[0][..., None]).score_
            seconds = time.process_time() - start
            accuracy = classifier(stage(source)).fit(*fit).score(*held_out)
            print(
                f"{n_kernels} kernels of {name[0]} {name[1]}: {accuracy:.4f}, "
                f"{explained:.3f} of the variance of {n_outputs} maps, {seconds:.1f} s to learn",
                flush=True,
            )


if __name__ == "__main__":
    main()
