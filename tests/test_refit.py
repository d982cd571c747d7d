"""A head fitted anew: it finds the penalty that it was fitted with, and new features."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression, RidgeClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MaxAbsScaler, MinMaxScaler, StandardScaler

from skconv import to_graph
from skconv.graph import Graph, Linear, Relu, TensorSpec
from skconv.passes.compress.base import Samples, head_of, with_op
from skconv.passes.compress.penalty import penalty_of
from skconv.passes.compress.refit import refit_head
from skconv.passes.fold import fold

X, Y = load_digits(return_X_y=True)
X = X[:600, 8:40] + np.arange(32) % 5 + 1  # No column begins at 0: ranges are not maxima.


def logistic(scaler, C: float, y: np.ndarray) -> tuple[Graph, Samples]:
    pipe = make_pipeline(scaler, LogisticRegression(C=C, max_iter=3000, tol=1e-6)).fit(X, y)
    return fold(to_graph(pipe)), Samples(X.astype(np.float32), y, "logistic")


@pytest.mark.parametrize("scaler", [None, StandardScaler(), MaxAbsScaler(), MinMaxScaler()])
@pytest.mark.parametrize("C", [0.1, 10])
def test_the_penalty_is_found_again(scaler, C):
    graph, samples = logistic(scaler, C, Y[:600])
    found = penalty_of(graph, samples)
    assert found.strength * len(X) * C == pytest.approx(1, rel=0.1)
    names = {type(None): "_ones", StandardScaler: "_variances", MaxAbsScaler: "_largest"}
    assert found.units.__name__ == names.get(type(scaler), "_ranges")


@pytest.mark.parametrize("n_classes", [2, 10])
def test_a_head_that_fits_already_stays(n_classes):
    graph, samples = logistic(StandardScaler(), 0.1, Y[:600] % n_classes)
    old, new = head_of(graph).op, head_of(refit_head(graph, graph, samples)).op
    assert np.abs(new.weights - old.weights).max() < 0.03 * np.abs(old.weights).max()


def changed(graph: Graph) -> Graph:
    """The same head behind features that another one has made smaller and mixed."""
    mixing = np.eye(X.shape[1]) * 0.5 + 0.1 * np.random.default_rng(0).normal(size=(32, 32))
    before = Graph(TensorSpec((32,))).append(
        Linear(mixing.astype(np.float32), np.ones(32, np.float32))
    )
    return before.extend(graph, before.output_name)


def test_a_head_finds_what_its_features_became():
    graph, samples = logistic(StandardScaler(), 1, Y[:600])
    mixed = replace(changed(graph), classes=graph.classes)
    refitted = refit_head(mixed, graph, samples)
    wrong, right = (
        np.mean(samples.tensor(g, g.output_name)[:, 0] == Y[:600]) for g in (mixed, refitted)
    )
    features = samples.tensor(mixed, head_of(mixed).inputs[0])
    fresh = make_pipeline(StandardScaler(), LogisticRegression(max_iter=3000))
    assert wrong < 0.2
    assert right == pytest.approx(fresh.fit(features, Y[:600]).score(features, Y[:600]), abs=0.005)


def test_features_that_were_pruned_get_no_weight_again():
    graph, samples = logistic(StandardScaler(), 1, Y[:600])
    head = head_of(graph)
    weights = head.op.weights * (np.arange(32) % 3 > 0)
    pruned = with_op(graph, head.name, replace(head.op, weights=weights.astype(np.float32)))
    found = head_of(refit_head(pruned, graph, samples)).op.weights
    assert not found[:, ::3].any() and found[:, 1::3].any()


def test_squares_are_made_up_for():
    pipe = make_pipeline(StandardScaler(), RidgeClassifier()).fit(X, Y[:600])
    graph, samples = fold(to_graph(pipe)), Samples(X.astype(np.float32), Y[:600])
    refitted = refit_head(changed(graph), graph, samples)
    wanted = samples.tensor(graph, graph.scores_name)
    errors = samples.tensor(refitted, refitted.scores_name) - wanted
    assert np.std(errors) < 0.05 * np.std(wanted)


def test_without_a_head_nothing_changes():
    graph = Graph(TensorSpec((4,))).append(Relu())
    assert refit_head(graph, graph, Samples(np.ones((3, 4), np.float32))) is graph


def test_without_labels_the_answers_before_are_kept():
    graph, samples = logistic(None, 1, Y[:600])
    head = head_of(graph)
    spoilt = with_op(graph, head.name, replace(head.op, weights=0.5 * head.op.weights))
    refitted = refit_head(spoilt, graph, replace(samples, y=None))
    kept = samples.tensor(graph, graph.output_name) == samples.tensor(
        refitted, refitted.output_name
    )
    assert kept.mean() > 0.99
