"""Kernel machines with coefficients of a few levels: what they lose, their bytes, their C."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from sklearn.datasets import load_digits
from sklearn.svm import SVC, SVR

from skconv import LaplacianNuSVC, SecondOrderRounding, compress, to_c, to_graph
from skconv.exceptions import StorageWarning
from skconv.graph import Graph, KernelMachine, QKernelMachine, TensorSpec
from skconv.graph.storage.grid import Grid, integer_grid, spacing
from skconv.passes.compress import Samples
from skconv.passes.compress.rounded_machine import rounded_machine
from skconv.passes.fold import fold
from skconv.passes.integers import integer_graph
from skconv.passes.scales import level_scales
from tests import exactness
from tests.integer_graphs import input_spec, kernel_machine

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


@pytest.mark.needs("cc")
@pytest.mark.parametrize("kernel", MACHINES)
def test_vectors_of_four_bits(kernel, tmp_path):
    svm = MACHINES[kernel].fit(X[:N_FIT], Y[:N_FIT])
    small = compress(svm, X[:N_FIT], Y[:N_FIT], passes=[SecondOrderRounding(7, vector_bits=4)])
    held = slice(1200, None)
    assert small.score(X[held], Y[held]) >= svm.score(X[held], Y[held]) - 0.01
    model = to_c(small, X[:300], target="portable")
    machine = machine_of(model.graph)
    assert machine.grid == Grid(0, 17)
    assert machine.parameters["support_vectors"].nbytes == len(machine.support_vectors) * 32
    assert np.mean(model.predict(X[held]) == small.predict(X[held])) >= 0.99
    assert exactness.on_host(model.graph, X[1200:1220], ("-O1",), tmp_path) == 0


def test_values_of_regressions_and_of_wide_inputs():
    """Features of a large range are int16 integers, and take a quarter."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(200, 9)).astype(np.float32)
    svr = SVR(C=10, epsilon=0.01).fit(x, np.sin(2 * x[:, 0]) + x[:, 1])
    graph = SecondOrderRounding(127, vector_bits=4)(fold(to_graph(svr)), Samples(x))
    kept, before = (machine_of(integer_graph(g, x)) for g in (graph, fold(to_graph(svr))))
    assert kept.support_vectors.dtype == np.int16 and kept.grid.holds(kept.support_vectors)
    sizes = [m.parameters["support_vectors"].nbytes for m in (kept, before)]
    assert sizes[0] == len(kept.support_vectors) * 5 and sizes[1] == len(kept.support_vectors) * 18


def test_vectors_that_keep_their_bytes_warn():
    """Sixteen values on a small part of an input's range lie closer than its integers."""
    rng = np.random.default_rng(0)
    x = rng.uniform(0, 20, size=(120, 3)).astype(np.uint8)
    svm = SVC().fit(x, x[:, 0] > x[:, 1])
    passes = [SecondOrderRounding(7, vector_bits=4)]
    told = r"vector_bits=4 has no effect.*uint8.*vector_bits=8"
    with pytest.warns(StorageWarning, match=told):  # Its table of costs is of integers.
        small = compress(svm, x, x[:, 0] > x[:, 1], passes=passes)
    with pytest.warns(StorageWarning, match=told):
        model = to_c(small, x, target="portable")
    assert machine_of(model.graph).grid is None


def test_grids_of_integers():
    """A step in units of the input is seldom whole; the grid keeps the middle."""
    byte, wide = (-128, 127), (-8000, 8000)
    assert integer_grid(np.linspace(-126.4, 126.4, 16), byte) == Grid(-128, 17)
    assert integer_grid(np.linspace(0, 254, 16), (0, 255)) == Grid(0, 17)
    assert integer_grid(np.linspace(-8000, 8000, 16), wide) == Grid(-7995, 1066)
    assert integer_grid(np.array([3.0, 3.0]), byte) == Grid(3, 1)
    assert integer_grid(np.linspace(-9.4, 9.4, 16), byte) is None  # steps of 1.25
    assert spacing(np.linspace(0, 1, 17)) is None
    assert spacing(np.float32([0.3, 0.1, 0.7])) == pytest.approx((0.1, 0.2), rel=1e-3)


def test_a_machine_off_its_grid_is_refused():
    x = input_spec((3,), "uint8")
    machine = kernel_machine(np.random.default_rng(0), x, "rbf", (2, 2))
    with pytest.raises(ValueError, match=r"not all on Grid\(first=1, step=17\)"):
        replace(machine, grid=Grid(1, 17)).output(x)


@pytest.mark.parametrize("bits", [3, 16, "4"])
def test_other_bits_are_refused(bits):
    with pytest.raises(ValueError, match=r"vector_bits=.* expected 4 or 8"):
        SecondOrderRounding(7, vector_bits=bits)(Graph(TensorSpec((1,))), Samples(X[:9]))


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
