"""Pruning: elimination step by step, what nobody reads, and heads on what is left."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression, RidgeClassifier
from sklearn.pipeline import make_pipeline
from sklearn.svm import SVC

from skconv import (
    PruneDead,
    PruneFeatures,
    PruneKernels,
    RandomConvFeatures,
    SecondOrderRounding,
    compress,
    to_c,
    to_graph,
)
from skconv.graph import (
    Affine,
    Concat,
    Conv,
    Graph,
    Linear,
    Magnitude,
    MeanPool,
    Relu,
    Reshape,
    Select,
    SoftThreshold,
    TensorSpec,
)
from skconv.passes.compress import Samples
from skconv.passes.compress.pruning import prune_dead
from skconv.passes.compress.pruning.blocks import blocks_of
from skconv.passes.compress.pruning.elimination import Elimination
from skconv.passes.compress.pruning.head import Head
from skconv.passes.compress.pruning.kernels import eliminated
from skconv.passes.compress.pruning.origin import kernels_of
from skconv.passes.fold import fold
from skconv.runtime import reference
from skconv.testing import example_graphs, example_samples

X, Y = load_digits(return_X_y=True)
FEATURES = RandomConvFeatures(n_kernels=16, kernel_size=3, input_shape=(8, 8), random_state=0)
RNG = np.random.default_rng(0)


# -------------------------------------------------------------------------- elimination


def curved(n: int = 9) -> tuple[np.ndarray, np.ndarray]:
    """A Hessian, and weights of three outputs."""
    rng = np.random.default_rng(1)
    x = rng.normal(size=(40, n)) @ rng.normal(size=(n, n))
    return x.T @ x / 40 + 0.01 * np.eye(n), rng.normal(size=(3, n))


def least(hessian: np.ndarray, weights: np.ndarray, kept: np.ndarray) -> tuple[np.ndarray, float]:
    """Weights of least loss on some inputs, solved from the start, and that loss."""
    best = np.linalg.solve(hessian[np.ix_(kept, kept)], hessian[kept] @ weights.T).T
    error = weights.copy()
    error[:, kept] -= best
    return best, float(np.einsum("ki,ij,kj->", error, hessian, error))


def test_each_step_leaves_the_weights_of_least_loss(monkeypatch):
    monkeypatch.setattr("skconv.passes.compress.pruning.elimination.PENDING", 3)
    hessian, weights = curved()
    steps, lost = Elimination(hessian, weights), 0.0
    for block in ([4], [0, 7], [2], [1], [8, 3]):
        if len(block) == 1:
            lost += steps.costs()[steps.left.tolist().index(block[0])]
        else:
            lost += steps.block_costs([np.array(sorted(block))])[0]
        steps.drop(sorted(block))
        best, loss = least(hessian, weights, steps.left)
        assert steps.weights == pytest.approx(best) and lost == pytest.approx(loss)
    assert steps.left.tolist() == [5, 6]


# --------------------------------------------------------------------------------- dead


def with_few_weights(graph: Graph, n_read: int) -> Graph:
    """A linear layer on the result of a graph, with weights for some of it."""
    size = graph.output.size
    weights = np.zeros((3, size), np.float32)
    read = RNG.choice(size, min(n_read, size), replace=False)
    weights[:, read] = RNG.normal(size=(3, len(read)))
    flat = graph if len(graph.output.shape) == 1 else graph.append(Reshape((size,)))
    return flat.append(Linear(weights, np.zeros(3, np.float32)))


FLOATS = {
    name: graph
    for name, graph in example_graphs().items()
    if graph.domain == "float" and not graph.is_classifier
}


@pytest.mark.parametrize("name", FLOATS)
def test_the_answers_stay(name):
    for n_read in (1, 3):
        graph = with_few_weights(FLOATS[name], n_read)
        pruned = prune_dead(graph)
        x = example_samples(graph, 3)
        wanted = reference.run(graph, x)
        assert reference.run(pruned, x) == pytest.approx(wanted, abs=1e-5 * np.abs(wanted).max())
        assert pruned.parameter_bytes <= graph.parameter_bytes and pruned.macs <= graph.macs


def ones(*shape: int) -> np.ndarray:
    return np.ones(shape, np.float32)


def conv(n_kernels: int, size: int, channels: int, **options) -> Conv:
    weights = RNG.normal(size=(n_kernels, size, size, channels)).astype(np.float32)
    return Conv(weights, RNG.normal(size=n_kernels).astype(np.float32), **options)


def head(graph: Graph, read: np.ndarray) -> Graph:
    """A layer of one output that reads the entries of a mask."""
    weights = read.reshape(1, -1).astype(np.float32)
    flat = graph.append(Reshape((weights.size,)))
    return flat.append(Linear(weights, np.zeros(1, np.float32)))


def checked(graph: Graph) -> Graph:
    """The pruned graph; its answers are those before."""
    pruned = prune_dead(graph)
    x = RNG.normal(size=(4, *graph.input.shape))
    assert reference.run(pruned, x) == pytest.approx(reference.run(graph, x), abs=1e-4)
    return pruned


def described(graph: Graph) -> list[str]:
    return [node.op.describe() for node in graph.nodes]


def test_a_dead_map_takes_its_kernel_down_to_the_input():
    graph = Graph(TensorSpec((9, 9, 2))).append(conv(5, 3, 2)).append(Relu())
    graph = graph.append(conv(4, 2, 5)).append(SoftThreshold(ones(4) * 0.1))
    graph = graph.append(MeanPool((3, 3), (3, 3)))
    read = np.zeros(graph.output.shape, bool)
    read[..., [1, 6]] = True  # one sign of kernel 1, the other of kernel 2
    last = replace(graph.nodes[2].op, weights=graph.nodes[2].op.weights.copy())
    last.weights[1:3, :, :, [0, 3]] = 0
    nodes = (*graph.nodes[:2], replace(graph.nodes[2], op=last), *graph.nodes[3:])
    found = checked(head(replace(graph, nodes=nodes), read))
    assert described(found)[0] == "Conv 3x3 2->3" and described(found)[2] == "Conv 2x2 3->2"
    assert found.nodes[-1].op.weights.shape == (1, 4 * 2 * 2)


def test_dead_windows_at_the_border_go_as_far_as_the_padding():
    graph = Graph(TensorSpec((12, 12, 1))).append(conv(2, 5, 1, padding=((4, 4), (2, 2))))
    graph = graph.append(Relu()).append(MeanPool((4, 4), (4, 4)))
    read = np.ones(graph.output.shape, bool)
    read[[0, -1]] = False  # rows of windows: the padding at the top and at the bottom goes
    read[:, -1] = False
    read[:, 0] = False  # two columns of padding are not the four of a window
    found = checked(head(graph, read))
    assert found.nodes[0].op.padding == ((0, 0), (2, 0))
    assert found.specs["meanpool"].shape == (2, 2, 2)


def test_joined_and_chosen_channels():
    graph = Graph(TensorSpec((6, 6, 3)))
    graph = graph.append(conv(4, 3, 3), name="a").append(conv(3, 3, 3), "input", name="b")
    graph = graph.append(Concat(), "a", "b").append(Select(np.array([5, 0, 2, 6, 3])))
    graph = graph.append(Affine(RNG.normal(size=5).astype("f4"), ones(5)))
    read = np.zeros((4, 4, 5), bool)
    read[1:3, :, [1, 4]] = True
    found = checked(head(graph, read))
    assert described(found)[:2] == ["Conv 3x3 3->2", "Affine"]


def test_groups_and_pairs_stay_whole():
    graph = Graph(TensorSpec((6, 6, 4))).append(conv(4, 1, 4))
    graph = graph.append(conv(8, 3, 1, groups=4)).append(Magnitude())
    read = np.zeros((4, 4, 4), bool)
    read[..., 3] = True  # kernels 3 and 7, of the groups 1 and 3
    found = checked(head(graph, read))
    assert described(found)[:2] == ["Conv 1x1 4->2", "Conv 3x3 2->4 groups 2"]
    assert described(found)[2:4] == ["Select 2", "Magnitude"]


def test_a_layer_without_weights_keeps_an_input():
    graph = head(Graph(TensorSpec((4, 4, 1))).append(conv(3, 2, 1)), np.zeros((3, 3, 3)))
    assert checked(graph).nodes[0].op.weights.shape[0] == 1


# ------------------------------------------------------------------------------ features


@pytest.fixture(
    scope="module", params=[LogisticRegression(C=0.01, max_iter=500), RidgeClassifier()]
)
def pipe(request):
    return make_pipeline(FEATURES, request.param).fit(X[:1200], Y[:1200])


def random_choice(pipe, n_features: int) -> float:
    """The head of the pipe, fitted to features chosen at random: mean accuracy."""
    found = []
    for seed in range(3):
        chosen = np.random.default_rng(seed).choice(256, n_features, replace=False)
        F = pipe[0].transform(X)[:, chosen]
        found.append(clone(pipe[-1]).fit(F[:1200], Y[:1200]).score(F[1200:], Y[1200:]))
    return float(np.mean(found))


def test_chosen_features_are_worth_more_than_random_ones(pipe):
    small = compress(pipe, X[:1200], Y[:1200], passes=[PruneFeatures(30)])
    weights = small.graph_.by_name[small.graph_.scores_name].op.weights
    assert weights.any(axis=0).sum() == 30
    assert small.score(X[1200:], Y[1200:]) > random_choice(pipe, 30) + 0.03


def test_half_of_the_features_are_enough(pipe):
    small = compress(pipe, X[:1200], Y[:1200], passes=["PruneFeatures"])
    assert small.score(X[1200:], Y[1200:]) > pipe.score(X[1200:], Y[1200:]) - 0.01


def test_rounding_keeps_what_left(pipe):
    passes = [PruneFeatures(0.25), SecondOrderRounding(3)]
    pruned, rounded = (compress(pipe, X[:1200], Y[:1200], passes=passes[: i + 1]) for i in range(2))
    weights = [s.graph_.by_name[s.graph_.scores_name].op.weights for s in (pruned, rounded)]
    assert not weights[1][:, ~weights[0].any(axis=0)].any()
    assert rounded.score(X[1200:], Y[1200:]) > pruned.score(X[1200:], Y[1200:]) - 0.02


def test_two_classes_and_no_labels():
    pipe = make_pipeline(FEATURES, LogisticRegression(max_iter=500)).fit(X[:600], Y[:600] > 4)
    labelled = compress(pipe, X[:600], Y[:600] > 4, passes=[PruneFeatures(0.5)])
    alone = compress(pipe, X[:600], passes=[PruneFeatures(0.5)])
    for small in (labelled, alone):
        assert small.score(X[600:], Y[600:] > 4) > pipe.score(X[600:], Y[600:] > 4) - 0.03


# ------------------------------------------------------------------------------- kernels


def eliminated_alike(graph: Graph, head: Head, n_kept: int, criterion: str) -> list[int]:
    """Kernels that stay."""
    blocks = blocks_of(graph, head.name, head.alive)
    left = set(eliminated(head, blocks, n_kept, criterion).left.tolist())
    return [k for k, block in enumerate(blocks) if left >= set(block.inputs.tolist())]


def useless_kernels(criterion: str) -> list[int]:
    """Of six kernels the three that stay: labels depend on the first, third and last one."""
    rng = np.random.default_rng(2)
    graph = Graph(TensorSpec((4, 4, 6)))
    graph = graph.append(Conv(np.eye(6, dtype="f4")[:, None, None], np.zeros(6, np.float32)))
    graph = graph.append(SoftThreshold(np.zeros(6, np.float32))).append(MeanPool())
    graph = graph.append(Reshape((48,)))
    x = rng.normal(size=(600, 4, 4, 6)).astype(np.float32)
    weights = rng.normal(size=(3, 4, 6))
    weights[:, :, [1, 3, 4]] *= 0.03
    weights = np.concatenate([weights, -weights], axis=2).reshape(3, 48).astype(np.float32)
    graph = graph.append(Linear(weights, np.zeros(3, np.float32)))
    y = reference.run(graph, x).argmax(axis=1)
    samples = Samples(x.reshape(600, -1), y, "logistic")
    head = Head.of(graph, samples, 0.3, None)
    return eliminated_alike(graph, head, 3, criterion)


@pytest.mark.parametrize("criterion", ["ridge", "taylor", "accuracy"])
def test_kernels_that_matter_stay(criterion):
    assert useless_kernels(criterion) == [0, 2, 5]


def test_the_exact_change_of_the_loss_when_a_kernel_goes(pipe):
    graph = fold(to_graph(pipe))
    samples = Samples(X[:1200], Y[:1200], "squared")
    head = Head.of(graph, samples, 0.3, None)
    blocks = blocks_of(graph, head.name, head.alive)
    costs = head.elimination().block_costs([block.inputs for block in blocks])
    for k in (0, 7):
        kept = np.setdiff1d(np.arange(len(head.alive)), blocks[k].inputs)
        _, loss = least(head.hessian, head.weights, kept)
        assert costs[k] == pytest.approx(loss, rel=1e-6)


@pytest.mark.parametrize("criterion", ["ridge", "taylor", "accuracy"])
def test_half_of_the_kernels(pipe, criterion):
    small = compress(pipe, X[:1200], Y[:1200], passes=[PruneKernels(0.5, criterion)])
    assert "1->8" in small.graph_.nodes[1].op.describe()
    assert small.score(X[1200:], Y[1200:]) > pipe.score(X[1200:], Y[1200:]) - 0.03
    assert small.costs_[1].instructions < 0.6 * small.costs_[0].instructions


@pytest.mark.parametrize("made", [PruneFeatures(60), PruneKernels(8)], ids=["features", "kernels"])
def test_few_inputs_lose_less_behind_a_head_fitted_to_labels(pipe, made):
    likely = replace(made, loss="logistic")
    small, other = (
        compress(pipe, X[:1200], Y[:1200], passes=[each]).score(X[1200:], Y[1200:])
        for each in (made, likely)
    )
    assert other > small + 0.005


def test_two_classes_fitted_to_labels():
    pipe = make_pipeline(FEATURES, RidgeClassifier()).fit(X[:600], Y[:600] > 4)
    passes = [PruneFeatures(60, loss="logistic")]
    small = compress(pipe, X[:600], Y[:600] > 4, passes=passes)
    assert small.graph_.by_name[small.graph_.scores_name].op.weights.shape[0] == 1
    assert small.score(X[600:], Y[600:] > 4) > pipe.score(X[600:], Y[600:] > 4) - 0.03


@pytest.mark.needs("cc")
def test_all_passes_in_a_row():
    pipe = make_pipeline(FEATURES, RidgeClassifier()).fit(X[:1200], Y[:1200])
    passes = [PruneKernels(10), PruneFeatures(60), SecondOrderRounding(1)]
    small = compress(pipe, X[:1200], Y[:1200], passes=passes)
    assert small.score(X[1200:], Y[1200:]) > pipe.score(X[1200:], Y[1200:]) - 0.05
    assert small.costs_[3].flash_bytes < 0.2 * small.costs_[0].flash_bytes
    report = to_c(small, X[:300], input="rows").verify(X[1200:1230])
    assert report.differing_bytes == 0


def test_kernels_side_by_side_are_told_apart():
    graph = Graph(TensorSpec((6, 6, 4))).append(conv(4, 3, 4), name="a").append(Magnitude())
    first = graph.output_name
    graph = graph.append(conv(4, 3, 2, groups=2), "input", name="b").append(Concat(), first, "b")
    graph = graph.append(Select(np.array([0, 2, 3, 5]))).append(Reshape((64,)))
    graph = head(graph, np.ones(64))
    origin, firsts = kernels_of(graph, graph.output_name)
    assert origin.reshape(16, 4)[0].tolist() == [0, 4, 4, 5] and firsts.tolist() == [0, 4]


@pytest.mark.parametrize(
    ("made", "message"),
    [
        (PruneFeatures(0), "n_features=0, expected a whole number from 1 to 256, which is how"),
        (PruneFeatures(257), "n_features=257, expected a whole number from 1 to 256"),
        (PruneFeatures(1.0), r"n_features=1\.0, expected .* or a share between 0 and 1"),
        (PruneFeatures(0.5, penalty=-1), "penalty=-1, expected 0 or more"),
        (PruneKernels(17), "n_kernels=17, expected a whole number from 1 to 16"),
        (PruneFeatures(loss="hinge"), "loss='hinge', expected None or 'logistic'"),
        (PruneKernels(criterion="l1"), "criterion='l1', expected one of 'ridge', 'taylor'"),
    ],
)
def test_bad_parameters(pipe, made, message):
    with pytest.raises(ValueError, match=message):
        compress(pipe, X[:50], Y[:50], passes=[made])


def test_a_kernel_machine_has_no_features_to_prune():
    machine = make_pipeline(FEATURES, SVC()).fit(X[:100], Y[:100])
    with pytest.raises(ValueError, match="PruneFeatures needs scores of a linear layer"):
        compress(machine, X[:50], Y[:50], passes=[PruneFeatures(10)])


def test_what_kernels_and_taylor_need():
    plain = LogisticRegression(max_iter=500).fit(X[:200], Y[:200])
    with pytest.raises(ValueError, match="features that are each of one kernel"):
        compress(plain, X[:200], Y[:200], passes=["PruneKernels"])
    with pytest.raises(ValueError, match="criterion='taylor' needs labels"):
        compress(plain, X[:200], passes=[PruneKernels(criterion="taylor")])
    with pytest.raises(ValueError, match="PruneFeatures with loss='logistic' needs the labels"):
        compress(plain, X[:200], passes=[PruneFeatures(loss="logistic")])


def test_the_pass_alone():
    graph = with_few_weights(FLOATS["sum"], 1)
    found = PruneDead()(graph, Samples(np.zeros((1, graph.input.size))))
    assert found.macs < graph.macs
