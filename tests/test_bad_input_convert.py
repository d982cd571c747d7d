"""What cannot be converted is refused, with step, class, parameter and advice."""

from __future__ import annotations

import pickle
import warnings

import numpy as np
import pytest
from sklearn.base import BaseEstimator
from sklearn.cluster import Birch, BisectingKMeans, FeatureAgglomeration
from sklearn.decomposition import NMF, KernelPCA
from sklearn.ensemble import AdaBoostRegressor
from sklearn.exceptions import NotFittedError
from sklearn.feature_selection import SelectKBest
from sklearn.gaussian_process import GaussianProcessClassifier, GaussianProcessRegressor
from sklearn.gaussian_process.kernels import RBF, DotProduct, Matern
from sklearn.impute import KNNImputer, MissingIndicator, SimpleImputer
from sklearn.kernel_approximation import AdditiveChi2Sampler, Nystroem, PolynomialCountSketch
from sklearn.kernel_ridge import KernelRidge
from sklearn.linear_model import (
    LinearRegression,
)
from sklearn.metrics.pairwise import laplacian_kernel
from sklearn.model_selection import GridSearchCV
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import (
    KNeighborsClassifier,
    KNeighborsRegressor,
    LocalOutlierFactor,
    NearestCentroid,
    NearestNeighbors,
    RadiusNeighborsClassifier,
)
from sklearn.pipeline import FeatureUnion, Pipeline, make_pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    OneHotEncoder,
    OrdinalEncoder,
    PolynomialFeatures,
    StandardScaler,
)
from sklearn.svm import SVC, SVR, NuSVC, NuSVR, OneClassSVM

from skconv import LaplacianNuSVC, NotConvertibleError, RandomConvFeatures, to_graph

rng = np.random.default_rng(0)
BAD = FunctionTransformer(np.cbrt)
X = np.abs(rng.normal(size=(60, 6)))
Y = np.arange(60) % 3


def laplacian_row(x, y):
    return np.exp(-np.abs(x - y).sum())


def refused(estimator, y=Y):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        estimator.fit(X, y)
    with pytest.raises(NotConvertibleError) as caught:
        to_graph(estimator)
    return caught.value


PARAMETERS = [
    (GaussianNB(priors=[0.5, 0.5, 0]), "priors", "priors above 0"),
    (SVC(kernel="sigmoid"), "kernel", "LaplacianNuSVC"),
    (NuSVC(kernel="sigmoid", nu=0.2), "kernel", "rbf"),
    (SVC(kernel=laplacian_kernel), "kernel", "LaplacianNuSVC"),
    (SVC(break_ties=True), "break_ties", "break_ties=False"),
    (SVR(kernel="sigmoid"), "kernel", "KernelRidge(kernel='laplacian')"),
    (NuSVR(kernel=laplacian_kernel), "kernel", "kernel='rbf'"),
    (SVR(kernel="poly", degree=0), "degree", "degree=3"),
    (OneClassSVM(kernel="sigmoid"), "kernel", "skconv.LaplacianOneClassSVM"),
    (KernelRidge(kernel="sigmoid", gamma=0.1), "kernel", "'laplacian'"),
    (KernelRidge(kernel="poly", degree=1.5), "degree", "a whole number"),
    (Nystroem(kernel="chi2", n_components=4), "kernel", "kernel='rbf'"),
    (Nystroem(kernel=laplacian_row, n_components=4), "kernel", "kernel='rbf'"),
    (PolynomialCountSketch(degree=2), "degree", "Nystroem(kernel='poly')"),
    (GaussianProcessRegressor(Matern()), "kernel", "use RBF"),
    (GaussianProcessRegressor(RBF() * DotProduct()), "kernel", "use RBF"),
    (GaussianProcessRegressor(RBF() + RBF(2.0)), "kernel", "use RBF"),
    (GaussianProcessClassifier(), "classes_", "SVC(kernel='rbf')"),
    (NearestCentroid(metric="manhattan", priors=[0.5, 0.3, 0.2]), "priors", "metric='euclidean'"),
    (NearestCentroid(priors=[0.5, 0.5, 0]), "priors", "priors above 0"),
    (KNeighborsClassifier(1000), "n_neighbors", "at most"),
    (KNeighborsClassifier(2, metric="cosine"), "metric", "metric='euclidean'"),
    (KNeighborsClassifier(2, metric="minkowski", p=3), "p", "p=2 or p=1"),
    (KNeighborsClassifier(2, weights=np.negative), "weights", "'distance'"),
    (KNeighborsRegressor(2, metric="chebyshev"), "metric", "'manhattan'"),
    (KNeighborsRegressor(2, weights=np.negative), "weights", "weights='uniform'"),
    (LocalOutlierFactor(2), "novelty", "novelty=True"),
    (LocalOutlierFactor(2, novelty=True, metric="canberra"), "metric", "metric='euclidean'"),
    (BisectingKMeans(2), "cluster_centers_", "KMeans"),
    (FunctionTransformer(np.cbrt), "func", "apply the function to X before"),
    (OneHotEncoder(max_categories=2), "max_categories", "max_categories=None"),
    (
        OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=np.nan),
        "unknown_value",
        "unknown_value=-1",
    ),
    (PolynomialFeatures(degree=4), "degree", "degree=2 or 3"),
    (SimpleImputer(add_indicator=True), "add_indicator", "add_indicator=False"),
    (SimpleImputer(missing_values=0), "missing_values", "missing_values=np.nan"),
    (KNNImputer(add_indicator=True), "add_indicator", "add_indicator=False"),
    (KNNImputer(missing_values=-1), "missing_values", "missing_values=np.nan"),
    (FeatureAgglomeration(2, pooling_func=np.max), "pooling_func", "pooling_func=np.mean"),
    (SelectKBest(k=0), "k", "at least one feature"),
    (GridSearchCV(SVC(), {"C": [1, 2]}, cv=2, refit=False), "refit", "refit=True"),
    (FeatureUnion([("a", "drop"), ("b", "drop")]), "transformer_list", "keep a transformer"),
    (Pipeline([("a", "passthrough"), ("b", "passthrough")]), "steps", "add a step"),
]


