"""Convolutions and layers of few levels on Cortex-M4: bytes, flash, instructions."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

from skconv import emulator
from skconv.codegen.routines.base import Wish
from skconv.codegen.routines.conv import DspConv
from skconv.codegen.routines.depthwise import DspDepthwise
from skconv.codegen.routines.linear import DspLinear
from skconv.codegen.routines.registry import planned
from skconv.codegen.routines.row_stage import DspRowStage
from skconv.codegen.routines.strided_depthwise import DspStridedDepthwise
from skconv.graph import Graph, MaxPool, Op, QConv, QConvHash, QLinear, TensorSpec
from skconv.graph.nested import Packed
from skconv.target.targets import get_target
from tests import exactness
from tests.integer_graphs import conv_parts, input_spec, requantization
from tests.many_graphs import Case, differences, program
from tests.mcu.cases import measure
from tests.mcu.depthwise import conv_case
from tests.selecting import fastest, op_by_op

M4 = get_target("cortex-m4")
SAME = ((1, 1), (1, 1))


def narrow(rng, x: TensorSpec, n_kernels: int, size, levels=7, dtype="int8", **geometry) -> QConv:
    """A convolution of few levels; the last kernel and the last but one are at both ends."""
    parts = conv_parts(rng, x, n_kernels, size, **geometry)
    weights = rng.integers(-levels, levels + 1, parts["weights"].shape).astype(np.int8)
    weights[-1], weights[-2:-1] = levels, -levels
    parts |= {"weights": weights, "levels": levels}
    bound = QConvHash(**parts).accumulator_bound(x)
    return QConv(**parts, requantization=requantization(rng, bound, dtype, n_kernels))


def layer(rng, x: TensorSpec, n_rows: int, dtype: str | None = None) -> QLinear:
    weights = rng.integers(-7, 8, (n_rows, x.size)).astype(np.int8)
    weights[-1], weights[-2:-1] = 7, -7
    bias = rng.integers(-5000, 5001, n_rows).astype(np.int32)
    op = QLinear(weights, bias, levels=7)
    if dtype is None:
        return op
    rule = requantization(rng, op.output(x).magnitude, dtype, n_rows)
    return replace(op, requantization=rule)


def ops() -> Iterator[tuple[Op, TensorSpec, type[Packed]]]:
    """Every routine that has a form for few levels, at odd sizes and both ends of all numbers."""
    rng = np.random.default_rng(0)
    for dtype in ("uint8", "int8", "int16"):
        x = input_spec((5, 7, 4), dtype)
        yield narrow(rng, x, 5, (1, 1)), x, DspConv
        yield narrow(rng, x, 6, (3, 3), 3, "int16", padding=SAME), x, DspConv
        x = input_spec((6, 8, 3), dtype)
        yield narrow(rng, x, 1, (2, 3), 1, "uint8", stride=(2, 1)), x, DspConv
        yield narrow(rng, x, 3, (3, 3), groups=3, padding=SAME), x, DspDepthwise
        yield narrow(rng, x, 3, (2, 1), 3, groups=3), x, DspDepthwise
        yield narrow(rng, x, 3, (3, 3), groups=3, stride=(2, 2)), x, DspStridedDepthwise
        yield narrow(rng, x, 3, (1, 2), groups=3, stride=(1, 2)), x, DspStridedDepthwise
    for dtype in ("uint8", "int8"):
        for size, n_rows, result in ((600, 4, None), (257, 10, "int8"), (3, 7, "int16")):
            x = input_spec((size,), dtype)
            yield layer(rng, x, n_rows, result), x, DspLinear


def cases() -> list[Case]:
    """Each op alone, and a stage whose pixels are pooled at once."""
    found = []
    for i, (op, x, routine) in enumerate(ops()):
        graph = Graph(x).append(op)
        special = op_by_op(graph, M4)
        assert type(special.nodes[0].op) is routine
        found.append(Case(f"op{i}", graph, special))
    x = input_spec((5, 7, 4), "uint8")
    graph = Graph(x).append(narrow(np.random.default_rng(0), x, 6, (3, 3), padding=SAME))
    graph = graph.append(MaxPool((2, 2), (2, 2)))
    stage = fastest(graph, M4)
    assert isinstance(stage.nodes[0].op, DspRowStage) and stage.nodes[0].op.weight_bits == 4
    return [*found, Case("stage", graph, stage)]


@pytest.mark.needs("gcc")
def test_plain_c_equals_the_definition(tmp_path):
    some = cases()
    output = exactness.output_on_host(program(some, host=True), ("-O1",), tmp_path, "gcc")
    assert not differences(some, output)


@pytest.mark.needs(*emulator.tools("cortex-m4"))
def test_cortex_m4_equals_the_definition():
    some = cases()
    output = exactness.output_on_target(program(some, host=False), "cortex-m4", ("-Os",))
    assert not differences(some, output)


def tables(op: Op, x: TensorSpec, optimize="balanced") -> int:
    special = planned(op, x, M4, Wish(optimize))
    return sum(array.nbytes for array in special.parameters.values())


def test_flash():
    """Four bits a weight; a bias and a multiplier of each kernel stay four bytes each."""
    rng = np.random.default_rng(0)
    x = input_spec((5, 5, 64), "int8")
    assert tables(narrow(rng, x, 64, (1, 1)), x) == 64 * (32 + 8)
    assert tables(narrow(rng, x, 64, (3, 3), groups=64), x) == 64 * (8 + 8)
    assert tables(narrow(rng, x, 64, (3, 3), groups=64, stride=(2, 2)), x) == 64 * (8 + 8)
    assert tables(layer(rng, vector := input_spec((640,), "int8"), 128), vector) == 128 * (320 + 4)


def test_what_is_left_to_other_forms():
    rng = np.random.default_rng(0)
    x = input_spec((5, 5, 4), "int8")
    op = narrow(rng, x, 4, (1, 1))
    assert planned(op, x, M4, Wish("speed")).weight_bits == 16
    # The shift has no room for sums that are 16 times as large.
    rule = replace(op.requantization, shift=3)
    assert planned(replace(op, requantization=rule), x, M4, Wish()).weight_bits == 8
    vector = input_spec((64,), "int8")
    ternary = layer(rng, vector, 8)
    ternary = replace(ternary, weights=np.sign(ternary.weights), levels=1)
    # Five in a byte take less than the two of the routine; one row would be filled up with three.
    assert planned(ternary, vector, M4, Wish()) is ternary
    assert isinstance(planned(layer(rng, vector, 1), vector, M4, Wish()), QLinear)
    wide = input_spec((64,), "int16")
    assert isinstance(planned(layer(rng, wide, 8), wide, M4, Wish()), QLinear)


@pytest.mark.needs(*emulator.tools("cortex-m4"))
def test_instructions_of_a_depthwise_convolution():
    """Kernels are expanded once a sample."""
    rng = np.random.default_rng(0)
    x = input_spec((14, 14, 16), "uint8")
    op = narrow(rng, x, 16, (3, 3), groups=16, padding=SAME)
    found = [
        measure(conv_case(np.random.default_rng(2), o, x), "", None, None).instructions
        for o in (op, replace(op, levels=0))
    ]
    assert found[0] <= 1.1 * found[1]
