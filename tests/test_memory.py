"""The memory planner: nothing overlaps, nothing is wasted where it need not be."""

from __future__ import annotations

import hypothesis.strategies as st
import numpy as np
from hypothesis import given, settings

from skconv.graph import (
    INPUT,
    Abs,
    ArgMax,
    Concat,
    Graph,
    Linear,
    MaxPool,
    Relu,
    Reshape,
    TensorSpec,
)
from skconv.target.memory import ALIGNMENT, Buffer, MemoryPlan, overlaps, place, plan_memory
from tests.integer_graphs import every_integer_op

BUFFERS = st.lists(
    st.tuples(st.integers(1, 200), st.integers(0, 12), st.integers(0, 5)), min_size=1, max_size=14
)


def linear(n_outputs: int, n_inputs: int) -> Linear:
    return Linear(np.ones((n_outputs, n_inputs), np.float32), np.zeros(n_outputs, np.float32))


def plan_of(buffers: tuple[Buffer, ...]) -> MemoryPlan:
    size = max(b.end for b in buffers)
    names = tuple(f"n{i}" for i in range(20))
    return MemoryPlan(size, buffers, {}, names)


@settings(max_examples=200, deadline=None, derandomize=True)
@given(BUFFERS)
def test_buffers_never_overlap_and_the_arena_is_tight(facts):
    wanted = [Buffer(f"b{i}", n, t, t + d) for i, (n, t, d) in enumerate(facts)]
    plan = plan_of(place(wanted))
    assert overlaps(plan) == []
    assert [b.name for b in plan.buffers] == [b.name for b in wanted]
    assert all(b.offset % ALIGNMENT == 0 for b in plan.buffers)
    peak = max(plan.live_bytes(time) for time in range(20))
    assert peak <= plan.arena_bytes <= sum(-(-n // 8) * 8 for n, _, _ in facts)


def test_the_checker_sees_an_overlap():
    a, b = Buffer("a", 10, 0, 2, offset=0), Buffer("b", 10, 2, 3, offset=8)
    assert overlaps(plan_of((a, b))) == [("a", "b")]
    later = Buffer("b", 10, 3, 3, offset=8)
    assert overlaps(plan_of((a, later))) == []


def test_the_largest_buffer_goes_first_and_gaps_are_filled():
    wanted = [Buffer("small", 8, 0, 1), Buffer("large", 64, 1, 2), Buffer("late", 8, 2, 3)]
    offsets = {b.name: b.offset for b in place(wanted)}
    assert offsets == {"small": 64, "large": 0, "late": 64}


def test_a_chain_takes_its_two_largest_neighbours():
    graph = Graph(TensorSpec((10,)))
    for n_inputs, n_outputs in ((10, 40), (40, 20), (20, 30), (30, 2)):
        graph = graph.append(linear(n_outputs, n_inputs))
    plan = plan_memory(graph)
    assert plan.arena_bytes == 4 * (40 + 20)
    assert plan.buffer("linear_4") is None  # the caller's output


def test_reshape_is_an_alias_and_pointwise_ops_run_in_place():
    graph = Graph(TensorSpec((4, 4, 2))).append(MaxPool()).append(Relu()).append(Abs())
    graph = graph.append(Reshape((8,))).append(linear(1, 8))
    plan = plan_memory(graph)
    assert {plan.homes[name] for name in ("maxpool", "relu", "abs", "reshape")} == {"maxpool"}
    assert plan.arena_bytes == 32
    assert plan.buffer("maxpool").last_used == 4


def test_nothing_is_overwritten_that_is_read_later():
    graph = Graph(TensorSpec((6,))).append(linear(4, 6), name="first").append(Relu())
    graph = graph.append(Concat(), "first", "relu").append(linear(1, 8))
    plan = plan_memory(graph)
    assert plan.homes["relu"] == "relu"
    assert plan.buffer("first").last_used == plan.buffer("relu").last_used == 2


def test_the_input_is_never_overwritten():
    plan = plan_memory(Graph(TensorSpec((6,))).append(Relu()).append(linear(1, 6)))
    assert plan.homes["relu"] == "relu"
    assert plan.homes[INPUT] == INPUT


def test_output_belongs_to_the_caller_and_scores_to_the_arena():
    scores = Graph(TensorSpec((6,))).append(linear(3, 6))
    assert plan_memory(scores).arena_bytes == 0
    assert plan_memory(scores.append(ArgMax())).buffer("linear").nbytes == 12


def test_every_op_together():
    graph = every_integer_op()
    plan = plan_memory(graph)
    assert overlaps(plan) == []
    assert plan.arena_bytes >= max(plan.live_bytes(t) for t in range(len(graph.nodes)))
    assert "scratch of qkernelmachine" in {b.name for b in plan.buffers}


def test_the_plan_is_drawn_over_time():
    graph = Graph(TensorSpec((2,))).append(linear(16, 2)).append(linear(8, 16))
    text = str(plan_memory(graph.append(linear(1, 8))))
    assert text.splitlines()[0] == "arena: 96 bytes, 2 buffers"
    assert text.splitlines()[-3:] == [
        "       0 |aa.",
        "a  linear: 64 bytes at 0, linear .. linear_2",
        "b  linear_2: 32 bytes at 64, linear_2 .. linear_3",
    ]
    assert "      66 |.bb" in text
    assert str(plan_memory(Graph(TensorSpec((2,))))) == "arena: 0 bytes, 0 buffers"
