"""What may go wrong between the printed C and a loaded library: said, or mended."""

from __future__ import annotations

import os
import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression

import skconv
from skconv.deploy import host_compiler
from skconv.deploy.compiled import CompiledGraph
from skconv.deploy.host_compiler import CompilationError
from skconv.deploy.library_cache import CacheError, CompilerError
from skconv.exceptions import CompilerWarning
from skconv.graph import Abs, Graph, TensorSpec

GRAPH = Graph(TensorSpec((3,), "int8", minimum=-127, maximum=127)).append(Abs())
X = np.array([[-1, 2, -3]], np.int8)

pytestmark = pytest.mark.needs("cc")


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.delenv("CC", raising=False)
    monkeypatch.setenv("SKCONV_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def run() -> list[list[int]]:
    host_compiler.load.cache_clear()
    return CompiledGraph(GRAPH, "m").run(X).tolist()


@pytest.mark.parametrize("variable", ["SKCONV_CACHE", "XDG_CACHE_HOME"])
def test_a_relative_folder(variable, tmp_path, monkeypatch):
    monkeypatch.delenv("SKCONV_CACHE")
    monkeypatch.setenv(variable, "here")
    monkeypatch.chdir(tmp_path)
    assert run() == [[1, 2, 3]]
    assert len(list((tmp_path / "here").rglob("*.so"))) == 1


@pytest.mark.parametrize("size", [0, -1])
def test_a_library_that_was_cut_off_is_built_again(cache, size):
    run()
    (path,) = cache.iterdir()
    whole = path.read_bytes()
    # Another file under the same name: this process has the old one in memory.
    path.unlink()
    path.write_bytes(whole[:size])
    path.chmod(0o700)
    code = (
        "from tests.test_library_cache import CompiledGraph, GRAPH, X;"
        "print(CompiledGraph(GRAPH, 'm').run(X).tolist())"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[[1, 2, 3]]"
    assert path.read_bytes()[:1000] == whole[:1000]


def is_built_again(cache: Path, monkeypatch: pytest.MonkeyPatch) -> bool:
    calls = []
    compile_c = host_compiler.compile_c
    monkeypatch.setattr(host_compiler, "compile_c", lambda *a: (calls.append(a), compile_c(*a)))
    run()
    return bool(calls)


@pytest.mark.skipif(not hasattr(os, "getuid"), reason="the user's folders are closed to others")
@pytest.mark.parametrize("mode", [0o720, 0o702])
def test_a_library_that_others_may_write_is_not_loaded(cache, mode, monkeypatch):
    run()
    (path,) = cache.iterdir()
    assert path.stat().st_mode & 0o777 == 0o700
    path.chmod(mode)
    assert is_built_again(cache, monkeypatch)


@pytest.mark.skipif(not hasattr(os, "getuid"), reason="the user's folders are closed to others")
def test_a_library_of_another_user_is_not_loaded(cache, monkeypatch):
    run()
    (path,) = cache.iterdir()
    lstat = Path.lstat

    def others(self):
        status = list(lstat(self))
        status[4] += self == path
        return os.stat_result(status)

    monkeypatch.setattr(Path, "lstat", others)
    assert is_built_again(cache, monkeypatch)


def test_a_link_is_not_loaded(cache, tmp_path, monkeypatch):
    run()
    (path,) = cache.iterdir()
    path.rename(tmp_path / "library.so")
    path.symlink_to(tmp_path / "library.so")
    assert is_built_again(cache, monkeypatch)
    assert not path.is_symlink()


@pytest.mark.skipif(not hasattr(os, "getuid"), reason="the user's folders are closed to others")
def test_a_folder_that_others_may_write(cache, monkeypatch, tmp_path):
    cache.mkdir(mode=0o700)
    cache.chmod(0o777)
    with pytest.raises(CacheError, match=r"others may write to it; run chmod go-w .*cache, or set"):
        run()
    monkeypatch.delenv("SKCONV_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    (tmp_path / "skconv").mkdir()
    (tmp_path / "skconv").chmod(0o775)
    assert run() == [[1, 2, 3]]
    assert (tmp_path / "skconv").stat().st_mode & 0o777 == 0o755


def script(path: Path, text: str) -> str:
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return str(path)


def bad_compilers(folder: Path) -> dict[str, str]:
    """Values of ``CC``, and what the error says of each."""
    # The last argument is the output, unless it is an option such as --version.
    write = 'for last; do :; done; case "$last" in -*) ;; *) echo "not ELF" > "$last";; esac'
    foreign = script(folder / "cross-gcc", write)
    return {
        "false": "false .* failed",
        "true": "wrote nothing: is that a C compiler",
        "gcc '": 'CC is "gcc \'", which is not a command',
        "no-such-compiler -m32": "CC is 'no-such-compiler -m32', which is not installed",
        foreign: "cannot be loaded: .* a cross compiler",
    }


def test_a_compiler_that_cannot_be_used(tmp_path, monkeypatch):
    for command, message in bad_compilers(tmp_path).items():
        monkeypatch.setenv("CC", command)
        with pytest.raises(CompilationError, match=message):
            run()


@pytest.mark.needs("arm-none-eabi-gcc")
def test_a_cross_compiler(monkeypatch):
    monkeypatch.setenv("CC", "arm-none-eabi-gcc -mcpu=cortex-m4 -nostdlib")
    with pytest.raises(CompilationError, match=r"cannot be loaded|failed"):
        run()


def test_a_folder_that_cannot_be_written(cache, monkeypatch):
    def refused(*_, **__):
        raise PermissionError(30, "Read-only file system")

    monkeypatch.setattr(host_compiler.tempfile, "TemporaryDirectory", refused)
    with pytest.raises(CacheError, match=r"cannot be used \(.*Read-only.*; set SKCONV_CACHE"):
        run()


def test_the_definition_serves_with_one_warning(monkeypatch):
    X, y = load_iris(return_X_y=True)
    model = skconv.to_c(LogisticRegression(max_iter=500).fit(X, y), X, name="iris")
    wanted = model.predict(X, engine="fixed")
    monkeypatch.setenv("CC", "false")
    with pytest.warns(CompilerWarning, match=r"definition runs .*false .* failed") as found:
        assert np.array_equal(model.predict(X), wanted)
    assert len(found) == 1
    assert found[0].filename == __file__
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert np.array_equal(model.predict(X), wanted)
        assert model.verify(X).differing_bytes is None
    with pytest.raises(CompilerError, match=r"false .* failed"):
        model.predict(X, engine="c")
    monkeypatch.delenv("CC")
    assert np.array_equal(model.predict(X, engine="c"), wanted)
