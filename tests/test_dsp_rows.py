"""One-channel convolutions by packed arithmetic, and the stages that begin with one."""

from __future__ import annotations

from dataclasses import replace

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

from skconv import emulator
from skconv.codegen.routines.rows import packing as rows
from skconv.codegen.routines.stage import rows_pool
from skconv.graph import (
    Abs,
    BothSigns,
    Magnitude,
    MaxPool,
    QL2Pool,
    QMeanPool,
    QSquare,
    Relu,
    SoftThreshold,
)
from tests.integer_graphs import input_spec, qconv, requantization
from tests.mcu.cases import measure
from tests.mcu.rows import budget, conv_case, conv_row, head, head_row, pooling, stage_case
from tests.mcu.running import differing_on_host, differing_on_m4

TOOLS = emulator.tools("cortex-m4")

FEW = settings(
    max_examples=3,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.data_too_large],
)
DTYPES = st.sampled_from(["uint8", "int8", "int16"])
SIDES = st.tuples(st.integers(0, 3), st.integers(0, 3))
FLAGS = pytest.mark.parametrize("flag", ["-O2", "-Os"])


@st.composite
def maps(draw, kernels, dtypes, least=13):
    """A convolution and its input; wide kernels where the width allows."""
    shape = draw(st.integers(least, 16)), draw(st.integers(least, 18)), 1
    size = draw(st.integers(1, 5)), draw(st.integers(1, 12))
    x = input_spec(shape, draw(DTYPES))
    rng = np.random.default_rng(draw(st.integers(0, 1000)))
    padding = draw(SIDES), draw(SIDES)
    op = qconv(rng, x, draw(kernels), size, draw(dtypes), padding=padding)
    assert rows.fits(op, x)
    return rng, op, x


@pytest.mark.needs("cc")
@FEW
@given(st.lists(maps(st.integers(1, 4), DTYPES), min_size=12, max_size=12))
def test_maps_equal_the_definition_on_the_host(tmp_path_factory, drawn):
    cases = [conv_case(*parts) for parts in drawn]
    assert differing_on_host(cases, tmp_path_factory.mktemp("rows")) == 0


