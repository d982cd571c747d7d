"""Second-order rounding of convolutions: what it loses, which layers, which positions."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.lib.stride_tricks import sliding_window_view

from skconv import SecondOrderRounding, compress
from skconv.graph import Conv, Graph, Linear, MaxPool, Relu, Reshape, TensorSpec
from skconv.passes.compress import Samples
from skconv.passes.compress.positions import patches
from skconv.passes.compress.rounded_kernels import rounded_conv, rounded_rows
from skconv.passes.compress.seen import Seen, seen
from skconv.passes.scales import level_scales
from skconv.runtime import reference
from skconv.runtime.windows import convolve
from skconv.testing import chain, conv
from tests import compressed

GEOMETRIES = {
    "plain": ((5, 3, 3, 4), {}),
    "strided": ((5, 2, 3, 4), {"stride": (2, 1), "padding": ((1, 0), (0, 2))}),
    "dilated": ((5, 3, 2, 4), {"dilation": (2, 1), "padding": ((1, 1), (1, 1))}),
    "circular": ((5, 3, 3, 4), {"padding": ((1, 1), (1, 1)), "pad_mode": "circular"}),
    "grouped": ((6, 3, 3, 2), {"groups": 2}),
    "depthwise": ((8, 3, 3, 1), {"groups": 4}),
    "shared": ((3, 3, 3, 1), {"shared": True}),
}


def maps(seed: int = 0, n_samples: int = 12) -> np.ndarray:
    """Smooth maps: neighbouring entries depend on each other."""
    x = np.random.default_rng(seed).normal(size=(n_samples, 13, 14, 4))
    return sliding_window_view(x, (3, 3), (1, 2)).mean(axis=(-1, -2)).astype(np.float32)


def seen_by(op: Conv, x: np.ndarray) -> Seen:
    graph = Graph(TensorSpec(x.shape[1:])).append(op)
    return seen(graph, graph.nodes[0], Samples(x), graph)


@pytest.mark.parametrize("kind", GEOMETRIES)
def test_patches_times_weights_are_the_convolution(kind):
    shape, geometry = GEOMETRIES[kind]
    op = conv(np.random.default_rng(1), shape, **geometry)
    of = seen_by(op, maps())
    weights = op.weights.reshape(len(of.rows), -1, of.rows.shape[2])
    given = of.rows @ weights.transpose(0, 2, 1) + op.bias.reshape(len(of.rows), 1, -1)
    np.testing.assert_allclose(given, of.wanted, rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(of.best_weights(weights), weights)
    np.testing.assert_allclose(of.biases(weights).ravel(), op.bias, atol=1e-4)


@pytest.mark.parametrize("kind", GEOMETRIES)
def test_rounded_kernels_lose_less_than_plainly_rounded_ones(kind):
    shape, geometry = GEOMETRIES[kind]
    op, x = conv(np.random.default_rng(1), shape, **geometry), maps()
    rounded = rounded_conv(op, seen_by(op, x), 3, 0.01)
    flat = op.weights.reshape(len(op.weights), -1)
    scale = np.abs(flat).max(axis=1, keepdims=True) / 3
    plain = (np.rint(flat / scale) * scale).reshape(op.weights.shape)
    losses = [
        np.square(convolve(x, changed) - convolve(x, op)).mean()
        for changed in (rounded, Conv(plain, op.bias, **geometry))
    ]
    assert losses[0] < 0.8 * losses[1]
    kept = rounded.weights.reshape(flat.shape).astype(np.float64)
    assert rounded.levels == 3 and level_scales(kept, 3) is not None


def test_errors_of_the_inputs_are_made_up_for():
    """An input lost half of its size, and another one holds the same."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(300, 3)).astype(np.float32)
    x[:, 1] = x[:, 0] + 0.1 * x[:, 1]
    spoilt = x * np.float32([0.5, 1, 1])
    weights = np.float32([[1.0, 0.2, -0.5]])
    wanted = x @ weights.T + 2
    (kept,), biases = rounded_rows(weights[None], Seen(spoilt[None], wanted[None]), 127, 1e-4)
    assert spoilt @ kept.T + biases == pytest.approx(wanted, abs=0.05)


@pytest.mark.parametrize(
    ("layers", "wanted"),
    [
        ("inner", [0, 0, 7, 7]),
        ("all", [7, 7, 7, 7]),
        ("conv", [7, 7, 7, 0]),
        ("linear", [0, 0, 0, 7]),
    ],
)
def test_which_layers(layers, wanted):
    rng = np.random.default_rng(0)
    graph = chain(
        conv(rng, (4, 3, 3, 2)),
        conv(rng, (4, 3, 3, 1), groups=4),
        Relu(),
        conv(rng, (3, 1, 1, 4)),
        Reshape((3 * 4 * 6,)),
        Linear(rng.normal(size=(2, 72)).astype("f4"), np.zeros(2, "f4")),
    )
    x = rng.normal(size=(40, 8, 10, 2)).astype(np.float32)
    rounded = SecondOrderRounding(7, layers=layers)(graph, Samples(x))
    assert [n.op.levels for n in rounded.nodes if hasattr(n.op, "levels")] == wanted
    scores = [reference.run(g, x) for g in (graph, rounded)]
    assert np.std(scores[0] - scores[1]) < 0.2 * np.std(scores[0])


@pytest.mark.parametrize(("levels", "loses"), [(7, 0.005), (3, 0.02)])
def test_a_network_of_two_stages(levels, loses):
    pipe, (X, y) = compressed.fitted("two stages"), compressed.digits()
    n = compressed.N_FIT
    rounding = SecondOrderRounding(levels, layers="conv")
    small = compress(pipe, X[:n], y[:n], passes=[rounding])
    assert small.score(X[n:], y[n:]) >= pipe.score(X[n:], y[n:]) - loses


def test_a_head_that_is_rounded_already_stays_so():
    pipe, (X, y) = compressed.fitted("two stages"), compressed.digits()
    passes = [SecondOrderRounding(3, layers="linear"), SecondOrderRounding(7, layers="conv")]
    small = compress(pipe, X[:300], y[:300], passes=passes)
    levels = {
        type(n.op).__name__: n.op.levels for n in small.graph_.nodes if hasattr(n.op, "levels")
    }
    assert levels == {"Conv": 7, "Linear": 3}


def test_memory_is_bounded(monkeypatch):
    monkeypatch.setattr("skconv.passes.compress.positions.MOST_POSITIONS", 50)
    op, x = conv(np.random.default_rng(0), (3, 3, 3, 4)), maps()
    rows, answers = patches(op, x, convolve(x, op))
    assert rows.shape == (1, 50, 36) and answers.shape == (1, 50, 3)
    assert np.array_equal(rows, patches(op, x, convolve(x, op))[0])
    monkeypatch.setattr("skconv.passes.compress.positions.MOST_NUMBERS", 360)
    assert patches(op, x, convolve(x, op))[0].shape == (1, 10, 36)


def test_graphs_without_such_layers_are_refused():
    graph = Graph(TensorSpec((4, 4, 1))).append(MaxPool((2, 2), (2, 2)))
    with pytest.raises(ValueError, match="needs layers that layers='inner' names"):
        SecondOrderRounding()(graph, Samples(np.ones((3, 4, 4, 1))))
    with pytest.raises(ValueError, match="layers='head', expected one of 'inner', 'all'"):
        SecondOrderRounding(layers="head")(graph, Samples(np.ones((3, 4, 4, 1))))
