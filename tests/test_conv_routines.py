"""Convolutions of a target's own: which routine is taken, its bytes, memory and instructions."""

from __future__ import annotations

import subprocess

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import Phase, given, settings

from skconv import PCANetFeatures, emulator, to_c
from skconv.codegen.render import render
from skconv.codegen.routines.blocked import BlockedConv
from skconv.codegen.routines.conv import DspConv
from skconv.codegen.routines.depthwise import DspDepthwise
from skconv.codegen.routines.first import DspFirst
from skconv.codegen.routines.rows import DspRows
from skconv.codegen.routines.strided_depthwise import DspStridedDepthwise
from skconv.codegen.text import table
from skconv.graph import ArgMax, Graph, Hash, QConv, Relu, Reshape, verify
from skconv.target.cost import report
from skconv.target.memory import plan_memory
from skconv.target.targets import WARNING_FLAGS, get_target
from skconv.utils.files import write_files
from tests import exactness
from tests.integer_graphs import input_spec, qconv, samples
from tests.selecting import op_by_op

M0, M4 = get_target("cortex-m0"), get_target("cortex-m4")
ON_M4, ON_M0 = emulator.tools("cortex-m4"), emulator.tools("cortex-m0")
SAME = ((1, 1), (1, 1))
FEW = settings(max_examples=3, deadline=None, derandomize=True, phases=[Phase.generate])


def layers(shape, *each, dtype="uint8") -> Graph:
    """Convolutions one after the other: kernels, size, geometry; 0 kernels: one a channel."""
    rng = np.random.default_rng(0)
    graph = Graph(input_spec(shape, dtype))
    for kernels, size, geometry in each:
        x = graph.output
        groups = x.shape[2] if kernels == 0 else 1
        options = {"groups": groups, **geometry}
        graph = graph.append(qconv(rng, x, kernels or groups, size, **options))
    return graph


def routines(graph: Graph, target="cortex-m4", optimize="balanced") -> list[type]:
    return [type(node.op) for node in op_by_op(graph, get_target(target), optimize).nodes]


@pytest.mark.parametrize(
    ("shape", "layer", "wanted"),
    [
        ((9, 10, 1), (3, (3, 3), {}), [DspConv, DspRows, DspRows]),
        ((9, 9, 1), (3, (4, 4), {}), [DspConv, DspRows, DspRows]),
        ((9, 9, 1), (3, (4, 3), {}), [DspConv, DspRows, DspRows]),
        ((9, 9, 1), (3, (3, 2), {}), [DspConv, DspRows, DspRows]),
        ((9, 10, 1), (3, (3, 2), {}), [DspConv, DspFirst, DspConv]),
        ((9, 16, 1), (3, (3, 9), {}), [DspConv, DspFirst, DspFirst]),
        ((1, 30, 1), (3, (1, 5), {}), [DspConv, DspFirst, DspFirst]),
        ((9, 10, 1), (3, (3, 3), {"stride": (2, 2)}), [DspConv, DspFirst, DspFirst]),
        ((9, 10, 2), (3, (3, 3), {}), [DspConv, DspFirst, DspFirst]),
        ((9, 11, 2), (3, (3, 3), {}), [DspConv, DspFirst, DspConv]),
        ((9, 11, 3), (3, (3, 3), {}), [DspConv, DspConv, DspConv]),
        ((9, 10, 3), (3, (3, 3), {"stride": (1, 2)}), [DspConv, DspFirst, DspFirst]),
        ((9, 10, 4), (3, (3, 3), {"stride": (1, 2)}), [DspConv, DspConv, DspConv]),
        ((9, 10, 4), (0, (3, 3), {}), [DspDepthwise, DspDepthwise, DspDepthwise]),
        ((9, 10, 4), (0, (3, 3), {"stride": (2, 2)}), 3 * [DspStridedDepthwise]),
        ((9, 10, 4), (0, (3, 3), {"stride": (2, 3)}), [QConv, QConv, QConv]),
        ((9, 10, 4), (4, (3, 3), {"groups": 2}), [QConv, QConv, QConv]),
    ],
)
def test_the_routine_that_is_taken(shape, layer, wanted):
    graph = layers(shape, layer)
    assert [routines(graph, optimize=o)[0] for o in ("size", "balanced", "speed")] == wanted


def test_few_lanes_are_fewer_of_int16():
    stride = {"stride": (1, 2)}
    assert routines(layers((9, 10, 2), (3, (3, 3), {}), dtype="int16")) == [DspFirst]
    assert routines(layers((9, 10, 3), (3, (3, 3), stride), dtype="int16")) == [DspConv]


