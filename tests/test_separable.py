"""Separable kernels: their terms, their integers, what they cost, and what they leave alone."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from sklearn.linear_model import RidgeClassifier
from sklearn.pipeline import make_pipeline

from skconv import Compressed, GaborFeatures, SeparableKernels, compress, to_c
from skconv.emulator import count_instructions, tools
from skconv.graph import (
    Conv,
    Factors,
    Graph,
    Hash,
    QConv,
    QSeparableConv,
    SeparableConv,
    TensorSpec,
)
from skconv.kernels.gabor import gabor_kernel
from skconv.passes.compress import Samples
from skconv.passes.integers import integer_graph
from skconv.runtime import fixed, reference
from tests.compressed import digits

RNG = np.random.default_rng(0)
# Of noise: every direction of the weights counts.
IMAGES = RNG.integers(0, 256, (30, 12, 12, 1)).astype(np.uint8)
BLUR, EDGE = np.array([1, 4, 6, 4, 1]), np.array([-1, -2, 0, 2, 1])


def bank(*kernels: np.ndarray, depth: int = 1, **geometry) -> Graph:
    """A convolution with kernels ``(height, width)`` or ``(height, width, depth)``."""
    weights = np.stack([np.reshape(k, (*k.shape[:2], depth)) for k in kernels])
    conv = Conv(weights.astype(np.float32), np.zeros(len(kernels), "f4"), **geometry)
    return Graph(TensorSpec((12, 12, depth))).append(conv)


def after(graph: Graph, **parameters) -> Conv:
    """The convolution behind the pass."""
    X = RNG.normal(size=(30, *graph.input.shape)).astype(np.float32)
    op = SeparableKernels(**parameters)(graph, Samples(X)).nodes[0].op
    assert isinstance(op, Conv)
    return op


def gabor(theta: float, gamma: float = 1.0) -> np.ndarray:
    even, _ = gabor_kernel((7, 7), theta, 4.0, sigma=1.5, gamma=gamma, remove_dc=False)
    return even


@pytest.mark.parametrize(
    ("theta", "gamma", "rank"), [(0, 1, 1), (0, 0.5, 1), (np.pi / 4, 1, 2), (0.3, 1, 2)]
)
def test_ranks_of_gabor_kernels_are_found(theta, gamma, rank):
    """Their closed form: at gamma = 1, cos(a x + b y) is a sum of two products of x and y."""
    op = after(bank(gabor(theta, gamma)), energy=1.0)
    assert len(op.factors.rows) == rank
    assert np.abs(op.weights[0, :, :, 0] - gabor(theta, gamma)).max() < 0.02


def test_columns_in_common_are_computed_once():
    """A kernel and its mirror image differ in the signs of their rows alone."""
    op = after(bank(gabor(0.3), gabor(np.pi - 0.3)))
    assert (len(op.factors.columns), len(op.factors.rows)) == (2, 4)


def test_products_are_counted():
    op, x = after(bank(np.outer(BLUR, EDGE), np.outer(BLUR, BLUR))), TensorSpec((12, 12, 1))
    assert op.macs(x) == 8 * (1 * 12 * 5 + 2 * 8 * 5)
    assert after(bank(gabor(0.3)), rank=1).macs(x) == 6 * (12 * 7 + 6 * 7)


def test_channels_have_terms_of_their_own():
    weak = 1e-3 * np.outer(EDGE, EDGE)
    kernel = np.stack([np.outer(BLUR, EDGE), weak, np.outer(EDGE, BLUR)], axis=2)
    op = after(bank(kernel, depth=3))
    assert op.factors.channels.tolist() == [0, 2]
    assert np.abs(op.weights[0] - kernel).max() < 0.02 * np.abs(kernel).max()


def test_factors_stay_as_they_are_in_integers():
    graph = bank(gabor(0.3), np.outer(*[gabor(0)[3]] * 2))
    found = SeparableKernels()(graph, Samples(IMAGES))
    integer = integer_graph(found, IMAGES)
    op = integer.nodes[-1].op
    assert isinstance(op, QSeparableConv)
    assert op.factors == found.nodes[0].op.factors
    assert op.factors.line_dtype(integer.input) == "int16"
    x = fixed.quantize_input(integer.input, IMAGES)
    wanted = reference.run(found, IMAGES.astype(np.float64))
    errors = integer.output.real(fixed.run(integer, x)) - wanted
    assert np.abs(errors).max() < 0.03 * np.abs(wanted).max()


def test_weights_that_were_changed_are_quantised_as_any():
    graph = SeparableKernels()(bank(gabor(0.3)), Samples(IMAGES))
    op = graph.nodes[0].op
    changed = replace(op, weights=op.weights * np.linspace(1, 2, 7, dtype="f4")[:, None])
    changed = replace(graph, nodes=(replace(graph.nodes[0], op=changed),))
    assert type(integer_graph(changed, IMAGES).nodes[-1].op) is QConv


@pytest.mark.parametrize(
    "graph",
    [
        bank(RNG.normal(size=(5, 5))),
        bank(np.outer(BLUR, [1])),
        bank(np.outer(BLUR, BLUR)).append(Hash(1)),
        Graph(TensorSpec((12, 12, 2))).append(replace(bank(gabor(0)).nodes[0].op, shared=True)),
    ],
    ids=["random", "column", "codes", "shared by channels"],
)
def test_what_would_save_nothing_stays(graph):
    assert type(after(graph)) is Conv


@pytest.mark.parametrize(
    "parameters", [{"energy": 0.0}, {"energy": 1.5}, {"rank": 0}, {"rank": 1.5}, {"damping": 0}]
)
def test_parameters_are_checked(parameters):
    (name,) = parameters
    with pytest.raises(ValueError, match=f"{name}=.*expected"):
        after(bank(gabor(0)), **parameters)


def test_factors_are_checked():
    factors = Factors.of([[(0, BLUR, EDGE)]])
    conv = bank(np.outer(BLUR, EDGE)).nodes[0].op
    with pytest.raises(ValueError, match="factors are of 1 kernels of 5x5, expected"):
        SeparableConv(np.concatenate([conv.weights] * 2), np.zeros(2, "f4"), factors=factors)
    with pytest.raises(ValueError, match="channels below 1"):
        SeparableConv(conv.weights, conv.bias, factors=Factors.of([[(1, BLUR, EDGE)]]))


@pytest.fixture(scope="module")
def exported() -> tuple[Compressed, dict[str, Any]]:
    """Gabor features of digits and a ridge, and its C for a Cortex-M4 before and after."""
    X, y = digits()
    features = GaborFeatures(
        n_orientations=4,
        wavelengths=(4.0,),
        phase="both",
        pool_size=4,
        input_shape=(8, 8),
    )
    pipe = make_pipeline(features, RidgeClassifier(alpha=10)).fit(X[:1200], y[:1200])
    small = compress(pipe, X[:1200], y[:1200], passes=[SeparableKernels()])
    models = {"dense": pipe, "separable": small}
    return small, {
        name: to_c(model, X[:300], target="cortex-m4", name="m") for name, model in models.items()
    }


def test_a_pipeline_keeps_its_accuracy(exported):
    X, y = digits()
    dense, separable = (np.mean(m.predict(X[1200:]) == y[1200:]) for m in exported[1].values())
    assert separable >= dense - 0.005


@pytest.mark.needs("cc")
def test_rows_may_be_pushed(exported):
    """Rows go into lines as they come, and what is kept is what whole images need."""
    small, models = exported
    X, _ = digits()
    streamed = to_c(small, X[:300], target="cortex-m4", input="rows", optimize="speed")
    assert type(streamed.graph.nodes[0].op).__name__ == "StreamedDspSeparableStage"
    assert (streamed.predict(X[1200:]) == models["separable"].predict(X[1200:])).all()


@pytest.mark.needs(*tools("cortex-m4"))
def test_a_cortex_m4_takes_fewer_instructions(exported):
    counts = {}
    for name, model in exported[1].items():
        x = fixed.quantize_input(model.graph.input, digits()[0][:1])
        numbers = ", ".join(map(str, x.ravel()))
        prelude = f'#include "m.h"\nstatic const m_input_t x[M_INPUT_SIZE] = {{{numbers}}};'
        counts[name] = count_instructions(model.files, "(void)m_predict(x)", prelude=prelude)
    assert counts["separable"] < 0.9 * counts["dense"]
