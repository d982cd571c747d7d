"""Nearest neighbours among a few prototypes: what they are, what they cost, and their C."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import joblib
import numpy as np
import pytest
from scipy.optimize import check_grad
from sklearn.base import clone
from sklearn.datasets import load_digits
from sklearn.model_selection import GridSearchCV
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor
from sklearn.svm import SVC

import skconv
from skconv import ReducedNeighbors
from skconv.classifiers import prototypes
from skconv.classifiers.prototypes import Prototypes, agreeing, condensed
from skconv.graph.neighbours import Metric

X, Y = load_digits(return_X_y=True)
KNN = KNeighborsClassifier(5)


@pytest.fixture(scope="module")
def digits() -> ReducedNeighbors:
    return ReducedNeighbors(KNN, 40, random_state=0).fit(X[:900], Y[:900])


def test_forty_learnt_prototypes_are_as_good_as_all_digits(digits: ReducedNeighbors) -> None:
    all_digits = clone(KNN).fit(X[:900], Y[:900])
    rows = np.random.default_rng(0).choice(900, 40, replace=False)
    chance = KNeighborsClassifier(1).fit(X[rows], Y[rows])
    found = digits.score(X[900:], Y[900:])
    assert found >= all_digits.score(X[900:], Y[900:]) - 0.015
    assert found >= chance.score(X[900:], Y[900:]) + 0.1
    assert digits.loss_ == digits.full_score_ - digits.reduced_score_
    assert abs(digits.loss_) < 0.03


def test_prototypes_are_whole_and_within_the_range(digits: ReducedNeighbors) -> None:
    assert digits.prototypes_.shape == (40, 64)
    assert (digits.prototypes_ == np.rint(digits.prototypes_)).all()
    assert digits.prototypes_.min() >= 0 and digits.prototypes_.max() <= 16
    assert np.bincount(digits.targets_).tolist() == [4] * 10
    one = np.eye(10)[digits.predict(X[900:950])]
    assert (digits.predict_proba(X[900:950]) == one).all()


@pytest.mark.needs("cc")
def test_they_become_c(digits: ReducedNeighbors) -> None:
    exported = skconv.to_c(digits, X[:900].astype(np.uint8), name="m")
    found = exported.verify(X[900:1100].astype(np.uint8))
    assert found.differing_bytes == 0 and found.agreement == 1
    assert exported.report().flash_bytes < 4000
    assert skconv.to_c(digits, X[:900], name="m", probabilities=True) is not None


def test_the_loss_is_printed(capsys: Any) -> None:
    model = ReducedNeighbors(KNN, 20, random_state=0, verbose=1).fit(X[:200], Y[:200])
    text = capsys.readouterr().out
    assert text == (
        "200 samples -> 20 prototypes; on samples held out: accuracy "
        f"{model.full_score_:.3f} of all, {model.reduced_score_:.3f} of the prototypes\n"
    )


@pytest.mark.parametrize("method", ["condensed", "edited"])
def test_chosen_prototypes_are_samples(method: Any) -> None:
    model = ReducedNeighbors(KNN, method=method, random_state=0).fit(X[:300], Y[:300])
    samples = {tuple(row) for row in X[:300]}
    assert all(tuple(row) in samples for row in model.prototypes_)
    assert len(model.prototypes_) < 100
    fewer = ReducedNeighbors(KNN, 12, method=method, random_state=0).fit(X[:300], Y[:300])
    assert len(fewer.prototypes_) == 12
    assert set(fewer.targets_) == set(range(10))
    if method == "condensed":
        assert model.score(X[:300], Y[:300]) == 1.0


def test_condensed_stops_at_equal_samples_of_two_classes() -> None:
    x = np.array([[0.0], [0.0], [5.0]])
    kept = condensed(x, np.array([0, 1, 1]), "l1", 3, np.random.RandomState(0))
    assert len(set(kept)) == len(kept)


def test_editing_leaves_out_who_disagrees() -> None:
    x = np.array([[0.0], [1.0], [2.0], [1.5], [9.0], [10.0], [11.0]])
    codes = np.array([0, 0, 0, 1, 1, 1, 1])
    assert agreeing(x, codes, "l2").tolist() == [0, 1, 2, 4, 5, 6]


@pytest.mark.parametrize("metric", ["l1", "l2"])
@pytest.mark.parametrize("learn", ["classes", "values"])
def test_gradients_are_those_of_the_loss(metric: Metric, learn: str, monkeypatch: Any) -> None:
    """Against differences of the loss in closed form."""
    rng = np.random.default_rng(1)
    x, start = rng.normal(size=(9, 2)), rng.normal(size=(4, 2))
    codes, labels = np.arange(9) % 2, np.array([0, 0, 1, 1])
    values, of_start = rng.normal(size=(9, 1)), rng.normal(size=(4, 1))
    caught: list[Any] = []

    def catch(x: Any, learnt: Any, gradients: Any, random_state: Any) -> None:
        caught.append(gradients)

    monkeypatch.setattr(prototypes, "_descend", catch)
    state = np.random.RandomState(0)
    width = prototypes._width(x, start, metric, 0.5)
    if learn == "classes":
        prototypes.learn_classes(x, codes, Prototypes(start, labels), metric, state, 0.5)
    else:
        prototypes.learn_values(x, values, Prototypes(start, of_start), metric, state, 0.5)
    wanted = (values - values.mean()) / values.std()

    def loss(flat: Any) -> float:
        p, u = flat[:8].reshape(4, 2), flat[8:].reshape(-1, 1)
        power = 1 if metric == "l1" else 2
        found = (np.abs(x[:, None] - p[None]) ** power).sum(axis=2)
        shares = np.exp(-found / width)
        shares /= shares.sum(axis=1, keepdims=True)
        if learn == "classes":
            own = (shares * (codes[:, None] == labels)).sum(axis=1)
            return float(-np.log(own).mean())
        return float(((shares @ u - wanted) ** 2).sum(axis=1).mean())

    def gradient(flat: Any) -> Any:
        rest = [] if learn == "classes" else [flat[8:].reshape(-1, 1)]
        found = caught[0](np.arange(9), flat[:8].reshape(4, 2), *rest)
        return np.concatenate([part.ravel() for part in found])

    at = start.ravel() if learn == "classes" else np.r_[start.ravel(), of_start.ravel()]
    assert check_grad(loss, gradient, at) < 1e-5


@pytest.mark.needs("cc")
def test_values_of_a_regressor() -> None:
    rng = np.random.default_rng(0)
    x = rng.uniform(-2, 2, (600, 2))
    y = np.column_stack([np.sin(2 * x[:, 0]), x[:, 1]])
    model = ReducedNeighbors(KNeighborsRegressor(5), 40, random_state=0).fit(x[:400], y[:400])
    rows = rng.choice(400, 40, replace=False)
    chance = KNeighborsRegressor(3, weights="distance").fit(x[rows], y[rows])
    assert model.targets_.shape == (40, 2)
    assert model.score(x[400:], y[400:]) > chance.score(x[400:], y[400:])
    exported = skconv.to_c(model, x[:400], name="m")
    assert exported.verify(x[400:]).differing_bytes == 0
    error = exported.predict(x[400:]) - model.predict(x[400:])
    assert np.sqrt((error**2).mean()) < 0.1 * y.std()


def test_grid_search_and_a_new_process(tmp_path: Any) -> None:
    search = GridSearchCV(
        ReducedNeighbors(KNN, random_state=0), {"n_prototypes": [10, 20]}, cv=2, error_score="raise"
    ).fit(X[:200], Y[:200])
    joblib.dump(search, tmp_path / "model.joblib")
    np.save(tmp_path / "x.npy", X[200:300])
    code = (
        "import joblib, numpy, sys\n"
        "found = joblib.load(sys.argv[1]).predict(numpy.load(sys.argv[2]))\n"
        "numpy.save(sys.argv[3], found)\n"
    )
    files = [str(tmp_path / name) for name in ("model.joblib", "x.npy", "y.npy")]
    subprocess.run([sys.executable, "-c", code, *files], check=True)
    assert (np.load(tmp_path / "y.npy") == search.predict(X[200:300])).all()


@pytest.mark.parametrize(
    ("model", "match"),
    [
        (ReducedNeighbors(SVC()), "expected a KNeighborsClassifier or a KNeighborsRegressor"),
        (ReducedNeighbors(KNN, 3), "n_prototypes=3, expected one at least for each of 10 classes"),
        (ReducedNeighbors(KNN, method="random"), "'method' parameter"),
        (ReducedNeighbors(KNeighborsRegressor(), method="edited"), "use method='learned'"),
        (ReducedNeighbors(KNeighborsClassifier(metric="cosine")), "use metric='euclidean'"),
    ],
)
def test_bad_parameters(model: Any, match: str) -> None:
    with pytest.raises(ValueError, match=match):
        model.fit(X[:60], Y[:60])
