"""Mimic: a convolution is recovered; ranks and ridge equal those of a matrix of patches."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.linear_model import Ridge

from skconv import ConvFeatures, ConvStage
from skconv.kernels import ArrayKernels, MapBatches, MimicKernels
from tests.patch_matrix import patches_of, random_maps, responses

MAPS = random_maps(20, 7, 8, 2) + 1
PADDINGS = ("valid", "same", "circular")


def convolution(maps: Any, size: tuple[int, int], padding: str, n_kernels: int = 5) -> Any:
    """Activations of a convolution, its kernels, and its biases."""
    kernels = random_maps(n_kernels, *size, maps.shape[3], seed=1)
    source = ArrayKernels(kernels=kernels, biases=np.arange(n_kernels)).fit(maps)
    rows, columns = maps.shape[1:3]
    if padding == "valid":
        rows, columns = rows - size[0] + 1, columns - size[1] + 1
    found = responses(source, maps, padding)
    return found.reshape(len(maps), rows, columns, n_kernels), source.kernels_, source.biases_


@pytest.mark.parametrize("padding", PADDINGS)
@pytest.mark.parametrize("size", [(3, 3), (1, 4), (2, 3)])
def test_a_convolution_is_recovered(size: tuple[int, int], padding: Any) -> None:
    activations, kernels, biases = convolution(MAPS, size, padding)
    source = MimicKernels(
        teacher=activations, kernel_size=size, alpha=0, padding=padding
    ).fit(MAPS)  # fmt: skip
    assert_allclose(source.kernels_, kernels, atol=1e-6)
    assert_allclose(source.biases_, biases, atol=1e-5)
    assert_allclose(source.score_, 1, atol=1e-12)
    assert_array_equal(source.components_, np.eye(5))
    assert_allclose(source.offset_, 0, atol=1e-12)


@settings(max_examples=30, deadline=None)
@given(
    n_kernels=st.integers(1, 5),
    alpha=st.floats(0, 2),
    rows=st.integers(1, 3),
    columns=st.integers(1, 3),
    padding=st.sampled_from(PADDINGS),
)
def test_ridge_of_reduced_rank(
    n_kernels: int, alpha: float, rows: int, columns: int, padding: Any
) -> None:
    activations, _, _ = convolution(MAPS, (3, 3), padding)
    height, width = MAPS.shape[1:3]
    if padding == "valid":
        height, width = height - rows + 1, width - columns + 1
        activations = np.resize(activations, (len(MAPS), height, width, 5))
    activations = np.abs(activations)
    source = MimicKernels(
        teacher=activations,
        n_kernels=n_kernels,
        kernel_size=(rows, columns),
        alpha=alpha,
        padding=padding,
    ).fit(MAPS)
    patches = patches_of(MAPS, (rows, columns), padding)
    targets = activations.reshape(-1, 5)
    penalty = alpha * patches.var(axis=0).mean()
    ridge = Ridge(alpha=penalty * len(patches) + 1e-12, solver="cholesky").fit(patches, targets)
    # The best of a rank: ridge is least squares with rows more, and those are counted too.
    fitted = np.vstack(
        [
            (patches - patches.mean(axis=0)) @ ridge.coef_.T,
            np.sqrt(penalty * len(patches)) * ridge.coef_.T,
        ]
    )
    directions = np.linalg.svd(fitted, full_matrices=False)[2][:n_kernels]
    mean = targets.mean(axis=0)
    wanted = mean + (ridge.predict(patches) - mean) @ directions.T @ directions
    found = responses(source, MAPS, padding) @ source.components_ + source.offset_
    assert_allclose(found, wanted, atol=1e-4 * np.abs(targets).max())
    assert_allclose(source.components_ @ source.components_.T, np.eye(n_kernels), atol=1e-9)
    explained = 1 - np.sum((targets - wanted) ** 2) / np.sum((targets - mean) ** 2)
    assert_allclose(source.score_, explained, atol=1e-6)


def test_fewer_are_the_first_of_more() -> None:
    activations, _, _ = convolution(MAPS, (3, 3), "same")
    many, few = (
        MimicKernels(teacher=activations, n_kernels=n, kernel_size=3).fit(MAPS) for n in (4, 2)
    )
    assert_allclose(many.kernels_[:2], few.kernels_, rtol=1e-6)
    assert many.score_ > few.score_


def test_a_teacher_that_is_called_sees_maps_in_batches() -> None:
    seen: list[tuple[int, ...]] = []

    def teacher(maps: Any) -> Any:
        seen.append(maps.shape)
        return convolution(maps, (3, 3), "same")[0]

    batches = MapBatches(MAPS.shape, lambda: np.split(MAPS, [1, 12]))
    called = MimicKernels(teacher=teacher, n_kernels=2, kernel_size=3).fit(batches)
    assert [shape[0] for shape in seen] == [1, 11, 8]
    given_array = MimicKernels(teacher=teacher(MAPS), n_kernels=2, kernel_size=3)
    for maps in (MAPS, batches):
        assert_allclose(given_array.fit(maps).kernels_, called.kernels_, rtol=1e-5, atol=1e-7)


def test_flat_directions_stay_flat() -> None:
    # The two channels are one: of all that predict alike, the shortest.
    maps = np.repeat(random_maps(20, 6, 6, 1), 2, axis=3)
    source = MimicKernels(teacher=lambda maps: 2 * maps[..., :1], kernel_size=1, alpha=0)
    assert_allclose(source.fit(maps).kernels_.ravel(), [1, 1], rtol=1e-6)


def test_two_layers_become_one_stage() -> None:
    def teacher(maps: Any) -> Any:
        hidden = np.maximum(convolution(maps, (3, 3), "same")[0], 0)
        return np.tanh(hidden @ random_maps(5, 6, seed=2) / 5)

    stage = ConvStage(
        kernels=MimicKernels(teacher=teacher, n_kernels=4, kernel_size=3), pool_size=2
    )
    features = ConvFeatures([stage]).fit(MAPS)
    source = stage.kernels.fit(MAPS)
    assert_allclose(features.kernels_[0], source.kernels_, atol=1e-5)
    assert 0.5 < source.score_ < 1


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"teacher": MAPS[:3]}, "teacher has activations of 3 maps, expected 20"),
        ({"teacher": MAPS[..., 0]}, r"shape \(20, 7, 8\), expected \(20, 7, 8\) and their number"),
        ({"padding": "valid"}, r"shape \(20, 7, 8, 2\), expected \(20, 5, 6\) .*padding='valid'"),
        ({"teacher": lambda maps: maps[:, ::2]}, r"shape \(20, 4, 8, 2\), expected \(20, 7, 8\)"),
        ({"teacher": MAPS * np.nan}, "activations that are not finite"),
        ({"teacher": MAPS * 0 + 0.1}, "activations that are all equal: nothing to learn"),
        ({"n_kernels": 3}, r"n_kernels=3 is more than the 2 activation\(s\) of teacher"),
        ({"kernel_size": 0}, "kernel_size"),
        ({"alpha": -1}, "alpha"),
        ({"teacher": 5}, "teacher"),
    ],
)
def test_bad_input(parameters: dict[str, Any], message: str) -> None:
    source = MimicKernels(**{"teacher": MAPS, "kernel_size": 3, **parameters})
    with pytest.raises(ValueError, match=message):
        source.fit(MAPS)
    assert not hasattr(source, "kernels_")
