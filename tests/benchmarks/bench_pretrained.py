"""Pretrained features: images per second against the raw module, the cut, accuracy.

python -m tests.benchmarks.bench_pretrained [speed] [accuracy]

``speed``: EfficientNet-Lite0 at 112 px, whole, cut at block 10, and the torch module itself at
the best of several batch sizes in channels_last format, taken in turns in one process.
Seconds of the processor, best of several; one thread with OMP_NUM_THREADS=1.

``accuracy``: 2,000 images of Fashion-MNIST to fit, 1,000 to choose the layer (both out of the
first 50,000), and another 1,000 out of the last 10,000 of the train set to report. Images are
resized to 112 px in the graph; features, StandardScaler, SVC.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from skconv import PretrainedFeatures
from skconv.datasets import load_fashion_mnist
from skconv.pretrained import load

SIZE = 112
N_IMAGES = 48
ROUNDS = 12
BATCHES = (1, 2, 4, 8, 16, 32)
BLOCKS = ("_blocks.4", "_blocks.7", "_blocks.10", "_blocks.12", "_blocks.14")


def seconds(function: Callable[[], object]) -> float:
    start = time.process_time()
    function()
    return time.process_time() - start


def raw(module: Any, images: NDArray[np.float32], batch: int) -> Callable[[], object]:
    """The module on batches of float images that are channels last already."""
    x = torch.from_numpy(images).permute(0, 3, 1, 2)
    module = module.to(memory_format=torch.channels_last)

    def call() -> None:
        with torch.inference_mode():
            for start in range(0, len(x), batch):
                module(x[start : start + batch])

    return call


def bench_speed() -> None:
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (N_IMAGES, SIZE, SIZE, 3), dtype=np.uint8)
    floats = ((images - 127.0) / 128).astype(np.float32)
    module = load("efficientnet_lite0").module
    whole = PretrainedFeatures(input_size=SIZE, layer="output").fit(images[:1])
    cut = PretrainedFeatures(input_size=SIZE, layer="_blocks.10", pool="2x2").fit(images[:1])
    calls = {f"module, batch {n}": raw(module, floats, n) for n in BATCHES}
    calls |= {
        "whole": lambda: whole.transform(images),
        "block 10": lambda: cut.transform(images),
    }
    rounds = [{name: seconds(call) for name, call in calls.items()} for _ in range(1 + ROUNDS)]
    times = {name: min(taken[name] for taken in rounds[1:]) for name in calls}
    best = min((name for name in times if name.startswith("module")), key=times.__getitem__)
    for name, taken in times.items():
        print(f"{name:18} {N_IMAGES / taken:7.1f} images/s  {times[best] / taken:5.2f} x module")
    saved_macs = 1 - cut.graph_.macs / whole.graph_.macs
    saved_time = 1 - times["block 10"] / times["whole"]
    print(f"cut at block 10: {saved_macs:.1%} of the MACs saved, {saved_time:.1%} of the time")


def sampled(
    images: NDArray[np.uint8], labels: NDArray[np.uint8], *sizes: int
) -> list[tuple[NDArray[np.uint8], NDArray[np.uint8]]]:
    """Stratified parts that do not overlap."""
    parts = []
    for size in sizes:
        x, images, y, labels = train_test_split(
            images, labels, train_size=size, stratify=labels, random_state=0
        )
        parts.append((x, y))
    return parts


def bench_accuracy() -> None:
    images, labels = load_fashion_mnist()
    fit, choose = sampled(images[:50000], labels[:50000], 2000, 1000)
    (report,) = sampled(images[50000:], labels[50000:], 1000)
    chosen: dict[str, Any] = {}
    scores: dict[str, float] = {}
    for block in BLOCKS:
        features = PretrainedFeatures(layer=block, pool="2x2", input_size=SIZE)
        pipe = make_pipeline(features, StandardScaler(), SVC(C=10.0)).fit(*fit)
        chosen[block], scores[block] = pipe, pipe.score(*choose)
        print(f"{block:12} {scores[block]:.3f} on the images to choose by")
    best = max(scores, key=scores.__getitem__)
    print(f"{best} pooled 2x2, {SIZE} px, SVC: {chosen[best].score(*report):.3f}")


if __name__ == "__main__":
    chosen_benches = sys.argv[1:] or ["speed", "accuracy"]
    for name in chosen_benches:
        {"speed": bench_speed, "accuracy": bench_accuracy}[name]()
