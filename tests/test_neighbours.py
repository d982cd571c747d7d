"""Nearest neighbours, clusters and local outliers: scikit-learn, the graph, integers and C."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from sklearn.cluster import BisectingKMeans, KMeans, MiniBatchKMeans
from sklearn.datasets import load_diabetes, load_digits
from sklearn.linear_model import RidgeClassifier
from sklearn.neighbors import (
    KNeighborsClassifier,
    KNeighborsRegressor,
    LocalOutlierFactor,
    NearestCentroid,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MaxAbsScaler, StandardScaler
from threadpoolctl import threadpool_limits

import skconv
from skconv import emulator, to_graph
from skconv.convert.core import probabilities
from skconv.graph import (
    Graph,
    NeighbourVotes,
    QNeighbourMeans,
    QNeighbourVotes,
    QNoveltyMargin,
    TensorSpec,
)
from skconv.passes.fold import fold
from skconv.runtime import fixed, reference
from skconv.runtime.neighbours import nearest

DIGITS, DIGIT = load_digits(return_X_y=True)
DIGITS = DIGITS.astype(np.uint8)
X, Y, T = DIGITS[:300], DIGIT[:300], DIGITS[1000:1200]
COARSE, T_COARSE = X // 4, T // 4  # Many neighbours are equally far.


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Which of equals scikit-learn keeps depends on how its threads share out the samples."""
    with threadpool_limits(1, user_api="openmp"):
        yield


def predicted(graph: Graph, x: Any) -> Any:
    found = reference.run(graph, x)
    return graph.classes[found[:, 0]] if graph.is_classifier else found


# ---------------------------------------------------------------------- as in scikit-learn


@pytest.mark.parametrize("p", [1, 2])
@pytest.mark.parametrize("k", [1, 2, 3, 4, 7, 10])
def test_the_same_neighbours_among_equals_as_brute_force(p: int, k: int) -> None:
    """Of all samples: which of equals the heap keeps is visible in the classes that they have."""
    model = KNeighborsClassifier(k, p=p, algorithm="brute").fit(COARSE.astype(float), Y)
    graph = to_graph(model)
    assert (predicted(graph, T_COARSE) == model.predict(T_COARSE.astype(float))).all()
    distances, places = model.kneighbors(T_COARSE.astype(float), k + 1)
    assert k == 1 or (distances[:, -1] == distances[:, -2]).mean() > 0.02
    found = nearest((distances := _distances(T_COARSE, COARSE, p)), k)
    places = model.kneighbors(T_COARSE.astype(float), k, return_distance=False)
    assert (np.sort(found, axis=1) == np.sort(places, axis=1)).all()


def _distances(x: Any, samples: Any, p: int) -> Any:
    differences = np.abs(x[:, None].astype(int) - samples[None].astype(int))
    return (differences**p).sum(axis=2)


MODELS = [
    KNeighborsClassifier(5, algorithm="brute"),
    KNeighborsClassifier(4, p=1, weights="distance"),
    KNeighborsClassifier(3, weights="distance"),
    KNeighborsRegressor(4),
    KNeighborsRegressor(3, metric="manhattan", weights="distance"),
    LocalOutlierFactor(8, novelty=True, contamination=0.1),
    LocalOutlierFactor(8, novelty=True, metric="manhattan"),
    NearestCentroid(metric="manhattan"),
    KMeans(7, n_init=1, random_state=0),
    MiniBatchKMeans(2, n_init=1, random_state=0),
]


@pytest.mark.needs("cc")
@pytest.mark.filterwarnings("ignore:self.within_class_std_dev_")
@pytest.mark.parametrize("model", MODELS, ids=[str(m)[:45] for m in MODELS])
def test_float_graph_integers_and_c_agree(model: Any) -> None:
    model = model.fit(X.astype(float), Y)
    wanted = model.predict(T.astype(float))
    np.testing.assert_allclose(np.ravel(predicted(to_graph(model), T)), wanted, atol=1e-6)
    exported = skconv.to_c(model, X, name="m")
    assert exported.verify(T).differing_bytes == 0
    got = np.ravel(exported.predict(T))
    if to_graph(model).is_classifier:
        assert (got == wanted).mean() >= 0.99
    else:
        np.testing.assert_allclose(got, wanted, atol=0.02)


@pytest.mark.needs("cc")
def test_distances_are_a_step() -> None:
    for cluster in (KMeans(12, n_init=1, random_state=0), BisectingKMeans(12, random_state=0)):
        model = make_pipeline(MaxAbsScaler(), cluster, RidgeClassifier()).fit(X.astype(float), Y)
        exported = skconv.to_c(model, X, name="m")
        assert exported.verify(T).differing_bytes == 0
        agreement = (exported.predict(T) == model.predict(T.astype(float))).mean()
        assert agreement >= 0.97


