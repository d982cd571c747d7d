"""Kernels of signs and of powers of two, rounded by second order."""

from __future__ import annotations

import numpy as np
import pytest

from skconv import BinaryKernels, ShiftKernels
from skconv.graph import Conv, Graph, QConv, Relu, TensorSpec
from skconv.passes.compress import Samples
from skconv.passes.compress.second_order import curvature, nearest, round_row
from skconv.passes.integers import integer_graph
from skconv.runtime import reference

RNG = np.random.default_rng(0)
# Neighbours are alike, as in images: errors of one weight can be made up for by others.
IMAGES = RNG.normal(size=(40, 9, 9, 1)).cumsum(axis=1).cumsum(axis=2).astype(np.float32)
KERNELS = RNG.normal(size=(4, 4, 4, 1)).astype(np.float32)
SIGNS = np.array([-1, 1])


def one_stage() -> Graph:
    return Graph(TensorSpec((9, 9, 1))).append(Conv(KERNELS, np.zeros(4, "f4")), name="conv")


def two_stages() -> Graph:
    second = Conv(RNG.normal(size=(3, 2, 2, 4)).astype(np.float32), np.zeros(3, "f4"))
    return one_stage().append(Relu()).append(second, name="second")


def whole(op: Conv) -> np.ndarray:
    """The weights of each kernel in units of the smallest."""
    sizes = np.abs(op.weights).reshape(len(op.weights), -1)
    unit = np.where(sizes > 0, sizes, np.inf).min(axis=1)
    return np.asarray(op.weights / unit[:, None, None, None])


@pytest.mark.parametrize("levels", [1, 3, 127])
def test_levels_are_whole_numbers_in_order(levels):
    values = RNG.normal(size=400) * 1.2 * levels
    wanted = nearest(values, levels)
    assert np.array_equal(nearest(values, np.arange(-levels, levels + 1)), wanted)


def test_a_row_takes_only_the_levels_that_there_are():
    moments = np.cov(RNG.normal(size=(50, 6)), rowvar=False)
    found, scale = round_row(RNG.normal(size=6), curvature(moments), np.array([-8, -1, 1, 8]))
    assert set(np.abs(found)) <= {1, 8}
    assert scale > 0


def test_signs_are_nearly_the_best_of_all():
    """Of all signs, with the best number for each: those with the least squared error."""
    every = np.array(np.meshgrid(*[SIGNS] * 8)).reshape(8, -1).T
    rng, losses = np.random.default_rng(0), []
    for _ in range(20):
        moments = np.cov(rng.normal(size=(200, 8)) @ rng.normal(size=(8, 8)), rowvar=False)
        of, row = curvature(moments), rng.normal(size=8)

        def loss(signs: np.ndarray, scale: float, of=of, row=row) -> float:
            return float((row - scale * signs) @ of.hessian @ (row - scale * signs))

        scales = [(row @ of.hessian @ s) / (s @ of.hessian @ s) for s in every]
        best = min(map(loss, every, scales))
        found = loss(*round_row(row, of, SIGNS))
        assert found >= best * (1 - 1e-9)
        losses.append((best, found, loss(np.sign(row), float(np.abs(row).mean()))))
    best, found, plain = np.sum(losses, axis=0)
    assert found < 1.3 * best
    assert found < 0.6 * plain


@pytest.mark.parametrize("found", [BinaryKernels(), ShiftKernels(), ShiftKernels(terms=2)])
def test_kernels_come_nearer_than_by_plain_rounding(found):
    graph = found(one_stage(), Samples(IMAGES))
    values = found.values() if isinstance(found, ShiftKernels) else SIGNS
    assert set(np.abs(whole(graph.nodes[0].op)).round(3).ravel()) <= set(np.abs(values)) | {0}
    wanted, got = (reference.run(g, IMAGES) for g in (one_stage(), graph))
    flat = KERNELS.reshape(4, -1)
    largest = np.abs(flat).max(axis=1, keepdims=True)
    scale = np.abs(flat).mean(axis=1, keepdims=True) if values.min() == -1 else largest / 4
    plain = (scale * nearest(flat / scale, values)).reshape(KERNELS.shape).astype(np.float32)
    plainly = reference.run(Graph(TensorSpec((9, 9, 1))).append(Conv(plain, np.zeros(4))), IMAGES)
    plainly += (wanted - plainly).mean(axis=(0, 1, 2))  # As good a bias.
    assert ((got - wanted) ** 2).sum() < 0.5 * ((plainly - wanted) ** 2).sum()


def test_integers_keep_the_values():
    op = integer_graph(BinaryKernels()(one_stage(), Samples(IMAGES)), IMAGES).nodes[-1].op
    assert isinstance(op, QConv)
    assert set(op.weights.ravel().tolist()) == {-1, 1}
    assert op.parameters["weights"].nbytes == 4 * -(-16 // 5)
    op = integer_graph(ShiftKernels()(one_stage(), Samples(IMAGES)), IMAGES).nodes[-1].op
    assert set(np.abs(op.weights).ravel().tolist()) <= {0, 1, 2, 4}
    assert op.parameters["weights"].nbytes == 4 * 16 // 2


@pytest.mark.parametrize(
    ("layers", "changed"), [("all", {"conv", "second"}), ("inner", {"second"})]
)
def test_the_first_convolution_may_stay(layers, changed):
    graph = two_stages()
    found = ShiftKernels(layers=layers)(graph, Samples(IMAGES))
    differs = {
        node.name
        for node in graph.nodes
        if isinstance(node.op, Conv) and found.by_name[node.name].op.levels > 0
    }
    assert differs == changed


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (ShiftKernels(terms=3), "terms=3, expected 1 or 2"),
        (ShiftKernels(exponents=7), "exponents=7, expected a whole number from 1 to 6"),
        (BinaryKernels(damping=0), "damping=0, expected more than 0"),
        (BinaryKernels(layers="some"), "layers='some', expected one of"),
        (BinaryKernels(layers="inner"), "needs convolutions that layers='inner' names"),
    ],
)
def test_parameters_are_checked(wrong, message):
    with pytest.raises(ValueError, match=message):
        wrong(one_stage(), Samples(IMAGES))