def nonlinearity_of(kind, rng, middle):
    if kind is QSquare:
        bound = middle.magnitude**2
        return QSquare(requantization=requantization(rng, bound, channels=middle.shape[2]))
    if kind is SoftThreshold:
        threshold = rng.integers(0, middle.magnitude // 2, middle.shape[2])
        return SoftThreshold(threshold.astype(np.int16), bool(rng.integers(2)))
    return None if kind is None else kind()


@st.composite
def stages(draw, with_head):
    rng, conv, x = draw(maps(st.sampled_from([2, 4]), st.sampled_from(["uint8", "int8"])))
    kind = draw(st.sampled_from([None, Relu, Abs, BothSigns, QSquare, Magnitude, SoftThreshold]))
    if kind is Magnitude:
        to = replace(conv.requantization, dtype="int16", minimum=-127, maximum=127)
        conv = replace(conv, requantization=to)
    middle = conv.output(x)
    nonlinearity = nonlinearity_of(kind, rng, middle)
    if nonlinearity is not None:
        middle = nonlinearity.output(middle)
    rows_, columns = middle.shape[:2]
    size = draw(st.integers(1, min(5, rows_))), draw(st.integers(1, min(5, columns)))
    gap = draw(st.integers(0, min(2, conv.weights.shape[1] - 1))), draw(st.integers(0, 2))
    stride = size[0] + gap[0], size[1] + gap[1]
    pool_kind = draw(st.sampled_from([MaxPool, QMeanPool, QL2Pool]))
    pool = pooling(rng, pool_kind, middle, size, stride)
    assert rows_pool.fits(conv, x, nonlinearity, pool)
    linear = None
    if with_head:
        features = pool.output(middle).size
        outputs = draw(st.integers(1, 12))
        linear = head(rng, outputs, features, draw(st.sampled_from(["int8", "int16"])))
    return stage_case(rng, conv, x, nonlinearity, pool, linear)


@pytest.mark.needs("cc")
@FEW
@given(st.lists(stages(with_head=False), min_size=12, max_size=12))
def test_stages_equal_the_definition_on_the_host(tmp_path_factory, drawn):
    assert differing_on_host(drawn, tmp_path_factory.mktemp("stages")) == 0


@pytest.mark.needs("cc")
@FEW
@given(st.lists(stages(with_head=True), min_size=8, max_size=8))
def test_scores_equal_the_definition_on_the_host(tmp_path_factory, drawn):
    assert differing_on_host(drawn, tmp_path_factory.mktemp("scores")) == 0


def some_maps():
    rng = np.random.default_rng(3)
    for shape, size, dtype, padding in (
        ((28, 28, 1), (5, 5), "uint8", ((0, 0), (0, 0))),
        ((15, 17, 1), (7, 7), "int8", ((3, 3), (3, 3))),
        ((13, 12, 1), (2, 12), "int16", ((1, 0), (0, 2))),
        ((9, 9, 1), (3, 1), "uint8", ((1, 1), (0, 0))),
        ((11, 30, 1), (11, 11), "uint8", ((5, 5), (5, 5))),
    ):
        x = input_spec(shape, dtype)
        yield conv_case(rng, qconv(rng, x, 3, size, "int8", padding=padding), x)


@pytest.mark.needs(*TOOLS)
@FLAGS
def test_maps_equal_the_definition_on_cortex_m4(flag):
    assert differing_on_m4(list(some_maps()), flag) == 0


def some_stages():
    rng = np.random.default_rng(4)
    kinds = (None, Relu, Abs, BothSigns, QSquare, Magnitude, SoftThreshold, SoftThreshold)
    poolings = (MaxPool, QMeanPool, QL2Pool)
    for i, kind in enumerate(kinds):
        x = input_spec((15 + i, 16 - i % 6, 1), ("uint8", "int8")[i % 2])
        conv = qconv(rng, x, 4, (3, 3 + i % 6), "uint8" if kind is None else "int8")
        if kind is Magnitude:
            conv = replace(conv, requantization=replace(conv.requantization, dtype="int16"))
        middle = conv.output(x)
        nonlinearity = nonlinearity_of(kind, rng, middle)
        if nonlinearity is not None:
            middle = nonlinearity.output(middle)
        pool = pooling(rng, poolings[i % 3], middle, (2 + i % 3, 2 + i // 2))
        linear = head(rng, 3 + i, pool.output(middle).size) if i % 2 else None
        yield stage_case(rng, conv, x, nonlinearity, pool, linear)


@pytest.mark.needs(*TOOLS)
@FLAGS
def test_stages_equal_the_definition_on_cortex_m4(flag):
    assert differing_on_m4(list(some_stages()), flag) == 0


@pytest.mark.needs(*TOOLS)
@pytest.mark.parametrize(("dtype", "instructions"), [("uint8", 123_464), ("int8", 129_536)])
def test_instructions_and_bytes_of_a_convolution_of_an_image(dtype, instructions):
    row = conv_row(dtype)
    assert row.instructions <= instructions * 1.02
    assert row.scratch_bytes == rows.scratch_bytes(*budget()) == 336


@pytest.mark.needs(*TOOLS)
def test_instructions_and_bytes_of_rows_pushed_to_scores():
    row = head_row()
    assert row.instructions <= SCORES * 1.02
    assert row.scratch_bytes == 480
    assert row.code_bytes <= 1536


@pytest.mark.needs(*TOOLS)
def test_sixteen_kernels_and_a_pooling_of_four_need_no_map():
    rng = np.random.default_rng(4)
    x = input_spec((28, 28, 1))
    conv = qconv(rng, x, 16, (5, 5), "int8")
    pool = pooling(rng, QMeanPool, Abs().output(conv.output(x)), (4, 4))
    row = measure(stage_case(rng, conv, x, Abs(), pool), "", None, None)
    assert row.scratch_bytes == rows_pool.scratch_bytes(conv, x, pool) == 448
    assert row.instructions <= STAGE * 1.02


def test_what_it_leaves_to_the_portable_path():
    op, x = budget()
    assert rows.fits(op, x)
    assert not rows.fits(replace(op, stride=(2, 1)), x)
    assert not rows.fits(replace(op, dilation=(1, 2)), x)
    assert not rows.fits(replace(op, pad_mode="circular", padding=((1, 1), (1, 1))), x)
    assert not rows.fits(op, replace(x, dtype="uint16"))
    wide = qconv(np.random.default_rng(0), x, 2, (3, 13))
    assert not rows.fits(wide, x)
    assert rows_pool.fits(op, x, None, MaxPool())
    assert not rows_pool.fits(op, x, None, MaxPool(size=(3, 3), stride=(2, 2)))
    assert not rows_pool.fits(op, x, None, MaxPool(size=(1, 1), stride=(9, 1)))


SCORES, STAGE = 157_535, 299_732
