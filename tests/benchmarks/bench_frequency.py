"""Kernels in cosines, weights in buckets of a hash, entropy codes: bytes and accuracy.

    OMP_NUM_THREADS=1 python tests/benchmarks/bench_frequency.py [SECTION ...]

Sections, on Fashion-MNIST. ``few``: the 28 kernels of 5x5 of ``bench_small_models.py``. ``deep``:
two stages, 32 kernels of 5x5 and 64 of 3x3 over them, 18,432 weights. ``control``: random kernels
in place of the 64, and no pass. ``heads``: linear layers of few levels behind the 28 kernels, as
they are stored and as an entropy code, and in buckets. ``basis``: the second stage of ``deep`` by
shared cosines. All are fitted and compressed on the images 0 to 4,999, and scored once on 50,000 to
59,999; the integers on the first 2,000 of these, beside floats on the same ones. ``bytes`` are
those of the layers that a pass is for, ``flash`` tables and code of the model as estimated for
Cortex-M4. Nothing is trained: features stay, heads are fitted anew.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

sys.path.insert(0, str(Path(__file__).parents[2]))

import skconv
from skconv import (
    ConvFeatures,
    ConvStage,
    DCTBasis,
    DCTCompression,
    EntropyCoding,
    HashedFrequencies,
    SecondOrderRounding,
)
from skconv.kernels import PatchKernels, PCAKernels, RandomKernels
from tests.benchmarks.bench_small_models import pipeline

N_FIT, FIRST_HELD, N_INTEGERS = 5_000, 50_000, 2_000

KERNELS: tuple[Sequence[Any], ...] = (
    *([DCTCompression(bits=bits)] for bits in (5, 4, 3)),
    *([HashedFrequencies(share=share)] for share in (1 / 4, 1 / 16, 1 / 64)),
)
HEADS: tuple[Sequence[Any], ...] = (
    *([SecondOrderRounding(levels=n)] for n in (1, 3, 15)),
    *([SecondOrderRounding(levels=n), EntropyCoding()] for n in (1, 3, 15)),
    *([HashedFrequencies(share=share, layers="linear")] for share in (1 / 4, 1 / 16, 1 / 64)),
)


@cache
def data() -> tuple[NDArray[Any], NDArray[Any]]:
    X, y = skconv.datasets.load_fashion_mnist()
    return X.reshape(len(X), -1), y


@cache
def few() -> Pipeline:
    X, y = data()
    return pipeline(28, 5, 4).fit(X[:N_FIT].reshape(-1, 28, 28), y[:N_FIT])


@cache
def deep(is_random: bool = False) -> Pipeline:
    X, y = data()
    patches = PatchKernels(n_kernels=32, kernel_size=5, random_state=0)
    first = ConvStage(kernels=patches, pool="mean", pool_size=2)
    kernels: Any = PCAKernels(n_kernels=64, kernel_size=3)
    if is_random:
        kernels = RandomKernels(n_kernels=64, kernel_size=3, random_state=0)
    second = ConvStage(kernels=kernels, pool_size="quadrants")
    features = ConvFeatures([first, second], input_shape=(28, 28))
    head = LogisticRegression(C=0.1, max_iter=2000)
    return make_pipeline(features, StandardScaler(), head).fit(X[:N_FIT], y[:N_FIT])


def stored(model: Any, names: Sequence[str]) -> int:
    """Bytes of weights of the layers of an integer graph, op by op."""
    found = 0
    for node in model._any_target.nodes:
        if node.op.describe().startswith(tuple(names)):
            tables = node.op.parameters.items()
            found += sum(a.nbytes for n, a in tables if n not in ("bias", "multiplier"))
    return found


def show(pipe: Pipeline, passes: Sequence[Any], names: Sequence[str]) -> None:
    X, y = data()
    small: Any = pipe
    if passes:
        small = skconv.compress(pipe, X[:N_FIT], y[:N_FIT], passes=list(passes))
    found = small.predict(X[FIRST_HELD:]) == y[FIRST_HELD:]
    model = skconv.to_c(small, X[:300], linear_bits=8)
    few_held = slice(FIRST_HELD, FIRST_HELD + N_INTEGERS)
    integers = np.mean(model.predict(X[few_held]) == y[few_held])
    accuracies = f"{np.mean(found):.4f}  {np.mean(found[:N_INTEGERS]):.4f}  {integers:.4f}"
    cost = model.report()
    label = ", ".join(map(str, passes)) or "as fitted"
    flash = cost.flash_bytes + (cost.code_bytes or 0)
    numbers = f"{stored(model, names):8,d} {flash:8,d} {cost.ram_bytes:8,d}"
    print(f"{accuracies} {numbers}  {label}", flush=True)


def section(
    title: str, pipe: Pipeline, rows: Sequence[Sequence[Any]], names: Sequence[str]
) -> None:
    print(f"\n{title}\n float  of 2000    int8    bytes    flash      RAM  passes")
    for passes in ((), *rows):
        show(pipe, passes, names)


def main() -> None:
    wanted = sys.argv[1:] or ["few", "deep", "control", "heads", "basis"]
    if "few" in wanted:
        section("28 kernels of 5x5", few(), KERNELS, ["QConv"])
    if "deep" in wanted:
        section("two stages, 32 of 5x5 and 64 of 3x3", deep(), KERNELS, ["QConv"])
    if "control" in wanted:
        section("random kernels in the second stage", deep(is_random=True), (), ["QConv"])
    if "heads" in wanted:
        section("heads behind 28 kernels", few(), HEADS, ["QLinear"])
    if "basis" in wanted:
        rows = [[DCTBasis(keep=keep)] for keep in (0.7, 0.5, 0.35)]
        section("shared cosines", deep(), rows, ["QConv"])


if __name__ == "__main__":
    main()
