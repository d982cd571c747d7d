"""Fast linear maps: the bytes of the integer definition, within their budgets."""

from __future__ import annotations

from itertools import product

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

from skconv import emulator
from skconv.codegen.headers import header_texts
from skconv.codegen.routines.linear.packing import fits, pack, weight_type
from skconv.graph import Graph, QLinear, TensorSpec
from skconv.runtime import fixed
from skconv.target.targets import WARNING_FLAGS
from tests.integer_graphs import input_spec, samples
from tests.mcu import kernel_machine, linear, streams

TOOLS = emulator.tools("cortex-m4")

SETTINGS = settings(
    max_examples=100,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
TYPES = ["int8", "uint8", "int16"]

DRIVER = """\
int main(void)
{
    const int32_t *n = array();
    sk_dsp_matrix m = {(sk_type)n[0], (sk_type)n[1], n[2], n[3], NULL, NULL};
    m.weights = array();
    m.bias = array();
    const int32_t *multipliers = array();
    void *output = array();
    const char *input = array();
    for (int32_t i = 0; i < n[4]; i++) {
        if (n[6] == SK_INT32) {
            sk_dsp_linear(input + i * n[5], output, m);
        } else {
            sk_requantization rule = {multipliers, 0, n[7], n[8], n[9]};
            sk_dsp_linear_requantized(input + i * n[5], output, (sk_type)n[6], m, rule);
        }
        fwrite(output, (size_t)n[10], 1, stdout);
    }
    return 0;
}
"""


@pytest.fixture(scope="module")
def driver(tmp_path_factory):
    folder = tmp_path_factory.mktemp("driver")
    return streams.build(folder, header_texts(), "dsp_linear.h", DRIVER)


def wanted(op: QLinear, x: TensorSpec, batch):
    return fixed.run(Graph(x).append(op), batch)


def results(driver, op: QLinear, x: TensorSpec, batch, wide: bool):
    """What the C gives for a batch."""
    output = op.output(x)
    dtype = np.dtype(output.dtype)
    rule = op.requantization
    limits = [0, 0, 0]
    multipliers = np.zeros(0, np.int32)
    if rule is not None:
        limits = [rule.shift, rule.minimum, rule.maximum]
        multipliers = rule.multiplier
    header = [
        TYPES.index(x.dtype), TYPES.index(weight_type(op, wide=wide)), len(op.bias), x.size,
        len(batch), batch[0].nbytes, 4 if rule is None else TYPES.index(output.dtype),
        *limits, dtype.itemsize * len(op.bias),
    ]  # fmt: skip
    arrays = [
        np.array(header, np.int32), pack(op, x, wide=wide), op.bias, multipliers,
        np.zeros(len(op.bias), dtype), batch,
    ]  # fmt: skip
    return np.frombuffer(streams.feed(driver, arrays), dtype).reshape(len(batch), -1)


@pytest.mark.needs("cc")
@SETTINGS
@given(
    dtype=st.sampled_from(TYPES),
    weights=st.sampled_from(["int8", "int16"]),
    result=st.sampled_from([None, "int8", "uint8", "int16"]),
    n_columns=st.integers(1, 80),
    n_rows=st.integers(1, 11),
    wide=st.booleans(),
    seed=st.integers(0, 2**32 - 1),
)
def test_the_bytes_of_the_definition(driver, dtype, weights, result, n_columns, n_rows, wide, seed):
    rng = np.random.default_rng(seed)
    x = input_spec((n_columns,), dtype)
    op = linear.example(rng, x, n_rows, weights, result)
    assert fits(op, x)
    batch = samples(rng, x)
    found = results(driver, op, x, batch, wide)
    np.testing.assert_array_equal(found, wanted(op, x, batch))


def test_what_does_not_fit():
    x = input_spec((3,))
    op = linear.example(np.random.default_rng(0), x, 2)
    assert fits(op, x)
    assert not fits(op, TensorSpec((3,), "int32", 1.0))


SHAPES = [(1, 1, None), (5, 3, None), (66, 6, "int8"), (39, 10, "int16"), (64, 4, None)]


@pytest.mark.needs(*TOOLS)
@pytest.mark.parametrize("flag", ["-O0", "-Os", "-O3"])
@pytest.mark.parametrize("dtype, weights", [*product(TYPES, ["int8", "int16"])])
def test_on_the_target(dtype, weights, flag):
    # Without optimisation the compiler takes five times as long.
    shapes = {"-O0": SHAPES[2:3], "-Os": SHAPES[3:4], "-O3": SHAPES[::2]}[flag]
    for n_columns, n_rows, result in shapes:
        rng = np.random.default_rng(5)
        x = input_spec((n_columns,), dtype)
        op = linear.example(rng, x, n_rows, weights, result)
        batch = samples(rng, x)
        sources = kernel_machine.project(linear.fast_source(op, x))
        sources["main.c"] = streams.comparing_main(batch, wanted(op, x, batch))
        done = emulator.run(sources, flags=(*WARNING_FLAGS, flag), target="cortex-m4")
        assert (done.returncode, done.output) == (0, "")


@pytest.mark.needs(*TOOLS)
@pytest.mark.parametrize(
    "n_columns, n_rows, dtype, weights, measured",
    [
        (64, 1, "uint8", "int8", 134),
        (64, 1, "uint8", "int16", 118),
        (64, 1, "int16", "int8", 118),
        (64, 1, "int16", "int16", 102),
        (64, 3, "uint8", "int8", 304),
        (1152, 10, "uint8", "int8", 16284),
        (1152, 10, "int8", "int16", 10882),
    ],
)
def test_instructions(n_columns, n_rows, dtype, weights, measured):
    row = linear.row(input_spec((n_columns,), dtype), n_rows, weights, False, None, None)
    assert row.instructions <= 1.02 * measured
