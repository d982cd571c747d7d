"""The benchmark of a model: what it counts, weighs and compares, and what it says."""

from __future__ import annotations

import re

import joblib
import numpy as np
import pytest

from skconv import datasets, emulator
from skconv.cli import main
from skconv.codegen.render import CSources, program_of
from skconv.deploy.bench import benchmark
from skconv.emulator import tools
from skconv.graph import Abs, Graph, Linear, Relu, TensorSpec
from skconv.target.cost import report
from skconv.target.targets import TARGETS, get_target
from tests.integer_graphs import add_conv_ops, input_spec, samples

needs_arm = pytest.mark.needs(*tools("cortex-m4"))
EACH_TARGET = pytest.mark.parametrize(
    "target",
    [pytest.param(n, marks=pytest.mark.needs(*tools(n))) for n, t in TARGETS.items() if t.board],
)


def pointwise(size: int) -> Graph:
    spec = TensorSpec((size,), "int8", minimum=-127, maximum=127)
    return Graph(spec).append(Abs()).append(Relu())


def measured(graph: Graph, x, target: str = "cortex-m4", **options):
    return benchmark(CSources(program_of(graph, "m"), get_target(target)), x, **options)


@EACH_TARGET
def test_nodes_add_up_to_the_whole(target):
    graph = pointwise(64)
    x = samples(np.random.default_rng(0), graph.input, 2)
    found = measured(graph, x, target)
    assert [node.name for node in found.nodes] == ["abs", "relu"]
    assert all(node.count >= 64 for node in found.nodes)
    total = sum(node.count for node in found.nodes)
    assert abs(total - found.per_inference) <= 0.1 * total
    assert found.wrong == 0
    assert found.unit == ("cycles" if target == "avr" else "instructions")


@needs_arm
def test_the_same_is_counted_again():
    graph = pointwise(8)
    x = samples(np.random.default_rng(0), graph.input, 2)
    assert measured(graph, x) == measured(graph, x)


@needs_arm
def test_twice_the_size_is_twice_the_count():
    counts = []
    for size in (200, 400):
        graph = pointwise(size)
        x = samples(np.random.default_rng(0), graph.input, 1)
        counts.append([node.count for node in measured(graph, x).nodes])
    assert np.divide(counts[1], counts[0]) == pytest.approx([2, 2], rel=0.02)


@needs_arm
def test_bytes_are_those_of_the_report():
    rng = np.random.default_rng(1)
    graph = add_conv_ops(Graph(input_spec((6, 7, 2), "int8")), rng, (3, 2))
    found = measured(graph, samples(rng, graph.input, 2))
    cost = report(graph)
    assert (found.table_bytes, found.static_bytes) == (cost.flash_bytes, cost.ram_bytes)
    assert found.code_bytes > 1000
    assert 0 < found.stack_bytes < 1000
    assert len(found.nodes) == len(graph.nodes)
    assert (found.n_samples, found.wrong) == (2, 0)
    assert found.largest >= found.per_inference > 10_000


@needs_arm
def test_a_wrong_result_is_counted():
    graph = pointwise(8)
    sources = CSources(program_of(graph, "m"), get_target("cortex-m4"))
    text = sources.files["skconv/pointwise.h"].replace("x < 0 ? -x : x", "x")
    sources.files["skconv/pointwise.h"] = text
    x = np.array([[-1, -2, -3, 4, 5, 6, 7, 8]], np.int8)
    assert benchmark(sources, x).wrong == 3


@needs_arm
def test_a_float_model_is_not_compared():
    head = Linear(np.ones((2, 3), np.float32), np.zeros(2, np.float32))
    graph = Graph(TensorSpec((3,))).append(head)
    found = measured(graph, np.ones((1, 3), np.float32), "cortex-m4f")
    assert found.wrong is None
    assert "differ" not in str(found)


@needs_arm
def test_what_is_printed():
    graph = pointwise(8)
    x = samples(np.random.default_rng(0), graph.input, 2)
    found = measured(graph, x, flags=("-Os",))
    text = str(found)
    assert text.splitlines()[0] == "m on cortex-m4, -Os"
    assert re.search(r"^abs +Abs +\d+$", text, re.MULTILINE)
    assert f"{found.per_inference:,} instructions an inference (mean of 2 samples" in text
    assert f"RAM: 0 bytes of arena, {found.stack_bytes} bytes of stack" in text
    html = found._repr_html_()
    assert html.count("<tr>") == 3
    assert "RAM: 0 bytes of arena" in html


@pytest.mark.needs(*tools("avr"))
def test_a_model_too_large_for_the_board_is_refused():
    graph = pointwise(9000)
    with pytest.raises(emulator.BuildError, match=r"`\.bss' is not within region `data'"):
        measured(graph, np.zeros((1, 9000), np.int8), "avr")


def test_no_sample_and_no_board():
    graph = pointwise(2)
    with pytest.raises(ValueError, match="x has no sample"):
        measured(graph, np.zeros((0, 2), np.int8))
    with pytest.raises(ValueError, match="'portable', which has no simulated board"):
        measured(graph, np.zeros((1, 2), np.int8), "portable")


@pytest.fixture
def saved(tmp_path):
    from sklearn.linear_model import LogisticRegression

    X, y = datasets.load_digits()
    X = X.reshape(len(X), -1)
    fitted = LogisticRegression(max_iter=500).fit(X[:200], y[:200])
    joblib.dump(fitted, tmp_path / "digits.joblib")
    np.save(tmp_path / "x.npy", X[:50])
    return [str(tmp_path / "digits.joblib"), "--calibration", str(tmp_path / "x.npy")]


@needs_arm
def test_the_command_line(saved, capsys):
    assert main(["bench", *saved, "--target", "cortex-m0", "--samples", "2"]) == 0
    printed = capsys.readouterr().out
    assert printed.startswith("digits on cortex-m0, -O2\n")
    assert "results that differ from the definition: 0" in printed


def test_a_missing_tool_is_one_line_and_exit_code_2(saved, capsys, monkeypatch):
    monkeypatch.setenv("PATH", "")
    assert main(["bench", *saved]) == 2
    error = capsys.readouterr().err
    assert re.fullmatch(r"skconv: qemu-system-arm is not installed \(.*\)\n", error)


def test_a_bad_number_of_samples(saved, capsys):
    assert main(["bench", *saved, "--samples", "0"]) == 2
    assert "--samples is 0, expected 1 or more" in capsys.readouterr().err
