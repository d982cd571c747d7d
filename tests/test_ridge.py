"""The ridge classifier in batches: scikit-learn's answer, however the samples are cut."""

from __future__ import annotations

import tracemalloc
from pathlib import Path
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

from skconv import BatchRidgeClassifier, to_c
from skconv.datasets import load_digits

X, y = load_digits()
X, y = X[:400].reshape(400, -1), y[:400]


def in_batches(model: BatchRidgeClassifier, X: Any, y: Any, *cuts: int) -> BatchRidgeClassifier:
    for part, labels in zip(np.split(X, cuts), np.split(y, cuts), strict=True):
        model.partial_fit(part, labels)
    return model


def assert_same_answers(found: Any, wanted: Any, X: Any, atol: float = 1e-6) -> None:
    assert_allclose(found.decision_function(X), wanted.decision_function(X), atol=atol)
    assert_array_equal(found.predict(X), wanted.predict(X))


@pytest.mark.parametrize("alpha", [1e-2, 1.0, 100.0])
@pytest.mark.parametrize(
    "labels", [y, y % 2, np.array(["even", "odd"])[y % 2]], ids=["ten", "two", "text"]
)
def test_it_is_scikit_learns_ridge(alpha: float, labels: Any) -> None:
    peer = RidgeClassifier(alpha=alpha, solver="cholesky").fit(X.astype(np.float64), labels)
    for model in (
        BatchRidgeClassifier(alpha=alpha).fit(X, labels),
        in_batches(BatchRidgeClassifier(alpha=alpha), X, labels, 40, 41, 300),
    ):
        assert_allclose(model.coef_, np.atleast_2d(peer.coef_), atol=1e-9)
        assert_allclose(model.intercept_, peer.intercept_, atol=1e-9)
        assert_same_answers(model, peer, X.astype(np.float64))


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 99),
    cuts=st.sets(st.integers(2, 49), max_size=6).map(sorted),
    offset=st.sampled_from([0.0, 10.0, 1e4]),
    standardize=st.booleans(),
)
def test_batches_change_nothing(
    seed: int, cuts: list[int], offset: float, standardize: bool
) -> None:
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(50, 6)) * rng.uniform(0.1, 10, size=6) + offset
    y = np.concatenate([[0, 1], rng.integers(4, size=48)])
    model = BatchRidgeClassifier(standardize=standardize)
    found = in_batches(model, X, y, *cuts)
    steps = [StandardScaler()] if standardize else []
    wanted = make_pipeline(*steps, RidgeClassifier(solver="cholesky")).fit(X, y)
    assert_same_answers(found, wanted, X)
    assert_array_equal(found.class_counts_, np.bincount(y))
    centred = X - X.mean(axis=0)
    assert_allclose(found.scatter_, centred.T @ centred, rtol=1e-6, atol=1e-6)


def test_closed_form_of_one_feature() -> None:
    """-1, 1 of two samples a class: scatter 4, so coef = 4 / (4 + alpha)."""
    X, y = np.array([[-1.0], [-1.0], [1.0], [1.0]]), [0, 0, 1, 1]
    model = BatchRidgeClassifier(alpha=4.0).fit(X + 3, y)
    assert_allclose(model.coef_, [[0.5]])
    assert_allclose(model.intercept_, [-1.5])


def test_a_constant_feature_counts_for_nothing() -> None:
    constant = np.concatenate([X, np.full((len(X), 1), 0.1)], axis=1)
    model = BatchRidgeClassifier(standardize=True).fit(constant, y)
    assert_allclose(model.coef_[:, -1], 0, atol=1e-12)
    wanted = BatchRidgeClassifier(standardize=True).fit(X, y)
    assert_allclose(model.decision_function(constant), wanted.decision_function(X), atol=1e-9)


def test_classes_may_come_late_or_be_announced() -> None:
    order = np.argsort(y, kind="stable")
    late = BatchRidgeClassifier()
    for label in ((0, 1), (2,), (3, 4, 5), (6, 7, 8, 9)):
        rows = order[np.isin(y[order], label)]
        late.partial_fit(X[rows], y[rows])
    assert_same_answers(late, BatchRidgeClassifier().fit(X, y), X)
    known = BatchRidgeClassifier().partial_fit(X[order[:1]], y[order[:1]], classes=np.arange(10))
    assert_array_equal(known.predict(X[:5]), 0)
    known.partial_fit(X[order[1:]], y[order[1:]])
    assert_same_answers(known, late, X)


