"""Histograms without their zeros, against the dense ones."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_array_equal
from scipy import sparse

from skconv.graph import BlockHistogram, Graph, TensorSpec
from skconv.runtime import reference
from skconv.runtime.block_counts import BlockCounts


def assert_like_reference(op: BlockHistogram, codes: np.ndarray) -> None:
    graph = Graph(TensorSpec(codes.shape[1:])).append(op)
    dense = reference.run(graph, codes).reshape(len(codes), -1)
    count = BlockCounts(op, codes.shape[1:])
    columns, values, per_row = count(codes)
    assert values.min() > 0
    ends = np.concatenate([[0], np.cumsum(per_row)])
    rows = sparse.csr_matrix((values, columns, ends), shape=dense.shape)
    assert rows.has_canonical_format
    assert_array_equal(rows.toarray(), dense)


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 99),
    n_samples=st.integers(1, 4),
    shape=st.tuples(st.integers(1, 8), st.integers(1, 8), st.integers(1, 3)),
    size=st.tuples(st.integers(1, 4), st.integers(1, 4)),
    stride=st.tuples(st.integers(1, 5), st.integers(1, 5)),
    n_bins=st.sampled_from([2, 8, 256]),
)
def test_random_codes(seed, n_samples, shape, size, stride, n_bins):
    size = tuple(np.minimum(size, shape[:2]).tolist())
    codes = np.random.default_rng(seed).integers(0, n_bins, (n_samples, *shape))
    assert_like_reference(BlockHistogram(size, stride, n_bins), codes.astype(np.float32))


def test_a_sample_that_begins_as_the_last_one_ended() -> None:
    assert_like_reference(BlockHistogram((2, 2), (2, 2), 4), np.full((3, 2, 2, 1), 3.0))


@pytest.mark.parametrize(("n_maps", "dtype"), [(1, "uint8"), (3, "uint16"), (257, "uint32")])
def test_keys_are_as_narrow_as_they_can_be(n_maps: int, dtype: str) -> None:
    op = BlockHistogram((2, 2), (2, 2), 256)
    assert BlockCounts(op, (2, 2, n_maps)).first_bins.dtype == dtype
    codes = np.random.default_rng(0).integers(0, 256, (2, 2, 2, n_maps))
    codes[0] = 255
    assert_like_reference(op, codes.astype(np.float32))
