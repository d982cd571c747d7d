"""The printed C, built by the host's compiler and called through ctypes.

The library is built once and kept in a cache folder: ``$SKCONV_CACHE``, else
``$XDG_CACHE_HOME/skconv``, else ``~/.cache/skconv``. The file name is a hash of the
sources, the flags and the compiler, so nothing in it is ever out of date; the folder may
be removed at any time.
"""

from __future__ import annotations

import ctypes
import hashlib
import os
import shlex
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skconv.export.c import render, trace_offsets
from skconv.graph import INPUT, Graph
from skconv.runtime.windows import check_batch

Batch = NDArray[Any]

DEFAULT_FLAGS = ("-std=c99", "-O2")
LIBRARY_FLAGS = ("-shared", "-fPIC")

# Loops over samples in C: a call from Python costs more than a small network.
DRIVER = """\
#include <stddef.h>
#include <string.h>

#include "{name}.h"

void skconv_run(const {name}_input_t *x, {name}_output_t *y, size_t n);
void skconv_run(const {name}_input_t *x, {name}_output_t *y, size_t n)
{{
    for (size_t i = 0; i < n; i++) {{
        {name}_run(x + i * {macro}_INPUT_SIZE, y + i * {macro}_OUTPUT_SIZE);
    }}
}}

#ifdef {macro}_N_CLASSES
void skconv_predict(const {name}_input_t *x, int32_t *y, size_t n);
void skconv_predict(const {name}_input_t *x, int32_t *y, size_t n)
{{
    for (size_t i = 0; i < n; i++) {{
        y[i] = {name}_predict(x + i * {macro}_INPUT_SIZE);
    }}
}}
#endif

#ifdef {macro}_TRACE
void skconv_trace(const {name}_input_t *x, uint8_t *y, size_t n);
void skconv_trace(const {name}_input_t *x, uint8_t *y, size_t n)
{{
    for (size_t i = 0; i < n; i++) {{
#ifdef {macro}_N_CLASSES
        (void){name}_predict(x + i * {macro}_INPUT_SIZE);
#else
        {name}_output_t output[{macro}_OUTPUT_SIZE];
        {name}_run(x + i * {macro}_INPUT_SIZE, output);
#endif
        memcpy(y + i * {macro}_TRACE_BYTES, {name}_trace, {macro}_TRACE_BYTES);
    }}
}}
#endif
"""


class NoCompilerError(RuntimeError):
    """There is no C compiler on this machine."""


class CompilationError(RuntimeError):
    """The C compiler refused the printed code."""


class CompiledGraph:
    """A graph run by its own C code.

    Parameters
    ----------
    graph : Graph
        Integer or float.
    name : str, default="model"
        The C name of the model.
    flags : iterable of str
        Flags of the compiler.

    Raises
    ------
    NoCompilerError
        At the first run, where there is no compiler.

    Notes
    -----
    Pickles without its library, and builds or finds it again when it runs. The arena is
    static, so runs in several threads wait for each other.

    Examples
    --------
    >>> import numpy as np
    >>> from skconv.graph import Abs, Graph, TensorSpec
    >>> from skconv.runtime.compiled import CompiledGraph
    >>> graph = Graph(TensorSpec((3,), "int8", minimum=-127, maximum=127)).append(Abs())
    >>> CompiledGraph(graph).run(np.array([[-1, 2, -3]], np.int8))
    array([[1, 2, 3]], dtype=int8)
    """

    def __init__(
        self, graph: Graph, name: str = "model", flags: Iterable[str] = DEFAULT_FLAGS
    ) -> None:
        self.graph = graph
        self.name = name
        self.flags = tuple(flags)
        self.files = render(graph, name)
        self._libraries: dict[tuple[str, ...], Library] = {}

    def __getstate__(self) -> dict[str, Any]:
        return {**vars(self), "_libraries": {}}

    def run(self, x: Batch) -> Batch:
        """Scores, predictions or features of a batch ``(n_samples, *graph.input.shape)``."""
        x = self._check(x)
        spec = self.graph.specs[self.graph.scores_name]
        y = np.empty((len(x), *spec.shape), spec.dtype)
        self._library().call("skconv_run", x, y)
        return y

    def predict(self, x: Batch) -> Batch:
        """Index of the class of every sample.

        Raises
        ------
        ValueError
            Where the graph is no classifier.
        """
        if not self.graph.is_classifier:
            raise ValueError("predict wants a classifier: the graph ends without a decision")
        x = self._check(x)
        y = np.empty(len(x), np.int32)
        self._library().call("skconv_predict", x, y)
        return y

    def tensors(self, x: Batch) -> dict[str, Batch]:
        """Every tensor by name, as the C code computed it."""
        x = self._check(x)
        specs = self.graph.specs
        offsets = trace_offsets(self.graph)
        n_bytes = sum(specs[name].nbytes for name in offsets)
        trace = np.empty((len(x), max(1, n_bytes)), np.uint8)
        self._library(f"-D{self.name.upper()}_TRACE").call("skconv_trace", x, trace)
        found = {INPUT: x}
        for name, offset in offsets.items():
            spec = specs[name]
            part = np.ascontiguousarray(trace[:, offset : offset + spec.nbytes])
            found[name] = part.view(spec.dtype).reshape(len(x), *spec.shape)
        return found

    def _check(self, x: Batch) -> Batch:
        wanted = np.dtype(self.graph.input.dtype)
        x = check_batch(self.graph, x)
        if self.graph.domain == "integer" and x.dtype != wanted:
            raise ValueError(f"x has dtype {x.dtype}, wanted {wanted}")
        return np.ascontiguousarray(x, wanted)

    def _library(self, *more_flags: str) -> Library:
        key = (*find_compiler(), *more_flags)
        if key not in self._libraries:
            driver = DRIVER.format(name=self.name, macro=self.name.upper())
            sources = self.files | {"driver.c": driver}
            self._libraries[key] = load(build_library(sources, (*self.flags, *more_flags)))
        return self._libraries[key]


