"""Coded weights: kept by quantisation, stored in fewer bytes, expanded to the same integers."""

from __future__ import annotations

from dataclasses import replace

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given, settings

from skconv.codegen.emit_streamed import StreamedStage
from skconv.codegen.select import select
from skconv.codegen.unpack import unpacked
from skconv.graph import (
    ArgMax,
    Fused,
    Graph,
    MaxPool,
    MeanPool,
    QConv,
    QLinear,
    QMeanPool,
    Relu,
    Reshape,
    from_dict,
    to_dict,
)
from skconv.graph.storage.codebook import Codebook
from skconv.graph.storage.coded import SLICE_BYTES, coded_of, pack_fields
from skconv.graph.storage.dictionary import Dictionary
from skconv.passes.integers import integer_graph
from skconv.target.memory import plan_memory, scratch_bytes
from skconv.target.targets import get_target
from skconv.testing import chain, conv, example_samples, linear, quantized_example
from skconv.testing.coded import codebook, coded_conv, coded_examples, coded_linear
from skconv.testing.parts import MAP
from tests import exactness
from tests.integer_coded import coded_of_seed


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def plain(graph: Graph) -> Graph:
    """The same integers with their weights one by one."""
    nodes = (
        node if coded_of(node.op) is None else replace(node, op=replace(node.op, coded=None))
        for node in graph.nodes
    )
    return replace(graph, nodes=tuple(nodes))


