"""Random graphs: every target gives the bytes of the integer definition, for all of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from typing import TypeVar

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from skconv.codegen import routines as routines_of
from skconv.codegen.routines.base import Optimize
from skconv.emulator import tools
from skconv.graph import Fused, Graph, Op, QLinear, TensorSpec
from skconv.graph.nested import Packed
from skconv.graph.ops import ConvGeometry, PoolGeometry
from skconv.runtime import fixed
from skconv.target.memory import plan_memory
from skconv.target.targets import get_target
from skconv.testing import assert_runtimes_agree
from tests import exactness
from tests.integer_bits import bits_of_seed
from tests.integer_coded import coded_of_seed
from tests.integer_columns import columns_of_seed
from tests.integer_graphs import every_integer_op
from tests.integer_narrow import narrow_of_seed
from tests.integer_separable import separable_of_seed
from tests.integer_signals import (
    filters_of_seed,
    micro_frontend_of_seed,
    rocket_scores,
    signal_of_seed,
    spectrogram_of_seed,
    suppressed_noise_of_seed,
)
from tests.many_graphs import Case, defined, differences, program, samples
from tests.random_ballots import ballots_of_seed
from tests.random_convolutions import rows_of_three_of_seed, small_kernels_of_seed, sparse_of_seed
from tests.random_graphs import MOST_CHANNELS, graphs, of_seed
from tests.random_neighbours import neighbours_of_seed
from tests.random_probabilities import probabilities_of_seed
from tests.random_quadratic import squares_of_seed
from tests.random_trees import trees_of_seed
from tests.selecting import fastest

N_GRAPHS, N_ROCKETS, N_SIGNALS, N_CODED = 120, 4, 4, 4
N_NARROW = 12
N_SEPARABLE, N_BITS = 16, 6
# Graphs of classical models: a maker of graphs from seeds, and how many of them.
CLASSICAL = {
    ballots_of_seed: 4,
    probabilities_of_seed: 6,
    neighbours_of_seed: 16,
    columns_of_seed: 6,
    squares_of_seed: 12,
    trees_of_seed: 12,
}
FIRST_SEED = 2140  # of graphs that use every op and every routine
OPTIMIZE: tuple[Optimize, ...] = ("size", "balanced", "speed")
# What is being held together is the bytes, not the speed: optimisations differ, and each set of
# instructions is compiled once with everything inlined.
# A board takes one half of the graphs, and another that shares its C the other: this machine
# runs them all.
BOARDS = {
    "cortex-m0": (0, ("-O1",)),
    "cortex-m4": (0, ("-O2",)),
    "cortex-m7": (1, ("-Os", exactness.APART)),
    "rv32imc": (1, ("-O1",)),
}
AVR_RAM = 13_000
T = TypeVar("T")


@cache
def drawn() -> list[tuple[Graph, Optimize]]:
    """The same graphs every time, each with a way to optimise it."""
    seeds = range(FIRST_SEED, FIRST_SEED + N_GRAPHS)
    some = [*map(of_seed, seeds), *map(rocket_scores, range(N_ROCKETS))]
    some += map(signal_of_seed, range(N_SIGNALS))
    some += map(spectrogram_of_seed, range(N_SIGNALS))
    some += map(filters_of_seed, range(N_SIGNALS))
    some += map(micro_frontend_of_seed, range(N_SIGNALS))
    some += map(suppressed_noise_of_seed, range(N_SIGNALS))
    some += map(small_kernels_of_seed, range(N_SIGNALS))
    some += map(rows_of_three_of_seed, range(N_SIGNALS))
    some += map(sparse_of_seed, range(N_SIGNALS))
    some += map(coded_of_seed, range(N_CODED))
    some += map(narrow_of_seed, range(N_NARROW))
    some += map(separable_of_seed, range(N_SEPARABLE))
    some += map(bits_of_seed, range(N_BITS))
    some += [make(seed) for make, n in CLASSICAL.items() for seed in range(n)]
    return [(graph, OPTIMIZE[i % len(OPTIMIZE)]) for i, graph in enumerate(some, FIRST_SEED)]


def halves(things: Sequence[T]) -> tuple[list[T], list[T]]:
    """By the sequence of Thue and Morse, which no cycle of a maker of graphs keeps step with."""
    odd = [i.bit_count() % 2 for i in range(len(things))]
    first, second = ([t for t, of in zip(things, odd, strict=True) if of == n] for n in (0, 1))
    return first, second


@cache
def cases(target: str, half: int | None = None) -> list[Case]:
    """Graphs, by default all, as an export for the target has them."""
    numbered = list(enumerate(drawn()))
    return [
        Case(f"g{i}_{optimize}", graph, fastest(graph, get_target(target), optimize))
        for i, (graph, optimize) in (numbered if half is None else halves(numbered)[half])
    ]


def assert_none_differ(some: list[Case], output: str) -> None:
    if text := differences(some, output):
        pytest.fail(text, pytrace=False)


def some_for_dsp() -> list[Case]:
    """All graphs, every fourth with the routines of Cortex-M4, whose C this machine runs too."""
    special = cases("cortex-m4")
    return [special[i] if i % 4 == 0 else case for i, case in enumerate(cases("portable"))]


@pytest.mark.parametrize(
    ("half", "compiler"),
    [pytest.param(*each, marks=pytest.mark.needs(each[1])) for each in enumerate(("clang", "gcc"))],
)
def test_on_this_machine(tmp_path, half, compiler):
    """Each compiler one half; without optimisation and with checks this machine runs both."""
    some = cases("portable", half)
    sources, flags = program(some, host=True), ("-O2", exactness.APART)
    assert_none_differ(some, exactness.output_on_host(sources, flags, tmp_path, compiler))


@pytest.mark.needs("gcc")
def test_without_undefined_behaviour(tmp_path):
    some = some_for_dsp()
    sources = program(some, host=True)
    output = exactness.output_on_host(sources, exactness.SANITIZERS, tmp_path, "gcc")
    assert_none_differ(some, output)


@pytest.mark.parametrize(
    "target", [pytest.param(name, marks=pytest.mark.needs(*tools(name))) for name in BOARDS]
)
def test_on_boards(target):
    half, flags = BOARDS[target]
    some = cases(target, half)
    sources = program(some, host=False)
    assert_none_differ(some, exactness.output_on_target(sources, target, flags))


def ram(case: Case) -> int:
    """Bytes of a model that is traced, and of its input and output."""
    graph = case.special
    tensors = sum(spec.nbytes for spec in graph.specs.values())
    return tensors + plan_memory(graph).arena_bytes


def loads(some: list[Case]) -> list[list[Case]]:
    """The graphs that are small enough, as many at a time as there is RAM for."""
    small = [c for c in some if ram(c) <= 3000 and c.special.parameter_bytes <= 4000]
    found: list[list[Case]] = [[]]
    for case in small:
        if sum(map(ram, found[-1])) + ram(case) > AVR_RAM:
            found.append([])
        found[-1].append(case)
    return found


@pytest.mark.needs(*tools("avr"))
def test_on_avr():
    """Of a half of the graphs 16 kB of RAM hold about a half, in several programs."""
    some = loads(cases("avr", 0))
    assert sum(map(len, some)) >= N_GRAPHS // 6
    for load in some:
        output = exactness.output_on_target(program(load, host=False), "avr", ("-Os",))
        assert_none_differ(load, output)


@pytest.mark.needs("cc")
def test_what_differs_is_named(tmp_path):
    """Biases that are one off: the graph, the target's part in it, and the node are told."""
    graph, layer = next(
        (graph, node)
        for graph, _ in drawn()
        for node in graph.nodes
        if isinstance(node.op, QLinear) and node.op.requantization is None
    )
    bias = np.where(layer.op.bias > 0, layer.op.bias - 1, layer.op.bias + 1)
    wrong = replace(layer, op=replace(layer.op, bias=bias.astype(np.int32)))
    nodes = tuple(wrong if node is layer else node for node in graph.nodes)
    pair = [Case("right", graph, graph), Case("wrong", graph, replace(graph, nodes=nodes))]
    text = differences(pair, exactness.output_on_host(program(pair, host=True), ("-O0",), tmp_path))
    assert text.startswith(f"wrong: node {layer.name!r} (QLinear")
    assert repr(graph) in text and "right:" not in text
    assert differences(pair, "2") == ""
    with pytest.raises(ValueError, match="the program ran 1 graphs, expected 2"):
        differences(pair, "1")


