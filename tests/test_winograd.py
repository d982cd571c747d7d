"""Minimal filtering in C: bytes, the ends of its numbers, where it is taken, instructions."""

from __future__ import annotations

import subprocess
from dataclasses import replace

import numpy as np
import pytest

from skconv import emulator
from skconv.codegen.render import CSources, program_of, render
from skconv.codegen.routines.base import Wish
from skconv.codegen.routines.blocked import BlockedConv
from skconv.codegen.routines.conv import DspConv
from skconv.codegen.routines.row_stage import DspRowStage
from skconv.codegen.routines.winograd import (
    DspWinograd,
    PlainLine,
    PlainWinograd,
    line_packing,
    packing,
    plan_dsp,
    plan_line,
    plan_plain,
)
from skconv.codegen.select import select
from skconv.deploy.bench import benchmark
from skconv.graph import ArgMax, Fused, Graph, MaxPool, Node, QConv, Reshape, TensorSpec
from skconv.graph.limits import ACCUMULATOR_MAX
from skconv.target.targets import get_target
from skconv.utils.files import write_files
from tests.exactness import SANITIZERS, build
from tests.integer_graphs import input_spec, qconv, requantization, samples
from tests.selecting import op_by_op
from tests.test_csrc import TRACING_MAIN, wanted_traces

RNG = np.random.default_rng(0)
SAME = ((1, 1), (1, 1))
PADDINGS = [((0, 0), (0, 0)), SAME, ((2, 0), (1, 2)), ((0, 1), (2, 2))]
RULES = [  # of results: type, limits, largest shift
    ("int8", (-127, 127), 31),
    ("int8", (-128, 127), 0),
    ("uint8", (3, 200), 31),
    ("int16", (-1500, 32767), 1),
    ("uint8", (0, 255), 2),
]


def layer(side: int, channels: int, n_kernels: int, dtype: str = "uint8", **geometry) -> Graph:
    x = input_spec((side, side, channels), dtype)
    return Graph(x).append(qconv(RNG, x, n_kernels, (3, 3), dtype, **geometry))


def packed(graph: Graph, plan) -> Graph:
    """The routine, whether it is one to take or not."""
    nodes = (replace(n, op=plan(n.op, graph.input, Wish("speed"))) for n in graph.nodes)
    return replace(graph, nodes=tuple(nodes))


def ends(op: QConv, x: TensorSpec, dtype: str, limits: tuple[int, int], shift: int) -> QConv:
    """A layer whose weights and results reach the ends of their types."""
    weights = RNG.choice([-128, 127], op.weights.shape).astype(np.int8)
    weights[0] = 127
    op = replace(op, weights=weights)
    rule = requantization(RNG, op.accumulator_bound(x), dtype, len(weights))
    low, high = limits
    rule = replace(rule, minimum=low, maximum=high, shift=min(shift, rule.shift))
    return replace(op, requantization=rule)


def of_all_forms(dtype: str, plan) -> list[Node]:
    """Every border, count of kernels and rule."""
    x = input_spec((5, 6, 4), dtype)
    nodes = []
    for i, (padding, rule) in enumerate(zip(PADDINGS * 2, RULES + RULES[:3], strict=True)):
        size, served = ((3, 3), packing) if plan is not plan_line else ((1, 3), line_packing)
        padding = padding if plan is not plan_line else ((0, 0), padding[1])
        op = ends(qconv(RNG, x, 1 + i % 5, size, padding=padding), x, *rule)
        assert served.serves(op, x)
        nodes.append(Node(f"{plan.__name__}{i}", plan(op, x, Wish("speed")), ("input",)))
    return nodes


