"""Logistic regression in other coordinates has the answer of scikit-learn's, in fewer passes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose
from sklearn.datasets import load_breast_cancer, load_digits
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression

from skconv import PreconditionedLogisticRegression

DIGITS, LABELS = load_digits(return_X_y=True)
DIGITS, LABELS = DIGITS[:400] / 16, LABELS[:400]
CANCER, IS_BENIGN = load_breast_cancer(return_X_y=True)
CANCER = (CANCER - CANCER.mean(axis=0)) / CANCER.std(axis=0)
EXACT: dict[str, Any] = {"C": 0.5, "tol": 1e-9, "max_iter": 500}
PEER = LogisticRegression(C=0.5, tol=1e-9, max_iter=5000)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("which", ["ten classes", "two classes", "more features than samples"])
def test_the_answer_is_that_of_scikit_learn(which: str, dtype: type) -> None:
    X, y = (CANCER, IS_BENIGN) if which == "two classes" else (DIGITS, LABELS)
    X, y = (X[:40], y[:40]) if which == "more features than samples" else (X, y)
    found = PreconditionedLogisticRegression(**EXACT).fit(X.astype(dtype), y)
    wanted = PEER.fit(X, y)
    assert found.coef_.shape == wanted.coef_.shape
    assert_allclose(found.coef_, wanted.coef_, atol=2e-3)
    assert_allclose(found.predict_proba(X), wanted.predict_proba(X), atol=1e-3)
    assert_allclose(found.predict_log_proba(X), np.log(found.predict_proba(X)), atol=1e-4)
    assert (found.predict(X) == wanted.predict(X)).all()


@pytest.mark.parametrize("class_weight", [None, "balanced", {0: 3.0}])
def test_weights(class_weight: Any) -> None:
    """Those of balanced classes count samples, so that they are of samples without weights."""
    some = np.random.default_rng(0).integers(0, 3, len(DIGITS)).astype(float)
    weights = None if class_weight == "balanced" else some
    found = PreconditionedLogisticRegression(class_weight=class_weight, **EXACT)
    wanted = LogisticRegression(C=0.5, tol=1e-9, max_iter=5000, class_weight=class_weight)
    for model in (found, wanted):
        model.fit(DIGITS, LABELS, sample_weight=weights)
    assert_allclose(found.coef_, wanted.coef_, atol=2e-3)


def test_features_that_go_together_take_tens_of_passes() -> None:
    """Sums of neighbours, as windows that overlap have, of very different sizes."""
    alike = np.cumsum(DIGITS, axis=1) * np.geomspace(0.01, 1, 64)
    found = PreconditionedLogisticRegression(C=10, max_iter=200).fit(alike, LABELS)
    plain = LogisticRegression(C=10, max_iter=400)
    with pytest.warns(ConvergenceWarning):
        plain.fit(alike, LABELS)
    assert found.n_iter_[0] < 150
    assert objective(found, alike) < objective(plain, alike) - 1


def objective(model: Any, X: Any) -> float:
    likelihood = model.predict_log_proba(X)[np.arange(len(X)), LABELS].sum()
    return float((model.coef_**2).sum() / (2 * model.C) - likelihood)


def test_what_cannot_be_fitted() -> None:
    with pytest.raises(ValueError, match=r"y holds one class \(3\), expected at least 2"):
        PreconditionedLogisticRegression().fit(DIGITS, np.full(400, 3))
    with pytest.raises(ValueError, match="at least one non-zero number"):
        PreconditionedLogisticRegression().fit(DIGITS, LABELS, np.zeros(400))
    with pytest.warns(ConvergenceWarning, match=r"no minimum after max_iter=1 passes"):
        PreconditionedLogisticRegression(max_iter=1).fit(DIGITS, LABELS)


def test_columns_without_a_factor_in_float32() -> None:
    """The same column many times, beside one that is far larger."""
    same = np.repeat(DIGITS[:, 20:21], 50, axis=1)
    X = np.hstack([same, 1e6 * DIGITS[:, 30:31]]).astype(np.float32)
    model = PreconditionedLogisticRegression(C=1e6).fit(X, LABELS)
    assert np.isfinite(model.coef_).all()
    assert model.score(X, LABELS) > 0.2