def all_nodes() -> list[tuple[Op, TensorSpec]]:
    """Every op that was drawn, and what it reads."""
    return [
        (node.op, specs[node.inputs[0]])
        for graph, _ in drawn()
        for specs in (graph.specs,)
        for node in graph.nodes
    ]


def test_the_graphs_are_many_and_use_every_op():
    others = N_ROCKETS + 8 * N_SIGNALS + N_CODED + N_NARROW + N_SEPARABLE + N_BITS
    assert len(drawn()) == N_GRAPHS + others + sum(CLASSICAL.values())
    found = Counter(type(op) for op, _ in all_nodes())
    wanted = {type(node.op) for node in every_integer_op().nodes}
    assert set(found) == wanted
    assert min(found.values()) >= 3
    for half in halves(drawn()):
        assert {type(node.op) for graph, _ in half for node in graph.nodes} == wanted
    assert {len(graph.nodes) for graph, _ in drawn()} >= set(range(1, 9))
    assert {optimize for _, optimize in drawn()} == set(OPTIMIZE)


def test_the_graphs_have_every_shape():
    inputs = [graph.input for graph, _ in drawn()]
    maps = [x.shape for x in inputs if len(x.shape) == 3]
    assert {channels for _, _, channels in maps} >= set(range(1, MOST_CHANNELS + 1))
    assert {(height % 2, width % 2) for height, width, _ in maps} == {
        (0, 0),
        (0, 1),
        (1, 0),
        (1, 1),
    }
    assert {x.dtype for x in inputs} == {"uint8", "int8", "int16"}
    assert any(len(x.shape) == 1 for x in inputs)


