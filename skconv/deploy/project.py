"""A folder with everything that firmware needs of a model, and a self-test.

The folder holds one model: ``NAME.c``, ``NAME.h``, the routines in ``skconv/``, an Arduino sketch
in ``examples/predict`` that runs the model on an array, a program in ``examples/self_test`` that
runs it on known samples, ``README.md``, ``LICENSE.txt``, ``manifest.json``, and what CMake,
Arduino and PlatformIO need to take the folder as a library.

A folder that does not exist appears whole. One that is an earlier export of the same model is
replaced as a whole: other files in it stay, and a file of ours that would overwrite one that is
not stops the export before anything is touched. See `skconv.deploy.project_folder`.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skconv.codegen.header import described, version
from skconv.codegen.input_layout import sample_of
from skconv.codegen.program import Program
from skconv.codegen.render import CSources
from skconv.codegen.text import filled, literals
from skconv.deploy.bench import BenchReport
from skconv.deploy.harness import from_template, vectors
from skconv.deploy.manifest import MANIFEST, Made, manifest
from skconv.deploy.project_folder import write_project
from skconv.target.cost import report
from skconv.target.targets import WARNING_FLAGS

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
    sources: CSources,
    x: Batch,
    *,
    n_vectors: int = N_VECTORS,
    measured: Sequence[BenchReport] = (),
    made: Made | None = None,
) -> Path:
    """Write the C project of a model.

    Parameters
    ----------
    folder : str or Path
        Where; it is made where it does not exist.
    sources : CSources
        The C of the model.
    x : array (n_samples, ...)
        Samples in the type of the input. The first ones become test vectors; where there
        are none, the project has no test program.
    n_vectors : int, default=8
        How many samples the test program runs.
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
        raise ValueError("folder is '', expected a name; write '.' for the current folder")
    files = project_files(sources, np.asarray(x)[:n_vectors], measured, made or Made())
    return write_project(Path(folder).resolve(), files, sources.program.name)


def project_files(
    sources: CSources, x: Batch, measured: Sequence[BenchReport], made: Made
) -> dict[str, str]:
    """The files of a project: text by path inside its folder."""
    program = sources.program
    files = {
        **sources.files,
        **_build_files(program, has_samples=len(x) > 0),
        "README.md": _readme(sources, len(x) > 0, made, measured),
        "LICENSE.txt": from_template("LICENSE.txt", program),
        SKETCH: _sketch(program, x),
    }
    if len(x):
        files |= _test_files(program, x)
    return files | {MANIFEST: manifest(sources, made, files)}


def _build_files(program: Program, has_samples: bool) -> dict[str, str]:
    """What CMake, PlatformIO and Arduino want."""
    more = {"cmake": cmake_target(program.name), "self_test": SELF_TEST}
    return {
        "CMakeLists.txt": from_template("CMakeLists.txt", program, has_samples=has_samples, **more),
        "library.json": from_template("library.json", program),
        "library.properties": from_template("library.properties", program),
    }


def cmake_target(name: str) -> str:
    """The name of a model's library in CMake."""
    return f"{name}_model" if name.lower() in CMAKE_TARGETS else name


def usage(program: Program) -> str:
    """C that calls a model."""
    return from_template("usage.c", program)


def _readme(
    sources: CSources, has_samples: bool, made: Made, measured: Sequence[BenchReport]
) -> str:
    program, target = sources.program, sources.target
    graph, plan = program.graph, program.plan
    return from_template(
        "README.md",
        program,
        usage=usage(program).rstrip("\n"),
        cmake=cmake_target(program.name),
        self_test=SELF_TEST,
        has_samples=has_samples,
        warnings=" ".join(WARNING_FLAGS),
        has_board=bool(target.board),
        is_avr=target.compiler == "avr-gcc",
        target=target.name,
        command=" ".join((target.compiler, *target.build_flags)),
        made="\n".join(f"- {line}" for line in _made(sources, made)),
        cost=str(report(graph, plan, program.interface.probabilities)),
        stack=f"{sources.stack_bytes:,}",
        plan=str(plan),
        measured="\n\n".join(f"```\n{found}\n```" for found in measured),
    )


def _made(sources: CSources, made: Made) -> Iterator[str]:
    """How the model was made, fact by fact."""
    program, target = sources.program, sources.target
    yield f"skconv {version()}"
    yield f"target `{target.name}`: `{' '.join((target.compiler, *target.flags))}`"
    if made.options:
        chosen = ", ".join(f"{key}={value!r}" for key, value in made.options.items())
        yield f"options of `to_c`: `{chosen}`"
    sample = sample_of(program.definition)
    yield f"input: {described(program.definition.input, sample.shape)}; {sample.layout}"
    yield f"output: {described(program.scores)}"
    if not math.isnan(made.agreement):
        yield f"agreement with the estimator on calibration samples: {made.agreement:.4f}"
    if made.accuracy is not None:
        yield f"accuracy, as measured before the export: {made.accuracy:.4f}"


def _sketch(program: Program, x: Batch) -> str:
    """An Arduino sketch that runs the model on an array."""
    spec = program.definition.input
    sample = x[:1].astype(spec.dtype) if len(x) else np.zeros((1, *spec.shape), spec.dtype)
    numbers = "\n".join(filled(literals(sample), "    "))
    return from_template("predict.ino", program, has_samples=len(x) > 0, numbers=numbers)


def _test_files(program: Program, x: Batch) -> dict[str, str]:
    return {
        f"{SELF_TEST}/self_test.c": from_template("self_test.c", program),
        f"{SELF_TEST}/self_test.ino": from_template("self_test.ino", program),
        f"{SELF_TEST}/{program.name}_vectors.h": vectors(program, x),
    }
