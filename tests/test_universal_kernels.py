"""`UniversalKernels`: its dictionary, others, and what it is worth."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose
from sklearn.linear_model import RidgeClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from skconv import ConvFeatures, ConvStage
from skconv.datasets import load_digits
from skconv.graph import Graph, TensorSpec
from skconv.inspection import KernelDictionary, kernel_similarity
from skconv.kernels import UniversalKernels
from skconv.kernels.universal_table import UNIVERSAL
from skconv.testing import chain, conv

MAPS = np.zeros((1, 8, 8, 1))


def test_the_dictionary_has_64_directions():
    kernels = UNIVERSAL[..., None]
    assert kernels.shape == (64, 3, 3, 1)
    assert (np.abs(UNIVERSAL).max(axis=(1, 2)) == 127).all()
    assert (UNIVERSAL.max(axis=(1, 2)) == 127).all()
    similarity = kernel_similarity(kernels, kernels, ["sign"]) - np.eye(64)
    assert similarity.max() < 0.99


def test_kernels_are_the_first_ones_in_units_of_their_gain():
    source = UniversalKernels(n_kernels=5).fit(MAPS)
    gains = np.abs(UNIVERSAL[:5]).sum(axis=(1, 2), keepdims=True)
    assert_allclose(source.kernels_[..., 0], UNIVERSAL[:5] / gains, rtol=1e-6)
    assert not source.biases_.any()


def test_channels():
    maps = np.zeros((1, 8, 8, 3))
    mean = UniversalKernels(n_kernels=4).fit(maps).kernels_
    each = UniversalKernels(n_kernels=4, channels="each").fit(maps).kernels_
    assert mean.shape == (4, 3, 3, 3) and each.shape == (12, 3, 3, 3)
    assert_allclose(each.reshape(4, 3, 3, 3, 3).sum(axis=1) / 3, mean, rtol=1e-6)


def network() -> Graph:
    rng = np.random.default_rng(0)
    return chain(conv(rng, (6, 3, 3, 2)), conv(rng, (4, 5, 5, 6)), shape=(12, 12, 2))


def test_a_dictionary_of_other_models():
    graph = network()
    source = UniversalKernels.from_models([graph], n_kernels=12)
    bank = graph.nodes[0].op.weights.transpose(0, 3, 1, 2).reshape(12, 3, 3, 1)
    kernels = source.fit(MAPS).kernels_
    # As many entries as kernels: each of them is one.
    assert kernel_similarity(bank, kernels, ["sign"]).max(axis=1).min() > 0.9999
    assert np.array_equal(source.dictionary, np.rint(source.dictionary))


def test_it_explains_more_than_as_many_random_kernels():
    graph = Graph(TensorSpec((9, 9, 1))).append(conv(np.random.default_rng(1), (500, 3, 3, 1)))
    bank = graph.nodes[0].op.weights
    found = UniversalKernels.from_models([graph], n_kernels=16).fit(MAPS).kernels_
    own = KernelDictionary(16, invariances=["sign"], random_state=0).fit(bank)
    explained = float((kernel_similarity(bank, found, ["sign"]).max(axis=1) ** 2).mean())
    assert explained > own.score_ - 0.01


def test_with_ridge_it_beats_raw_pixels():
    X, y = load_digits()
    half = len(X) // 2
    stage = ConvStage(kernels=UniversalKernels(), pool_size="overlapping", root=True)
    ridge = RidgeClassifier(alpha=300.0)
    pipe = make_pipeline(ConvFeatures([stage]), StandardScaler(with_mean=False), ridge)
    raw = SVC().fit(X[:half].reshape(half, -1) / 255, y[:half])
    rest = X[half:].reshape(len(X) - half, -1) / 255
    assert pipe.fit(X[:half], y[:half]).score(X[half:], y[half:]) > raw.score(rest, y[half:])


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: UniversalKernels(65), "n_kernels=65 is more than the 64 of the dictionary"),
        (
            lambda: UniversalKernels(1, dictionary=np.ones((2, 5, 5))),
            r"dictionary has shape \(2, 5, 5\), expected \(n_entries, 3, 3\)",
        ),
        (lambda: UniversalKernels(1, dictionary=np.zeros((1, 3, 3))), "a kernel of zeros"),
        (
            lambda: UniversalKernels.from_models([network()], 13),
            "n_kernels=13 is more than the 12 kernel",
        ),
        (lambda: UniversalKernels.from_models(["lite0"]), "models has 'lite0', expected graphs"),
    ],
)
def test_bad_input(make, message):
    with pytest.raises(ValueError, match=message):
        make().fit(MAPS)
