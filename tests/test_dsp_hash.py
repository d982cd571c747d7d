"""Hashed convolutions by packed arithmetic: codes, counts, scores."""

from __future__ import annotations

from dataclasses import replace

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

from skconv import emulator
from skconv.codegen.render import render
from skconv.codegen.routines.hash import DspHash, DspHashStage, packing
from skconv.graph import (
    INPUT,
    ArgMax,
    BlockHistogram,
    Fused,
    Graph,
    QConvHash,
    Reshape,
    TensorSpec,
)
from skconv.target.cost import report
from skconv.target.memory import scratch_bytes
from skconv.target.targets import get_target
from skconv.testing import assert_runtimes_agree
from tests import exactness
from tests.integer_graphs import conv_parts, input_spec, requantization, samples
from tests.mcu.hash import hashed, map_case, map_row, row, stage_case, work
from tests.mcu.rows import head
from tests.mcu.running import differing_on_host, differing_on_m4
from tests.selecting import fastest, op_by_op

TOOLS = emulator.tools("cortex-m4")
M4 = get_target("cortex-m4")
RNG = np.random.default_rng(0)
FLAGS = pytest.mark.parametrize("flag", ["-O2", "-Os"])

FEW = settings(
    max_examples=3,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.data_too_large],
)
SIDES = st.tuples(st.integers(0, 3), st.integers(0, 3))


@st.composite
def maps(draw):
    """A bank, and a map of some channels that it is applied to."""
    size = draw(st.integers(1, 5)), draw(st.integers(1, 12))
    shape = (
        draw(st.integers(size[0], 14)),
        draw(st.integers(size[1], 17)),
        draw(st.integers(1, 4)),
    )
    x = input_spec(shape, draw(st.sampled_from(["uint8", "int8", "int16"])))
    rng = np.random.default_rng(draw(st.integers(0, 1000)))
    padding = draw(SIDES), draw(SIDES)
    op = hashed(rng, x, draw(st.integers(1, 8)), size, draw(st.integers(1, 2)), padding=padding)
    if shape[2] == 1 and draw(st.booleans()):
        op = replace(op, shared=False)
    assert packing.fits(op, x)
    return rng, op, x


@st.composite
def stages(draw, with_head):
    """Blocks apart, side by side, or overlapping."""
    rng, op, x = draw(maps())
    op = replace(op, n_bits=draw(st.sampled_from(divisors(op.n_bits))))
    n_rows, n_columns, _ = op.output(x).shape
    size = draw(st.integers(1, min(7, n_rows))), draw(st.integers(1, min(9, n_columns)))
    stride = tuple(draw(st.integers(1, step + 2)) for step in size)
    bins = 2**op.n_bits + draw(st.sampled_from([0, 0, 1]))
    histogram = BlockHistogram(size, stride, bins)
    linear = None
    if with_head:
        features = histogram.output(op.output(x)).size
        dtype = draw(st.sampled_from(["int8", "int16"]))
        linear = head(rng, draw(st.integers(1, 19)), features, dtype)
    return stage_case(rng, op, x, histogram, linear)


def divisors(n: int) -> list[int]:
    """Those up to 4: few bins keep the tables of a test small."""
    return [i for i in range(1, 5) if n % i == 0]


@pytest.mark.needs("cc")
@FEW
@given(st.lists(maps(), min_size=12, max_size=12))
def test_codes_equal_the_definition_on_the_host(tmp_path_factory, drawn):
    cases = [map_case(*parts) for parts in drawn]
    assert differing_on_host(cases, tmp_path_factory.mktemp("codes")) == 0


@pytest.mark.needs("cc")
@FEW
@given(st.lists(stages(with_head=False), min_size=12, max_size=12))
def test_counts_equal_the_definition_on_the_host(tmp_path_factory, drawn):
    assert differing_on_host(drawn, tmp_path_factory.mktemp("counts")) == 0


@pytest.mark.needs("cc")
@FEW
@given(st.lists(stages(with_head=True), min_size=8, max_size=8))
def test_scores_equal_the_definition_on_the_host(tmp_path_factory, drawn):
    assert differing_on_host(drawn, tmp_path_factory.mktemp("scores")) == 0


def some_cases():
    """Every use of the codes, odd sizes, counts of 16 bits."""
    rng = np.random.default_rng(3)
    for shape, dtype, bits, size, block, stride, outputs in (
        ((12, 13, 3), "int8", 4, (5, 5), (3, 4), (3, 4), 3),
        ((9, 12, 1), "uint8", 8, (3, 4), (2, 3), (2, 3), 10),
        ((10, 11, 4), "int16", 3, (1, 1), (4, 4), (2, 3), 9),
        ((18, 19, 2), "int8", 1, (2, 3), (17, 16), (17, 16), 2),
    ):
        x = input_spec(shape, dtype)
        op = hashed(rng, x, bits, size, padding=((1, 1), (2, 1)))
        histogram = BlockHistogram(block, stride, 2**bits)
        features = histogram.output(op.output(x)).size
        yield map_case(rng, op, x)
        yield stage_case(rng, op, x, histogram)
        for weights in ("int8", "int16"):
            yield stage_case(rng, op, x, histogram, head(rng, outputs, features, weights))


@pytest.mark.needs("cc")
def test_these_cases_on_the_host(tmp_path):
    assert differing_on_host(list(some_cases()), tmp_path) == 0


@pytest.mark.needs(*TOOLS)
@FLAGS
def test_these_cases_on_cortex_m4(flag):
    assert differing_on_m4(list(some_cases()), flag) == 0


