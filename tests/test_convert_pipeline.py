"""Pipelines, unions, searches and extractors become graphs; fold keeps what they say."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA
from sklearn.feature_selection import SelectKBest
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import GridSearchCV, RandomizedSearchCV
from sklearn.pipeline import FeatureUnion, Pipeline, make_pipeline, make_union
from sklearn.preprocessing import MinMaxScaler, Normalizer, StandardScaler
from sklearn.svm import SVC, LinearSVC

from skconv import RandomConvFeatures, to_graph
from skconv.classifiers.svm import LaplacianNuSVC
from skconv.graph import INPUT, Abs, Concat, Graph, MeanPool, Reshape, TensorSpec
from skconv.passes.fold import fold
from skconv.runtime import reference

X, Y = load_digits(return_X_y=True)
X += np.random.default_rng(0).normal(scale=0.01, size=X.shape)  # no feature is constant
TRAIN, TEST = slice(0, None, 3), slice(1, None, 3)


class PooledImage(TransformerMixin, BaseEstimator):
    """What an extractor is to the converter: something fitted that holds a graph."""

    def fit(self, X, y=None):
        self.n_features_in_ = X.shape[1]
        graph = Graph(TensorSpec((64,))).append(Reshape((8, 8, 1)), name="map")
        graph = graph.append(Abs()).append(MeanPool((2, 2), (2, 2)))
        self.graph_ = graph.append(Reshape((16,)), name="flatten")
        return self

    def transform(self, X):
        return reference.run(self.graph_, X)


def kinds(graph):
    return [type(node.op).__name__ for node in graph.nodes]


def logistic():
    return LogisticRegression(max_iter=30, tol=1e-2)


union = FeatureUnion(
    [
        ("pca", PCA(8, random_state=0)),
        ("gone", "drop"),
        ("best", make_pipeline(MinMaxScaler(), SelectKBest(k=6))),
        ("raw", "passthrough"),
        ("scaled", StandardScaler()),
    ],
    transformer_weights={"pca": 0.5, "raw": 0.125, "scaled": 1.0},
)

PIPELINES = {
    "plain": make_pipeline(StandardScaler(), PCA(12, random_state=0), LinearSVC(max_iter=60)),
    "passthrough": Pipeline(
        [("first", "passthrough"), ("scale", StandardScaler()), ("none", None), ("svc", SVC())]
    ),
    "nested": make_pipeline(
        make_pipeline(StandardScaler(), make_pipeline(PCA(10, random_state=0), Normalizer())),
        make_pipeline(StandardScaler(), LaplacianNuSVC()),
    ),
    "union": make_pipeline(union, StandardScaler(), LinearSVC(max_iter=20)),
    "union_of_unions": make_pipeline(
        StandardScaler(),
        make_union(make_union(PCA(3, random_state=0), "passthrough"), SelectKBest(k=4)),
        SVC(kernel="poly"),
    ),
    "extractor": make_pipeline(PooledImage(), StandardScaler(), SVC()),
    "extractors": make_pipeline(
        make_union(PooledImage(), StandardScaler(), make_pipeline(MinMaxScaler(), PooledImage())),
        StandardScaler(),
        LinearSVC(max_iter=20),
    ),
    "random_convolutions": make_pipeline(
        RandomConvFeatures(
            n_kernels=4, kernel_size=3, pool_size=3, input_shape=(8, 8), random_state=0
        ),
        StandardScaler(),
        LaplacianNuSVC(),
    ),
}


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("name", PIPELINES)
def test_pipeline_predicts_the_same_before_and_after_fold(name):
    pipe = PIPELINES[name].fit(X[TRAIN], Y[TRAIN])
    graph = to_graph(pipe)
    wanted = pipe.predict(X[TEST])
    for form in (graph, fold(graph)):
        np.testing.assert_array_equal(form.classes[reference.run(form, X[TEST])[:, 0]], wanted)


def test_union_yields_what_sklearn_yields():
    fitted = union.fit(X[TRAIN], Y[TRAIN])
    graph = to_graph(fitted)
    np.testing.assert_allclose(
        reference.run(graph, X[TEST]), fitted.transform(X[TEST]), rtol=1e-5, atol=1e-5
    )
    assert isinstance(graph.nodes[-1].op, Concat)
    assert len(graph.nodes[-1].inputs) == 4


def test_passthrough_in_a_union_reads_the_input_itself():
    graph = to_graph(make_union("passthrough", StandardScaler()).fit(X))
    assert graph.nodes[-1].inputs == (INPUT, "affine")


def test_union_of_a_map_flattens_it_once():
    graph = to_graph(make_union(PooledImage(), PooledImage()).fit(X))
    assert kinds(graph).count("Concat") == 1
    assert graph.output.shape == (32,)
    assert len({node.name for node in graph.nodes}) == len(graph.nodes)


def test_scalers_and_projection_fold_into_one_classifier():
    pipe = make_pipeline(
        StandardScaler(), SelectKBest(k=30), PCA(20, random_state=0), StandardScaler(), logistic()
    )
    graph = to_graph(pipe.fit(X[:300], Y[:300]))
    assert kinds(graph) == ["Affine", "Select", "Linear", "Affine", "Linear", "ArgMax"]
    folded = fold(graph)
    assert kinds(folded) == ["Select", "Linear", "ArgMax"]
    assert folded.nodes[1].op.weights.shape == (10, 30)
    scores = reference.tensors(folded, X)[folded.scores_name]
    np.testing.assert_allclose(scores, pipe.decision_function(X), rtol=0, atol=2e-4)


@pytest.mark.parametrize("inside", [False, True], ids=["around", "inside"])
@pytest.mark.parametrize("search", [GridSearchCV, RandomizedSearchCV])
def test_a_search_is_its_best_estimator(search, inside):
    options = {"n_iter": 2, "random_state": 0} if search is RandomizedSearchCV else {}
    if inside:
        grid = search(LaplacianNuSVC(), {"nu": [0.05, 0.2]}, cv=2, **options)
        model = make_pipeline(StandardScaler(), grid)
    else:
        pipe = make_pipeline(StandardScaler(), LaplacianNuSVC())
        model = search(pipe, {"laplaciannusvc__nu": [0.05, 0.2]}, cv=2, **options)
    graph = to_graph(model.fit(X[TRAIN], Y[TRAIN]))
    assert kinds(graph) == ["Affine", "KernelMachine", "OvoVote", "ArgMax"]
    predicted = graph.classes[reference.run(graph, X[TEST])[:, 0]]
    np.testing.assert_array_equal(predicted, model.predict(X[TEST]))


def test_pipeline_that_ends_in_a_transformer_or_a_regressor():
    scaled = make_pipeline(StandardScaler(), PCA(5, random_state=0)).fit(X)
    assert to_graph(scaled).output == TensorSpec((5,))
    model = make_pipeline(StandardScaler(), Ridge()).fit(X, Y)
    graph = fold(to_graph(model))
    assert graph.classes is None
    np.testing.assert_allclose(reference.run(graph, X)[:, 0], model.predict(X), rtol=0, atol=1e-4)


def test_input_is_the_flat_sample_of_the_first_step_that_does_something():
    pipe = Pipeline([("pass", "passthrough"), ("scale", StandardScaler())]).fit(X)
    assert to_graph(pipe).input == TensorSpec((64,))


def test_converting_leaves_the_estimator_as_it_was():
    pipe = PIPELINES["nested"].fit(X[TRAIN], Y[TRAIN])
    before = pipe.predict(X[TEST])
    fold(to_graph(pipe))
    np.testing.assert_array_equal(pipe.predict(X[TEST]), before)
