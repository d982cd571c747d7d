"""A folder with everything that a firmware needs of a model, and a test of it.

The folder holds one model: ``NAME.c``, ``NAME.h``, the routines in ``skconv/``, a program in
``examples/self_test`` that runs the model on known samples, ``README.md``, and what CMake,
Arduino and PlatformIO need to take the folder as a library. All is written to a temporary
folder beside it first. A folder that does not exist, or is empty, then appears whole; in one
that exists, files of an earlier export of the same model are replaced, other files stay, and
a file of ours that would overwrite one that is not stops the export before anything is
touched.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skconv.cost import report
from skconv.export import project_text as texts
from skconv.export.bench import BenchReport
from skconv.export.c import HEADER_FOLDER, render
from skconv.export.interface import Interface
from skconv.export.program import Program
from skconv.export.text import float_literal, table
from skconv.graph import Graph
from skconv.memory import MemoryPlan, plan_memory
from skconv.runtime import fixed, reference
from skconv.targets import WARNING_FLAGS, Target

Batch = NDArray[Any]

N_VECTORS = 8
SELF_TEST = "examples/self_test"


def save(
    folder: str | Path,
    graph: Graph,
    x: Batch,
    *,
    name: str,
    plan: MemoryPlan | None = None,
    interface: Interface | None = None,
    n_vectors: int = N_VECTORS,
    target: Target | None = None,
    measured: Sequence[BenchReport] = (),
) -> Path:
    """Write the C project of a graph.

    Parameters
    ----------
    folder : str or Path
        Where; it is made where it does not exist.
    graph : Graph
        Integer or float.
    x : array (n_samples, ...)
        Samples in the type of the input. The first ones become test vectors; where there
        are none, the project has no test program.
    name : str
        The C name of the model.
    plan : MemoryPlan or None
        Where the tensors live; `plan_memory` by default.
    interface : Interface or None
        How firmware calls the model; ``Interface()`` by default.
    n_vectors : int, default=8
        How many samples the test program runs.
    target : Target or None
        The README says how to compile for it.
    measured : sequence of BenchReport
        What `skconv.export.bench.benchmark` found; the README tells it.

    Returns
    -------
    Path
        The folder.

    Raises
    ------
    ValueError
        Where a parameter does not fit; nothing has been written then.
    FileExistsError
        Where the folder holds a file that would be overwritten and is not of an earlier
        export of this model.
    OSError
        Where the folder cannot be written.
    """
    plan = plan or plan_memory(graph)
    x = np.asarray(x)[:n_vectors]
    has_test = len(x) > 0
    program = Program(graph, name, plan, interface or Interface())
    files = render(graph, name, plan, interface) | _build_files(name, has_test)
    files["README.md"] = _readme(program, has_test, target, measured)
    if has_test:
        files |= _test_files(program, x)
    return write_project(Path(folder).resolve(), files, name)


def _words(name: str) -> dict[str, str]:
    return {
        "name": name,
        "macro": name.upper(),
        "flags": " ".join(WARNING_FLAGS),
        "self_test": SELF_TEST,
    }


def _build_files(name: str, has_test: bool) -> dict[str, str]:
    words = _words(name)
    return {
        "CMakeLists.txt": (texts.CMAKE + (texts.CMAKE_TEST if has_test else "")).format(**words),
        "library.json": texts.LIBRARY_JSON.format(**words),
        "library.properties": texts.LIBRARY_PROPERTIES.format(**words),
    }


def _arena_words(program: Program) -> dict[str, str]:
    """How a caller writes the arena, where functions take it."""
    if not program.takes_arena:
        return {"arena": "", "only_arena": "", "static_arena": ""}
    declaration = texts.STATIC_ARENA.format(name=program.name)
    return {"arena": "&arena, ", "only_arena": "&arena", "static_arena": f"    {declaration}"}


def _readme(
    program: Program,
    has_test: bool,
    target: Target | None,
    measured: Sequence[BenchReport],
) -> str:
    graph, plan = program.graph, program.plan
    words = _words(program.name) | _arena_words(program)
    cross = ""
    if target is not None and target.board:
        command = " ".join((target.compiler, *WARNING_FLAGS[:1], *target.flags))
        cross = texts.README_CROSS.format(target=target.name, command=command, **words)
    counts = "".join(texts.README_MEASURED.format(report=report) for report in measured)
    use = texts.USE_CLASS if graph.is_classifier else texts.USE_OUTPUT
    memory = texts.MEMORY_CALLER if program.takes_arena else texts.MEMORY_STATIC
    rows = texts.ROWS if program.streamed else ""
    probabilities = texts.PROBABILITIES if program.interface.probabilities else ""
    return texts.README.format(
        use=words["static_arena"].lstrip() + use.format(**words),
        memory=memory.format(**words),
        rows=rows.format(**words),
        probabilities=probabilities.format(**words),
        cross=cross,
        test=texts.README_TEST.format(**words) if has_test else "",
        cost=str(report(graph, plan, program.interface.probabilities)),
        plan=str(plan),
        measured=f"\n## Measured\n{counts}" if measured else "",
        **words,
    )


def _test_files(program: Program, x: Batch) -> dict[str, str]:
    graph, name = program.graph, program.name
    words = _words(name) | _arena_words(program)
    agree = texts.AGREE_INTEGER if graph.domain == "integer" else texts.AGREE_FLOAT
    check_class = texts.CHECK_CLASS.format(**words) if graph.is_classifier else ""
    main = texts.SELF_TEST.format(agree=agree.format(**words), check_class=check_class, **words)
    return {
        f"{SELF_TEST}/self_test.c": main,
        f"{SELF_TEST}/self_test.ino": texts.SKETCH.format(**words),
        f"{SELF_TEST}/vectors.h": "\n".join(_vectors(graph, name, x)) + "\n",
    }


def _vectors(graph: Graph, name: str, x: Batch) -> Iterator[str]:
    """Samples, and what the definition makes of them, as tables."""
    runtime = fixed if graph.domain == "integer" else reference
    tensors = runtime.tensors(graph, x, (graph.scores_name, graph.output_name))
    outputs = tensors[graph.scores_name].astype(graph.specs[graph.scores_name].dtype)
    yield f"/* {name}: generated by skconv for {name}; samples and their results. */"
    yield '#include "skconv/types.h"'
    yield ""
    yield f"#define N_VECTORS {len(x)}"
    if graph.domain == "float":
        yield f"#define LARGEST {float_literal(float(np.abs(outputs).max()))}"
    yield ""
    yield from table("inputs", x.astype(graph.input.dtype, copy=False))
    yield ""
    yield from table("outputs", outputs)
    if graph.is_classifier:
        yield ""
        yield from table("classes", tensors[graph.output_name].astype(np.int32))


# ------------------------------------------------------------------------------- writing


def write_project(folder: Path, files: Mapping[str, str], name: str) -> Path:
    """Files of a model in a folder: all of them, or none."""
    _require_ours(folder, files, name)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
        try:
            _fill(temporary, files)
            _move(temporary, folder, files)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)
    except OSError as error:
        reason = error.strerror or str(error)
        raise OSError(error.errno, f"folder {str(folder)!r} cannot be written: {reason}") from error
    return folder


def _require_ours(folder: Path, files: Mapping[str, str], name: str) -> None:
    """Refuse to overwrite what another hand, or another model, has put there."""
    if folder.exists() and not folder.is_dir():
        raise NotADirectoryError(f"folder is {str(folder)!r}, which is a file")
    foreign = [
        file
        for file in files
        if (folder / file).exists() and not _is_ours(folder / file, file, name)
    ]
    if foreign:
        raise FileExistsError(
            f"folder {str(folder)!r} holds files that are not of an earlier export of "
            f"{name!r}: {', '.join(sorted(foreign))}; wanted another folder"
        )


def _is_ours(path: Path, file: str, name: str) -> bool:
    if file.startswith(f"{HEADER_FOLDER}/"):
        return path.is_file() and "SKCONV_" in path.read_text(encoding="utf-8", errors="replace")
    text = path.read_text(encoding="utf-8", errors="replace") if path.is_file() else ""
    return f"generated by skconv for {name}" in text


def _fill(folder: Path, files: Mapping[str, str]) -> None:
    for file, text in files.items():
        path = folder / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    folder.chmod(0o755)


def _move(temporary: Path, folder: Path, files: Mapping[str, str]) -> None:
    if not folder.exists() or not any(folder.iterdir()):
        temporary.replace(folder)
        return
    for file in files:
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        (temporary / file).replace(folder / file)
