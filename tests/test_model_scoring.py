"""A `CModel` among scikit-learn's tools, what it keeps of people's samples, odd samples."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from sklearn.base import is_classifier, is_regressor
from sklearn.datasets import load_diabetes, load_iris
from sklearn.decomposition import PCA
from sklearn.frozen import FrozenEstimator
from sklearn.inspection import permutation_importance
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
from sklearn.metrics import ConfusionMatrixDisplay, RocCurveDisplay, get_scorer
from sklearn.model_selection import FixedThresholdClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from sklearn.svm import SVC
from sklearn.utils.validation import check_is_fitted

from skconv import to_c
from skconv.convert.estimator_answers import answers
from skconv.deploy.verification import determination

IRIS, SPECIES = load_iris(return_X_y=True)
NAMES = np.array(["setosa", "versicolor", "virginica"])


def iris_model(head=None, labels=NAMES[SPECIES], X=IRIS, **options):
    pipe = make_pipeline(StandardScaler(), head or LogisticRegression()).fit(X, labels)
    return to_c(pipe, X, name="iris", **options)


@pytest.fixture(scope="module")
def classifier():
    return iris_model(probabilities=True)


@pytest.fixture(scope="module")
def two_classes():
    chosen = SPECIES > 0
    X, y = IRIS[chosen], NAMES[SPECIES[chosen]]
    return iris_model(labels=y, X=X), X, y


@pytest.fixture(scope="module")
def regressor():
    X, y = load_diabetes(return_X_y=True)
    return to_c(make_pipeline(StandardScaler(), Ridge()).fit(X, y), X), X, y


# ------------------------------------------------------------------- scorers and displays


def test_a_classifier_is_a_fitted_classifier(classifier):
    check_is_fitted(classifier)
    assert is_classifier(classifier)
    assert not is_regressor(classifier)
    assert classifier.n_features_in_ == 4
    assert classifier.classes_.tolist() == NAMES.tolist()
    assert not hasattr(classifier, "feature_names_in_")
    labels = NAMES[SPECIES]
    wanted = np.mean(classifier.predict(IRIS) == labels)
    assert wanted > 0.9
    assert classifier.score(IRIS, labels) == wanted
    assert get_scorer("accuracy")(classifier, IRIS, labels) == wanted


def test_weights_count_in_the_score(classifier):
    wrong = classifier.predict(IRIS) != NAMES[SPECIES]
    assert classifier.score(IRIS, NAMES[SPECIES], sample_weight=wrong) == 0


def test_two_classes_have_one_score(two_classes):
    model, X, y = two_classes
    scores = model.decision_function(X)
    assert scores.shape == (len(X),)
    assert np.array_equal(model.predict(X) == "virginica", scores > 0)
    assert get_scorer("roc_auc")(model, X, y == "virginica") > 0.95
    pytest.importorskip("matplotlib").use("Agg")
    assert RocCurveDisplay.from_estimator(model, X, y).roc_auc > 0.95


def test_votes_have_a_column_for_each_class():
    assert iris_model(SVC()).decision_function(IRIS).shape == (len(IRIS), 3)


def test_tools_take_it(classifier, two_classes):
    pytest.importorskip("matplotlib").use("Agg")
    display = ConfusionMatrixDisplay.from_estimator(classifier, IRIS, NAMES[SPECIES])
    assert display.confusion_matrix.sum() == len(IRIS)
    found = permutation_importance(classifier, IRIS, NAMES[SPECIES], n_repeats=2, random_state=0)
    assert found.importances_mean.argmax() in (2, 3)
    frozen = FrozenEstimator(classifier).fit(IRIS, SPECIES)
    assert frozen.score(IRIS, NAMES[SPECIES]) == classifier.score(IRIS, NAMES[SPECIES])
    model, X, y = two_classes
    cut = FixedThresholdClassifier(FrozenEstimator(model), threshold=1e9, pos_label="virginica")
    assert set(cut.fit(X, y).predict(X)) == {"versicolor"}


def test_a_regressor_scores_by_r2(regressor):
    model, X, y = regressor
    assert is_regressor(model)
    assert model.score(X, y) == get_scorer("r2")(model, X, y)
    assert abs(model.score(X, y) - model.estimator.score(X, y)) < 1e-3
    for name in ("classes_", "decision_function", "transform", "predict_proba"):
        assert not hasattr(model, name)
    with pytest.raises(AttributeError, match=r"no decision_function: .*; call predict"):
        model.decision_function(X)


def test_a_transformer_has_no_score():
    model = to_c(PCA(2).fit(IRIS), IRIS)
    assert not hasattr(model, "score")
    assert model.transform(IRIS).shape == (len(IRIS), 2)
    with pytest.raises(AttributeError, match="call transform"):
        model.score(IRIS, SPECIES)


def test_it_cannot_be_fitted_again(classifier):
    with pytest.raises(TypeError, match=r"call to_c.*FrozenEstimator"):
        classifier.fit(IRIS, SPECIES)


def test_probabilities_say_how_to_come_by_them(two_classes):
    with pytest.raises(AttributeError, match=r"write to_c\(\.\.\., probabilities=True\)"):
        two_classes[0].predict_proba(IRIS)


# ------------------------------------------------------------------------- what is kept


def test_a_pickle_holds_eight_samples(classifier):
    assert np.array_equal(classifier.samples, IRIS[:8])
    assert classifier.samples.base is None
    many = to_c(classifier.estimator, np.tile(IRIS, (400, 1)))
    assert len(pickle.dumps(many)) == len(pickle.dumps(to_c(classifier.estimator, IRIS)))
    # Not one of the others is anywhere in it.
    marked = IRIS.copy()
    marked[100:, 0] = 5.4321
    assert np.float64(5.4321).tobytes() not in pickle.dumps(to_c(classifier.estimator, marked))


def test_more_samples_than_are_kept_are_to_be_given(classifier):
    with pytest.raises(ValueError, match=r"no more than 8 .*benchmark\(X=samples, n_samples=9\)"):
        classifier.benchmark(n_samples=9)
    with pytest.raises(ValueError, match="X has 2 numbers a sample"):
        classifier.benchmark(X=IRIS[:, :2])


# ----------------------------------------------------------- the agreement that is reported


def test_a_regressor_is_judged_by_its_worst_output():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(200, 3))
    y = X @ rng.normal(size=(3, 3)) * [1.0, 1e-4, 1e3]
    model = to_c(LinearRegression().fit(X, y), X)
    found = model.verify(X)
    wanted, got = model.estimator.predict(X), model.predict(X)
    each = [determination(w, g) for w, g in zip(wanted.T, got.T, strict=True)]
    assert found.agreement == min(each)
    assert found.worst_output == int(np.argmin(each))
    assert f"(output {found.worst_output}, the worst)" in str(found)


def test_determination():
    wanted = np.array([[0.0, 5.0], [2.0, 5.0]])
    assert determination(wanted, wanted) == 1
    assert determination(wanted[:, 0], np.array([1.0, 1.0])) == 0
    assert determination(wanted[:, 1], wanted[:, 1] + 0.5) == pytest.approx(0.99)
    assert determination(np.zeros(3), np.zeros(3)) == 1
    assert determination(np.zeros(3), np.ones(3)) == 0


# --------------------------------------------------- samples that the estimator cannot take


@pytest.fixture(scope="module")
def roots():
    X = np.abs(np.random.default_rng(0).normal(size=(200, 3)))
    pipe = make_pipeline(FunctionTransformer(np.sqrt), StandardScaler(), LogisticRegression())
    return to_c(pipe.fit(X, X[:, 0] > 0.5), X), X


@pytest.mark.needs("cc")
def test_samples_that_the_estimator_makes_nan_are_named(roots):
    model, X = roots
    X = X.copy()
    X[:30, 1] *= -1
    found = model.verify(X)
    assert found.differing_bytes == 0
    assert found.agreement == model.verify(X[30:]).agreement
    for word in ("30 of 200 samples", "step 'functiontransformer'", "sqrt", "left out"):
        assert word in str(found)


@pytest.mark.needs("cc")
def test_no_sample_that_the_estimator_can_answer(roots):
    model, X = roots
    found = model.verify(-X)
    assert np.isnan(found.agreement)
    assert "200 of 200 samples" in found.message


def test_other_errors_of_an_estimator_are_not_hidden():
    pipe = make_pipeline(StandardScaler(), LogisticRegression()).fit(IRIS, SPECIES)
    with pytest.raises(ValueError, match="expecting 4 features"):
        answers(pipe, IRIS[:, :2], pipe.classes_)
