"""First layers by packed arithmetic give the bytes of the integer definition."""

from __future__ import annotations

from dataclasses import replace

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

from skconv import emulator
from skconv.codegen.routines.first import packing as first
from tests.integer_graphs import input_spec, qconv
from tests.mcu.cases import measure
from tests.mcu.first import budget, conv_case
from tests.mcu.running import differing_on_host, differing_on_m4

TOOLS = emulator.tools("cortex-m4")

SIDES = st.integers(0, 2)


@st.composite
def cases(draw):
    channels = draw(st.integers(1, 5))
    height, width = draw(st.integers(3, 9)), draw(st.integers(3, 11))
    size = draw(st.integers(1, 3)), draw(st.integers(1, 3))
    padding = (draw(SIDES), draw(SIDES)), (draw(SIDES), draw(SIDES))
    stride = draw(st.integers(1, 4)), draw(st.integers(1, 3))
    rng = np.random.default_rng(draw(st.integers(0, 1000)))
    x = input_spec((height, width, channels), draw(st.sampled_from(["uint8", "int8", "int16"])))
    kernels, dtype = draw(st.integers(1, 5)), draw(st.sampled_from(["uint8", "int8", "int16"]))
    op = qconv(rng, x, kernels, size, dtype, stride=stride, padding=padding)
    assert first.fits(op, x)
    return conv_case(rng, op, x)


@pytest.mark.needs("cc")
@settings(
    max_examples=6,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.data_too_large],
)
@given(st.lists(cases(), min_size=16, max_size=16))
def test_equals_the_definition_on_the_host(tmp_path_factory, drawn):
    assert differing_on_host(drawn, tmp_path_factory.mktemp("first")) == 0


def odd_and_even_cases():
    rng = np.random.default_rng(3)
    for shape, kernels, size, stride, dtype in (
        ((32, 32, 3), 16, (3, 3), (2, 2), "uint8"),
        ((9, 11, 3), 5, (3, 3), (1, 1), "int8"),
        ((10, 7, 1), 3, (5, 4), (3, 2), "uint8"),
        ((8, 9, 4), 6, (2, 3), (2, 1), "int16"),
        ((7, 7, 5), 1, (3, 2), (1, 3), "uint8"),
    ):
        x = input_spec(shape, dtype)
        padding = ((1, 0), (1, 2))
        op = qconv(rng, x, kernels, size, "int8", stride=stride, padding=padding)
        yield conv_case(rng, op, x)


@pytest.mark.needs(*TOOLS)
@pytest.mark.parametrize("flag", ["-O2", "-Os"])
def test_equals_the_definition_on_cortex_m4(flag):
    assert differing_on_m4(list(odd_and_even_cases()), flag) == 0


@pytest.mark.needs(*TOOLS)
@pytest.mark.parametrize(("dtype", "instructions"), [("uint8", 128_386), ("int8", 133_061)])
def test_instructions_and_bytes_of_the_usual_first_layer(dtype, instructions):
    op, x = budget(dtype, dtype)
    row = measure(conv_case(np.random.default_rng(2), op, x), "", None, None)
    assert row.instructions <= instructions * 1.02
    assert row.scratch_bytes == first.scratch_bytes(op, x) == 600


def test_what_it_leaves_to_the_portable_path():
    op, x = budget()
    assert first.fits(op, x)
    assert not first.fits(replace(op, dilation=(2, 1)), x)
    assert not first.fits(replace(op, pad_mode="circular"), x)
    assert not first.fits(replace(op, shared=True), x)
    assert not first.fits(op, replace(x, dtype="uint16"))
    wide = input_spec((5, 5, 40))
    assert not first.fits(qconv(np.random.default_rng(0), wide, 2, (3, 3)), wide)
