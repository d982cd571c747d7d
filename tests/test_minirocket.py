"""MiniRocket: its kernels in closed form, the published rules, and what is left of them in C."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.feature_selection import SelectFromModel
from sklearn.linear_model import RidgeClassifier, RidgeClassifierCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skconv import MiniRocketFeatures, to_c, to_graph
from skconv.codegen.routines.minirocket import RocketScores
from skconv.codegen.select import select
from skconv.emulator import tools
from skconv.exceptions import ShapeWarning
from skconv.graph import Graph, Linear, MiniRocket, QLinear, Select, TensorSpec
from skconv.graph.minirocket import TRIPLES
from skconv.passes.fold import fold
from skconv.passes.integers import integer_graph
from skconv.runtime import fixed, numpy_engine, reference
from skconv.runtime.minirocket import counted
from skconv.runtime.rocket_blocks import rows_of_tile
from skconv.signals.rocket_kernels import dilations_of, levels
from skconv.target.targets import get_target
from skconv.testing import assert_runtimes_agree
from tests.mcu.multiplications import multiplications

ALL = np.arange(84)


def convolutions(dilation: int, length: int, bias: float, padded: bool = False) -> MiniRocket:
    """All kernels with one dilation and one bias, on one channel."""
    one = np.ones(84, np.uint8)
    return MiniRocket(
        dilations=np.full(84, dilation, np.uint16),
        kernels=ALL.astype(np.uint8),
        padded=one * np.uint8(padded),
        n_channels=one,
        channels=np.zeros(84, np.uint8),
        n_biases=one.astype(np.uint16),
        biases=np.full(84, bias, np.float32),
        length=length,
    )


def counts(op: MiniRocket, x: np.ndarray) -> np.ndarray:
    graph = Graph(TensorSpec((1, op.length, 1))).append(op)
    found = reference.run(graph, x)
    np.testing.assert_array_equal(numpy_engine.run(graph, x), found)
    return found


def recordings(n: int, length: int, channels: int = 1, seed: int = 0) -> np.ndarray:
    """Random walks in whole numbers."""
    steps = np.random.default_rng(seed).normal(scale=40, size=(n, length, channels))
    return np.rint(steps.cumsum(axis=1)).astype(np.int16)


# ------------------------------------------------------------------------------ closed forms


def test_a_constant_signal_answers_zero_where_no_zeros_are_met():
    x = np.full((1, 40), 7.0)
    assert (counts(convolutions(2, 40, -0.5), x) == 40 - 16).all()
    assert (counts(convolutions(2, 40, 0.0), x) == 0).all()


@pytest.mark.parametrize("dilation", [1, 3])
def test_a_ramp_answers_the_distance_of_its_taps_from_the_middle(dilation):
    x = np.arange(60.0)[None]
    answers = np.array([3 * dilation * sum(tap - 4 for tap in triple) for triple in TRIPLES])
    assert answers[TRIPLES.index((0, 1, 2))] == -27 * dilation
    assert answers[TRIPLES.index((1, 2, 8))] == -3 * dilation
    above = counts(convolutions(dilation, 60, -4.5 * dilation), x)[0] > 0
    np.testing.assert_array_equal(above, answers > -4.5 * dilation)


def test_comparisons_are_strict():
    x = np.arange(40.0)[None]
    last = TRIPLES.index((6, 7, 8))
    assert counts(convolutions(1, 40, 27.0), x)[0, last] == 0
    assert counts(convolutions(1, 40, 26.99), x)[0, last] == 32


def test_a_signal_upside_down_counts_the_others():
    x = recordings(5, 50)[..., 0].astype(float)
    above, below = counts(convolutions(2, 50, 12.5), x), counts(convolutions(2, 50, -12.5), -x)
    np.testing.assert_array_equal(above + below, 50 - 16)


def test_whole_numbers_need_no_more_than_the_floor_of_a_bias():
    x = recordings(6, 45)[..., 0]
    op = convolutions(2, 45, 10.7, padded=True)
    integer = op.in_units(TensorSpec((1, 45, 1), "int16"))
    assert set(integer.biases) == {10}
    found = fixed.run(Graph(TensorSpec((1, 45, 1), "int16")).append(integer), x)
    np.testing.assert_array_equal(found, counts(op, x.astype(float)))


# ----------------------------------------------------------------------- the published rules


def test_there_are_as_many_features_as_published():
    _, n_features = dilations_of(150, 119, 32)
    assert 84 * n_features.sum() == 9996
    assert n_features.tolist() == [30, 15, 12, 12, 4, 8, 8, 4, 4, 4, 3, 3, 3, 3, 3, 3]
    assert len(dilations_of(500, 119, 32)[0]) == 23
    assert dilations_of(500, 119, 32)[0][-1] == 62
    assert levels(5).round(4).tolist() == pytest.approx([0.618, 0.2361, 0.8541, 0.4721, 0.0902])


def test_zeros_count_for_every_other_kernel_and_dilation():
    op = MiniRocketFeatures(n_features=840, random_state=0).fit(recordings(4, 60))._convolutions
    place = np.unique(op.dilations, return_inverse=True)[1]
    np.testing.assert_array_equal(op.padded, (place + op.kernels) % 2 == 0)
    edges = np.repeat(8 * op.dilations * (1 - op.padded), op.n_biases)
    np.testing.assert_array_equal(op.positions, 60 - edges)


def test_biases_are_quantiles_of_the_signal_between_zeros():
    """So a feature that counts zeros, on the only signal there is, is 1 minus its level."""
    X = np.random.default_rng(0).normal(size=(1, 300)).cumsum(axis=1)  # no two answers are equal
    extractor = MiniRocketFeatures(n_features=84 * 8, random_state=0).fit(X)
    op = extractor._convolutions
    padded = np.repeat(op.padded, op.n_biases) == 1
    found = extractor.transform(X)[0, padded]
    wanted = 1 - levels(len(padded))[padded]
    assert np.abs(found - wanted).max() <= 1 / 300


def test_channels_are_drawn_evenly_on_a_scale_of_logarithms():
    extractor = MiniRocketFeatures(n_features=840, random_state=0).fit(recordings(3, 90, 12))
    n_channels = extractor._convolutions.n_channels
    assert n_channels.min() == 1
    assert n_channels.max() == 9
    assert 1.3 < np.log2(n_channels).mean() < 1.6  # floors of 2^U(0, log2 10)
    assert all(len(set(part)) == len(part) for part in extractor._convolutions.channel_lists)


# ----------------------------------------------------------------------------- the fast form


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("length", [9, 33, 420])
def test_the_fast_form_is_the_definition(channels, length):
    X = recordings(9, length, channels)
    extractor = MiniRocketFeatures(n_features=84 * 5, random_state=0).fit(X)
    op = extractor._convolutions
    graph = Graph(TensorSpec(extractor.map_shape_)).append(op)
    wanted = reference.run(graph, X)
    for x in (X, X.astype(np.float32), (X // 8).astype(np.int8)):
        of_x = wanted if x.dtype != np.int8 else reference.run(graph, x)
        np.testing.assert_array_equal(counted(op, x[:, None]), of_x)
    np.testing.assert_array_equal(counted(op, X[:, None], batch_size=2), wanted)


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("chosen", [None, slice(None, None, 3), [5, 9, 251]])
def test_the_fast_form_is_the_definition_in_many_tiles(channels, chosen):
    """Dilations so large that some tiles lie beside all that counts; convolutions left out."""
    X = recordings(97, 300, channels)
    extractor = MiniRocketFeatures(n_features=84 * 5, random_state=0).fit(X)
    op = extractor._convolutions
    if chosen is not None:
        op, _ = op.only(np.arange(len(op.biases))[chosen], TensorSpec(extractor.map_shape_))
    assert rows_of_tile(op.length, len(X)) < op.length / 5
    wanted = reference.run(Graph(TensorSpec(extractor.map_shape_)).append(op), X)
    for x in (X, X.astype(np.float32)):
        np.testing.assert_array_equal(counted(op, x[:, None]), wanted)


def test_sums_beyond_int16_are_exact():
    X = np.where(recordings(8, 50, 2) > 0, 32767, -32768).astype(np.int16)
    extractor = MiniRocketFeatures(n_features=168, random_state=0).fit(X)
    graph = Graph(TensorSpec((1, 50, 2))).append(extractor._convolutions)
    np.testing.assert_array_equal(
        counted(extractor._convolutions, X[:, None]), reference.run(graph, X)
    )


def test_features_are_those_of_the_graph():
    X = recordings(12, 40, 2)
    first = MiniRocketFeatures(n_features=168, data_format="channels_first", random_state=0)
    extractor = MiniRocketFeatures(n_features=168, random_state=0).fit(X)
    found = extractor.transform(X)
    np.testing.assert_allclose(reference.run(extractor.graph_, X), found, rtol=1e-6)
    np.testing.assert_array_equal(first.fit_transform(X.transpose(0, 2, 1)), found)
    threads = MiniRocketFeatures(n_features=168, random_state=0, n_jobs=2)
    np.testing.assert_array_equal(threads.fit_transform(X), found)


def test_names_tell_kernel_dilation_and_bias():
    extractor = MiniRocketFeatures(n_features=168, random_state=0).fit(recordings(3, 40))
    names = extractor.get_feature_names_out()
    assert len(set(names)) == len(names) == 168
    assert names[0] == "minirocket0_d1_b0"
    assert names[-1] == f"minirocket83_d{extractor.dilations_.max()}_b0"


def test_short_signals_are_refused_or_named():
    with pytest.raises(ValueError, match=r"have 8 steps .* at least 9: write pad_to=9"):
        MiniRocketFeatures(input_shape=(8,)).fit(np.zeros((3, 8)))
    with pytest.raises(ValueError, match="have 8 steps"):
        MiniRocketFeatures().fit(np.zeros((3, 8, 2)))
    with pytest.warns(ShapeWarning, match="with 1 zeros behind each, 9 is used"):
        MiniRocketFeatures().fit(np.random.default_rng(0).normal(size=(3, 8)))


# --------------------------------------------------------------------------- what C computes


X = recordings(60, 50, 3, seed=1)
y = (np.abs(np.diff(X[..., 0], axis=1)).mean(axis=1) > 32).astype(int) + (X[:, -1, 1] > 0)


def pipeline(*steps: object) -> object:
    features = MiniRocketFeatures(n_features=420, random_state=0)
    scaler = StandardScaler(with_mean=False)
    return make_pipeline(features, scaler, *steps, RidgeClassifierCV()).fit(X, y)


def integers(model: object, x: np.ndarray) -> Graph:
    return integer_graph(fold(to_graph(model)), x)


def rocket(graph: Graph) -> MiniRocket:
    (op,) = (node.op for node in graph.nodes if isinstance(node.op, MiniRocket))
    return op


def test_counts_go_straight_into_the_scores():
    model = to_c(pipeline(), X)
    graph = integers(pipeline(), X)
    chosen = select(graph, get_target("avr"))
    (stage,) = (node.op for node in chosen.nodes if isinstance(node.op, RocketScores))
    assert stage.scratch_bytes == 4 * (50 + 2 * rocket(graph).reach)
    assert model.report().ram_bytes <= stage.scratch_bytes + 16
    assert model.verify(X).differing_bytes == 0
    assert (model.predict(X) == pipeline().predict(X)).all()


def test_what_a_selection_leaves_out_is_not_computed():
    chosen = pipeline(SelectFromModel(RidgeClassifier(), max_features=20, threshold=-np.inf))
    graph = fold(to_graph(chosen))
    op = rocket(graph)
    assert len(op.biases) == 20
    assert len(op.dilations) <= 20
    assert not any(isinstance(node.op, Select) for node in graph.nodes)
    model = to_c(chosen, X)
    assert len(rocket(integers(chosen, X)).biases) == 20
    assert model.verify(X).differing_bytes == 0
    assert (model.predict(X) == chosen.predict(X)).mean() > 0.95


def test_features_without_a_weight_are_not_computed():
    model = pipeline()
    model[-1].coef_[:, ::2] = 0
    graph = fold(to_graph(model))
    assert len(rocket(graph).biases) == 210
    np.testing.assert_allclose(
        reference.run(fold(to_graph(model)), X), model.predict(X)[:, None], atol=1e-6
    )


def test_counts_are_read_as_they_are_however_long_the_signal():
    long = recordings(20, 400, seed=2)
    features = MiniRocketFeatures(n_features=84, random_state=0)
    model = make_pipeline(features, RidgeClassifier()).fit(long, np.arange(20) % 3)
    graph = integers(model, long)
    (head,) = (node for node in graph.nodes if isinstance(node.op, QLinear))
    assert isinstance(graph.by_name[head.inputs[0]].op, MiniRocket)
    assert graph.specs[head.inputs[0]].dtype == "uint16"
    assert to_c(model, long).verify(long).differing_bytes == 0


def test_several_biases_and_the_ends_of_int16_are_exact_in_c():
    ends = np.where(recordings(30, 33, 2) > 0, 32767, -32768).astype(np.int16)
    extractor = MiniRocketFeatures(n_features=84 * 5, random_state=0).fit(ends)
    op = extractor._convolutions.in_units(TensorSpec((1, 33, 2), "int16"))
    weights = np.random.default_rng(0).integers(-9, 10, (3, 420)).astype(np.int16)
    graph = Graph(TensorSpec((1, 33, 2), "int16")).append(op)
    graph = graph.append(QLinear(weights, np.zeros(3, np.int32)))
    assert_runtimes_agree(graph, ends)


def test_only_takes_features_in_their_order():
    op, x = convolutions(1, 40, 0.0), TensorSpec((1, 40, 1))
    assert op.only(np.array([], int), x) is None
    assert op.only(np.arange(84), x) is None
    fewer, kept = op.only(np.array([3, 1, 3]), x)
    assert fewer.kernels.tolist() == kept.tolist() == [1, 3]
    head = Linear(np.zeros((2, 84), np.float32), np.zeros(2, np.float32))
    graph = fold(Graph(TensorSpec((1, 40, 1))).append(op).append(head))
    assert len(rocket(graph).biases) == 84


@pytest.mark.needs(*tools("cortex-m0"))
def test_nothing_but_the_head_multiplies():
    graph = integers(pipeline(), X)
    (place,) = (i for i, node in enumerate(graph.nodes) if isinstance(node.op, MiniRocket))
    counted_only = Graph(graph.input, graph.nodes[: place + 1])
    for flag in ("-O2", "-Os"):
        assert multiplications(counted_only, "cortex-m0", flag) == []
        assert multiplications(graph, "cortex-m0", flag) == ["muls", "muls"]


def test_windows_of_100_samples_of_six_channels_stream_in_two_kilobytes():
    x = recordings(30, 100, 6, seed=3)
    features = MiniRocketFeatures(n_features=1000, random_state=0)
    pipe = make_pipeline(features, RidgeClassifier()).fit(x, np.arange(30) % 4)
    model = to_c(pipe, x, input="samples", window=100, hop=10)
    assert model.report().ram_bytes <= 2048
