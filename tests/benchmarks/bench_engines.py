"""Time of `transform` by numpy and by torch: every extractor as it comes, one thread.

    OMP_NUM_THREADS=1 python tests/benchmarks/bench_engines.py

Fashion-MNIST images, or with ``--data digits`` scikit-learn's. Both engines run the same graph,
in turns in one process; figures are medians of processor time. The last column is the largest
difference of a feature, in parts of the largest feature.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

import skconv
from skconv.datasets import load_digits, load_fashion_mnist
from skconv.runtime import numpy_engine, torch_engine


def extractors() -> list[Any]:
    """Every extractor that is fitted in closed form, as it comes."""
    return [
        skconv.RandomConvFeatures(random_state=0),
        skconv.RandomConvFeatures(weights="patches", random_state=0),
        skconv.KMeansConvFeatures(n_patches=5000, random_state=0),
        skconv.PCAConvFeatures(),
        skconv.GaborFeatures(),
        skconv.FixedConvFeatures(),
        skconv.ConvFeatures(),
        skconv.PCANetFeatures(),
    ]


def medians(calls: dict[str, Callable[[], object]], repeats: int) -> dict[str, float]:
    """Median seconds of processor time of every call, the calls taking turns."""
    seconds: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(repeats):
        for name, call in calls.items():
            start = time.process_time()
            call()
            seconds[name].append(time.process_time() - start)
    return {name: statistics.median(times) for name, times in seconds.items()}


def line(extractor: Any, images: NDArray[Any], labels: NDArray[Any], repeats: int) -> str:
    """One extractor by both engines."""
    graph = extractor.fit(images, labels).graph_
    found = numpy_engine.run(graph, images), torch_engine.run(graph, images)
    difference = np.abs(found[0] - found[1]).max() / np.abs(found[1]).max()
    calls: dict[str, Callable[[], object]] = {
        "numpy": partial(numpy_engine.run, graph, images),
        "torch": partial(torch_engine.run, graph, images),
    }
    times = medians(calls, repeats)
    by_numpy, by_torch = (1e6 * times[name] / len(images) for name in ("numpy", "torch"))
    return (
        f"{type(extractor).__name__:20s} {graph.output.size:8,d} {by_numpy:8.0f} {by_torch:8.0f} "
        f"{by_numpy / by_torch:6.2f} {difference:10.1e}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", choices=["digits", "fashion-mnist"], default="fashion-mnist")
    parser.add_argument("--images", type=int, default=200)
    parser.add_argument("--repeats", type=int, default=5)
    options = parser.parse_args()
    torch.set_num_threads(1)
    X, y = load_digits() if options.data == "digits" else load_fashion_mnist()
    print(f"{options.data}, {options.images} images; us an image")
    print(f"{'':20s} {'features':>8} {'numpy':>8} {'torch':>8} {'ratio':>6} {'difference':>10}")
    for extractor in extractors():
        print(
            line(extractor, X[: options.images], y[: options.images], options.repeats), flush=True
        )


if __name__ == "__main__":
    main()
