"""Gaussian classes, mixtures, outliers and tables of categories against scikit-learn."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.covariance import EllipticEnvelope
from sklearn.datasets import load_breast_cancer, load_digits, load_iris
from sklearn.discriminant_analysis import QuadraticDiscriminantAnalysis
from sklearn.mixture import BayesianGaussianMixture, GaussianMixture
from sklearn.naive_bayes import BernoulliNB, CategoricalNB, GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import skconv
from skconv.convert import to_graph
from skconv.convert.mixture import append_log_likelihood
from skconv.graph import (
    DiagonalSquares,
    Graph,
    GroupedSquares,
    LogSumExp,
    QDiagonalSquares,
    QGroupedSquares,
    TensorSpec,
)
from skconv.passes.fold import fold
from skconv.passes.integers import integer_graph
from skconv.runtime import fixed, reference

DIGITS, NUMBERS = load_digits(return_X_y=True)
IRIS, SPECIES = load_iris(return_X_y=True)
CANCER, IS_BENIGN = load_breast_cancer(return_X_y=True)
COVARIANCES = ("full", "tied", "diag", "spherical")


def mixture(kind: str, n_components: int = 3, **parameters: Any) -> GaussianMixture:
    return GaussianMixture(n_components, covariance_type=kind, random_state=0, **parameters)


def bayesian(kind: str, process: str) -> BayesianGaussianMixture:
    return BayesianGaussianMixture(
        n_components=3,
        covariance_type=kind,
        weight_concentration_prior_type=process,
        random_state=0,
    )


def answers(graph: Graph, x: np.ndarray, fit: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """What a float graph and its integer graph make of samples, in real numbers."""
    integer = integer_graph(graph, fit)
    q = fixed.run(integer, fixed.quantize_input(integer.input, x))
    return reference.run(graph, x), q * integer.output.scale


# ------------------------------------------------------------------------------- decisions

MODELS = [
    (GaussianNB(), DIGITS, NUMBERS),
    (GaussianNB(priors=[0.1, 0.9]), CANCER, IS_BENIGN),
    (make_pipeline(StandardScaler(), GaussianNB()), CANCER, IS_BENIGN),
    (QuadraticDiscriminantAnalysis(reg_param=0.01), DIGITS, NUMBERS),
    (QuadraticDiscriminantAnalysis(solver="eigen", shrinkage=0.1), CANCER, IS_BENIGN),
    *((mixture(kind), IRIS, SPECIES) for kind in COVARIANCES),
    (mixture("tied", 2), IRIS, SPECIES),
    (bayesian("full", "dirichlet_process"), IRIS, SPECIES),
    (bayesian("diag", "dirichlet_distribution"), IRIS, SPECIES),
    (EllipticEnvelope(random_state=0), IRIS, SPECIES),
    (BernoulliNB(binarize=7.5), DIGITS, NUMBERS),
    (CategoricalNB(), DIGITS, NUMBERS),
]
IDS = [str(model).replace("\n", "")[:50] for model, _, _ in MODELS]


@pytest.mark.parametrize(("model", "x", "y"), MODELS, ids=IDS)
def test_decisions_are_those_of_scikit_learn(model: Any, x: np.ndarray, y: np.ndarray) -> None:
    fitted = clone(model).fit(x[::2], y[::2])
    # Categories that were not seen have no entry in a table.
    x = x if not isinstance(model, CategoricalNB) else np.minimum(x, x[::2].max(axis=0))
    wanted = fitted.predict(x)
    graph = fold(to_graph(fitted))
    found, rounded = answers(graph, x, x[::2])
    assert graph.classes is not None
    np.testing.assert_array_equal(graph.classes[found[:, 0].astype(int)], wanted)
    assert (graph.classes[rounded[:, 0].astype(int)] == wanted).mean() >= 0.99


@pytest.mark.parametrize(
    ("model", "x", "y", "dtype"),
    [
        (GaussianNB(), DIGITS, NUMBERS, "int8"),
        (QuadraticDiscriminantAnalysis(), IRIS, SPECIES, "int8"),
        (mixture("full", 2), IRIS, SPECIES, "float32"),
        (EllipticEnvelope(random_state=0), IRIS, SPECIES, "int8"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_c_is_the_definition(model: Any, x: np.ndarray, y: np.ndarray, dtype: Any) -> None:
    fitted = clone(model).fit(x, y)
    found = skconv.to_c(fitted, x, dtype=dtype).verify(x)
    assert found.differing_bytes == (0 if dtype == "int8" else None)
    assert found.agreement >= 0.99


@pytest.mark.parametrize("model", [GaussianNB(), QuadraticDiscriminantAnalysis()], ids=str)
def test_probabilities_are_those_of_scikit_learn(model: Any) -> None:
    fitted = clone(model).fit(IRIS, SPECIES)
    c_model = skconv.to_c(fitted, IRIS, probabilities=True)
    error = np.abs(c_model.predict_proba(IRIS) - fitted.predict_proba(IRIS)).max()
    assert error < 0.01


def test_one_component_has_no_probabilities() -> None:
    with pytest.raises(skconv.NotConvertibleError, match="use n_components=2 or more"):
        skconv.to_c(mixture("full", 1).fit(IRIS), IRIS, probabilities=True)


def test_one_component_is_component_0() -> None:
    graph = to_graph(mixture("diag", 1).fit(IRIS))
    assert not reference.run(graph, IRIS).any()


# ---------------------------------------------------------------------------------- scores


@pytest.mark.parametrize(
    "model",
    [*map(mixture, COVARIANCES), mixture("full", 1), bayesian("full", "dirichlet_process")],
    ids=str,
)
def test_the_log_likelihood_is_that_of_scikit_learn(model: Any) -> None:
    fitted = clone(model).fit(IRIS)
    graph = fold(append_log_likelihood(Graph(TensorSpec((4,))), fitted))
    found, rounded = answers(graph, IRIS, IRIS)
    wanted = fitted.score_samples(IRIS)
    np.testing.assert_allclose(found[:, 0], wanted, atol=1e-4)
    np.testing.assert_allclose(rounded[:, 0], wanted, atol=0.05)


@pytest.mark.parametrize(
    ("model", "method"),
    [
        (QuadraticDiscriminantAnalysis(), "decision_function"),
        (mixture("diag"), "score_samples"),
        (EllipticEnvelope(random_state=0), "decision_function"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_scores_are_numbers_of_scikit_learn(model: Any, method: str) -> None:
    fitted = clone(model).fit(IRIS, SPECIES)
    c_model = skconv.to_c(fitted, IRIS, scores=True)
    wanted = getattr(fitted, method)(IRIS).reshape(len(IRIS), -1)
    found = getattr(c_model, method)(IRIS).reshape(len(IRIS), -1)
    # An error of a root is as many times that of its square as the root is large.
    np.testing.assert_allclose(found, wanted, rtol=2e-3, atol=0.05)


def test_the_log_density_of_a_known_gaussian() -> None:
    model = mixture("full", 1)
    model.means_, model.weights_ = np.array([[1.0, -2.0]]), np.ones(1)
    model.precisions_cholesky_ = np.diag([2.0, 0.5])[None]
    graph = append_log_likelihood(Graph(TensorSpec((2,))), model)
    found = reference.run(graph, np.array([[1.0, -2.0], [1.5, -2.0], [1.0, 0.0]]))
    # The determinant of the covariance is 1; each sample is one standard deviation off.
    np.testing.assert_allclose(found[:, 0], -np.log(2 * np.pi) - np.array([0, 0.5, 0.5]), rtol=1e-6)


# -------------------------------------------------------------------- samples far from all


def test_far_samples_keep_the_order_of_classes() -> None:
    rng = np.random.default_rng(0)
    x = np.concatenate([rng.normal(-1, 0.5, (50, 3)), rng.normal(1, 1.0, (50, 3))])
    y = np.repeat([0, 1], 50)
    far = np.array([[40.0, 40, 40], [-30, 2, 20], [-1.2, -100, -1]])
    for model in (GaussianNB().fit(x, y), QuadraticDiscriminantAnalysis().fit(x, y)):
        graph = fold(to_graph(model))
        integer = integer_graph(graph, np.concatenate([x, 120 * np.eye(3), -120 * np.eye(3)]))
        found = fixed.run(integer, fixed.quantize_input(integer.input, far))
        np.testing.assert_array_equal(found[:, 0], model.predict(far))


def test_a_collapsed_component_takes_no_bits_from_the_others() -> None:
    """One sample far away has a component of its own, whose variance is that of a rounding."""
    rng = np.random.default_rng(0)
    x = np.concatenate([rng.normal(0, 100, (60, 2)), rng.normal(500, 100, (60, 2)), [[4000, 0]]])
    model = mixture("diag", 3, reg_covar=1e-4, max_iter=200).fit(x)
    assert model.covariances_.min() < 1e-3
    found, rounded = answers(append_log_likelihood(Graph(TensorSpec((2,))), model), x, x)
    np.testing.assert_allclose(rounded[:-1], found[:-1], atol=0.05)


# ------------------------------------------------------------------------- ops in integers


def offsets(*values: int) -> np.ndarray:
    return np.array(values, np.int64)


def test_grouped_squares_by_hand() -> None:
    x = TensorSpec((4,), "int16")
    op = QGroupedSquares(offsets(100, 0), np.uint8([0, 2]), scale=1.0, relative=False)
    assert op.output(x).shape == (2,)
    # 9 + 16 from 100, and (25 + 1 + 2) / 4 from 0.
    assert fixed.evaluate(op, np.int16([[3, -4, 5, 1]])).tolist() == [[75, -7]]
    relative = QGroupedSquares(offsets(100, 0), np.uint8([0, 2]), scale=1.0, relative=True)
    assert fixed.evaluate(relative, np.int16([[3, -4, 5, 1]])).tolist() == [[-82]]


def test_the_largest_squares_fit() -> None:
    x = np.full((1, 3), -32768, np.int16)
    op = QGroupedSquares(offsets(0), np.uint8([0]), scale=1.0, relative=False)
    assert fixed.evaluate(op, x).tolist() == [[-(2**30)]]  # clipped
    shifted = QGroupedSquares(offsets(0), np.uint8([31]), scale=1.0, relative=False)
    assert fixed.evaluate(shifted, x).tolist() == [[-2]]  # 1.5, rounded up


def test_diagonal_squares_by_hand() -> None:
    factors, biases = np.int16([[1, 2], [3, 0], [0, 1]]), np.int32([[0, 1], [-1, 4], [0, 0]])
    parts = {"factors": factors, "biases": biases, "scale": 1.0, "relative": True}
    op = QDiagonalSquares(offsets(0, 10, 0), np.uint8([0, 0, 0]), **parts)
    # -(1 + 25), 10 - (4 + 16), -4: relative to the last.
    assert fixed.evaluate(op, np.uint8([[1, 2]])).tolist() == [[-22, -6, 0]]
    assert op.output(TensorSpec((2,), "uint8")).maximum == 0


@pytest.mark.parametrize(
    ("op", "x", "message"),
    [
        (GroupedSquares(np.zeros(2, "f4")), TensorSpec((3,)), "multiple"),
        (LogSumExp(), TensorSpec((1,)), "of one number is that number"),
        (
            DiagonalSquares(
                np.zeros(1, "f4"), factors=np.zeros((1, 2), "f4"), biases=np.zeros((1, 3), "f4")
            ),
            TensorSpec((2,)),
            r"biases \(1, 3\)",
        ),
        (
            QGroupedSquares(offsets(2**62), np.uint8([0]), scale=1.0, relative=False),
            TensorSpec((3,), "int8"),
            "do not fit 64 bits",
        ),
        (
            QDiagonalSquares(
                offsets(0),
                np.uint8([0]),
                scale=1.0,
                relative=False,
                factors=np.full((1, 9), 32767, np.int16),
                biases=np.zeros((1, 9), np.int32),
            ),
            TensorSpec((9,), "int16"),
            "9 squares of integers up to .* do not fit",
        ),
    ],
    ids=["groups", "one", "shapes", "offset", "sum"],
)
def test_what_does_not_fit_is_refused(op: Any, x: TensorSpec, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        op.output(x)
