"""The stack that a header states, against what the compiler reports."""

from __future__ import annotations

import json
import subprocess

import numpy as np
import pytest

from skconv import ConvFeatures, ConvStage, to_c
from skconv.codegen.render import render
from skconv.codegen.stack import stack_bytes
from skconv.graph import Abs, ArgMax, Graph, Relu, Reshape
from skconv.kernels import RandomKernels
from skconv.target.targets import get_target
from skconv.testing import chain, conv, example_graphs, linear, quantized_example
from skconv.utils.files import write_files
from tests.integer_graphs import every_integer_op
from tests.selecting import fastest

LIBRARY = 64  # 64-bit products and memcpy, of libgcc and libc, called from the deepest function
COMPILER = "arm-none-eabi-gcc"
AVR_COMPILER = "avr-gcc"


def deep(depth: int = 16) -> Graph:
    """Convolutions of many shapes, one behind the other."""
    rng, ops, channels = np.random.default_rng(0), [], 1
    for i in range(depth):
        size, kernels = (3, 1, 5)[i % 3], 4 + (3 * i) % 7
        border = (size // 2, size // 2)
        ops += [conv(rng, (kernels, size, size, channels), padding=(border, border))]
        ops += [(Relu(), Abs())[i % 2]]
        channels = kernels
    graph = chain(*ops, shape=(8, 8, 1))
    features = graph.output.size
    return graph.append(Reshape((features,))).append(linear(rng, 5, features)).append(ArgMax())


def reported(graph: Graph, target: str, folder) -> int:
    """Frames of all functions, as if each called the next."""
    write_files(folder, render(graph, "m"))
    core = get_target(target)
    command = [core.compiler, "-std=c99", *core.flags, "-O2", "-fstack-usage", "-I."]
    subprocess.run([*command, "-c", "m.c"], cwd=folder, check=True)
    return sum(int(line.split("\t")[1]) for line in (folder / "m.su").read_text().splitlines())


@pytest.mark.needs(COMPILER)
@pytest.mark.parametrize("target", ["cortex-m4", "cortex-m0"])
@pytest.mark.parametrize(
    "name", ["residual", "laplacian", "depth", "channel contrast", "hash", "frequency", "hashed"]
)
def test_the_largest_frames_of_single_layers(name, target, tmp_path):
    graph = fastest(quantized_example(example_graphs()[name]), get_target(target), "speed")
    assert reported(graph, target, tmp_path) + LIBRARY <= stack_bytes(graph)


@pytest.mark.needs(COMPILER)
@pytest.mark.parametrize("target", ["cortex-m4", "cortex-m0"])
def test_a_deep_network(target, tmp_path):
    graph = fastest(quantized_example(deep()), get_target(target), "balanced")
    assert reported(graph, target, tmp_path) + LIBRARY <= stack_bytes(graph)


def test_the_header_states_it():
    graph = every_integer_op(5)
    assert f"#define M_STACK_BYTES {stack_bytes(graph)}\n" in render(graph, "m")["m.h"]


@pytest.mark.needs(AVR_COMPILER)
@pytest.mark.parametrize(("stages", "by_rows"), [(1, False), (1, True), (2, False), (2, True)])
def test_an_avr_keeps_what_a_row_stage_is_told_on_the_stack(stages, by_rows, tmp_path):
    images = np.random.default_rng(0).integers(0, 255, (20, 8, 8)).astype(np.uint8)
    one = ConvStage(
        kernels=RandomKernels(n_kernels=3, kernel_size=3, random_state=0),
        nonlinearity="relu",
        pool="max",
        pool_size=2,
        pool_stride=1,
    )
    features = ConvFeatures(stages=[one] * stages).fit(images)
    options = {"target": "avr", "input": "rows" if by_rows else "whole"}
    model = to_c(features, images, name="m", **options)
    (tmp_path / "c").mkdir()
    frames = reported(model.graph, "avr", tmp_path / "c")
    stated = stack_bytes(model.graph, is_avr=True)
    assert stack_bytes(model.graph) < frames + LIBRARY <= stated
    folder = model.save(tmp_path / "m")
    macro = f"#if defined(__AVR__)\n#define M_STACK_BYTES {stated}\n#else\n"
    assert macro in (folder / "m.h").read_text()
    assert f"the stack grows from about {stated:,} bytes" in (folder / "README.md").read_text()
    found = json.loads((folder / "manifest.json").read_text())
    assert found["bytes"]["stack_estimate"] == stated
