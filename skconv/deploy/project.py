"""A folder with everything that a firmware needs of a model, and a test of it.

The folder holds one model: ``NAME.c``, ``NAME.h``, the routines in ``skconv/``, an Arduino sketch
in ``examples/predict`` that runs the model on an array, a program in ``examples/self_test`` that
runs it on known samples, ``README.md``, ``LICENSE.txt``, ``manifest.json``, and what CMake,
Arduino and PlatformIO need to take the folder as a library.

A folder that does not exist appears whole. One that is an earlier export of the same model is
replaced as a whole: other files in it stay, and a file of ours that would overwrite one that is
not stops the export before anything is touched. See `skconv.deploy.project_folder`.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skconv.codegen.header import described, version
from skconv.codegen.input_layout import sample_of
from skconv.codegen.interface import Interface
from skconv.codegen.program import Program
from skconv.codegen.render import render
from skconv.codegen.text import filled, float_literal, literals, table
from skconv.deploy import project_text as texts
from skconv.deploy.bench import BenchReport
from skconv.deploy.manifest import MANIFEST, Made, manifest
from skconv.deploy.project_folder import write_project
from skconv.graph import INPUT, Graph
from skconv.runtime import fixed, reference
from skconv.target.cost import report
from skconv.target.memory import MemoryPlan, plan_memory
from skconv.target.targets import WARNING_FLAGS, Target

Batch = NDArray[Any]

N_VECTORS = 8
SELF_TEST = "examples/self_test"
SKETCH = "examples/predict/predict.ino"
# Names that CMake keeps for targets of its own.
CMAKE_TARGETS = (
    *("all", "all_build", "clean", "edit_cache", "help", "install", "package", "package_source"),
    *("preinstall", "rebuild_cache", "run_tests", "test", "zero_check"),
)


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
    made: Made | None = None,
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
        What `skconv.deploy.bench.benchmark` found; the README tells it.
    made : Made or None
        How the model was made, for the README and the manifest.

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
    if os.fspath(folder) == "":
        raise ValueError("folder is '', wanted a name; write '.' for the current folder")
    plan = plan or plan_memory(graph)
    made = made or Made(target)
    x = np.asarray(x)[:n_vectors]
    has_test = len(x) > 0
    program = Program(graph, name, plan, interface or Interface())
    files = render(graph, name, plan, interface) | _build_files(name, has_test)
    files["README.md"] = _readme(program, has_test, made, measured)
    files["LICENSE.txt"] = texts.LICENSE.format(name=name)
    files[SKETCH] = _sketch(program, x)
    if has_test:
        files |= _test_files(program, x)
    files[MANIFEST] = manifest(program, made, files)
    return write_project(Path(folder).resolve(), files, name)


def _words(name: str) -> dict[str, str]:
    return {
        "name": name,
        "macro": name.upper(),
        "flags": " ".join(WARNING_FLAGS),
        "self_test": SELF_TEST,
        "cmake": f"{name}_model" if name.lower() in CMAKE_TARGETS else name,
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
        return {"arena": "", "only_arena": "", "static_arena": "", "static_arena_top": ""}
    declaration = texts.STATIC_ARENA.format(name=program.name)
    return {
        "arena": "&arena, ",
        "only_arena": "&arena",
        "static_arena": f"    {declaration}",
        "static_arena_top": declaration,
    }


def _readme(program: Program, has_test: bool, made: Made, measured: Sequence[BenchReport]) -> str:
    graph, plan = program.graph, program.plan
    words = _words(program.name) | _arena_words(program)
    counts = "".join(texts.README_MEASURED.format(report=report) for report in measured)
    use = texts.USE_CLASS if graph.is_classifier else texts.USE_OUTPUT
    memory = texts.MEMORY_CALLER if program.takes_arena else texts.MEMORY_STATIC
    rows = texts.ROWS if program.streamed else ""
    probabilities = texts.PROBABILITIES if program.interface.probabilities else ""
    is_integer = program.specs[INPUT].domain == "integer"
    return texts.README.format(
        use=words["static_arena"].lstrip() + use.format(**words),
        call=(texts.CALL_CLASS if graph.is_classifier else texts.CALL_OUTPUT).format(**words),
        memory=memory.format(**words),
        rows=rows.format(**words),
        conversions=texts.CONVERSIONS.format(**words) if is_integer else "",
        probabilities=probabilities.format(**words),
        cross=_cross(made.target, words),
        test=texts.README_TEST.format(**words) if has_test else "",
        made="".join(f"- {line}\n" for line in _made(program, made)),
        cost=str(report(graph, plan, program.interface.probabilities)),
        stack=f"{made.stack_bytes(graph):,}",
        plan=str(plan),
        measured=f"\n## Measured\n{counts}" if measured else "",
        **words,
    )


def _cross(target: Target | None, words: dict[str, str]) -> str:
    """How to compile for the target."""
    if target is None or not target.board:
        return ""
    dialect = [] if any(f.startswith("-std=") for f in target.flags) else [WARNING_FLAGS[0]]
    command = " ".join((target.compiler, *dialect, *target.flags))
    note = texts.README_AVR if target.compiler == "avr-gcc" else ""
    return texts.README_CROSS.format(target=target.name, command=command, **words) + note


def _made(program: Program, made: Made) -> Iterator[str]:
    """How the model was made, fact by fact."""
    yield f"skconv {version()}"
    if made.target is not None:
        flags = " ".join((made.target.compiler, *made.target.flags))
        yield f"target `{made.target.name}`: `{flags}`"
    if made.options:
        chosen = ", ".join(f"{key}={value!r}" for key, value in made.options.items())
        yield f"options of `to_c`: `{chosen}`"
    sample = sample_of(program.graph)
    yield f"input: {described(program.specs[INPUT], sample.shape)}; {sample.layout}"
    yield f"output: {described(program.scores)}"
    if made.agreement is not None:
        yield f"agreement with the estimator on calibration samples: {made.agreement:.4f}"
    if made.accuracy is not None:
        yield f"accuracy, as measured before the export: {made.accuracy:.4f}"


def _sketch(program: Program, x: Batch) -> str:
    """An Arduino sketch that runs the model on an array."""
    graph = program.graph
    words = _words(program.name) | _arena_words(program)
    spec = program.specs[INPUT]
    sample = x[:1].astype(spec.dtype) if len(x) else np.zeros((1, *spec.shape), spec.dtype)
    show = texts.SHOW_OUTPUT
    if graph.is_classifier:
        show = texts.SHOW_INDEX if graph.classes is None else texts.SHOW_LABEL
    is_integer = program.scores.domain == "integer"
    words["value"] = f"{program.name}_dequantize(output[i], i)" if is_integer else "output[i]"
    return texts.SKETCH_PREDICT.format(
        numbers="\n".join(filled(literals(sample), "    ")),
        show=show.format(**words),
        origin="The first calibration sample" if len(x) else "Zeros",
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
        f"{SELF_TEST}/{name}_vectors.h": "\n".join(_vectors(graph, name, x)) + "\n",
    }


def _vectors(graph: Graph, name: str, x: Batch) -> Iterator[str]:
    """Samples, and what the definition makes of them, as tables."""
    runtime = fixed if graph.domain == "integer" else reference
    tensors = runtime.tensors(graph, x, (graph.scores_name, graph.output_name))
    outputs = tensors[graph.scores_name].astype(graph.specs[graph.scores_name].dtype)
    yield f"/* {name}_vectors.h: samples and their results; generated by skconv for {name}. */"
    yield '#include "skconv/types.h"'
    yield ""
    yield f"#define {name.upper()}_N_VECTORS {len(x)}"
    if graph.domain == "float":
        yield f"#define {name.upper()}_LARGEST {float_literal(float(np.abs(outputs).max()))}"
    yield ""
    yield from table("inputs", x.astype(graph.input.dtype, copy=False))
    yield ""
    yield from table("outputs", outputs)
    if graph.is_classifier:
        yield ""
        yield from table("classes", tensors[graph.output_name].astype(np.int32))
