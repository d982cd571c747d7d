"""Kernel machines with coefficients of a few levels: what they lose, their bytes, their C."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.datasets import load_digits
from sklearn.svm import SVC

from skconv import LaplacianNuSVC, SecondOrderRounding, compress, to_c, to_graph
from skconv.graph import Graph, KernelMachine, QKernelMachine
from skconv.passes.compress import Samples
from skconv.passes.compress.rounded_machine import rounded_machine
from skconv.passes.fold import fold
from skconv.passes.integers import integer_graph
from skconv.passes.scales import level_scales
from tests import exactness

X, Y = load_digits(return_X_y=True)
X = np.rint(X * (255 / 16)).astype(np.uint8)
N_FIT = 500
MACHINES = {
    "rbf": SVC(C=10),
    "poly": SVC(kernel="poly", C=10),
    "laplacian": LaplacianNuSVC(nu=0.05),
}


def machine_of(graph: Graph) -> KernelMachine | QKernelMachine:
    return next(
        node.op for node in graph.nodes if isinstance(node.op, KernelMachine | QKernelMachine)
    )


def test_the_places_of_coefficients():
    machine = KernelMachine("rbf", np.zeros((5, 2)), np.zeros((2, 5)), np.zeros(3), (2, 1, 2))
    found = [(rows.tolist(), vectors.tolist()) for rows, vectors in machine.decisions()]
    assert found == [
        ([0, 0, 0], [0, 1, 2]),
        ([1, 1, 0, 0], [0, 1, 3, 4]),
        ([1, 1, 1], [2, 3, 4]),
    ]


@pytest.mark.needs("cc")
@pytest.mark.parametrize(
    ("kernel", "levels"), [("rbf", 7), ("poly", 7), ("laplacian", 7), ("rbf", 127)]
)
def test_digits(kernel, levels, tmp_path):
    svm = MACHINES[kernel].fit(X[:N_FIT], Y[:N_FIT])
    small = compress(svm, X[:N_FIT], Y[:N_FIT], passes=[SecondOrderRounding(levels)])
    held = slice(1200, None)
    assert small.score(X[held], Y[held]) >= svm.score(X[held], Y[held]) - 0.005
    model = to_c(small, X[:300], target="portable")
    kept, before = machine_of(model.graph), machine_of(to_c(svm, X[:300], target="portable").graph)
    assert kept.levels == levels and kept.dual_coef.dtype == np.int8
    shares = [m.parameters["dual_coef"].nbytes for m in (kept, before)]
    assert shares[0] <= {7: 0.26, 127: 0.5}[levels] * shares[1]
    assert np.mean(model.predict(X[held]) == small.predict(X[held])) >= 0.99
    assert exactness.on_host(model.graph, X[1200:1220], ("-O1",), tmp_path / "portable") == 0
    fast = model.for_target("cortex-m4")
    assert exactness.on_host(fast.graph, X[1200:1220], ("-O1",), tmp_path / "m4") == 0


def test_it_loses_less_than_plain_rounding():
    op = machine_of(fold(to_graph(MACHINES["rbf"].fit(X[:N_FIT], Y[:N_FIT]))))
    x = X[:N_FIT].astype(np.float64)
    rounded = rounded_machine(op, x, 3, 0.01)
    graph = Graph(fold(to_graph(MACHINES["rbf"])).input)
    plain = np.array(op.dual_coef, np.float64)
    for places in op.decisions():
        scale = np.abs(plain[places]).max() / 3
        plain[places] = scale * np.rint(plain[places] / scale)
        kept = rounded.dual_coef[places].astype(np.float64)
        assert level_scales(kept[None], 3) is not None
    runs = [
        Samples(X[1200:]).tensor(graph.append(m, name="svm"), "svm")
        for m in (op, rounded, KernelMachine(**{**vars(op), "dual_coef": plain}))
    ]
    assert np.std(runs[1] - runs[0]) < 0.2 * np.std(runs[2] - runs[0])


def test_scores_that_are_compared_keep_one_unit():
    """Decisions that are the output of a graph are no signs alone."""
    svm = SVC(C=10).fit(X[:200], Y[:200] % 2)
    graph = SecondOrderRounding(7)(fold(to_graph(svm)), Samples(X[:200].astype(np.float32)))
    nodes = graph.nodes[: [isinstance(n.op, KernelMachine) for n in graph.nodes].index(True) + 1]
    scores = Graph(graph.input, nodes)
    assert machine_of(integer_graph(scores, X[:200])).levels == 0
