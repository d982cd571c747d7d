"""`to_c` and `CModel`: what a user does with an export, and what is refused."""

from __future__ import annotations

import subprocess
import sys

import joblib
import numpy as np
import pytest
from sklearn.datasets import load_diabetes
from sklearn.decomposition import KernelPCA
from sklearn.ensemble import AdaBoostRegressor
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from skconv import (
    LaplacianNuSVC,
    NotConvertibleError,
    PCANetFeatures,
    QuantizedFeatures,
    RandomConvFeatures,
    datasets,
    to_c,
)
from skconv.deploy import compiled
from skconv.deploy.host_compiler import NoCompilerError
from skconv.graph import Fused, Reshape
from skconv.graph.nested import Packed
from skconv.runtime import fixed

X, Y = datasets.load_digits()
N_FIT = 800
NAMES = np.array([f"digit {i}" for i in range(10)])


def features(**parameters):
    return RandomConvFeatures(
        **{"n_kernels": 8, "kernel_size": 3, "pool_size": 2, "random_state": 0, **parameters}
    )


def logistic():
    return LogisticRegression(C=0.1, max_iter=200)


@pytest.fixture(scope="module")
def pipe():
    return make_pipeline(features(), StandardScaler(), logistic()).fit(X[:N_FIT], Y[:N_FIT])


@pytest.fixture(scope="module")
def model(pipe):
    return to_c(pipe, X[:200], name="digits")


@pytest.mark.needs("cc")
def test_c_is_the_definition_and_agrees_with_the_pipeline(model):
    found = model.verify(X[N_FIT:])
    assert found.differing_bytes == 0
    n_bytes = sum(model.graph.specs[node.name].nbytes for node in model.graph.nodes)
    assert found.compared_bytes == n_bytes * len(X[N_FIT:])
    assert found.agreement > 0.98
    assert "0 of" in str(found)


@pytest.mark.needs("cc")
def test_predict_is_the_same_by_c_and_by_definition(model, pipe):
    by_c = model.predict(X[N_FIT:], engine="c")
    assert np.array_equal(by_c, model.predict(X[N_FIT:], engine="fixed"))
    assert by_c.dtype == pipe.predict(X).dtype
    scores = model.decision_function(X[N_FIT:])
    assert np.array_equal(scores.argmax(axis=1), by_c)
    wanted = pipe.decision_function(X[N_FIT:])
    assert np.abs(scores - wanted).max() < 0.05 * np.abs(wanted).max()


def test_labels_may_be_strings(pipe):
    named = make_pipeline(features(), StandardScaler(), logistic()).fit(X[:N_FIT], NAMES[Y[:N_FIT]])
    model = to_c(named, X[:200])
    assert set(model.predict(X[N_FIT:])) <= set(NAMES)
    assert model.verify(X[N_FIT:]).agreement > 0.98


@pytest.mark.parametrize("labels", [[3, 8], ["no", "yes"]])
def test_two_classes(labels):
    chosen = np.isin(Y, [3, 8])
    x, y = X[chosen], np.array(labels)[(Y[chosen] == 8).astype(int)]
    for head in (logistic(), SVC(), LaplacianNuSVC(nu=0.1)):
        model = to_c(make_pipeline(features(), StandardScaler(), head).fit(x, y), x)
        found = model.verify(x)
        assert found.agreement > 0.98
        assert not found.differing_bytes


def test_a_regressor_yields_values():
    x, y = load_diabetes(return_X_y=True)
    model = to_c(make_pipeline(StandardScaler(), Ridge()).fit(x, y), x)
    assert model.predict(x).shape == y.shape
    assert model.verify(x).agreement > 0.999


def test_a_transformer_yields_features():
    fitted = features().fit(X)
    model = to_c(fitted, X[:200])
    wanted = fitted.transform(X[:50])
    assert np.abs(model.transform(X[:50]) - wanted).max() < 0.02 * wanted.max()
    assert model.verify(X[:50]).agreement > 0.999


def test_int16_input_and_circular_borders():
    x = X.astype(np.int16) * 100 - 800
    pipe = make_pipeline(features(padding="circular"), StandardScaler(), logistic())
    model = to_c(pipe.fit(x[:N_FIT], Y[:N_FIT]), x[:200])
    assert model.graph.input.dtype == "int16"
    assert not model.verify(x[N_FIT:]).differing_bytes
    assert model.verify(x[N_FIT:]).agreement > 0.97


