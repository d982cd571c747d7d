"""Separable Gabor kernels on Fashion-MNIST: products, instructions, memory and accuracy.

    OMP_NUM_THREADS=1 python tests/benchmarks/bench_separable.py [IMAGES]

Banks of 7 x 7 Gabor kernels and a ridge, fitted on the first 10,000 images, or as many as an
argument says, compressed on them, and scored in integers on the images 50,000 to 59,999. Each
model stands in two lines, with dense kernels by the routines that there are, and with separable
ones. Products are those of the convolution for one image; instructions those of a whole inference,
at -O2 under QEMU; tables and RAM are those of the report, for Cortex-M4. ``differ``: bytes of
five images in which the Cortex-M4 differs from the definition.

Targets: fewer instructions of a Cortex-M4 than dense, and at most .005 of accuracy lost.
"""

from __future__ import annotations

import sys
import warnings
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import RidgeClassifier
from sklearn.pipeline import make_pipeline

sys.path.insert(0, str(Path(__file__).parents[2]))

import skconv
from skconv import emulator
from skconv.deploy.model import CModel
from skconv.graph import Conv, Graph, SeparableConv
from skconv.passes.fold import fold
from skconv.runtime import fixed
from tests import exactness

SCORED = slice(50_000, None)
BANKS: dict[str, dict[str, Any]] = {
    "energy of 24 waves": {},
    "size of 16 kernels": {
        "n_orientations": 4,
        "wavelengths": (4.0, 6.0),
        "phase": "both",
        "pool_size": 4,
    },
    "size of 8, long": {
        "n_orientations": 4,
        "wavelengths": (4.0,),
        "phase": "both",
        "gamma": 0.5,
        "pool_size": 4,
    },
}
CORES = ("cortex-m4", "cortex-m0")
HEADER = (
    f"{'':26s} {'terms':>5s} {'lines':>5s} {'products':>9s} {'M4':>9s} {'M0':>10s} "
    f"{'tables':>6s} {'RAM':>5s} {'score':>6s} {'differ':>6s}"
)


def instructions(model: CModel, image: NDArray[Any], core: str) -> int:
    x = fixed.quantize_input(model.graph.input, image[None])
    numbers = ", ".join(map(str, x.ravel()))
    prelude = f'#include "m.h"\nstatic const m_input_t x[M_INPUT_SIZE] = {{{numbers}}};'
    return emulator.count_instructions(
        model.files, "(void)m_predict(x)", prelude=prelude, target=core
    )


def products(graph: Graph) -> tuple[int, str]:
    """Of the convolution, and its terms and lines."""
    node = next(node for node in graph.nodes if isinstance(node.op, Conv))
    macs = node.op.macs(graph.specs[node.inputs[0]])
    if not isinstance(node.op, SeparableConv):
        return macs, f"{'':5s} {'':5s}"
    return macs, f"{len(node.op.factors.rows):5d} {len(node.op.factors.columns):5d}"


def show(name: str, fitted: Any, graph: Graph, X: NDArray[Any], y: NDArray[Any]) -> None:
    macs, factors = products(graph)
    models = {
        core: skconv.to_c(fitted, X[:500], target=core, name="m", dtype="int8") for core in CORES
    }
    counts = [instructions(model, X[50_000], core) for core, model in models.items()]
    model = models["cortex-m4"]
    cost, score = model.report(), float(np.mean(model.predict(X[SCORED]) == y[SCORED]))
    x = fixed.quantize_input(model.graph.input, X[50_000:50_005])
    program = exactness.program(model.graph, x, host=False)
    differ = exactness.on_target(program, "cortex-m4", ("-O2",))
    print(
        f"{name:26s} {factors} {macs:9,d} {counts[0]:9,d} {counts[1]:10,d} "
        f"{cost.flash_bytes:6,d} {cost.ram_bytes:5,d} {score:6.4f} {differ:6d}",
        flush=True,
    )


def main() -> None:
    warnings.simplefilter("ignore")
    X, y = skconv.datasets.load_fashion_mnist()
    X = X.reshape(len(X), -1)
    n_fit = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    print(HEADER)
    for name, bank in BANKS.items():
        features = skconv.GaborFeatures(input_shape=(28, 28), **bank)
        pipe = make_pipeline(features, RidgeClassifier(alpha=10)).fit(X[:n_fit], y[:n_fit])
        show(name, pipe, fold(skconv.to_graph(pipe)), X, y)
        passes = [skconv.SeparableKernels()]
        small = skconv.compress(pipe, X[:n_fit], y[:n_fit], passes=passes)
        show("  separable", small, small.graph_, X, y)


if __name__ == "__main__":
    main()
