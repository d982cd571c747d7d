"""Reduced sets on Fashion-MNIST's train images, in floats and in the exported integers.

    OMP_NUM_THREADS=1 python tests/benchmarks/bench_reduced_set.py [seeds]

16 random kernels 5x5 without mean, square, L2 pool 6: 256 features, in 8 bits. The kernel's
gamma' is 2^-12. Fitted on the images 0 to 3,999, scored on 50,000 to 59,999. Target: .838
with 64 vectors, .848 with 256.
"""

from __future__ import annotations

import sys
import time
from dataclasses import replace

import numpy as np
from sklearn.pipeline import make_pipeline

from skconv import LaplacianNuSVC, QuantizedFeatures, RandomConvFeatures
from skconv.convert import to_graph
from skconv.datasets import load_fashion_mnist
from skconv.graph import Graph, QKernelMachine
from skconv.passes.calibrate import calibrate
from skconv.passes.fold import fold
from skconv.passes.quantize import device_input, quantize
from skconv.runtime import fixed

GAMMA = np.log(2) * 2.0**-12


def integer_accuracy(features, classifier, X, X_new, test, y_new) -> float:
    """Of the graph that the C is printed from. It reads the very integers of ``features``, as
    some whole images show: so the features of all need not be computed again."""
    sample = X[::8].reshape(len(X[::8]), -1)
    graph = fold(to_graph(make_pipeline(features, classifier)))
    integer = quantize(graph, calibrate(graph, sample), **device_input(sample))
    machine = next(node for node in integer.nodes if isinstance(node.op, QKernelMachine))
    decide = Graph(replace(integer.specs[machine.inputs[0]], shape=(test.shape[1],)))
    for node in integer.nodes[integer.nodes.index(machine) :]:
        decide = decide.append(node.op)
    found = fixed.run(decide, test.astype(decide.input.dtype))
    whole = fixed.run(integer, X_new[:200].reshape(200, *integer.input.shape))
    np.testing.assert_array_equal(found[:200], whole)
    return float((classifier.classes_[found[:, 0]] == y_new).mean())


def main() -> None:
    seeds = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    X, y = load_fashion_mnist()
    X, X_new, y, y_new = X[:4000], X[50_000:], y[:4000], y[50_000:]
    print("seed  vectors  accuracy  integers  bytes of vectors  seconds")
    for seed in range(seeds):
        extractor = RandomConvFeatures(
            n_kernels=16,
            kernel_size=5,
            pool_size=6,
            zero_mean=True,
            input_shape=(28, 28),
            random_state=seed,
        )
        features = QuantizedFeatures(extractor).fit(X)
        train, test = features.transform(X), features.transform(X_new)
        for limit in (None, 64, 256):
            start = time.perf_counter()
            model = LaplacianNuSVC(gamma=GAMMA, max_support_vectors=limit, random_state=0)
            model.fit(train, y)
            seconds = time.perf_counter() - start
            n_vectors, n_features = model.support_vectors_.shape
            integers = integer_accuracy(features, model, X, X_new, test, y_new)
            print(
                f"{seed:4}  {n_vectors:7}  {model.score(test, y_new):8.4f}  {integers:8.4f}  "
                f"{n_vectors * n_features:16}  {seconds:7.0f}",
                flush=True,
            )


if __name__ == "__main__":
    main()
