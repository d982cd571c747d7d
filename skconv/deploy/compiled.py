"""The printed C, compiled on this machine and called through ctypes.

The library is built once and kept in a cache folder: ``$SKCONV_CACHE``, else
``$XDG_CACHE_HOME/skconv``, else ``~/.cache/skconv``; a relative path begins at the current
folder. The file name is a hash of the sources, the flags and the compiler, so nothing in it is
ever out of date; the folder may be removed at any time.

A library that is found there is loaded only if it belongs to this user, nobody else may write
it or the folder, and it is whole: see `skconv.deploy.library_cache`. One that is damaged is
built again. The compiler is that of ``$CC``, which may have arguments, else cc, gcc or clang.

All that can go wrong here is a `CompilerError`: there is no compiler (`NoCompilerError`), that
of ``$CC`` cannot be used, refuses the C or builds for another machine (`CompilationError`), or
the folder cannot be used (`CacheError`): read-only, or open to others.
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

from skconv.codegen.render import PORTABLE, CSources, program_of
from skconv.deploy.harness import from_template
from skconv.deploy.library_cache import (
    CACHE_VARIABLES,
    CacheError,
    CompilerError,
    cache_folder,
    is_trusted,
    is_whole,
    seal,
)
from skconv.graph import INPUT, Graph
from skconv.runtime.windows import check_batch

__all__ = [
    "CacheError",
    "CompilationError",
    "CompiledGraph",
    "CompiledSources",
    "CompilerError",
    "NoCompilerError",
    "build_library",
    "cache_folder",
    "compile_c",
    "find_compiler",
    "load",
    "write_files",
]

Batch = NDArray[Any]

# The flags of the saved project's own build.
DEFAULT_FLAGS = PORTABLE.build_flags
LIBRARY_FLAGS = ("-shared", "-fPIC")

# No model has a hyphen in its name, nor one that begins with "sk_" as the functions in it do.
DRIVER_FILE = "host-driver.c"


class NoCompilerError(CompilerError):
    """There is no C compiler on this machine."""


class CompilationError(CompilerError):
    """The C compiler is missing, refuses the code, or builds a library that does not load."""


class CompiledSources:
    """The C of a model, run on this machine through its own interface.

    Parameters
    ----------
    sources : CSources
        The files that are compiled, as they are.
    flags : iterable of str
        Flags of the compiler.

    Raises
    ------
    CompilerError
        At the first run, where the C cannot be compiled or loaded here.

    Notes
    -----
    Pickles without its library, and builds or finds it again when it runs. The arena is
    static, in the model or in the driver that calls it, so runs in several threads wait for
    each other.
    """

    def __init__(self, sources: CSources, flags: Iterable[str] = DEFAULT_FLAGS) -> None:
        self.sources = sources
        self.graph = sources.program.graph
        self.flags = tuple(flags)
        self._libraries: dict[tuple[str | None, ...], Library | CompilerError] = {}

    def __getstate__(self) -> dict[str, Any]:
        return {**vars(self), "_libraries": {}}

    def run(self, x: Batch) -> Batch:
        """Scores, predictions or features of a batch ``(n_samples, *graph.input.shape)``."""
        x = self._check(x)
        spec = self.graph.specs[self.graph.scores_name]
        y = np.empty((len(x), *spec.shape), spec.dtype)
        self._library().call("sk_host_run", x, y)
        return y

    def predict(self, x: Batch) -> Batch:
        """Index of the class of every sample.

        Raises
        ------
        ValueError
            Where the graph is no classifier.
        """
        if not self.graph.is_classifier:
            raise ValueError("predict needs a classifier: the graph ends without a decision")
        x = self._check(x)
        y = np.empty(len(x), np.int32)
        self._library().call("sk_host_predict", x, y)
        return y

    def probabilities(self, scores: Batch) -> Batch:
        """Class probabilities, by ``NAME_probabilities``; 32768 = 1.0."""
        found = self.sources.program.probabilities
        if found is None:
            raise ValueError("probabilities needs a model that offers them")
        spec = found[0].output.spec
        scores = np.ascontiguousarray(scores, self.sources.program.scores.dtype)
        y = np.empty((len(scores), *spec.shape), spec.dtype)
        self._library().call("sk_host_probabilities", scores, y)
        return y

    def tensors(self, x: Batch) -> dict[str, Batch]:
        """Every tensor by name, as the C code computed it."""
        x = self._check(x)
        specs = self.graph.specs
        offsets = self.sources.program.trace_offsets
        n_bytes = sum(specs[name].nbytes for name in offsets)
        trace = np.empty((len(x), max(1, n_bytes)), np.uint8)
        self._library(f"-D{self.sources.program.macro}_TRACE").call("sk_host_trace", x, trace)
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
            raise ValueError(f"x has dtype {x.dtype}, expected {wanted}")
        return np.ascontiguousarray(x, wanted)

    def _library(self, *more_flags: str) -> Library:
        key = (*find_compiler(), *more_flags, *map(os.environ.get, CACHE_VARIABLES))
        if key not in self._libraries:
            self._libraries[key] = self._built(more_flags)
        found = self._libraries[key]
        if isinstance(found, CompilerError):
            raise found
        return found

    def _built(self, more_flags: tuple[str, ...]) -> Library | CompilerError:
        """The library, or why there is none: that is not tried again at every call."""
        driver = from_template(DRIVER_FILE, self.sources.program)
        sources = {**self.sources.files, DRIVER_FILE: driver}
        try:
            return load(build_library(sources, (*self.flags, *more_flags)))
        except CompilerError as error:
            return error


class CompiledGraph(CompiledSources):
    """A graph run by its own C code.

    Parameters
    ----------
    graph : Graph
        Integer or float.
    name : str, default="model"
        The C name of the model.
    flags : iterable of str
        Flags of the compiler.

    Examples
    --------
    >>> import numpy as np
    >>> from skconv.graph import Abs, Graph, TensorSpec
    >>> from skconv.deploy.compiled import CompiledGraph
    >>> graph = Graph(TensorSpec((3,), "int8", minimum=-127, maximum=127)).append(Abs())
    >>> CompiledGraph(graph).run(np.array([[-1, 2, -3]], np.int8))
    array([[1, 2, 3]], dtype=int8)
    """

    def __init__(
        self, graph: Graph, name: str = "model", flags: Iterable[str] = DEFAULT_FLAGS
    ) -> None:
        super().__init__(CSources(program_of(graph, name)), flags)


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
    """A library that has been built.

    Raises
    ------
    CompilationError
        Where this machine cannot load it; the file is removed.
    """
    try:
        return Library(ctypes.CDLL(str(path)), threading.Lock())
    except OSError as error:
        path.unlink(missing_ok=True)
        raise CompilationError(
            f"{shlex.join(find_compiler())} built a library that cannot be loaded: {error}. If it "
            "is a cross compiler, set CC to the compiler of this machine. If the cache folder is "
            "mounted noexec, set SKCONV_CACHE to another folder"
        ) from error


def find_compiler() -> tuple[str, ...]:
    """The C compiler of this machine: ``$CC``, else cc, gcc or clang.

    Raises
    ------
    NoCompilerError
        Where none is found.
    CompilationError
        Where ``$CC`` names none.
    """
    wanted = os.environ.get("CC", "").strip()
    try:
        candidates = [shlex.split(wanted)] if wanted else [["cc"], ["gcc"], ["clang"]]
    except ValueError as error:
        raise CompilationError(f"CC is {wanted!r}, which is not a command: {error}") from error
    for command in candidates:
        if path := shutil.which(command[0]):
            return (path, *command[1:])
    if wanted:
        raise CompilationError(
            f"CC is {wanted!r}, which is not installed; unset it, or set another"
        )
    raise NoCompilerError(
        "no C compiler found ($CC, cc, gcc, clang); install one, or use skconv.runtime.fixed, "
        "which computes the same integers"
    )


@cache
def _version(compiler: tuple[str, ...]) -> str:
    return _finished([*compiler, "--version"]).stdout


def build_library(sources: Mapping[str, str], flags: Iterable[str]) -> Path:
    """A shared library built from C files, or taken from the cache.

    Raises
    ------
    CompilationError
        Where the compiler fails; the message is the compiler's.
    CacheError
        Where the folder of libraries cannot be used.
    """
    compiler, flags = find_compiler(), tuple(flags)
    content = repr((sorted(sources.items()), flags, compiler, _version(compiler)))
    key = hashlib.sha256(content.encode()).hexdigest()
    path = cache_folder() / f"{key}.so"
    try:
        if not (path.is_file() and is_trusted(path) and is_whole(path, key)):
            _build(path, key, compiler, flags, sources)
    except OSError as error:
        raise CacheError(
            f"the cache folder {path.parent} cannot be used ({error}); set SKCONV_CACHE to another"
        ) from error
    return path


def _build(
    path: Path,
    key: str,
    compiler: tuple[str, ...],
    flags: tuple[str, ...],
    sources: Mapping[str, str],
) -> None:
    with tempfile.TemporaryDirectory(dir=path.parent) as folder:
        built = Path(folder) / path.name
        write_files(Path(folder), sources)
        c_files = sorted(name for name in sources if name.endswith(".c"))
        compile_c(compiler, (*flags, *LIBRARY_FLAGS), c_files, built, Path(folder))
        seal(built, key)
        # Another process may have built the same: the last one wins, with the same bytes.
        built.replace(path)


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
    done = _finished(command, cwd)
    if done.returncode != 0:
        raise CompilationError(f"{shlex.join(command)} failed:\n{done.stderr}")
    if not output.is_file():
        raise CompilationError(f"{shlex.join(command)} wrote nothing: is that a C compiler?")


def _finished(command: list[str], cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(
            command, cwd=cwd, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
        )
    except OSError as error:
        raise CompilationError(f"{shlex.join(command)} cannot be run: {error}") from error
