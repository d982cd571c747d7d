"""The C library: built once, found again, called safely."""

from __future__ import annotations

import os
import pickle
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from skconv.deploy import host_compiler, library_cache
from skconv.deploy.compiled import CompiledGraph
from skconv.deploy.host_compiler import CompilationError, NoCompilerError
from skconv.deploy.library_cache import CacheError
from skconv.graph import Abs, Graph, Linear, TensorSpec, Threshold
from skconv.runtime import fixed
from tests.integer_graphs import samples, small_classifier

GRAPH = small_classifier(5)
X = samples(np.random.default_rng(6), GRAPH.input, 9)


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("SKCONV_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def fake_path(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("CC", raising=False)


@pytest.mark.needs("cc")
def test_run_predict_and_tensors_agree_with_the_definition(cache):
    model = CompiledGraph(GRAPH, "m")
    wanted = fixed.tensors(GRAPH, X)
    scores, index = model.run(X), model.predict(X)
    np.testing.assert_array_equal(scores, wanted[GRAPH.scores_name])
    np.testing.assert_array_equal(index, wanted[GRAPH.output_name][:, 0])
    assert scores.dtype == index.dtype == np.int32
    found = model.tensors(X)
    assert found.keys() == GRAPH.specs.keys()
    for name, spec in GRAPH.specs.items():
        assert found[name].dtype == spec.dtype
        np.testing.assert_array_equal(found[name], wanted[name])


@pytest.mark.needs("cc")
def test_a_library_is_built_once(cache, monkeypatch):
    CompiledGraph(GRAPH, "m").run(X)
    (path,) = cache.iterdir()
    assert path.suffix == ".so"
    monkeypatch.setattr(host_compiler, "compile_c", lambda *_: pytest.fail("built again"))
    CompiledGraph(GRAPH, "m").run(X[:1])
    assert list(cache.iterdir()) == [path]


@pytest.mark.needs("cc")
def test_other_flags_and_other_tables_are_other_libraries(cache):
    graph = Graph(TensorSpec((2,)))
    for flags in (("-std=c99", "-O0"), ("-std=c99", "-O2")):
        for weight in (1.0, 2.0):
            head = Linear(np.full((1, 2), weight, np.float32), np.zeros(1, np.float32))
            y = CompiledGraph(graph.append(head), "m", flags).run(np.ones((1, 2)))
            assert y.tolist() == [[2 * weight]]
    assert len(list(cache.iterdir())) == 4


@pytest.mark.needs("cc")
def test_flat_input_an_empty_batch_and_any_memory_order(cache):
    model = CompiledGraph(GRAPH, "m")
    wanted = model.run(X)
    np.testing.assert_array_equal(model.run(X.reshape(len(X), -1)), wanted)
    np.testing.assert_array_equal(model.run(np.asfortranarray(X)), wanted)
    np.testing.assert_array_equal(model.run(X[::-1])[::-1], wanted)
    assert model.run(X[:0]).shape == (0, 4)
    assert model.tensors(X[:0])[GRAPH.scores_name].shape == (0, 4)


@pytest.mark.needs("cc")
def test_threads_wait_for_the_static_arena(cache):
    model = CompiledGraph(GRAPH, "m")
    wanted = model.run(X)
    with ThreadPoolExecutor(4) as pool:
        for scores in pool.map(lambda _: model.run(X), range(40)):
            np.testing.assert_array_equal(scores, wanted)


@pytest.mark.needs("cc")
def test_it_pickles(cache):
    model = CompiledGraph(GRAPH, "m")
    wanted = model.run(X)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(model)).run(X), wanted)


@pytest.mark.needs("cc")
@pytest.mark.parametrize("n_nodes", [0, 1])
def test_scores_that_are_the_input(cache, n_nodes):
    graph = Graph(TensorSpec((1,), "int8"))
    x = np.array([[-3], [0], [4]], np.int8)
    model = CompiledGraph(graph.append(Threshold()) if n_nodes else graph, "m")
    np.testing.assert_array_equal(model.run(x), x)
    if n_nodes:
        assert model.predict(x).tolist() == [0, 0, 1]
        assert model.tensors(x)["threshold"].tolist() == [[0], [0], [1]]


@pytest.mark.needs("cc")
def test_the_compilers_message_is_in_the_error(cache):
    with pytest.raises(CompilationError, match="no-such-flag"):
        CompiledGraph(GRAPH, "m", ("--no-such-flag",)).run(X)
    assert list(cache.iterdir()) == []


def test_without_a_compiler(cache, fake_path):
    with pytest.raises(NoCompilerError, match=r"no C compiler found .* skconv.runtime.fixed"):
        CompiledGraph(GRAPH, "m").run(X)


def test_cc_of_the_environment_comes_first(tmp_path, fake_path, monkeypatch):
    for name in ("mycc", "clang"):
        (tmp_path / name).write_text("#!/bin/sh\n")
        (tmp_path / name).chmod(0o755)
    assert host_compiler.find_compiler() == (str(tmp_path / "clang"),)
    monkeypatch.setenv("CC", "mycc -m32")
    assert host_compiler.find_compiler() == (str(tmp_path / "mycc"), "-m32")


def test_the_cache_folder(tmp_path, monkeypatch):
    monkeypatch.delenv("SKCONV_CACHE", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert library_cache.cache_folder() == tmp_path / "skconv"
    monkeypatch.setenv("SKCONV_CACHE", str(tmp_path / "a" / "b"))
    assert library_cache.cache_folder() == tmp_path / "a" / "b"
    (tmp_path / "file").touch()
    monkeypatch.setenv("SKCONV_CACHE", os.fspath(tmp_path / "file"))
    with pytest.raises(CacheError, match="set SKCONV_CACHE to another"):
        library_cache.cache_folder()


@pytest.mark.parametrize(
    ("x", "message"),
    [
        (np.zeros((2, 6, 7, 3), np.int8), r"x has shape \(2, 6, 7, 3\), expected"),
        (np.zeros((2, 6, 7, 2), np.uint8), "x has dtype uint8, expected int8"),
        (np.zeros((2, 6, 7, 2)), "x has dtype float64, expected int8"),
    ],
)
def test_bad_input(x, message):
    for method in ("run", "predict", "tensors"):
        with pytest.raises(ValueError, match=message):
            getattr(CompiledGraph(GRAPH, "m"), method)(x)


def test_predict_wants_a_classifier():
    graph = Graph(TensorSpec((2,))).append(Abs())
    with pytest.raises(ValueError, match="predict needs a classifier"):
        CompiledGraph(graph, "m").predict(np.zeros((1, 2)))