def test_pcanet_hashes_the_accumulators():
    net = PCANetFeatures(output="float32", n_kernels=(4, 4), kernel_size=3, block_size=4)
    model = to_c(make_pipeline(net, logistic()).fit(X[:N_FIT], Y[:N_FIT]), X[:200])
    assert not model.verify(X[N_FIT:]).differing_bytes
    assert model.verify(X[N_FIT:]).agreement > 0.95


@pytest.mark.needs("cc")
@pytest.mark.parametrize("head", [logistic(), SVC(), SVC(kernel="poly"), LaplacianNuSVC(nu=0.1)])
def test_float32_export(head):
    pipe = make_pipeline(features(), StandardScaler(), head).fit(X[:N_FIT], Y[:N_FIT])
    model = to_c(pipe, dtype="float32")
    found = model.verify(X[N_FIT:])
    assert found.relative_error < 1e-4
    assert found.differing_bytes is None
    assert found.agreement > 0.998


# ------------------------------------------------------------- features of the device


def flattened(graph, images):
    """The features of an exported graph: a tensor of its own, or one inside of a stage."""
    node = next(n for n in graph.nodes if isinstance(n.op, Packed) and isinstance(n.op.op, Fused))
    stage = node.op.op.graph
    maps = fixed.tensors(graph, images.reshape(len(images), -1), (node.inputs[0], node.name))
    found = fixed.tensors(stage, maps[node.inputs[0]])
    inside = [n.name for n in stage.nodes if isinstance(n.op, Reshape)]
    features = found[inside[0]] if inside else maps[node.name]
    return features.reshape(len(images), -1)


@pytest.mark.parametrize("dtype", ["int8", "int16"])
def test_the_classifier_meets_the_integers_that_it_was_fitted_on(dtype):
    quantized = QuantizedFeatures(features(), dtype=dtype)
    pipe = make_pipeline(quantized, StandardScaler(), logistic()).fit(X[:N_FIT], Y[:N_FIT])
    model = to_c(pipe, X[:200])
    assert np.array_equal(flattened(model.graph, X[N_FIT:]), pipe[0].transform(X[N_FIT:]))
    assert model.verify(X[N_FIT:]).agreement > 0.98
    assert not model.verify(X[N_FIT:]).differing_bytes


def test_quantized_features_have_the_scale_of_the_extractor():
    quantized = QuantizedFeatures(features()).fit(X)
    wanted = features().fit(X).transform(X[:100])
    error = np.abs(quantized.scale_ * quantized.transform(X[:100]) - wanted)
    assert error.max() < 0.02 * wanted.max()


def test_quantized_features_have_no_float_export():
    pipe = make_pipeline(QuantizedFeatures(features()), logistic()).fit(X[:N_FIT], Y[:N_FIT])
    with pytest.raises(NotConvertibleError, match="dtype='float32' has none; use dtype='int8'"):
        to_c(pipe, dtype="float32")


# --------------------------------------------------------------------------- reporting


def test_report_counts_what_the_graph_holds(model):
    report = model.report()
    assert report.flash_bytes == model.graph.parameter_bytes
    assert report.ram_bytes == model.plan.arena_bytes
    assert report.macs == model.graph.macs
    assert all(node.name in str(report) for node in model.graph.nodes)


def test_model_goes_through_joblib_in_a_new_process(model, tmp_path):
    joblib.dump(model, tmp_path / "model.joblib")
    np.save(tmp_path / "x.npy", X[:20])
    code = (
        "import joblib, numpy, sys; m = joblib.load(sys.argv[1] + '/model.joblib');"
        "print(m.predict(numpy.load(sys.argv[1] + '/x.npy')).tolist())"
    )
    result = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=True
    )
    assert result.stdout.strip() == str(model.predict(X[:20]).tolist())


