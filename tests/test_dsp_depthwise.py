"""Depthwise convolutions by packed arithmetic give the bytes of the integer definition."""

from __future__ import annotations

from dataclasses import replace

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

from skconv import emulator
from skconv.codegen.routines.depthwise import packing as depthwise
from tests.integer_graphs import input_spec, qconv
from tests.mcu.cases import measure
from tests.mcu.depthwise import budget, conv_case
from tests.mcu.running import differing_on_host, differing_on_m4

TOOLS = emulator.tools("cortex-m4")

FEW = settings(
    max_examples=4,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.data_too_large],
)
DTYPES = st.sampled_from(["uint8", "int8", "int16"])


def drawn_case(draw, size, padding, x, dtype):
    rng = np.random.default_rng(draw(st.integers(0, 1000)))
    op = qconv(rng, x, x.shape[2], size, dtype, groups=x.shape[2], padding=padding)
    assert depthwise.fits(op, x)
    return op, conv_case(rng, op, x)


@st.composite
def cases(draw):
    """Any kernel, any padding."""
    shape = draw(st.integers(4, 8)), draw(st.integers(4, 9)), draw(st.integers(1, 5))
    size = draw(st.integers(1, 4)), draw(st.integers(1, 4))
    sides = st.tuples(st.integers(0, 2), st.integers(0, 2))
    x = input_spec(shape, draw(DTYPES))
    return drawn_case(draw, size, (draw(sides), draw(sides)), x, draw(DTYPES))[1]


@st.composite
def cases_in_place(draw):
    """Maps that keep their size and the size of their entries."""
    shape = draw(st.integers(1, 8)), draw(st.integers(1, 9)), draw(st.integers(1, 5))
    size = draw(st.integers(1, 4)), draw(st.integers(1, 5))
    tops = [draw(st.integers(0, n - 1)) for n in size]
    padding = tuple((top, n - 1 - top) for top, n in zip(tops, size, strict=True))
    types = draw(st.sampled_from([("uint8", "int8"), ("int8", "int8"), ("int16", "int16")]))
    x = input_spec(shape, types[0])
    op, case = drawn_case(draw, size, padding, x, types[1])
    assert depthwise.in_place(op, x)
    return case


@pytest.mark.needs("cc")
@FEW
@given(st.lists(cases(), min_size=16, max_size=16))
def test_equals_the_definition_on_the_host(tmp_path_factory, drawn):
    assert differing_on_host(drawn, tmp_path_factory.mktemp("depthwise")) == 0


@pytest.mark.needs("cc")
@FEW
@given(st.lists(cases_in_place(), min_size=16, max_size=16))
def test_the_output_may_lie_over_the_input(tmp_path_factory, drawn):
    folder = tmp_path_factory.mktemp("in_place")
    assert differing_on_host(drawn, folder, in_place=True) == 0


def usual_cases():
    rng = np.random.default_rng(3)
    for shape, size, dtype in (
        ((14, 14, 16), (3, 3), "uint8"),
        ((7, 9, 5), (3, 3), "int8"),
        ((6, 11, 3), (5, 5), "int16"),
        ((5, 5, 1), (1, 3), "uint8"),
        ((9, 12, 2), (7, 7), "int8"),
    ):
        x = input_spec(shape, dtype)
        padding = tuple((n // 2, n // 2) for n in size)
        output = "int16" if dtype == "int16" else "int8"
        op = qconv(rng, x, shape[2], size, output, groups=shape[2], padding=padding)
        yield conv_case(rng, op, x)


@pytest.mark.needs(*TOOLS)
@pytest.mark.parametrize("flag", ["-O2", "-Os"])
def test_equals_the_definition_on_cortex_m4_in_place(flag):
    assert differing_on_m4(list(usual_cases()), flag, in_place=True) == 0


@pytest.mark.needs(*TOOLS)
@pytest.mark.parametrize(("dtype", "instructions"), [("uint8", 57_145), ("int8", 61_029)])
def test_instructions_and_bytes_of_sixteen_channels(dtype, instructions):
    op, x = budget(dtype)
    row = measure(conv_case(np.random.default_rng(2), op, x), "", None, None)
    assert row.instructions <= instructions * 1.02
    assert row.scratch_bytes == depthwise.scratch_bytes(op, x) == 256


def test_what_it_leaves_to_the_portable_path():
    op, x = budget()
    assert depthwise.fits(op, x)
    assert not depthwise.fits(replace(op, stride=(2, 2)), x)
    assert not depthwise.fits(replace(op, pad_mode="circular"), x)
    grouped = qconv(np.random.default_rng(0), x, 16, (3, 3), groups=8)
    assert not depthwise.fits(grouped, x)
    valid = replace(op, padding=((0, 0), (0, 0)))
    assert depthwise.fits(valid, x)
    assert not depthwise.in_place(valid, x)
    assert not depthwise.in_place(*budget("int16"))
