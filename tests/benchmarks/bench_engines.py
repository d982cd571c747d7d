"""Time of `transform` by numpy and by torch: every extractor as it comes, one thread.

    OMP_NUM_THREADS=1 python tests/benchmarks/bench_engines.py

Fashion-MNIST images. Both engines run the same fitted extractor, in turns in one process;
figures are medians of processor time. The last column is the largest difference of a feature,
in parts of the largest feature.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any
from unittest.mock import patch

import torch
from numpy.typing import NDArray

import skconv
from skconv.datasets import load_fashion_mnist
from skconv.runtime import engine


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


def medians(calls: Mapping[str, Callable[[], object]], repeats: int) -> dict[str, float]:
    """Median seconds of processor time of every call, the calls taking turns."""
    seconds: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(repeats):
        for name, call in calls.items():
            start = time.process_time()
            call()
            seconds[name].append(time.process_time() - start)
    return {name: statistics.median(times) for name, times in seconds.items()}


def transformed(extractor: Any, images: NDArray[Any], *, by_torch: bool) -> Any:
    """Features by one of the engines."""
    with patch.object(engine, "has_torch", return_value=by_torch):
        return extractor.transform(images)


def line(extractor: Any, images: NDArray[Any], labels: NDArray[Any], repeats: int) -> str:
    """One extractor by both engines."""
    extractor.fit(images, labels)
    calls = {
        name: partial(transformed, extractor, images, by_torch=name == "torch")
        for name in ("numpy", "torch")
    }
    found, wanted = (call() for call in calls.values())
    difference = abs(found - wanted).max() / abs(wanted).max()
    times = medians(calls, repeats)
    by_numpy, by_torch = (1e6 * times[name] / len(images) for name in calls)
    return (
        f"{type(extractor).__name__:20s} {found.shape[1]:8,d} {by_numpy:8.0f} {by_torch:8.0f} "
        f"{by_numpy / by_torch:6.2f} {difference:10.1e}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=200)
    parser.add_argument("--repeats", type=int, default=5)
    options = parser.parse_args()
    torch.set_num_threads(1)
    X, y = load_fashion_mnist()
    print(f"{options.images} images; us an image")
    print(f"{'':20s} {'features':>8} {'numpy':>8} {'torch':>8} {'ratio':>6} {'difference':>10}")
    for extractor in extractors():
        print(
            line(extractor, X[: options.images], y[: options.images], options.repeats), flush=True
        )


if __name__ == "__main__":
    main()
