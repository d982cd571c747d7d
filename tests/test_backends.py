"""The same numbers wherever joblib computes them: threads, processes, a dask cluster."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np
import pytest
import torch
from joblib import Parallel, delayed, parallel_config
from numpy.testing import assert_allclose, assert_array_equal
from scipy.sparse import issparse
from scipy.stats import loguniform
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline, make_union
from sklearn.preprocessing import StandardScaler

from skconv import (
    BatchRidgeClassifier,
    BudgetSearchCV,
    ConvFeatures,
    ConvStage,
    GaborFeatures,
    KMeansConvFeatures,
    PCAConvFeatures,
    PCANetFeatures,
    RandomConvFeatures,
)
from skconv.datasets import load_digits
from skconv.features.parallel import run_shared
from skconv.kernels import AutoencoderKernels, LDAKernels

X, y = load_digits()
X, y = X[:200].astype(np.uint8), y[:200]
BACKENDS = ("threading", "loky", "dask")
SMALL: dict[str, Any] = {"n_kernels": 4, "kernel_size": 3}
PCANET = PCANetFeatures(output="float32", n_kernels=(3, 3), kernel_size=3, block_size=4)
EXTRACTORS: dict[str, Any] = {
    "random": RandomConvFeatures(**SMALL, pool_size=2, random_state=0),
    "patches": RandomConvFeatures(**SMALL, weights="patches", pool_size=2, random_state=0),
    "triangle": KMeansConvFeatures(**SMALL, nonlinearity="triangle", random_state=0),
    "gabor": GaborFeatures(n_orientations=2, wavelengths=(3.0,), kernel_size=3, pool_size=2),
    "two stages": ConvFeatures(
        [
            ConvStage(kernels=AutoencoderKernels(**SMALL, n_epochs=1, random_state=0)),
            ConvStage(kernels=LDAKernels(**SMALL), pool_size="quadrants"),
        ]
    ),
    "pcanet": PCANET,
    "pcanet, sparse": clone(PCANET).set_params(output="sparse"),
    "pcanet, uint8": clone(PCANET).set_params(output="uint8"),
}


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    """A dask cluster in this process."""
    distributed = pytest.importorskip("distributed")
    with distributed.Client(
        processes=False, n_workers=1, threads_per_worker=2, dashboard_address=None
    ) as client:
        yield client


@pytest.fixture(params=BACKENDS)
def backend(request: pytest.FixtureRequest) -> Iterator[str]:
    """Two jobs at a time, each with one thread of torch: sums come in the same order."""
    if request.param == "dask":
        request.getfixturevalue("cluster")
    n_threads = torch.get_num_threads()
    torch.set_num_threads(1)
    with parallel_config(request.param, n_jobs=2):
        yield request.param
    torch.set_num_threads(n_threads)


def dense(features: Any) -> Any:
    return features.toarray() if issparse(features) else features


def test_fits_beside_one_another(backend: str) -> None:
    found = Parallel()(
        delayed(clone(extractor).fit_transform)(X, y) for extractor in EXTRACTORS.values()
    )
    for features, extractor in zip(found, EXTRACTORS.values(), strict=True):
        wanted = clone(extractor).fit_transform(X, y)
        assert_array_equal(dense(features), dense(wanted), err_msg=repr(extractor))


def test_a_transform_in_parts(backend: str) -> None:
    for extractor in EXTRACTORS.values():
        fitted = clone(extractor).fit(X, y)
        found = fitted.transform(X)  # by the two jobs of the configuration
        wanted = fitted.set_params(n_jobs=1).transform(X)
        assert type(found) is type(wanted)
        assert found.dtype == wanted.dtype
        assert_array_equal(dense(found), dense(wanted), err_msg=repr(extractor))


def test_samples_are_shared_out_evenly(backend: str) -> None:
    # Sums start anew in each part.
    ones = np.ones((5, 1))
    assert_array_equal(run_shared(partial(np.cumsum, axis=0), ones, None).ravel(), [1, 2, 3, 1, 2])
    assert_array_equal(run_shared(partial(np.cumsum, axis=0), ones, 1).ravel(), [1, 2, 3, 4, 5])
    assert_array_equal(run_shared(partial(np.cumsum, axis=0), ones[:1], 9).ravel(), [1])


@pytest.mark.parametrize("n_jobs", [1, 3, -1, None])
def test_any_number_of_jobs(n_jobs: Any) -> None:
    extractor = clone(EXTRACTORS["patches"]).fit(X)
    wanted = extractor.transform(X)
    with parallel_config("threading"):
        found = extractor.set_params(n_jobs=n_jobs).transform(X)
    assert_allclose(found, wanted, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("n_jobs", [0, 1.5, "all"])
def test_bad_numbers_of_jobs(n_jobs: Any) -> None:
    with pytest.raises(ValueError, match="n_jobs"):
        clone(EXTRACTORS["gabor"]).set_params(n_jobs=n_jobs).fit_transform(X)


def test_a_grid_search(backend: str) -> None:
    features = KMeansConvFeatures(kernel_size=3, n_patches=500, random_state=0)
    pipe = make_pipeline(features, StandardScaler(), BatchRidgeClassifier())
    grid = {"kmeansconvfeatures__n_kernels": [2, 4], "batchridgeclassifier__alpha": [1.0, 1e4]}
    found = GridSearchCV(pipe, grid, cv=2, error_score="raise").fit(X, y)
    wanted = GridSearchCV(pipe, grid, cv=2, error_score="raise", n_jobs=1).fit(X, y)
    scores = [s.cv_results_["mean_test_score"] for s in (found, wanted)]
    assert_array_equal(*scores)
    assert len(set(scores[0])) > 1
    assert_array_equal(found.decision_function(X), wanted.decision_function(X))


def test_a_search_in_a_budget(backend: str) -> None:
    pipe = make_pipeline(RandomConvFeatures(**SMALL, random_state=0), BatchRidgeClassifier())
    spaces = {
        "randomconvfeatures__n_kernels": [2, 4, 60],
        "batchridgeclassifier__alpha": loguniform(1, 1e4),
    }
    options: dict[str, Any] = {"flash_bytes": 9000, "n_candidates": 4, "cv": 2, "random_state": 0}
    options["sampler"] = "random"
    found = BudgetSearchCV(pipe, spaces, **options).fit(X, y)
    wanted = BudgetSearchCV(pipe, spaces, **options, n_jobs=1).fit(X, y)
    for name in ("params", "level", "mean_test_score", "refused"):
        assert_array_equal(found.cv_results_[name], wanted.cv_results_[name])
    assert found.n_refused_ > 0


def test_features_side_by_side(backend: str) -> None:
    union = make_union(
        KMeansConvFeatures(n_kernels=2, kernel_size=3, random_state=0),
        PCAConvFeatures(n_kernels=2, kernel_size=3, pool_size=2),
    )
    found = union.fit(X, y).transform(X)
    assert_array_equal(found, clone(union).set_params(n_jobs=1).fit(X, y).transform(X))
