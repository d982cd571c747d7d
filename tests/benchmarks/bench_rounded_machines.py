"""Kernel machines whose coefficients are rounded to a few levels, on scikit-learn's digits.

    OMP_NUM_THREADS=1 python tests/benchmarks/bench_rounded_machines.py

Fitted on 1,200 images, scored on the 597 others, in the float graph. ``plain``: every coefficient
at its nearest level, by one scale a decision. ``vectors``: support vectors at 4 bits as well, the
coefficients made for them. Bytes are those of the portable tables.
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
from sklearn.svm import SVC

sys.path.insert(0, str(Path(__file__).parents[2]))

from skconv import LaplacianNuSVC, to_graph
from skconv.graph import Graph, KernelMachine, QKernelMachine
from skconv.passes.compress.base import with_op
from skconv.passes.compress.rounded_machine import rounded_coefficients, rounded_machine
from skconv.passes.compress.second_order import DAMPING
from skconv.passes.fold import fold
from skconv.passes.integers import integer_graph
from skconv.runtime import reference
from skconv.runtime.reference import kernel_values
from skconv.runtime.windows import weighted_kernels

N_FIT = 1200
VECTOR_BITS = 4
MACHINES = (SVC(C=10), SVC(kernel="poly", C=10), LaplacianNuSVC(nu=0.05))
Array = NDArray[Any]


def plainly_rounded(op: KernelMachine, levels: int) -> KernelMachine:
    coefficients = np.array(op.dual_coef, np.float64)
    for places in op.decisions():
        scale = np.abs(coefficients[places]).max() / levels
        coefficients[places] = scale * np.rint(coefficients[places] / scale)
    return replace(op, dual_coef=coefficients.astype(np.float32))


def with_few_bits(op: KernelMachine, x: Array, levels: int) -> KernelMachine:
    """Support vectors at 4 bits, and coefficients for the decisions that there were."""
    wanted = weighted_kernels(kernel_values(op, x), op) + op.intercept
    step = 255 / (2**VECTOR_BITS - 1)
    vectors = np.rint(op.support_vectors / step) * step
    coarse = replace(op, support_vectors=vectors.astype(np.float32))
    return rounded_coefficients(coarse, x, wanted, levels, DAMPING)


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
        nbytes = table_bytes(with_op(graph, node.name, rounded), X[:300])
        found = (plainly_rounded(op, levels), rounded, with_few_bits(op, x, levels))
        yield f"  levels={levels:<4d}" + "".join(map(score, found)) + f"{nbytes:10,d}"


def main() -> None:
    X, y = load_digits(return_X_y=True)
    X = np.rint(X * (255 / 16)).astype(np.uint8)
    print("                 plain  second vectors     bytes")
    for svm in MACHINES:
        for row in rows(svm, X, y):
            print(row, flush=True)


if __name__ == "__main__":
    main()