def scored(op: QConvHash, x: TensorSpec, histogram: BlockHistogram, outputs: int) -> Graph:
    """A hash, a histogram and a linear layer."""
    graph = Graph(x).append(op, INPUT).append(histogram)
    graph = graph.append(Reshape((graph.output.size,)))
    return graph.append(head(np.random.default_rng(5), outputs, graph.output.size, "int16"))


def chains() -> dict[str, Graph]:
    x = input_spec((12, 11, 3), "int8")
    op = hashed(np.random.default_rng(6), x, 3, padding=((2, 2), (2, 2)))
    weighted = scored(op, x, BlockHistogram((4, 3), (4, 3), 8), 3)
    return {
        "codes": Graph(x).append(op, INPUT),
        "counts": Graph(x, weighted.nodes[:2]),
        "weighted": weighted,
        "looked up": scored(op, x, BlockHistogram((4, 3), (2, 3), 8), 10),
    }


def special(name: str) -> Graph:
    """The chain as one op for the target, and a decision."""
    chain = chains()[name]
    graph = chain if name == "codes" else Graph(chain.input).append(Fused(chain), INPUT)
    graph = graph.append(Reshape((graph.output.size,))).append(ArgMax())
    return op_by_op(graph, M4)


@pytest.mark.needs("cc", *TOOLS)
@pytest.mark.parametrize("name", chains())
def test_stages_on_the_host_and_on_the_target(name):
    graph = special(name)
    assert isinstance(graph.nodes[0].op, DspHash if name == "codes" else DspHashStage)
    x = samples(np.random.default_rng(7), graph.input)
    assert_runtimes_agree(graph, x)
    sources = exactness.program(graph, x, host=False)
    assert exactness.on_target(sources, "cortex-m4") == 0


@pytest.mark.needs(*TOOLS)
@pytest.mark.parametrize("name", chains())
def test_tables_and_arena_are_those_of_the_report(name):
    graph = special(name)
    sizes = emulator.object_sizes(render(graph, "m"), flags=("-O2",), target="cortex-m4")
    cost = report(graph)
    tables = sum(s.size for s in sizes.symbols.values() if s.section == "rodata")
    assert (tables, sizes.bss) == (cost.flash_bytes, cost.ram_bytes)


def stage_named(name: str) -> packing.HashStage:
    stage = packing.stage_of(Fused(chains()[name]))
    assert stage is not None
    return stage


def test_scratch_is_rows_of_one_channel_codes_and_counts():
    """Rows of 16 lanes for a kernel of five, two rows of eleven codes, 24 counts."""
    rows, codes, counts = 6 * 16 * 2, 24, 3 * 8
    assert scratch_bytes(special("codes").nodes[0].op) == rows
    assert scratch_bytes(special("counts").nodes[0].op) == rows + codes
    assert scratch_bytes(special("weighted").nodes[0].op) == rows + codes + counts
    assert scratch_bytes(special("looked up").nodes[0].op) == rows + codes


def test_counts_are_weighted_where_bins_are_few_and_blocks_apart():
    weighted, looked_up = stage_named("weighted"), stage_named("looked up")
    assert (weighted.use, looked_up.use) == ("weighted", "looked_up")
    assert weighted.linear is not None
    two = replace(weighted.linear, weights=weighted.linear.weights[:2])
    assert replace(weighted, linear=two).use == "looked_up"
    many = replace(weighted, histogram=replace(weighted.histogram, n_bins=13))
    assert many.use == "looked_up"


def test_fusion_hands_the_stage_over():
    assert isinstance(fastest(chains()["weighted"], M4).nodes[0].op, DspHashStage)


@pytest.mark.needs(*TOOLS)
@pytest.mark.parametrize(
    ("bits", "n_maps", "outputs", "instructions", "bytes_of_scratch"),
    [
        (4, 4, None, 350_360, 440),
        (4, 4, 10, 360_757, 504),
        (8, 2, None, 326_375, 440),
        (8, 2, 10, 346_314, 440),
    ],
)
def test_instructions_and_bytes_of_a_stage(bits, n_maps, outputs, instructions, bytes_of_scratch):
    found = row(bits, n_maps, outputs)
    assert found.instructions <= instructions * 1.02
    assert found.scratch_bytes == bytes_of_scratch


@pytest.mark.needs(*TOOLS)
def test_instructions_and_bytes_of_codes():
    found = map_row(4, 4)
    assert found.instructions <= 328_625 * 1.02
    assert found.scratch_bytes == packing.buffer_bytes(*work(4, 4)) == 384


def test_what_it_leaves_to_the_portable_path():
    op, x = work(4, 4)
    assert packing.fits(op, x)
    assert not packing.fits(replace(op, stride=(1, 2)), x)
    assert not packing.fits(replace(op, dilation=(2, 1)), x)
    assert not packing.fits(replace(op, pad_mode="circular"), x)
    assert not packing.fits(op, replace(x, dtype="uint16"))
    assert not packing.fits(replace(op, n_bits=8), x)
    every_channel = QConvHash(**conv_parts(np.random.default_rng(0), x, 4, (5, 5)), n_bits=4)
    assert not packing.fits(every_channel, x)
    few_bins = Graph(x).append(op, INPUT).append(BlockHistogram((7, 7), (7, 7), 8))
    assert packing.stage_of(Fused(few_bins)) is None


def test_a_layer_that_is_requantised_is_no_head():
    graph = chains()["weighted"]
    linear = replace(graph.nodes[-1].op, requantization=requantization(RNG, 2**20, "int16"))
    assert packing.stage_of(Fused(graph)) is not None
    assert packing.stage_of(Fused(Graph(graph.input, graph.nodes[:-1]).append(linear))) is None
