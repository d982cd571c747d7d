"""Kernel machines whose coefficients and support vectors are rounded, on scikit-learn's digits.

    OMP_NUM_THREADS=1 python tests/benchmarks/bench_rounded_machines.py [levels] [vectors]

Fitted on 1,200 images, scored on the 597 others.

``levels``: the float graph. ``plain``: every coefficient at its nearest level, by one scale a
decision. ``vectors``: support vectors of 16 values as well. Bytes are those of the portable tables.

``vectors``: the integers. Accuracy or R^2; flash (tables and code), RAM and instructions of an
inference on simulated boards at -Os and -O2; bytes of scores and classes of 300 images that differ
from the definition on the host, a Cortex-M4, a Cortex-M0 and an AVR (target: 0; ``-`` where the
model does not fit the AVR's 64 kB of constants).
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.datasets import load_digits
from sklearn.svm import SVC, SVR

sys.path.insert(0, str(Path(__file__).parents[2]))

from skconv import LaplacianNuSVC, SecondOrderRounding, compress, to_c, to_graph
from skconv.graph import Graph, KernelMachine, QKernelMachine
from skconv.passes.compress.base import with_op
from skconv.passes.compress.rounded_machine import rounded_machine
from skconv.passes.compress.second_order import DAMPING
from skconv.passes.fold import fold
from skconv.passes.integers import integer_graph
from skconv.runtime import reference
from tests.benchmarks.bench_classical import BOARDS, differing
from tests.classical.base import N_SAMPLES, Tried

N_FIT = 1200
MACHINES = (SVC(C=10), SVC(kernel="poly", C=10), LaplacianNuSVC(nu=0.05))
STORED = (SVC(C=10), LaplacianNuSVC(nu=0.05), SVR(C=10))
FORMS = (None, (127, 8), (127, 4), (7, 8), (7, 4))  # Levels, and bits of a feature.
Array = NDArray[Any]


def plainly_rounded(op: KernelMachine, levels: int) -> KernelMachine:
    coefficients = np.array(op.dual_coef, np.float64)
    for places in op.decisions():
        scale = np.abs(coefficients[places]).max() / levels
        coefficients[places] = scale * np.rint(coefficients[places] / scale)
    return replace(op, dual_coef=coefficients.astype(np.float32))


def table_bytes(graph: Graph, x: Array) -> int:
    ops = [node.op for node in integer_graph(graph, x).nodes]
    (machine,) = (op for op in ops if isinstance(op, QKernelMachine))
    return sum(array.nbytes for array in machine.parameters.values())


def rows(svm: Any, X: Array, y: Array) -> Iterator[str]:
    graph = fold(to_graph(svm.fit(X[:N_FIT], y[:N_FIT])))
    node = next(node for node in graph.nodes if isinstance(node.op, KernelMachine))
    op, x = node.op, X[:N_FIT].astype(np.float64)
    assert isinstance(op, KernelMachine)

    def score(found: KernelMachine) -> str:
        answers = reference.run(with_op(graph, node.name, found), X[N_FIT:])
        return f"{np.mean(answers.ravel().astype(int) == y[N_FIT:]):8.4f}"

    yield f"{svm}: {len(op.support_vectors)} support vectors, float {score(op)}, "
    yield f"  {table_bytes(graph, X[:300]):,} bytes of tables"
    for levels in (127, 7, 3, 1):
        rounded = rounded_machine(op, x, levels, DAMPING)
        coarse = rounded_machine(op, x, levels, DAMPING, few_values=True)
        nbytes = table_bytes(with_op(graph, node.name, rounded), X[:300])
        found = (plainly_rounded(op, levels), rounded, coarse)
        yield f"  levels={levels:<4d}" + "".join(map(score, found)) + f"{nbytes:10,d}"


def stored(svm: Any, form: tuple[int, int] | None, X: Array, y: Array) -> str:
    """A machine, rounded where there is a form: what it scores, and what it costs."""
    small = svm
    if form is not None:
        levels, bits = form
        rounding = SecondOrderRounding(levels, vector_bits=bits)
        small = compress(svm, X[:N_FIT], y[:N_FIT], passes=[rounding])
    model = to_c(small, X[:300], target="portable")
    it = Tried(small, model, X[-N_SAMPLES:], y[-N_SAMPLES:])
    costs = []
    for board in ("cortex-m4", "cortex-m0"):
        small_code = model.benchmark(board, n_samples=1, flags=("-Os",))
        costs.append(small_code.code_bytes + small_code.table_bytes)
        costs.append(model.benchmark(board, n_samples=2).per_inference)
    found = " ".join(differing(it.compared(target)) for target in ("portable", *BOARDS))
    name = "as fitted" if form is None else f"levels={form[0]}, {form[1]} bits"
    shown = " ".join(f"{cost:10,d}" for cost in costs)
    score = model.score(X[N_FIT:], y[N_FIT:])
    return f"  {name:20} {score:7.4f} {shown} {model.report().ram_bytes:6d} {found}"


def print_levels(X: Array, y: Array) -> None:
    print("                 plain  second vectors     bytes")
    for svm in MACHINES:
        for row in rows(svm, X, y):
            print(row, flush=True)


def print_vectors(X: Array, y: Array) -> None:
    costs = " ".join(f"{name:>10}" for name in ("M4 flash", "instr.", "M0 flash", "instr."))
    print(f"{'':22}  score  {costs}    RAM   host     M4     M0    AVR")
    for svm in STORED:
        svm.fit(X[:N_FIT], y[:N_FIT])
        print(f"{svm}: {len(svm.support_vectors_)} support vectors")
        for form in FORMS:
            print(stored(svm, form, X, y), flush=True)


def main() -> None:
    X, y = load_digits(return_X_y=True)
    X = np.rint(X * (255 / 16)).astype(np.uint8)
    wanted = sys.argv[1:] or ["levels", "vectors"]
    if "levels" in wanted:
        print_levels(X, y)
    if "vectors" in wanted:
        print_vectors(X, y)


if __name__ == "__main__":
    main()
