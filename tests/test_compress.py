"""Compression: second-order rounding, and the estimator that carries passes out."""

from __future__ import annotations

import subprocess
import sys

import joblib
import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression, Ridge, RidgeClassifier
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline

import skconv
from skconv import (
    Compressed,
    PruneFeatures,
    RandomConvFeatures,
    SecondOrderRounding,
    compress,
    to_c,
)
from skconv.exceptions import PassOrderWarning
from skconv.graph import Graph, Linear, TensorSpec
from skconv.passes.compress import PASSES, Pass, Samples, second_order
from skconv.passes.compress.loss import refitted
from skconv.passes.compress.second_order import curvature, round_row
from skconv.passes.scales import level_scales

X, Y = load_digits(return_X_y=True)
FEATURES = RandomConvFeatures(n_kernels=6, kernel_size=3, input_shape=(8, 8), random_state=0)


@pytest.fixture(scope="module")
def pipe():
    return make_pipeline(FEATURES, LogisticRegression(max_iter=2000)).fit(X[:1200], Y[:1200])


def correlated(n_weights: int = 40, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Weights, and second moments of inputs that depend on each other."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(400, 4)) @ rng.normal(size=(4, n_weights))
    x += 0.2 * rng.normal(size=x.shape)
    return rng.normal(size=n_weights), x.T @ x / len(x)


def loss(error: np.ndarray, hessian: np.ndarray) -> float:
    return float(error @ hessian @ error)


def plainly(row: np.ndarray, hessian: np.ndarray, levels: int) -> float:
    """The least loss of plain rounding, over many scales."""
    scales = np.abs(row).max() / levels / np.geomspace(0.9, 8, 200)
    rounded = [s * np.clip(np.rint(row / s), -levels, levels) for s in scales]
    return min(loss(row - r, hessian) for r in rounded)


@pytest.mark.parametrize("levels", [1, 3, 7, 127])
def test_errors_handed_on_lose_less_than_plain_rounding(levels):
    row, hessian = correlated()
    whole, scale = round_row(row, curvature(hessian), levels)
    assert np.abs(whole).max() <= levels
    # Of correlated inputs, less than a third.
    assert loss(row - scale * whole, hessian) < plainly(row, hessian, levels) / 3


def test_independent_inputs_leave_plain_rounding():
    """Where nothing can make up for an error, the nearest level is the best one."""
    row = np.array([0.9, -0.4, 0.1, -1.1])
    whole, scale = round_row(row, curvature(np.eye(4)), 127)
    assert whole.tolist() == np.rint(row / scale).tolist()
    assert scale * whole == pytest.approx(row, abs=0.005)


def test_weights_on_a_grid_stay_where_they_are():
    _, hessian = correlated(6)
    whole, scale = round_row(0.25 * np.array([3, -1, 0, 2, -3, 1]), curvature(hessian), 3)
    assert whole.tolist() == [3, -1, 0, 2, -3, 1] and scale == pytest.approx(0.25)


def test_the_factor_is_that_of_the_inverse():
    _, hessian = correlated(8)
    of = curvature(hessian, damping=1e-9)
    inverse = np.linalg.inv(of.hessian[np.ix_(of.order, of.order)])
    assert of.factor.T @ of.factor == pytest.approx(inverse, rel=1e-6)
    assert np.array_equal(of.factor, np.triu(of.factor))


def test_a_row_of_zeros_and_inputs_that_never_change():
    whole, scale = round_row(np.zeros(3), curvature(np.zeros((3, 3))), 1)
    assert whole.tolist() == [0, 0, 0] and scale == 1
    assert round_row(np.ones(3), curvature(np.zeros((3, 3))), 1)[0].tolist() == [1, 1, 1]


@pytest.mark.parametrize("kind", ["squared", "logistic"])
def test_scale_and_bias_are_found_again(kind):
    rng = np.random.default_rng(0)
    scores = rng.normal(size=(500, 3)) * [1, 2, 0.5] + [0, 1, -1]
    sums = (scores - [0.5, 0, 2]) / [2, 0.1, 3]
    scales, biases = refitted(sums, scores, None, kind)
    assert scales == pytest.approx([2, 0.1, 3], rel=0.02)
    # Softmax does not tell scores from scores plus a constant.
    assert biases - biases[0] == pytest.approx(np.array([0.5, 0, 2]) - 0.5, abs=0.02)


@pytest.mark.parametrize(("levels", "loses"), [(7, 0.01), (3, 0.01), (1, 0.02)])
def test_accuracy_flash_and_bytes(pipe, levels, loses):
    small = compress(pipe, X[:1200], Y[:1200], passes=[SecondOrderRounding(levels)])
    assert small.score(X[1200:], Y[1200:]) >= pipe.score(X[1200:], Y[1200:]) - loses
    fitted, rounded = small.costs_
    assert rounded.flash_bytes < fitted.flash_bytes * {7: 0.4, 3: 0.35, 1: 0.25}[levels]
    assert rounded.ram_bytes <= fitted.ram_bytes + 40
    assert rounded.score == small.score(X[:1200], Y[:1200])
    assert "SecondOrderRounding" in str(small.costs_) and "<table>" in small.costs_._repr_html_()


def test_classes_share_a_hessian(pipe):
    small = compress(pipe, X[:1200], Y[:1200], passes=[SecondOrderRounding(1, hessian="shared")])
    own = compress(pipe, X[:1200], Y[:1200], passes=[SecondOrderRounding(1)])
    weights, others = (each.graph_.nodes[-2].op.weights for each in (small, own))
    assert weights.shape == others.shape and (np.sign(weights) != np.sign(others)).any()
    assert small.score(X[1200:], Y[1200:]) >= own.score(X[1200:], Y[1200:]) - 0.01
    with pytest.raises(ValueError, match="hessian='mean', expected 'own' or 'shared'"):
        compress(pipe, X, Y, passes=[SecondOrderRounding(1, hessian="mean")])


def test_costs_that_nobody_asks_for(monkeypatch):
    """No conversion and no score, unless there is a budget that they are needed for."""
    head = Compressed(RidgeClassifier(), [SecondOrderRounding(7)], with_costs=False)
    monkeypatch.setattr(Compressed, "_cost", lambda *_: pytest.fail("costs were computed"))
    assert not hasattr(head.fit(X, Y), "costs_")
    monkeypatch.undo()
    assert len(head.set_params(budget=1500).fit(X, Y).costs_) == 2


def test_blocks_of_weights_are_rounded_as_one_by_one(monkeypatch):
    row, hessian = correlated(150)
    monkeypatch.setattr(second_order, "BLOCK", 1)
    alone = round_row(row, curvature(hessian), 3)
    monkeypatch.undo()
    whole, scale = round_row(row, curvature(hessian), 3)
    assert whole.tolist() == alone[0].tolist() and scale == pytest.approx(alone[1])


@pytest.mark.needs("cc")
@pytest.mark.parametrize("options", [{}, {"input": "rows"}, {"target": "avr"}])
def test_c_is_that_of_the_compressed_graph(pipe, options):
    small = compress(pipe, X[:1200], Y[:1200], passes=[SecondOrderRounding(1)])
    model = to_c(small, X[:300], probabilities=True, **options)
    report = model.verify(X[1200:1260])
    assert report.differing_bytes == 0 and report.agreement > 0.95
    assert model.report().flash_bytes <= 1.2 * small.costs_[1].flash_bytes + 600


def test_every_layer_is_rounded():
    rng = np.random.default_rng(0)
    first, second = rng.normal(size=(5, 8)), rng.normal(size=(2, 5))
    graph = Graph(TensorSpec((8,)))
    for weights in (first, second):
        graph = graph.append(Linear(weights.astype("f4"), np.zeros(len(weights), "f4")))
    found = SecondOrderRounding(3)(graph, Samples(rng.normal(size=(200, 8)).astype("f4")))
    for node in found.nodes:
        assert node.op.levels == 3
        assert level_scales(node.op.weights.astype(np.float64), 3) is not None


@pytest.mark.parametrize("head", [RidgeClassifier(), Ridge()])
def test_other_heads(head):
    y = Y[:600] % 2 if isinstance(head, RidgeClassifier) else X[:600, 20:22]
    fitted = make_pipeline(FEATURES, head).fit(X[:600], y)
    small = compress(fitted, X[:600], y)
    assert small.score(X[:600], y) > fitted.score(X[:600], y) - 0.05
    assert small.predict(X[:5]).shape == fitted.predict(X[:5]).shape


def test_as_an_estimator(pipe, tmp_path):
    small = Compressed(pipe, [SecondOrderRounding(1)])
    grid = GridSearchCV(small, {"passes__0__levels": [1, 3]}, cv=2).fit(X[:300], Y[:300])
    assert [p["passes__0__levels"] for p in grid.cv_results_["params"]] == [1, 3]
    assert small.passes[0].levels == 1 and not hasattr(small, "graph_")
    best = grid.best_estimator_
    assert clone(best).get_params()["passes__0__levels"] == best.passes[0].levels
    joblib.dump(best, tmp_path / "small.joblib")
    code = f"import joblib; print(joblib.load({str(tmp_path / 'small.joblib')!r}).graph_.nodes[-2])"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "levels" in run.stdout


def test_a_transformer_keeps_its_features():
    from sklearn.decomposition import PCA

    pca = PCA(4).fit(X[:300])
    small = compress(pca, X[:300], passes=[SecondOrderRounding(7)])
    errors = small.transform(X[:300]) - pca.transform(X[:300])
    assert np.std(errors) < 0.1 * np.std(pca.transform(X[:300]))
    with pytest.raises(AttributeError, match="call transform"):
        small.predict(X)


def test_a_budget_ends_the_passes(pipe):
    passes = [SecondOrderRounding(7), SecondOrderRounding(1)]
    most = compress(pipe, X[:300], passes=passes[:1]).costs_[1].all_flash_bytes
    assert len(compress(pipe, X[:300], passes=passes, budget=most).costs_) == 2
    with pytest.raises(ValueError, match="budget=100 bytes of flash, and the model takes about"):
        compress(pipe, X[:300], passes=passes, budget=100)


def test_a_pass_that_undoes_a_rounding_is_warned_of(pipe):
    passes = [SecondOrderRounding(1), PruneFeatures(0.5)]
    with pytest.warns(PassOrderWarning, match="Put PruneFeatures before the passes that round"):
        compress(pipe, X[:300], Y[:300], passes=passes)
    compress(pipe, X[:300], Y[:300], passes=passes[::-1])  # A warning would be an error.


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda pipe: compress(pipe, X[:50], passes=["Rounding"]),
            r"passes\[0\]='Rounding'.*names",
        ),
        (lambda pipe: compress(pipe, X[:50], Y[:40]), r"y has shape \(40,\), expected \(50,\)"),
        (lambda pipe: compress(pipe, X[:50], Y[:50] + 7), r"y has labels \[10, .*not fitted on"),
        (lambda pipe: compress(pipe, X[:50, :9]), "X has 9 features, expected the 64"),
        (
            lambda pipe: compress(pipe, X[:50], passes=[SecondOrderRounding(0)]),
            "levels=0, expected a whole number from 1 to 127",
        ),
        (
            lambda pipe: compress(pipe, X[:50], passes=[SecondOrderRounding(1.5)]),
            r"levels=1\.5, expected a whole number",
        ),
        (
            lambda pipe: compress(pipe, X[:50], passes=[SecondOrderRounding(damping=0)]),
            "damping=0, expected more than 0",
        ),
        (
            lambda pipe: Compressed(pipe, []).set_params(passes__0__levels=1),
            "there is no 'passes__0__levels': there are 0 passes",
        ),
        (
            lambda pipe: SecondOrderRounding().set_params(bits=3),
            "SecondOrderRounding has no parameter 'bits'; it has levels, damping, layers",
        ),
    ],
)
def test_bad_input(pipe, call, message):
    with pytest.raises(ValueError, match=message):
        call(pipe)


def test_passes_are_found_by_name():
    for name, cls in PASSES.items():
        assert name == cls.__name__ and issubclass(cls, Pass) and getattr(skconv, name) is cls
