"""What scikit-learn expects of every public estimator. Add a new one to the lists here."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pytest
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression, RidgeClassifier
from sklearn.model_selection import GridSearchCV
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import skconv
from skconv import (
    MFCC,
    AutoencoderFeatures,
    BatchRidgeClassifier,
    BudgetSearchCV,
    Compressed,
    ConvFeatures,
    ConvStage,
    Decimate,
    EventDetector,
    FixedConvFeatures,
    GaborFeatures,
    GreedyConvFeatures,
    HydraFeatures,
    IIRFilter,
    KMeansConvFeatures,
    LaplacianNuSVC,
    LaplacianOneClassSVM,
    LogMelSpectrogram,
    MicroFrontendSpectrogram,
    MiniRocketFeatures,
    PCAConvFeatures,
    PCANetFeatures,
    PowerNormalizedSpectrogram,
    PreconditionedLogisticRegression,
    PretrainedFeatures,
    QuantFeatures,
    QuantizedFeatures,
    RandomConvFeatures,
    ReducedNeighbors,
    RemoveMean,
    SmoothedClassifier,
    SpectroTemporalGaborFeatures,
    TemporalConvFeatures,
    VectorMagnitude,
)
from skconv.datasets import load_digits
from skconv.kernels import MimicKernels, PatchKernels, PCAKernels, RandomKernels
from tests.sklearn_checks import run_check, with_checks

# One of each kind of kernel, nonlinearity and pool, small enough for 8 x 8 images.
EXTRACTORS: dict[str, Any] = {
    "random": RandomConvFeatures(n_kernels=8, kernel_size=3, pool_size=2, random_state=0),
    "random, both signs": RandomConvFeatures(
        n_kernels=8,
        kernel_size=4,
        weights="ternary",
        padding="circular",
        nonlinearity="both_signs",
        pool="mean",
        pool_size=4,
        pool_stride=2,
        random_state=0,
    ),
    "gabor": GaborFeatures(n_orientations=4, wavelengths=(3.0, 4.5), kernel_size=5, pool_size=4),
    "gabor, both": GaborFeatures(
        n_orientations=4, wavelengths=(4.0,), kernel_size=5, phase="both", pool="max", pool_size=4
    ),
    "patches": RandomConvFeatures(
        n_kernels=4,
        kernel_size=3,
        weights="patches",
        padding="full",
        nonlinearity="soft_threshold",
        pool="tent",
        pool_size=4,
        random_state=0,
    ),
    "gabor, modulated": GaborFeatures(
        n_orientations=2,
        wavelengths=(3.0, 4.0),
        kernel_size=3,
        modulate=RandomKernels(n_kernels=2, random_state=0),
        pool_size="pyramid",
    ),
    "k-means": KMeansConvFeatures(n_kernels=2, kernel_size=3, random_state=0),
    "triangle": KMeansConvFeatures(
        n_kernels=2, kernel_size=3, remove_mean=None, nonlinearity="triangle", random_state=0
    ),
    "fixed": FixedConvFeatures(pool_size="global"),
    "two stages": ConvFeatures(
        [
            ConvStage(kernels=PatchKernels(n_kernels=2, kernel_size=3, random_state=0)),
            ConvStage(
                kernels=PCAKernels(n_kernels=1, kernel_size=3), pool="max", pool_size="quadrants"
            ),
        ]
    ),
    "pca": PCAConvFeatures(n_kernels=4, kernel_size=3, pool_size=2),
    "pcanet": PCANetFeatures(output="float32", n_kernels=(3, 3), kernel_size=3, block_size=4),
    "pretrained": PretrainedFeatures("tests.random_modules:tiny", pool="max"),
    "student": ConvFeatures(
        [
            ConvStage(
                kernels=MimicKernels(
                    teacher=PretrainedFeatures("tests.random_modules:tiny", pool=None),
                    n_kernels=2,
                    kernel_size=3,
                )
            )
        ]
    ),
    "spectro-temporal": SpectroTemporalGaborFeatures(
        size_max=(8, 10), n_filters=4, pool=("mean", "std", "max"), random_state=0
    ),
    "autoencoder": AutoencoderFeatures(n_kernels=4, kernel_size=3, n_epochs=1, random_state=0),
    "greedy, root": GreedyConvFeatures(
        source=PatchKernels(n_kernels=6, kernel_size=3), n_kernels=2, root=True, random_state=0
    ),
}
# Of as many patches as there are samples, which kernels come out is up to the processor: one may
# respond with next to nothing, and the root of a rounding error is no longer small. Hence 8.
ESTIMATORS: list[Any] = [
    RandomConvFeatures(),
    RandomConvFeatures(weights="patches", n_kernels=8),
    KMeansConvFeatures(),
    AutoencoderFeatures(),
    GreedyConvFeatures(n_kernels=8),
    SpectroTemporalGaborFeatures(),
    PowerNormalizedSpectrogram(),
    PowerNormalizedSpectrogram(variant="pncc2016"),
    ConvFeatures([ConvStage(kernels=PatchKernels(n_kernels=8, kernel_size=3, random_state=0))]),
    *EXTRACTORS.values(),
    PCANetFeatures(output="float32", n_kernels=(4,), learn="random", random_state=0),
    PCANetFeatures(output="float32", n_kernels=(1, 1), kernel_size=3, learn="lda"),
    QuantizedFeatures(RandomConvFeatures(n_kernels=4, random_state=0)),
    HydraFeatures(n_groups=4, random_state=0),
    SmoothedClassifier(RidgeClassifier(), n_windows=1),
    EventDetector(RidgeClassifier()),
    QuantFeatures(),
    LogMelSpectrogram(),
    MicroFrontendSpectrogram(),
    MFCC(n_bands=20),
    MiniRocketFeatures(n_features=84, random_state=0),
    TemporalConvFeatures(n_kernels=4, random_state=0),
    Decimate(),
    IIRFilter(),
    IIRFilter(np.array([[0.2, 0.4, 0.2, 1, -0.5, 0.3]])),
    RemoveMean(),
    VectorMagnitude(),
    LaplacianNuSVC(),
    LaplacianOneClassSVM(),
    ReducedNeighbors(KNeighborsClassifier(3), 12),
    ReducedNeighbors(KNeighborsRegressor(3), 4),
    BatchRidgeClassifier(),
    BatchRidgeClassifier(standardize=True),
    PreconditionedLogisticRegression(),
    Compressed(RidgeClassifier()),
    Compressed(RandomConvFeatures(n_kernels=4, random_state=0), []),
    BudgetSearchCV(RidgeClassifier(), {"alpha": [1.0, 10.0]}, n_candidates=1, cv=2),
]

EACH_EXTRACTOR = pytest.mark.parametrize("name", EXTRACTORS)
X, y = load_digits()
X, y = X[:200], y[:200]


def fitted(name: str, x: Any = X, **params: Any) -> Any:
    return clone(EXTRACTORS[name]).set_params(**params).fit(x, y[: len(x)])


# Checks fit rows of a few numbers: windows and numbers of kernels are cut to them.
@pytest.mark.filterwarnings("ignore:.* is used:UserWarning")
@with_checks(ESTIMATORS)
def test_scikit_learns_checks(estimator, check):
    run_check(check, estimator)


@pytest.mark.parametrize("estimator", ESTIMATORS, ids=lambda e: type(e).__name__)
def test_checks_are_not_skipped_by_tags(estimator):
    """With two_d_array=False scikit-learn would run one check and call it a success."""
    assert estimator.__sklearn_tags__().input_tags.two_d_array


def test_every_public_estimator_is_here():
    public = {
        value
        for value in (getattr(skconv, name) for name in skconv.__all__)
        if hasattr(value, "fit")
    }
    assert public == {type(estimator) for estimator in ESTIMATORS}


@EACH_EXTRACTOR
def test_output_is_float32_in_c_order_and_the_same_each_time(name):
    extractor = fitted(name)
    features = extractor.transform(X)
    assert features.dtype == np.float32
    assert features.flags.c_contiguous
    assert features.shape == (200, *extractor.graph_.output.shape)
    np.testing.assert_array_equal(extractor.transform(X), features)


@EACH_EXTRACTOR
def test_one_at_a_time_is_all_at_once(name):
    extractor = fitted(name)
    features = extractor.transform(X[:20])
    alone = np.concatenate([extractor.transform(X[i : i + 1]) for i in range(20)])
    np.testing.assert_allclose(alone, features, rtol=1e-5, atol=1e-5)
    by_three = extractor.set_params(batch_size=3).transform(X[:20])
    np.testing.assert_allclose(by_three, features, rtol=1e-5, atol=1e-5)


@EACH_EXTRACTOR
@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int16])
def test_types_agree(name, dtype):
    wanted = fitted(name).transform(X)
    found = fitted(name, X.astype(dtype)).transform(X.astype(dtype))
    np.testing.assert_allclose(found, wanted, rtol=1e-6, atol=1e-5)


@EACH_EXTRACTOR
def test_shapes_agree(name):
    wanted = fitted(name).transform(X)
    flat = X.reshape(200, -1)
    np.testing.assert_array_equal(fitted(name, X[..., None]).transform(flat), wanted)
    from_flat = fitted(name, flat, input_shape=(8, 8))
    np.testing.assert_array_equal(from_flat.transform(X), wanted)
    np.testing.assert_array_equal(from_flat.transform(X[..., None]), wanted)


@pytest.mark.parametrize("name", [n for n in EXTRACTORS if n != "spectro-temporal"])  # one channel
def test_channels_first_is_channels_last(name):
    colour = np.stack([X, X[::-1], X.transpose(0, 2, 1)], axis=-1)
    wanted = fitted(name, colour).transform(colour)
    first = colour.transpose(0, 3, 1, 2)
    found = fitted(name, first, data_format="channels_first").transform(first)
    np.testing.assert_allclose(found, wanted, rtol=1e-6, atol=1e-5)


@EACH_EXTRACTOR
def test_clone_is_unfitted_and_fits_the_same(name):
    extractor = fitted(name)
    twin = clone(extractor)
    assert not hasattr(twin, "graph_")
    np.testing.assert_array_equal(twin.fit_transform(X, y), extractor.transform(X))


# Packages of others are imported once; each model is read where none was read before.
READING = """
import contextlib, os, sys, joblib, numpy, sklearn.linear_model, sklearn.pipeline
with contextlib.suppress(ImportError):
    import torch
