"""Probabilities out of scores: the ops, and what `predict_proba` of estimators is made of."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scipy.special import expit, softmax
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression, SGDClassifier
from sklearn.naive_bayes import MultinomialNB

import skconv
from skconv.convert import probabilities
from skconv.graph import (
    Graph,
    Op,
    QShares,
    QSigmoids,
    Shares,
    Sigmoids,
    Softmax,
    TensorSpec,
)
from skconv.graph.probabilities import Probabilities
from skconv.passes.lower_probabilities import integer_probabilities
from skconv.runtime import fixed, reference

X, SPECIES = load_iris(return_X_y=True)


def of_integers(op: Probabilities, q: Any, scale: float) -> np.ndarray:
    spec = TensorSpec((len(q[0]),), "int32", scale, -(2**31) + 1, 2**31 - 1)
    graph = Graph(spec).append(integer_probabilities(op, spec))
    return np.asarray(fixed.run(graph, np.asarray(q, np.int32)) / 2**15)


def of_reals(op: Op, x: np.ndarray) -> np.ndarray:
    return reference.run(Graph(TensorSpec(x.shape[1:])).append(op), x)


@pytest.mark.parametrize("n_scores", [1, 2, 7])
@pytest.mark.parametrize("op", [Softmax(), Softmax(0.25), Sigmoids(), Shares(0.125)], ids=repr)
@pytest.mark.parametrize("scale", [2.0**-20, 2.0**-10])
def test_integers_are_near_the_real_probabilities(op, n_scores, scale):
    spread = 1.0 if isinstance(op, Shares) else 4.0
    scores = np.random.default_rng(0).normal(0, spread, (200, n_scores))
    found = of_integers(op, np.rint(scores / scale), scale)
    wanted = of_reals(op, scores)
    assert np.abs(found - wanted).max() < (4e-3 if scale > 1e-4 else 2e-3)
    if not isinstance(op, Shares) or n_scores == 1:
        assert np.abs(found.sum(axis=1) - 1).max() < n_scores * 2.0**-16


def test_probabilities_of_floats_in_closed_form():
    scores = np.array([[0.5, -1.0, 2.0], [-800.0, -801.0, -900.0]])
    np.testing.assert_allclose(of_reals(Softmax(2.0), scores), softmax(2 * scores, axis=1))
    np.testing.assert_allclose(
        of_reals(Sigmoids(), scores[:1]), expit(scores[:1]) / expit(scores[:1]).sum()
    )
    # Far below 0 sigmoids are exponentials, of which the quotient remains.
    np.testing.assert_allclose(of_reals(Sigmoids(), scores[1:]), softmax(scores[1:], axis=1))
    one = np.array([[-3.0], [0.5]])
    both = np.hstack([expit(-one), expit(one)])
    np.testing.assert_allclose(of_reals(Softmax(), one), both)
    np.testing.assert_allclose(of_reals(Sigmoids(), one), both)
    np.testing.assert_allclose(of_reals(Shares(), one), [[1, 0], [0.25, 0.75]])


def test_sigmoids_of_scores_far_below_0_keep_their_relation():
    found = of_integers(Sigmoids(), [[-40_000, -41_000], [40_000, -40_000]], 1e-3)
    np.testing.assert_allclose(found, [[0.731, 0.269], [1, 0]], atol=2e-3)


@pytest.mark.parametrize(("n_scores", "limits"), [(1, (-16385, 16384)), (2, (-1, 32768))])
def test_shares_that_would_leave_their_type_are_refused(n_scores, limits):
    spec = TensorSpec((n_scores,), "int8", 0.01)
    op = integer_probabilities(Shares(), spec)
    assert isinstance(op, QShares)
    low, high = limits
    wide = replace(op, requantization=replace(op.requantization, minimum=low, maximum=high))
    with pytest.raises(ValueError, match="needs limits within"):
        wide.output(spec)


def test_sigmoids_of_one_score_are_a_softmax():
    spec = TensorSpec((1,), "int8", 0.01)
    op = integer_probabilities(Sigmoids(), spec)
    assert op == integer_probabilities(Softmax(), spec)
    with pytest.raises(ValueError, match="two scores or more"):
        QSigmoids(op.shift, op.limit, op.exponent).output(spec)


def sgd(loss: str) -> SGDClassifier:
    return SGDClassifier(loss=loss, alpha=0.1, random_state=0)


@pytest.mark.needs("cc")
@pytest.mark.parametrize(
    ("estimator", "n_classes", "rule"),
    [
        (sgd("log_loss"), 3, Sigmoids()),
        (sgd("modified_huber"), 2, Shares()),
        (MultinomialNB(), 2, Softmax()),
    ],
    ids=["sigmoids", "shares", "softmax"],
)
def test_probabilities_of_estimators(estimator, n_classes, rule):
    x, y = X[n_classes > SPECIES], SPECIES[n_classes > SPECIES]
    model = estimator.fit(x, y)
    assert probabilities(model) == rule
    converted = skconv.to_c(model, x, probabilities=True)
    assert converted.verify(x).differing_bytes == 0
    found = converted.predict_proba(x, engine="c")
    np.testing.assert_array_equal(found, converted.predict_proba(x, engine="fixed"))
    np.testing.assert_allclose(found, model.predict_proba(x), atol=2e-3)


def test_one_class_against_the_rest_of_older_versions():
    model = LogisticRegression(max_iter=500).fit(X, SPECIES)
    assert probabilities(model) == Softmax()
    model.multi_class = "ovr"  # as scikit-learn had it
    assert probabilities(model) == Sigmoids()


@pytest.mark.parametrize(
    ("loss", "reason"), [("hinge", "no probabilities"), ("modified_huber", "more than two classes")]
)
def test_probabilities_that_do_not_follow_from_scores_are_refused(loss, reason):
    with pytest.raises(skconv.NotConvertibleError, match=f"{reason}.*\n?.*use loss='log_loss'"):
        skconv.to_c(sgd(loss).fit(X, SPECIES), X, probabilities=True)
