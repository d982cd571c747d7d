"""Fused stages on maps of several channels for cores with packed arithmetic."""

from __future__ import annotations

from dataclasses import replace

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import Phase, given, settings

from skconv import emulator
from skconv.codegen.render import render
from skconv.codegen.routines import row_stage
from skconv.codegen.routines.base import Wish
from skconv.codegen.routines.registry import planned
from skconv.codegen.routines.row_stage import DspRowStage
from skconv.codegen.routines.stage import DspStage
from skconv.codegen.routines.winograd import DspWinograd
from skconv.codegen.text import table
from skconv.graph import (
    Abs,
    ArgMax,
    BothSigns,
    Fused,
    Graph,
    Magnitude,
    MaxPool,
    QL2Pool,
    QLinear,
    QMeanPool,
    QSquare,
    Relu,
    Reshape,
    SoftThreshold,
    verify,
)
from skconv.target.cost import report
from skconv.target.memory import plan_memory
from skconv.target.targets import get_target
from tests import exactness
from tests.integer_graphs import input_spec, qconv, requantization, samples
from tests.selecting import fastest, fuse

M4 = get_target("cortex-m4")
TOOLS = emulator.tools("cortex-m4")
SAME = ((1, 1), (1, 1))
LIMITS = {"int8": (-127, 127), "uint8": (0, 255), "int16": (-5000, 5000)}
# What a root of two squares leaves in the type.
NARROW = {"int8": (-89, 89), "uint8": (0, 180), "int16": (-5000, 5000)}
FEW = settings(max_examples=4, deadline=None, derandomize=True, phases=[Phase.generate])
NONLINEARITIES = ("none", "relu", "abs", "both signs", "magnitude", "square", "soft", "soft one")


