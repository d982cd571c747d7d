"""Estimators of parts of the data, merged: those of all data, in any order."""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from typing import Any

import joblib
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

from skconv import BatchRidgeClassifier, KMeansConvFeatures, PCAConvFeatures, merge
from skconv.datasets import load_digits
from skconv.kernels import LDAKernels, PCAKernels

X, y = load_digits()
X, y = X[:800], y[:800]
MAPS = X[..., None] / 16  # sums of these are rounded
SHARDS = np.array_split(
    np.random.default_rng(0).permutation(800), [30, 100, 250, 300, 420, 500, 777]
)
PCA = PCAKernels(n_kernels=6, kernel_size=3)
LDA = LDAKernels(n_kernels=4, kernel_size=3)


def by_tree(parts: list[Any]) -> Any:
    """Pairs, then pairs of pairs."""
    while len(parts) > 1:
        pairs = [parts[i : i + 2] for i in range(0, len(parts), 2)]
        parts = [merge(*pair) if len(pair) == 2 else pair[0] for pair in pairs]
    return parts[0]


def backwards(parts: list[Any]) -> Any:
    return reduce(merge, parts[::-1])


ORDERS = [by_tree, backwards]


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("kernels", [PCA, LDA], ids=["pca", "lda"])
def test_kernels_are_those_of_all_maps(kernels: Any, order: Callable[[list[Any]], Any]) -> None:
    whole = clone(kernels).fit(MAPS, y)
    merged = order([clone(kernels).partial_fit(MAPS[rows], y[rows]) for rows in SHARDS])
    assert_allclose(merged.kernels_, whole.kernels_, atol=1e-6)
    assert_allclose(merged.eigenvalues_, whole.eigenvalues_, rtol=1e-9)
    more = clone(kernels).fit(np.tile(MAPS, (2, 1, 1, 1)), np.tile(y, 2))
    assert_allclose(merged.partial_fit(MAPS, y).eigenvalues_, more.eigenvalues_, rtol=1e-9)


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("n_kernels", [4, 24], ids=["sums", "held rows"])
def test_features_and_classifier_are_those_of_all_samples(
    order: Callable[[list[Any]], Any], n_kernels: int
) -> None:
    """With 24 kernels there are more features than samples in any shard, and fewer than in all."""
    features = PCAConvFeatures(n_kernels=n_kernels, kernel_size=5, remove_mean=None)
    features.set_params(input_shape=(8, 8), n_jobs=1)
    ridge = BatchRidgeClassifier(alpha=10.0, standardize=True, class_weight={3: 2.0})
    whole = clone(features).fit(MAPS[..., 0])
    merged = order([clone(features).partial_fit(MAPS[rows, ..., 0]) for rows in SHARDS])
    assert_allclose(merged.transform(MAPS), whole.transform(MAPS), rtol=1e-6, atol=1e-6)
    assert merged.input_range_ == whole.input_range_

    F = whole.transform(MAPS).astype(np.float64)
    at_once = clone(ridge).fit(F, y)
    joined = order([clone(ridge).partial_fit(F[rows], y[rows]) for rows in SHARDS])
    assert_allclose(joined.coef_, at_once.coef_, atol=1e-6)
    assert_allclose(joined.decision_function(F), at_once.decision_function(F), atol=1e-6)
    assert joined.n_samples_seen_ == 800


def test_sums_of_whole_numbers_are_equal_to_the_bit() -> None:
    pixels = X[..., None].astype(np.uint8)
    parts = [clone(PCA).fit(pixels[rows]) for rows in SHARDS]
    for order in ORDERS:
        assert_array_equal(order(parts).kernels_, clone(PCA).fit(pixels).kernels_)


def test_classes_that_one_part_did_not_see() -> None:
    """The data sorted by class, two at a time; in the first part three are announced."""
    F, parts = MAPS.reshape(800, -1), []
    for first in range(0, 10, 2):
        rows = (y == first) | (y == first + 1)
        parts.append(BatchRidgeClassifier().partial_fit(F[rows], y[rows], classes=[0, 1, 9]))
    merged, whole = by_tree(parts), BatchRidgeClassifier().fit(F, y)
    assert_array_equal(merged.classes_, np.arange(10))
    assert_allclose(merged.coef_, whole.coef_, atol=1e-9)
    halves = [clone(LDA).fit(MAPS[rows], y[rows]) for rows in (y < 4, y >= 4)]
    assert_allclose(by_tree(halves).kernels_, clone(LDA).fit(MAPS, y).kernels_, atol=1e-6)


def test_neither_part_is_changed() -> None:
    F = MAPS.reshape(800, -1)
    for estimator, samples in ((PCA, MAPS), (LDA, MAPS), (BatchRidgeClassifier(), F)):
        parts = [clone(estimator).fit(samples[rows], y[rows]) for rows in SHARDS[1:3]]
        before = joblib.hash(parts)
        merge(*parts).partial_fit(samples, y)
        assert joblib.hash(parts) == before


def test_unlike_estimators_are_refused() -> None:
    F, pca = MAPS.reshape(800, -1), clone(PCA).fit(MAPS)
    ridge = BatchRidgeClassifier().fit(F, y)
    features = PCAConvFeatures(n_kernels=4, kernel_size=3).fit(X)
    soft = PCAConvFeatures(n_kernels=4, kernel_size=3, nonlinearity="soft_threshold").fit(X)
    balanced = BatchRidgeClassifier(class_weight="balanced").fit(F, y)
    means = KMeansConvFeatures(n_kernels=4, kernel_size=3, n_patches=500, random_state=0).fit(X)
    two = np.concatenate([MAPS, MAPS], axis=3)
    lda = clone(LDA).fit(MAPS, y)
    for first, second, message in (
        (pca, clone(PCA).set_params(n_kernels=5).fit(MAPS), "n_kernels=6 and n_kernels=5"),
        (pca, clone(PCA).fit(two), r"shape \(3, 3, 1\) and \(3, 3, 2\)"),
        (lda, clone(LDA).fit(MAPS[:, 1:], y), r"shape \(8, 8, 1\) and \(7, 8, 1\)"),
        (ridge, BatchRidgeClassifier().fit(F[:, 1:], y), "n_features_in_ are 64 and 63"),
        (features, clone(features).fit(X[:, 1:]), r"map_shape_ are \(8, 8, 1\) and \(7, 8, 1\)"),
        (soft, soft, "thresholds come from samples"),
        (balanced, balanced, "class_weight={label: weight"),
    ):
        with pytest.raises(ValueError, match=message):
            merge(first, second)
    with pytest.raises(TypeError, match="of PCAKernels and LDAKernels"):
        merge(pca, lda)
    with pytest.raises(TypeError, match="KMeansConvFeatures, which learns more than sums"):
        merge(means, means)
    with pytest.raises(NotFittedError):
        merge(pca, clone(PCA))
    merge(features, clone(features).set_params(n_jobs=2, batch_size=7).fit(X))
