"""A name is refused at once, or everything works under it: run, benchmark, save and build."""

from __future__ import annotations

import re
import subprocess

import numpy as np
import pytest
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import skconv
from skconv import emulator
from skconv.codegen.names import HEADERS, LONGEST
from skconv.codegen.render import render
from skconv.graph import Graph, Linear, TensorSpec
from skconv.utils.files import write_files
from tests.test_export_c import tiny_graph

X, Y = load_iris(return_X_y=True)
PIPE = make_pipeline(StandardScaler(), LogisticRegression()).fit(X, Y)

REFUSED = [
    *("stdint", "stddef", "stdbool", "stdio", "string", "STRING", "math", "features", "Arduino"),
    *("int", "class", "template", "NULL", "output", "con", "COM1", "sk", "sk_dsp", "SK_conv"),
    *("x" * 300, "a-b", "7up", "", "a.b", "é"),
]
# What names our own files, macros, functions, or CMake's targets.
ALLOWED = [
    *("n", "N", "skconv", "driver", "bench", "vectors", "self_test", "test"),
    *("CMAKE", "skconv_types", "x" * LONGEST),
]


@pytest.mark.parametrize("name", REFUSED)
def test_a_name_that_would_break_is_refused_before_work_begins(name):
    with pytest.raises(ValueError, match=rf"name is {re.escape(repr(name))}, .*(write|expected)"):
        skconv.to_c(PIPE, X, name=name)


@pytest.mark.needs("cc", "cmake")
@pytest.mark.parametrize("name", ALLOWED)
def test_under_any_other_name_it_runs_and_builds(name, tmp_path):
    model = skconv.to_c(PIPE, X, name=name, target="cortex-m0")
    np.testing.assert_array_equal(model.predict(X, engine="c"), model.predict(X, engine="fixed"))
    folder = model.save(tmp_path / "f")
    subprocess.run(
        ["cmake", "-S", folder, "-B", "b"], cwd=tmp_path, check=True, capture_output=True
    )
    subprocess.run(["cmake", "--build", "b"], cwd=tmp_path, check=True, capture_output=True)
    done = subprocess.run([tmp_path / "b" / f"{name}_self_test"], capture_output=True, text=True)
    assert done.stdout == f"{name}: 0 of 8 samples wrong\n"


@pytest.mark.needs("cc")
@pytest.mark.parametrize("name", ["n", "skconv", "driver"])
def test_every_tensor_is_found(name):
    assert skconv.to_c(PIPE, X, name=name).verify(X[:20]).differing_bytes == 0


@pytest.mark.needs(*emulator.tools("cortex-m4"))
@pytest.mark.parametrize("name", ["n", "bench", "vectors"])
def test_the_benchmark_does_too(name):
    report = skconv.to_c(PIPE, X, name=name).benchmark(n_samples=2)
    assert report.wrong == 0


STANDARD = """
#include <assert.h>
#include <ctype.h>
#include <errno.h>
#include <float.h>
#include <inttypes.h>
#include <limits.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
"""
COMPILERS = [
    pytest.param(compiler, marks=pytest.mark.needs(compiler))
    for compiler in ("cc", "arm-none-eabi-gcc", "avr-gcc")
]


def preprocessed(compiler: str, *flags: str) -> str:
    command = [compiler, *flags, "-E", "-x", "c", "-"]
    done = subprocess.run(command, input=STANDARD, capture_output=True, text=True, check=True)
    return done.stdout


@pytest.mark.parametrize("compiler", COMPILERS)
def test_no_header_of_a_compiler_can_be_hidden(compiler):
    """Those in folders of their own, as bits/types.h, no model can have the name of."""
    listed = re.findall(r"\S+/include(?:-fixed)?/(\w+)\.h\b", preprocessed(compiler, "-M"))
    assert {name for name in listed if not name.startswith("_")} <= HEADERS


@pytest.mark.parametrize("compiler", COMPILERS)
def test_no_macro_of_a_compiler_ends_as_ours_do(compiler):
    header = render(tiny_graph(), "tiny")["tiny.h"]
    endings = "|".join(set(re.findall(r"\bTINY_(\w+)", header)))
    theirs = re.findall(r"^#define (\w+)", preprocessed(compiler, "-dM"), re.MULTILINE)
    assert len(theirs) > 300
    clash = [name for name in theirs if re.fullmatch(rf"[A-Za-z]\w*_({endings})", name)]
    assert clash == []


STEPS = ["new", "i", "INT8_MAX", "linux", "and", "class_index", "TRACE", "memcpy", "x??/", "this"]


@pytest.mark.needs("cc", "g++")
@pytest.mark.parametrize("command", [("cc", "-std=gnu11"), ("g++", "-x", "c++", "-std=c++11")])
def test_any_name_of_a_step_compiles(command, tmp_path):
    graph = Graph(TensorSpec((2,)))
    for step in STEPS:
        head = Linear(np.eye(2, dtype=np.float32), np.zeros(2, np.float32))
        graph = graph.append(head, name=step)
    write_files(tmp_path, render(graph, "m"))
    strict = ["-Wall", "-Wextra", "-Wshadow", "-Wtrigraphs", "-Werror", "-O2", "-I.", "-c", "m.c"]
    subprocess.run([*command, *strict], cwd=tmp_path, check=True)
