"""Models with a kernel: scikit-learn's answers, the float graph, the integers and their C."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import joblib
import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits
from sklearn.gaussian_process import GaussianProcessClassifier, GaussianProcessRegressor
from sklearn.gaussian_process.kernels import RBF, ConstantKernel, DotProduct, WhiteKernel
from sklearn.kernel_approximation import Nystroem, PolynomialCountSketch, RBFSampler
from sklearn.kernel_ridge import KernelRidge
from sklearn.linear_model import Ridge, RidgeClassifier, SGDOneClassSVM
from sklearn.metrics import make_scorer, recall_score
from sklearn.metrics.pairwise import laplacian_kernel, rbf_kernel
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVR, NuSVR, OneClassSVM

import skconv
from skconv import LaplacianOneClassSVM, to_c, to_graph
from skconv.graph import Graph, KernelMachine, Linear, QCosine, TensorSpec
from skconv.passes.fold import fold
from skconv.runtime import fixed, reference
from skconv.testing import example_graphs

PEOPLE, PROGRESS = load_diabetes(return_X_y=True, scaled=False)
CELLS, IS_BENIGN = load_breast_cancer(return_X_y=True)
DIGITS, LABELS = load_digits(return_X_y=True)
SCALED = StandardScaler().fit_transform(PEOPLE)
TRAIN, TEST = slice(0, 200), slice(200, 400)


def gaussian_process(kernel):
    return GaussianProcessRegressor(kernel, normalize_y=True, optimizer=None)


REGRESSORS = [
    SVR(C=100),
    NuSVR(kernel="poly", degree=2, coef0=1.0, C=10),
    KernelRidge(kernel="rbf", gamma=0.02),
    KernelRidge(kernel="laplacian"),
    KernelRidge(kernel="polynomial", degree=2, alpha=10),
    KernelRidge(kernel="cosine"),
    KernelRidge(kernel="linear"),
    gaussian_process(2.0 * RBF(5.0) + ConstantKernel(3.0) + WhiteKernel(1.0)),
    gaussian_process(RBF(np.linspace(3, 6, 10)) + WhiteKernel(1.0)),
    gaussian_process(0.5 * (DotProduct(1.5) + 2.0) ** 2 + WhiteKernel(30.0)),
    gaussian_process((2.0 * RBF(4.0)) ** 0.5 + WhiteKernel(1.0)),
    gaussian_process(DotProduct(1.0) + WhiteKernel(1.0)),
]


def values(model, X):
    return model.predict(X).reshape(len(X), -1)


@pytest.mark.parametrize("model", REGRESSORS, ids=lambda m: str(m)[:60])
def test_regressor_is_its_graph(model):
    model = clone(model).fit(SCALED[TRAIN], PROGRESS[TRAIN])
    wanted = values(model, SCALED[TEST])
    found = reference.run(to_graph(model), SCALED[TEST])
    np.testing.assert_allclose(found, wanted, rtol=1e-5, atol=1e-4 * np.abs(wanted).max())


@pytest.mark.parametrize("model", [KernelRidge(kernel="rbf"), gaussian_process(None)], ids=str)
def test_regressor_of_several_targets(model):
    y = np.column_stack([PROGRESS, PEOPLE[:, 2]])
    model = clone(model).fit(SCALED[TRAIN, :5], y[TRAIN])
    found = reference.run(to_graph(model), SCALED[TEST, :5])
    np.testing.assert_allclose(found, values(model, SCALED[TEST, :5]), rtol=1e-4, atol=1e-2)


@pytest.mark.parametrize("model", [SVR(C=100), KernelRidge(kernel="laplacian")], ids=str)
def test_integers_of_a_regressor(model):
    model = make_pipeline(StandardScaler(), model).fit(PEOPLE[TRAIN], PROGRESS[TRAIN])
    c_model = to_c(model, PEOPLE[TRAIN])
    found = c_model.verify(PEOPLE[TEST])
    assert found.differing_bytes == 0
    assert found.agreement > 0.999
    loss = model.score(PEOPLE[TEST], PROGRESS[TEST]) - c_model.score(PEOPLE[TEST], PROGRESS[TEST])
    assert loss < 0.005


def test_floats_of_a_regressor():
    model = KernelRidge(kernel="poly", degree=2).fit(SCALED[TRAIN], PROGRESS[TRAIN])
    found = to_c(model, SCALED[TRAIN], dtype="float32").verify(SCALED[TEST])
    assert found.relative_error < 1e-4
    assert found.agreement > 0.9999


# ------------------------------------------------------------------------ one-class machines

DETECTORS = [
    OneClassSVM(nu=0.1),
    OneClassSVM(nu=0.1, kernel="poly", gamma=0.1, coef0=1.0),
    OneClassSVM(nu=0.1, kernel="linear"),
    SGDOneClassSVM(nu=0.1, random_state=0),
    LaplacianOneClassSVM(nu=0.1),
    LaplacianOneClassSVM(nu=0.1, power_of_two=True),
]


@pytest.mark.parametrize("model", DETECTORS, ids=str)
def test_detector_is_its_graph(model):
    X = StandardScaler().fit_transform(CELLS)
    model = clone(model).fit(X[IS_BENIGN == 1])
    graph = to_graph(model)
    assert graph.classes.tolist() == [-1, 1]
    tensors = reference.tensors(graph, X)
    scores = tensors[graph.scores_name][:, 0]
    wanted = model.decision_function(X)
    np.testing.assert_allclose(scores, wanted, atol=1e-4 * np.abs(wanted).max())
    np.testing.assert_array_equal(graph.classes[tensors[graph.output_name][:, 0]], model.predict(X))


def test_integers_of_a_detector():
    """Support vectors lie on the border itself, where the solver's tolerance decides."""
    model = make_pipeline(StandardScaler(), LaplacianOneClassSVM()).fit(CELLS[IS_BENIGN == 1])
    c_model = to_c(model, CELLS)
    found = c_model.verify(CELLS)
    assert found.differing_bytes == 0
    scores = model.decision_function(CELLS)
    clear = np.abs(scores) > 1e-3 * np.abs(scores).max()
    assert clear.sum() >= len(CELLS) - len(model[-1].support_)
    np.testing.assert_array_equal(c_model.predict(CELLS)[clear], model.predict(CELLS)[clear])