@given(st.integers(1, 16), st.integers(1, 5), st.integers(1, 9), st.integers(0, 99))
@settings(max_examples=40, deadline=None, derandomize=True)
def test_fields_lie_from_the_lowest_bit_up(bits, n_lines, size, seed):
    values = rng(seed).integers(0, 2**bits, (n_lines, size))
    packed = pack_fields(values, bits)
    number = int.from_bytes(packed.tobytes(), "little")
    found = [number >> i * bits & 2**bits - 1 for i in range(values.size)]
    assert found == values.ravel().tolist()
    assert len(packed) == -(-values.size * bits // 8)


def test_a_codeword_by_channel_holds_all_its_taps():
    codewords = np.arange(8, dtype=np.int8).reshape(2, 4)
    coded = Codebook((1, 2, 2, 3), codewords, np.array([[1, 0, 1]]), by_channel=True)
    assert coded.weights()[0, :, :, 0].tolist() == [[4, 5], [6, 7]]
    assert coded.weights()[0, :, :, 1].tolist() == [[0, 1], [2, 3]]
    assert coded.nbytes == 8 + 1


def test_quantisation_keeps_coded_weights():
    graph = coded_examples(rng())["codebook"]
    wanted, kept = (
        [node.op for node in some.nodes if coded_of(node.op) is not None]
        for some in (graph, quantized_example(graph))
    )
    assert len(wanted) == len(kept) == 4
    for op, integer in zip(wanted, kept, strict=True):
        assert integer.coded is op.coded
        assert np.array_equal(integer.weights, op.coded.weights())
        assert {"codewords", "indices"} < integer.parameters.keys() - {"weights"}
        assert "weights" not in integer.parameters


def test_weights_that_were_changed_are_stored_plainly():
    op = coded_conv(rng(), codebook(rng(), (4, 3, 3, 2)))
    turned = replace(op, weights=op.weights[::-1])
    fewer = replace(op, weights=op.weights[:2], bias=op.bias[:2])
    for changed in (turned, fewer):
        kept = quantized_example(chain(changed, Relu())).nodes[0].op
        assert isinstance(kept, QConv) and kept.coded is None
        assert np.abs(kept.weights).max() == 127


def test_scales_of_kernels_may_change():
    op = coded_conv(rng(), codebook(rng(), (4, 3, 3, 2)))
    scaled = replace(op, weights=op.weights * np.float32([1, 2, 3, 0.1])[:, None, None, None])
    kept = quantized_example(chain(scaled, Relu())).nodes[0].op
    assert kept.coded is op.coded


def test_equalising_channels_leaves_coded_weights_alone():
    graph = chain(
        coded_conv(rng(), codebook(rng(), (4, 3, 3, 2))),
        Relu(),
        coded_conv(rng(), codebook(rng(), (3, 3, 3, 4))),
        Relu(),
        Reshape((4 * 6 * 3,)),
        coded_linear(rng(), codebook(rng(), (5, 72), 3)),
        ArgMax(),
    )
    integer = integer_graph(graph, example_samples(graph, 50))
    assert sum(coded_of(node.op) is not None for node in integer.nodes) == 3


def test_slices_of_kernels_bound_the_scratch_memory():
    integer = quantized_example(coded_examples(rng())["codebook"])
    for node in integer.nodes:
        if coded_of(node.op) is not None:
            assert 0 < node.op.scratch_bytes <= SLICE_BYTES
    assert plan_memory(integer).arena_bytes > plan_memory(plain(integer)).arena_bytes


def pooled(kernels: int, shape: tuple[int, ...] = MAP) -> Graph:
    """Coded kernels and a pooling, in integers."""
    return quantized_example(
        chain(
            coded_conv(rng(), codebook(rng(), (kernels, 3, 3, shape[2]))),
            Relu(),
            MeanPool((2, 2), (2, 2)),
            shape=shape,
        )
    )


@pytest.mark.parametrize("target", ["portable", "cortex-m4", "cortex-m0", "avr"])
def test_coded_kernels_stand_in_a_stage_and_coded_heads_alone(target):
    integer = quantized_example(
        chain(
            coded_conv(rng(), codebook(rng(), (4, 3, 3, 2))),
            Relu(),
            MeanPool((2, 2), (2, 2)),
            Reshape((4 * 3 * 4,)),
            coded_linear(rng(), codebook(rng(), (3, 48), 4)),
            ArgMax(),
        )
    )
    chosen = select(integer, get_target(target), "speed")
    coded = [node.op for node in chosen.nodes if coded_of(node.op) is not None]
    assert [type(op) for op in coded] == [Fused, QLinear]


def test_a_stage_has_room_for_all_of_its_coded_weights():
    integer = pooled(4)
    (stage,) = select(integer, get_target("portable")).nodes
    (plain_stage,) = select(plain(integer), get_target("portable")).nodes
    assert scratch_bytes(stage.op) == scratch_bytes(plain_stage.op) + 4 * 3 * 3 * 2


def test_kernels_that_take_more_than_their_maps_are_expanded_in_slices():
    integer = pooled(40, (6, 6, 30))
    chosen = select(integer, get_target("portable"), "size")
    assert [type(node.op) for node in chosen.nodes] == [QConv, QMeanPool]


def test_a_coded_graph_is_plain_data():
    graph = coded_examples(rng())["codebook groups"]
    back = from_dict(to_dict(graph))
    for node, other in zip(graph.nodes, back.nodes, strict=True):
        coded, found = coded_of(node.op), coded_of(other.op)
        assert (coded is None) == (found is None)
        assert coded is None or np.array_equal(coded.weights(), found.weights())


@pytest.mark.needs("cc")
@pytest.mark.parametrize("by_rows", [False, True], ids=["whole", "rows"])
@pytest.mark.parametrize("boot", [False, True], ids=["inference", "boot"])
def test_a_stage_of_coded_kernels_gives_the_bytes_of_the_definition(tmp_path, by_rows, boot):
    graph = chain(
        coded_conv(rng(), codebook(rng(), (4, 3, 3, 1)), padding=((1, 1), (1, 1))),
        Relu(),
        MaxPool((3, 3), (2, 2)),
        Reshape((4 * 3 * 4,)),
        linear(rng(), 3, 48),
        ArgMax(),
        shape=(8, 10, 1),
    )
    integer = quantized_example(graph)
    chosen = select(integer, get_target("portable"), by_rows=by_rows)
    assert isinstance(chosen.nodes[0].op, StreamedStage if by_rows else Fused)
    chosen = unpacked(chosen, get_target("portable")) if boot else chosen
    x = example_samples(integer, 3)
    assert exactness.on_host(chosen, x, ("-O1", exactness.APART), tmp_path) == 0


@pytest.mark.needs("cc")
@pytest.mark.parametrize("target", ["portable", "cortex-m4"])
def test_a_fused_neighbour_and_coded_weights_give_the_bytes_of_the_definition(tmp_path, target):
    graph = chain(
        conv(rng(), (40, 3, 3, 2)),
        Relu(),
        coded_conv(rng(), codebook(rng(), (40, 3, 3, 1)), groups=40),
        Relu(),
        conv(rng(), (4, 1, 1, 40)),
        Relu(),
        MeanPool((2, 2), (2, 2)),
        Reshape((4 * 2 * 3,)),
        linear(rng(), 3, 24),
        ArgMax(),
    )
    integer = quantized_example(graph)
    chosen = select(integer, get_target(target), "speed")
    x = example_samples(integer, 3)
    assert exactness.on_host(chosen, x, ("-O1", exactness.APART), tmp_path) == 0


@pytest.mark.parametrize(
    "target",
    [
        pytest.param(t, marks=pytest.mark.needs(*exactness.emulator.tools(t, "gcc")))
        for t in ("cortex-m4", "cortex-m0", "avr")
    ],
)
def test_targets(target):
    integer = coded_of_seed(1)
    graph = select(integer, get_target(target))
    sources = exactness.program(graph, example_samples(integer, 2), host=False)
    assert exactness.on_target(sources, target, ("-Os",)) == 0


def test_a_dictionary_packs_index_image_and_number():
    kernels = np.array([[[1, 2], [3, 4]], [[-5, 6], [7, 8]]], np.int8)
    parts = (np.array([[1, 0]]), np.array([[5, 2]]), np.array([[-3, 2]]))
    coded = Dictionary((1, 2, 2, 2), kernels, *parts, n_turns=8, most=3)
    assert coded.bits == (1, 3, 3)
    first, second = (1 | 5 << 1 | 0 << 4), (0 | 2 << 1 | 5 << 4)
    assert int.from_bytes(coded.tables["slices"].tobytes(), "little") == first | second << 7
    # Axes exchanged, then flipped; upside down.
    assert coded.weights()[0, :, :, 0].tolist() == [[-21, 15], [-24, -18]]
    assert coded.weights()[0, :, :, 1].tolist() == [[6, 8], [2, 4]]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"kernels": np.zeros((2, 3, 3), np.int8)}, "entries have shape \\(3, 3\\)"),
        ({"turns": np.full((1, 2), 8)}, "turns of shape \\(1, 2\\) from 8 to 8"),
        ({"kernels": np.full((2, 2, 2), 64, np.int8)}, "3 times the largest tap"),
        ({"n_turns": 3}, "expected 1, 2 or 4"),
    ],
)
def test_what_is_no_dictionary(changes, message):
    zeros = np.zeros((1, 2), int)
    parts = {"kernels": np.zeros((2, 2, 2), np.int8), "indices": zeros, "turns": zeros}
    with pytest.raises(ValueError, match=message):
        Dictionary((1, 2, 2, 2), **(parts | {"times": zeros, "n_turns": 8, "most": 3} | changes))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"indices": np.zeros((2, 3), int)}, "expected \\(2, 2\\)"),
        ({"indices": np.full((2, 2), 5)}, "indices from 5 to 5"),
        ({"by_channel": True}, "expected 1"),
    ],
)
def test_what_is_no_codebook(changes, message):
    parts = {"codewords": np.zeros((3, 2), np.int8), "indices": np.zeros((2, 2), int)}
    with pytest.raises(ValueError, match=message):
        Codebook((2, 4), **(parts | changes))