def test_fit_forgets_and_alpha_is_that_of_the_last_call() -> None:
    model = BatchRidgeClassifier().fit(X[:100] * 7, y[:100])
    assert_same_answers(model.fit(X, y), BatchRidgeClassifier().fit(X, y), X)
    model = BatchRidgeClassifier(alpha=1e-3).fit(X[:200], y[:200]).set_params(alpha=5.0)
    assert_same_answers(model.partial_fit(X[200:], y[200:]),
                        BatchRidgeClassifier(alpha=5.0).fit(X, y), X)  # fmt: skip


@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.float32])
@pytest.mark.parametrize("kind", [np.asarray, sparse.csr_matrix, sparse.csr_array])
def test_types_agree(dtype: Any, kind: Any) -> None:
    wanted = BatchRidgeClassifier().fit(X.astype(np.float64), y)
    found = BatchRidgeClassifier().fit(kind(X.astype(dtype)), y)
    assert_allclose(found.coef_, wanted.coef_, atol=1e-12)
    assert_array_equal(found.predict(kind(X.astype(dtype))), wanted.predict(X))


def test_a_memory_map_is_read_block_by_block(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    shape = (40_000, 200)
    mapped = np.memmap(tmp_path / "x", np.uint8, "w+", shape=shape)
    mapped[:] = rng.integers(256, size=shape, dtype=np.uint8)
    labels = np.arange(len(mapped)) % 3
    mapped[:, 0] += labels.astype(np.uint8)
    tracemalloc.start()
    model = BatchRidgeClassifier().fit(mapped, labels)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    # 64 MB of samples in float64, of which two blocks of 16 MB are held.
    assert peak < 36 * 2**20
    parts = in_batches(BatchRidgeClassifier(), mapped, labels, 10_000, 20_000, 30_000)
    assert_allclose(parts.coef_, model.coef_, atol=1e-12)


@pytest.mark.parametrize(
    ("parameters", "X", "y", "message"),
    [
        ({"alpha": 0}, X, y, "alpha"),
        ({"standardize": 2}, X, y, "standardize"),
        ({}, X, np.zeros(400), r"y holds one class \(.*0.0.*\), expected at least 2"),
        ({}, X, np.linspace(0, 1, 400), "continuous"),
        ({}, X[:, :0], y, "0 feature"),
        ({}, np.full_like(X, np.nan, np.float64), y, "NaN"),
        ({"alpha": 1e-20}, np.repeat(X[:9, 9:10], 2, axis=1), y[:9], "alpha=1e-20 is too"),
    ],
)  # fmt: skip
def test_bad_input(parameters: dict[str, Any], X: Any, y: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        BatchRidgeClassifier(**parameters).fit(X, y)


def test_a_bad_batch_leaves_what_was_learnt() -> None:
    model = BatchRidgeClassifier().fit(X, y)
    coef, scatter = model.coef_.copy(), model.scatter_.copy()
    for bad, labels, message in (
        (X[:, :9], y, "9 features"),
        (X, [*"ab" * 200], "Mix of label input types"),
        (X, y[:3], "inconsistent numbers of samples"),
    ):
        with pytest.raises(ValueError, match=message):
            model.partial_fit(bad, labels)
    assert_array_equal(model.coef_, coef)
    assert_array_equal(model.scatter_, scatter)
    assert_array_equal(model.classes_, np.arange(10))


@pytest.mark.needs("cc")
def test_it_becomes_the_c_of_a_ridge_classifier() -> None:
    ours, peer = BatchRidgeClassifier(alpha=10.0), RidgeClassifier(alpha=10.0, solver="cholesky")
    models = [to_c(m.fit(X.astype(np.float32), y), X.astype(np.float32)) for m in (ours, peer)]
    assert models[0].verify(X.astype(np.float32)).differing_bytes == 0
    found, wanted = (model.predict(X.astype(np.float32)) for model in models)
    assert_array_equal(found, wanted)