@pytest.mark.parametrize("model", [DETECTORS[0], DETECTORS[3], DETECTORS[4]], ids=str)
def test_scores_of_a_detector(model):
    model = make_pipeline(StandardScaler(), clone(model)).fit(CELLS[IS_BENIGN == 1])
    c_model = to_c(model, CELLS, scores=True)
    wanted = model.decision_function(CELLS)
    error = np.abs(c_model.decision_function(CELLS) - wanted).max()
    assert error < 5e-3 * np.abs(wanted).max()


def test_laplacian_machine_is_libsvms_with_that_kernel():
    X = SCALED[TRAIN]
    model = LaplacianOneClassSVM(nu=0.2, gamma=0.05).fit(X)
    oracle = OneClassSVM(nu=0.2, kernel="precomputed").fit(laplacian_kernel(X, gamma=0.05))
    kernel = laplacian_kernel(SCALED[TEST], X, gamma=0.05)
    np.testing.assert_array_equal(model.support_, oracle.support_)
    np.testing.assert_allclose(
        model.decision_function(SCALED[TEST]), oracle.decision_function(kernel), atol=1e-10
    )
    np.testing.assert_allclose(
        model.score_samples(SCALED[TEST]), oracle.score_samples(kernel), atol=1e-10
    )
    np.testing.assert_array_equal(model.predict(SCALED[TEST]), oracle.predict(kernel))


def test_nu_bounds_outliers_and_support_vectors():
    model = LaplacianOneClassSVM(nu=0.3, tol=1e-6).fit(SCALED)
    assert (model.predict(SCALED) == -1).mean() <= 0.3 + 1 / len(SCALED)
    assert len(model.support_) >= 0.3 * len(SCALED)


def test_equal_samples_have_no_scale():
    with pytest.raises(ValueError, match="gamma='scale' needs samples that differ"):
        LaplacianOneClassSVM().fit(np.ones((5, 2)))


def test_laplacian_machine_in_a_search_and_a_new_process(tmp_path):
    recall = make_scorer(recall_score, pos_label=1)
    grid = {"nu": [0.05, 0.5], "gamma": ["scale", "auto"]}
    model = LaplacianOneClassSVM(memory=str(tmp_path / "cache"))
    search = GridSearchCV(model, grid, scoring=recall, cv=2)
    search.fit(SCALED[TRAIN], np.ones(200, int))
    assert search.best_params_["nu"] == 0.05
    np.testing.assert_array_equal(
        clone(search.best_estimator_).fit(SCALED[TRAIN]).dual_coef_,
        search.best_estimator_.dual_coef_,
    )
    joblib.dump((search.best_estimator_, SCALED), tmp_path / "model.joblib")
    script = (
        "import sys, joblib, numpy\n"
        "model, X = joblib.load(sys.argv[1])\n"
        "numpy.save(sys.argv[2], model.decision_function(X))\n"
    )
    subprocess.run(
        [sys.executable, "-c", script, tmp_path / "model.joblib", tmp_path / "scores.npy"],
        check=True,
        env={**os.environ, "PYTHONPATH": str(Path(skconv.__file__).parents[1])},
    )
    np.testing.assert_array_equal(
        np.load(tmp_path / "scores.npy"), search.best_estimator_.decision_function(SCALED)
    )


# ---------------------------------------------------------------- classes, and approximations


def test_gaussian_process_of_two_classes():
    X, y = StandardScaler().fit_transform(CELLS)[:150], IS_BENIGN[:150]
    model = GaussianProcessClassifier(2.0 * RBF(5.0), optimizer=None).fit(X, y)
    graph = to_graph(model)
    predicted = graph.classes[reference.run(graph, X)[:, 0]]
    np.testing.assert_array_equal(predicted, model.predict(X))


