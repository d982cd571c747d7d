"""PCAConvFeatures: its kernels, its graph, its limits."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest
from numpy.lib.stride_tricks import sliding_window_view
from numpy.testing import assert_allclose, assert_array_equal
from numpy.typing import NDArray
from sklearn.datasets import load_digits
from sklearn.linear_model import RidgeClassifier
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skconv.kernels import PCAKernels
from skconv.runtime import reference
from tests.papers import pca_conv


def images(*shape: int, seed: int = 0) -> NDArray[np.float32]:
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def test_features_by_hand() -> None:
    X = images(6, 9, 10, 2)
    extractor = pca_conv(n_kernels=3, kernel_size=(3, 4), pool_size=(3, 2)).fit(X)
    windows = sliding_window_view(X.astype(np.float64), (3, 4), axis=(1, 2))
    z = np.einsum("nyxckl,oklc->nyxo", windows, extractor.kernels_)
    both = np.concatenate([np.maximum(z, 0), np.maximum(-z, 0)], axis=3)
    pooled = both[:, :6, :6].reshape(6, 2, 3, 3, 2, 6).mean(axis=(2, 4))
    assert_allclose(extractor.transform(X), pooled.reshape(6, -1), atol=1e-5)
    assert_array_equal(extractor.get_feature_names_out()[-1:], ["conv2neg_1x2"])


@pytest.mark.parametrize("padding", ["valid", "same", "circular"])
def test_eigenvalues_are_mean_squares_of_the_responses(padding: Any) -> None:
    X = images(8, 7, 9) + 2
    extractor = pca_conv(
        n_kernels=5, kernel_size=3, padding=padding, nonlinearity="square", pool_size=None
    ).fit(X)
    squares = extractor.transform(X).reshape(-1, 5)
    assert_allclose(squares.mean(axis=0), extractor.eigenvalues_, rtol=1e-4)
    source = PCAKernels(n_kernels=5, kernel_size=3, padding=padding).fit(X[..., None])
    assert_array_equal(extractor.kernels_, source.kernels_)


def test_runtimes_agree_and_layouts_are_one() -> None:
    X = images(5, 12, 11, 3)
    settings: dict[str, Any] = {"n_kernels": 4, "kernel_size": 5, "pool_size": 4}
    last = pca_conv(**settings).fit(X)
    assert_allclose(last.transform(X), reference.run(last.graph_, X.reshape(5, -1)), atol=1e-5)
    first = pca_conv(**settings, data_format="channels_first")
    first.fit(X.transpose(0, 3, 1, 2))
    assert_allclose(first.transform(X.transpose(0, 3, 1, 2)), last.transform(X), atol=1e-5)
    flat = pca_conv(**settings, input_shape=(12, 11, 3)).fit(X.reshape(5, -1))
    assert_array_equal(flat.transform(X), last.transform(X))


def test_bytes_are_read_as_they_are() -> None:
    X = np.random.default_rng(0).integers(0, 256, size=(5, 10, 10)).astype(np.uint8)
    extractor = pca_conv(kernel_size=3)
    assert_array_equal(
        extractor.fit(X).transform(X), extractor.fit(X.astype(np.float64)).transform(X)
    )


def test_too_many_kernels() -> None:
    X = images(5, 10, 10)
    with pytest.raises(ValueError, match=r"n_kernels=9 .* expected n_kernels <= 8"):
        pca_conv(n_kernels=9, kernel_size=3).fit(X)
    with pytest.raises(ValueError, match=r"n_kernels=8 .* expected n_kernels <= 6"):
        pca_conv(input_shape=(30,)).fit(X[:, :3].reshape(5, 30))
    with pytest.raises(ValueError, match="rank 0"):
        pca_conv(n_kernels=1).fit(np.ones((5, 10, 10)))


def test_a_plain_row_cuts_kernels_with_a_warning() -> None:
    X = images(30, 5)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        extractor = pca_conv().fit(X)
    messages = " ".join(str(w.message) for w in caught)
    assert "kernel_size" in messages and "n_kernels=8" in messages
    assert extractor.kernels_.shape == (4, 1, 5, 1)


def test_failing_fit_leaves_the_extractor_as_it_was() -> None:
    X = images(5, 10, 10)
    extractor = pca_conv(n_kernels=4, kernel_size=3).fit(X)
    before = extractor.transform(X)
    extractor.n_kernels = 9
    with pytest.raises(ValueError, match=r"n_kernels=9"):
        extractor.fit(images(7, 12, 12))
    assert_array_equal(extractor.transform(X), before)


def test_grid_search_on_digits() -> None:
    X, y = load_digits(return_X_y=True)
    model = make_pipeline(
        pca_conv(kernel_size=3, pool_size=2, input_shape=(8, 8)),
        StandardScaler(),
        RidgeClassifier(alpha=100.0),
    )
    grid = {"pcaconvfeatures__n_kernels": [1, 8]}
    search = GridSearchCV(model, grid, cv=2).fit(X[:600], y[:600])
    assert search.best_params_ == {"pcaconvfeatures__n_kernels": 8}
    assert search.score(X[600:], y[600:]) > 0.9
