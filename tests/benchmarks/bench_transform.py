"""Speed of `transform` beside the same work in raw torch, one thread, Fashion-MNIST images.

    OMP_NUM_THREADS=1 python tests/benchmarks/bench_transform.py

64 random 7x7 kernels, square, L2 pooling 7/7. Both sides get float32 images and are timed
alternately in one process (processor time); figures are medians. Two raw forms: torch's
default layout, which is the target's, and torch's channels_last layout.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from functools import partial

import numpy as np
import torch
import torch.nn.functional as F

from skconv import RandomConvFeatures
from skconv.datasets import load_fashion_mnist

TARGET = 1.15
BATCH = 16


def raw_torch(kernels: np.ndarray, layout: torch.memory_format) -> Callable[..., np.ndarray]:
    """The same features, as one writes them by hand."""
    weights = torch.from_numpy(kernels.transpose(0, 3, 1, 2).copy())
    weights = weights.to(memory_format=layout)
    if layout == torch.channels_last:  # one channel: only its strides tell the layout
        weights = weights.permute(0, 2, 3, 1).reshape(len(kernels), 7, 7, 1).permute(0, 3, 1, 2)

    def transform(images: np.ndarray) -> np.ndarray:
        x = torch.from_numpy(images)[:, None]
        parts = []
        with torch.inference_mode():
            for start in range(0, len(x), BATCH):
                z = F.conv2d(x[start : start + BATCH], weights)
                parts.append((F.avg_pool2d(z.square(), 7) * 49).sqrt())
            maps = torch.cat(parts).permute(0, 2, 3, 1)
            return maps.reshape(len(x), -1).numpy()

    return transform


def medians(calls: dict[str, Callable[[], object]], repeats: int) -> dict[str, float]:
    """Median seconds of processor time of every call, the calls taking turns."""
    seconds: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(repeats + 1):
        for name, call in calls.items():
            start = time.process_time()
            call()
            seconds[name].append(time.process_time() - start)
    return {name: statistics.median(times[1:]) for name, times in seconds.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--sizes", type=int, nargs="+", default=[16, 2000, 60000])
    options = parser.parse_args()
    torch.set_num_threads(1)
    images = load_fashion_mnist()[0].astype(np.float32)
    features = RandomConvFeatures(random_state=0).fit(images[:1])
    raw = raw_torch(features.kernels_, torch.contiguous_format)
    raw_last = raw_torch(features.kernels_, torch.channels_last)
    np.testing.assert_allclose(features.transform(images[:64]), raw(images[:64]), rtol=1e-4)
    np.testing.assert_allclose(raw_last(images[:64]), raw(images[:64]), rtol=1e-4)
    print(f"{'n':>6} {'skconv':>8} {'raw':>8} {'raw last':>8}  us/image   ratio (target {TARGET})")
    for n in options.sizes:
        x = images[:n]
        repeats = options.repeats if n > 100 else 20 * options.repeats
        times = medians(
            {
                "skconv": partial(features.transform, x),
                "raw": partial(raw, x),
                "last": partial(raw_last, x),
            },
            repeats,
        )
        ours, theirs, last = (1e6 * times[name] / n for name in ("skconv", "raw", "last"))
        print(
            f"{n:6d} {ours:8.1f} {theirs:8.1f} {last:8.1f}            "
            f"{ours / theirs:.2f} (to channels_last {ours / last:.2f})"
        )


if __name__ == "__main__":
    main()
