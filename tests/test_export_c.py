"""The printed C: names, text, symbols, sizes, warnings."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import numpy as np
import pytest

import skconv
from skconv.codegen.headers import header_paths, header_texts
from skconv.codegen.render import Program, render, trace_offsets
from skconv.codegen.text import float_literal, table
from skconv.emulator import object_sizes
from skconv.graph import (
    Abs,
    ArgMax,
    Graph,
    Linear,
    QConv,
    QLinear,
    QMeanPool,
    Quantized,
    Requantization,
    Reshape,
    TensorSpec,
)
from skconv.target.cost import report
from skconv.target.memory import plan_memory
from skconv.target.targets import WARNING_FLAGS, get_target
from skconv.testing import example_graphs
from skconv.utils.files import write_files
from tests.exactness import APART
from tests.integer_graphs import every_integer_op

GOLDEN = Path(__file__).parent / "golden"
# What a compiler may call by itself: memory routines, and integer arithmetic that the
# processor does not have.
INTEGER_HELPERS = r"mem(cpy|set|move)|__aeabi_(mem\w*|lmul|u?l?divmod|u?idiv(mod)?|ll?s[lr]|lasr)"
FLOAT_HELPERS = rf"{INTEGER_HELPERS}|__aeabi_[fiu]\w*"


def tiny_graph() -> Graph:
    """A small classifier whose numbers are simple."""

    def rule(multiplier, shift=8, low=-127):
        return Requantization(np.asarray(multiplier, np.int32), shift, 0.05, "int8", low, 127)

    edges = np.array([[[1, -1], [1, -1]], [[1, 1], [-1, -1]]], np.int8)[..., None]
    graph = Graph(TensorSpec((4, 6, 1), "uint8", 1 / 256), classes=np.array(["*/", "up"]))
    graph = graph.append(
        QConv(
            100 * edges,
            np.array([0, -5], np.int32),
            padding=((0, 1), (0, 0)),
            requantization=rule([2**22, 2**22 + 1]),
        ),
        name="edges",
    )
    graph = graph.append(Abs()).append(
        QMeanPool((2, 2), (2, 2), requantization=rule([2**22], 6, 0)), name="mean"
    )
    graph = graph.append(Reshape((8,)))
    weights = np.arange(16, dtype=np.int16).reshape(2, 8) - 7
    return graph.append(QLinear(weights, np.array([10, -10], np.int32), 0.5)).append(ArgMax())


@pytest.mark.parametrize("file", ["tiny.c", "tiny.h"])
def test_golden_text(file):
    """The text is the same as ever. SKCONV_UPDATE_GOLDEN=1 writes it anew."""
    path = GOLDEN / file
    text = render(tiny_graph(), "tiny")[file].replace(skconv.__version__, "VERSION")
    if os.environ.get("SKCONV_UPDATE_GOLDEN"):
        path.write_text(text)
    assert text == path.read_text()


def test_lines_fit_100_columns():
    for graph in (every_integer_op(), *example_graphs().values()):
        for file, text in render(graph, "some_model").items():
            assert [line for line in text.splitlines() if len(line) > 100] == [], file


@pytest.mark.parametrize(
    "name", ["", "7up", "a-b", "a b", "int", "while", "_x", "é", "a\n", None, "output"]
)
def test_a_name_must_be_a_c_identifier(name):
    with pytest.raises(ValueError, match=f"name is {re.escape(repr(name))}"):
        render(tiny_graph(), name)


def test_any_node_name_becomes_an_identifier_of_its_own():
    names = ["stage 1/conv", "stage_1_conv", "int", "output", "3", "sk_conv", "m_run", "é", "a_t"]
    graph = Graph(TensorSpec((2,)))
    for name in names:
        n = len(graph.nodes)  # Equal tables would have one name.
        head = Linear(np.eye(2, dtype=np.float32) * (2 * n + 1), np.full(2, 2 * n, np.float32))
        graph = graph.append(head, name=name)
    program = Program(graph, "m", plan_memory(graph))
    given = [*program.pointers.values(), *(n for t in program.tables.values() for n in t.values())]
    assert len(set(given)) == len(given)
    assert all(re.fullmatch(r"[A-Za-z]\w*", n, re.ASCII) for n in given)
    assert not {"int", "sk_conv", "m_run", "a_t"} & set(given)


def test_labels_cannot_end_the_comment():
    header = render(tiny_graph(), "tiny")["tiny.h"]
    assert " * class 0  * /\n * class 1  up\n */" in header


def test_only_the_routines_that_are_called_go_along():
    files = render(tiny_graph(), "tiny")
    assert "skconv/conv.h" in files
    assert not [f for f in files if "float" in f or "kernel_machine" in f]
    licence, text = files["skconv/conv.h"].split("\n", 1)
    assert licence == "/* SPDX-License-Identifier: BSD-3-Clause */"
    assert text == header_paths()["conv.h"].read_text()


def test_an_integer_export_has_no_float():
    files = render(every_integer_op(), "m")
    assert not [f for f, text in files.items() if re.search(r"\b(float|double)\b", code_of(text))]


def code_of(text: str) -> str:
    """Without comments, and without the two functions for callers that want real numbers."""
    text = re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL)
    return re.sub(r"^#ifndef SKCONV_NO_FLOAT$.*?^#endif$", "", text, flags=re.DOTALL | re.M)


def test_trace_offsets_run_on():
    graph = tiny_graph()
    assert trace_offsets(graph) == {
        "edges": 0,
        "abs": 40,
        "mean": 80,
        "reshape": 88,
        "qlinear": 96,
        "argmax": 104,
    }


def test_quantised_features_must_be_lowered_first():
    inner = Graph(TensorSpec((2,), "int8", minimum=-127, maximum=127)).append(Abs())
    with pytest.raises(ValueError, match="a graph with quantised features is printed as integers"):
        render(Graph(TensorSpec((2,))).append(Quantized(inner)), "m")


def test_a_table_of_a_type_that_the_routine_does_not_read_is_refused():
    graph = Graph(TensorSpec((2,), "int8", minimum=-127, maximum=127))
    head = QLinear(np.ones((1, 2), np.int8), np.zeros(1, np.int64))
    with pytest.raises(ValueError, match="node 'qlinear': bias is int64, C reads int32"):
        render(graph.append(head), "m")
    head = QLinear(np.ones((1, 2), np.int64), np.zeros(1, np.int32))
    with pytest.raises(ValueError, match="node 'qlinear': weights is int64, C reads 8 to 32"):
        render(graph.append(head), "m")


@pytest.mark.parametrize("value", [0.1, -3.0, 1e-30, 3.4e38, 1 / 3, 0.0])
def test_float_literals_read_back(value):
    assert np.float32(float_literal(value).removesuffix("f")) == np.float32(value)


@pytest.mark.parametrize("value", [np.inf, np.nan, 1e39])
def test_numbers_that_are_no_float_are_refused(value):
    with pytest.raises(ValueError, match="is not a finite float32"):
        float_literal(value)


def test_the_least_int64_is_printed_as_c_can_read_it():
    text = "".join(table("t", np.array([-(2**63), 2**63 - 1])))
    assert "(-9223372036854775807 - 1), 9223372036854775807," in text


# ------------------------------------------------------------------------ with compilers


# Without optimisation, on purpose.
AS_IT_IS = ("-O0", "-DSKCONV_NO_OPTIMIZE_WARNING")


def symbols(folder: Path, graph: Graph, *flags: str) -> tuple[set[str], int]:
    """What the C of a graph leaves undefined, and the bytes of its tables; no warning.

    Nothing is visible outside but what carries the model's name.
    """
    write_files(folder, render(graph, "gesture"))
    command = ["arm-none-eabi-gcc", *WARNING_FLAGS, *flags, "-c", "gesture.c"]
    subprocess.run(command, cwd=folder, check=True)
    command = ["arm-none-eabi-nm", "--print-size", "gesture.o"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True)
    lines = [line.split() for line in done.stdout.splitlines()]
    undefined = {words[-1] for words in lines if words[-2] == "U"}
    visible = {words[-1] for words in lines if words[-2].isupper()} - undefined
    assert {"gesture_run"} <= visible <= {"gesture_run", "gesture_predict"}
    return undefined, sum(int(words[1], 16) for words in lines if words[-2] in "rR")


@pytest.mark.needs("arm-none-eabi-gcc")
def test_every_integer_op_compiles_without_a_warning_and_needs_no_library(tmp_path):
    """On the core that can do least; functions apart, else GCC takes long for so many at once."""
    graph = every_integer_op()
    found, tables = symbols(tmp_path, graph, *get_target("cortex-m0").flags, "-O1", APART)
    assert [name for name in found if not re.fullmatch(INTEGER_HELPERS, name)] == []
    assert tables == graph.parameter_bytes


def one_of_each_op() -> list[Graph]:
    """Example graphs that hold an op which none before them holds."""
    seen: set[type] = set()
    found = []
    for graph in example_graphs().values():
        ops = {type(node.op) for node in graph.nodes}
        if ops - seen:
            found.append(graph)
        seen |= ops
    return found


@pytest.mark.needs("arm-none-eabi-gcc")
@pytest.mark.parametrize("target", ["cortex-m0", "cortex-m4f"])
def test_every_float_op_compiles_without_a_warning_and_needs_no_library(tmp_path, target):
    """Each on one of two cores, by turns: without a floating-point unit, and with one."""
    has_fpu = get_target(target).has_fpu
    helpers = INTEGER_HELPERS if has_fpu else FLOAT_HELPERS
    for graph in one_of_each_op()[has_fpu::2]:
        found, tables = symbols(tmp_path, graph, *get_target(target).flags, *AS_IT_IS)
        assert [name for name in found if not re.fullmatch(helpers, name)] == []
        assert tables == graph.parameter_bytes  # As the report says.


@pytest.mark.needs("cc")
@pytest.mark.parametrize("header", header_paths())
def test_every_header_stands_alone(tmp_path, header):
    source = tmp_path / "one.c"
    text = f'#include "{header}"\n#include "{header}"\n'
    write_files(tmp_path, header_texts([header]) | {"one.c": text})
    command = ["cc", *WARNING_FLAGS, "-O0", "-c", str(source), "-o", "/dev/null"]
    subprocess.run(command, check=True)


@pytest.mark.needs("arm-none-eabi-gcc")
@pytest.mark.parametrize("flag", ["-O0", "-O1", "-O2"])
def test_tables_and_arena_are_what_the_report_says(flag):
    """No table is folded away or doubled; nothing but the arena is written to.

    `test_bench` weighs every op, at -O2.
    """
    graph = tiny_graph()
    found = object_sizes(render(graph, "m"), target="cortex-m4", flags=(flag,))
    cost = report(graph)
    arena = {name: s.size for name, s in found.symbols.items() if s.section == "bss"}
    assert arena == {"arena": cost.ram_bytes}
    tables = sum(s.size for s in found.symbols.values() if s.section == "rodata")
    assert tables == cost.flash_bytes == graph.parameter_bytes
    assert found.data == 0


def test_the_report_adds_up():
    graph = tiny_graph()
    cost = report(graph)
    assert cost.macs == sum(n.macs for n in cost.nodes) == graph.macs
    assert cost.flash_bytes == sum(n.flash_bytes for n in cost.nodes)
    assert cost.ram_bytes == max(n.ram_bytes for n in cost.nodes)
    assert (cost.input_bytes, cost.output_bytes) == (24, 8)
    lines = str(cost).splitlines()
    assert lines[0].split()[:4] == ["node", "op", "tensor", "MACs"]
    assert lines[-3].split() == ["total", f"{cost.macs:,}", "64", "48"]
    assert lines[-2:] == [
        "caller's memory: input 24, output 8 bytes",
        "largest: qlinear in flash (40 bytes), mean in RAM (48 bytes)",
    ]
    assert cost._repr_html_().count("<tr>") == len(graph.nodes) + 2
