"""Second-order rounding of whole models for 4 to 32 kB of flash, on Fashion-MNIST.

    OMP_NUM_THREADS=1 python tests/benchmarks/bench_compression.py [KERNELS ...]

The models of ``bench_small_models.py``, with more kernels, whose heads are rounded to seven and to
three levels. Fitted and rounded on the images 0 to 49,999, the integers scored on 50,000 to 59,999.
Flash is tables and code, RAM what ``size`` prints, both of the object that Arm's GCC makes for
Cortex-M4 at -Os. ``plain`` is the accuracy with weights rounded one by one, at the best of many
scales. No back-propagation. A number of kernels chooses models of the list.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.pipeline import Pipeline

sys.path.insert(0, str(Path(__file__).parents[2]))

import skconv
from skconv import emulator
from skconv.graph import Graph, Linear
from skconv.passes.compress.base import head_of, with_op
from skconv.passes.compress.second_order import REACHES
from skconv.passes.fold import fold
from skconv.runtime import engine
from tests.benchmarks.bench_small_models import pipeline

N_FIT = 50_000
# kernels, their size, window of the pooling, target; flash and RAM that there is, and accuracy
# wanted in them. The portable C keeps kernels in bytes, the routines in 16 bits.
MODELS = (
    (8, 6, 5, "cortex-m4", 4096, 1024, 0.893),
    (18, 6, 5, "portable", 4096, 1024, 0.893),
    (22, 5, 4, "cortex-m4", 8192, 1024, 0.914),
    (28, 5, 4, "cortex-m4", 16384, 2048, 0.923),
    (48, 5, 4, "cortex-m4", 16384, 2048, 0.923),
    (104, 5, 4, "cortex-m4", 32768, 2048, 0.930),
)


def plainly_rounded(graph: Graph, levels: int) -> Graph:
    """Every weight at its nearest level, by the scale with the least error of the weights."""
    head = head_of(graph)
    assert head is not None and isinstance(head.op, Linear)
    weights = head.op.weights.astype(np.float64)
    largest = np.abs(weights).max(axis=1, keepdims=True)
    best = np.zeros_like(weights)
    least = np.full((len(weights), 1), np.inf)
    for reach in REACHES:
        scale = largest / (levels * reach)
        rounded = scale * np.clip(np.rint(weights / scale), -levels, levels)
        error = ((rounded - weights) ** 2).sum(axis=1, keepdims=True)
        best, least = np.where(error < least, rounded, best), np.minimum(error, least)
    return with_op(graph, head.name, replace(head.op, weights=best.astype(np.float32)))


def accuracy(graph: Graph, X: NDArray[np.uint8], y: NDArray[np.int64]) -> float:
    found = engine.run(graph, X.reshape(len(X), -1))[:, 0].astype(int)
    return float(np.mean(found == y))


def show(
    pipe: Pipeline, levels: int, target: str, X: NDArray[np.uint8], y: NDArray[np.int64]
) -> str:
    rounding = skconv.SecondOrderRounding(levels)
    small = skconv.compress(pipe, X[:N_FIT], y[:N_FIT], passes=[rounding])
    options: dict[str, Any] = {"input": "rows", "linear_bits": 8, "optimize": "size"}
    model = skconv.to_c(small, X[:500], target=target, **options)
    integers = np.mean(model.predict(X[N_FIT:]) == y[N_FIT:])
    plain = accuracy(plainly_rounded(fold(skconv.to_graph(pipe)), levels), X[N_FIT:], y[N_FIT:])
    sizes = emulator.object_sizes(model.files, target="cortex-m4", flags=("-Os",))
    flash = sizes.text + sizes.rodata + sizes.data
    return f"{2 * levels + 1:6d}  {plain:.4f}  {integers:.4f}  {flash:7,d}  {sizes.bss:5,d}"


def main() -> None:
    X, y = skconv.datasets.load_fashion_mnist()
    wanted = [int(argument) for argument in sys.argv[1:]]
    print("kernels   float  levels   plain    int8    flash    RAM   in flash    RAM  target")
    for n_kernels, kernel_size, pool_size, target, most_flash, most_ram, wished in MODELS:
        if wanted and n_kernels not in wanted:
            continue
        pipe = pipeline(n_kernels, kernel_size, pool_size).fit(X[:N_FIT], y[:N_FIT])
        real = pipe.score(X[N_FIT:], y[N_FIT:])
        for levels in (3, 1):
            name = f"{n_kernels:3d} {kernel_size}x{kernel_size}"
            limits = f"{most_flash:9,d}  {most_ram:5,d}  {wished:.3f}"
            print(
                name, f"{real:.4f}", show(pipe, levels, target, X, y), limits, sep="  ", flush=True
            )


if __name__ == "__main__":
    main()