@pytest.mark.needs("cc")
@pytest.mark.parametrize("model", [KMeans(4, n_init=1, random_state=0), NearestCentroid()])
def test_centroids_far_from_zero_are_told_apart(model: Any) -> None:
    samples = 1000 + 0.01 * np.random.default_rng(0).normal(size=(200, 6))
    model.fit(samples[:100], np.arange(100) % 3)
    found = skconv.to_c(model, samples[:100], name="m").verify(samples[100:])
    assert found.differing_bytes == 0 and found.agreement >= 0.97


def test_priors_of_centroids_count() -> None:
    varied = X[:, X.std(axis=0) > 0.5].astype(float)
    model = NearestCentroid(priors=[0.9, *[0.1 / 9] * 9]).fit(varied, Y)
    assert (predicted(to_graph(model), varied) == model.predict(varied)).all()
    uniform = NearestCentroid().fit(varied, Y)
    assert (model.predict(varied) != uniform.predict(varied)).any()


@pytest.mark.needs("cc")
def test_features_that_are_no_integers_lose_little() -> None:
    samples, values = load_diabetes(return_X_y=True)
    model = make_pipeline(StandardScaler(), KNeighborsRegressor(9)).fit(samples[:300], values[:300])
    exported = skconv.to_c(model, samples[:300], name="m")
    assert exported.verify(samples[300:]).differing_bytes == 0
    wanted = model.predict(samples[300:])
    error = np.ravel(exported.predict(samples[300:])) - wanted
    assert np.sqrt(np.mean(error**2)) < 0.15 * wanted.std()


# ------------------------------------------------------------------------- in closed form


def on(op: Any, x: Any, dtype: str = "uint8") -> Any:
    x = np.asarray(x, dtype)
    return fixed.run(Graph(TensorSpec((x.shape[1],), dtype)).append(op), x)


SAMPLES = np.array([[10], [20], [30], [200]], np.uint8)


def test_weights_are_quotients_of_distances() -> None:
    labels = np.array([0, 1, 0, 1], np.uint8)
    op = QNeighbourVotes("l1", SAMPLES, 3, labels, 2, weighted=True)
    one = 2**15
    # Distances 2, 12 and 8; then 0, which leaves nothing to the others.
    others = round(one * 2 / 12) + round(one * 2 / 8)
    total = one + others
    assert on(op, [[22]])[0].tolist() == [round(one * others / total), round(one * one / total)]
    assert on(op, [[20]])[0].tolist() == [0, one]


def test_means_are_exact_sums_and_weighted_means_are_rounded() -> None:
    values, offsets = np.array([[1], [2], [5], [9]], np.int8), np.array([1000], np.int32)
    op = QNeighbourMeans("l2", SAMPLES, 3, values, offsets=offsets)
    assert on(op, [[22]]).item() == 1000 + 8
    weights = np.array([2**15, round(2**15 * 2 / 8), round(2**15 * 2 / 12)])
    mean = weights @ [2, 5, 1] / weights.sum()
    assert on(replace(op, weighted=True), [[22]]).item() == 1000 + round(256 * mean)


def test_a_margin_keeps_the_sign_of_the_exact_product() -> None:
    """Densities 7 and reach max(3, 5): a product of 35, which the limit may reach."""
    one = np.array([[10]], np.uint8)
    for limit, sign in ((35, 1), (34, 0), (36, 1), (1_000_000, 1), (0, -1)):
        for shift in (0, 4, 12):
            op = QNoveltyMargin(
                "l1", one, 1, np.array([3], np.uint16), np.array([7], np.uint16), limit, shift=shift
            )
            margin = on(op, [[15]]).item()
            assert (margin > 0) == (sign > 0), (limit, shift)
            assert margin == -((35 - limit - 1) >> shift)


def test_one_factor_goes_into_the_samples() -> None:
    samples = np.random.default_rng(0).normal(size=(200, 3)).clip(-2, 2)
    samples[:3] = 4 * np.eye(3)
    outliers = LocalOutlierFactor(8, novelty=True, contamination=0.1)
    model = make_pipeline(MaxAbsScaler(), outliers).fit(samples)
    graph = fold(to_graph(model))
    assert [type(node.op).__name__ for node in graph.nodes] == ["NoveltyMargin", "Threshold"]
    asked = 1.1 * samples
    assert (predicted(graph, asked) == model.predict(asked)).all()


# -------------------------------------------------------------------------------- refusals


