"""Convolutions of bits with signs, by counting."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from skconv.codegen.render import render
from skconv.codegen.routines.base import Wish
from skconv.codegen.routines.bits import CountedConv, fits, signs
from skconv.codegen.select import select
from skconv.emulator import count_instructions, tools
from skconv.graph import Graph, Hash, QConv, Requantization, TensorSpec
from skconv.target.targets import get_target

X = TensorSpec((9, 9, 16), "int8", 0.01, minimum=-127, maximum=127)
RULE = Requantization(np.array([2**23], np.int32), 20, 1.0, "int16", -32767, 32767)
RNG = np.random.default_rng(0)


def graph(n_kernels: int = 16) -> Graph:
    weights = RNG.choice(np.array([-1, 1], np.int8), (n_kernels, 3, 3, 16))
    bias = np.zeros(n_kernels, np.int32)
    conv = QConv(weights, bias, padding=((1, 1), (1, 1)), requantization=RULE, levels=1)
    return Graph(X).append(Hash(1)).append(conv)


def chosen(target: str, found: Graph) -> type:
    return type(select(found, get_target(target), "speed").nodes[-1].op)


def test_signs_are_bits_from_the_lowest_up():
    weights = np.ones((2, 1, 1, 35), np.int8)
    weights[0, 0, 0, [0, 3, 33]] = -1
    found = signs(weights)
    assert found.tolist() == [[2**32 - 1 - 9, 0b101], [2**32 - 1, 0b111]]


@pytest.mark.parametrize("target", ["portable", "cortex-m0", "rv32imc", "avr"])
def test_cores_without_packed_products_count(target):
    assert chosen(target, graph()) is CountedConv


def test_it_takes_bits_and_signs_alone():
    op, bits = graph().nodes[-1].op, TensorSpec((9, 9, 16), "uint8", minimum=0, maximum=1)
    assert fits(op, bits, Wish())
    assert not fits(op, replace(bits, maximum=2), Wish())
    assert not fits(replace(op, weights=op.weights * (RNG.random(16) < 0.9)), bits, Wish())
    assert not fits(replace(op, weights=op.weights[:2], bias=op.bias[:2]), bits, Wish())
    assert chosen("cortex-m4", graph()) is not CountedConv


@pytest.mark.needs(*tools("cortex-m0"))
def test_a_cortex_m0_takes_about_half_the_instructions():
    found = graph()
    target = get_target("cortex-m0")
    counted = select(found, target, "speed")
    # The same numbers from weights that are no signs alone: a zero has no bit.
    op = found.nodes[-1].op
    weights = op.weights.copy()
    weights[0, 0, 0, 0] = 0
    other = replace(
        found, nodes=(found.nodes[0], replace(found.nodes[-1], op=replace(op, weights=weights)))
    )
    prelude = (
        '#include "m.h"\nstatic m_input_t x[M_INPUT_SIZE];\nstatic m_output_t y[M_OUTPUT_SIZE];'
    )
    counts = [
        count_instructions(render(g, "m"), "m_run(x, y)", prelude=prelude, target="cortex-m0")
        for g in (counted, select(other, target, "speed"))
    ]
    assert counts[0] < 0.6 * counts[1]
