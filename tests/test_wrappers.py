"""Estimators that hold others: scikit-learn's answers, those of the float graph, and of the C."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import ColumnTransformer, TransformedTargetRegressor
from sklearn.datasets import load_iris
from sklearn.decomposition import PCA
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.ensemble import (
    StackingClassifier,
    StackingRegressor,
    VotingClassifier,
    VotingRegressor,
)
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import Lasso, LinearRegression, LogisticRegression, Ridge
from sklearn.model_selection import FixedThresholdClassifier, TunedThresholdClassifierCV
from sklearn.multiclass import OneVsOneClassifier, OneVsRestClassifier, OutputCodeClassifier
from sklearn.multioutput import (
    ClassifierChain,
    MultiOutputClassifier,
    MultiOutputRegressor,
    RegressorChain,
)
from sklearn.naive_bayes import MultinomialNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler
from sklearn.semi_supervised import SelfTrainingClassifier
from sklearn.svm import SVC, SVR, LinearSVC
from sklearn.tree import DecisionTreeRegressor

import skconv
from skconv.convert import to_graph
from skconv.convert.members import joined
from skconv.graph import Graph, PairConfidence, TensorSpec, Winner
from skconv.runtime import reference

X, SPECIES = load_iris(return_X_y=True)
NAMES = np.array(["setosa", "versicolor", "virginica"])[SPECIES]


def logistic() -> LogisticRegression:
    return LogisticRegression(max_iter=300)


THREE: list[tuple[str, Any]] = [
    ("logistic", logistic()),
    ("bayes", MultinomialNB()),
    ("lda", LinearDiscriminantAnalysis()),
]
CLASSIFIERS = [
    VotingClassifier(THREE),
    VotingClassifier([*THREE[:2], ("lda", "drop")], weights=[1, 1, 1]),
    VotingClassifier(THREE, voting="soft", weights=[3, 1, 2]),
    CalibratedClassifierCV(LinearSVC(), cv=2),
    CalibratedClassifierCV(MultinomialNB(), cv=2, ensemble=False),
    CalibratedClassifierCV(LinearSVC(), cv=2, method="temperature"),
    CalibratedClassifierCV(LinearSVC(), cv=2, method="isotonic"),
    CalibratedClassifierCV(logistic(), cv=2, method="isotonic", ensemble=False),
    StackingClassifier(THREE, logistic(), cv=2),
    StackingClassifier(
        THREE[::2], logistic(), cv=2, stack_method="decision_function", passthrough=True
    ),
    OneVsRestClassifier(SVC()),
    OneVsRestClassifier(MultinomialNB()),
    OneVsRestClassifier(Ridge()),
    OneVsOneClassifier(SVC()),
    OneVsOneClassifier(LinearSVC()),
    OutputCodeClassifier(MultinomialNB(), random_state=0),
    OutputCodeClassifier(LinearSVC(), random_state=0),
]
TWO = [
    FixedThresholdClassifier(logistic(), threshold=0.7),
    FixedThresholdClassifier(MultinomialNB(), threshold=0.6, pos_label="versicolor"),
    FixedThresholdClassifier(
        LinearSVC(), threshold=0.4, pos_label="versicolor", response_method="decision_function"
    ),
]
TARGETS = np.column_stack([X[:, 3], 3 - X[:, 2]])
MEMBERS = [("ridge", Ridge()), ("lasso", Lasso(0.1)), ("svr", SVR())]
REGRESSORS = [
    VotingRegressor(MEMBERS, weights=[1, 2, 0.5]),
    StackingRegressor(MEMBERS, Ridge(), cv=2, passthrough=True),
    MultiOutputRegressor(SVR()),
    MultiOutputRegressor(Ridge()),
    RegressorChain(Ridge(), order=[1, 0]),
    TransformedTargetRegressor(Ridge(), transformer=MinMaxScaler()),
    TransformedTargetRegressor(SVR(), transformer=StandardScaler()),
    TransformedTargetRegressor(Ridge(), func=np.sqrt, inverse_func=np.square),
    TransformedTargetRegressor(Ridge()),
]


def fitted(estimator: Any, n_classes: int = 3) -> tuple[Any, np.ndarray]:
    """Fitted on classes, the last ones where they are two."""
    chosen = 3 - n_classes <= SPECIES
    return clone(estimator).fit(X[chosen], NAMES[chosen]), X[chosen]


def shown(estimator: Any) -> str:
    return "".join(repr(estimator).split())[:70]


@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("estimator", CLASSIFIERS, ids=shown)
def test_classes_are_those_of_the_estimator(estimator, n_classes):
    model, x = fitted(estimator, n_classes)
    graph = to_graph(model)
    found = graph.classes[reference.run(graph, x)[:, 0].astype(int)]
    assert (found == model.predict(x)).mean() >= 0.99  # float32 parameters


@pytest.mark.parametrize("estimator", TWO, ids=shown)
def test_thresholds(estimator):
    model, x = fitted(estimator, 2)
    graph = to_graph(model)
    assert (graph.classes[reference.run(graph, x)[:, 0].astype(int)] == model.predict(x)).all()
    assert (model.predict(x) != model.estimator_.predict(x)).any(), "the threshold decides nothing"


def test_a_tuned_threshold():
    chosen = SPECIES > 0
    x, y = X[chosen], SPECIES[chosen] - 1
    model = TunedThresholdClassifierCV(logistic(), cv=2, thresholds=5).fit(x, y)
    assert (reference.run(to_graph(model), x)[:, 0] == model.predict(x)).all()


@pytest.mark.needs("cc")
@pytest.mark.parametrize(
    ("estimator", "probabilities"),
    [
        (CLASSIFIERS[0], False),
        (CLASSIFIERS[2], True),
        (CLASSIFIERS[3], True),
        (CLASSIFIERS[6], True),
        (CLASSIFIERS[13], False),
    ],
    ids=["hard votes", "soft votes", "calibrated", "isotonic", "one against one"],
)
def test_the_c_of_classifiers(estimator, probabilities):
    model, x = fitted(estimator)
    converted = skconv.to_c(model, x, probabilities=probabilities)
    verified = converted.verify(x)
    assert verified.differing_bytes == 0
    assert verified.agreement >= 0.98
    if probabilities:
        found = converted.predict_proba(x, engine="fixed")
        assert np.abs(found - model.predict_proba(x)).mean() < 0.01


@pytest.mark.parametrize("estimator", REGRESSORS, ids=shown)
def test_values_are_those_of_the_estimator(estimator):
    has_many = type(estimator).__name__ in ("MultiOutputRegressor", "RegressorChain")
    model = clone(estimator).fit(X, TARGETS if has_many else TARGETS[:, 0])
    wanted = model.predict(X).reshape(len(X), -1)
    np.testing.assert_allclose(reference.run(to_graph(model), X), wanted, rtol=1e-4, atol=1e-4)
    found = skconv.to_c(model, X).predict(X, engine="fixed").reshape(wanted.shape)
    assert np.abs(found - wanted).max() < 0.02 * np.ptp(wanted)


def test_scores_of_pairs_are_those_of_the_estimator():
    model, x = fitted(CLASSIFIERS[13])
    found = skconv.to_c(model, x, scores=True).decision_function(x, engine="fixed")
    assert np.abs(found - model.decision_function(x)).max() < 0.02


def test_scores_of_a_stack_are_those_of_its_last_estimator():
    model, x = fitted(StackingClassifier(THREE, logistic(), cv=2))
    converted = skconv.to_c(model, x, scores=True)
    assert converted.classes_.tolist() == model.classes_.tolist()
    wanted = model.decision_function(x)
    found = converted.decision_function(x, engine="fixed")
    assert np.abs(found - wanted).max() < 0.02 * np.ptp(wanted)


def columns(**more: Any) -> ColumnTransformer:
    parts = [
        ("scaled", StandardScaler(), [2, 0]),
        ("sliced", PCA(1), slice(1, 3)),
        ("masked", "passthrough", [False, False, False, True]),
        ("dropped", "drop", [0]),
        ("empty", StandardScaler(), []),
    ]
    return ColumnTransformer(parts, **more)


@pytest.mark.parametrize(
    "more",
    [{}, {"remainder": "passthrough"}, {"transformer_weights": {"scaled": 3.0}}],
    ids=["dropped", "remainder", "weights"],
)
def test_columns(more):
    steps = columns(**more).fit(X)
    np.testing.assert_allclose(
        reference.run(to_graph(steps), X), steps.transform(X), rtol=1e-4, atol=1e-5
    )
    pipe = make_pipeline(clone(steps), LinearRegression()).fit(X[:, ::-1], X[:, 1])
    found = skconv.to_c(pipe, X[:, ::-1]).predict(X[:, ::-1], engine="fixed")
    assert np.abs(found - pipe.predict(X[:, ::-1])).max() < 0.05


def test_columns_of_a_data_frame_are_places():
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(X, columns=list("abcd"))
    parts = [("scaled", StandardScaler(), ["d", "a"])]
    steps = ColumnTransformer(parts, remainder="passthrough").fit(frame)
    np.testing.assert_allclose(
        reference.run(to_graph(steps), X), steps.transform(frame), rtol=1e-4, atol=1e-5
    )


def test_what_members_share_is_computed_once():
    scaler = FrozenEstimator(StandardScaler().fit(X))
    members = [(str(c), make_pipeline(scaler, LogisticRegression(C=c))) for c in (0.1, 1.0, 9.0)]
    graph = to_graph(VotingClassifier(members, voting="soft").fit(X, SPECIES))
    assert [type(node.op).__name__ for node in graph.nodes].count("Affine") == 1
    alone = joined(Graph(TensorSpec((4,))), [lambda start: start.append(Winner())] * 2)
    assert [type(node.op).__name__ for node in alone.nodes] == ["Winner", "Concat"]


def test_votes_of_pairs_by_hand():
    graph = Graph(TensorSpec((3,))).append(PairConfidence(3, first_is_positive=False))
    found = reference.run(graph, np.array([[0.0, 3.0, -1.0]]))
    # 0 votes for the first of the pair; the second pair for class 2, the third for class 1.
    sums = np.array([-3.0, 1.0, 2.0])
    np.testing.assert_allclose(found[0], [1, 1, 1] + sums / (3 * (np.abs(sums) + 1)))


@pytest.mark.parametrize(
    ("estimator", "words"),
    [
        (
            CalibratedClassifierCV(MultinomialNB(), cv=2, method="temperature"),
            "method.*decision_function",
        ),
        (OneVsOneClassifier(MultinomialNB()), "estimator.*with decision_function"),
        (OneVsRestClassifier(SVC(kernel="sigmoid")), r"estimators_\[0\].*SVC.*kernel"),
        (VotingClassifier([("a", SVC())], voting="soft"), "a.*SVC"),
        (
            VotingClassifier([("bad", SVC(kernel="sigmoid")), ("a", logistic())]),
            "bad.*SVC.*kernel",
        ),
        (
            StackingClassifier([("a", logistic())], cv=2, stack_method="predict"),
            "stack_method.*use stack_method=",
        ),
        (make_pipeline(VotingClassifier(THREE), logistic()), "votingclassifier.*last step"),
        (RegressorChain(SVR()), "estimator.*use a linear model"),
        (ClassifierChain(logistic(), chain_method="predict_proba"), "chain_method.*'predict'"),
        (MultiOutputClassifier(SVC(kernel="sigmoid")), r"estimators_\[0\].*SVC.*kernel"),
        (
            TransformedTargetRegressor(Ridge(), func=np.log, inverse_func=np.exp),
            "inverse_func.*convert its regressor_",
        ),
    ],
    ids=shown,
)
def test_what_has_no_form_is_refused_with_advice(estimator, words):
    several = ("RegressorChain", "MultiOutputClassifier", "ClassifierChain")
    y = SPECIES + 1 if "Regressor" in type(estimator).__name__ else SPECIES
    if type(estimator).__name__ in several:
        y = np.column_stack([SPECIES, SPECIES % 2])
    model = clone(estimator).fit(X, y)
    with pytest.raises(skconv.NotConvertibleError, match=words):
        to_graph(model)


@pytest.mark.parametrize("weights", [None, [3, 1]])
def test_a_mean_of_values_keeps_16_bits(weights):
    """A layer that reads 8 bits of each member is 3e-3 of the range away."""
    rng = np.random.default_rng(0)
    x = rng.integers(0, 256, (200, 6)).astype(np.uint8)
    y = x @ rng.normal(size=6) + 20 * np.sin(x[:, 0] / 9)
    members = [("a", Ridge()), ("b", DecisionTreeRegressor(max_depth=6, random_state=0))]
    model = VotingRegressor(members, weights=weights).fit(x, y)
    wanted = model.predict(x)
    found = skconv.to_c(model, x).predict(x, engine="fixed")
    assert np.abs(found - wanted).max() < 1e-4 * np.ptp(wanted)


def test_probabilities_of_a_threshold_are_those_of_its_estimator():
    model, x = fitted(TWO[0], 2)
    with pytest.raises(skconv.NotConvertibleError, match="convert its estimator_"):
        skconv.to_c(model, x, probabilities=True)


def test_a_classifier_that_taught_itself_is_the_last_one_that_it_fitted():
    taught = np.where(np.arange(len(X)) % 3, -1, SPECIES)
    model = SelfTrainingClassifier(logistic()).fit(X, taught)
    c_model = skconv.to_c(model, X, probabilities=True)
    assert (c_model.predict(X, engine="fixed") == model.predict(X)).mean() >= 0.99
    found = c_model.predict_proba(X, "fixed")
    np.testing.assert_allclose(found, model.predict_proba(X), atol=0.02)


def test_equal_votes_go_to_the_first_class():
    x, y = X[SPECIES > 0], SPECIES[SPECIES > 0] - 1
    first = logistic().fit(x, y)
    second = clone(first).fit(x, y)
    second.coef_, second.intercept_ = -first.coef_, -first.intercept_
    members = [("a", FrozenEstimator(first)), ("b", FrozenEstimator(second))]
    model = VotingClassifier(members).fit(x, y)
    assert (model.predict(x) == 0).all()
    assert (skconv.to_c(model, x).predict(x, engine="fixed") == 0).all()
