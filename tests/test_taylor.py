"""Taylor's criterion behind networks and kernel machines: gradients, and which kernels stay."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import log_softmax
from sklearn.datasets import load_digits
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from skconv import LaplacianNuSVC, PruneKernels, RandomConvFeatures, compress, to_graph
from skconv.graph import (
    Activation,
    Add,
    ArgMax,
    Conv,
    Graph,
    MeanPool,
    OvoVote,
    Reshape,
    TensorSpec,
)
from skconv.passes.compress import Samples
from skconv.passes.compress.pruning.blocks import Block, layer_normalised
from skconv.passes.compress.pruning.gradients import AnyHead, reader_of
from skconv.passes.fold import fold
from skconv.runtime import reference
from skconv.testing import chain, kernel_machine, linear

pytest.importorskip("torch")

RNG = np.random.default_rng(0)
N = 7
ENDINGS = {
    "network": ("logistic", (linear(RNG, 5, N), Activation("tanh"), linear(RNG, 3, 5))),
    "two classes": ("logistic", (linear(RNG, 5, N), Activation("sigmoid"), linear(RNG, 1, 5))),
    "squares": ("squared", (linear(RNG, 5, N), Activation("tanh"), linear(RNG, 3, 5))),
    "square of one": ("squared", (linear(RNG, 5, N), Activation("tanh"), linear(RNG, 1, 5))),
    **{name: ("pairs", (kernel_machine(RNG, name, N),)) for name in ("rbf", "laplacian", "poly")},
}


def losses(scores: np.ndarray, y: np.ndarray, loss: str) -> np.ndarray:
    """Of each sample, written down once more."""
    if loss == "pairs":
        pairs = [(0, 1), (0, 2), (1, 2)]
        signs = np.array([[(c == i) * 1.0 - (c == j) for i, j in pairs] for c in y])
        return (np.maximum(0, 1 - signs * scores) * np.abs(signs)).sum(axis=1)
    if loss == "squared":
        signs = np.where(np.arange(3) == y[:, None], 1, -1) if scores.shape[1] > 1 else 2 * y - 1
        return np.square(scores - signs.reshape(scores.shape)).sum(axis=1) / 2
    logits = scores if scores.shape[1] > 1 else np.hstack([0 * scores, scores])
    return -log_softmax(logits, axis=1)[np.arange(len(y)), y]


@pytest.mark.parametrize("ending", ENDINGS)
def test_gradients_are_finite_differences(ending):
    from skconv.runtime.torch_gradients import input_gradients

    loss, ops = ENDINGS[ending]
    graph = chain(*ops, shape=(N,))
    x = np.random.default_rng(1).normal(size=(20, N))
    y = np.arange(20) % (2 if graph.output.size == 1 else 3)
    step = 1e-3
    wanted = np.empty_like(x)
    for i in range(N):
        apart = step * np.eye(N)[i]
        above, below = (losses(reference.run(graph, x + s * apart), y, loss) for s in (1, -1))
        wanted[:, i] = (above - below) / (2 * step)
    found = input_gradients(graph, x, y, loss)
    # A step may cross the kink of a hinge or of a distance.
    off = np.abs(found - wanted) > 2e-3 * np.abs(wanted).max()
    assert off.mean() <= (0.03 if loss == "pairs" else 0)


def test_an_op_without_gradients_is_refused():
    from skconv.runtime.torch_gradients import input_gradients
    from skconv.testing import example_graphs

    graph = example_graphs()["tree of values"]
    with pytest.raises(ValueError, match=r"TreeEnsemble .* has no gradient"):
        input_gradients(graph, np.zeros((1, 300)), np.array([0]), "squared")


# ----------------------------------------------------------------------- which kernels stay


def kernels_of_six(head: object, loss: str) -> list[int]:
    """Of six kernels the three that stay: labels depend on the first, third and last one."""
    rng = np.random.default_rng(2)
    x = rng.normal(size=(400, 4, 4, 6)).astype(np.float32)
    means = x.reshape(400, 2, 2, 2, 2, 6).mean(axis=(2, 4)).reshape(400, 24)
    weights = rng.normal(size=(3, 4, 6))
    weights[:, :, [1, 3, 4]] = 0
    y = (means @ weights.reshape(3, 24).T).argmax(axis=1)
    fitted = head.fit(means, y)
    graph = Graph(TensorSpec((4, 4, 6)))
    graph = graph.append(Conv(np.eye(6, dtype="f4")[:, None, None], np.zeros(6, np.float32)))
    graph = graph.append(MeanPool((2, 2), (2, 2))).append(Reshape((24,)))
    for node in fold(to_graph(fitted)).nodes:
        graph = graph.append(node.op)
    pruned = PruneKernels(3, "taylor")(graph, Samples(x.reshape(400, -1), y, loss))
    kept = pruned.nodes[0].op.weights.reshape(3, 6)
    assert (reference.run(pruned, x)[:, 0] == y).mean() > 0.9
    return np.flatnonzero(kept.any(axis=0)).tolist()


@pytest.mark.parametrize(
    ("head", "loss"),
    [
        (MLPClassifier((12,), solver="lbfgs", max_iter=80, random_state=0), "logistic"),
        (SVC(C=10), "squared"),
        (SVC(C=10, kernel="poly", degree=2, coef0=1), "squared"),
        (LaplacianNuSVC(nu=0.2), "squared"),
    ],
    ids=["network", "rbf", "poly", "laplacian"],
)
def test_kernels_that_matter_stay(head, loss):
    assert kernels_of_six(head, loss) == [0, 2, 5]


def test_a_feature_that_left_is_what_it_was_on_average():
    """Without a new fit: the head on fewer features answers as on their means."""
    rng = np.random.default_rng(3)
    x = rng.normal(1, 1, size=(50, 6)).astype(np.float32)
    first = Conv(np.eye(6, dtype="f4")[:, None, None], np.zeros(6, np.float32))
    for op in (kernel_machine(rng, "rbf", 6), kernel_machine(rng, "laplacian", 6)):
        graph = chain(first, Reshape((6,)), op, OvoVote(3), ArgMax(), shape=(1, 1, 6))
        samples = Samples(x, np.zeros(50, int))
        head = AnyHead.of(graph, reader_of(graph), samples)
        left = np.array([0, 1, 3])
        found = head.put_on(graph, left, samples)
        mean_of = x.copy()
        mean_of[:, [2, 4, 5]] = x[:, [2, 4, 5]].mean(axis=0)
        wanted, before = (
            reference.run(Graph(TensorSpec((6,))).append(op), z) for z in (mean_of, x)
        )
        machine = next(n for n in found.nodes if type(n.op) is type(op))
        given = Samples(x).tensor(found, machine.name)
        # Coefficients are fitted anew from there: the answers before are met no worse.
        assert np.square(given - before).mean() <= np.square(wanted - before).mean() * 1.001


def test_half_of_the_kernels_of_a_network():
    X, y = load_digits(return_X_y=True)
    features = RandomConvFeatures(
        n_kernels=16, kernel_size=3, pool_size=3, input_shape=(8, 8), random_state=0
    )
    head = MLPClassifier((24,), solver="lbfgs", max_iter=60, random_state=0)
    pipe = make_pipeline(features, StandardScaler(), head).fit(X[:1000], y[:1000])
    small = compress(pipe, X[:1000], y[:1000], passes=[PruneKernels(8, "taylor")])
    assert "1->8" in small.graph_.nodes[1].op.describe()
    assert small.score(X[1000:], y[1000:]) > pipe.score(X[1000:], y[1000:]) - 0.05


def test_costs_are_divided_by_the_norm_of_their_layer():
    blocks = [Block(np.arange(2), layer) for layer in (1, 1, 2, 3)]
    found = layer_normalised(np.array([3.0, 4.0, 7.0, 0.0]), blocks)
    assert found == pytest.approx([0.6, 0.8, 1, 0])


# ------------------------------------------------------------------------------- refusals


def network() -> Graph:
    return chain(
        Conv(np.ones((4, 1, 1, 2), "f4"), np.zeros(4, "f4")),
        Reshape((4,)),
        linear(RNG, 6, 4),
        Activation("tanh"),
        linear(RNG, 3, 6),
        shape=(1, 1, 2),
    )


def test_other_criteria_want_a_linear_head():
    samples = Samples(RNG.normal(size=(20, 2)), np.arange(20) % 3)
    with pytest.raises(ValueError, match=r"or a kernel machine use criterion='taylor'"):
        PruneKernels(2)(network(), samples)
    with pytest.raises(ValueError, match="loss='logistic' needs scores of a linear layer"):
        PruneKernels(2, "taylor", loss="logistic")(network(), samples)


def test_a_head_that_reads_more_is_refused():
    graph = network()
    hidden = graph.output_name
    graph = graph.append(Reshape((2,)), "input").append(linear(RNG, 3, 2))
    graph = graph.append(Add(), hidden, graph.output_name)
    samples = Samples(RNG.normal(size=(20, 2)), np.arange(20) % 3)
    with pytest.raises(ValueError, match="Add reads more than what Linear 4->6 makes of"):
        PruneKernels(2, "taylor")(graph, samples)
