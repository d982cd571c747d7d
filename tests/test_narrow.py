"""Weights of few levels: kept by quantisation, stored several in a byte, exact everywhere."""

from __future__ import annotations

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given, settings

from skconv.codegen.routines.stage import DspStage
from skconv.graph import (
    ArgMax,
    Conv,
    Graph,
    Linear,
    MeanPool,
    QConv,
    QLinear,
    Relu,
    Reshape,
    Threshold,
)
from skconv.graph.storage.narrow import is_by_input, narrow_form, pack, pack_lines
from skconv.passes.integers import integer_graph
from skconv.passes.scales import level_scales
from skconv.target.targets import get_target
from skconv.testing import chain, conv, example_samples, few_levels, quantized_example
from skconv.testing.narrow import narrow_conv
from tests import exactness
from tests.selecting import fastest, fuse, op_by_op

LEVELS = (1, 3, 7)


def staged(n_outputs: int, levels: int, n_kernels: int = 3) -> Graph:
    """A stage with a head, on a one-channel map."""
    rng = np.random.default_rng(levels)
    return chain(
        conv(rng, (n_kernels, 3, 3, 1)),
        Relu(),
        MeanPool((2, 2), (2, 2)),
        Reshape((12 * n_kernels,)),
        few_levels(rng, n_outputs, 12 * n_kernels, levels),
        Threshold() if n_outputs == 1 else ArgMax(),
        shape=(8, 10, 1),
    )


def digits(bytes_: np.ndarray, form: str, size: int) -> list[int]:
    """The weights of a line, as the comment of `skconv.graph.storage.narrow` says."""
    if form == "ternary":
        return [int(byte) * 3**i % 256 * 3 // 256 - 1 for byte in bytes_ for i in range(5)][:size]
    bits = int(form[-1])
    stream = "".join(f"{byte:08b}"[::-1] for byte in bytes_)
    fields = [stream[i : i + bits][::-1] for i in range(0, size * bits, bits)]
    return [int(field, 2) - 2 ** (bits - 1) for field in fields]


@given(st.data(), st.sampled_from(LEVELS), st.integers(1, 12), st.integers(1, 20))
@settings(max_examples=60, deadline=None, derandomize=True)
def test_a_table_holds_the_weights(data, levels, n_outputs, n_inputs):
    seed = data.draw(st.integers(0, 1000))
    shape = (n_outputs, n_inputs)
    weights = np.random.default_rng(seed).integers(-levels, levels + 1, shape).astype(np.int8)
    form = narrow_form(levels)
    lines = weights.T if is_by_input(n_outputs) else weights
    rows = pack(weights, form).reshape(len(lines), -1)
    assert [digits(row, form, lines.shape[1]) for row in rows] == lines.tolist()


def test_forms_take_the_bytes_that_they_say():
    sizes = {
        levels: pack(np.zeros((10, 98), np.int8), narrow_form(levels)).size for levels in LEVELS
    }
    assert sizes == {1: 98 * 2, 3: 98 * 4, 7: 98 * 5}
    assert narrow_form(8) is None and narrow_form(0) is None


@pytest.mark.parametrize("levels", LEVELS)
def test_quantisation_keeps_the_levels(levels):
    head = few_levels(np.random.default_rng(0), 5, 9, levels)
    integer = quantized_example(chain(head, ArgMax(), shape=(9,)))
    kept = integer.nodes[0].op
    scales = level_scales(head.weights.astype(np.float64), levels)
    assert isinstance(kept, QLinear) and kept.levels == levels
    assert np.array_equal(kept.weights, np.rint(head.weights / scales[:, None]))
    assert len(set(kept.scales)) == 5 and integer.specs[integer.scores_name].scales == ()


def test_equalising_channels_leaves_levels_alone():
    """In a deep network it changes the layers behind a map, but not those of few levels."""
    rng = np.random.default_rng(0)
    graph = chain(
        conv(rng, (4, 3, 3, 2)),
        Relu(),
        conv(rng, (3, 3, 3, 4)),
        Relu(),
        Reshape((4 * 6 * 3,)),
        few_levels(rng, 5, 4 * 6 * 3, 1),
        ArgMax(),
    )
    heads = [
        node.op
        for node in integer_graph(graph, example_samples(graph, 50)).nodes
        if isinstance(node.op, QLinear)
    ]
    assert [head.levels for head in heads] == [1]


def test_weights_that_left_their_levels_take_bytes():
    weights = np.random.default_rng(0).normal(size=(3, 9)).astype(np.float32)
    head = Linear(weights, np.zeros(3, np.float32), levels=1)
    integer = quantized_example(chain(head, ArgMax(), shape=(9,)), linear_bits=8)
    assert integer.nodes[0].op.levels == 0 and np.abs(integer.nodes[0].op.weights).max() == 127


@pytest.mark.needs("cc")
@pytest.mark.parametrize("levels", LEVELS)
@pytest.mark.parametrize("n_outputs", [1, 4, 6])
def test_all_forms_of_a_head_give_the_bytes_of_the_definition(tmp_path, levels, n_outputs):
    """Portable stage, routine of a stage, and op by op; features of 8 bits."""
    integer = quantized_example(staged(n_outputs, levels), input_dtype="int8")
    x, m4 = example_samples(integer, 5), get_target("cortex-m4")
    routine = fastest(integer, m4)
    assert any(isinstance(node.op, DspStage) for node in routine.nodes)
    for i, graph in enumerate((fuse(integer), routine, op_by_op(integer, m4))):
        flags = ("-O1", exactness.APART)
        assert exactness.on_host(graph, x, flags, tmp_path / str(i)) == 0


@pytest.mark.parametrize(
    "target",
    [
        pytest.param(t, marks=pytest.mark.needs(*exactness.emulator.tools(t, "gcc")))
        for t in ("cortex-m4", "cortex-m0", "avr")
    ],
)
def test_targets(target):
    integer = quantized_example(staged(10, 1), input_dtype="int8")
    graph = fastest(integer, get_target(target))
    sources = exactness.program(graph, example_samples(integer, 3), host=False)
    assert exactness.on_target(sources, target, ("-Os",)) == 0


@pytest.mark.parametrize("levels", LEVELS)
def test_kernels_keep_their_levels_and_shrink(levels):
    """Lowered as they are, packed several in a byte, and left alone by equalised channels."""
    rng = np.random.default_rng(0)
    first = narrow_conv(rng, (6, 3, 3, 2), levels)
    second = narrow_conv(rng, (5, 3, 3, 6), levels)
    graph = chain(first, Relu(), second)
    integer = integer_graph(graph, example_samples(graph, 50))
    for node, op in zip(integer.nodes, (first, second), strict=True):
        flat = op.weights.reshape(len(op.weights), -1).astype(np.float64)
        whole = np.rint(flat / level_scales(flat, levels)[:, None])
        assert isinstance(node.op, QConv) and node.op.levels == levels
        assert np.array_equal(node.op.weights.reshape(whole.shape), whole)
        stored = node.op.parameters["weights"]
        assert stored.nbytes == pack_lines(whole, narrow_form(levels)).nbytes < 0.6 * whole.size


def test_kernels_that_left_their_levels_take_bytes():
    weights = np.random.default_rng(0).normal(size=(3, 3, 3, 2)).astype(np.float32)
    graph = chain(Conv(weights, np.zeros(3, np.float32), levels=1))
    kept = quantized_example(graph).nodes[0].op
    assert kept.levels == 0 and np.abs(kept.weights).max() > 100
