"""What firmware may call besides run and predict: arenas of the caller, probabilities, labels."""

from __future__ import annotations

import subprocess
from pathlib import Path

import numpy as np
import pytest
from scipy.special import expit
from scipy.special import softmax as real_softmax
from sklearn.datasets import load_digits, load_iris
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

import skconv
from skconv import emulator
from skconv.codegen.text import string
from skconv.deploy.compiled import CompiledGraph
from skconv.deploy.host_compiler import compile_c, find_compiler
from skconv.graph import Graph, QKernelMachine, Softmax, TensorSpec
from skconv.passes.lower_probabilities import integer_probabilities
from skconv.runtime import fixed
from skconv.target.targets import WARNING_FLAGS
from skconv.utils.files import write_files

MAIN = """
#include <stdio.h>
#include "m.h"
{tables}
int main(void)
{{
    {arena}
    static m_output_t scores[M_OUTPUT_SIZE];
    static uint16_t p[M_N_CLASSES];
    for (int i = 0; i < {n}; i++) {{
        const m_input_t *x = inputs + i * M_INPUT_SIZE;
        m_run({give}x, scores);
        m_probabilities(scores, p);
        printf("%s", m_label(m_predict({give}x)));
        for (int j = 0; j < M_N_CLASSES; j++) {{
            printf(" %d", p[j]);
        }}
        printf("\\n");
    }}
    return 0;
}}
"""


def digits_model(**options) -> tuple[skconv.deploy.CModel, np.ndarray]:
    X, y = load_digits(return_X_y=True)
    features = skconv.RandomConvFeatures(
        n_kernels=4, kernel_size=3, pool_size=2, input_shape=(8, 8), random_state=0
    )
    words = np.array([f'class "{i}"' for i in range(10)])
    pipe = make_pipeline(features, LogisticRegression(max_iter=500)).fit(X[:600], words[y[:600]])
    return skconv.to_c(pipe, X[:100], name="m", **options), X[600:640]


def printed(model, x: np.ndarray, folder: Path, arena: str = "") -> list[str]:
    numbers = ", ".join(str(v) for v in x.astype(int).ravel())
    main = MAIN.format(
        tables=f"static const m_input_t inputs[] = {{{numbers}}};",
        arena=arena,
        give="&arena, " if arena else "",
        n=len(x),
    )
    write_files(folder, {**model.files, "main.c": main})
    compile_c(find_compiler(), (*WARNING_FLAGS, "-O2"), ["m.c", "main.c"], folder / "m", folder)
    done = subprocess.run([folder / "m"], capture_output=True, text=True, check=True)
    return done.stdout.splitlines()


@pytest.mark.needs("cc")
@pytest.mark.parametrize("arena", ["static", "caller"])
def test_labels_and_probabilities_of_the_c_are_those_of_python(tmp_path, arena):
    model, x = digits_model(arena=arena, probabilities=True)
    declared = "static m_arena_t arena;" if arena == "caller" else ""
    lines = printed(model, x, tmp_path, declared)
    labels, probabilities = model.predict(x), model.predict_proba(x)
    for line, label, row in zip(lines, labels, probabilities, strict=True):
        assert line == " ".join([label, *(str(int(p * 32768)) for p in row)])
    exact = real_softmax(model.decision_function(x), axis=1)
    assert np.abs(probabilities - exact).max() < 1e-3
    assert np.abs(probabilities - model.estimator.predict_proba(x)).mean() < 2e-3


@pytest.mark.needs("cc")
def test_two_classes_have_two_probabilities():
    X, y = load_iris(return_X_y=True)
    X, y = X[y > 0], y[y > 0]
    search = GridSearchCV(LogisticRegression(), {"C": [0.1, 1.0]})
    pipe = make_pipeline(StandardScaler(), search).fit(X, y)
    model = skconv.to_c(pipe, X, probabilities=True)
    found = model.predict_proba(X)
    assert np.abs(found[:, 1] - expit(model.decision_function(X))).max() < 1e-3
    assert np.abs(found - pipe.predict_proba(X)).mean() < 0.01
    np.testing.assert_allclose(found.sum(axis=1), 1.0, atol=1e-4)


@pytest.mark.needs("cc")
@pytest.mark.parametrize("n", [1, 2, 5, 10])
@pytest.mark.parametrize("scale", [1e-10, 1e-6, 1e-2, 3.0])
def test_softmax(n, scale):
    spec = TensorSpec((n,), "int32", scale, minimum=-(2**31), maximum=2**31 - 1)
    graph = Graph(spec).append(integer_probabilities(Softmax(), spec))
    drawn = np.random.default_rng(n).normal(0, 5 / scale, (200, n))
    scores = np.clip(drawn, -(2**31), 2**31 - 1).astype(np.int32)
    scores[0] = 2**31 - 1
    scores[1, 0] = -(2**31)
    found = fixed.run(graph, scores)
    np.testing.assert_array_equal(CompiledGraph(graph).run(scores), found)
    real = np.hstack([np.zeros((len(scores), 1)), scores]) if n == 1 else scores
    assert np.abs(found / 32768 - real_softmax(real * scale, axis=1)).max() < 1e-3


