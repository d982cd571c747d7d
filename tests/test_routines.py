"""The contract of routines: all folders are listed, all offer what `select` asks for."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from skconv.codegen import routines
from skconv.codegen.node import emit
from skconv.codegen.routines import registry
from skconv.codegen.routines.base import Routine, with_dsp
from skconv.codegen.select import select
from skconv.graph import Abs, Fused, Graph, MaxPool, MeanPool, Relu, Reshape
from skconv.graph.nested import Packed
from skconv.target.memory import plan_memory
from skconv.target.targets import TARGETS, get_target
from skconv.testing import chain, conv, quantized_example

M4 = get_target("cortex-m4")
RNG = np.random.default_rng(0)


def test_every_folder_is_listed_once():
    (root,) = routines.__path__
    folders = {path.parent.name for path in Path(root).glob("*/__init__.py")}
    assert sorted(registry.FOLDERS) == sorted(folders)


def test_every_packed_op_of_a_routine_has_its_calls():
    def below(op: type) -> set[type]:
        return {op}.union(*map(below, op.__subclasses__()))

    mine = {op for op in below(Packed) if op.__module__.startswith(routines.__name__)}
    assert len(mine) >= len(registry.FOLDERS)
    assert all(emit.dispatch(op) is not emit.dispatch(object) for op in mine)


@pytest.mark.parametrize("routine", registry.ROUTINES, ids=lambda r: r.plan.__module__[24:])
def test_every_routine_has_a_target(routine):
    assert any(map(routine.cores, TARGETS.values()))
    assert routine.inputs[0] == "whole"


@dataclass(frozen=True)
class FourAtATime(Packed):
    """A routine of a test's own."""


def test_a_routine_is_taken_because_it_is_listed(monkeypatch):
    graph = quantized_example(chain(Relu(), shape=(5, 4, 1)))
    routine = Routine(
        Relu, with_dsp, lambda op, x, wish: x.size % 4 == 0, lambda op, x, wish: FourAtATime(op)
    )
    monkeypatch.setattr(registry, "ROUTINES", (routine, *registry.ROUTINES))
    assert isinstance(select(graph, M4).nodes[0].op, FourAtATime)
    assert select(graph, get_target("cortex-m0")) == graph
    odd = quantized_example(chain(Relu(), shape=(5, 3, 1)))
    assert select(odd, M4) == odd


def test_a_stage_behind_the_one_that_takes_rows_is_weighed_as_any_other():
    """A signal whose first convolution stands alone: the stage behind it goes sample by sample."""
    ops = [conv(RNG, (2, 1, 7, 1)), Abs(), conv(RNG, (2, 1, 5, 2)), Relu()]
    graph = Graph(chain(*ops, shape=(1, 900, 1)).input)
    for op in (Reshape((1, 900, 1)), *ops, MeanPool((1, 160), (1, 80)), MaxPool((1, 2), (1, 2))):
        graph = graph.append(op)
    graph = quantized_example(graph)
    for target in ("avr", "cortex-m4"):
        small = [select(graph, get_target(target), "size", by_rows=rows) for rows in (False, True)]
        stages = [[n.name for n in g.nodes if isinstance(n.op, Fused)] for g in small]
        assert stages[0] == stages[1] == ["meanpool"]
        assert all("meanpool_turned" in g.specs for g in small)
        assert plan_memory(small[1]).arena_bytes <= plan_memory(small[0]).arena_bytes
