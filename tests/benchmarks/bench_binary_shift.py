"""Kernels of signs and of powers of two: accuracy against plain rounding, and what their C costs.

    OMP_NUM_THREADS=1 python tests/benchmarks/bench_binary_shift.py [accuracy | products]

*accuracy*: whitened patches, pooling and logistic regression as in ``bench_small_models.py``,
fitted and rounded on the first 4,000 images of Fashion-MNIST and scored on 50,000 to 59,999; and
random kernels on digits, fitted on 1,200. ``plain`` takes the nearest value, by the scale with the
least error of the weights; ``refitted`` has a new head behind that; ``pass`` is the pass of this
package. All in floats: the integers of kernels are exact.

*products*: instructions of one sum of 288 products in plain C, at -O2: of int8 weights by the
multiplier, of powers of two by shifts, and of one-bit inputs and signs by counting bits, 32 at a
time. No multiplier costs more than the shift of a number by another on any of these cores.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline

sys.path.insert(0, str(Path(__file__).parents[2]))

import skconv
from skconv import emulator
from skconv.graph import Conv, Graph
from skconv.passes.compress.base import Samples, with_op
from skconv.passes.compress.refit import refit_head
from skconv.passes.compress.second_order import REACHES, largest_level, nearest
from skconv.passes.fold import fold
from skconv.runtime import engine
from tests.benchmarks.bench_small_models import pipeline
from tests.compressed import digits

N_FIT, N_DIGITS = 4000, 1200
SIGNS = np.array([-1, 1])
CORES = ("cortex-m0", "cortex-m4", "rv32imc", "avr")
TAPS = 288
Data = tuple[NDArray[Any], NDArray[Any], NDArray[Any], NDArray[Any]]

SUMS = """
#include <stdint.h>
int8_t x[288], w[288];
uint8_t powers[288];
uint32_t bits[9], signs[9];
static volatile int32_t total;
__attribute__((unused)) static int32_t multiplied(void)
{
    int32_t sum = 0;
    for (int16_t i = 0; i < 288; i++) { sum += (int16_t)(x[i] * w[i]); }
    return sum;
}
__attribute__((unused)) static int32_t shifted(void)
{
    int32_t sum = 0;
    for (int16_t i = 0; i < 288; i++) {
        const int16_t part = (int16_t)((uint16_t)x[i] << (powers[i] & 7));
        sum += powers[i] & 8 ? -part : part;
    }
    return sum;
}
__attribute__((unused)) static int32_t counted(void)
{
    int32_t sum = 0;
    for (int16_t i = 0; i < 9; i++) {
        uint32_t y = bits[i] ^ signs[i];
        y -= (y >> 1) & 0x55555555u;
        y = (y & 0x33333333u) + ((y >> 2) & 0x33333333u);
        y = (y + (y >> 4)) & 0x0F0F0F0Fu;
        y += y >> 8;
        sum += (int32_t)((y + (y >> 16)) & 63u);
    }
    return 288 - 2 * sum;
}
"""


def plainly(op: Conv, values: NDArray[Any]) -> Conv:
    """Every weight at its nearest value, by the best of many scales for each kernel."""
    weights = op.weights.reshape(len(op.weights), -1)
    largest = np.abs(weights).max(axis=1, keepdims=True)
    best, least = np.zeros_like(weights), np.full((len(weights), 1), np.inf)
    for reach in REACHES:
        scale = largest / (largest_level(values) * reach)
        rounded = scale * nearest(weights / scale, values)
        error = ((rounded - weights) ** 2).sum(axis=1, keepdims=True)
        best, least = np.where(error < least, rounded, best), np.minimum(error, least)
    return replace(op, weights=best.reshape(op.weights.shape).astype(np.float32))


def accuracy(graph: Graph, X: NDArray[Any], y: NDArray[Any]) -> float:
    return float(np.mean(engine.run(graph, X)[:, 0].astype(int) == y))


def models() -> Iterator[tuple[str, Pipeline, Data]]:
    X, y = digits()
    features = skconv.RandomConvFeatures(n_kernels=8, input_shape=(8, 8), random_state=0)
    pipe = make_pipeline(features, LogisticRegression(C=0.1, max_iter=500))
    yield "digits, 8 random", pipe, (X[:N_DIGITS], y[:N_DIGITS], X[N_DIGITS:], y[N_DIGITS:])
    X, y = skconv.datasets.load_fashion_mnist()
    X = X.reshape(len(X), -1)
    of_fashion = (X[:N_FIT], y[:N_FIT], X[50_000:], y[50_000:])
    yield "fashion, 8 of 6x6", pipeline(8, 6, 5), of_fashion


def show_accuracy() -> None:
    print(f"{'':20s} {'':9s} {'float':>6s} {'plain':>6s} {'refitted':>8s} {'pass':>6s}")
    grids: tuple[tuple[str, Any, NDArray[Any]], ...] = (
        ("signs", skconv.BinaryKernels(), SIGNS),
        ("powers", skconv.ShiftKernels(), skconv.ShiftKernels().values()),
        ("two", skconv.ShiftKernels(terms=2), skconv.ShiftKernels(terms=2).values()),
    )
    for name, pipe, (X, y, held, wanted) in models():
        graph = fold(skconv.to_graph(pipe.fit(X, y)))
        node = next(node for node in graph.nodes if isinstance(node.op, Conv))
        assert isinstance(node.op, Conv)
        samples = Samples(X, y, "logistic")
        for kind, found, values in grids:
            plain = with_op(graph, node.name, plainly(node.op, values))
            forms = (graph, plain, refit_head(plain, graph, samples), found(graph, samples))
            scores = [accuracy(form, held, wanted) for form in forms]
            print(
                f"{name:20s} {kind:9s} {scores[0]:6.4f} {scores[1]:6.4f} {scores[2]:8.4f} "
                f"{scores[3]:6.4f}",
                flush=True,
            )


def show_products() -> None:
    print(f"{f'{TAPS} products':14s}" + "".join(f"{core:>12s}" for core in CORES))
    for name in ("multiplied", "shifted", "counted"):
        counts = [
            emulator.count_instructions({}, f"total = {name}()", prelude=SUMS, target=core)
            for core in CORES
        ]
        print(f"{name:14s}" + "".join(f"{count:12,d}" for count in counts), flush=True)


def main() -> None:
    warnings.simplefilter("ignore")
    wanted = sys.argv[1:] or ["accuracy", "products"]
    if "accuracy" in wanted:
        show_accuracy()
    if "products" in wanted:
        show_products()


if __name__ == "__main__":
    main()
