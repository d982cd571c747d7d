"""What no later step reads is not computed, and what is left has the same numbers."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.feature_selection import RFE, SelectFromModel, SelectKBest
from sklearn.linear_model import RidgeClassifier
from sklearn.pipeline import make_pipeline, make_union
from sklearn.preprocessing import StandardScaler

from skconv import HydraFeatures, MiniRocketFeatures, QuantFeatures, to_c, to_graph
from skconv.graph import Concat, Graph, IntervalQuantiles, MiniRocket, Select, TensorSpec
from skconv.graph.winners import WinnerCounts
from skconv.passes.fold import fold
from skconv.runtime import reference

RNG = np.random.default_rng(0)
Y = np.repeat([0, 1], 20)
# The second class moves in one channel, for a while.
X = RNG.normal(0, 300, (40, 64, 2)).astype(np.int16)
X[Y == 1, 20:30, 1] *= 4

HYDRA = HydraFeatures(n_groups=4, random_state=0)
QUANT = QuantFeatures(interval_depth=4)
ROCKET = MiniRocketFeatures(n_features=168, random_state=0)
EXTRACTORS = {
    "hydra": HYDRA,
    "quant": QUANT,
    "union": make_union(ROCKET, HYDRA, QUANT),
    "nested": make_union(make_union(QUANT, ROCKET), make_pipeline(HYDRA, StandardScaler())),
}


def convolutions_and_intervals(graph: Graph) -> dict[str, int]:
    """How many there are of each op."""
    found = {"convolutions": 0, "groups": 0, "intervals": 0}
    for node in graph.nodes:
        if isinstance(node.op, MiniRocket):
            found["convolutions"] += len(node.op.kernels)
        if isinstance(node.op, WinnerCounts):
            found["groups"] += len(node.op.weights)
        if isinstance(node.op, IntervalQuantiles):
            found["intervals"] += len(node.op.intervals)
    return found


def pipeline(name, selector):
    steps = EXTRACTORS[name], StandardScaler(), selector, RidgeClassifier()
    return make_pipeline(*steps).fit(X, Y)


@pytest.mark.parametrize("name", EXTRACTORS)
def test_fewer_are_computed_and_numbers_are_those_of_all(name):
    few = SelectFromModel(RidgeClassifier(), max_features=6, threshold=-np.inf)
    graph = to_graph(pipeline(name, few)[:-2])
    indices = RNG.permutation(graph.output.shape[0])[:6]
    for chosen in (np.sort(indices), indices, np.append(indices, indices[0])):
        whole = graph.append(Select(chosen.astype(np.uint16)))
        pruned = fold(whole)
        all_, left = map(convolutions_and_intervals, (fold(graph), pruned))
        assert all(left[kind] < all_[kind] for kind in all_ if all_[kind])
        np.testing.assert_array_equal(
            reference.run(pruned, X.reshape(40, 1, 64, 2)),
            reference.run(whole, X.reshape(40, 1, 64, 2)),
        )


@pytest.mark.parametrize(
    ("name", "selector"),
    [
        ("hydra", SelectKBest(k=5)),
        ("quant", RFE(RidgeClassifier(), n_features_to_select=9, step=0.5)),
        ("union", SelectFromModel(RidgeClassifier(), max_features=12, threshold=-np.inf)),
    ],
)
@pytest.mark.needs("gcc")
def test_what_selectors_leave_out_is_not_in_c(name, selector):
    pipe = pipeline(name, selector)
    model = to_c(pipe, X)
    assert model.verify(X).differing_bytes == 0
    assert model.verify(X).agreement == 1
    everything = make_pipeline(EXTRACTORS[name], StandardScaler(), RidgeClassifier()).fit(X, Y)
    assert model.graph.macs < to_c(everything, X).graph.macs
    all_ = convolutions_and_intervals(to_graph(everything))
    left = convolutions_and_intervals(fold(to_graph(pipe)))
    assert all(left[kind] < all_[kind] for kind in all_ if all_[kind])


def test_an_input_that_nobody_reads_goes_and_others_stay_as_they_are():
    signal = TensorSpec((1, 64, 2))
    graph = to_graph(make_union(HYDRA, QUANT).fit(X, Y))
    size = to_graph(HYDRA.fit(X)).output.shape[0]
    only_hydra = fold(graph.append(Select(np.arange(size, dtype=np.uint16))))
    assert not any(isinstance(n.op, Concat | IntervalQuantiles) for n in only_hydra.nodes)
    assert only_hydra.output_name == only_hydra.nodes[-1].name
    assert len(only_hydra.specs[only_hydra.output_name].shape) == 1
    # Of vectors that must be computed as a whole, `Select` stays where it is.
    plain = Graph(signal).append(Concat(), "input", "input").append(Select(np.array([1, 2])))
    assert [type(node.op) for node in fold(plain).nodes] == [Concat, Select]


def test_a_group_competes_as_a_whole_and_an_interval_has_all_its_quantiles():
    x = TensorSpec((1, 64, 2))
    hydra = next(n.op for n in to_graph(HYDRA.fit(X)).nodes if isinstance(n.op, WinnerCounts))
    fewer, kept = hydra.only(np.array([17]), x)
    assert fewer.weights.shape[0] == 1
    assert kept.tolist() == list(range(16, 32))
    assert hydra.only(np.arange(0, hydra.n_features, 16), x) is None
    op = IntervalQuantiles(np.array([[0, 64], [0, 32], [32, 64]], np.uint16), 64, 16)
    fewer, kept = op.only(np.array([5]), x)
    assert fewer.intervals.tolist() == [[0, 32]]
    assert op.counts.tolist() == [4, 2, 2]
    assert kept.tolist() == [4, 5, 12, 13]
    assert op.only(np.array([0, 4, 14]), x) is None
