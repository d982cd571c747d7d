"""The C routines against their definitions: integers byte for byte, floats to 1e-4."""

from __future__ import annotations

import subprocess
from pathlib import Path

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

from skconv.codegen import render as printer
from skconv.codegen.emit import emit
from skconv.codegen.headers import header_texts
from skconv.codegen.text import table
from skconv.deploy.compiled import CompiledGraph
from skconv.graph import Fused, Graph, Magnitude, Op, OvoVote, TensorSpec, verify
from skconv.graph.integer import exp2_table
from skconv.graph.nested import Packed
from skconv.runtime import fixed, reference
from skconv.target.targets import WARNING_FLAGS
from skconv.testing import example_graphs, example_samples
from skconv.utils.files import write_files
from tests.exactness import APART, SANITIZERS, build
from tests.integer_graphs import (
    add_conv_ops,
    add_kernel_machines,
    add_map_ops,
    add_vector_ops,
    every_integer_op,
    input_spec,
    samples,
)

pytestmark = pytest.mark.needs("cc")

FEW = settings(
    max_examples=8,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
DTYPES = st.sampled_from(["uint8", "int8", "int16"])
SIZES = st.tuples(st.integers(1, 3), st.integers(1, 3))

TRACING_MAIN = """\
#include <stdio.h>
#include "m.h"

static m_input_t sample[M_INPUT_SIZE];

int main(void)
{
    while (fread(sample, sizeof sample, 1, stdin) == 1) {
        (void)m_predict(sample);
        fwrite(m_trace, 1, M_TRACE_BYTES, stdout);
    }
    return 0;
}
"""


@pytest.fixture(autouse=True, scope="module")
def cache(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SKCONV_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


def assert_same_bytes(graph: Graph, x, flags=("-O1", APART)) -> None:
    wanted = fixed.tensors(graph, x)
    found = CompiledGraph(
        graph, "m", (*WARNING_FLAGS, "-DSKCONV_NO_OPTIMIZE_WARNING", *flags)
    ).tensors(x)
    for node in graph.nodes:
        assert found[node.name].dtype == wanted[node.name].dtype
        np.testing.assert_array_equal(found[node.name], wanted[node.name], node.name)


def wanted_traces(graph: Graph, x):
    """The bytes of every tensor, one after the other, for every sample."""
    wanted = fixed.tensors(graph, x)
    parts = (np.ascontiguousarray(wanted[node.name]) for node in graph.nodes)
    return np.concatenate([p.reshape(len(x), -1).view(np.uint8) for p in parts], axis=1)


@pytest.mark.parametrize(
    ("dtype", "flag"), [("uint8", "-O0"), ("int8", "-Os"), ("int16", "-O2")], ids=str
)
def test_every_integer_op_of_every_input(dtype, flag):
    """Other compilers, optimisations and cores: see test_targets.py."""
    graph = every_integer_op(1, dtype)
    assert_same_bytes(graph, samples(np.random.default_rng(2), graph.input), (flag, APART))


def test_the_graph_holds_every_integer_op():
    def leaves(cls: type[Op]) -> set[type[Op]]:
        return {cls, *(leaf for child in cls.__subclasses__() for leaf in leaves(child))}

    wanted = {
        op
        for op in leaves(Op)
        if "integer" in op.domains
        and emit.dispatch(op) is not emit.dispatch(Op)
        and not issubclass(op, Packed)
    }
    assert {type(node.op) for node in every_integer_op().nodes} | {Fused} == wanted


@pytest.mark.parametrize("dtype", ["uint8", "int8", "int16"])
def test_sanitizers_find_nothing(tmp_path, dtype):
    """No undefined shift, overflow or access outside, on extreme samples too."""
    graph = every_integer_op(3, dtype)
    x = samples(np.random.default_rng(4), graph.input)
    write_files(tmp_path, printer.render(graph, "m") | {"main.c": TRACING_MAIN})
    built = build(tmp_path, ["m.c", "main.c"], ("-DM_TRACE", *SANITIZERS))
    done = subprocess.run([built], input=x.tobytes(), capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
    assert done.stdout == wanted_traces(graph, x).tobytes()


@FEW
@given(
    DTYPES,
    st.tuples(st.integers(4, 7), st.integers(4, 7), st.integers(1, 3)),
    SIZES,
    SIZES,
    st.sampled_from([(1, 1), (2, 1), (1, 2)]),
    st.tuples(*[st.integers(0, 3)] * 4),
    st.sampled_from(["zero", "circular"]),
    st.integers(0, 99),
)
def test_convolutions_of_any_geometry(dtype, shape, size, stride, dilation, pads, mode, seed):
    span = [(k - 1) * d + 1 for k, d in zip(size, dilation, strict=True)]
    rng = np.random.default_rng(seed)
    padding = (pads[:2], pads[2:])
    fits = [s + sum(p) >= n for s, p, n in zip(shape, padding, span, strict=False)]
    geometry = {"padding": padding if all(fits) else ((2, 2), (2, 2))}
    geometry |= {"stride": stride, "dilation": dilation, "pad_mode": mode}
    graph = verify(add_conv_ops(Graph(input_spec(shape, dtype)), rng, size, **geometry))
    assert_same_bytes(graph, samples(rng, graph.input))


@FEW
@given(
    DTYPES,
    st.tuples(st.integers(3, 6), st.integers(3, 6), st.integers(1, 3)),
    SIZES,
    SIZES,
    st.integers(0, 99),
)
def test_maps_of_any_geometry(dtype, shape, size, stride, seed):
    rng = np.random.default_rng(seed)
    graph = verify(add_map_ops(Graph(input_spec(shape, dtype)), rng, size, stride))
    assert_same_bytes(graph, samples(rng, graph.input))


@FEW
@given(DTYPES, st.integers(1, 9), st.integers(0, 99))
def test_vectors_of_any_length(dtype, length, seed):
    rng = np.random.default_rng(seed)
    graph = add_vector_ops(Graph(input_spec((length,), dtype)), rng, "input")
    graph = verify(add_kernel_machines(graph, rng, "flat"))
    assert_same_bytes(graph, samples(rng, graph.input))


def test_magnitude_of_the_largest_numbers():
    """The sum of squares needs the 32nd bit."""
    limit = 46340
    spec = TensorSpec((1, 3, 4), "uint16", minimum=0, maximum=limit)
    graph = Graph(spec).append(Magnitude())
    x = np.full((1, 1, 3, 4), limit, np.uint16)
    x[0, 0, 1] = [3, 5, 4, 12]
    assert_same_bytes(graph, x)
    found = CompiledGraph(graph, "m").run(x)[0, 0]
    assert found.tolist() == [[65535, 65535], [5, 13], [65535, 65535]]


def test_magnitude_that_needs_more_bits_is_refused():
    spec = TensorSpec((1, 1, 2), "int32", minimum=-70_000, maximum=70_000)
    with pytest.raises(ValueError, match="squares of integers up to 70000 do not fit"):
        printer.render(Graph(spec).append(Magnitude()), "m")


@pytest.mark.parametrize("name", example_graphs())
def test_float_ops(name):
    graph = example_graphs(7)[name]
    x = example_samples(graph, 10)
    x[0] = 0
    wanted = reference.tensors(graph, x)
    found = CompiledGraph(graph, "m", (*WARNING_FLAGS, "-O2")).tensors(x)
    for node in graph.nodes:
        largest = np.abs(wanted[node.name][np.isfinite(wanted[node.name])]).max()
        np.testing.assert_allclose(
            found[node.name], wanted[node.name], 1e-4, 1e-5 * largest, err_msg=node.name
        )


def test_a_decision_of_zero_is_not_positive():
    graph = Graph(TensorSpec((3,), "int8")).append(OvoVote(3))
    x = np.array([[0, 0, 0], [1, 0, 0], [1, 1, 0], [-1, -1, 1]], np.int8)
    assert_same_bytes(graph, x)
    votes = CompiledGraph(graph, "m").run(x)
    assert votes.tolist() == [[0, 1, 2], [1, 0, 2], [2, 0, 1], [0, 2, 1]]


POWERS = """\
#include <stdio.h>
#include "skconv/kernel_machine.h"
#include "table.h"

int main(void)
{
    for (int32_t u = 0; u < 5000; u++) {
        printf("%ld\\n", (long)sk_exp2_negative(exp2_table, u));
    }
    for (int32_t u = 0; u < 300000; u += 41) {
        printf("%ld\\n", (long)sk_fine_exp2_negative(exp2_table, u));
    }
    for (int32_t degree = 1; degree < 6; degree++) {
        for (int32_t base = -8388608; base <= 8388608; base += 65536) {
            printf("%lld\\n", (long long)sk_power(base, degree));
        }
    }
    return 0;
}
"""


def run_c(folder: Path, text: str) -> list[str]:
    """What a C program prints that includes the routines."""
    files = {f"skconv/{name}": header for name, header in header_texts().items()}
    write_files(folder, files | {"main.c": text})
    subprocess.run(["cc", *WARNING_FLAGS, "-O2", "main.c", "-o", "main"], cwd=folder, check=True)
    done = subprocess.run([folder / "main"], capture_output=True, text=True, check=True)
    return done.stdout.splitlines()


def test_powers_are_the_definition(tmp_path):
    (tmp_path / "table.h").write_text("\n".join(table("exp2_table", exp2_table())) + "\n")
    found = np.array(run_c(tmp_path, POWERS), np.int64)
    bases = np.arange(-(2**23), 2**23 + 1, 2**16)
    powers = [fixed.power(bases, degree) for degree in range(1, 6)]
    fine = fixed.exp2_negative(np.arange(0, 300000, 41), 14)
    wanted = np.concatenate([fixed.exp2_negative(np.arange(5000)), fine, *powers])
    np.testing.assert_array_equal(found, wanted)


ROOTS = """\
#include <stdio.h>
#include "skconv/float_math.h"
#include "skconv/root.h"

int main(void)
{
    for (uint32_t r = 0; r < 65536; r++) {
        const uint32_t below = r * r + r;
        if (sk_rounded_root(r * r) != r || sk_rounded_root(below) != r
            || (r < 65535 && sk_rounded_root(below + 1) != r + 1)) {
            return 1;
        }
    }
    for (int32_t i = 0; i < 4000; i++) {
        const float x = (float)i * 0.03125f;
        printf("%.9g %.9g %.9g\\n", (double)x, (double)sk_float_sqrt(x * x * x),
               (double)sk_float_exp2_negative(x));
    }
    return 0;
}
"""


def test_roots_and_powers(tmp_path: Path):
    """Every integer root rounds right; the float root and power are good to 1e-6."""
    lines = run_c(tmp_path, ROOTS)
    x, root, power = np.array([line.split() for line in lines], float).T
    np.testing.assert_allclose(root, x**1.5, 1e-6)
    np.testing.assert_allclose(power, 2.0**-x, 1e-6)
