"""The C compiler of this machine, and the libraries that it builds.

A library is built once and kept in a cache folder: ``$SKCONV_CACHE``, else
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

from numpy.typing import NDArray

from skconv.deploy.library_cache import (
    CacheError,
    CompilerError,
    cache_folder,
    is_trusted,
    is_whole,
    seal,
)
from skconv.utils.files import write_files

Batch = NDArray[Any]

LIBRARY_FLAGS = ("-shared", "-fPIC")


class NoCompilerError(CompilerError):
    """There is no C compiler on this machine."""


class CompilationError(CompilerError):
    """The C compiler is missing, refuses the code, or builds a library that does not load."""


@dataclass(frozen=True)
class Library:
    """A loaded library; one call at a time, for its memory is static."""

    handle: ctypes.CDLL
    lock: threading.Lock

    def call(self, function: str, x: Batch, y: Batch, *more: Batch) -> None:
        """Call a function of ``x``, ``y``, the length of ``x``, and more arrays."""
        pointers = [array.ctypes.data_as(ctypes.c_void_p) for array in (x, y, *more)]
        with self.lock:
            getattr(self.handle, function)(*pointers[:2], ctypes.c_size_t(len(x)), *pointers[2:])


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
