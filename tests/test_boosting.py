"""Gradient boosting: floats are those of scikit-learn, integers within a bound of them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sklearn.calibration import CalibratedClassifierCV
from sklearn.datasets import load_breast_cancer, load_diabetes, load_iris
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import (
    GradientBoostingClassifier,
    GradientBoostingRegressor,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
)
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeRegressor

from skconv import NotConvertibleError, to_c, to_graph
from skconv.codegen.estimates import plain
from skconv.convert.members import undecided
from skconv.graph import QTreeEnsemble
from skconv.runtime import reference

# Whole numbers: the device reads them as they are.
IRIS, SPECIES = load_iris(return_X_y=True)
FLOWERS = np.rint(10 * IRIS).astype(np.uint8)
CANCER, IS_BENIGN = load_breast_cancer(return_X_y=True)
CELLS = np.rint(CANCER[:, [0, 1, 8, 20, 21]]).astype(np.uint8)
DIABETES, PROGRESS = load_diabetes(return_X_y=True)
PATIENTS = np.rint(1000 * DIABETES).astype(np.int16)
SMALL: dict[str, Any] = {"n_estimators": 12, "random_state": 0}
BINNED: dict[str, Any] = {"max_iter": 12, "random_state": 0}

CLASSIFIERS = [
    (GradientBoostingClassifier(**SMALL), FLOWERS, SPECIES),
    (GradientBoostingClassifier(**SMALL, init="zero", max_depth=None), FLOWERS, SPECIES),
    (GradientBoostingClassifier(**SMALL), CELLS, IS_BENIGN),
    (GradientBoostingClassifier(**SMALL, loss="exponential", subsample=0.5), CELLS, IS_BENIGN),
    (make_pipeline(StandardScaler(), GradientBoostingClassifier(**SMALL)), CELLS, IS_BENIGN),
    (HistGradientBoostingClassifier(**BINNED), FLOWERS, SPECIES),
    (HistGradientBoostingClassifier(**BINNED, max_bins=9, max_depth=3), CELLS, IS_BENIGN),
    (make_pipeline(StandardScaler(), HistGradientBoostingClassifier(**BINNED)), FLOWERS, SPECIES),
]
REGRESSORS = [
    GradientBoostingRegressor(**SMALL),
    GradientBoostingRegressor(**SMALL, loss="quantile", alpha=0.8, max_leaf_nodes=5),
    GradientBoostingRegressor(**SMALL, loss="huber", init="zero"),
    HistGradientBoostingRegressor(**BINNED),
    HistGradientBoostingRegressor(**BINNED, loss="absolute_error", learning_rate=0.5),
]


def rounding(graph: Any) -> float:
    """What half a unit a tree, and one of the constant, add up to."""
    (op,) = (op for node in graph.nodes if isinstance(op := plain(node.op), QTreeEnsemble))
    return (len(op.roots) / 2 + 1) * op.scale


@pytest.mark.parametrize("i", range(len(CLASSIFIERS)))
def test_scores_are_sums_of_exact_decisions(i: int) -> None:
    model, X, y = CLASSIFIERS[i]
    model = model.fit(X, y)
    wanted = model.decision_function(X).reshape(len(X), -1)
    graph = to_graph(model)
    np.testing.assert_allclose(reference.run(undecided(graph), X), wanted, atol=1e-9)
    assert (graph.classes[reference.run(graph, X)[:, 0]] == model.predict(X)).all()
    c_model = to_c(model, X, probabilities=True)
    bound = rounding(c_model.graph)
    found = c_model.inference.scores(X, "fixed")
    assert np.abs(found - wanted).max() <= bound < 1e-3 * np.abs(wanted).max()
    assert (c_model.predict(X, engine="fixed") == model.predict(X)).all()
    off = np.abs(c_model.predict_proba(X, "fixed") - model.predict_proba(X))
    assert off.max() <= bound + 2**-11


@pytest.mark.parametrize("model", REGRESSORS, ids=str)
def test_values(model: Any) -> None:
    wanted = model.fit(PATIENTS, PROGRESS).predict(PATIENTS)
    np.testing.assert_allclose(reference.run(to_graph(model), PATIENTS)[:, 0], wanted, rtol=1e-12)
    c_model = to_c(model, PATIENTS)
    found = c_model.predict(PATIENTS, engine="fixed")
    assert np.abs(found - wanted).max() <= rounding(c_model.graph) < 0.05


@pytest.mark.parametrize("loss", ["poisson", "gamma"])
def test_values_are_exponentials_of_sums(loss: str) -> None:
    model = HistGradientBoostingRegressor(**BINNED, loss=loss).fit(PATIENTS, PROGRESS)
    wanted = model.predict(PATIENTS)
    found = reference.run(to_graph(model), PATIENTS)[:, 0]
    np.testing.assert_allclose(found, wanted, rtol=1e-6)
    off = to_c(model, PATIENTS).predict(PATIENTS, engine="fixed") - wanted
    assert np.abs(off).max() < 0.002 * wanted.max()


@pytest.mark.needs("cc")
@pytest.mark.parametrize("i", [0, 3, 5])
def test_the_c_gives_the_bytes_of_the_definition(i: int) -> None:
    model, X, y = CLASSIFIERS[i]
    assert to_c(model.fit(X, y), X, probabilities=True).verify(X).differing_bytes == 0


@pytest.mark.needs("cc")
def test_a_class_may_have_no_tree_that_says_anything() -> None:
    """Its score is a constant: a feature parts the first class from two that it cannot part."""
    X, y = np.repeat([[0], [9]], 30, axis=0).astype(np.uint8), np.tile([1, 2], 30)
    y[:30] = 0
    tree = DecisionTreeRegressor(max_depth=1).fit(X, np.zeros(60))
    model = GradientBoostingClassifier(n_estimators=3).fit(X, y)
    model.estimators_[:, 2] = tree
    checked = to_c(model, X).verify(X)
    assert checked.differing_bytes == 0 and checked.agreement == 1


@pytest.mark.parametrize("learning_rate", [0.5, 0.0])
def test_a_score_of_0_is_of_the_second_class(learning_rate: float) -> None:
    """As many of each class everywhere: no leaf says anything, and scikit-learn asks for >= 0."""
    X, y = np.tile([[0], [1]], (4, 1)).astype(np.uint8), np.arange(8) // 2 % 2
    model = GradientBoostingClassifier(n_estimators=2, learning_rate=learning_rate).fit(X, y)
    assert (model.decision_function(X) == 0).all() and (model.predict(X) == 1).all()
    c_model = to_c(model, X, probabilities=True)
    assert (reference.run(to_graph(model), X) == 1).all()
    assert (c_model.predict(X, engine="fixed") == 1).all()
    np.testing.assert_allclose(c_model.predict_proba(X, "fixed"), 0.5, atol=2**-14)


def test_a_rule_for_ties_changes_no_probability() -> None:
    """Two leaves, as far above 0 as below: their unit would be as large as they are."""
    X, y = np.repeat([[0], [1]], 8, axis=0).astype(np.uint8), np.tile([0, 0, 0, 1], 4)
    y[8:] = 1 - y[8:]
    model = GradientBoostingClassifier(n_estimators=1).fit(X, y)
    found = to_c(model, X, probabilities=True).predict_proba(X, "fixed")
    np.testing.assert_allclose(found, model.predict_proba(X), atol=2**-11)


INITS = [
    (GradientBoostingClassifier(**SMALL, init=LogisticRegression()), CELLS, IS_BENIGN),
    (GradientBoostingClassifier(**SMALL, init=LogisticRegression()), FLOWERS, SPECIES),
    (
        GradientBoostingClassifier(**SMALL, init=LogisticRegression(), loss="exponential"),
        CELLS,
        IS_BENIGN,
    ),
]


@pytest.mark.parametrize("i", range(len(INITS)))
def test_trees_begin_with_the_logits_of_a_classifier(i: int) -> None:
    model, X, y = INITS[i]
    scaled = make_pipeline(StandardScaler(), model.init)
    model = model.set_params(init=scaled).fit(X, y)
    graph = to_graph(model, scores=True)
    wanted = model.decision_function(X).reshape(len(X), -1)
    np.testing.assert_allclose(reference.run(undecided(graph), X), wanted, rtol=1e-3)
    same = to_c(model, X).predict(X, engine="fixed") == model.predict(X)
    assert same.mean() >= 0.99


def test_trees_begin_with_the_values_of_a_regressor() -> None:
    model = GradientBoostingRegressor(**SMALL, init=Ridge(0.1)).fit(PATIENTS, PROGRESS)
    wanted = model.predict(PATIENTS)
    np.testing.assert_allclose(reference.run(to_graph(model), PATIENTS)[:, 0], wanted, rtol=1e-5)
    found = to_c(model, PATIENTS).predict(PATIENTS, engine="fixed")
    assert np.abs(found - wanted).max() < 0.005 * np.ptp(wanted)


REFUSED = [
    (DummyClassifier(strategy="stratified"), "by chance at every call.*init='zero'"),
    (KNeighborsClassifier(), "init: .*KNeighborsClassifier.*init=LogisticRegression"),
    (CalibratedClassifierCV(LogisticRegression()), "CalibratedClassifierCV.*init='zero'"),
]


@pytest.mark.parametrize(("init", "message"), REFUSED, ids=str)
def test_what_trees_cannot_begin_with(init: Any, message: str) -> None:
    model = GradientBoostingClassifier(n_estimators=2, init=init).fit(FLOWERS, SPECIES)
    with pytest.raises(NotConvertibleError, match=message):
        to_graph(model)


def test_missing_values_are_refused() -> None:
    gaps = FLOWERS.astype(np.float64)
    gaps[::7, 2] = np.nan
    model = HistGradientBoostingClassifier(max_iter=2).fit(gaps, SPECIES)
    with pytest.raises(NotConvertibleError, match=r"missing values.*SimpleImputer"):
        to_graph(model)
    # Nobody else measured these flowers: a node parts them from all others.
    absent = np.where(SPECIES[:, None] == 1, np.nan, 0.0)
    with pytest.raises(NotConvertibleError, match="no number is missing"):
        to_graph(model.fit(absent, SPECIES))


def test_categories_are_refused() -> None:
    model = HistGradientBoostingRegressor(max_iter=2, categorical_features=[1, 3])
    with pytest.raises(NotConvertibleError, match=r"features \[1, 3\].*OneHotEncoder"):
        to_graph(model.fit(FLOWERS, SPECIES))


def test_one_class() -> None:
    model = HistGradientBoostingClassifier(max_iter=2).fit(FLOWERS, np.full(len(FLOWERS), 7))
    assert (to_c(model, FLOWERS).predict(FLOWERS, engine="fixed") == 7).all()
    with pytest.raises(NotConvertibleError, match="one class"):
        to_c(model, FLOWERS, probabilities=True)
