"""A small MobileNet from floats to C: the routines that it gets, its memory, and its bytes."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from skconv import emulator
from skconv.codegen.routines.conv import DspConv
from skconv.codegen.routines.depthwise import DspDepthwise
from skconv.codegen.routines.strided_depthwise import DspStridedDepthwise
from skconv.graph import Add, Clip, Graph, QAdd, QConv, TensorSpec
from skconv.passes.calibrate import calibrate
from skconv.passes.lowering import Bits
from skconv.passes.quantize import quantize
from skconv.runtime import fixed, reference
from skconv.target.memory import overlaps, plan_memory
from skconv.target.targets import get_target
from skconv.testing import chain, conv
from tests import exactness
from tests.random_networks import mobile_network
from tests.selecting import fastest


@cache
def images(n_samples: int = 40):
    """Coarse patterns with noise on them."""
    rng = np.random.default_rng(1)
    coarse = rng.uniform(0, 255, (n_samples, 4, 4, 3)).repeat(4, axis=1).repeat(4, axis=2)
    noisy = coarse + rng.normal(scale=20, size=coarse.shape)
    return np.clip(noisy, 0, 255).astype(np.uint8)


@cache
def integer_network(conv_bits: Bits = 8) -> Graph:
    graph = mobile_network()
    ranges = calibrate(graph, images())
    return quantize(graph, ranges, input_dtype="uint8", input_scale=1.0, conv_bits=conv_bits)


def exported(target: str, conv_bits: Bits = 8) -> Graph:
    return fastest(integer_network(conv_bits), get_target(target))


def error(conv_bits: Bits = 8) -> float:
    """Of the scores, root mean square, in parts of their own."""
    graph, integer = mobile_network(), integer_network(conv_bits)
    wanted = reference.tensors(graph, images(), (graph.scores_name,))[graph.scores_name]
    found = fixed.tensors(integer, images(), (integer.scores_name,))[integer.scores_name]
    difference = found * integer.specs[integer.scores_name].scale - wanted
    return float(np.sqrt(np.mean(difference**2) / np.mean(wanted**2)))


def test_scores_are_near_and_classes_equal():
    assert error() < 0.05
    x = images()
    classes = reference.run(mobile_network(), x)
    assert np.mean(fixed.run(integer_network(), x) == classes) >= 0.95


def test_maps_of_sixteen_bits_are_nearer():
    integer = integer_network(16)
    convolved = {node.inputs[0] for node in integer.nodes if isinstance(node.op, QConv)}
    assert {integer.specs[name].dtype for name in convolved} == {"int16"}
    assert {node.op.weights.dtype.name for node in integer.nodes if isinstance(node.op, QConv)} == {
        "int8"
    }
    # What is left is the rounding of the weights.
    assert error(16) < 0.9 * error()


def test_every_map_has_eight_bits_but_the_one_that_is_averaged():
    """ReLU6 is the limits of its convolution; what only means read may be finer."""
    integer = integer_network()
    assert not any(isinstance(node.op, Clip) for node in integer.nodes)
    maps = {
        node.name: integer.specs[node.name].dtype
        for node in integer.nodes
        if isinstance(node.op, QConv | QAdd)
    }
    wide = [name for name, dtype in maps.items() if dtype == "int16"]
    assert wide == ["conv_10", "add_2"]
    assert integer.nodes[-4].inputs == ("add_2",)


def test_convolutions_get_the_routines_of_cortex_m4():
    nodes = exported("cortex-m4").nodes
    convolutions = [node.op for node in nodes if isinstance(getattr(node.op, "op", None), QConv)]
    pointwise = [op for op in convolutions if op.op.weights.shape[1:3] == (1, 1)]
    assert len(pointwise) == 6
    assert all(isinstance(op, DspConv) for op in pointwise)
    assert sum(isinstance(op, DspDepthwise) for op in convolutions) == 2
    assert sum(isinstance(op, DspStridedDepthwise) for op in convolutions) == 1


def test_a_sum_lies_over_the_input_that_dies():
    graph = exported("cortex-m4")
    plan = plan_memory(graph)
    assert overlaps(plan) == []
    sums = [node for node in graph.nodes if isinstance(node.op, QAdd)]
    assert len(sums) == 2
    assert all(plan.homes[s.name] in {plan.homes[i] for i in s.inputs} for s in sums)


def test_a_sum_overwrites_nothing_that_is_read_later():
    graph = chain(conv(np.random.default_rng(0), (2, 1, 1, 2)), shape=(2, 2, 2))
    first = graph.output_name
    graph = graph.append(conv(np.random.default_rng(1), (2, 1, 1, 2)))
    second = graph.output_name
    graph = graph.append(Add(), first, second)
    graph = graph.append(Add(), graph.output_name, first).append(Add(), "add_2", second)
    graph = graph.append(conv(np.random.default_rng(2), (2, 1, 1, 2)))
    homes = plan_memory(graph).homes
    # At the first sum both are read later; at the second one the sum itself dies.
    assert homes["add"] == "add"
    assert homes["add_2"] == "add"
    assert homes["add_3"] == "add"
    assert homes[first] != homes[second]


def test_a_sum_of_inputs_of_another_size_lies_elsewhere():
    spec = TensorSpec((2, 2, 2), "int16", minimum=-9, maximum=9)
    rule = integer_network().nodes[-5].op.requantization
    graph = Graph(spec).append(QAdd((1, 1), rule), "input", "input", name="wide")
    assert rule.dtype == "int16"
    narrow = replace(rule, dtype="int8", minimum=-127, maximum=127)
    graph = graph.append(QAdd((1, 1), narrow), "wide", "wide", name="narrow")
    graph = graph.append(QAdd((1, 1), narrow), "narrow", "narrow", name="again")
    graph = graph.append(QAdd((1, 1), narrow), "again", "again", name="output")
    homes = plan_memory(graph).homes
    assert homes["narrow"] == "narrow"
    assert homes["again"] == "narrow"


@pytest.mark.needs("cc")
@pytest.mark.parametrize("target", ["portable", "cortex-m4"])
@pytest.mark.parametrize("flags", [("-O2",), exactness.SANITIZERS], ids=["O2", "sanitizers"])
def test_bytes_on_this_machine(tmp_path, target, flags):
    program = exactness.tracing_program(exported(target), images()[:4], host=True)
    assert exactness.run_program(program, (*flags, "-DM_TRACE"), tmp_path) == 0


@pytest.mark.parametrize("conv_bits", [8, 16])
@pytest.mark.parametrize(
    "target",
    [
        pytest.param(name, marks=pytest.mark.needs(*emulator.tools(name)))
        for name in ("cortex-m4", "cortex-m0")
    ],
)
def test_bytes_on_boards(target, conv_bits):
    graph = exported(target, conv_bits)
    program = exactness.tracing_program(graph, images()[:2], host=False)
    assert exactness.on_target(program, target, ("-O2", "-DM_TRACE")) == 0
