"""Autoencoders: the subspace of the principal components, folding, training, bad input."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from numpy.typing import NDArray

from skconv.kernels import AutoencoderKernels, PCAKernels
from tests.patch_matrix import patches_of, random_maps, responses

HALF = random_maps(30, 8, 8, 2).cumsum(axis=2).cumsum(axis=1) * [1, 0.3]
# Closed under negation: patches have mean 0, whether or not that is taken off.
MAPS = np.concatenate([HALF, -HALF])
LINEAR: dict[str, Any] = {
    "nonlinearity": "identity",
    "eps": None,
    "remove_mean": "channel",
    "n_patches": 10**6,
    "n_epochs": 60,
    "random_state": 0,
}


def projector(kernels: NDArray[Any]) -> NDArray[np.float64]:
    basis = np.linalg.qr(kernels.reshape(len(kernels), -1).T.astype(np.float64))[0]
    return basis @ basis.T


@pytest.mark.parametrize("n_kernels", [1, 2, 4])
def test_linear_spans_the_principal_subspace(n_kernels: int) -> None:
    pca = PCAKernels(n_kernels=n_kernels + 1, kernel_size=3).fit(MAPS)
    assert pca.eigenvalues_[n_kernels - 1] > 1.05 * pca.eigenvalues_[n_kernels]
    source = AutoencoderKernels(n_kernels=n_kernels, kernel_size=3, **LINEAR).fit(MAPS)
    wanted = projector(pca.kernels_[:n_kernels])
    assert np.linalg.norm(projector(source.kernels_) - wanted) < 2e-3
    patches = patches_of(MAPS, (3, 3), "valid").reshape(-1, 9, 2)
    flat = (patches - patches.mean(axis=1, keepdims=True)).reshape(len(patches), -1)
    missed = np.sum((flat - flat @ wanted) ** 2) / np.sum(flat**2)
    assert_allclose(source.errors_[-1], missed, rtol=1e-3)


def test_linear_kernels_are_orthogonal_and_of_unit_length_before_they_are_scaled() -> None:
    # K K^T = I is what tied weights have to reach, in the scale that they are learnt in.
    source = AutoencoderKernels(n_kernels=4, kernel_size=3, **LINEAR).fit(MAPS)
    flat = source.kernels_.reshape(4, -1).astype(np.float64)
    gram = flat @ flat.T
    assert_allclose(gram / gram[0, 0], np.eye(4), atol=1e-2)


@pytest.mark.parametrize("eps", [None, 0.01])
@pytest.mark.parametrize("remove_mean", ["patch", "channel", None])
def test_biases_and_scales_fold(eps: Any, remove_mean: Any) -> None:
    parameters: dict[str, Any] = {
        "n_kernels": 3, "kernel_size": 3, "eps": eps, "remove_mean": remove_mean,
        "n_epochs": 3, "random_state": 0,
    }  # fmt: skip
    source = AutoencoderKernels(**parameters).fit(HALF)
    brighter = AutoencoderKernels(**parameters).fit(10 * HALF)
    assert_allclose(responses(source, HALF), responses(brighter, 10 * HALF), rtol=1e-3, atol=1e-4)
    assert_allclose(source.errors_, brighter.errors_, rtol=1e-6)


def test_error_of_an_epoch_is_that_of_codes_and_offset() -> None:
    # With as many kernels as a patch has numbers, nothing need be lost.
    parameters = {**LINEAR, "remove_mean": None, "n_patches": 300, "n_epochs": 600}
    source = AutoencoderKernels(n_kernels=8, kernel_size=2, **parameters).fit(HALF + 5)
    assert source.errors_.shape == (600,)
    assert source.errors_[-1] < 1e-3 < 0.5 < source.errors_[0]


def test_nonlinearity_breaks_the_subspace_and_lowers_the_error_with_more_kernels() -> None:
    errors = [
        AutoencoderKernels(n_kernels=n, kernel_size=3, n_epochs=10, random_state=0)
        .fit(MAPS)
        .errors_[-1]
        for n in (2, 8, 32)
    ]
    assert errors[0] > errors[1] > errors[2] > 0


def test_no_shrinkage_is_no_nonlinearity() -> None:
    parameters = {**LINEAR, "n_epochs": 3}
    linear = AutoencoderKernels(n_kernels=3, kernel_size=3, **parameters).fit(MAPS)
    parameters["nonlinearity"] = "soft_threshold"
    none, some = (
        AutoencoderKernels(n_kernels=3, kernel_size=3, shrinkage=t, **parameters).fit(MAPS)
        for t in (0, 1)
    )
    assert_allclose(none.kernels_, linear.kernels_, rtol=1e-4)
    assert some.errors_[-1] > linear.errors_[-1]


def test_relu_finds_pairs_and_the_soft_threshold_none() -> None:
    def most_opposed(nonlinearity: Any) -> float:
        source = AutoencoderKernels(
            n_kernels=4, kernel_size=3, nonlinearity=nonlinearity, random_state=0, n_epochs=40
        ).fit(MAPS)
        flat = source.kernels_.reshape(4, -1)
        flat = flat / np.linalg.norm(flat, axis=1, keepdims=True)
        return float((flat @ flat.T).min())

    assert most_opposed("relu") < -0.95
    assert most_opposed("soft_threshold") > -0.5


@pytest.mark.parametrize("verbose", [False, True])
def test_progress(verbose: bool, capsys: Any) -> None:
    source = AutoencoderKernels(
        n_kernels=2, kernel_size=3, n_epochs=2, random_state=0, verbose=verbose
    ).fit(HALF)
    wanted = [f"epoch {i + 1}/2: error {source.errors_[i]:.4f}" for i in range(2)]
    assert capsys.readouterr().out.splitlines() == wanted * verbose


def test_random_numbers_of_others_are_left_alone() -> None:
    source = AutoencoderKernels(n_kernels=2, kernel_size=3, n_epochs=2, random_state=0)
    np.random.seed(5)
    wanted = np.random.rand(3)
    np.random.seed(5)
    first = source.fit(HALF).kernels_
    assert_array_equal(np.random.rand(3), wanted)
    assert_array_equal(source.fit(HALF).kernels_, first)


@pytest.mark.parametrize(
    ("maps", "parameters", "message"),
    [
        (np.full((4, 6, 6, 1), 7.3), {"eps": None}, "all flat: there is nothing to learn"),
        (np.full((4, 6, 6, 1), 7.3), {"eps": 0.01}, "all equal cannot be whitened"),
        (HALF, {"shrinkage": -1}, "shrinkage"),
        (HALF, {"kernel_size": 9}, "kernel_size=9 is larger than the 8x8 maps"),
        (HALF, {"learning_rate": 1e200}, r"learning_rate=1e\+200 lets the error grow without end"),
        (HALF, {"learning_rate": 0}, "learning_rate"),
        (HALF, {"n_epochs": 0}, "n_epochs"),
        (HALF, {"batch_size": 0}, "batch_size"),
        (HALF, {"nonlinearity": "tanh"}, "nonlinearity"),
        (HALF, {"n_kernels": 0}, "n_kernels"),
    ],
)
def test_bad_input(maps: Any, parameters: dict[str, Any], message: str) -> None:
    source = AutoencoderKernels(**{"kernel_size": 3, "n_kernels": 2, **parameters})
    with pytest.raises(ValueError, match=message):
        source.fit(maps)
    assert not hasattr(source, "kernels_")