@pytest.mark.needs("gcc")
@pytest.mark.parametrize("dtype", ["uint8", "int8"])
def test_bytes_with_sanitizers(tmp_path, dtype):
    nodes = [
        node for plan in (plan_dsp, plan_plain, plan_line) for node in of_all_forms(dtype, plan)
    ]
    graph = Graph(input_spec((5, 6, 4), dtype), tuple(nodes))
    graph = graph.append(Reshape((graph.output.size,))).append(ArgMax())
    x = samples(RNG, graph.input)
    write_files(tmp_path, render(graph, "m") | {"main.c": TRACING_MAIN})
    built = build(tmp_path, ["m.c", "main.c"], ("-DM_TRACE", *SANITIZERS))
    done = subprocess.run([built], input=x.tobytes(), capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
    assert done.stdout == wanted_traces(graph, x).tobytes()


def test_what_it_serves():
    x = input_spec((8, 8, 16))
    op = qconv(RNG, x, 16, (3, 3), padding=SAME)
    assert packing.serves(op, x)
    assert not packing.serves(replace(op, stride=(2, 1)), x)
    assert not packing.serves(replace(op, pad_mode="circular"), x)
    assert not packing.serves(replace(op, dilation=(1, 2)), x)
    assert not packing.serves(op, input_spec((8, 8, 16), "int16"))
    assert not packing.serves(qconv(RNG, x, 16, (3, 1)), x)
    assert not packing.serves(qconv(RNG, x, 16, (3, 3), groups=4), x)


def test_four_times_a_sum_has_to_fit():
    x = input_spec((4, 4, 4))
    op = qconv(RNG, x, 2, (3, 3))
    room = ACCUMULATOR_MAX // 4 - op.accumulator_bound(replace(x)) + int(abs(op.bias).max())
    largest = replace(op, bias=np.full(2, room // 2, np.int32))
    assert packing.serves(largest, x)
    assert not packing.serves(replace(op, bias=np.full(2, room + 4000, np.int32)), x)
    assert packing.bias(largest).tolist() == [4 * (room // 2)] * 2


def test_tables_are_16_places_of_16_bits():
    x = input_spec((8, 8, 16))
    op = plan_dsp(qconv(RNG, x, 16, (3, 3), padding=SAME), x, Wish("speed"))
    assert op.parameters["packed"].nbytes == 2 * 16 * 16 * 16
    assert op.scratch_bytes == 2 * 16 * op.tiles * 16 + 4 * 16 * op.tiles * 2 + 16


def routines(graph: Graph, target: str, optimize) -> list[type]:
    return [type(n.op) for n in op_by_op(graph, get_target(target), optimize).nodes]


def test_it_is_taken_for_speed_where_it_saves():
    """With few kernels or few channels the transforms cost more than the products save."""
    assert routines(layer(8, 16, 16, padding=SAME), "cortex-m4", "speed") == [DspWinograd]
    assert routines(layer(8, 16, 16, padding=SAME), "cortex-m4", "balanced") == [DspConv]
    assert routines(layer(8, 8, 8, padding=SAME), "cortex-m4", "speed") == [DspConv]
    assert routines(layer(7, 16, 16, padding=SAME), "cortex-m4", "speed") == [DspConv]
    assert routines(layer(8, 6, 8, padding=SAME), "cortex-m4", "speed") == [DspConv]
    assert routines(layer(8, 8, 8, padding=SAME), "cortex-m0", "speed") == [PlainWinograd]
    assert routines(layer(8, 8, 8, padding=SAME), "cortex-m0", "balanced") == [BlockedConv]
    assert routines(layer(7, 4, 4, padding=SAME), "cortex-m0", "speed") == [BlockedConv]
    assert routines(layer(8, 8, 8, padding=SAME), "avr", "speed") == [QConv]


def test_rows_of_three_on_cores_without_packed_arithmetic():
    def signal(channels: int, **geometry) -> Graph:
        x = input_spec((1, 40, channels))
        return Graph(x).append(qconv(RNG, x, 16, (1, 3), **geometry))

    assert routines(signal(16), "cortex-m0", "speed") == [PlainLine]
    assert routines(signal(16), "cortex-m0", "balanced") == [BlockedConv]
    assert routines(signal(4), "cortex-m0", "speed") == [BlockedConv]
    assert routines(signal(16, stride=(1, 2)), "cortex-m0", "speed") == [BlockedConv]
    assert routines(signal(16, padding=((1, 0), (0, 0))), "cortex-m0", "speed") == [BlockedConv]
    assert routines(signal(16), "cortex-m4", "speed") == [DspConv]


def test_a_stage_is_taken_apart_for_it():
    graph = layer(8, 16, 16, padding=SAME).append(MaxPool((2, 2), (2, 2)))
    small = layer(8, 8, 8, padding=SAME).append(MaxPool((2, 2), (2, 2)))

    def found(graph, target, optimize):
        return [type(n.op) for n in select(graph, get_target(target), optimize).nodes]

    assert found(graph, "cortex-m4", "speed") == [DspWinograd, MaxPool]
    assert found(graph, "cortex-m4", "balanced") == [DspRowStage]
    assert found(small, "cortex-m4", "speed") == [DspRowStage]
    assert found(graph, "cortex-m0", "speed") == [PlainWinograd, MaxPool]
    assert found(graph, "cortex-m0", "balanced") == [Fused]


@pytest.mark.needs(*emulator.tools("cortex-m4"))
def test_instructions_of_64_channels():
    """With weights of 8 bits the direct routine takes 8.4 million, with 16 bits 6.6 million."""
    graph = packed(layer(16, 64, 64, "int8", padding=SAME), plan_dsp)
    found = benchmark(
        CSources(program_of(graph, "m"), get_target("cortex-m4")), samples(RNG, graph.input, 1)
    )
    assert found.wrong == 0
    assert found.per_inference <= 3_700_000


@pytest.mark.needs(*emulator.tools("cortex-m0"))
@pytest.mark.parametrize(("shape", "size"), [((8, 8, 16), (3, 3)), ((1, 64, 16), (1, 3))])
def test_instructions_without_packed_arithmetic(shape, size):
    x = input_spec(shape, "int8")
    sides = [(n // 2, n // 2) for n in size]
    graph = Graph(x).append(qconv(RNG, x, 16, size, padding=tuple(sides)))
    x = samples(RNG, graph.input, 1)
    counts = []
    for plan in ("balanced", "speed"):
        special = select(graph, get_target("cortex-m0"), plan)
        found = benchmark(CSources(program_of(special, "m"), get_target("cortex-m0")), x)
        assert found.wrong == 0
        counts.append(found.per_inference)
    assert counts[1] < 0.75 * counts[0]