@pytest.mark.needs(*emulator.tools("cortex-m4"))
def test_an_arena_of_the_caller_takes_no_ram_of_the_model():
    model, _ = digits_model(arena="caller", probabilities=True)
    sizes = emulator.object_sizes(model.files, flags=("-O2",), target="cortex-m4")
    tables = sum(s.size for s in sizes.symbols.values() if s.section == "rodata")
    assert (sizes.bss, sizes.data) == (0, 0)
    assert tables == model.report().flash_bytes


@pytest.mark.needs("cc")
def test_the_saved_project_gives_its_arena(tmp_path):
    model, _ = digits_model(arena="caller", probabilities=True)
    model.save(tmp_path / "m")
    readme = (tmp_path / "m" / "README.md").read_text()
    command = next(line for line in readme.splitlines() if "-o self_test" in line)
    subprocess.run(command, shell=True, cwd=tmp_path / "m", check=True)
    assert "m_probabilities" in readme
    assert "m_predict(&arena, input)" in readme


@pytest.mark.needs("cc")
def test_rows_pushed_give_the_same_as_the_whole(tmp_path):
    whole, x = digits_model(input="whole")
    rows, _ = digits_model(input="rows")
    np.testing.assert_array_equal(rows.decision_function(x), whole.decision_function(x))
    assert rows.verify(x).differing_bytes == 0
    assert "m_push" in rows.files["m.h"]
    readme = (rows.save(tmp_path / "m") / "README.md").read_text()
    assert "`m_push(row)` for each of `M_ROWS` rows" in readme
    assert "m_push" in rows.for_target("cortex-m0").files["m.h"]


def test_the_old_name_of_a_whole_sample_warns():
    with pytest.warns(FutureWarning, match='input="image" is now input="whole"'):
        model, _ = digits_model(input="image")
    assert model.interface.input == "whole"
    with pytest.raises(
        ValueError, match=r"input='lines', expected one of \('whole', 'rows', 'samples'\)"
    ):
        digits_model(input="lines")


def test_input_type_is_what_the_device_delivers():
    X, y = load_iris(return_X_y=True)
    pipe = LogisticRegression(max_iter=500).fit(X, y)
    for dtype in ("uint8", "int8", "int16"):
        model = skconv.to_c(pipe, X, input_type=dtype)
        assert model.graph.input.dtype == dtype
        assert np.mean(model.predict(X, engine="fixed") == pipe.predict(X)) > 0.97
    whole = np.rint(10 * X)
    assert skconv.to_c(pipe, whole, input_type="int8").graph.input.scale == 1.0


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"input_type": "uint8"}, "input_type='uint8', but calibration samples reach from -"),
        ({"input_type": "uint16"}, "input_type='uint16', expected one of"),
        ({"input": "columns"}, "input='columns', expected one of"),
        ({"input": "rows"}, "expected convolutions"),
        ({"arena": "heap"}, "arena='heap', expected one of"),
        ({"probabilities": True, "dtype": "float32"}, "expected dtype='int8'"),
    ],
)
def test_wrong_options(options, message):
    X, y = load_iris(return_X_y=True)
    X = X - X.mean(axis=0)
    with pytest.raises(ValueError, match=message):
        skconv.to_c(LogisticRegression().fit(X, y), X, **options)


@pytest.mark.parametrize("last", [SVC(), Ridge()])
def test_probabilities_are_of_a_logistic_regression(last):
    X, y = load_iris(return_X_y=True)
    pipe = make_pipeline(StandardScaler(), last).fit(X, y)
    with pytest.raises(skconv.NotConvertibleError, match="end with LogisticRegression"):
        skconv.to_c(pipe, X, probabilities=True)
    with pytest.raises(AttributeError, match="probabilities=True"):
        skconv.to_c(pipe, X).predict_proba(X)


def test_for_target_keeps_the_numbers_and_changes_the_routines():
    model, x = digits_model()
    other = model.for_target("cortex-m0")
    assert "(packed)" in repr(model)
    assert other.target.name == "cortex-m0"
    np.testing.assert_array_equal(
        other.decision_function(x, engine="fixed"), model.decision_function(x, engine="fixed")
    )


def test_string_literals():
    assert string('a"\\?b') == '"a\\042\\134\\077b"'
    assert string("é") == '"\\303\\251"'


def test_a_gamma_of_a_power_of_two_on_integers_is_a_shift():
    """Its exponent has a multiplier that a compiler turns into a shift."""
    X, y = load_digits(return_X_y=True)
    features = skconv.RandomConvFeatures(
        n_kernels=4, kernel_size=3, pool_size=2, input_shape=(8, 8), random_state=0
    )
    machine = skconv.LaplacianNuSVC(gamma=2.0**-10, power_of_two=True)
    pipe = make_pipeline(skconv.QuantizedFeatures(features), machine).fit(X[:300], y[:300])
    graph = skconv.to_c(pipe, X[:100], target="portable").graph
    (op,) = (node.op for node in graph.nodes if isinstance(node.op, QKernelMachine))
    (multiplier,) = op.exponent.multiplier.tolist()
    assert multiplier & (multiplier - 1) == 0
    assert op.support_vectors.dtype == np.uint8
