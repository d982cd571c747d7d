"""Multi-layer perceptrons: scikit-learn's answers against those of graph, integers and C."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest
from sklearn.datasets import load_diabetes, load_iris
from sklearn.neural_network import BernoulliRBM, MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler

import skconv
from skconv.convert import to_graph
from skconv.exceptions import NotConvertibleError
from skconv.graph import Activation, Linear
from skconv.runtime import reference

IRIS, SPECIES = load_iris(return_X_y=True)
DIABETES, PROGRESSION = load_diabetes(return_X_y=True)
ACTIVATIONS = ("identity", "logistic", "tanh", "relu")
SETTINGS = {"hidden_layer_sizes": (8, 6), "solver": "lbfgs", "max_iter": 60, "random_state": 0}
LABELS = np.array(["setosa", "versicolor", "virginica"])


def fitted(model: Any, X: Any, y: Any) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Few iterations are enough.
        return make_pipeline(StandardScaler(), model).fit(X, y)


def classifier(**parameters: Any) -> MLPClassifier:
    return MLPClassifier(**{**SETTINGS, **parameters})


def regressor(**parameters: Any) -> MLPRegressor:
    return MLPRegressor(**{**SETTINGS, **parameters})


# ------------------------------------------------------------------------------ classifiers


@pytest.mark.parametrize("hidden", [(6,), (6, 5, 4), ()])
@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("n_classes", [2, 3])
def test_float_graph_decides_as_the_classifier(
    n_classes: int, activation: str, hidden: tuple[int, ...]
) -> None:
    kept = n_classes > SPECIES
    X, y = IRIS[kept], LABELS[SPECIES[kept]]
    model = fitted(classifier(activation=activation, hidden_layer_sizes=hidden), X, y)
    graph = to_graph(model)
    assert (graph.classes[reference.run(graph, X)[:, 0]] == model.predict(X)).all()


@pytest.mark.parametrize("activation", ACTIVATIONS[1:])
def test_c_is_the_definition_and_probabilities_are_near(activation: str) -> None:
    model = fitted(classifier(activation=activation, alpha=1.0), IRIS, SPECIES)
    c_model = skconv.to_c(model, IRIS, name="m", probabilities=True, input_type="int16")
    found = c_model.verify(IRIS)
    assert found.differing_bytes == 0
    assert found.agreement >= 0.98
    error = np.abs(c_model.predict_proba(IRIS) - model.predict_proba(IRIS))
    assert error.max() < 0.05
    assert error.mean() < 0.002


def test_two_classes_have_the_logistic_function_of_one_score() -> None:
    kept = SPECIES > 0
    X, y = IRIS[kept], SPECIES[kept]
    model = fitted(classifier(alpha=1.0, hidden_layer_sizes=(6,)), X, y)
    c_model = skconv.to_c(model, X, probabilities=True, input_type="int16")
    assert c_model.verify(X).differing_bytes == 0
    assert np.abs(c_model.predict_proba(X) - model.predict_proba(X)).max() < 0.1


def test_one_class_is_always_predicted() -> None:
    model = fitted(classifier(hidden_layer_sizes=(3,)), IRIS, np.full(len(IRIS), 7))
    graph = to_graph(model)
    assert set(graph.classes[reference.run(graph, IRIS)[:, 0]]) == {7}


def test_layers_with_nothing_between_are_one() -> None:
    model = fitted(classifier(activation="identity", hidden_layer_sizes=(50, 40)), IRIS, SPECIES)
    (linear,) = [node.op for node in to_graph(model).nodes if isinstance(node.op, Linear)]
    assert linear.weights.shape == (3, 4)


# ------------------------------------------------------------------------------- regressors


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_regression_of_several_outputs(activation: str) -> None:
    y = np.column_stack([PROGRESSION, DIABETES[:, 2] * 500])
    y = (y - y.mean(axis=0)) / y.std(axis=0)
    model = fitted(regressor(activation=activation, hidden_layer_sizes=(6,)), DIABETES, y)
    np.testing.assert_allclose(
        reference.run(to_graph(model), DIABETES), model.predict(DIABETES), atol=1e-4
    )


def test_c_of_a_regressor_is_the_definition() -> None:
    model = fitted(regressor(activation="tanh", hidden_layer_sizes=(6,)), DIABETES, PROGRESSION)
    found = skconv.to_c(model, DIABETES, name="m", input_type="int16").verify(DIABETES)
    assert found.differing_bytes == 0
    assert found.agreement >= 0.97


def test_poisson_regression_is_refused() -> None:
    model = regressor(solver="adam", loss="poisson", max_iter=2, early_stopping=False)
    with pytest.raises(NotConvertibleError, match=r"np\.log1p\(y\)"):
        to_graph(fitted(model, DIABETES, PROGRESSION))


# ------------------------------------------------------------------------------- transformer


def test_hidden_units_of_a_boltzmann_machine() -> None:
    X = MinMaxScaler().fit_transform(IRIS)
    model = BernoulliRBM(5, n_iter=3, random_state=0).fit(X)
    graph = to_graph(model)
    assert isinstance(graph.nodes[-1].op, Activation)
    np.testing.assert_allclose(reference.run(graph, X), model.transform(X), atol=1e-6)
