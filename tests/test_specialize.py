"""Routines of a kind of target: the same bytes, the memory that was planned, fewer instructions."""

from __future__ import annotations

import numpy as np
import pytest

from skconv import emulator
from skconv.codegen.render import render
from skconv.codegen.routines.conv import DspConv
from skconv.codegen.routines.kernel_machine import DspKernelMachine
from skconv.codegen.routines.linear import DspLinear
from skconv.codegen.routines.stage import DspStage
from skconv.graph import Abs, ArgMax, BothSigns, L2Pool, MaxPool, MeanPool, Relu, Reshape, Square
from skconv.runtime import fixed
from skconv.target.cost import report
from skconv.target.targets import get_target
from skconv.testing import (
    assert_runtimes_agree,
    chain,
    conv,
    example_graphs,
    example_samples,
    linear,
    quantized_example,
)
from tests import exactness
from tests.selecting import fastest, fuse, op_by_op

TOOLS = emulator.tools("cortex-m4")

M4 = get_target("cortex-m4")
RNG = np.random.default_rng(0)


def stage(middle, pool):
    """A one-channel stage with a classifier behind it."""
    ops = [conv(RNG, (4, 3, 3, 1), padding=((1, 1), (1, 1))), *([middle] if middle else []), pool]
    graph = chain(*ops, shape=(11, 13, 1))
    size = graph.output.size
    graph = graph.append(Reshape((size,))).append(linear(RNG, 3, size)).append(ArgMax())
    return quantized_example(graph, input_dtype="int8")


@pytest.mark.needs("cc")
@pytest.mark.parametrize("name", example_graphs())
def test_the_bytes_stay(name):
    """Of what routines compute; what stays as it is others compare."""
    for dtype in ("int8", "int16"):
        graph = quantized_example(example_graphs()[name], input_dtype=dtype)
        x, seen = example_samples(graph), [render(graph, "m")]
        for optimize in ("size", "balanced", "speed"):
            special = op_by_op(graph, M4, optimize)
            if (printed := render(special, "m")) not in seen:
                seen.append(printed)
                assert np.array_equal(fixed.run(special, x), fixed.run(graph, x))
                assert_runtimes_agree(special, x)


@pytest.mark.needs("cc", *TOOLS)
@pytest.mark.parametrize("middle", [None, Abs(), Relu(), BothSigns(), Square()])
@pytest.mark.parametrize("pool", [MaxPool(), MeanPool((3, 2), (3, 2)), L2Pool((2, 3), (3, 3))])
def test_stages_on_the_host_and_on_the_target(middle, pool):
    graph = fastest(stage(middle, pool), M4)
    assert isinstance(graph.nodes[0].op, DspStage)
    x = example_samples(graph)
    assert_runtimes_agree(graph, x)
    sources = exactness.program(graph, x, host=False)
    assert exactness.on_target(sources, "cortex-m4") == 0


def test_every_routine_is_used():
    graphs = [op_by_op(quantized_example(g), M4) for g in example_graphs().values()]
    graphs.append(fastest(stage(Abs(), MaxPool()), M4))
    used = {type(node.op) for graph in graphs for node in graph.nodes}
    assert {DspConv, DspKernelMachine, DspLinear, DspStage} <= used


@pytest.mark.parametrize("target", ["cortex-m0", "cortex-m3", "portable"])
def test_other_targets_keep_the_portable_routines(target):
    """But for convolutions, where `tests/test_conv_routines.py` looks closer."""
    for name in ("groups", "two layers", "rbf"):
        graph = quantized_example(example_graphs()[name])
        assert op_by_op(graph, get_target(target)) == graph
    graph = quantized_example(example_graphs()["conv"])
    assert op_by_op(graph, get_target("avr")) == graph
    assert op_by_op(graph, get_target(target), "size") == graph
    assert op_by_op(graph, get_target(target)) != graph


@pytest.mark.needs(*TOOLS)
@pytest.mark.parametrize("optimize", ["size", "balanced", "speed"])
def test_tables_and_arena_are_those_of_the_report(optimize):
    for graph in (
        *(quantized_example(example_graphs()[n]) for n in ("conv", "rbf", "laplacian", "scaler")),
        fuse(stage(Abs(), MeanPool((3, 3), (3, 3)))),
    ):
        special = op_by_op(graph, M4, optimize)
        sizes, cost = (
            emulator.object_sizes(render(special, "m"), flags=("-O2",), target="cortex-m4"),
            report(special),
        )
        tables = sum(s.size for s in sizes.symbols.values() if s.section == "rodata")
        assert (tables, sizes.bss) == (cost.flash_bytes, cost.ram_bytes)


@pytest.mark.needs(*TOOLS)
def test_a_stage_takes_a_third_of_the_instructions():
    ops = [conv(RNG, (16, 5, 5, 1)), Abs(), MeanPool((4, 4), (4, 4))]
    graph = fuse(quantized_example(chain(*ops, shape=(28, 28, 1)), input_dtype="int8"))
    x = ", ".join(map(str, example_samples(graph, 1).ravel()))
    prelude = (
        f'#include "m.h"\nstatic const m_input_t x[784] = {{{x}}};\n'
        "static m_output_t y[M_OUTPUT_SIZE];"
    )
    plain, special = (
        emulator.count_instructions(
            render(g, "m"), "m_run(x, y)", prelude=prelude, flags=("-O3",), target="cortex-m4"
        )
        for g in (graph, op_by_op(graph, M4))
    )
    assert special < plain / 3