def test_bad_ops_are_refused() -> None:
    labels = np.array([0, 1, 0, 1], np.uint8)
    good = NeighbourVotes("l1", SAMPLES.astype(np.float32), 3, labels, 2)
    x = TensorSpec((1,))
    for bad, match in (
        (replace(good, k=5), "k=5, expected 1 to 4"),
        (replace(good, k=0), "k=0, expected 1 to 4"),
        (replace(good, labels=labels + 1), "a label below 2 for every prototype"),
    ):
        with pytest.raises(ValueError, match=match):
            bad.output(x)
    wide = QNeighbourVotes("l2", np.zeros((4, 3), np.int16), 1, labels, 2)
    with pytest.raises(ValueError, match="do not fit int32"):
        wide.output(TensorSpec((3,), "int16"))
    roots = QNeighbourVotes("l2", np.zeros((4, 3), np.uint8), 1, labels, 2, root_bits=9)
    with pytest.raises(ValueError, match="leave no room for 9 bits"):
        roots.output(TensorSpec((3,), "uint8"))


def test_duplicates_have_no_integer_densities() -> None:
    samples = np.r_[np.zeros((20, 2)), np.eye(2) * 90, np.eye(2) * 99]
    model = LocalOutlierFactor(3, novelty=True).fit(samples)
    with pytest.raises(skconv.NotConvertibleError, match="without duplicates"):
        skconv.to_c(model, samples, name="m")


@pytest.mark.needs("cc")
@pytest.mark.parametrize("weights", ["uniform", "distance"])
@pytest.mark.parametrize("n_classes", [2, 10])
def test_probabilities_are_the_shares_of_votes(weights: str, n_classes: int) -> None:
    model = KNeighborsClassifier(4, weights=weights).fit(X.astype(float), Y % n_classes)
    exported = skconv.to_c(model, X, name="m", probabilities=True)
    assert exported.verify(T).differing_bytes == 0
    wanted = model.predict_proba(T.astype(float))
    np.testing.assert_allclose(exported.predict_proba(T), wanted, atol=2e-3)


@pytest.mark.needs("cc")
@pytest.mark.parametrize("metric", ["euclidean", "manhattan"])
def test_scores_of_outliers_are_their_decision_function(metric: str) -> None:
    model = LocalOutlierFactor(9, novelty=True, metric=metric).fit(X.astype(float))
    exported = skconv.to_c(model, X, name="m", scores=True)
    asked = np.r_[T, np.full((5, 64), 16), np.eye(5, 64) * 16].astype(np.uint8)
    assert exported.verify(asked).differing_bytes == 0
    wanted = model.decision_function(asked.astype(float))
    error = np.abs(np.ravel(exported.decision_function(asked)) - wanted)
    # Densities are off by 1/512 at most; roots, and reaches as they are stored, by half a unit;
    # the score by one unit. Distances of L1 are exact.
    op = exported.graph.nodes[0].op.op
    unit = 2.0**-op.root_bits if metric == "euclidean" else 0.0
    bound = -model.score_samples(asked.astype(float)) / 512 + model._lrd.max() * unit + op.scale
    assert (error <= bound).all()
    assert bound.max() < 0.02


@pytest.mark.filterwarnings("ignore:self.within_class_std_dev_")
def test_probabilities_of_centroids_need_priors() -> None:
    varied = X[:, X.std(axis=0) > 1].astype(float)
    for classes in (2, 10):
        kept = classes > Y
        prior = np.arange(1, classes + 1) / np.arange(1, classes + 1).sum()
        model = NearestCentroid(priors=prior.tolist()).fit(varied[kept], Y[kept])
        graph = to_graph(model)
        rule = probabilities(model)
        scores = reference.tensors(graph, varied[kept])[graph.scores_name]
        found = reference.evaluate(rule, scores)
        np.testing.assert_allclose(found, model.predict_proba(varied[kept]), atol=1e-4)
    with pytest.raises(skconv.NotConvertibleError, match="use GaussianNB"):
        probabilities(NearestCentroid().fit(varied, Y))


# ------------------------------------------------------------------------------------- costs

M4 = "cortex-m4"


@pytest.mark.needs(*emulator.tools(M4))
def test_a_search_leaves_far_samples_early() -> None:
    """A hundred samples of 64 features, four samples and four features at a time."""
    model = KNeighborsClassifier(3).fit(X[:100].astype(float), Y[:100])
    exported = skconv.to_c(model, X[:100], name="m", target=M4)
    counts = []
    for sample in (X[0], 16 * np.ones(64, int)):  # Near to some, and far from all.
        values = ", ".join(map(str, sample.tolist()))
        prelude = f'#include "m.h"\nstatic const m_input_t x[64] = {{{values}}};\nint32_t y;'
        counts.append(
            emulator.count_instructions(
                exported.files, "y = m_predict(x)", prelude=prelude, target=M4
            )
        )
    assert counts[0] < 0.9 * counts[1]
    assert counts[1] < 10_000
