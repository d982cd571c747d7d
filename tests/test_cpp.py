"""The printed file compiles as C++ too: Arduino users rename it."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from skconv import emulator
from skconv.codegen.headers import header_texts
from skconv.codegen.render import render
from skconv.graph import Graph
from skconv.target.targets import get_target
from skconv.testing import example_graphs, quantized_example
from skconv.utils.files import write_files
from tests.exactness import APART
from tests.integer_graphs import every_integer_op
from tests.selecting import op_by_op

FLAGS = (
    "-std=c++11", "-Wall", "-Wextra", "-Werror", "-Wno-unused-function",
    "-O1", APART, "-DSKCONV_NO_OPTIMIZE_WARNING",
)  # fmt: skip
ARM = ("arm-none-eabi-g++", *get_target("cortex-m4").flags)
COMPILERS = [
    pytest.param(("g++",), marks=pytest.mark.needs("g++"), id="g++"),
    pytest.param(("clang++",), marks=pytest.mark.needs("clang++"), id="clang++"),
    pytest.param(ARM, marks=pytest.mark.needs(ARM[0], *emulator.tools("cortex-m4")), id="arm"),
]


def compile_as_cpp(command: tuple[str, ...], files: dict[str, str], folder: Path) -> str:
    """What the compiler has to say of ``m.c``, renamed."""
    write_files(folder, files)
    (folder / "m.c").rename(folder / "m.cpp")
    whole = [*command, *FLAGS, "-I.", "-c", "m.cpp"]
    done = subprocess.run(whole, cwd=folder, capture_output=True, text=True, check=False)
    return done.stderr if done.returncode else ""


@pytest.mark.parametrize("command", COMPILERS)
def test_every_routine_is_cpp(command, tmp_path):
    files = header_texts()
    lines = "".join(f'#include "{name}"\n' for name in files)
    assert compile_as_cpp(command, {**files, "m.c": lines}, tmp_path) == ""


@pytest.mark.needs("g++")
@pytest.mark.parametrize("name", ["every op", "laplacian", "padded pooling"])
def test_models_are_cpp(name, tmp_path):
    graph = every_integer_op(5) if name == "every op" else example_graphs()[name]
    assert compile_as_cpp(("g++",), render(graph, "m"), tmp_path) == ""


def special(name: str) -> Graph:
    return op_by_op(quantized_example(example_graphs()[name]), get_target("cortex-m4"), "speed")


@pytest.mark.needs(ARM[0])
@pytest.mark.parametrize("name", ["rbf", "conv", "hash"])
def test_packed_models_are_cpp(name, tmp_path):
    assert compile_as_cpp(ARM, render(special(name), "m"), tmp_path) == ""
