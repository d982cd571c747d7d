"""Strided depthwise convolutions by packed arithmetic give the bytes of the definition."""

from __future__ import annotations

from dataclasses import replace

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

from skconv import emulator
from skconv.codegen.routines.base import Wish
from skconv.codegen.routines.registry import planned
from skconv.codegen.routines.strided_depthwise import DspStridedDepthwise
from skconv.codegen.routines.strided_depthwise import packing as strided_depthwise
from skconv.target.targets import get_target
from tests.integer_graphs import input_spec, qconv
from tests.mcu.cases import measure
from tests.mcu.depthwise import conv_case
from tests.mcu.running import differing_on_host, differing_on_m4

TOOLS = emulator.tools("cortex-m4")

FEW = settings(
    max_examples=4,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.data_too_large],
)
DTYPES = st.sampled_from(["uint8", "int8", "int16"])


def strided(rng, shape, size, stride, padding, dtype="uint8", output="int8"):
    x = input_spec(shape, dtype)
    geometry = {"groups": shape[2], "stride": stride, "padding": padding}
    op = qconv(rng, x, shape[2], size, output, **geometry)
    assert strided_depthwise.fits(op, x)
    return op, x


@st.composite
def cases(draw):
    """Any kernel, any padding, any row stride that leaves out no row."""
    rng = np.random.default_rng(draw(st.integers(0, 1000)))
    shape = draw(st.integers(4, 9)), draw(st.integers(4, 11)), draw(st.integers(1, 5))
    size = draw(st.integers(1, 4)), draw(st.integers(1, 5))
    stride = draw(st.integers(1, size[0])), draw(st.sampled_from([2, 2, 4]))
    sides = st.tuples(st.integers(0, 3), st.integers(1, 3))
    return conv_case(
        rng,
        *strided(rng, shape, size, stride, (draw(sides), draw(sides)), draw(DTYPES), draw(DTYPES)),
    )


@pytest.mark.needs("cc")
@FEW
@given(st.lists(cases(), min_size=16, max_size=16))
def test_equals_the_definition_on_the_host(tmp_path_factory, drawn):
    assert differing_on_host(drawn, tmp_path_factory.mktemp("strided")) == 0


def usual_cases():
    rng = np.random.default_rng(3)
    for shape, size, padding, dtype in (
        ((14, 14, 16), (3, 3), ((0, 1), (0, 1)), "uint8"),
        ((15, 13, 5), (3, 3), ((1, 1), (1, 1)), "int8"),
        ((9, 11, 3), (5, 5), ((2, 2), (1, 2)), "int16"),
        ((5, 7, 1), (2, 7), ((0, 1), (3, 3)), "uint8"),
        ((9, 12, 2), (7, 12), ((3, 3), (5, 6)), "int8"),
    ):
        output = "int16" if dtype == "int16" else "int8"
        yield conv_case(rng, *strided(rng, shape, size, (2, 2), padding, dtype, output))


@pytest.mark.needs(*TOOLS)
@pytest.mark.parametrize("flag", ["-O2", "-Os"])
def test_equals_the_definition_on_cortex_m4(flag):
    assert differing_on_m4(list(usual_cases()), flag) == 0


@pytest.mark.needs(*TOOLS)
@pytest.mark.parametrize(("output", "instructions"), [("uint8", 27_266), ("int8", 28_546)])
def test_instructions_and_bytes_of_sixteen_channels(output, instructions):
    rng = np.random.default_rng(1)
    around = ((0, 1), (0, 1))
    op, x = strided(rng, (14, 14, 16), (3, 3), (2, 2), around, output=output)
    row = measure(conv_case(np.random.default_rng(2), op, x), "", None, None)
    assert row.instructions <= instructions * 1.02
    assert row.scratch_bytes == strided_depthwise.scratch_bytes(op, x) == 192


def test_what_it_serves_and_what_it_leaves_to_the_portable_path():
    op, x = strided(np.random.default_rng(0), (8, 8, 4), (3, 3), (2, 2), ((1, 1), (1, 1)))
    assert isinstance(planned(op, x, get_target("cortex-m4"), Wish()), DspStridedDepthwise)
    for stride in ((1, 1), (2, 1), (2, 3), (4, 2)):
        assert not strided_depthwise.fits(replace(op, stride=stride), x)
    assert not strided_depthwise.fits(replace(op, pad_mode="circular"), x)
    assert not strided_depthwise.fits(replace(op, dilation=(1, 2)), x)
    grouped = qconv(np.random.default_rng(0), x, 4, (3, 3), groups=2, stride=(2, 2))
    assert not strided_depthwise.fits(grouped, x)
