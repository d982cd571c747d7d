"""Comparisons with levels: in closed form, at the ends of the integers, and in a stage."""

from __future__ import annotations

import numpy as np
import pytest

from skconv.graph import Above, Concat, Fused, Graph, MaxPool, MeanPool, Reshape, TensorSpec
from skconv.passes.calibrate import calibrate
from skconv.passes.quantize import quantize
from skconv.runtime import fixed, reference
from skconv.testing import assert_runtimes_agree, conv, example_samples, linear
from tests.selecting import fuse

LEVELS = np.array([[0.0, -1.5], [2.0, 3.0]], np.float32)


def test_all_channels_at_the_first_level_come_first():
    graph = Graph(TensorSpec((1, 2, 2))).append(Above(LEVELS))
    found = reference.run(graph, np.array([[[[0.0, -1.5], [2.5, 3.5]]]]))
    assert found.tolist() == [[[[0, 0, 0, 0], [1, 1, 1, 1]]]]


def test_integers_are_compared_as_the_reals_that_they_stand_for():
    scale = 0.3
    x = TensorSpec((1, 1, 1), "int16", scale, -32767, 32767)
    levels = np.array([[-1.0], [-0.3], [0.0], [0.3], [0.31], [1e6], [-1e6]], np.float32)
    q = np.r_[-32767, np.arange(-9, 10), 32767].astype(np.int16)
    op = Above(levels).in_units(x)
    found = fixed.evaluate(op, q[:, None, None, None])[:, 0, 0]
    assert op.levels.dtype == np.int16
    assert (found == (scale * q[:, None].astype(float) > levels[:, 0].astype(float))).all()


def test_what_it_refuses():
    with pytest.raises(ValueError, match=r"Above needs levels \(n_levels, 3\), got \(2, 2\)"):
        Above(LEVELS).output(TensorSpec((1, 5, 3)))
    with pytest.raises(ValueError, match="Above compares 16 bits"):
        Above(LEVELS.astype("i2")).output(TensorSpec((1, 5, 2), "int32"))


def shares(pool: MaxPool | None) -> Graph:
    """Shares of time above levels, perhaps beside a pooling of the same responses."""
    rng = np.random.default_rng(0)
    padding = ((0, 0), (8, 0))
    levels = np.linspace(-2, 2, 12, dtype="f4").reshape(3, 4)
    causal = conv(rng, (4, 1, 5, 1), dilation=(1, 2), padding=padding)
    graph = Graph(TensorSpec((1, 40, 1))).append(causal)
    responses = graph.output_name
    graph = graph.append(Above(levels)).append(MeanPool((1, 40), (1, 40))).append(Reshape((12,)))
    if pool is not None:
        first = graph.output_name
        graph = graph.append(pool, responses).append(Reshape((4,)))
        graph = graph.append(Concat(), first, graph.output_name)
    return graph.append(linear(rng, 3, graph.output.size))


def test_a_comparison_reads_16_bits_beside_a_reader_of_8():
    graph = shares(MaxPool((1, 40), (1, 40)))
    # A linear layer that no decision reads: 8 bits are enough for it.
    samples = example_samples(graph)
    integer = quantize(graph, calibrate(graph, samples), output_bits=8)
    assert integer.specs["conv"].dtype == "int16"
    assert integer.specs["above"].dtype == "uint8"
    assert_runtimes_agree(integer, fixed.quantize_input(integer.input, samples))


def test_shares_of_time_are_one_stage_that_keeps_no_map():
    graph = shares(None)
    samples = example_samples(graph)
    integer = quantize(graph, calibrate(graph, samples))
    x = fixed.quantize_input(integer.input, samples)
    stage = fuse(integer)
    assert type(stage.nodes[0].op) is Fused
    assert_runtimes_agree(stage, x)
    counted = fixed.tensors(integer, x)
    share = counted["meanpool"] * integer.specs["meanpool"].scale
    np.testing.assert_allclose(
        share.ravel(), counted["above"].mean(axis=(1, 2)).ravel(), atol=0.5 / 255
    )
