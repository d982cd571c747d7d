"""AdaBoost and isolation forests: answers of integers are those of scikit-learn."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sklearn.datasets import load_breast_cancer, load_digits
from sklearn.ensemble import AdaBoostClassifier, IsolationForest, RandomForestClassifier
from sklearn.ensemble._iforest import _average_path_length
from sklearn.linear_model import SGDClassifier
from sklearn.metrics import roc_auc_score
from sklearn.naive_bayes import GaussianNB
from sklearn.tree import DecisionTreeClassifier, ExtraTreeClassifier

from skconv import NotConvertibleError, to_c, to_graph
from skconv.codegen.estimates import plain
from skconv.convert.isolation import average_path_length
from skconv.graph import QTreeEnsemble
from skconv.runtime import reference

DIGITS, LABELS = (numbers[:900] for numbers in load_digits(return_X_y=True))
PIXELS = DIGITS.astype(np.uint8)
TRAIN = slice(0, 601)
SMALL: dict[str, Any] = {"n_estimators": 20, "random_state": 0}


def labels(n_classes: int) -> np.ndarray:
    return LABELS % 2 if n_classes == 2 else LABELS


def found(model: Any, x: np.ndarray) -> np.ndarray:
    """Labels by the float graph."""
    graph = to_graph(model)
    return graph.classes[reference.run(graph, x)[:, 0].astype(int)]


# ----------------------------------------------------------------------------- AdaBoost

TREES = [
    AdaBoostClassifier(**SMALL),
    AdaBoostClassifier(DecisionTreeClassifier(max_depth=3), learning_rate=0.3, **SMALL),
    AdaBoostClassifier(ExtraTreeClassifier(max_depth=3), **SMALL),
    AdaBoostClassifier(DecisionTreeClassifier()),  # One tree, which makes no mistake.
]
OTHERS = [
    AdaBoostClassifier(GaussianNB(), n_estimators=3),
    AdaBoostClassifier(SGDClassifier(random_state=0), n_estimators=3),
    AdaBoostClassifier(RandomForestClassifier(2, max_depth=2, random_state=0), n_estimators=3),
]


@pytest.mark.parametrize("n_classes", [2, 10])
@pytest.mark.parametrize("estimator", TREES, ids=str)
def test_votes_of_trees_are_one_op_that_decides_as_scikit_learn(
    estimator: Any, n_classes: int
) -> None:
    boosted = estimator.fit(PIXELS[TRAIN], labels(n_classes)[TRAIN])
    model = to_c(boosted, PIXELS[TRAIN])
    assert [type(plain(node.op)) for node in model.graph.nodes[:-1]] == [QTreeEnsemble]
    assert (model.predict(PIXELS, engine="fixed") == boosted.predict(PIXELS)).all()


@pytest.mark.parametrize("n_classes", [2, 10])
@pytest.mark.parametrize("estimator", OTHERS, ids=str)
def test_votes_of_other_members(estimator: Any, n_classes: int) -> None:
    boosted = estimator.fit(PIXELS[TRAIN], labels(n_classes)[TRAIN])
    wanted = boosted.predict(PIXELS)
    assert (found(boosted, PIXELS) == wanted).all()
    model = to_c(boosted, PIXELS[TRAIN])
    assert (model.predict(PIXELS, engine="fixed") == wanted).mean() > 0.99


@pytest.mark.parametrize("n_classes", [2, 10])
@pytest.mark.parametrize("estimator", [TREES[0], OTHERS[0]], ids=str)
def test_decision_function_and_probabilities(estimator: Any, n_classes: int) -> None:
    boosted = estimator.fit(PIXELS[TRAIN], labels(n_classes)[TRAIN])
    model = to_c(boosted, PIXELS[TRAIN], scores=True)
    wanted = boosted.decision_function(PIXELS).reshape(len(PIXELS), -1)
    assert np.median(np.abs(model.inference.scores(PIXELS, "fixed") - wanted)) < 1e-3
    model = to_c(boosted, PIXELS[TRAIN], probabilities=True)
    shares = boosted.predict_proba(PIXELS)
    assert np.median(np.abs(model.predict_proba(PIXELS, "fixed") - shares)) < 1e-3


def test_one_class_is_refused() -> None:
    boosted = AdaBoostClassifier(n_estimators=2).fit(PIXELS[:9], np.zeros(9))
    with pytest.raises(NotConvertibleError, match=r"one class.*two classes or more"):
        to_graph(boosted)


# --------------------------------------------------------------------- isolation forests

FORESTS = [
    IsolationForest(**SMALL),
    IsolationForest(max_features=0.3, max_samples=100, **SMALL),
    IsolationForest(bootstrap=True, contamination=0.3, **SMALL),
]


@pytest.mark.parametrize("estimator", FORESTS, ids=str)
def test_inliers_are_those_of_scikit_learn(estimator: Any) -> None:
    forest = estimator.fit(PIXELS[TRAIN])
    wanted = forest.predict(PIXELS)
    assert (found(forest, PIXELS) == wanted).all()
    model = to_c(forest, PIXELS[TRAIN])
    assert (model.predict(PIXELS, engine="fixed") == wanted).all()
    assert set(wanted) == {-1, 1}


@pytest.mark.parametrize("n_estimators", [1, 3, 20])
@pytest.mark.parametrize("contamination", [0.05, 0.1])
def test_a_sample_that_is_the_threshold_is_no_outlier(
    contamination: float, n_estimators: int
) -> None:
    """Of 601 samples one has the score of each of these shares exactly; of few trees, many."""
    forest = IsolationForest(
        contamination=contamination, n_estimators=n_estimators, random_state=0
    ).fit(PIXELS[TRAIN])
    (tied,) = np.nonzero(forest.decision_function(PIXELS[TRAIN]) == 0)
    assert len(tied) > 0
    assert (found(forest, PIXELS[tied]) == 1).all()
    assert (to_c(forest, PIXELS[TRAIN]).predict(PIXELS[tied], engine="fixed") == 1).all()


def test_scores_are_decision_function() -> None:
    X, y = load_breast_cancer(return_X_y=True)
    forest = IsolationForest(**SMALL).fit(X)
    wanted = forest.decision_function(X)
    model = to_c(forest, X, scores=True)
    scores = model.decision_function(X, "fixed")
    assert np.median(np.abs(scores - wanted)) < 5e-4
    assert np.abs(roc_auc_score(y, scores) / roc_auc_score(y, wanted) - 1) < 0.01
    assert (model.predict(X, engine="fixed") == forest.predict(X)).mean() > 0.99


def test_average_path_length() -> None:
    n = np.arange(1, 300)
    np.testing.assert_array_equal(average_path_length(n), _average_path_length(n))


def test_trees_of_one_sample_are_refused() -> None:
    forest = IsolationForest(max_samples=1, n_estimators=3).fit(PIXELS[TRAIN])
    with pytest.raises(NotConvertibleError, match="max_samples=2 or more"):
        to_graph(forest)


# ------------------------------------------------------------------------------- in C


@pytest.mark.needs("cc")
@pytest.mark.parametrize("estimator", [TREES[1], FORESTS[1]], ids=str)
def test_the_c_gives_the_bytes_of_the_definition(estimator: Any) -> None:
    model = to_c(estimator.fit(PIXELS[TRAIN], LABELS[TRAIN]), PIXELS[TRAIN])
    assert model.verify(PIXELS[TRAIN]).differing_bytes == 0


@pytest.mark.needs("cc")
def test_the_c_of_floats_decides_as_scikit_learn() -> None:
    X = DIGITS + np.random.default_rng(0).normal(size=DIGITS.shape)
    forest = IsolationForest(contamination=0.1, **SMALL).fit(X[TRAIN])
    assert (to_c(forest, dtype="float32").predict(X) == forest.predict(X)).all()
