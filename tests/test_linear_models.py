"""Models that are linear after all: scikit-learn's answers against those of graph and C."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.cluster import FeatureAgglomeration
from sklearn.cross_decomposition import CCA, PLSSVD, PLSCanonical, PLSRegression
from sklearn.datasets import load_diabetes, load_iris
from sklearn.decomposition import FactorAnalysis, FastICA, MiniBatchSparsePCA, SparsePCA
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.feature_selection import RFECV, SelectFpr, SelectFwe, SequentialFeatureSelector
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import (
    LarsCV,
    LassoLars,
    LassoLarsCV,
    LassoLarsIC,
    LogisticRegression,
    MultiTaskElasticNet,
    MultiTaskElasticNetCV,
    MultiTaskLassoCV,
    OrthogonalMatchingPursuitCV,
    PassiveAggressiveClassifier,
    PassiveAggressiveRegressor,
    QuantileRegressor,
    RANSACRegressor,
    Ridge,
)
from sklearn.model_selection import GridSearchCV, RandomizedSearchCV
from sklearn.multiclass import OneVsRestClassifier
from sklearn.multioutput import MultiOutputRegressor
from sklearn.naive_bayes import BernoulliNB, ComplementNB, MultinomialNB
from sklearn.neighbors import NearestCentroid, NeighborhoodComponentsAnalysis
from sklearn.pipeline import FeatureUnion, Pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.random_projection import GaussianRandomProjection, SparseRandomProjection
from sklearn.svm import LinearSVC, LinearSVR

import skconv
from skconv.convert import to_graph
from skconv.convertible import convertible_classes
from skconv.runtime import reference
from tests import readme_table, test_convert
from tests.classical import families

IRIS, SPECIES = load_iris(return_X_y=True)
DIABETES, PROGRESSION = load_diabetes(return_X_y=True)
TARGETS = np.column_stack([PROGRESSION, DIABETES[:, 2] * 500, PROGRESSION[::-1]])


def lda(**parameters: Any) -> LinearDiscriminantAnalysis:
    return LinearDiscriminantAnalysis(**parameters)


def ids(estimators: list[Any]) -> list[str]:
    return [str(estimator).replace("\n", "")[:50] for estimator in estimators]


def fitted(estimator: Any, X: Any, y: Any) -> Any:
    with warnings.catch_warnings():
        # Few iterations are enough, and some models are on their way out of scikit-learn.
        warnings.simplefilter("ignore")
        return clone(estimator).fit(X, y)


def assert_c_is_the_definition(model: Any, X: Any, agreement: float) -> None:
    found = skconv.to_c(model, X, name="m", input_type="int16").verify(X)
    assert found.differing_bytes == 0
    assert found.agreement >= agreement


# ------------------------------------------------------------------------------ classifiers

CLASSIFIERS = [
    lda(),
    lda(solver="lsqr", shrinkage="auto"),
    lda(solver="eigen", shrinkage=0.2),
    lda(priors=[0.6, 0.3, 0.1]),
    MultinomialNB(),
    MultinomialNB(fit_prior=False, alpha=0.1),
    ComplementNB(),
    ComplementNB(norm=True),
    NearestCentroid(),
    NearestCentroid(shrink_threshold=0.2),
    OneVsRestClassifier(LogisticRegression()),
    OneVsRestClassifier(LinearSVC()),
]


@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("estimator", CLASSIFIERS, ids=ids(CLASSIFIERS))
def test_classifier(estimator: Any, n_classes: int) -> None:
    kept = n_classes > SPECIES
    X, y = IRIS[kept], np.array(["setosa", "versicolor", "virginica"])[SPECIES[kept]]
    if n_classes == 2 and getattr(estimator, "priors", None) == [0.6, 0.3, 0.1]:
        estimator = lda(priors=[0.7, 0.3])
    model = fitted(estimator, X, y)
    graph = to_graph(model)
    assert (graph.classes[reference.run(graph, X)[:, 0]] == model.predict(X)).all()
    if n_classes == 3:
        assert_c_is_the_definition(model, X, 0.97)


def test_bernoulli_of_features_that_are_0_or_1() -> None:
    X = (IRIS.mean(axis=0) < IRIS).astype(np.int16)
    for labels in (SPECIES, SPECIES > 0):
        model = BernoulliNB(binarize=None).fit(X, labels)
        graph = to_graph(model)
        assert (graph.classes[reference.run(graph, X)[:, 0]] == model.predict(X)).all()
    assert_c_is_the_definition(model, X, 0.97)


@pytest.mark.parametrize("estimator", [lda(), MultinomialNB()], ids=ids([lda(), MultinomialNB()]))
def test_probabilities(estimator: Any) -> None:
    model = estimator.fit(IRIS, SPECIES)
    c_model = skconv.to_c(model, IRIS, probabilities=True, input_type="int16")
    wanted = model.predict_proba(IRIS)
    np.testing.assert_allclose(c_model.predict_proba(IRIS, engine="fixed"), wanted, atol=0.02)


# ------------------------------------------------------------------------------- regressors

REGRESSORS = [
    LarsCV(cv=2),
    LassoLars(0.01),
    LassoLarsCV(cv=2),
    LassoLarsIC(),
    OrthogonalMatchingPursuitCV(cv=2),
    PLSRegression(3),
    PLSRegression(2, scale=False),
    QuantileRegressor(alpha=0),
    RANSACRegressor(random_state=0),
]
OF_SEVERAL_TARGETS = [
    MultiTaskElasticNet(0.01),
    MultiTaskElasticNetCV(cv=2, alphas=[0.01, 1]),
    MultiTaskLassoCV(cv=2, alphas=[0.01, 1]),
    PLSRegression(3),
    PLSCanonical(2),
    CCA(2),
    MultiOutputRegressor(Ridge()),
    MultiOutputRegressor(LinearSVR(max_iter=50)),
]


@pytest.mark.parametrize(
    ("estimator", "y"),
    [(e, PROGRESSION) for e in REGRESSORS] + [(e, TARGETS) for e in OF_SEVERAL_TARGETS],
    ids=ids(REGRESSORS + OF_SEVERAL_TARGETS),
)
def test_regressor(estimator: Any, y: Any) -> None:
    model = fitted(estimator, DIABETES, y)
    wanted = model.predict(DIABETES).reshape(len(DIABETES), -1)
    found = reference.run(to_graph(model), DIABETES)
    assert np.abs(found - wanted).max() <= 1e-5 * np.abs(wanted).max()
    assert_c_is_the_definition(model, DIABETES, 0.999)


def test_passive_aggressive() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # scikit-learn is about to drop them
        models = PassiveAggressiveClassifier(), PassiveAggressiveRegressor()
    classifier = fitted(models[0], IRIS, SPECIES)
    assert_c_is_the_definition(classifier, IRIS, 0.97)
    assert_c_is_the_definition(fitted(models[1], DIABETES, PROGRESSION), DIABETES, 0.999)


# ----------------------------------------------------------------------------- transformers

TRANSFORMERS = [
    FactorAnalysis(2),
    FeatureAgglomeration(3),
    FastICA(2, random_state=0),
    FastICA(whiten=False, random_state=0, max_iter=5),
    GaussianRandomProjection(3, random_state=0),
    MiniBatchSparsePCA(2, random_state=0, max_iter=5),
    NeighborhoodComponentsAnalysis(2, max_iter=5, random_state=0),
    PLSSVD(1),
    RFECV(LogisticRegression(max_iter=200), cv=2),
    SelectFpr(),
    SelectFwe(),
    SequentialFeatureSelector(LogisticRegression(max_iter=200), n_features_to_select=2, cv=2),
    SparsePCA(2, random_state=0, max_iter=5),
    SparseRandomProjection(3, random_state=0),
    FrozenEstimator(StandardScaler().fit(IRIS)),
]


@pytest.mark.parametrize("estimator", TRANSFORMERS, ids=ids(TRANSFORMERS))
def test_transformer(estimator: Any) -> None:
    model = fitted(estimator, IRIS, SPECIES)
    wanted = model.transform(IRIS)
    found = reference.run(to_graph(model), IRIS)
    assert np.abs(found - wanted).max() <= 1e-5 * np.abs(wanted).max()
    assert_c_is_the_definition(model, IRIS, 0.99)


# ------------------------------------------ a step in front of others yields what it transforms

BOTH = [
    lda(),
    lda(n_components=1),
    lda(solver="eigen"),
    FrozenEstimator(PLSRegression(2).fit(IRIS, SPECIES)),  # its fit_transform yields a pair
    GridSearchCV(lda(), {"n_components": [1, 2]}, cv=2),
    RandomizedSearchCV(Pipeline([("lda", lda())]), {"lda__n_components": [1, 2]}, n_iter=1, cv=2),
]


@pytest.mark.parametrize("step", BOTH, ids=ids(BOTH))
def test_what_predicts_and_transforms(step: Any) -> None:
    pipe = Pipeline([("scale", StandardScaler()), ("step", step), ("last", Ridge())])
    pipe = fitted(pipe, IRIS, SPECIES)
    np.testing.assert_allclose(
        reference.run(to_graph(pipe), IRIS)[:, 0], pipe.predict(IRIS), atol=1e-4
    )
    union = FeatureUnion([("step", step), ("scale", StandardScaler())])
    union = fitted(union, IRIS, SPECIES)
    np.testing.assert_allclose(
        reference.run(to_graph(union), IRIS), union.transform(IRIS), atol=1e-3
    )


def test_a_discriminant_that_cannot_transform_is_refused_as_a_step() -> None:
    fitted_alone = lda(solver="lsqr").fit(IRIS, SPECIES), Ridge().fit(IRIS[:, :2], SPECIES)
    pipe = Pipeline(list(zip(("lda", "last"), fitted_alone, strict=True)))
    with pytest.raises(skconv.NotConvertibleError, match=r"'lda'.*solver='lsqr'.*use solver='svd'"):
        to_graph(pipe)


# -------------------------------------------------------------------------------- the table


CLASSICAL = [case for cases in families().values() for case in cases]


def _classes(estimator: Any) -> set[str]:
    """Of an estimator, and of those that it is made of."""
    parts = estimator.get_params().values()
    return {type(part).__name__ for part in (estimator, *parts)}


def test_every_class_of_the_table_is_compared_with_scikit_learn() -> None:
    here = [*CLASSIFIERS, *REGRESSORS, *OF_SEVERAL_TARGETS, *TRANSFORMERS, *BOTH]
    there = test_convert.LINEAR_CLASSIFIERS + test_convert.ONE_AGAINST_ONE
    there += test_convert.REGRESSION + test_convert.SEVERAL_TARGETS + test_convert.TRANSFORMERS
    tested = {type(estimator).__name__ for estimator in here + there}
    tested |= {"BernoulliNB", "FeatureUnion", "Pipeline"}
    tested |= {name for case in CLASSICAL for name in _classes(case.estimator)}
    tested |= {"BernoulliRBM", "IsotonicRegression", "RegressorChain"}  # In tests of their own.
    tested |= {"PassiveAggressiveClassifier", "PassiveAggressiveRegressor"}
    table = convertible_classes()
    extractors = {cls.__name__ for cls in table.pop("features")}
    assert {"RandomConvFeatures", "PretrainedFeatures", "QuantizedFeatures"} <= extractors
    assert {cls.__name__ for classes in table.values() for cls in classes} - tested == set()


def test_the_table_of_the_readme_is_up_to_date() -> None:
    text = readme_table.README.read_text(encoding="utf-8")
    assert readme_table.with_table(text) == text, "run python tests/readme_table.py"