APPROXIMATIONS = [
    Nystroem(n_components=20, random_state=0),
    Nystroem("laplacian", gamma=0.01, n_components=20, random_state=0),
    Nystroem("polynomial", degree=2, coef0=0.5, n_components=20, random_state=0),
    Nystroem("poly", n_components=20, random_state=0),
    RBFSampler(gamma=0.5, n_components=20, random_state=0),
    RBFSampler(gamma="scale", n_components=20, random_state=0),
    Nystroem("linear", n_components=20, random_state=0),
    Nystroem("cosine", n_components=20, random_state=0),
    PolynomialCountSketch(degree=1, gamma=0.5, coef0=2, n_components=20, random_state=0),
    PolynomialCountSketch(degree=1, n_components=20, random_state=0),
]


@pytest.mark.parametrize("model", APPROXIMATIONS, ids=str)
def test_approximation_is_its_graph(model):
    X = DIGITS / 16
    model = clone(model).fit(X[TRAIN])
    wanted = model.transform(X[TEST])
    found = reference.run(to_graph(model), X[TEST])
    np.testing.assert_allclose(found, wanted, atol=1e-5 * np.abs(wanted).max())


@pytest.mark.parametrize("head", [RidgeClassifier(), Ridge(), StandardScaler()], ids=str)
def test_what_is_linear_behind_an_approximation_goes_into_its_weights(head):
    approximation = Nystroem(gamma=0.001, n_components=20, random_state=0)
    model = make_pipeline(approximation, head).fit(DIGITS[TRAIN], LABELS[TRAIN])
    graph = to_graph(model)
    folded = fold(graph)
    machine = folded.nodes[0].op
    assert isinstance(machine, KernelMachine)
    assert all(type(node.op).__name__ in ("KernelMachine", "ArgMax") for node in folded.nodes)
    n_results = 20 if isinstance(head, StandardScaler) else len(np.atleast_2d(head.coef_))
    assert machine.dual_coef.shape == (n_results, 20)
    wanted, found = (reference.run(g, DIGITS[TEST]) for g in (graph, folded))
    np.testing.assert_allclose(found, wanted, atol=1e-3)


def test_integers_of_an_approximation():
    approximation = Nystroem(gamma=0.001, n_components=20, random_state=0)
    model = make_pipeline(approximation, RidgeClassifier()).fit(DIGITS[TRAIN], LABELS[TRAIN])
    found = to_c(model, DIGITS[TRAIN]).verify(DIGITS[TEST])
    assert found.differing_bytes == 0
    assert found.agreement > 0.99
    features = to_c(model[:1], DIGITS[TRAIN]).verify(DIGITS[TEST])
    assert features.differing_bytes == 0
    assert features.agreement > 0.999


def test_products_of_random_features_are_the_kernel():
    """Their mean over 2,000 features is the kernel to about 2,000^-1/2."""
    X = SCALED[:20]
    model = RBFSampler(gamma=0.02, n_components=2000, random_state=0).fit(X)
    features = reference.run(to_graph(model), X)
    np.testing.assert_allclose(features @ features.T, rbf_kernel(X, gamma=0.02), atol=0.1)


@pytest.mark.parametrize("gamma", [0.02, 20.0])
def test_integers_of_random_features(gamma):
    """Phases of many turns, too: whole turns are lost exactly."""
    model = RBFSampler(gamma=gamma, n_components=200, random_state=0)
    model = make_pipeline(StandardScaler(), model).fit(PEOPLE[TRAIN])
    c_model = to_c(model, PEOPLE[TRAIN])
    assert c_model.verify(PEOPLE[TEST]).differing_bytes == 0
    wanted = model.transform(PEOPLE[TEST]) / np.sqrt(2 / 200)
    found = c_model.transform(PEOPLE[TEST]) / np.sqrt(2 / 200)
    assert np.abs(found - wanted).max() < (0.01 if gamma < 1 else 0.2)


def test_an_integer_cosine_is_wrong_by_two_ten_thousandths_at_most():
    x = np.arange(-(2**15), 2**15, dtype=np.int16)[:, None]
    for turns in (0.99, 300.1):
        parts = turns * 2**16 / 2**16  # of a turn, for one integer
        op = QCosine(round(parts * 2.0**16), 16)
        op.output(TensorSpec((1,), "int16", minimum=-(2**15) + 1))
        found = fixed.evaluate(op, x) / 32767
        assert np.abs(found - np.cos(2 * np.pi * x * parts / 2**16)).max() < 2e-4


def test_a_layer_behind_decisions_of_pairs_stays():
    """Decisions of pairs are no sums over all vectors: a layer behind them stays."""
    graph = example_graphs()["rbf"]
    machine = graph.nodes[0].op
    layer = Linear(np.ones((2, 3), np.float32), np.zeros(2, np.float32))
    pairs = Graph(graph.input).append(machine).append(layer)
    assert [type(node.op).__name__ for node in fold(pairs).nodes] == ["KernelMachine", "Linear"]
