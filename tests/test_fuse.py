"""Fused stages: which chains become one, that no number changes, and what memory they need."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from skconv.graph import (
    Abs,
    ArgMax,
    BlockHistogram,
    BothSigns,
    Graph,
    Hash,
    L2Pool,
    Magnitude,
    MaxPool,
    MeanPool,
    MiniRocket,
    Relu,
    Reshape,
    SoftThreshold,
    Square,
)
from skconv.runtime import fixed
from skconv.target.memory import overlaps, plan_memory
from skconv.target.stage_memory import StageMemory
from skconv.testing import (
    assert_runtimes_agree,
    chain,
    conv,
    example_graphs,
    example_samples,
    linear,
    quantized_example,
)
from tests.selecting import fuse

RNG = np.random.default_rng(0)


def classes(graph: Graph) -> list[str]:
    return [type(node.op).__name__ for node in graph.nodes]


def soft(n_channels: int = 4, **options: bool) -> SoftThreshold:
    return SoftThreshold(np.linspace(0, 1.5, n_channels, dtype="f4"), **options)


def with_head(graph: Graph) -> Graph:
    size = graph.output.size
    return graph.append(Reshape((size,))).append(linear(RNG, 3, size)).append(ArgMax())


@pytest.mark.parametrize(
    "middle",
    [None, Abs(), Relu(), BothSigns(), Magnitude(), Square(), soft(), soft(both_signs=False)],
)
@pytest.mark.parametrize("pool", [MaxPool(), MeanPool((3, 2), (3, 2)), L2Pool((2, 3), (3, 3))])
@pytest.mark.parametrize("headed", [False, True])
def test_every_stage_is_one_op_with_the_same_bytes_in_c(middle, pool, headed):
    ops = [conv(RNG, (4, 3, 3, 2)), *([middle] if middle else []), pool]
    graph = chain(*ops)
    graph = quantized_example(with_head(graph) if headed else graph)
    fused = fuse(graph)
    assert classes(fused) == (["Fused", "ArgMax"] if headed else ["Fused"])
    x = example_samples(graph)
    assert np.array_equal(fixed.run(fused, x), fixed.run(graph, x))
    assert_runtimes_agree(fused, x)


@pytest.mark.parametrize("headed", [False, True])
@pytest.mark.parametrize("step", [(3, 3), (4, 4), (1, 1), (2, 4), (4, 1)])
def test_codes_go_straight_into_histograms_or_scores(headed, step):
    codes = conv(RNG, (4, 3, 3, 1), padding=((1, 1), (1, 1)), shared=True)
    graph = chain(codes, Hash(4), BlockHistogram((3, 3), step, 16))
    graph = quantized_example(with_head(graph) if headed else graph)
    fused = fuse(graph)
    assert classes(fused)[0] == "Fused"
    x = example_samples(graph)
    assert np.array_equal(fixed.run(fused, x), fixed.run(graph, x))
    assert_runtimes_agree(fused, x)


@pytest.mark.parametrize("middle", [None, Abs(), BothSigns(), Magnitude(), Square(), soft()])
@pytest.mark.parametrize("pool", [MaxPool, MeanPool, L2Pool])
@pytest.mark.parametrize(
    ("size", "stride"), [((3, 3), (2, 2)), ((4, 2), (1, 3)), ((2, 5), (3, 2)), ((5, 3), (2, 1))]
)
def test_windows_that_overlap_are_one_op_with_the_same_bytes_in_c(middle, pool, size, stride):
    ops = [conv(RNG, (4, 3, 3, 2)), *([middle] if middle else []), pool(size, stride)]
    graph = quantized_example(with_head(chain(*ops, shape=(17, 12, 2))))
    fused = fuse(graph)
    assert classes(fused) == ["Fused", "ArgMax"]
    x = example_samples(graph, 5)
    assert np.array_equal(fixed.run(fused, x), fixed.run(graph, x))
    assert_runtimes_agree(fused, x)
    assert plan_memory(fused).arena_bytes < plan_memory(graph).arena_bytes


def test_what_is_not_fused():
    """Where memory would not fall, and where tensors inside have other readers."""
    low = chain(conv(RNG, (4, 3, 3, 2)), Abs(), MeanPool((4, 3), (1, 1)), shape=(8, 10, 2))
    low = quantized_example(low)
    assert "Fused" not in classes(fuse(low))
    assert StageMemory(low).nbytes > plan_memory(low).arena_bytes
    unpooled = chain(conv(RNG, (4, 3, 3, 2)), Abs())
    assert "Fused" not in classes(fuse(quantized_example(unpooled)))
    graph = chain(conv(RNG, (4, 3, 3, 2)), MaxPool((2, 2), (2, 2)))
    read_twice = graph.append(MaxPool((3, 3), (3, 3)), "conv")
    assert "Fused" not in classes(fuse(quantized_example(read_twice)))


def test_a_layer_that_is_requantised_stays_outside():
    graph = chain(conv(RNG, (4, 3, 3, 2)), MaxPool())
    graph = graph.append(Reshape((graph.output.size,)))
    graph = graph.append(linear(RNG, 6, graph.output.size)).append(linear(RNG, 3, 6))
    assert classes(fuse(quantized_example(graph))) == ["Fused", "Reshape", "QLinear", "QLinear"]


@pytest.mark.parametrize("name", example_graphs())
def test_numbers_and_names_stay(name):
    graph = quantized_example(example_graphs()[name])
    fused = fuse(graph)
    assert fused.output_name == graph.output_name
    assert fused.scores_name == graph.scores_name
    assert fused.macs == graph.macs
    if any(isinstance(node.op, MiniRocket) for node in graph.nodes):
        # Convolutions that read the same channels share their list of them.
        assert fused.parameter_bytes <= graph.parameter_bytes
    else:
        assert fused.parameter_bytes == graph.parameter_bytes
    assert fuse(fused) == fused or classes(fuse(fused)) == classes(fused)
    x = example_samples(graph)
    assert np.array_equal(fixed.run(fused, x), fixed.run(graph, x))


def test_sums_take_the_smallest_type_that_holds_them():
    def dtype(pool, **options):
        graph = chain(conv(RNG, (2, 3, 3, 2)), Relu(), pool)
        return StageMemory(quantized_example(graph, **options)).sum_dtype

    assert dtype(MaxPool((3, 3), (2, 2))) == "uint8"
    assert dtype(MeanPool((1, 2), (2, 2))) == "uint16"
    assert dtype(L2Pool((3, 3), (2, 2))) == "int32"
    memory = StageMemory(quantized_example(chain(conv(RNG, (2, 3, 3, 2)), MaxPool((3, 3), (2, 2)))))
    assert memory.n_sums == 2 * 3 * 2  # rows of windows, windows of a row, kernels
    assert memory.nbytes == np.dtype(memory.sum_dtype).itemsize * (12 + 2)


def test_no_map_is_kept():
    """28 x 28, 16 kernels 5 x 5, pool 4: the whole map has 24 x 24 x 16 entries."""
    stage = chain(conv(RNG, (16, 5, 5, 1)), Abs(), MeanPool((4, 4), (4, 4)), shape=(28, 28, 1))
    graph = quantized_example(with_head(stage), input_dtype="int8")
    plan = plan_memory(fuse(graph))
    assert plan_memory(graph).arena_bytes > 2 * 24 * 24 * 16
    assert plan.arena_bytes <= 600
    assert not overlaps(plan)


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_any_geometry(data):
    draw = data.draw
    size = st.integers(1, 3)
    pads = st.tuples(st.integers(0, 2), st.integers(0, 2))
    channels, n_kernels = draw(st.integers(1, 5)), draw(st.integers(1, 6))
    op = conv(
        np.random.default_rng(draw(st.integers(0, 99))),
        (n_kernels, draw(size), draw(size), channels),
        stride=(draw(size), draw(size)),
        padding=(draw(pads), draw(pads)),
        pad_mode=draw(st.sampled_from(["zero", "circular"])),
        dilation=(draw(st.integers(1, 2)), draw(st.integers(1, 2))),
    )
    pool, step = (draw(size), draw(size)), (draw(size), draw(size))
    middle = draw(st.sampled_from([Abs(), Relu(), BothSigns(), soft(n_kernels)]))
    pooling = draw(st.sampled_from([MaxPool, MeanPool, L2Pool]))
    graph = quantized_example(
        chain(op, middle, pooling(pool, step), shape=(11, 13, channels)),
        input_dtype=draw(st.sampled_from(["int8", "int16"])),
    )
    assert_runtimes_agree(fuse(graph), example_samples(graph, 5))