for path in sys.argv[1:]:
    if os.fork() == 0:
        model, X = joblib.load(path)
        numpy.save(path + ".npy", model.decision_function(X))
        os._exit(0)
    if os.wait()[1]:
        sys.exit(f"{path} was not read")
"""


@pytest.fixture(scope="module")
def read_again(tmp_path_factory):
    """Scores of every extractor in a model, before it was dumped and in a new process."""
    folder = tmp_path_factory.mktemp("dumps")
    wanted, paths = {}, {}
    for number, (name, extractor) in enumerate(EXTRACTORS.items()):
        model = make_pipeline(clone(extractor), StandardScaler(), RidgeClassifier()).fit(X, y)
        wanted[name], paths[name] = model.decision_function(X), folder / f"{number}.joblib"
        joblib.dump((model, X), paths[name])
    subprocess.run(
        [sys.executable, "-c", READING, *paths.values()],
        check=True,
        env={**os.environ, "PYTHONPATH": str(Path(skconv.__file__).parents[1])},
    )
    return {name: (wanted[name], np.load(f"{path}.npy")) for name, path in paths.items()}


@EACH_EXTRACTOR
def test_joblib_dump_is_read_by_a_new_process(name, read_again):
    wanted, found = read_again[name]
    np.testing.assert_allclose(found, wanted, rtol=1e-5, atol=1e-5)


@EACH_EXTRACTOR
def test_fitted_state_is_numpy_and_plain_data(name, tmp_path):
    """No torch object is stored: the file opens where torch does not."""
    joblib.dump(fitted(name), tmp_path / "extractor.joblib")
    assert b"torch" not in (tmp_path / "extractor.joblib").read_bytes()


@EACH_EXTRACTOR
def test_set_output_pandas(name):
    pandas = pytest.importorskip("pandas")
    extractor = clone(EXTRACTORS[name]).set_output(transform="pandas")
    frame = extractor.fit_transform(X, y)
    assert isinstance(frame, pandas.DataFrame)
    assert list(frame.columns) == list(extractor.get_feature_names_out())
    assert frame.columns.is_unique
    np.testing.assert_array_equal(frame.to_numpy(), fitted(name).transform(X))


def test_a_data_frame_is_a_flat_array_with_names():
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(X.reshape(200, -1)).rename(columns=str)
    extractor = fitted("random", frame, input_shape=(8, 8))
    np.testing.assert_array_equal(extractor.feature_names_in_, frame.columns)
    np.testing.assert_array_equal(extractor.transform(frame), fitted("random").transform(X))
    with pytest.raises(ValueError, match="feature names"):
        extractor.transform(frame.rename(columns={"3": "three"}))


def test_grid_search_over_the_parameters_of_a_step():
    pipe = make_pipeline(
        RandomConvFeatures(kernel_size=3, pool_size=2, random_state=0),
        StandardScaler(),
        LogisticRegression(max_iter=200),
    )
    grid = {"randomconvfeatures__n_kernels": [1, 8], "randomconvfeatures__pool_size": [2, (3, 3)]}
    search = GridSearchCV(pipe, grid, cv=2, error_score="raise", n_jobs=2).fit(X, y)
    assert search.best_params_["randomconvfeatures__n_kernels"] == 8
    assert search.best_estimator_[0].kernels_.shape == (8, 3, 3, 1)
    assert search.best_score_ > 0.8


def test_wrapped_parameters_are_nested():
    quantized = QuantizedFeatures(RandomConvFeatures())
    quantized.set_params(extractor__n_kernels=3)
    assert quantized.extractor.n_kernels == 3