@pytest.mark.parametrize(
    ("estimator", "parameter", "advice"), PARAMETERS, ids=[str(p[0])[:40] for p in PARAMETERS]
)
def test_parameter_that_cannot_be_converted(estimator, parameter, advice):
    error = refused(estimator)
    assert error.class_name == type(estimator).__name__
    assert error.parameter == parameter
    assert advice in error.advice
    assert error.step == ""
    for part in (error.class_name, f"parameter {parameter}", error.reason, error.advice):
        assert part in str(error)


CLASSES = [
    (AdaBoostRegressor(n_estimators=3), "RandomForestRegressor"),
    (RadiusNeighborsClassifier(9.0), "KNeighborsClassifier"),
    (NearestNeighbors(), "LocalOutlierFactor"),
    (KernelPCA(2), "PCA"),
    (NMF(2), "PCA"),
    (Birch(n_clusters=2), "KMeans"),
    (AdditiveChi2Sampler(), "Nystroem"),
    (MissingIndicator(), "fill the gaps"),
]


@pytest.mark.parametrize(
    ("estimator", "advice"), CLASSES, ids=[type(c[0]).__name__ for c in CLASSES]
)
def test_class_that_has_no_converter(estimator, advice):
    error = refused(estimator)
    assert error.class_name == type(estimator).__name__
    assert error.parameter is None
    assert advice in error.advice
    assert error.class_name in str(error)
    assert error.advice in str(error)


def test_unknown_class_is_told_how_to_register():
    class Mystery(BaseEstimator):
        def fit(self, X, y=None):
            self.n_features_in_ = X.shape[1]
            return self

    error = refused(Mystery())
    assert error.class_name == "Mystery"
    assert "register" in error.advice


# ------------------------------------------------------------------------ inside Pipelines


def test_step_is_named():
    error = refused(
        Pipeline([("scale", StandardScaler()), ("boosted", AdaBoostRegressor(n_estimators=2))])
    )
    assert error.step == "boosted"
    assert str(error).startswith("step 'boosted': AdaBoostRegressor")


def test_step_is_named_from_the_outside_in():
    union = FeatureUnion([("a", StandardScaler()), ("b", make_pipeline(BAD))])
    model = Pipeline([("features", union), ("svc", SVC())])
    error = refused(GridSearchCV(model, {"svc__C": [1]}, cv=2))
    assert error.step == "features.b.functiontransformer"
    assert "step 'features.b.functiontransformer': FunctionTransformer, parameter func" in str(
        error
    )


def test_first_bad_step_is_named_before_any_graph_is_built(monkeypatch):
    monkeypatch.setattr("skconv.convert.convert", lambda *_: pytest.fail("a graph was built"))
    error = refused(Pipeline([("scale", StandardScaler()), ("q", KernelPCA(2)), ("t", SVC())]))
    assert error.step == "q"


def test_precomputed_kernel_is_refused():
    kernel = laplacian_kernel(X)
    model = SVC(kernel="precomputed").fit(kernel, Y)
    with pytest.raises(NotConvertibleError, match=r"parameter kernel.*LaplacianNuSVC"):
        to_graph(model)


@pytest.mark.parametrize(
    "estimator",
    [StandardScaler(), SVC(), LaplacianNuSVC(), RandomConvFeatures(), SelectKBest()],
    ids=lambda estimator: type(estimator).__name__,
)
def test_unfitted_estimator(estimator):
    with pytest.raises(NotFittedError, match=type(estimator).__name__):
        to_graph(estimator)
    with pytest.raises(NotFittedError, match=r"step 'last'"):
        to_graph(Pipeline([("scale", StandardScaler().fit(X)), ("last", estimator)]))


def test_unfitted_search():
    with pytest.raises(NotFittedError, match="GridSearchCV"):
        to_graph(GridSearchCV(SVC(), {"C": [1]}))


def test_first_step_that_does_not_know_its_input():
    unfitted = FunctionTransformer()
    with pytest.raises(NotFittedError, match=r"step 'first'.*FunctionTransformer"):
        to_graph(Pipeline([("first", unfitted), ("svc", SVC().fit(X, Y))]))


@pytest.mark.parametrize("thing", [None, 3, "SVC", SVC], ids=repr)
def test_what_is_no_estimator(thing):
    with pytest.raises(TypeError, match=r"estimator is .*expected a fitted estimator"):
        to_graph(thing)


def test_parameters_that_float32_cannot_hold():
    with pytest.raises(ValueError, match=r"'linear'.*weights.*float32"):
        to_graph(LinearRegression().fit(X, Y * 1e60))


def test_error_survives_pickling():
    error = refused(Pipeline([("scale", BAD), ("svc", SVC())]))
    copy = pickle.loads(pickle.dumps(error))
    assert str(copy) == str(error)
    assert (copy.step, copy.parameter) == ("scale", "func")
