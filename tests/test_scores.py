"""``to_c(scores=True)``: scores that are numbers of the estimator, and the error in `verify`."""

from __future__ import annotations

import subprocess
from typing import Any

import numpy as np
import pytest
from sklearn.base import BaseEstimator
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import GridSearchCV
from sklearn.naive_bayes import MultinomialNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

import skconv
from skconv.convert import to_graph
from skconv.convert.core import convert, convert_scores, score_function
from skconv.convert.linear import append_linear
from skconv.deploy.host_compiler import compile_c, find_compiler
from skconv.graph import Graph
from skconv.target.targets import WARNING_FLAGS
from skconv.utils.files import write_files

X, SPECIES = load_iris(return_X_y=True)


class Density(BaseEstimator):
    """A logarithm of a density that is linear."""

    def fit(self, X: Any, y: Any = None) -> Density:
        self.n_features_in_ = np.asarray(X).shape[1]
        return self

    def score_samples(self, X: Any) -> np.ndarray:
        return np.asarray(X).sum(axis=1) - 3.0


@convert.register
@convert_scores.register
def _(model: Density, graph: Graph) -> Graph:
    return append_linear(graph, np.ones(model.n_features_in_), -3.0)


@score_function.register
def _(model: Density) -> str:
    return "score_samples"


@pytest.mark.needs("cc")
@pytest.mark.parametrize(
    ("estimator", "n_classes"),
    [
        (make_pipeline(StandardScaler(), GridSearchCV(LogisticRegression(), {"C": [0.1]})), 3),
        (LogisticRegression(), 2),
        (SVC(decision_function_shape="ovo", kernel="linear"), 3),
        (SVC(), 2),
    ],
    ids=["search", "two classes", "pairs", "kernel"],
)
def test_scores_are_those_of_decision_function(estimator, n_classes):
    x, y = X[n_classes > SPECIES], SPECIES[n_classes > SPECIES]
    wanted = estimator.fit(x, y).decision_function(x)
    model = skconv.to_c(estimator, x, scores=True)
    found = model.decision_function(x)
    assert found.shape == wanted.shape
    largest = 0.02 * np.ptp(wanted)
    assert np.abs(found - wanted).max() < largest
    verified = model.verify(x)
    assert verified.differing_bytes == 0
    assert verified.score_error.method == "decision_function"
    assert verified.score_error.largest == pytest.approx(np.abs(found - wanted).max())
    assert "error against decision_function: " in str(verified)
    assert "real numbers as decision_function of scikit-learn" in model.files["model.h"]
    assert "MODEL_OUTPUT_SCALE" in model.files["model.h"]


def test_a_density_gives_scores_alone():
    model = skconv.to_c(Density().fit(X), X, scores=True)
    assert not hasattr(model, "decision_function")
    wanted = Density().score_samples(X)
    np.testing.assert_allclose(model.score_samples(X, engine="fixed"), wanted, atol=2e-3)
    assert "scores" in model.files["model.h"]
    with pytest.raises(TypeError, match="call score_samples"):
        model.predict(X)
    assert len(model.compare(X).rows) == 2


def test_pairs_of_more_than_two_classes_leave_the_decision_to_the_caller():
    model = skconv.to_c(SVC(decision_function_shape="ovo").fit(X, SPECIES), X, scores=True)
    assert not model.graph.is_classifier
    assert "model_predict" not in model.files["model.h"]
    assert not hasattr(skconv.to_c(SVC().fit(X, SPECIES), X), "score_samples")


@pytest.mark.needs("cc")
def test_the_error_of_a_regressor():
    model = skconv.to_c(Ridge().fit(X[:, :3], X[:, 3]), X[:, :3])
    error = model.verify(X[:, :3]).score_error
    assert error.method == "predict"
    found = model.predict(X[:, :3]) - model.estimator.predict(X[:, :3])
    assert error.mean == pytest.approx(np.abs(found).mean())
    assert skconv.to_c(SVC().fit(X, SPECIES), X).verify(X).score_error is None


@pytest.mark.parametrize(
    ("estimator", "words"),
    [
        (SVC(), "decision_function_shape.*use 'ovo'"),
        (MultinomialNB(), "MultinomialNB.*are not numbers.*write probabilities=True"),
        (Ridge(), "Ridge.*leave scores=True out"),
    ],
)
def test_scores_that_are_no_numbers_of_the_estimator_are_refused(estimator, words):
    model = make_pipeline(StandardScaler(with_mean=False), estimator).fit(X, SPECIES)
    with pytest.raises(skconv.NotConvertibleError, match=words) as error:
        to_graph(model, scores=True)
    assert error.value.step == type(estimator).__name__.lower()


@pytest.mark.parametrize(
    "options",
    [{"probabilities": True}, {"classes": [0, 1, 2]}],
    ids=lambda options: next(iter(options)),
)
def test_options_that_exclude_scores(options):
    with pytest.raises(ValueError, match="scores=True with " + next(iter(options))):
        skconv.to_c(LogisticRegression().fit(X, SPECIES), X, scores=True, **options)


VALUE_MAIN = """
#include <stdio.h>
#include "model.h"
int main(void)
{{
    static const model_input_t inputs[] = {{{numbers}}};
    for (int i = 0; i < {n}; i++) {{
        const model_output_t value = model_predict(inputs + i * MODEL_INPUT_SIZE);
        printf("%.9g\\n", (double){real});
    }}
    return 0;
}}
"""


@pytest.mark.needs("cc")
@pytest.mark.parametrize(("dtype", "real"), [("int8", "MODEL_REAL(value)"), ("float32", "value")])
def test_the_value_of_a_regressor_is_a_result_and_a_macro_makes_it_real(tmp_path, dtype, real):
    x = X[:20, :3]
    model = skconv.to_c(Ridge().fit(X[:, :3], X[:, 3]), X[:, :3], dtype=dtype)
    numbers = ", ".join(map(repr, model.inference.delivered(x).ravel().tolist()))
    main = VALUE_MAIN.format(numbers=numbers, n=len(x), real=real)
    write_files(tmp_path, {**model.files, "main.c": main})
    files = ["model.c", "main.c"]
    compile_c(find_compiler(), (*WARNING_FLAGS, "-O2"), files, tmp_path / "m", tmp_path)
    done = subprocess.run([tmp_path / "m"], capture_output=True, text=True, check=True)
    found = np.array(done.stdout.split(), float)
    np.testing.assert_allclose(found, model.predict(x), rtol=1e-5)


def test_several_values_are_no_result():
    model = skconv.to_c(Ridge().fit(X[:, :2], X[:, 2:]), X[:, :2])
    assert "model_predict" not in model.files["model.h"]