def stage(shape, kernels, size, middle, kind, windows, *, classes=0, dtype="int8", **geometry):
    """An integer stage; with a linear classifier where there are classes."""
    rng = np.random.default_rng(3)
    graph = Graph(input_spec(shape, geometry.pop("input_dtype", "uint8")))
    op = qconv(rng, graph.output, kernels, size, dtype, **geometry)
    low, high = NARROW[dtype] if middle == "magnitude" else LIMITS[dtype]
    rule = replace(op.requantization, minimum=low, maximum=high)
    graph = graph.append(replace(op, requantization=rule))
    threshold = rng.integers(0, high // 2, kernels).astype(np.int16)
    ops = {
        "relu": Relu(),
        "abs": Abs(),
        "both signs": BothSigns(),
        "magnitude": Magnitude(),
        "soft": SoftThreshold(threshold),
        "soft one": SoftThreshold(threshold, both_signs=False),
    }
    if middle == "square":
        largest = graph.output.magnitude**2
        graph = graph.append(QSquare(requantization(rng, largest, "uint8", kernels)))
    elif middle != "none":
        graph = graph.append(ops[middle])
    x, (pool_size, stride) = graph.output, windows
    area = pool_size[0] * pool_size[1]
    rule = requantization(rng, area * x.magnitude, "int8", x.shape[2])
    root = requantization(rng, round(area**0.5 * x.magnitude) + 1, "uint8")
    pools = {
        "max": MaxPool(pool_size, stride),
        "mean": QMeanPool(pool_size, stride, requantization=rule),
        "l2": QL2Pool(pool_size, stride, requantization=root),
    }
    graph = graph.append(pools[kind])
    return classifier(graph, rng, classes) if classes else graph


def classifier(graph: Graph, rng, classes: int) -> Graph:
    graph = graph.append(Reshape((graph.output.size,)))
    weights = rng.integers(-90, 91, (classes, graph.output.size)).astype(np.int8)
    bias = rng.integers(-5000, 5001, classes).astype(np.int32)
    return verify(graph.append(QLinear(weights, bias)).append(ArgMax()))


def inputs(graph: Graph):
    return samples(np.random.default_rng(1), graph.input, 4)


@st.composite
def stages(draw):
    """Any kernel, nonlinearity and windows, those that overlap or leave entries out too."""
    size = draw(st.sampled_from([(3, 3), (2, 3), (1, 1), (3, 1), (1, 4)]))
    channels = draw(st.sampled_from([2, 3, 4, 8]))
    stride = draw(st.sampled_from([(1, 1), (1, 1), (2, 1), (1, 2)]))
    pool = draw(st.tuples(st.integers(1, 4), st.integers(1, 5)))
    steps = draw(st.tuples(st.integers(1, 4), st.integers(1, 4)))
    shape = (draw(st.integers(9, 12)), draw(st.integers(9, 13)), channels)
    return stage(
        shape,
        2 * draw(st.integers(1, 4)),
        size,
        draw(st.sampled_from(NONLINEARITIES)),
        draw(st.sampled_from(["max", "mean", "l2"])),
        (pool, steps),
        classes=draw(st.sampled_from([0, 2, 3, 6])),
        dtype=draw(st.sampled_from(["int8", "uint8", "int16"])),
        input_dtype=draw(st.sampled_from(["uint8", "int8"])),
        stride=stride,
        padding=draw(st.sampled_from([((0, 0), (0, 0)), ((0, 1), (1, 0))])),
    )


def fused(graph: Graph) -> Graph:
    """The stage as one op, whether or not that takes less memory than its parts."""
    nodes = [node for node in graph.nodes if not isinstance(node.op, ArgMax)]
    inner = Graph(graph.input)
    for node in nodes:
        inner = inner.append(node.op, name=node.name)
    whole = Graph(graph.input).append(Fused(inner))
    return verify(whole if len(nodes) == len(graph.nodes) else whole.append(ArgMax()))


def special(graph: Graph, optimize="balanced") -> Graph:
    """With the routine, whether or not it takes less memory."""
    whole = fused(graph)
    op = row_stage.plan(whole.nodes[0].op, whole.input, Wish(optimize))
    assert isinstance(op, DspRowStage)
    found = replace(whole, nodes=(replace(whole.nodes[0], op=op), *whole.nodes[1:]))
    return found if found.is_classifier else decided(found)


def decided(graph: Graph) -> Graph:
    """A class of the features: a program that compares asks for one."""
    return verify(graph.append(Reshape((graph.output.size,))).append(ArgMax()))


@pytest.mark.needs("cc")
@FEW
@given(drawn=st.lists(stages(), min_size=3, max_size=3))
def test_every_stage_on_the_host(tmp_path_factory, drawn):
    for graph, optimize in zip(drawn, ("balanced", "speed", "balanced"), strict=True):
        graph = special(graph, optimize)
        folder = tmp_path_factory.mktemp("stage")
        assert exactness.on_host(graph, inputs(graph), exactness.SANITIZERS, folder) == 0


@pytest.mark.needs(*TOOLS)
@FEW
@given(graph=stages())
def test_every_stage_on_the_target(graph):
    graph = special(graph)
    sources = exactness.program(graph, inputs(graph), host=False)
    assert exactness.on_target(sources, "cortex-m4") == 0


@pytest.mark.needs(*TOOLS)
@pytest.mark.parametrize("flag", ["-O0", "-Os", "-O3"])
def test_any_optimisation_on_the_target(flag):
    windows = ((3, 2), (2, 2))
    graph = special(stage((8, 9, 4), 6, (3, 3), "both signs", "mean", windows, classes=3))
    sources = exactness.program(graph, inputs(graph), host=False)
    assert exactness.on_target(sources, "cortex-m4", (flag,)) == 0


USUAL = {
    "max": stage((14, 14, 16), 16, (3, 3), "relu", "max", ((2, 2), (2, 2)), padding=SAME),
    "mean": stage((14, 14, 8), 8, (3, 3), "abs", "mean", ((3, 3), (3, 3)), classes=10),
    "overlapping": stage((14, 14, 4), 8, (3, 3), "none", "max", ((3, 3), (2, 2)), classes=10),
    "soft": stage((28, 28, 1), 16, (6, 6), "soft", "mean", ((8, 8), (4, 4)), classes=10),
    "pixels": stage((14, 14, 16), 16, (1, 1), "both signs", "mean", ((2, 2), (2, 2))),
    "one channel": stage((14, 14, 1), 8, (3, 3), "none", "max", ((3, 3), (2, 2))),
}


@pytest.mark.parametrize("name", USUAL)
def test_what_is_specialised(name):
    graph = fuse(USUAL[name])
    assert isinstance(graph.nodes[0].op, Fused)
    first = [fastest(graph, M4, o).nodes[0].op for o in ("size", "balanced", "speed")]
    # With 16 kernels of 16 channels, minimal filtering takes fewer instructions, and more memory.
    fastest_one = DspWinograd if name == "max" else DspRowStage
    assert [type(op) for op in first] == [Fused, DspRowStage, fastest_one]


def test_windows_side_by_side_on_one_channel_have_a_routine_of_their_own():
    graph = fuse(stage((14, 14, 1), 8, (3, 3), "none", "max", ((2, 2), (2, 2))))
    assert isinstance(fastest(graph, M4).nodes[0].op, DspStage)


@pytest.mark.needs(*TOOLS)
@pytest.mark.parametrize("name", USUAL)
def test_tables_and_arena_are_those_of_the_report(name):
    graph = fastest(USUAL[name], M4)
    sizes = emulator.object_sizes(render(graph, "m"), flags=("-O2",), target="cortex-m4")
    tables = sum(s.size for s in sizes.symbols.values() if s.section == "rodata")
    cost = report(graph)
    assert (tables, sizes.bss) == (cost.flash_bytes, cost.ram_bytes)


def instructions(graph: Graph) -> int:
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
        target="cortex-m4",
    )


@pytest.mark.needs(*TOOLS)
@pytest.mark.parametrize(
    ("name", "budget"),
    [
        ("max", 445_657),
        ("mean", 97_105),
        ("overlapping", 57_060),
        ("soft", 314_528),
        ("pixels", 147_242),
        ("one channel", 33_193),
    ],
)
def test_instructions(name, budget):
    """Counts are exact; 2 % are for other releases of the compiler."""
    portable = fuse(USUAL[name])
    found = instructions(fastest(portable, M4))
    assert found <= budget * 1.02
    assert found < instructions(portable) / 3


SIGNAL = stage((1, 64, 3), 16, (1, 5), "abs", "mean", ((1, 4), (1, 2)), classes=3)
MANY_STEPS = stage((14, 14, 4), 8, (3, 3), "abs", "mean", ((10, 10), (1, 1)), classes=3)


@pytest.mark.needs("cc")
@pytest.mark.parametrize("graph", [SIGNAL, MANY_STEPS], ids=["signal", "many steps"])
def test_ops_one_after_the_other_where_the_routine_takes_more_memory(graph, tmp_path):
    found = fastest(fused(graph), M4)
    assert [type(n.op).__name__ for n in found.nodes[:2]] == ["DspConv", "Abs"]
    op = fused(graph).nodes[0].op
    packed = planned(op, graph.input, M4, Wish())
    assert packed is op or packed.scratch_bytes > plan_memory(found).arena_bytes
    assert exactness.on_host(found, inputs(graph), exactness.SANITIZERS, tmp_path) == 0
    kept = fastest(fused(graph), M4, by_rows=True)
    assert isinstance(kept.nodes[0].op.stage, Fused if packed is op else DspRowStage)
