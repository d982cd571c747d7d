"""What a graph computes from its nodes: once, and never stored with it."""

from __future__ import annotations

import pickle
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import joblib
import numpy as np
import pytest

from skconv.graph import INPUT, Abs, Conv, Graph, Linear, Relu, Reshape, TensorSpec, verify
from skconv.graph.base import Op
from skconv.graph.facts import Facts
from skconv.passes.calibrate import FloatRun
from skconv.passes.integers import integer_graph


@dataclass(frozen=True)
class Counted(Op):
    """Counts how often its output was asked for."""

    facts = Facts("entrywise")
    asked: ClassVar[list[str]] = []

    def output(self, *inputs: TensorSpec) -> TensorSpec:
        self.asked.append("")
        return inputs[0]


def chain_of(n: int) -> Graph:
    Counted.asked.clear()
    graph = Graph(TensorSpec((4,)))
    for _ in range(n):
        graph = graph.append(Counted())
    return graph


def test_specs_are_computed_once():
    graph = chain_of(5)
    for _ in range(3):
        assert len(graph.specs) == 6
        verify(graph)
    assert len(Counted.asked) == 5


def test_a_longer_graph_computes_only_what_is_new():
    graph = chain_of(3)
    assert graph.output.shape == (4,)
    graph = graph.append(Counted())
    assert graph.output.shape == (4,)
    assert len(Counted.asked) == 4


def test_another_input_means_other_specs():
    graph = chain_of(2)
    assert graph.output.shape == (4,)
    assert replace(graph, input=TensorSpec((7,))).append(Counted()).output.shape == (7,)


def test_specs_cannot_be_changed():
    with pytest.raises(TypeError):
        chain_of(1).specs["counted"] = TensorSpec((1,))  # type: ignore[index]


def test_what_is_computed_is_not_stored(tmp_path):
    fresh, used = (Graph(TensorSpec((4,))).append(Abs(), name="abs") for _ in range(2))
    used = used.append(Relu())
    fresh = fresh.append(Relu())
    assert used.users(INPUT) == (used.by_name["abs"],)
    assert used.output.shape == (4,)
    assert used == fresh
    assert pickle.dumps(used) == pickle.dumps(fresh)
    assert joblib.hash(used) == joblib.hash(fresh)
    joblib.dump(used, tmp_path / "graph")
    assert joblib.load(tmp_path / "graph").specs == fresh.specs


def test_a_node_that_reads_a_tensor_twice_is_one_user():
    graph = Graph(TensorSpec((4,))).append(Abs())
    graph = graph.append(Relu(), "abs", "abs")
    assert [node.name for node in graph.users("abs")] == ["relu"]
    assert graph.users("relu") == ()


def test_ranges_and_means_of_layers_take_one_run(monkeypatch: Any):
    runs: list[int] = []
    before = FloatRun.batches
    monkeypatch.setattr(FloatRun, "batches", lambda run: runs.append(0) or before(run))
    rng = np.random.default_rng(0)
    graph = Graph(TensorSpec((4, 4, 1)))
    for n_channels in (1, 2):
        weights = rng.normal(size=(2, 2, 2, n_channels)).astype("f4")
        graph = graph.append(Conv(weights, np.zeros(2, "f4"))).append(Relu())
    graph = graph.append(Reshape((8,)))
    graph = graph.append(Linear(np.ones((1, 8), "f4"), np.zeros(1, "f4")))
    integer_graph(graph, rng.integers(0, 256, (10, 4, 4, 1)).astype("uint8"))
    assert len(runs) == 1
