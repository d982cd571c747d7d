"""Several first stages that take the rows of one input together: the bytes of the whole input."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
from sklearn.linear_model import RidgeClassifier
from sklearn.pipeline import make_pipeline, make_union

from skconv import RandomConvFeatures, emulator, to_c
from skconv.codegen.interface import Interface
from skconv.codegen.render import render
from skconv.codegen.select import select
from skconv.graph import (
    INPUT,
    Abs,
    ArgMax,
    Concat,
    Graph,
    MaxPool,
    QLinear,
    QMeanPool,
    Relu,
    Rescale,
    Reshape,
    TensorSpec,
    verify,
)
from skconv.runtime import fixed
from skconv.target.cost import input_bytes
from skconv.target.memory import overlaps, plan_memory
from skconv.target.targets import get_target
from skconv.testing import assert_runtimes_agree, example_samples
from tests.exactness import SANITIZERS, on_target, run_program
from tests.integer_graphs import addition, input_spec, qconv, requantization
from tests.test_stream import pushing_program

TARGETS = ("portable", "cortex-m4")


@dataclass(frozen=True)
class Branch:
    """One of the stages: kernels, what follows them, and what becomes of the input before."""

    size: tuple[int, int]
    pool: tuple[tuple[int, int], tuple[int, int]] | None = ((2, 2), (2, 2))
    mean: bool = False
    rescaled: bool = False
    geometry: dict[str, Any] = field(default_factory=dict)

    def graph(self, rng: Any, x: TensorSpec) -> Graph:
        """What becomes of the map, a vector in the end."""
        graph = Graph(x)
        if self.rescaled:
            graph = graph.append(Rescale(requantization(rng, x.magnitude)))
        graph = graph.append(qconv(rng, graph.output, 4, self.size, **self.geometry))
        graph = graph.append(Abs() if self.mean else Relu())
        if self.pool is not None and self.mean:
            rule = requantization(rng, int(np.prod(self.pool[0])) * graph.output.magnitude)
            graph = graph.append(QMeanPool(*self.pool, requantization=rule))
        elif self.pool is not None:
            graph = graph.append(MaxPool(*self.pool))
        return graph.append(Reshape((graph.output.size,)))


def union(shape: tuple[int, int, int], *branches: Branch, shared: bool = False) -> Graph:
    """Branches on one input, and a classifier of all their features."""
    rng = np.random.default_rng(0)
    graph = Graph(input_spec((int(np.prod(shape)),))).append(Reshape(shape), name="map")
    ends, source = [], "map"
    for i, branch in enumerate(branches):
        if i and not shared:
            graph = graph.append(Reshape(shape), INPUT)
            source = graph.output_name
        graph = graph.extend(branch.graph(rng, graph.specs[source]), source)
        ends.append(graph.output_name)
    graph = graph.append(Concat(), *ends)
    weights = rng.integers(-127, 128, (3, graph.output.size)).astype(np.int8)
    head = QLinear(weights, rng.integers(-2000, 2001, 3).astype(np.int32))
    return verify(graph.append(head).append(ArgMax()))


PADDED = {"padding": ((1, 2), (2, 1))}
UNIONS = {
    "padding": lambda channels: union(
        (13, 11, channels),
        Branch((3, 3)),
        Branch((5, 3), ((3, 3), (2, 2)), mean=True, geometry={"padding": ((2, 2), (1, 1))}),
        Branch((3, 4), None, geometry=PADDED),
    ),
    "strides": lambda channels: union(
        (14, 9, channels),
        Branch((2, 2), ((2, 1), (3, 2)), geometry={"stride": (3, 2)}),
        Branch((4, 3), mean=True, geometry=PADDED),
        shared=True,
    ),
    "rescaled": lambda channels: union(
        (9, 10, channels),
        Branch((3, 3), rescaled=True, geometry=PADDED),
        Branch((3, 3), mean=True, rescaled=True),
        Branch((2, 3), geometry={"padding": ((1, 0), (1, 1))}),
    ),
    "signals": lambda channels: union(
        (1, 60, channels),
        Branch((1, 5), ((1, 4), (1, 2)), geometry={"padding": ((0, 0), (2, 2))}),
        Branch((1, 16), ((1, 9), (1, 9)), mean=True),
    ),
    "one row of maps": lambda channels: union(
        (1, 20, channels),
        Branch((1, 5), ((1, 2), (1, 2))),
        Branch((3, 3), ((3, 2), (3, 2)), geometry={"padding": ((2, 2), (1, 1))}),
    ),
}


def first(graph: Graph, target: str, optimize="balanced") -> Graph:
    return select(graph, get_target(target), optimize, by_rows=True)


@pytest.mark.needs("cc")
@pytest.mark.parametrize("name", UNIONS)
@pytest.mark.parametrize("target", TARGETS)
def test_rows_give_the_bytes_of_the_whole_input(name, target, tmp_path):
    graph = UNIONS[name](1 if target == "cortex-m4" else 2)
    streamed = first(graph, target)
    x = example_samples(streamed, 5)
    assert np.array_equal(fixed.run(streamed, x), fixed.run(graph, x.reshape(5, -1)))
    assert not overlaps(plan_memory(streamed))
    assert_runtimes_agree(streamed, x)
    program = pushing_program(streamed, x, host=True)
    assert run_program(program, SANITIZERS, tmp_path) == 0


BOARDS = [
    ("cortex-m4", "padding", "speed"),
    ("cortex-m4", "signals", "balanced"),
    ("avr", "padding", "size"),
]


@pytest.mark.parametrize(
    ("core", "name", "optimize"),
    [pytest.param(*case, marks=pytest.mark.needs(*emulator.tools(case[0]))) for case in BOARDS],
)
def test_on_simulated_boards(core, name, optimize):
    streamed = first(UNIONS[name](1), core, optimize)
    program = pushing_program(streamed, example_samples(streamed, 2), host=False)
    assert on_target(program, core) == 0


def test_each_stage_takes_a_routine_of_its_own():
    streamed = first(UNIONS["padding"](1), "cortex-m4")
    names = [type(node.op).__name__ for node in streamed.nodes[:3]]
    assert names == ["StreamedDspStage", "StreamedDspRowStage", "StreamedDspStage"]
    assert all(node.inputs == (INPUT,) for node in streamed.nodes[:3])


def test_the_first_stages_live_side_by_side_from_the_first_row_to_the_last():
    plan = plan_memory(first(UNIONS["padding"](1), "cortex-m4"))
    stages = [b for b in plan.buffers if b.first_used == 0]
    assert len(stages) == 6
    assert all(buffer.last_used >= 2 for buffer in stages)


def test_rows_of_a_signal_are_samples_only_where_all_stages_read_a_signal():
    assert first(UNIONS["signals"](2), "portable").input.shape == (60, 1, 2)
    assert first(UNIONS["one row of maps"](2), "portable").input.shape == (1, 20, 2)


@pytest.mark.needs(*emulator.tools("cortex-m4"))
def test_the_plan_is_the_ram_of_the_object():
    for target in ("cortex-m0", "cortex-m4"):
        graph = first(UNIONS["rescaled"](1), target)
        sizes = emulator.object_sizes(render(graph, "m"), target="cortex-m4")
        assert sizes.bss == plan_memory(graph).arena_bytes
        assert sizes.data == 0


@pytest.mark.needs("cc")
def test_stages_in_memory_of_the_caller(tmp_path):
    graph = first(UNIONS["rescaled"](1), "portable")
    program = pushing_program(
        graph, example_samples(graph, 3), host=True, interface=Interface(arena="caller")
    )
    assert run_program(program, SANITIZERS, tmp_path) == 0


@pytest.mark.needs("cc")
def test_a_result_that_lies_over_a_stage_is_copied_in_the_end(tmp_path):
    """Of two stages that are added, without a classifier."""
    graph, rng = Graph(input_spec((9, 8, 1))), np.random.default_rng(0)
    for i in range(2):
        conv = qconv(rng, graph.input, 4, (3, 3), padding=((i, i), (i, i)), stride=(2, 2))
        graph = graph.append(conv, INPUT, name=f"conv_{i}").append(MaxPool((3, 3), (1, 1)))
    graph = graph.append(MaxPool((2, 2), (1, 1)))
    specs = graph.specs
    total = addition(rng, specs["maxpool"], specs["maxpool_3"])
    graph = verify(graph.append(total, "maxpool", "maxpool_3"))
    streamed = first(graph, "portable")
    assert plan_memory(streamed).homes["qadd"] in ("maxpool", "maxpool_3")
    program = pushing_program(streamed, example_samples(streamed, 3), host=True)
    assert run_program(program, SANITIZERS, tmp_path) == 0


def test_a_union_of_extractors_needs_no_image():
    X = np.random.default_rng(0).integers(0, 256, (60, 24, 11), dtype=np.uint8)
    extractors = (
        RandomConvFeatures(n_kernels=4, kernel_size=size, pool_size=4, random_state=0)
        for size in (3, 5)
    )
    pipe = make_pipeline(make_union(*extractors), RidgeClassifier()).fit(X, np.arange(60) % 3)
    whole, rows = (to_c(pipe, X, input=way) for way in ("whole", "rows"))
    assert np.array_equal(whole.predict(X, engine="fixed"), rows.predict(X, engine="fixed"))
    ram = [plan_memory(m.graph).arena_bytes + input_bytes(m.graph) for m in (whole, rows)]
    assert ram[1] < ram[0]


@pytest.mark.parametrize(
    ("other", "message"),
    [
        (Reshape((9, 12, 1)), r"read as maps \(12, 9, 1\) and \(9, 12, 1\), expected one shape"),
        (MaxPool(), "node 'maxpool' is MaxPool 2x2 stride 2x2, expected convolutions"),
        (None, "nothing reads 'reshape', expected convolutions"),
    ],
)
def test_what_cannot_take_rows_together(other, message):
    rng = np.random.default_rng(0)
    graph = Graph(input_spec((108,))).append(Reshape((12, 9, 1)), name="map")
    graph = graph.append(qconv(rng, graph.output, 2, (3, 3)))
    if isinstance(other, Reshape):
        graph = graph.append(other, INPUT)
        graph = graph.append(qconv(rng, graph.output, 2, (3, 3)))
    else:
        graph = graph.append(*((Reshape((108,)), INPUT) if other is None else (other, "map")))
    with pytest.raises(ValueError, match=message):
        first(graph, "portable")
