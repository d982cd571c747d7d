"""Extractors that learn batch after batch; what float32 cannot hold; caches."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pytest
from joblib import Memory, parallel_config
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.linear_model import RidgeClassifier
from sklearn.pipeline import make_pipeline

from skconv import (
    ConvFeatures,
    ConvStage,
    KMeansConvFeatures,
    PCAConvFeatures,
    RandomConvFeatures,
)
from skconv.datasets import load_digits
from skconv.kernels import MapBatches, PCAKernels

X, y = load_digits()
X, y = X[:300].reshape(300, 8, 8), y[:300]


def pca(**parameters: Any) -> PCAConvFeatures:
    return PCAConvFeatures(
        **{"n_kernels": 4, "kernel_size": 3, "nonlinearity": "both_signs", "pool_size": 2}
        | {"input_shape": (8, 8)} | parameters
    )  # fmt: skip


@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
def test_components_are_those_of_all_samples(data_format: Any) -> None:
    shape = (8, 8, 1) if data_format == "channels_last" else (1, 8, 8)
    parameters = {"data_format": data_format, "input_shape": shape}
    whole, parts = pca(**parameters).fit(X), pca(**parameters)
    for batch in np.split(X, [100, 150]):
        assert parts.partial_fit(batch.reshape(len(batch), -1)) is parts
    assert_allclose(parts.kernels_, whole.kernels_, atol=1e-6)
    assert_allclose(parts.eigenvalues_, whole.eigenvalues_, rtol=1e-6)
    assert_allclose(parts.transform(X), whole.transform(X), rtol=1e-4, atol=1e-4)


def test_more_samples_go_on_from_fit_and_fit_forgets() -> None:
    features = pca().fit(X[:100] * 7).partial_fit(X)
    assert (features.kernels_ != pca().fit(X).kernels_).any()
    assert_array_equal(features.fit(X).kernels_, pca().fit(X).kernels_)


def test_centroids_move() -> None:
    features = KMeansConvFeatures(n_kernels=6, kernel_size=3, input_shape=(8, 8), random_state=0)
    before = features.partial_fit(X[:100]).kernels_
    assert_array_equal(before, features._source.kernels_)
    after = features.partial_fit(X[100:]).kernels_
    assert before.shape == after.shape and (before != after).any()


def test_a_bad_batch_leaves_what_was_learnt() -> None:
    features = pca().fit(X)
    before = joblib.hash(features)
    for bad, message in (
        (X[:, :4], "8, 8"),
        (np.full_like(X, np.nan, np.float64), "NaN"),
        (MapBatches((300, 8, 8, 1), lambda: [X[..., None]]), "each batch, or call fit"),
    ):
        with pytest.raises(ValueError, match=message):
            features.partial_fit(bad)
    features.set_params(n_kernels=99)
    with pytest.raises(ValueError, match="n_kernels=99"):
        features.partial_fit(X)
    assert joblib.hash(features.set_params(n_kernels=4)) == before


def test_features_beyond_float32_are_refused() -> None:
    features = pca(nonlinearity="square", pool="mean").fit(X)
    with pytest.raises(ValueError, match=r"X holds 1.6e\+3. in sample 1\d?, .*3.4e\+38.* Scale X"):
        features.transform(np.where(np.arange(300)[:, None, None] < 1, X, X * 1e30))
    limit = 1e15
    assert np.isfinite(features.transform(X * limit)).all()
    with pytest.raises(ValueError, match=r"X reaches 3.2e\+38: .* Scale X"):
        plain = pca(nonlinearity="soft_threshold", padding="valid", pool_size=2, root=False)
        plain.fit(X.astype(np.float32) * np.float32(2e37))


@pytest.mark.parametrize("kind", ["M8[s]", "m8[s]"])
def test_dates_are_refused(kind: str) -> None:
    pandas = pytest.importorskip("pandas")
    dates = np.zeros((3, 64), kind)
    features = RandomConvFeatures(kernel_size=3, pool_size=2, input_shape=(8, 8), random_state=0)
    for bad in (dates, pandas.DataFrame(dates)):
        with pytest.raises(ValueError, match=r"dates or times \(dtype .*64.*Write numbers"):
            features.fit(bad)
        with pytest.raises(ValueError, match="dates or times"):
            features.fit(X).transform(bad)


def test_a_cache_is_not_missed_where_jobs_come_from_the_context(tmp_path: Path) -> None:
    memory = Memory(tmp_path, verbose=0)
    pipe = make_pipeline(pca(n_jobs=None), RidgeClassifier(), memory=memory)
    pipe.fit(X, y)

    def entries() -> int:
        return len(list(tmp_path.rglob("output.pkl")))

    assert entries() == 1
    with parallel_config("threading", n_jobs=2):
        pipe.fit(X, y)
        assert entries() == 1
        # A parameter is part of what is looked up: this is computed again.
        pipe.set_params(pcaconvfeatures__n_jobs=2).fit(X, y)
    assert entries() == 2


def test_parameters_of_the_default_source_can_be_set() -> None:
    stage = ConvStage().set_params(kernels__n_kernels=8, kernels__kernel_size=3, pool_size=2)
    assert (stage.kernels.n_kernels, stage.kernels.kernel_size, stage.pool_size) == (8, 3, 2)
    features = ConvFeatures([ConvStage(pool_size=2)], random_state=0)
    features.set_params(stage1__kernels__n_kernels=5).fit(X)
    assert features.kernels_[0].shape[0] == 5
    chosen = ConvStage().set_params(kernels=PCAKernels(), kernels__n_kernels=3)
    assert isinstance(chosen.kernels, PCAKernels) and chosen.kernels.n_kernels == 3
    with pytest.raises(ValueError, match="Invalid parameter 'banks' for estimator PatchKernels"):
        ConvStage().set_params(kernels__banks=2)
