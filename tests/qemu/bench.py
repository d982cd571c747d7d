"""Build C for a Cortex-M core, run it under QEMU, count its instructions, weigh its objects.

``main`` of the given sources runs after the startup code beside this file, without a C
library: its return value is the exit status (98 stands for 98 and more), a fault is 99.
The programs named in `TOOLS` must be installed.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

Cpu = Literal["cortex-m4", "cortex-m4f", "cortex-m0"]

COMPILER = "arm-none-eabi-gcc"
EMULATOR = "qemu-system-arm"
TOOLS = (COMPILER, EMULATOR)
FAULT = 99

HERE = Path(__file__).parent
WARNINGS = ("-std=c99", "-Wall", "-Wextra", "-Werror")
FREESTANDING = ("-ffreestanding", "-ffunction-sections", "-fdata-sections")


@dataclass(frozen=True)
class Core:
    """How to build for a core, and the QEMU board that runs the code."""

    board: str
    flags: tuple[str, ...]


# Cortex-M0 code runs on the Cortex-M3 board: its instructions are a subset, and the small
# boards of QEMU have no room for a test and no timer of this kind.
CORES: dict[Cpu, Core] = {
    "cortex-m4": Core("mps2-an386", ("-mcpu=cortex-m4", "-mthumb", "-mfloat-abi=soft")),
    "cortex-m4f": Core(
        "mps2-an386", ("-mcpu=cortex-m4", "-mthumb", "-mfloat-abi=hard", "-mfpu=fpv4-sp-d16")
    ),
    "cortex-m0": Core("mps2-an385", ("-mcpu=cortex-m0", "-mthumb")),
}


@dataclass(frozen=True)
class QemuResult:
    """Exit status of a run and what it printed."""

    returncode: int
    output: str


@dataclass(frozen=True)
class Symbol:
    """Bytes of a symbol and the kind of section that holds it."""

    size: int
    section: Literal["text", "rodata", "data", "bss"]


@dataclass(frozen=True)
class ObjectSizes:
    """Bytes of compiled objects: code, constant tables, initialised and zeroed data."""

    text: int
    rodata: int
    data: int
    bss: int
    symbols: dict[str, Symbol]


def run_on_qemu(
    sources: Mapping[str, str],
    *,
    cpu: Cpu = "cortex-m4",
    flags: Sequence[str] = ("-O2",),
    timeout: float = 60.0,
) -> QemuResult:
    """Compile, link and run a program.

    Parameters
    ----------
    sources : mapping of str to str
        Text of each file by its name, headers included. Every ``.c`` is compiled; one of
        them defines ``int main(void)``. ``bench.h`` is on the include path.
    cpu : {"cortex-m4", "cortex-m4f", "cortex-m0"}
        The core to build for; ``cortex-m4f`` has its FPU on.
    flags : sequence of str
        More compiler flags, the optimisation among them.
    timeout : float
        Seconds of wall time that the program may run.

    Raises
    ------
    RuntimeError
        Where the compiler refuses the sources (its messages are in the error), or the
        program does not end in time.
    """
    with _written(sources) as folder:
        image = folder / "image.elf"
        _compile(
            folder, sources, cpu, flags,
            "-nostdlib", "-Wl,--gc-sections", f"-Wl,-T,{HERE / 'link.ld'}",
            str(HERE / "start.c"), "-lgcc", "-o", str(image),
        )  # fmt: skip
        return _emulate(image, CORES[cpu].board, timeout)


def count_instructions(
    sources: Mapping[str, str],
    statement: str,
    *,
    prelude: str = "",
    cpu: Cpu = "cortex-m4",
    flags: Sequence[str] = ("-O2",),
) -> int:
    """Instructions that a C statement executes: the same on every run, exact to one.

    Parameters
    ----------
    sources : mapping of str to str
        Files as for `run_on_qemu`, without ``main``.
    statement : str
        What is counted, as ``"gesture_predict(x)"``. Call functions of other files only:
        the compiler may move the work of a function that it sees out of the count.
    prelude : str
        Includes and static data that the statement needs.
    cpu, flags
        As for `run_on_qemu`.
    """
    main = f"""#include "bench.h"
{prelude}
int main(void)
{{
    uint32_t count;
    BENCH_COUNT(count, {statement});
    bench_print_unsigned(count);
    return 0;
}}
"""
    result = run_on_qemu({**sources, "bench_main.c": main}, cpu=cpu, flags=flags)
    if result.returncode:
        raise RuntimeError(f"exit status {result.returncode}: {result.output}")
    return int(result.output)


def object_sizes(
    sources: Mapping[str, str], *, cpu: Cpu = "cortex-m4", flags: Sequence[str] = ("-Os",)
) -> ObjectSizes:
    """Bytes of the compiled ``.c`` files, before linking: totals and every symbol.

    ``rodata`` counts what the compiler makes of constants too; a table's own bytes are
    ``symbols[name].size``.
    """
    with _written(sources) as folder:
        _compile(folder, sources, cpu, flags, "-c")
        objects = [str(path) for path in sorted(folder.glob("*.o"))]
        totals = dict.fromkeys(("text", "rodata", "data", "bss"), 0)
        for line in _output("arm-none-eabi-size", "-A", *objects).splitlines():
            fields = line.split()
            kind = fields[0].split(".")[1] if fields and fields[0].startswith(".") else ""
            if kind in totals:
                totals[kind] += int(fields[1])
        symbols = dict(_symbols(_output("arm-none-eabi-nm", "-S", *objects)))
    return ObjectSizes(**totals, symbols=symbols)


_SECTION_OF_LETTER: dict[str, Literal["text", "rodata", "data", "bss"]] = {
    "t": "text",
    "r": "rodata",
    "d": "data",
    "b": "bss",
}


def _symbols(listing: str) -> Iterator[tuple[str, Symbol]]:
    for line in listing.splitlines():
        fields = line.split()
        if len(fields) == 4 and (section := _SECTION_OF_LETTER.get(fields[2].lower())):
            yield fields[3], Symbol(int(fields[1], 16), section)


@contextmanager
def _written(sources: Mapping[str, str]) -> Iterator[Path]:
    with TemporaryDirectory(prefix="skconv-bench-") as name:
        folder = Path(name)
        for path, text in sources.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(text)
        yield folder


def _compile(
    folder: Path, sources: Mapping[str, str], cpu: Cpu, flags: Sequence[str], *rest: str
) -> None:
    units = [name for name in sources if name.endswith(".c")]
    _output(
        COMPILER, *CORES[cpu].flags, *WARNINGS, *FREESTANDING, *flags,
        "-I", str(folder), "-I", str(HERE), *units, *rest, cwd=folder,
    )  # fmt: skip


def _output(*command: str, cwd: Path | None = None) -> str:
    if shutil.which(command[0]) is None:
        raise RuntimeError(f"{command[0]} is not installed")
    result = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    if result.returncode:
        raise RuntimeError(f"{command[0]} failed:\n{result.stderr}")
    return result.stdout


def _emulate(image: Path, board: str, timeout: float) -> QemuResult:
    command = [
        EMULATOR, "-M", board, "-display", "none", "-monitor", "none", "-serial", "none",
        "-semihosting-config", "enable=on,target=native", "-icount", "shift=6",
        "-kernel", str(image),
    ]  # fmt: skip
    try:
        result = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=timeout,
        )
    except subprocess.TimeoutExpired as error:
        raise RuntimeError(f"no end within {timeout} s; output: {error.output!r}") from error
    return QemuResult(result.returncode, result.stdout)