@pytest.mark.parametrize("target", ["cortex-m0", "cortex-m0plus", "cortex-m3", "rv32imc"])
def test_cores_without_packed_arithmetic(target):
    graph = layers((9, 9, 2), (3, (3, 3), {}), (0, (3, 3), {}))
    assert routines(graph, target) == routines(graph, "portable") == [BlockedConv, QConv]
    assert routines(graph, target, "speed") == [BlockedConv, QConv]
    assert routines(graph, target, "size") == routines(graph, "avr") == [QConv, QConv]


SIZES = st.tuples(st.integers(1, 4), st.integers(1, 5))
DTYPES = st.sampled_from(["uint8", "int8", "int16"])


@st.composite
def networks(draw):
    """A convolution of a few channels, one of a channel each, and one that ends in int8."""
    channels = draw(st.integers(1, 4))
    shape = draw(st.integers(6, 9)), draw(st.integers(7, 11)), channels
    rng = np.random.default_rng(draw(st.integers(0, 1000)))
    graph = Graph(input_spec(shape, draw(DTYPES)))
    stride = draw(st.integers(1, 2)), draw(st.integers(1, 2))
    size, kernels = draw(SIZES), draw(st.integers(1, 4))
    geometry = {"stride": stride, "padding": SAME}
    graph = graph.append(qconv(rng, graph.input, kernels, size, draw(DTYPES), **geometry))
    size = draw(SIZES)
    tops = [n // 2 for n in size]
    padding = tuple((top, n - 1 - top) for top, n in zip(tops, size, strict=True))
    dtype = draw(DTYPES)
    graph = graph.append(
        qconv(rng, graph.output, kernels, size, dtype, groups=kernels, padding=padding)
    )
    last = qconv(rng, graph.output, draw(st.integers(1, 4)), (1, 2), draw(DTYPES))
    return graph.append(last)


def traced(graph: Graph, *, host: bool) -> dict[str, str]:
    return exactness.tracing_program(classifier(graph), inputs(graph), host=host)


def inputs(graph: Graph):
    return samples(np.random.default_rng(1), graph.input, 4)


def classifier(graph: Graph) -> Graph:
    """With a decision, which the program that compares all tensors asks for."""
    size = graph.output.size
    return verify(graph.append(Reshape((size,))).append(ArgMax()))


@pytest.mark.needs("cc")
@pytest.mark.parametrize("target", ["cortex-m4", "portable"])
@pytest.mark.parametrize("optimize", ["size", "balanced", "speed"])
@FEW
@given(graph=networks())
def test_every_tensor_on_the_host(tmp_path_factory, target, optimize, graph):
    special = op_by_op(graph, get_target(target), optimize)
    flags = (*exactness.SANITIZERS, "-DM_TRACE")
    folder = tmp_path_factory.mktemp("host")
    assert exactness.run_program(traced(special, host=True), flags, folder) == 0


@pytest.mark.parametrize(
    "target",
    [
        pytest.param(name, marks=pytest.mark.needs(*emulator.tools(name)))
        for name in ("cortex-m4", "cortex-m0", "rv32imc")
    ],
)
@FEW
@given(graph=networks())
def test_every_tensor_on_the_target(target, graph):
    special = op_by_op(graph, get_target(target))
    sources = traced(special, host=False)
    assert exactness.on_target(sources, target, ("-O2", "-DM_TRACE")) == 0


@pytest.mark.needs(*emulator.tools("avr"))
def test_an_export_for_any_core_runs_on_an_avr():
    graph = layers((6, 7, 2), (3, (3, 3), {"padding": SAME}), (2, (2, 2), {}))
    special = op_by_op(graph, get_target("portable"))
    assert {type(node.op) for node in special.nodes} == {BlockedConv}
    assert exactness.on_target(traced(special, host=False), "avr", ("-O2", "-DM_TRACE")) == 0


@pytest.mark.needs(*ON_M4)
@pytest.mark.parametrize("optimize", ["size", "balanced", "speed"])
@pytest.mark.parametrize("target", ["cortex-m4", "cortex-m0"])
def test_tables_and_arena_are_those_of_the_report(target, optimize):
    stride = {"stride": (2, 2), "padding": SAME}
    first, rest = (4, (3, 3), stride), (0, (3, 3), {"padding": SAME})
    graph = classifier(layers((12, 14, 3), first, rest, (1, (1, 1), {}), (3, (3, 3), {})))
    special = op_by_op(graph, get_target(target), optimize)
    sizes = emulator.object_sizes(render(special, "m"), flags=("-O2",), target=target)
    tables = sum(s.size for s in sizes.symbols.values() if s.section == "rodata")
    cost = report(special)
    assert (tables, sizes.bss) == (cost.flash_bytes, cost.ram_bytes)


def depthwise_after_relu(dtype: str, kept: bool) -> Graph:
    """A map, and its channels filtered; the map is read again where it is kept."""
    rng = np.random.default_rng(0)
    graph = layers((6, 8, 3), (4, (3, 3), {"padding": SAME})).append(Relu(), name="map")
    op = qconv(rng, graph.output, 4, (3, 3), dtype, groups=4, padding=SAME)
    graph = graph.append(op, name="filtered")
    if kept:
        graph = graph.append(Relu(), "map", name="again")
    return op_by_op(verify(graph.append(Relu(), name="last")), M4)


def test_depthwise_writes_over_an_input_that_nobody_reads_later():
    plan = plan_memory(depthwise_after_relu("int8", kept=False))
    assert plan.homes["filtered"] == plan.homes["map"]
    for other in (depthwise_after_relu("int16", False), depthwise_after_relu("int8", True)):
        homes = plan_memory(other).homes
        assert homes["filtered"] != homes["map"]


@pytest.mark.needs("cc")
def test_a_tensor_of_another_type_in_the_same_memory(tmp_path):
    """Bytes of codes, with and without a sign; the functions that write them name the type."""
    graph = Graph(input_spec((6, 8, 6))).append(Hash(2), name="codes")
    op = qconv(np.random.default_rng(0), graph.output, 3, (3, 3), groups=3, padding=SAME)
    graph = op_by_op(classifier(graph.append(op, name="filtered")), M4)
    homes = plan_memory(graph).homes
    assert homes["filtered"] == homes["codes"]
    flags = (*exactness.SANITIZERS, "-DM_TRACE")
    sources = exactness.tracing_program(graph, inputs(graph), host=True)
    assert exactness.run_program(sources, flags, tmp_path) == 0


@pytest.mark.needs("avr-gcc")
def test_an_avr_refuses_tables_that_it_cannot_read(tmp_path):
    graph = layers((6, 7, 2), (3, (3, 3), {}))

    def compiled(target: str) -> subprocess.CompletedProcess[str]:
        write_files(tmp_path, render(op_by_op(graph, get_target(target)), "m"))
        flags = (*WARNING_FLAGS, *get_target("avr").flags)
        command = ["avr-gcc", "-Os", *flags, "-c", "m.c", "-o", "m.o"]
        return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)

    refused = compiled("cortex-m4")
    assert refused.returncode != 0
    assert "this export is for cores with Arm's DSP extension" in refused.stderr
    assert "export with target='avr'" in refused.stderr
    for target in ("avr", "portable", "cortex-m0"):
        assert compiled(target).returncode == 0


