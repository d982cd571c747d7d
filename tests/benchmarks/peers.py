"""C of other exporters, compiled, run and measured as our own.

A peer's package need not be installed beside skconv: `printed` asks a Python that has it, this one
or the one that a script's option ``--peers`` names.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import joblib
import numpy as np

sys.path.insert(0, str(Path(__file__).parents[2]))

from skconv import emulator
from skconv.emulator.build import SECTIONS, link, output, written
from skconv.emulator.run import COUNTING_MAIN
from skconv.target.targets import get_target
from skconv.utils.template import fill

# The functions of libm are asked for before the objects that call them.
LIBM = ("-Wl,-u,expf", "-Wl,-u,logf", "-Wl,-u,tanhf", "-Wl,-u,powf", "-lm")
SIZES = {"double": 8, "float": 4, "int16_t": 2, "uint8_t": 1, "int8_t": 1}
_QUIET = ("-w",)
_IN_LIBRARY = (
    "import json, sys\n"
    "import joblib\n"
    "model = joblib.load(sys.argv[1])\n"
    "{code}\n"
    "print(json.dumps(files))\n"
)


class MissingPeerError(RuntimeError):
    """A peer's package is not installed."""


@dataclass(frozen=True)
class Peer:
    """C that decides on one sample.

    Attributes
    ----------
    name : str
        Of the exporter and its method.
    files : mapping of str to str
        Sources and headers; none of them is compiled alone, ``prelude`` includes what it needs.
    prelude, statement : str
        C in front of ``main``, in which ``x`` holds the sample, and the call that is counted.
    libm : bool
        Whether it calls functions of the library of mathematics.
    """

    name: str
    files: Mapping[str, str]
    prelude: str
    statement: str
    libm: bool = False


@dataclass(frozen=True)
class Measured:
    """Instructions of one call, flash of the linked image beyond an empty one, and the class."""

    instructions: int
    flash: int
    answer: int


def measure(
    peer: Peer,
    x: Any,
    x_type: str,
    *,
    flags: Sequence[str] = ("-O2",),
    target: str = "cortex-m4",
) -> Measured:
    """Count one call of ``peer.statement``, whose value is the class, on the sample ``x``."""
    values = ", ".join(str(value) for value in np.ravel(x).tolist())
    prelude = f"static {x_type} x[] = {{{values}}};\nvolatile int32_t answer;\n{peer.prelude}"
    options = (*_QUIET, *flags, *(LIBM if peer.libm else ()))
    counted = fill(COUNTING_MAIN, {}, prelude=prelude, statement=f"answer = {peer.statement}")
    answered = f"{counted}\n".replace("bench_print_unsigned(count)", "bench_print_unsigned(answer)")
    results = []
    for main in (counted, answered):
        sources = {**peer.files, "main.c": main}
        result = emulator.run(sources, target=target, flags=options, hosted=peer.libm)
        if result.returncode:
            raise RuntimeError(f"{peer.name}: exit status {result.returncode}: {result.output}")
        results.append(int(result.output))
    image = _image_bytes({**peer.files, "main.c": counted}, target, options, peer.libm)
    empty = fill(COUNTING_MAIN, {}, prelude="", statement="(void)0")
    bytes_without = _image_bytes({"main.c": empty}, target, options[: len(flags) + 1], False)
    sample = len(np.ravel(x)) * SIZES[x_type]
    return Measured(results[0], image - bytes_without - sample, results[1])


def _image_bytes(
    sources: Mapping[str, str], target: str, flags: Sequence[str], hosted: bool
) -> int:
    """Code, constants and initial values of a linked program, without what nothing calls."""
    with written(sources) as folder:
        image = link(folder, sources, target, (*SECTIONS, *flags), hosted=hosted)
        size = get_target(target).compiler.removesuffix("gcc") + "size"
        sizes = output(size, str(image))
    text, data, *_ = sizes.splitlines()[1].split()
    return int(text) + int(data)


def printed(model: Any, package: str, code: str, python: str = sys.executable) -> dict[str, str]:
    """The files that a peer prints for a fitted model, as ``code`` leaves them in ``files``.

    Raises
    ------
    MissingPeerError
        Where that Python has no such package.
    """
    with TemporaryDirectory() as name:
        path = Path(name) / "model.joblib"
        joblib.dump(model, path)
        script = _IN_LIBRARY.format(code=code)
        command = [python, "-W", "ignore", "-c", script, str(path)]
        # emlearn leaves a folder where it runs.
        result = subprocess.run(command, capture_output=True, text=True, check=False, cwd=name)
    if f"No module named '{package}'" in result.stderr:
        raise MissingPeerError(
            f"{package} is not installed: pip install {package}, or name a Python that has it "
            "(--peers /path/to/python)"
        )
    if result.returncode:
        raise RuntimeError(f"{package} failed:\n{result.stderr}")
    files: dict[str, str] = json.loads(result.stdout.splitlines()[-1])
    return files


# emlearn is headers beside the file that it prints. Its inline networks need a constant that is a
# name, which version 0.23.2 formats as a number and fails.
_EMLEARN = """
import emlearn
from emlearn import cgen
number = cgen.constant
cgen.constant = lambda value, dtype="float": (
    value if isinstance(value, str) else number(value, dtype)
)
from pathlib import Path
folder = Path(emlearn.__file__).parent
files = {{path.name: path.read_text() for path in folder.glob("*.h")}}
converted = emlearn.convert(model, {conversion})
files["peer.h"] = converted.save(name="peer", {saving})
"""


def emlearn(model: Any, python: str, *, conversion: str = "", saving: str = "") -> dict[str, str]:
    """The headers of emlearn, and ``peer.h`` that it prints for a model.

    Parameters
    ----------
    conversion, saving : str
        Arguments of ``emlearn.convert`` and of ``save``, as Python.
    """
    code = _EMLEARN.format(conversion=conversion, saving=saving)
    return printed(model, "emlearn", code, python)
