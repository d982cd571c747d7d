"""Every estimator that converts: sklearn's answers against those of its graph."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
import scipy.sparse
from sklearn.base import clone
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA, IncrementalPCA, TruncatedSVD
from sklearn.feature_selection import (
    RFE,
    GenericUnivariateSelect,
    SelectFdr,
    SelectFromModel,
    SelectKBest,
    SelectPercentile,
    VarianceThreshold,
)
from sklearn.linear_model import (
    ARDRegression,
    BayesianRidge,
    ElasticNet,
    ElasticNetCV,
    HuberRegressor,
    Lars,
    Lasso,
    LassoCV,
    LinearRegression,
    LogisticRegression,
    LogisticRegressionCV,
    MultiTaskLasso,
    OrthogonalMatchingPursuit,
    Perceptron,
    Ridge,
    RidgeClassifier,
    RidgeClassifierCV,
    RidgeCV,
    SGDClassifier,
    SGDRegressor,
    TheilSenRegressor,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    MaxAbsScaler,
    MinMaxScaler,
    Normalizer,
    RobustScaler,
    StandardScaler,
)
from sklearn.svm import SVC, SVR, LinearSVC, LinearSVR, NuSVC, NuSVR

from skconv.classifiers.logistic import PreconditionedLogisticRegression
from skconv.classifiers.ridge import BatchRidgeClassifier
from skconv.classifiers.svm import LaplacianNuSVC
from skconv.convert import to_graph
from skconv.graph import Affine, Linear, Select
from skconv.runtime import reference

DIGITS, LABELS = load_digits(return_X_y=True)
TRAIN, TEST = slice(0, None, 3), slice(1, None, 3)
WORDS = np.array(["nought", "one", "two", "three", "four", "five", "six", "seven", "eight", "ix"])


def names(estimators):
    return [str(e).replace("\n", "")[:60] for e in estimators]


def fitted(estimator, X, y=None):
    with warnings.catch_warnings():
        # Few iterations are enough here: the graph must equal what was fitted.
        warnings.simplefilter("ignore")
        return clone(estimator).fit(X, y)


def assert_parameters_are_float32(graph):
    for node in graph.nodes:
        for values in node.op.parameters.values():
            assert values.dtype in ((np.float32,) if values.dtype.kind == "f" else (np.uint16,))


def relative_error(values, wanted):
    return np.abs(values - wanted).max() / np.abs(wanted).max()


# -------------------------------------------------------------------------- classifiers

LINEAR_CLASSIFIERS = [
    LogisticRegression(max_iter=50),
    LogisticRegression(max_iter=50, fit_intercept=False),
    LogisticRegressionCV(Cs=2, cv=2, max_iter=20),
    LinearSVC(max_iter=50),
    LinearSVC(max_iter=50, fit_intercept=False, multi_class="crammer_singer"),
    SGDClassifier(random_state=0),
    Perceptron(random_state=0),
    RidgeClassifier(),
    RidgeClassifier(fit_intercept=False),
    RidgeClassifierCV(),
    BatchRidgeClassifier(standardize=True),
    PreconditionedLogisticRegression(),
]
ONE_AGAINST_ONE = [
    SVC(),
    SVC(kernel="linear"),
    SVC(kernel="poly", degree=2, coef0=1.0),
    SVC(gamma=0.01, C=10, break_ties=False),
    NuSVC(nu=0.1),
    NuSVC(nu=0.2, kernel="linear"),
    NuSVC(nu=0.2, kernel="poly"),
    LaplacianNuSVC(),
    LaplacianNuSVC(nu=0.2, power_of_two=True),
]


@pytest.mark.parametrize("strings", [False, True], ids=["integers", "strings"])
@pytest.mark.parametrize("n_classes", [2, 3, 10])
@pytest.mark.parametrize(
    "estimator",
    LINEAR_CLASSIFIERS + ONE_AGAINST_ONE,
    ids=names(LINEAR_CLASSIFIERS + ONE_AGAINST_ONE),
)
def test_classifier(estimator, n_classes, strings):
    kept = 10 - n_classes <= LABELS
    X, y = DIGITS[kept] / 16, LABELS[kept]
    y = WORDS[y] if strings else y
    model = clone(estimator)
    if "decision_function_shape" in model.get_params():
        model.set_params(decision_function_shape="ovo")
    model = fitted(model, X[TRAIN], y[TRAIN])
    graph = to_graph(model)
    assert_parameters_are_float32(graph)
    np.testing.assert_array_equal(graph.classes, model.classes_)

    tensors = reference.tensors(graph, X[TEST])
    scores = tensors[graph.nodes[0].name]
    wanted = model.decision_function(X[TEST]).reshape(scores.shape)
    assert relative_error(scores, wanted) < 1e-4
    predicted = graph.classes[tensors[graph.output_name][:, 0]]
    np.testing.assert_array_equal(predicted, model.predict(X[TEST]))


def test_binary_output_is_one_for_the_second_class():
    X, y = np.array([[-1.0], [1.0], [-2.0], [2.0]]), np.array(["low", "zenith", "low", "zenith"])
    for model in (LogisticRegression(), SVC(), SVC(kernel="linear"), LaplacianNuSVC(nu=0.5)):
        graph = to_graph(model.fit(X, y))
        assert graph.classes.tolist() == ["low", "zenith"]
        assert reference.run(graph, [[3.0], [-3.0]]).tolist() == [[1], [0]]
        assert graph.specs[graph.scores_name].shape == (1,)


def test_sparse_coefficients_and_sparse_training_data():
    y = LABELS[TRAIN]
    sparse = scipy.sparse.csr_array(DIGITS[TRAIN])
    for model in (
        SGDClassifier(penalty="l1", random_state=0).fit(DIGITS[TRAIN], y).sparsify(),
        SVC().fit(sparse, y),
        SVC(kernel="linear").fit(sparse, y),
    ):
        predicted = reference.run(to_graph(model), DIGITS[TEST])[:, 0]
        np.testing.assert_array_equal(predicted, model.predict(DIGITS[TEST]))


# --------------------------------------------------------------------------- regressors

REGRESSION = [
    ARDRegression(max_iter=10),
    BayesianRidge(),
    ElasticNet(),
    ElasticNetCV(cv=2),
    HuberRegressor(max_iter=20),
    Lars(n_nonzero_coefs=8),
    Lasso(),
    LassoCV(cv=2),
    LinearRegression(),
    LinearRegression(fit_intercept=False),
    LinearSVR(max_iter=20),
    NuSVR(kernel="linear", max_iter=200),
    OrthogonalMatchingPursuit(n_nonzero_coefs=8),
    Ridge(),
    RidgeCV(),
    SGDRegressor(random_state=0),
    SVR(kernel="linear", max_iter=200),
    TheilSenRegressor(max_iter=5, n_subsamples=70, max_subpopulation=10, random_state=0),
]
SEVERAL_TARGETS = [LinearRegression(), Ridge(), RidgeCV(), Lasso(0.01), MultiTaskLasso(0.01)]


@pytest.mark.parametrize("estimator", REGRESSION, ids=names(REGRESSION))
def test_regressor(estimator):
    X = DIGITS / 16
    model = fitted(estimator, X[TRAIN], LABELS[TRAIN].astype(float))
    graph = to_graph(model)
    assert graph.classes is None
    values = reference.run(graph, X[TEST])
    assert values.shape == (len(X[TEST]), 1)
    assert relative_error(values[:, 0], model.predict(X[TEST])) < 1e-4


@pytest.mark.parametrize("estimator", SEVERAL_TARGETS, ids=names(SEVERAL_TARGETS))
def test_regressor_of_several_targets(estimator):
    X, y = DIGITS[:, :60] / 16, DIGITS[:, 60:]
    model = fitted(estimator, X[TRAIN], y[TRAIN])
    assert relative_error(reference.run(to_graph(model), X[TEST]), model.predict(X[TEST])) < 1e-4


# ------------------------------------------------------------------------- transformers

TRANSFORMERS = [
    StandardScaler(),
    StandardScaler(with_mean=False),
    StandardScaler(with_std=False),
    StandardScaler(with_mean=False, with_std=False),
    MinMaxScaler(),
    MinMaxScaler(feature_range=(-2, 5)),
    MaxAbsScaler(),
    RobustScaler(),
    RobustScaler(with_centering=False),
    RobustScaler(with_scaling=False, unit_variance=False),
    RobustScaler(quantile_range=(10, 90), unit_variance=True),
    Normalizer("l1"),
    Normalizer("l2"),
    Normalizer("max"),
    PCA(7, random_state=0),
    PCA(7, whiten=True, random_state=0),
    PCA(whiten=True, svd_solver="covariance_eigh"),
    IncrementalPCA(5, whiten=True),
    TruncatedSVD(6, random_state=0),
    VarianceThreshold(3.0),
    SelectKBest(k=12),
    SelectPercentile(percentile=30),
    SelectFdr(),
    GenericUnivariateSelect(mode="k_best", param=9),
    SelectFromModel(Ridge()),
    SelectFromModel(LogisticRegression(max_iter=20), max_features=5),
    RFE(Ridge(), n_features_to_select=11, step=10),
    FunctionTransformer(),
]


@pytest.mark.parametrize("estimator", TRANSFORMERS, ids=names(TRANSFORMERS))
def test_transformer(estimator):
    noise = np.random.default_rng(0).normal(size=DIGITS.shape)
    X = DIGITS - 3 + noise
    model = fitted(estimator, X[TRAIN], LABELS[TRAIN])
    graph = to_graph(model)
    assert_parameters_are_float32(graph)
    wanted = model.transform(X[TEST])
    assert graph.output.shape == wanted.shape[1:]
    assert relative_error(reference.run(graph, X[TEST]), wanted) < 1e-5


def test_constant_features_are_scaled_as_sklearn_does():
    X = np.column_stack([np.full(20, 7.0), np.arange(20.0)])
    for scaler in (StandardScaler(), MinMaxScaler(), MaxAbsScaler(), RobustScaler()):
        graph = to_graph(scaler.fit(X))
        np.testing.assert_allclose(reference.run(graph, X), scaler.transform(X), atol=1e-6)


def test_a_zero_vector_stays_zero_under_normalizer():
    graph = to_graph(Normalizer().fit(np.ones((2, 3))))
    assert reference.run(graph, np.zeros((1, 3))).tolist() == [[0, 0, 0]]


def test_prefit_selector_and_its_indices():
    ridge = Ridge().fit(DIGITS, LABELS)
    selector = SelectFromModel(ridge, prefit=True)
    graph = to_graph(make_pipeline(StandardScaler().fit(DIGITS), selector))
    (indices,) = (node.op.indices for node in graph.nodes if isinstance(node.op, Select))
    np.testing.assert_array_equal(indices, selector.get_support(indices=True))


def test_select_of_many_features_has_wide_indices():
    X = np.zeros((2, 2**16 + 1))
    X[1, [3, 2**16]] = 1
    graph = to_graph(VarianceThreshold().fit(X))
    assert graph.nodes[0].op.indices.dtype == np.uint32
    assert graph.nodes[0].op.indices.tolist() == [3, 2**16]


def test_large_offset_is_rounded_only_once():
    X = 1e4 + np.random.default_rng(0).normal(size=(100, 3))
    graph = to_graph(make_pipeline(StandardScaler(), PCA(2)).fit(X))
    affine, linear = (node.op for node in graph.nodes)
    assert isinstance(affine, Affine)
    assert isinstance(linear, Linear)
    np.testing.assert_array_equal(affine.offsets, np.float32(-X.mean(0) / X.std(0)))
