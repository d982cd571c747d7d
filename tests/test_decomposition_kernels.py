"""Decompositions as kernels: the response is the transform, and sources are separated."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.cluster import KMeans
from sklearn.decomposition import NMF, PCA, DictionaryLearning, FastICA, MiniBatchDictionaryLearning
from sklearn.pipeline import make_pipeline

from skconv.kernels import DecompositionKernels, PCAKernels
from tests.patch_matrix import patches_of, random_maps, responses

MAPS = np.random.default_rng(0).exponential(size=(20, 8, 8, 2)).cumsum(axis=2)


@pytest.mark.parametrize("eps", [None, 0.01])
@pytest.mark.parametrize("remove_mean", ["patch", "channel", None])
@pytest.mark.parametrize("estimator", [FastICA(5, whiten="unit-variance"), PCA(5)])
def test_response_is_the_transform(estimator: Any, remove_mean: Any, eps: Any) -> None:
    source = DecompositionKernels(
        estimator=estimator, kernel_size=3, eps=eps, remove_mean=remove_mean, random_state=0
    ).fit(MAPS)
    white = source.whitening_.apply(patches_of(MAPS, (3, 3), "valid"))
    wanted = source.estimator_.transform(white)
    assert_allclose(responses(source, MAPS), wanted, atol=1e-4 * np.abs(wanted).max())
    assert not hasattr(estimator, "components_")


def test_dictionary_gives_the_correlation_with_atoms() -> None:
    dictionary = MiniBatchDictionaryLearning(30, max_iter=3, batch_size=64)  # more than numbers
    source = DecompositionKernels(
        estimator=dictionary, kernel_size=3, eps=0.01, random_state=0, n_patches=300
    ).fit(MAPS)
    white = source.whitening_.apply(patches_of(MAPS, (3, 3), "valid"))
    wanted = white @ source.estimator_.components_.T
    assert len(source.kernels_) == 30
    assert_allclose(responses(source, MAPS), wanted, atol=1e-4 * np.abs(wanted).max())


def test_uncentred_pca_would_be_the_pca_kernels_where_patches_have_no_mean() -> None:
    # A set closed under negation has mean 0, so that centring across patches does nothing.
    maps = np.concatenate([MAPS, -MAPS])
    source = DecompositionKernels(
        estimator=PCA(4), kernel_size=3, remove_mean="channel", n_patches=10**6, random_state=0
    ).fit(maps)
    wanted = PCAKernels(n_kernels=4, kernel_size=3).fit(maps).kernels_.reshape(4, -1)
    cosines = np.abs((source.kernels_.reshape(4, -1) * wanted).sum(axis=1))
    assert_allclose(cosines, 1, atol=1e-5)


def test_ica_separates_what_was_mixed() -> None:
    signals = np.random.default_rng(0).laplace(size=(4000, 2))
    mixing = np.array([[1.0, 0.6], [-0.4, 1.0]])
    maps = (signals @ mixing.T).reshape(4000, 1, 2, 1)
    source = DecompositionKernels(
        estimator=FastICA(2, whiten="unit-variance"), kernel_size=(1, 2), remove_mean=None,
        random_state=0,
    ).fit(maps)  # fmt: skip
    found = np.abs(np.corrcoef(responses(source, maps).T, signals.T)[:2, 2:])
    assert_allclose(np.sort(found, axis=1), [[0, 1], [0, 1]], atol=0.1)


def test_no_negative_numbers() -> None:
    source = DecompositionKernels(
        estimator=NMF(3, max_iter=500), kernel_size=3, remove_mean=None, random_state=0
    ).fit(MAPS)
    assert (source.kernels_ >= 0).all() and not source.biases_.any()


def test_default_takes_no_more_than_the_rank() -> None:
    assert len(DecompositionKernels(kernel_size=2, random_state=0).fit(MAPS).kernels_) == 7
    assert len(DecompositionKernels(random_state=0).fit(MAPS).kernels_) == 16


def test_a_seed_of_the_estimator_is_kept() -> None:
    def kernels(seed: Any, own: Any) -> Any:
        estimator = FastICA(2, whiten="unit-variance", random_state=own, max_iter=1)
        return DecompositionKernels(
            estimator=estimator, kernel_size=3, n_patches=10**6, random_state=seed
        ).fit(MAPS)

    assert kernels(0, 5).estimator_.random_state == 5
    assert_array_equal(kernels(0, None).kernels_, kernels(0, None).kernels_)
    assert (kernels(0, None).kernels_ != kernels(1, None).kernels_).any()


@pytest.mark.parametrize(
    ("maps", "estimator", "message"),
    [
        (
            MAPS,
            KMeans(2, n_init=1),
            r"components_ of shape \(0,\) once fitted, expected .*18",
        ),
        (MAPS, PCA(19), "n_components=19 must be between"),
        (MAPS, make_pipeline(PCA(2), PCA(1)), r"components_ of shape"),
        (MAPS, "ica", "estimator"),
        (np.full((4, 6, 6, 1), 7.3), DictionaryLearning(2), "all equal: there is nothing to learn"),
        (random_maps(4, 2, 6, 1), PCA(1), "kernel_size=3 is larger than the 2x6 maps"),
    ],
)
def test_bad_input(maps: Any, estimator: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        DecompositionKernels(estimator=estimator, kernel_size=3).fit(maps)


def test_components_that_are_not_finite() -> None:
    class Broken(PCA):  # type: ignore[misc]
        def fit(self, X: Any, y: Any = None) -> Any:
            super().fit(X)
            self.components_[0] = np.nan
            return self

    with pytest.raises(ValueError, match="not finite: expected fewer than the 2"):
        DecompositionKernels(estimator=Broken(2), kernel_size=3).fit(MAPS)
