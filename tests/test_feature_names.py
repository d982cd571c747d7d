"""Names of features say which kernel they are of and where they lie; checked by what they name."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose
from numpy.typing import NDArray
from sklearn.pipeline import FeatureUnion

from skconv import (
    ConvFeatures,
    ConvStage,
    FixedConvFeatures,
    GaborFeatures,
    KMeansConvFeatures,
    PCAConvFeatures,
    PCANetFeatures,
    QuantizedFeatures,
    RandomConvFeatures,
)
from skconv.features.names import feature_names
from skconv.graph import Conv, Graph, Reshape, TensorSpec
from skconv.kernels import RandomKernels

IMAGES = np.random.default_rng(0).normal(size=(40, 10, 9)).astype(np.float32)


def random(**parameters: Any) -> RandomConvFeatures:
    stage = {"padding": "valid", "nonlinearity": "square", "pool": "l2", "root": False}
    kernels = {"n_kernels": 5, "kernel_size": 3, "pool_size": (2, 3), "random_state": 0}
    return RandomConvFeatures(**{**kernels, **stage, **parameters})


def named(extractor: Any, X: NDArray[Any]) -> dict[str, NDArray[Any]]:
    names = extractor.fit(X).get_feature_names_out()
    features = extractor.transform(X)
    assert features.shape[1] == len(names) == len(set(names))
    return dict(zip(names, features.T, strict=True))


def test_a_name_says_kernel_row_and_column() -> None:
    features = named(random(nonlinearity="relu", pool="max"), IMAGES)
    for name, k, row, column in (("conv0_0x0", 0, 0, 0), ("conv3_2x1", 3, 2, 1)):
        only = random(nonlinearity="relu", pool="max").fit(IMAGES)
        conv = Conv(only.kernels_[k : k + 1], only.biases_[k : k + 1])
        top, left = 2 * row, 3 * column
        window = IMAGES[:, top : top + 4, left : left + 5, None]
        z = _responses(conv, window)
        assert_allclose(features[name], np.maximum(z, 0).max(axis=(1, 2, 3)), rtol=1e-4, atol=1e-5)


def _responses(conv: Conv, maps: NDArray[Any]) -> NDArray[Any]:
    from skconv.runtime.windows import convolve

    return convolve(maps, conv)


def test_both_signs_are_told_apart() -> None:
    plain = named(random(nonlinearity="identity", pool_size=None), IMAGES)
    signed = named(random(nonlinearity="both_signs", pool_size=None), IMAGES)
    for name, values in plain.items():
        kernel, place = name.split("_")
        assert_allclose(signed[f"{kernel}pos_{place}"], np.maximum(values, 0), atol=1e-5)
        assert_allclose(signed[f"{kernel}neg_{place}"], np.maximum(-values, 0), atol=1e-5)


def test_a_signal_has_one_number() -> None:
    names = list(named(random(pool_size=4), IMAGES[:, 0]))
    assert names == [f"conv{k}_{place}" for place in range(1) for k in range(5)]


def test_a_pyramid_has_levels_and_means_of_them() -> None:
    features = named(random(nonlinearity="abs", pool="mean", pool_size="pyramid", padding="same"),
                     IMAGES[:, :8, :8])  # fmt: skip
    quarters = [features[f"conv2_level1_{place}"] for place in ("0x0", "0x1", "1x0", "1x1")]
    assert_allclose(features["conv2_level0_0x0"], np.mean(quarters, axis=0), rtol=1e-4)
    assert len(features) == 5 * (1 + 4 + 16)


def test_a_histogram_is_named_by_map_code_and_block() -> None:
    extractor = PCANetFeatures(n_kernels=(2, 3), kernel_size=3, block_size=5)
    names = extractor.fit(IMAGES).get_feature_names_out()
    counts_of = extractor.transform(IMAGES)
    dense = counts_of.toarray() if hasattr(counts_of, "toarray") else counts_of
    features = dict(zip(names, np.asarray(dense).T, strict=True))
    assert len(features) == dense.shape[1]
    blocks = {name.split("_")[1] for name in features}
    for block in blocks:
        counts = [features[f"map1bin{code}_{block}"] for code in range(8)]
        assert_allclose(np.sum(counts, axis=0), 25)


def test_kernels_on_every_channel_alone_say_the_channel() -> None:
    extractor = GaborFeatures(
        n_orientations=2, wavelengths=(3.0,), kernel_size=3, pool_size=4, padding="same"
    )
    names = list(named(extractor, np.stack([IMAGES, IMAGES[::-1]], axis=-1)))
    assert "conv1ch0_0x0" in names and "conv0ch1_0x1" in names


@pytest.mark.parametrize(
    "extractor",
    [
        PCAConvFeatures(n_kernels=3, kernel_size=3, pool_size=3),
        KMeansConvFeatures(n_kernels=4, kernel_size=3, nonlinearity="triangle", random_state=0),
        FixedConvFeatures(names=["sobel", "median"], padding="same", pool_size=3),
        ConvFeatures(
            [
                ConvStage(kernels=RandomKernels(n_kernels=4, kernel_size=3), pool_size=2),
                ConvStage(kernels=RandomKernels(n_kernels=2, kernel_size=3), groups=2, root=True),
            ],
            random_state=0,
        ),
    ],
    ids=lambda extractor: type(extractor).__name__,
)
def test_every_feature_has_a_name_of_its_own(extractor: Any) -> None:
    names = list(named(extractor.set_params(input_shape=(10, 9)), IMAGES))
    assert names[0].startswith("conv0")


def test_names_go_through_integers_and_unions() -> None:
    quantized = QuantizedFeatures(random(input_shape=(10, 9))).fit(IMAGES.reshape(40, -1))
    wanted = random(input_shape=(10, 9)).fit(IMAGES).get_feature_names_out()
    assert list(quantized.get_feature_names_out()) == list(wanted)
    union = FeatureUnion([("first", random(input_shape=(10, 9)))]).fit(IMAGES.reshape(40, -1))
    assert union.get_feature_names_out()[0] == "first__conv0_0x0"


def test_a_hundred_thousand_names_are_made_at_once() -> None:
    conv = Conv(np.ones((100, 1, 1, 1), "f4"), np.zeros(100, "f4"))
    graph = Graph(TensorSpec((32, 32, 1))).append(conv).append(Reshape((102_400,)))
    start = time.process_time()
    assert feature_names(graph)[-1] == "conv99_31x31"
    assert time.process_time() - start < 1
