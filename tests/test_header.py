"""What the printed files say of a model, and the functions between numbers and integers."""

from __future__ import annotations

import json
import re
import subprocess
from dataclasses import replace

import numpy as np
import pytest
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression, Ridge

import skconv
from skconv.codegen.render import render
from skconv.deploy.harness import TEMPLATES
from skconv.deploy.host_compiler import compile_c, find_compiler
from skconv.graph import Abs, Graph, TensorSpec
from skconv.runtime import fixed
from skconv.target.targets import WARNING_FLAGS, get_target
from skconv.utils.files import write_files
from tests.test_export_c import tiny_graph
from tests.test_house import ROOT

X, Y = load_iris(return_X_y=True)

CONVERTING = """
#include <stdio.h>
#include "m.h"
int main(void)
{{
    static const float values[] = {{{values}}};
    for (int32_t i = 0; i < {n}; i++) {{
        printf("%d %.9g\\n", (int)m_quantize(values[i], i % M_INPUT_SIZE),
               (double)m_dequantize((m_output_t)(i % 100), i % M_OUTPUT_SIZE));
    }}
    return 0;
}}
"""


def converted(graph: Graph, values: np.ndarray, folder) -> np.ndarray:
    """What the C makes of real numbers, and of small integers."""
    numbers = ", ".join(f"{v:.9e}f" for v in values)
    main = CONVERTING.format(values=numbers, n=len(values))
    write_files(folder, {**render(graph, "m"), "main.c": main})
    flags = tuple(f for f in WARNING_FLAGS if f != "-Wdouble-promotion")
    compile_c(find_compiler(), (*flags, "-O2"), ["m.c", "main.c"], folder / "m", folder)
    done = subprocess.run([folder / "m"], capture_output=True, text=True, check=True)
    return np.array([line.split() for line in done.stdout.splitlines()], float)


SPECS = [
    TensorSpec((3,), "int8", 0.25, minimum=-127, maximum=127),
    TensorSpec((3,), "int16", 0.01, minimum=-32767, maximum=32767),
    TensorSpec((3,), "int8", scales=(0.5, 0.25, 4.0), minimum=-127, maximum=127),
    TensorSpec((3,), "int8", scales=(0.5, 2.0, 4.0), zero_points=(1, -2, 3), minimum=-127),
]


@pytest.mark.needs("cc")
@pytest.mark.parametrize("spec", SPECS, ids=str)
def test_conversions_are_those_of_python(spec, tmp_path):
    graph = Graph(replace(spec, maximum=127) if spec.maximum is None else spec).append(Abs())
    rng = np.random.default_rng(0)
    values = np.concatenate([rng.normal(0, 30, 291), [0.125, -0.125, 0.375, 1e9, -1e9, 0, 9, 5, 1]])
    values = values.astype(np.float32)
    found = converted(graph, values, tmp_path)
    wanted = fixed.quantize_input(graph.input, values.reshape(-1, 3).astype(np.float64)).ravel()
    # In single precision a number may lie on the other side of a half.
    assert np.abs(found[:, 0] - wanted).max() <= 1
    assert np.mean(found[:, 0] != wanted) < 0.01
    scores = graph.specs[graph.scores_name]
    q = (np.arange(len(values)) % 100).reshape(-1, 3)
    np.testing.assert_allclose(found[:, 1], scores.real(q).ravel(), rtol=1e-6)


@pytest.mark.needs("cc")
def test_halves_go_to_even_and_what_is_no_number_to_the_least(tmp_path):
    graph = Graph(TensorSpec((1,), "int8", 1.0, minimum=-127, maximum=127)).append(Abs())
    values = np.array([0.5, 1.5, 2.5, -0.5, -1.5, -2.5, 0.49, 200, -200, np.inf])
    found = converted(graph, np.where(np.isinf(values), 3e38, values), tmp_path)[:, 0]
    assert found.tolist() == [0, 2, 2, 0, -2, -2, 0, 127, -127, 127]


@pytest.mark.needs("cc")
def test_what_float32_loses_is_stated(tmp_path):
    points, scales = np.array([-(2**29), 2**26, 2**23 + 1]), np.array([1e-4, 3e-3, 0.07])
    spec = TensorSpec((3,), "int16", scales=tuple(scales), zero_points=tuple(map(int, points)))
    graph = Graph(replace(spec, minimum=-32767, maximum=32767)).append(Abs())
    stated = re.search(
        r"large as 536,870,912 the result may\n.* be (\d+) units", render(graph, "m")["m.h"]
    )
    q = np.random.default_rng(0).integers(-30_000, 30_000, (200, 3))
    values = spec.real(q).astype(np.float32)
    found = converted(graph, values.ravel(), tmp_path)[:, 0].reshape(-1, 3)
    wanted = fixed.quantize_input(graph.input, values.astype(np.float64))
    assert 1 < np.abs(found - wanted).max() <= int(stated[1]) < 200
    assert "float32" not in render(Graph(SPECS[3]).append(Abs()), "m")["m.h"]


def test_one_scale_is_a_macro_and_several_are_a_table():
    text = render(Graph(SPECS[0]).append(Abs()), "m")["m.h"]
    assert "#define M_INPUT_SCALE 0.25f\n#define M_INPUT_ZERO_POINT 0\n" in text
    text = render(Graph(SPECS[2]).append(Abs()), "m")["m.h"]
    assert re.search(r"#define M_INPUT_SCALES \{ \\\n +0.5f, 0.25f, 4.0f, \\\n\}", text)