@pytest.mark.parametrize(
    ("target", "wanted"), [("cortex-m4", DspRows), ("cortex-m0", BlockedConv), ("avr", QConv)]
)
def test_the_first_stage_of_pcanet(target, wanted):
    x = np.random.default_rng(0).integers(0, 256, (12, 8, 8)).astype(np.uint8)
    pcanet = PCANetFeatures(output="float32", n_kernels=(3, 3), kernel_size=3, block_size=4).fit(x)
    model = to_c(pcanet, x, target=target)
    assert wanted in {type(node.op) for node in model.graph.nodes}
    assert model.verify(x).differing_bytes == 0


def instructions(graph: Graph, target: str) -> int:
    prelude = [
        '#include "m.h"',
        '#include "skconv/types.h"',
        *table("x", inputs(graph)[0].ravel()),
        "static m_output_t y[M_OUTPUT_SIZE];",
    ]
    return emulator.count_instructions(
        render(graph, "m"),
        "m_run(x, y)",
        prelude="\n".join(prelude),
        flags=("-O2",),
        target=target,
    )


@pytest.mark.parametrize(
    ("target", "budget"),
    [
        pytest.param("cortex-m4", 40_540, marks=pytest.mark.needs(*ON_M4)),
        pytest.param("cortex-m0", 404_782, marks=pytest.mark.needs(*ON_M0)),
    ],
)
def test_instructions_of_a_whole_network(target, budget):
    """Counts are exact; 2 % are for other releases of the compiler."""
    graph = layers(
        (16, 16, 3),
        (8, (3, 3), {"stride": (2, 2), "padding": SAME}),
        (0, (3, 3), {"padding": SAME}),
        (1, (1, 1), {}),
        (8, (3, 3), {"padding": SAME}),
    )
    found = instructions(op_by_op(graph, get_target(target)), target)
    assert found <= budget * 1.02
    # The portable loops run over taps that lie side by side: on Cortex-M0 little is left to gain.
    assert found < instructions(graph, target) * (0.25 if target == "cortex-m4" else 0.98)
