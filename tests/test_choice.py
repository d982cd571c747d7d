"""What "balanced" spends: twice the RAM of "size", or more for a third of the instructions."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from skconv import emulator
from skconv.codegen.estimates import instructions
from skconv.codegen.render import render
from skconv.codegen.routines.base import Optimize
from skconv.codegen.routines.row_stage import DspRowStage
from skconv.codegen.select import LEAST_SAVED, MOST_BYTES, MOST_TIMES, TIMES, select
from skconv.codegen.text import table
from skconv.graph import (
    Abs,
    ArgMax,
    Fused,
    Graph,
    MaxPool,
    MeanPool,
    QKernelMachine,
    Relu,
    Reshape,
    SoftThreshold,
    TensorSpec,
    Triangle,
)
from skconv.runtime import fixed
from skconv.target.memory import overlaps, plan_memory
from skconv.target.targets import get_target
from skconv.testing import (
    assert_runtimes_agree,
    conv,
    example_samples,
    kernel_machine,
    linear,
    quantized_example,
)
from tests.selecting import fuse

RNG = np.random.default_rng(0)
M4 = get_target("cortex-m4")
OPTIONS: tuple[Optimize, ...] = ("size", "balanced", "speed")


def model(shape, *ops, head: str = "linear") -> Graph:
    """Ops and a classifier, as integers."""
    graph = Graph(TensorSpec(shape))
    for op in ops:
        graph = graph.append(op)
    size = graph.output.size
    graph = graph.append(Reshape((size,)))
    last = linear(RNG, 10, size) if head == "linear" else kernel_machine(RNG, head, size)
    return quantized_example(graph.append(last), input_dtype="int8")


def sound(length: int, kernel: int = 16, window: int = 160, step: int = 160) -> Graph:
    return model(
        (1, length, 1), conv(RNG, (8, 1, kernel, 1)), Relu(), MeanPool((1, window), (1, step))
    )


MODELS = {
    "image": lambda: model((20, 20, 1), conv(RNG, (8, 5, 5, 1)), Abs(), MeanPool((4, 4), (4, 4))),
    "colours": lambda: model((12, 12, 3), conv(RNG, (8, 3, 3, 3)), Relu(), MaxPool()),
    "overlap": lambda: model(
        (16, 16, 1), conv(RNG, (8, 5, 5, 1)), Relu(), MeanPool((4, 4), (2, 2))
    ),
    "machine": lambda: model((8, 8, 1), conv(RNG, (4, 3, 3, 1)), Abs(), MaxPool(), head="rbf"),
    "triangle": lambda: model(
        (12, 12, 1),
        conv(RNG, (9, 3, 3, 1)),
        Triangle(RNG.normal(size=(6, 9)).astype("f4")),
        MeanPool((5, 5), (5, 5)),
    ),
    "sound": lambda: sound(1000),
    "sound, short kernels": lambda: sound(1600, kernel=5),
    "sound, overlap": lambda: sound(1000, step=80),
    "two": lambda: model(
        (16, 16, 1),
        conv(RNG, (6, 3, 3, 1)),
        SoftThreshold(np.linspace(0, 1, 6, dtype="f4")),
        MaxPool(),
        conv(RNG, (8, 3, 3, 12)),
        Relu(),
        MaxPool(),
    ),
}


def ram(graph: Graph) -> int:
    return plan_memory(graph).arena_bytes


def check_rule(small: Graph, balanced: Graph, saved: float) -> None:
    least = ram(small)
    if ram(balanced) > TIMES * least:
        assert saved > LEAST_SAVED
        assert ram(balanced) <= max(MOST_TIMES * least, MOST_BYTES)


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("target", ["portable", "cortex-m4", "avr"])
def test_balanced_is_worth_its_memory(name, target):
    graph = MODELS[name]()
    for by_rows in (False, True):
        small, balanced, fast = (
            select(graph, get_target(target), option, by_rows=by_rows) for option in OPTIONS
        )
        assert ram(small) <= ram(balanced) <= ram(fast)
        core = get_target(target)
        saved = 1 - instructions(balanced, core) / instructions(small, core)
        check_rule(small, balanced, saved)


def counted(graph: Graph) -> int:
    """Instructions on a simulated Cortex-M4."""
    x = example_samples(graph, 1)
    lines = ['#include "m.h"', '#include "skconv/types.h"', *table("x", x.ravel())]
    return emulator.count_instructions(
        render(graph, "m"),
        "m_run(x, y)",
        prelude="\n".join([*lines, "static m_output_t y[M_OUTPUT_SIZE];"]),
    )


@pytest.mark.needs(*emulator.tools("cortex-m4"))
@pytest.mark.parametrize("name", ["image", "overlap", "machine", "sound", "sound, short kernels"])
def test_balanced_is_worth_its_memory_as_it_is_counted(name):
    graph = MODELS[name]()
    small, balanced = (select(graph, M4, option) for option in OPTIONS[:2])
    check_rule(small, balanced, 1 - counted(balanced) / counted(small))


def test_a_long_signal_goes_through_its_stage_sample_by_sample():
    graph = sound(16_000)
    small, balanced, fast = (select(graph, M4, option) for option in OPTIONS)
    assert ram(fast) > 60_000
    assert ram(balanced) <= TIMES * ram(small) <= 256
    assert [type(n.op).__name__ for n in balanced.nodes] == ["Reshape", "DspRowStage"]
    assert [type(n.op).__name__ for n in small.nodes][-1] == "Fused"


@pytest.mark.needs("cc")
@pytest.mark.parametrize("step", [160, 80])
@pytest.mark.parametrize("target", ["portable", "cortex-m4", "avr"])
def test_the_bytes_of_a_turned_signal(step, target):
    graph = sound(600, step=step)
    x = example_samples(graph, 4)
    wanted = fixed.run(graph, x)
    for option in OPTIONS[:2]:
        special = select(graph, get_target(target), option)
        assert np.array_equal(fixed.run(special, x), wanted)
        assert not overlaps(plan_memory(special))
        assert_runtimes_agree(special, x)


def test_overlapping_windows_of_a_signal_need_few_sums_on_any_target():
    graph = fuse(sound(1000, step=40))
    assert isinstance(graph.nodes[0].op, Fused)
    for target in ("portable", "avr"):
        small = select(graph, get_target(target), "size")
        assert 2 * ram(small) < ram(graph)


def test_a_stage_whose_routine_saves_too_little_steps_back():
    """A kernel machine takes nearly all instructions: rows of the map are not worth their RAM."""
    stage = (conv(RNG, (2, 3, 3, 3)), Relu(), MaxPool((11, 11), (11, 11)))
    alone, with_machine = (model((24, 24, 3), *stage, head=head) for head in ("linear", "rbf"))
    heavy = replace(
        with_machine,
        nodes=tuple(
            replace(node, op=larger(node.op)) if isinstance(node.op, QKernelMachine) else node
            for node in with_machine.nodes
        ),
    )
    assert isinstance(select(alone, M4).nodes[0].op, DspRowStage)
    assert isinstance(select(heavy, M4).nodes[0].op, Fused)


def larger(machine: QKernelMachine) -> QKernelMachine:
    """With many times as many support vectors."""
    times = 4000
    return replace(
        machine,
        support_vectors=np.tile(machine.support_vectors, (times, 1)),
        dual_coef=np.tile(machine.dual_coef // times, (1, times)),
        **(
            {}
            if not machine.n_support
            else {"n_support": tuple(times * n for n in machine.n_support)}
        ),
    )


def test_float_graphs_stay():
    graph = Graph(TensorSpec((6,))).append(linear(RNG, 3, 6)).append(ArgMax())
    assert all(select(graph, M4, option) is graph for option in OPTIONS)