@pytest.mark.parametrize(
    ("shape", "words"),
    [
        ((4, 6, 2), "uint8 (4, 6, 2), real = 1 * q\n *          height x width x channels"),
        ((1, 9, 3), "uint8 (9, 3), real = 1 * q\n *          time x channels; the last index"),
        ((5,), "uint8 (5,), real = 1 * q\n *          in the order of the columns"),
    ],
)
def test_the_layout_of_the_input(shape, words):
    assert words in render(Graph(TensorSpec(shape, "uint8")), "m")["m.h"]


@pytest.mark.parametrize(
    ("classes", "printed"),
    [
        (np.array([-1, 7]), "static inline int32_t m_label"),
        (np.array([0, 2**40]), "static inline const char *m_label"),
        (np.array(["a", "b"]), "static inline const char *m_label"),
        (np.array([False, True]), "static inline const char *m_label"),
        (np.array([0.5, 1.5]), "static inline const char *m_label"),
    ],
)
def test_integers_stay_integers(classes, printed):
    text = render(replace(tiny_graph(), classes=classes), "m")["m.h"]
    assert printed in text
    if classes[0] == -1:
        assert "case 0:\n        return -1;\n    case 1:\n        return 7;" in text


@pytest.mark.needs("cc")
@pytest.mark.parametrize("label", ["what??/", "*/ int x; /*", "a\\", '"??)"', "\n#error", "??*/"])
def test_no_label_breaks_the_text(label, tmp_path):
    graph = replace(tiny_graph(), classes=np.array([label, "b"]))
    main = '#include <stdio.h>\n#include "m.h"\nint main(void) { puts(m_label(0)); return 0; }\n'
    write_files(tmp_path, {**render(graph, "m"), "main.c": main})
    flags = (*WARNING_FLAGS, "-Wtrigraphs", "-O1")
    compile_c(find_compiler(), flags, ["m.c", "main.c"], tmp_path / "m", tmp_path)
    done = subprocess.run([tmp_path / "m"], capture_output=True, text=True, check=True)
    assert done.stdout == f"{label}\n"


def compiled(command: list[str], folder) -> subprocess.CompletedProcess[str]:
    whole = [*command, "-I.", "-c", "m.c", "-o", "m.o"]
    return subprocess.run(whole, cwd=folder, capture_output=True, text=True, check=False)


@pytest.mark.needs("cc")
def test_a_build_without_optimisation_warns(tmp_path):
    write_files(tmp_path, render(tiny_graph(), "m"))
    warned = compiled(["cc", "-std=c99", "-Wpedantic"], tmp_path)
    assert warned.returncode == 0
    assert "warning: compile with -O2 to keep the stack small" in warned.stderr
    strict = ["cc", *WARNING_FLAGS]
    assert compiled([*strict, "-O0"], tmp_path).returncode != 0
    for flags in (["-O0", "-DSKCONV_NO_OPTIMIZE_WARNING"], ["-O1"], ["-Os"]):
        assert compiled([*strict, *flags], tmp_path).stderr == ""


@pytest.mark.needs("avr-gcc")
def test_an_avr_is_told_the_dialect(tmp_path):
    write_files(tmp_path, render(tiny_graph(), "m"))
    avr = ["avr-gcc", "-mmcu=atmega328p", "-Os", "-Werror"]
    refused = compiled([*avr, "-std=c99"], tmp_path)
    assert "compile as C with -std=gnu99, or define SKCONV_TABLES_IN_RAM" in refused.stderr
    for flags in (["-std=gnu99"], ["-std=gnu11"], ["-std=c99", "-DSKCONV_TABLES_IN_RAM"]):
        assert compiled([*avr, *flags], tmp_path).stderr == ""


@pytest.mark.parametrize("optimize", ["speed", "size"])
def test_readme_and_manifest_tell_how_it_was_made(tmp_path, optimize):
    words = np.array(["setosa", "versicolor", "virginica"])[Y]
    pipe = LogisticRegression(max_iter=500).fit(X, words)
    model = skconv.to_c(pipe, X, name="iris", target="cortex-m0", optimize=optimize)
    folder = model.save(tmp_path / "f", accuracy=0.9667)
    readme = (folder / "README.md").read_text()
    assert f"- skconv {skconv.__version__}\n" in readme
    assert "- target `cortex-m0`: `arm-none-eabi-gcc -mcpu=cortex-m0 -mthumb" in readme
    assert f"optimize='{optimize}'" in readme
    assert "accuracy, as measured before the export: 0.9667" in readme
    found = json.loads((folder / "manifest.json").read_text())
    assert (found["name"], found["classes"]) == ("iris", sorted(set(words)))
    assert found["target"]["flags"] == list(get_target("cortex-m0").flags)
    assert found["bytes"]["tables"] == model.graph.parameter_bytes
    assert found["input"]["scale"] == model.graph.input.outer_scale[0]
    assert found["accuracy"] == 0.9667
    saved = {str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file()}
    assert {*found["files"], "manifest.json"} == saved
    for file, digest in found["files"].items():
        done = subprocess.run(["sha256sum", folder / file], capture_output=True, text=True)
        assert digest == f"sha256:{done.stdout.split()[0]}"


def test_the_licence_is_that_of_the_repository(tmp_path):
    assert (ROOT / "LICENSE").read_text() in (TEMPLATES / "LICENSE.txt.in").read_text()
    folder = skconv.to_c(Ridge().fit(X, Y), X, name="m").save(tmp_path / "f")
    assert "Redistribution and use" in (folder / "LICENSE.txt").read_text()
    for path in folder.rglob("*.[ch]"):
        if path.name != "m_vectors.h":
            assert "SPDX-License-Identifier: BSD-3-Clause" in path.read_text(), path
