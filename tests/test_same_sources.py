"""What predict, verify and benchmark compile is what save writes, and it is built as saved."""

from __future__ import annotations

import hashlib
import itertools
import json
import pickle
import subprocess
from pathlib import Path

import numpy as np
import pytest
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

import skconv
from skconv import emulator
from skconv.codegen.program import Program

# Every two choices meet.
INTERFACES = [
    {"input": input_, "arena": arena, "probabilities": (input_ == "rows") != (arena == "caller")}
    for input_, arena in itertools.product(("whole", "rows"), ("static", "caller"))
]
CASES = [
    *({"target": "cortex-m0"} | interface for interface in INTERFACES),
    {"target": "cortex-m4f", "arena": "caller", "dtype": "float32"},
    {"target": "avr", "arena": "caller", "probabilities": True},
]


@pytest.fixture(scope="module")
def fitted():
    X, y = load_digits(return_X_y=True)
    X = X.astype(np.uint8)
    features = skconv.RandomConvFeatures(
        n_kernels=2, kernel_size=3, pool_size=3, input_shape=(8, 8), random_state=0
    )
    return make_pipeline(features, LogisticRegression(max_iter=30)).fit(X[:200], y[:200]), X


@pytest.fixture
def compiled(monkeypatch, tmp_path):
    """What compilers are given: every command, and the digests of the files in its folder."""
    monkeypatch.setenv("SKCONV_CACHE", str(tmp_path / "cache"))
    found: list[tuple[list[str], dict[str, str]]] = []
    run = subprocess.run

    def watched(command, *arguments, cwd=None, **options):
        files = digests(Path(cwd)) if any(str(word).endswith(".c") for word in command) else {}
        if files:  # A board's own files are not in the folder, and are compiled once.
            found.append((list(command), files))
        return run(command, *arguments, cwd=cwd, **options)

    monkeypatch.setattr(subprocess, "run", watched)
    return found


def digests(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*.[ch]")
    }


def of_the_model(files: dict[str, str]) -> dict[str, str]:
    """The files that are no part of the harness of a benchmark, a library or a self-test."""
    return {
        name: digest
        for name, digest in files.items()
        if not name.startswith(("examples/", "model-", "host-"))
    }


def optimisations(command: list[str]) -> list[str]:
    """Flags that change the code: those of dialect, machine and optimisation."""
    return [word for word in command if word.startswith(("-std", "-m", "-O", "-f"))]


@pytest.mark.needs("cc", *emulator.tools("cortex-m0"), *emulator.tools("avr"))
@pytest.mark.parametrize("options", CASES, ids=lambda case: " ".join(map(str, case.values())))
def test_every_method_compiles_the_files_that_are_saved(fitted, compiled, tmp_path, options):
    pipe, X = fitted
    model = skconv.to_c(pipe, X[:40], name="m", **options)
    assert np.array_equal(model.predict(X[:5], "c"), model.predict(X[:5], "fixed"))
    assert model.verify(X[:5]).differing_bytes in (0, None)
    assert model.benchmark(n_samples=1).wrong in (0, None)
    saved = of_the_model(digests(model.save(tmp_path / "m")))
    assert len(compiled) == 5  # predict, verify (with a trace), two programs, and the object
    assert [of_the_model(files) for _, files in compiled] == [saved] * 5
    host, cross = [command for command, _ in compiled[:2]], compiled[2:]
    assert [optimisations(c) for c in host] == [["-std=c99", "-O2", "-fPIC"]] * 2
    readme = (tmp_path / "m" / "README.md").read_text()
    (build,) = (line.split() for line in readme.splitlines() if line.endswith(" -c m.c"))
    for command, _ in cross:
        assert command[0] == build[0]
        assert optimisations(command) == optimisations(build)


@pytest.mark.needs("cc")
def test_the_c_of_probabilities_runs(fitted):
    pipe, X = fitted
    model = skconv.to_c(pipe, X[:40], arena="caller", probabilities=True)
    found = model.predict_proba(X[:20], engine="c")
    np.testing.assert_array_equal(found, model.predict_proba(X[:20], engine="fixed"))


@pytest.mark.needs("cc")
def test_one_program_is_made(fitted, monkeypatch, tmp_path):
    pipe, X = fitted
    made = []
    make = Program.__init__

    def counted(program, *arguments, **options):
        made.append(program)
        make(program, *arguments, **options)

    monkeypatch.setattr(Program, "__init__", counted)
    model = skconv.to_c(pipe, X[:40], probabilities=True)
    model.predict(X[:5])
    model.predict_proba(X[:5])
    model.verify(X[:5])
    model.report()
    model.save(tmp_path / "m")
    assert len(made) == 1
    manifest = json.loads((tmp_path / "m" / "manifest.json").read_text())
    for name, text in model.files.items():
        assert manifest["files"][name] == f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"


def test_a_pickle_holds_no_text(fitted):
    pipe, X = fitted
    model = skconv.to_c(pipe, X[:40])
    small = len(pickle.dumps(model))
    files = model.files
    assert len(pickle.dumps(model)) == small
    assert pickle.loads(pickle.dumps(model)).files == files
