"""Competing kernels: closed forms, equals, bounds, and what is refused."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from skconv.graph import Graph, QWinnerCounts, TensorSpec, WinnerCounts
from skconv.passes.quantize import quantize
from skconv.runtime import fixed, numpy_engine, reference
from skconv.testing import assert_runtimes_agree, winner_counts

RISE, FALL, PEAK = [-1, 0, 1], [1, 0, -1], [-1, 2, -1]


def counts(kernels, length, *, difference=0, dilation=1, channels=(0,)):
    return WinnerCounts(
        np.array([kernels], np.int8),
        np.array([channels], np.uint8),
        np.array([dilation], np.int16),
        np.array([difference], np.uint8),
        length,
    )


def run(op, x):
    x = np.asarray(x, np.float32).reshape(1, 1, op.length, -1)
    return reference.run(Graph(TensorSpec(x.shape[1:])).append(op), x)[0]


def test_winners_gather_what_they_respond_and_losers_are_counted():
    # Responses of RISE: 1 2 2 -3, of PEAK: -1 0 0 4.
    found = run(counts([RISE, PEAK], 4), [0, 1, 2, 3])
    np.testing.assert_array_equal(found, [1 + 2 + 2, 4, 1, 3])


def test_equals_go_to_the_first_kernel_in_every_runtime():
    op = counts([PEAK, PEAK, RISE], 8)
    flat = np.full((5, 1, 8, 1), 0.1, np.float32) * np.arange(5).reshape(5, 1, 1, 1)
    graph = Graph(TensorSpec((1, 8, 1))).append(op)
    found = numpy_engine.run(graph, flat)
    assert (found[:, 1] == 0).all()
    # Inside all responses are 0; at the ends RISE is the least at the last step alone.
    np.testing.assert_array_equal(found[:, 3:], [[8, 0, 0]] + [[7, 0, 1]] * 4)
    assert_runtimes_agree(graph, flat)


def test_dilated_kernels_see_zeros_beyond_the_ends():
    found = run(counts([RISE, FALL], 5, dilation=3), [1, 2, 3, 4, 5])
    # x[t + 3] - x[t - 3] is 4, 5, 0, -1, -2.
    np.testing.assert_array_equal(found, [4 + 5 + 0, 1 + 2, 3, 2])


def test_a_group_reads_differences_of_the_sum_of_its_channels():
    x = np.array([[0, 9, 1], [1, 7, 2], [4, 8, 3], [9, 9, 4]])
    alone = run(counts([RISE, PEAK], 3), np.diff(x[:, 0] + x[:, 2]))
    both = run(counts([RISE, PEAK], 4, difference=1, channels=(0, 2)), x)
    np.testing.assert_array_equal(both, alone)


def test_losses_are_as_many_as_steps_of_time():
    op = winner_counts(np.random.default_rng(0), (6, 4, 9), 40, 1)
    x = np.random.default_rng(1).normal(size=(300, 1, 40, 1))
    graph = Graph(TensorSpec((1, 40, 1))).append(op)
    found = numpy_engine.run(graph, x).reshape(300, 6, 2, 4)
    np.testing.assert_array_equal(found[:, :, 1].sum(axis=2), [[40, 39] * 3] * 300)


def test_a_long_signal_is_counted_beyond_a_byte():
    op = winner_counts(np.random.default_rng(0), (2, 2, 3), 700, 1)
    x = np.random.default_rng(1).normal(size=(3, 1, 700, 1))
    assert_runtimes_agree(Graph(TensorSpec((1, 700, 1))).append(op), x)


def test_torch_is_the_reference_on_its_own():
    torch = pytest.importorskip("torch")
    from skconv.runtime import torch_winners

    op = winner_counts(np.random.default_rng(0), (6, 4, 9), 33, 3)
    x = np.random.default_rng(1).normal(size=(4, 1, 33, 3))
    names = ("weights", "channels", "dilations", "differences")
    tensors = replace(op, **{name: torch.tensor(getattr(op, name)) for name in names})
    found = torch_winners.on_device(tensors, torch.tensor(x, dtype=torch.float32))
    np.testing.assert_allclose(found.numpy(), reference.evaluate(op, x), rtol=1e-4, atol=1e-4)


@pytest.mark.needs("cc")
@pytest.mark.parametrize("dtype", ["int8", "int16"])
@pytest.mark.parametrize("n_channels", [1, 2])
def test_the_largest_integers_are_within_the_bound(dtype, n_channels):
    op = winner_counts(np.random.default_rng(0), (4, 3, 9), 50, n_channels)
    graph = Graph(TensorSpec((1, 50, n_channels))).append(op)
    low, high = np.iinfo(dtype).min, np.iinfo(dtype).max
    rng = np.random.default_rng(1)
    x = rng.integers(low, high, (20, 1, 50, n_channels), dtype, endpoint=True)
    wanted = reference.run(graph, x)
    largest = float(wanted.max())
    ranges = {"input": (low, high), graph.output_name: (float(wanted.min()), largest)}
    integer = quantize(graph, ranges, input_dtype=dtype, input_scale=1.0, output_bits=16)
    (node,) = integer.nodes
    assert isinstance(node.op, QWinnerCounts)
    assert node.op.row_shift == (0 if dtype == "int8" else n_channels)
    assert_runtimes_agree(integer, np.where(x > 0, high, low).astype(dtype))
    found = integer.output.scale * fixed.run(integer, x)
    # Shifted numbers may have another winner, where two are all but equal.
    is_near = np.abs(found - wanted) <= largest / 5000 + 1e-3 * np.abs(wanted)
    assert is_near.mean() >= (1 if dtype == "int8" else 0.99)


def test_what_does_not_fit_is_refused():
    signal = TensorSpec((1, 8, 1))
    for op, words in (
        (counts([RISE, PEAK], 9), "needs a signal"),
        (counts([[1, 1, -1], PEAK], 8), "sum 0"),
        (counts([[1, -1], [-1, 1]], 8), "odd length"),
        (counts([RISE, PEAK], 8, channels=(1,)), "channels must be in 0..0"),
        (replace(counts([RISE, PEAK], 8), dilations=np.ones(2, np.int16)), "of 1 groups"),
    ):
        with pytest.raises(ValueError, match=words):
            op.output(signal)
    with pytest.raises(ValueError, match="2 steps of time"):
        counts([RISE, PEAK], 1, difference=1).output(TensorSpec((1, 1, 1)))
