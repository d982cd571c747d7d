"""Unions of sources: order, sizes, names, parameters."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone

from skconv.kernels import (
    ArrayKernels,
    GaborKernels,
    LDAKernels,
    PatchKernels,
    PCAKernels,
    RandomKernels,
    UnionKernels,
)
from skconv.kernels.base import centred
from tests.patch_matrix import random_maps, responses

MAPS = random_maps(8, 9, 9, 2) + 3
Y = np.arange(8) % 2


def union() -> UnionKernels:
    return UnionKernels(
        sources=[
            ("patches", PatchKernels(n_kernels=3, kernel_size=3, random_state=0)),
            ("random", RandomKernels(n_kernels=2, kernel_size=(4, 5), random_state=0)),
            ("lda", LDAKernels(n_kernels=1, kernel_size=2)),
        ]
    )


def test_kernels_side_by_side() -> None:
    source = union().fit(MAPS, Y)
    assert source.kernels_.shape == (6, 4, 5, 2)
    assert source.origins_.tolist() == ["patches"] * 3 + ["random"] * 2 + ["lda"]
    fitted = dict(source.sources_)
    assert_array_equal(source.kernels_[3:5], fitted["random"].kernels_)
    assert_array_equal(source.kernels_[:3, :3, 1:4], fitted["patches"].kernels_)
    assert_array_equal(source.biases_[:3], fitted["patches"].biases_)
    alone = PatchKernels(n_kernels=3, kernel_size=3, random_state=0).fit(MAPS)
    assert_array_equal(fitted["patches"].kernels_, alone.kernels_)


@settings(deadline=None)
@given(
    small=st.tuples(st.integers(1, 5), st.integers(1, 5)),
    more=st.tuples(st.integers(0, 4), st.integers(0, 4)),
)
def test_zeros_around_a_kernel_leave_its_response(
    small: tuple[int, int], more: tuple[int, int]
) -> None:
    kernel = random_maps(1, *small, 2)
    large = small[0] + more[0], small[1] + more[1]
    one = ArrayKernels(kernels=kernel).fit(random_maps(1, 9, 9, 2))
    other = ArrayKernels(kernels=centred(kernel, large)).fit(random_maps(1, 9, 9, 2))
    assert other.kernels_.shape == (1, *large, 2)
    wanted = responses(one, MAPS, "same")
    assert_allclose(responses(other, MAPS, "same"), wanted, atol=1e-9)


def test_parameters_of_sources() -> None:
    source = union()
    assert source.get_params()["random__n_kernels"] == 2
    other = clone(source).set_params(random__n_kernels=7, lda=PCAKernels(kernel_size=3))
    assert len(other.fit(MAPS).kernels_) == 3 + 7 + 8
    assert source.get_params()["random__n_kernels"] == 2
    assert not hasattr(other.sources[0][1], "kernels_")


def test_unions_and_others_nest() -> None:
    nested = UnionKernels(sources=[("one", union()), ("two", RandomKernels(n_kernels=2))])
    assert nested.set_params(one__random__n_kernels=5).fit(MAPS, Y).kernels_.shape == (11, 7, 7, 2)


@pytest.mark.parametrize(
    ("sources", "message"),
    [
        ([], "at least one .name, source."),
        ([("one",)], "at least one .name, source."),
        ([("a", PCAKernels()), ("a", PCAKernels())], "Names provided are not unique"),
        ([("a__b", PCAKernels())], "must not contain __"),
        ([("a", PCAKernels()), ("b", GaborKernels())], "of different channels: .*'b': .*1"),
        ([("a", LDAKernels(kernel_size=3))], "y=None, expected a label"),
        (5, "sources"),
    ],
)
def test_bad_input(sources: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        UnionKernels(sources=sources).fit(MAPS)