def test_without_a_compiler_the_definition_serves(model, monkeypatch):
    def no_compiler():
        raise NoCompilerError("no C compiler found: install gcc or set CC")

    monkeypatch.setattr(compiled, "find_compiler", no_compiler)
    assert np.array_equal(model.predict(X[:20]), model.predict(X[:20], engine="fixed"))
    found = model.verify(X[:20])
    assert found.differing_bytes is None
    assert "install gcc" in str(found)
    with pytest.raises(NoCompilerError):
        model.predict(X[:20], engine="c")


# ----------------------------------------------------------------------------- refused


def with_nan():
    x = X[:20].astype(float)
    x[3, 2, 1] = np.nan
    return x


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"X_calibration": None}, "X_calibration is None"),
        ({"X_calibration": X[:0]}, r"X_calibration has shape \(0, 8, 8\)"),
        ({"X_calibration": X[:9, :7]}, "X_calibration has 56 numbers a sample.*fitted on 64"),
        ({"X_calibration": with_nan()}, "X_calibration has NaN"),
        ({"X_calibration": np.full((2, 64), "a")}, "X_calibration has dtype <U1"),
        ({"X_calibration": 3}, r"X_calibration has shape \(\)"),
        ({"name": "2fast"}, "name is '2fast', expected a C identifier"),
        ({"name": "for"}, "name is 'for', which C"),
        ({"name": ""}, "name is ''"),
        ({"dtype": "int4"}, "dtype='int4', expected one of"),
        ({"target": "cortex-m9"}, "target is 'cortex-m9', expected one of"),
        ({"calibration": "guess"}, "calibration='guess', expected one of"),
        ({"linear_bits": 4}, "linear_bits=4, expected one of"),
        ({"conv_bits": 32}, "conv_bits=32, expected one of"),
        ({"optimize": "cost"}, "optimize='cost', expected one of"),
    ],
)
def test_to_c_refuses(pipe, options, message):
    with pytest.raises(ValueError, match=message):
        to_c(pipe, **{"X_calibration": X[:20], **options})


def test_predict_and_verify_refuse_other_samples(model):
    for call in (model.predict, model.verify, model.decision_function):
        with pytest.raises(ValueError, match="X has 49 numbers a sample"):
            call(X[:2, :7, :7])
        with pytest.raises(ValueError, match="X has NaN"):
            call(with_nan())
    with pytest.raises(ValueError, match="engine='gpu'"):
        model.predict(X[:2], engine="gpu")


def test_what_cannot_be_exported_says_so_before_anything_is_computed():
    boosted = make_pipeline(features(), AdaBoostRegressor(n_estimators=3)).fit(X[:99], Y[:99])
    with pytest.raises(NotConvertibleError, match="step 'adaboostregressor'"):
        to_c(boosted, None)
    scaled = make_pipeline(features(), KernelPCA(2), logistic())
    with pytest.raises(NotConvertibleError, match="step 'kernelpca'"):
        to_c(scaled.fit(X[:99], Y[:99]), None)
    with pytest.raises(NotFittedError):
        to_c(make_pipeline(features(), logistic()), X[:20])


# ------------------------------------------------------------------------------ saving


@pytest.mark.needs("cc")
def test_saved_project_builds_and_passes_its_own_test(model, tmp_path):
    folder = model.save(tmp_path / "firmware")
    assert {"digits.c", "digits.h", "CMakeLists.txt", "README.md"} <= {
        path.name for path in folder.iterdir()
    }
    sources = [str(path) for path in folder.rglob("*.c")]
    program = str(tmp_path / "test")
    subprocess.run(["cc", "-std=c99", f"-I{folder}", *sources, "-o", program], check=True)
    assert subprocess.run([program], check=False).returncode == 0


def test_nothing_is_left_where_saving_fails(model, tmp_path):
    (tmp_path / "file").write_text("mine")
    with pytest.raises(OSError, match="file"):
        model.save(tmp_path / "file")
    assert (tmp_path / "file").read_text() == "mine"
    assert list(tmp_path.iterdir()) == [tmp_path / "file"]


def test_a_folder_that_cannot_be_made_is_an_error(model, tmp_path):
    (tmp_path / "file").write_text("mine")
    with pytest.raises(OSError, match="file"):
        model.save(tmp_path / "file" / "firmware")
    assert list(tmp_path.iterdir()) == [tmp_path / "file"]