@dataclass(frozen=True)
class Library:
    """A loaded library; one call at a time, for its memory is static."""

    handle: ctypes.CDLL
    lock: threading.Lock

    def call(self, function: str, x: Batch, y: Batch) -> None:
        with self.lock:
            getattr(self.handle, function)(
                x.ctypes.data_as(ctypes.c_void_p),
                y.ctypes.data_as(ctypes.c_void_p),
                ctypes.c_size_t(len(x)),
            )


@cache
def load(path: Path) -> Library:
    return Library(ctypes.CDLL(str(path)), threading.Lock())


def find_compiler() -> tuple[str, ...]:
    """The command of the host's C compiler: ``$CC``, else cc, gcc or clang.

    Raises
    ------
    NoCompilerError
        Where none is found.
    """
    candidates = [shlex.split(os.environ.get("CC", "")), ["cc"], ["gcc"], ["clang"]]
    for command in candidates:
        if command and (path := shutil.which(command[0])):
            return (path, *command[1:])
    raise NoCompilerError(
        "no C compiler found ($CC, cc, gcc, clang); install one, or use skconv.runtime.fixed, "
        "which computes the same integers"
    )


@cache
def _version(compiler: tuple[str, ...]) -> str:
    done = subprocess.run([*compiler, "--version"], capture_output=True, text=True, check=False)
    return done.stdout


def build_library(sources: Mapping[str, str], flags: Iterable[str]) -> Path:
    """A shared library of C files, from the cache where it has been built before.

    Raises
    ------
    CompilationError
        Where the compiler fails; the message is the compiler's.
    """
    compiler, flags = find_compiler(), tuple(flags)
    content = repr((sorted(sources.items()), flags, compiler, _version(compiler)))
    path = cache_folder() / f"{hashlib.sha256(content.encode()).hexdigest()}.so"
    if path.exists():
        return path
    with tempfile.TemporaryDirectory(dir=path.parent) as folder:
        built = Path(folder) / path.name
        write_files(Path(folder), sources)
        c_files = sorted(name for name in sources if name.endswith(".c"))
        compile_c(compiler, (*flags, *LIBRARY_FLAGS), c_files, built, Path(folder))
        # Another process may have built the same: the last one wins, with the same bytes.
        built.replace(path)
    return path


def write_files(folder: Path, files: Mapping[str, str]) -> None:
    """Files by their name relative to a folder."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def compile_c(
    compiler: tuple[str, ...], flags: tuple[str, ...], c_files: list[str], output: Path, cwd: Path
) -> None:
    command = [*compiler, *flags, *c_files, "-o", str(output)]
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise CompilationError(f"{shlex.join(command)} failed:\n{done.stderr}")


def cache_folder() -> Path:
    """The folder of built libraries; it is made where it does not exist."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    folder = Path(os.environ.get("SKCONV_CACHE") or Path(base) / "skconv")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OSError(
            error.errno, f"cannot make the cache folder {folder}; set SKCONV_CACHE to another"
        ) from error
    return folder
