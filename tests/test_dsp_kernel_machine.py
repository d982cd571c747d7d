"""Fast kernel machines: the bytes of the integer definition, within their budgets."""

from __future__ import annotations

from dataclasses import replace

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

from skconv import emulator
from skconv.codegen.headers import header_texts
from skconv.codegen.routines.kernel_machine.packing import fits, pack, scratch_bytes
from skconv.graph import Graph, QKernelMachine, TensorSpec
from skconv.graph.integer import exp2_table
from skconv.graph.storage.grid import Grid
from skconv.runtime import fixed
from skconv.target.targets import WARNING_FLAGS
from tests.integer_graphs import input_spec, of_few_values, samples
from tests.mcu import kernel_machine as mcu
from tests.mcu import streams

TOOLS = emulator.tools("cortex-m4")

SETTINGS = settings(
    max_examples=200,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)

DRIVER = """\
int main(void)
{
    const int32_t *n = array();
    sk_dsp_machine m = {
        .kernel = (sk_kernel)n[0], .type = (sk_type)n[1], .vector_type = (sk_type)n[2],
        .features = n[3], .vectors = n[4], .classes = n[5], .rows = n[6],
        .first = n[13], .step = n[14], .exponent = {NULL, n[7], n[8], 0, n[9]}};
    m.support_vectors = array();
    m.n_support = array();
    m.coefficients = array();
    m.intercept = array();
    m.norms = array();
    m.exp2_table = array();
    void *scratch = array();
    int32_t *output = array();
    const char *input = array();
    for (int32_t i = 0; i < n[10]; i++) {
        sk_dsp_kernel_machine(input + i * n[11], output, scratch, m);
        fwrite(output, 4, (size_t)n[12], stdout);
    }
    return 0;
}
"""


@pytest.fixture(scope="module")
def driver(tmp_path_factory):
    folder = tmp_path_factory.mktemp("driver")
    return streams.build(folder, header_texts(), "dsp_kernel_machine.h", DRIVER)


def results(driver, op: QKernelMachine, x: TensorSpec, batch, wide: bool):
    """What the C gives for a batch."""
    packed = pack(op, x, wide=wide)
    types = ["int8", "uint8", "int16", "uint16", "int32", "ternary", "int3", "int4"]
    grid = packed.grid or Grid(0, 0)
    header = [
        ["laplacian", "rbf"].index(op.kernel), types.index(x.dtype),
        types.index(packed.vector_type), x.size, len(op.support_vectors), packed.classes,
        len(op.dual_coef), int(op.exponent.multiplier[0]), op.exponent.shift,
        packed.exponent.maximum, len(batch), batch[0].nbytes, len(op.intercept),
        grid.first, grid.step,
    ]  # fmt: skip
    arrays = [
        np.array(header, np.int32),
        packed.support_vectors,
        np.array(op.n_support, np.uint16),
        packed.coefficients,
        packed.intercept,
        np.zeros(0) if packed.norms is None else packed.norms,
        exp2_table(),
        np.zeros(scratch_bytes(op, x, wide=wide), np.uint8),
        np.zeros(len(op.intercept), np.int32),
        batch,
    ]
    return np.frombuffer(streams.feed(driver, arrays), np.int32).reshape(len(batch), -1)


def wanted(op: QKernelMachine, x: TensorSpec, batch):
    return fixed.run(Graph(x).append(op), batch)


machines = {
    "kernel": st.sampled_from(["laplacian", "rbf"]),
    "dtype": st.sampled_from(["uint8", "int8", "int16"]),
    "n_features": st.integers(1, 70),
    "n_support": st.lists(st.integers(0, 9), min_size=2, max_size=5).filter(any),
    "n_scores": st.sampled_from([0, 0, 1, 3, 10]),
    "wide": st.booleans(),
    "few_values": st.booleans(),
    "spread": st.sampled_from([1e-4, 3.0, 14.0, 2000.0]),
    "seed": st.integers(0, 2**32 - 1),
}


@pytest.mark.needs("cc")
@SETTINGS
@given(**machines)
def test_the_bytes_of_the_definition(
    driver, kernel, dtype, n_features, n_support, n_scores, wide, few_values, spread, seed
):
    rng = np.random.default_rng(seed)
    x = input_spec((n_features,), dtype)
    op = mcu.example(rng, kernel, x, n_support, spread, n_scores)
    op = of_few_values(rng, op, x) if few_values else op
    assert fits(op, x)
    batch = samples(rng, x)
    batch[0] = op.support_vectors[0]
    np.testing.assert_array_equal(results(driver, op, x, batch, wide), wanted(op, x, batch))


