"""What no classifier reads is not computed: `skconv.to_c` leaves it out by itself."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression, RidgeClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier

from skconv import RandomConvFeatures, SlidingWindow, TemporalConvFeatures, to_c, to_graph
from skconv.deploy.wanted import read_graph
from skconv.passes.calibrate import FloatRun, ranges_seen
from skconv.passes.fold import fold
from skconv.passes.quantize import quantize
from skconv.runtime import fixed, reference

X, Y = load_digits(return_X_y=True)
X = X.astype(np.uint8)
TRAIN, TEST = slice(0, 500), slice(500, 700)
STUMP = DecisionTreeClassifier(max_depth=2, random_state=0)


def sparse() -> Any:
    """Few weights are not zero: whole columns have none."""
    head = LogisticRegression(l1_ratio=1.0, solver="saga", C=0.003, tol=0.1, random_state=0)
    return make_pipeline(StandardScaler(), head)


def fitted(head: Any) -> Any:
    features = RandomConvFeatures(n_kernels=8, input_shape=(8, 8), random_state=0)
    return make_pipeline(features, head).fit(X[TRAIN], Y[TRAIN])


@pytest.mark.parametrize("head", [STUMP, sparse()], ids=["tree", "sparse"])
def test_kernels_that_nobody_reads_disappear_and_no_answer_changes(head: Any) -> None:
    pipeline = fitted(head)
    everything, read = fold(to_graph(pipeline)), read_graph(pipeline)
    assert read.macs < everything.macs / 3
    found, wanted = (reference.run(graph, X[TEST]) for graph in (read, everything))
    assert np.array_equal(found, wanted)


@pytest.mark.needs("cc")
def test_the_c_computes_what_is_read() -> None:
    pipeline = fitted(STUMP)
    model = to_c(pipeline, X[TRAIN])
    assert model.graph.macs == read_graph(pipeline).macs
    assert model.verify(X[TEST]).differing_bytes == 0
    assert "QConv" in str(model.compare(X[TEST]))


@pytest.mark.parametrize("head", [STUMP, sparse()], ids=["tree", "sparse"])
def test_integers_of_the_same_ranges_are_the_same_bytes(head: Any) -> None:
    """Linear scores alone are in other units: with fewer columns, there is room for more bits."""
    pipeline = fitted(head)
    everything = fold(to_graph(pipeline))
    ranges = ranges_seen(FloatRun(everything, X[TRAIN]), "minmax")
    graphs = (everything, read_graph(pipeline))
    integers = [quantize(g, ranges, input_dtype="uint8", input_scale=1.0) for g in graphs]
    wanted, found = (fixed.tensors(graph, X[TEST]) for graph in integers)
    scores = integers[0].scores_name
    if head is STUMP:
        assert np.array_equal(found[scores], wanted[scores])
    units = [graph.specs[scores].scale for graph in integers]
    np.testing.assert_allclose(found[scores] * units[1], wanted[scores] * units[0], atol=2e-3)


def test_a_graph_of_which_all_is_read_stays_as_it_is() -> None:
    pipeline = fitted(RidgeClassifier())
    assert repr(read_graph(pipeline)) == repr(fold(to_graph(pipeline)))


@pytest.mark.needs("cc")
def test_a_stream_computes_less_and_decides_as_on_whole_windows() -> None:
    rng = np.random.default_rng(0)
    speed = np.repeat([0.2, 0.5, 0.9], 100)
    recording = (1000 * np.sin(speed * np.arange(300)) + rng.normal(0, 99, 300)).astype(np.int16)
    windows, labels, _ = SlidingWindow(30, hop=5).cut([recording[:, None]], [speed])
    features = TemporalConvFeatures(n_kernels=6, random_state=0, input_shape=(30, 1))
    windows, labels = windows.reshape(len(windows), -1), np.unique(labels, return_inverse=True)[1]
    pipeline = make_pipeline(features, STUMP).fit(windows, labels)
    model = to_c(pipeline, windows, input="samples", window=30, hop=5)
    assert 0 < model.graph.macs < fold(to_graph(pipeline)).macs
    assert np.array_equal(model.stream().push(recording[:, None]), model.predict(windows))