def test_the_graphs_have_every_geometry():
    ops = [op for op, _ in all_nodes()]
    convs = [op for op in ops if isinstance(op, ConvGeometry)]
    assert {op.stride[axis] for op in convs for axis in (0, 1)} == {1, 2, 3}
    assert {op.dilation[axis] for op in convs for axis in (0, 1)} == {1, 2, 3}
    assert {(op.pad_mode, any(map(any, op.padding))) for op in convs} == {
        ("zero", True), ("zero", False), ("circular", True), ("circular", False)
    }  # fmt: skip
    assert {op.shared for op in convs} == {False, True}
    assert {1 < op.groups < op.groups * op.weights.shape[3] for op in convs} == {False, True}
    assert any(1 < op.groups == len(op.weights) and op.weights.shape[3] == 1 for op in convs)
    pools = [op for op in ops if isinstance(op, PoolGeometry)]
    assert {op.stride[1] < op.size[1] for op in pools} == {False, True}
    rules = [op.requantization for op in ops if getattr(op, "requantization", None)]
    assert {len(rule.multiplier) > 1 for rule in rules} == {False, True}
    assert {2**31 - 1, 1} <= {int(m) for rule in rules for m in rule.multiplier}


def test_the_graphs_use_every_routine_of_a_target():
    some = [*cases("cortex-m4"), *cases("portable")]
    found = {type(node.op) for case in some for node in case.special.nodes}
    routines = {c for c in Packed.__subclasses__() if c.__module__.startswith(routines_of.__name__)}
    assert len(routines) >= 4
    assert found >= {Fused, *routines}


@pytest.mark.needs("cc")
@settings(max_examples=10, deadline=None, suppress_health_check=list(HealthCheck))
@given(graphs(), st.sampled_from(OPTIMIZE), st.sampled_from(["portable", "cortex-m4"]))
def test_any_graph(graph, optimize, target):
    special = fastest(graph, get_target(target), optimize)
    x = samples(graph.input)
    wanted, found = fixed.tensors(graph, x), fixed.tensors(special, x)
    for node in special.nodes:
        assert np.array_equal(found[node.name].ravel(), defined(wanted, node).ravel()), node.name
    assert_runtimes_agree(special, x)
