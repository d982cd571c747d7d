"""The ridge classifier on wide samples, and with weights: scikit-learn's answers, no slower."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from sklearn.linear_model import RidgeClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skconv import BatchRidgeClassifier


def drawn(n_samples: int, n_features: int, n_classes: int = 3, seed: int = 0) -> Any:
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n_samples, n_features)) * rng.uniform(0.1, 10, n_features) + 5
    y = np.concatenate([np.arange(n_classes), rng.integers(n_classes, size=n_samples - n_classes)])
    return X, y, rng.uniform(0, 2, n_samples) * rng.integers(0, 2, n_samples)


def assert_same_answers(found: Any, wanted: Any, X: Any) -> None:
    scores = wanted.decision_function(X)
    assert_allclose(found.decision_function(X), scores, atol=1e-6 * np.abs(scores).max())
    assert_array_equal(found.classes_, wanted.classes_)


@settings(max_examples=40, deadline=None)
@given(
    n_features=st.integers(2, 90),
    n_classes=st.integers(2, 4),
    cuts=st.sets(st.integers(4, 59), max_size=4).map(sorted),
    weighted=st.booleans(),
    standardize=st.booleans(),
    seed=st.integers(0, 99),
)
def test_samples_of_any_width_in_any_batches_with_weights(
    n_features: int, n_classes: int, cuts: list[int], weighted: bool, standardize: bool, seed: int
) -> None:
    X, y, weights = drawn(60, n_features, n_classes, seed)
    model = BatchRidgeClassifier(standardize=standardize)
    weights[[0, *cuts]] = 1  # a batch without any weight is refused
    for rows in np.split(np.arange(60), cuts):
        given_weights = weights[rows] if weighted else None
        classes = np.arange(n_classes)
        model.partial_fit(X[rows], y[rows], classes=classes, sample_weight=given_weights)
    if not weighted:
        weights[:] = 1
    scaler = StandardScaler() if standardize else StandardScaler(with_mean=False, with_std=False)
    scaled = scaler.fit_transform(X, sample_weight=weights)
    peer = RidgeClassifier(solver="cholesky").fit(scaled, y, weights)
    assert_same_answers(model, make_pipeline(scaler, peer), X)
    centred = X - np.average(X, axis=0, weights=weights)
    wanted = centred.T @ (weights[:, None] * centred)
    assert_allclose(model.scatter_, wanted, atol=1e-9 * wanted.max())
    assert_allclose(model.class_counts_, [weights[y == c].sum() for c in range(n_classes)])


@pytest.mark.parametrize("n_features", [5, 80])
@pytest.mark.parametrize("class_weight", ["balanced", {0: 3.0}, {0: 0.5, 1: 2.0, 2: 0.0}])
def test_weights_of_classes(n_features: int, class_weight: Any) -> None:
    X, y, weights = drawn(60, n_features)
    peer = RidgeClassifier(class_weight=class_weight, solver="cholesky").fit(X, y, weights)
    assert_same_answers(BatchRidgeClassifier(class_weight=class_weight).fit(X, y, weights), peer, X)
    if class_weight != "balanced":
        model = BatchRidgeClassifier(class_weight=class_weight)
        for rows in (slice(20), slice(20, 60)):
            model.partial_fit(X[rows], y[rows], sample_weight=weights[rows])
        assert_same_answers(model, peer, X)


def test_wide_samples_take_no_longer_than_with_scikit_learn() -> None:
    X, y, _ = drawn(100, 4000)
    X = np.asfortranarray(X)
    fastest = {}
    for model in (BatchRidgeClassifier(), RidgeClassifier()):
        seconds = []
        for _ in range(5):
            start = time.process_time()
            model.fit(X, y)
            seconds.append(time.process_time() - start)
        fastest[type(model)] = min(seconds)
    # A system of 4,000 unknowns takes a hundred times as long as one of 100.
    assert fastest[BatchRidgeClassifier] < 10 * fastest[RidgeClassifier] + 0.01
    assert_same_answers(
        BatchRidgeClassifier().fit(sparse.csr_array(X), y), RidgeClassifier().fit(X, y), X
    )


def test_a_label_that_comes_late_meets_samples_that_were_kept() -> None:
    X, y, _ = drawn(30, 50)
    order = np.argsort(-y, kind="stable")  # the new label stands before the old ones
    late = BatchRidgeClassifier()
    for labels in ((1, 2), (0,)):
        rows = order[np.isin(y[order], labels)]
        late.partial_fit(X[rows], y[rows])
    assert_same_answers(late, RidgeClassifier().fit(X, y), X)


@pytest.mark.parametrize(
    ("parameters", "weights", "message"),
    [
        ({}, -np.ones(60), "Negative values"),
        ({}, np.ones(5), "sample_weight.shape"),
        ({"class_weight": {0: 0, 1: 0, 2: 0}}, None, "all weights are 0"),
        ({"class_weight": {1: -2.0}}, None, r"class_weight holds \{1: -2.0\}. Write weights"),
        ({"class_weight": "even"}, None, "class_weight"),
    ],
)
def test_bad_weights(parameters: dict[str, Any], weights: Any, message: str) -> None:
    X, y, _ = drawn(60, 5)
    with pytest.raises(ValueError, match=message):
        BatchRidgeClassifier(**parameters).fit(X, y, weights)


def test_batches_cannot_be_balanced() -> None:
    X, y, _ = drawn(60, 5)
    with pytest.raises(ValueError, match=r"class_weight='balanced' in partial_fit.*Write"):
        BatchRidgeClassifier(class_weight="balanced").partial_fit(X, y)