@pytest.mark.needs("cc")
@pytest.mark.parametrize("kernel", ["laplacian", "rbf"])
@pytest.mark.parametrize("limits", [(-128, 127), (-32768, 32767)])
def test_the_whole_range_of_the_types(driver, kernel, limits):
    """Differences of the extremes do not fit the type; RBF distances fill int32."""
    rng = np.random.default_rng(7)
    low, high = limits
    n_features = 9 if kernel == "laplacian" else 1 if high > 127 else 21
    x = TensorSpec((n_features,), f"int{8 if high == 127 else 16}", 1.0, low, high)
    if kernel == "rbf" and high > 127:
        x = replace(x, minimum=-23000, maximum=23000)
        low, high = x.limits
    op = mcu.example(rng, kernel, x, (5, 6))
    op = replace(op, support_vectors=rng.choice([low, high], (11, n_features)).astype(x.dtype))
    batch = rng.choice([low, high], (20, n_features)).astype(x.dtype)
    np.testing.assert_array_equal(results(driver, op, x, batch, False), wanted(op, x, batch))


def test_what_does_not_fit():
    rng = np.random.default_rng(0)
    x = input_spec((4,))
    op = mcu.example(rng, "rbf", x, (2, 3))
    assert fits(op, x)
    assert not fits(replace(op, kernel="poly"), x)
    assert not fits(replace(op, exponent=replace(op.exponent, maximum=3)), x)


TARGET_CASES = [
    ("laplacian", "uint8", 7, (3, 4), False),
    ("laplacian", "uint8", 18, (9,), False),
    ("laplacian", "int8", 21, (2, 5, 4), False),
    ("laplacian", "int16", 35, (3, 3), False),
    ("rbf", "uint8", 34, (1, 7, 2, 3), False),
    ("rbf", "uint8", 9, (3, 4), True),
    ("rbf", "int8", 37, (3, 6), False),
    ("rbf", "int8", 38, (6, 2, 2), True),
    ("rbf", "int16", 17, (5, 4), False),
]
FEW_VALUED_CASES = [
    ("laplacian", "uint8", 19, (3, 4)),
    ("laplacian", "int8", 16, (2, 5, 4)),
    ("laplacian", "int16", 21, (3, 3)),
    ("rbf", "uint8", 9, (6,)),
    ("rbf", "int8", 24, (3, 6)),
    ("rbf", "int16", 13, (1, 7, 2, 3)),
]


@pytest.mark.needs(*TOOLS)
@pytest.mark.parametrize(
    "kernel, dtype, n_features, n_support, wide, flag",
    [
        *((*case, "-O3") for case in TARGET_CASES),
        *((*case, ("-O0", "-Os")[i % 2]) for i, case in enumerate(TARGET_CASES)),
    ],
)
def test_on_the_target(kernel, dtype, n_features, n_support, wide, flag):
    rng = np.random.default_rng(5)
    x = input_spec((n_features,), dtype)
    op = mcu.example(rng, kernel, x, n_support, n_scores=3 if len(n_support) == 1 else 0)
    assert_same_on_the_target(rng, op, x, wide, flag)


@pytest.mark.needs(*TOOLS)
@pytest.mark.parametrize("kernel, dtype, n_features, n_support", FEW_VALUED_CASES)
def test_few_values_on_the_target(kernel, dtype, n_features, n_support):
    rng = np.random.default_rng(6)
    x = input_spec((n_features,), dtype)
    op = mcu.example(rng, kernel, x, n_support, n_scores=3 if len(n_support) == 1 else 0)
    assert_same_on_the_target(rng, of_few_values(rng, op, x), x, False, "-O2")


def assert_same_on_the_target(rng, op: QKernelMachine, x: TensorSpec, wide: bool, flag: str):
    batch = samples(rng, x)
    sources = mcu.project(mcu.fast_source(op, x, wide=wide))
    sources["main.c"] = streams.comparing_main(batch, wanted(op, x, batch))
    done = emulator.run(sources, flags=(*WARNING_FLAGS, flag), target="cortex-m4")
    assert (done.returncode, done.output) == (0, "")


MEASURED = {
    "laplacian": ("uint8", False, 4645),
    "rbf": ("int16", False, 8316),
}


@pytest.mark.needs(*TOOLS)
@pytest.mark.parametrize("kernel", MEASURED)
def test_instructions(kernel):
    """124 support vectors of 64 features, two classes; the object within 10 kB."""
    dtype, wide, measured = MEASURED[kernel]
    x = input_spec((64,), dtype)
    op = mcu.example(np.random.default_rng(0), kernel, x, (60, 64))
    source = mcu.fast_source(op, x, wide=wide)
    row = mcu.best("", source, x, 1, scratch_bytes(op, x, wide=wide), None, None)
    assert row.instructions <= 1.02 * measured
    if kernel == "laplacian":
        assert row.table_bytes + row.code_bytes <= 10_000
