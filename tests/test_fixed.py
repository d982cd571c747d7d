"""The integer definition against exact arithmetic."""

from __future__ import annotations

from fractions import Fraction
from math import floor

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skconv.graph import Abs, Graph, QLinear, Requantization, TensorSpec
from skconv.graph.integer import exp2_table
from skconv.runtime import fixed, windows


def rule(multiplier: int, shift: int, low: int = -128, high: int = 127):
    return Requantization(np.array([multiplier], np.int32), shift, 1.0, "int32", low, high)


@given(
    st.integers(0, 30),
    st.integers(1, 2**31 - 1),
    st.integers(-(2**31) + 1, 2**31 - 1),
)
def test_requantize_is_one_product_and_one_rounding_half_up(shift, multiplier, acc):
    acc = acc >> shift
    exact = Fraction(acc * 2**shift * multiplier, 2**32)
    wanted = min(max(floor(exact + Fraction(1, 2)), -128), 127)
    assert fixed.requantize(np.array([acc]), rule(multiplier, shift))[0] == wanted


def test_requantize_rounds_halves_up_and_saturates():
    half = rule(2**31 - 2**30, 1)  # times 1/2
    accumulators = np.array([1, -1, 3, -3, 1000, -1000])
    assert fixed.requantize(accumulators, half).tolist() == [1, 0, 2, -1, 127, -128]


@given(st.integers(0, 2**31 - 1))
def test_rounded_root_is_the_nearest_integer(value):
    root = int(fixed.rounded_root(np.array([value]))[0])
    assert max(2 * root - 1, 0) ** 2 <= 4 * value <= (2 * root + 1) ** 2


@given(st.integers(-(2**30), 2**30), st.integers(1, 2**30))
def test_rounded_quotient_is_exact(numerator, denominator):
    wanted = floor(Fraction(numerator, denominator) + Fraction(1, 2))
    assert fixed.rounded_quotient(np.int64(numerator), np.int64(denominator)) == wanted


def test_exp2_table_is_2_to_the_minus_f():
    table = exp2_table()
    exact = 2.0**15 * 2.0 ** -(np.arange(256) / 256)
    assert table[0] == 2**15
    assert np.abs(table - exact).max() <= 0.5


@given(st.integers(0, 2**31 - 1))
def test_exp2_negative_is_within_one_unit(exponent):
    value = int(fixed.exp2_negative(np.array([exponent]))[0])
    assert value <= 2.0**15 * 2.0 ** -(exponent / 256) + 0.5
    assert value >= 2.0**15 * 2.0 ** -(exponent / 256) - 1.5


@given(st.integers(0, 2**31 - 1))
def test_fine_exp2_negative_is_within_one_unit(exponent):
    value = int(fixed.exp2_negative(np.array([exponent]), 14)[0])
    exact = 2.0**15 * 2.0 ** -(exponent / 2**14)
    assert exact - 2 <= value <= exact + 1.5


@given(st.integers(-(2**23), 2**23), st.integers(1, 5))
def test_power_is_close_to_the_real_power(base, degree):
    value = int(fixed.power(np.array([base]), degree)[0])
    assert abs(value / 2**30 - (base / 2**23) ** degree) <= degree / 2**30


def test_quantize_input_keeps_what_the_device_delivers():
    x = np.array([[0, 255]], np.uint8)
    assert fixed.quantize_input(TensorSpec((2,), "uint8"), x) is x


def test_quantize_input_rounds_and_clips():
    spec = TensorSpec((4,), "int8", scale=0.5, minimum=-127, maximum=127)
    q = fixed.quantize_input(spec, np.array([[0.24, 0.26, -1000.0, 1000.0]]))
    assert q.tolist() == [[0, 1, -127, 127]]
    assert q.dtype == np.int8


def test_run_refuses_another_type_and_shape():
    op = QLinear(np.ones((1, 2), np.int8), np.zeros(1, np.int32))
    graph = Graph(TensorSpec((2,), "uint8")).append(op)
    with pytest.raises(ValueError, match="dtype float64, expected uint8"):
        fixed.run(graph, np.zeros((1, 2)))
    with pytest.raises(ValueError, match=r"shape \(1, 3\)"):
        fixed.run(graph, np.zeros((1, 3), np.uint8))


@pytest.mark.parametrize("chunk_bytes", [1, 2**26])
def test_a_name_that_is_asked_for_twice_comes_once(monkeypatch, chunk_bytes):
    """Of a regressor the scores are the output: a caller asks for both."""
    monkeypatch.setattr(windows, "CHUNK_BYTES", chunk_bytes)
    graph = Graph(TensorSpec((3,), "int8", minimum=-127, maximum=127)).append(Abs())
    x = np.arange(-12, 12, dtype=np.int8).reshape(8, 3)
    found = fixed.tensors(graph, x, (graph.scores_name, graph.output_name))
    np.testing.assert_array_equal(found[graph.output_name], np.abs(x))
