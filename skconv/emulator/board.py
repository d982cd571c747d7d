"""Simulated boards: startup code, simulator, and output."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).parent / "boards"
FAULT = 99
# The functions of a C library that compilers call, and its headers, where there is none.
NO_LIBRARY = "memory.c"
HEADERS = str(FOLDER / "libc")

Output = tuple[int, str]


@dataclass(frozen=True)
class Library:
    """A C library or its replacement: compiler flags, C files in ``boards``, what to link."""

    flags: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    links: tuple[str, ...] = ()


@dataclass(frozen=True)
class Board:
    """A simulated board.

    Attributes
    ----------
    command : tuple of str
        What runs an image, whose path is appended.
    startup : tuple of str
        C files, in ``boards``, that are linked to every program.
    freestanding, hosted : Library
        Without a C library, and with that of the target's own compiler, if it has one.
    compile_flags, link_flags : tuple of str
        What the board wants of the compiler, beside the processor.
    triple : str
        The target for clang, whose programs are linked by GNU's linker; empty without one.
    unit : str
        What the clock counts.
    output : callable
        Exit status and text of a program, of those of the simulator.
    """

    command: tuple[str, ...]
    startup: tuple[str, ...]
    freestanding: Library
    hosted: Library
    compile_flags: tuple[str, ...]
    link_flags: tuple[str, ...]
    triple: str
    unit: str
    output: Callable[[int, str], Output]

    def library(self, *, hosted: bool) -> Library:
        """What a program may count on."""
        return self.hosted if hosted else self.freestanding


def _as_it_is(status: int, text: str) -> Output:
    return status, text


def _of_simavr(status: int, text: str) -> Output:
    """Lines that the program sent, each one coloured and with a dot for its end; the last is
    the exit status, after a line that had to be ended."""
    lines = re.findall(r"\x1b\[32m(.*)\.$", text, re.MULTILINE)
    last = re.fullmatch(r"exit (\d+)", lines[-1]) if lines else None
    if last is None:
        return status or FAULT, text
    return int(last[1]), "\n".join(lines[:-1])


def _qemu(
    command: str, triple: str, startup: str, code: str, data: str, *compile_flags: str
) -> Board:
    options = (
        "-display none -monitor none -serial none -semihosting-config enable=on,target=native "
        "-kernel"
    )
    link = (
        "-nostdlib",
        f"-Wl,-T,{FOLDER / 'bench.ld'},--defsym=CODE_START={code},--defsym=DATA_START={data}",
        "-Wl,--gc-sections",
        "-lgcc",
    )
    return Board(
        (*command.split(), *options.split()),
        (startup,),
        Library(("-ffreestanding", "-I", HEADERS), (NO_LIBRARY,)),
        Library(links=("-lc",)) if triple else Library(("-I", HEADERS), (NO_LIBRARY,)),
        compile_flags,
        link,
        triple,
        "instructions",
        _as_it_is,
    )


def _mps2(model: str, code: str = "0", data: str = "0x20000000", *compile_flags: str) -> Board:
    """An instruction lasts 64 ns: timer 0 of the board has at least 40 ns a tick."""
    command = f"qemu-system-arm -M mps2-{model} -icount shift=6"
    return _qemu(command, "arm-none-eabi", "cortex_m.c", code, data, *compile_flags)


BOARDS = {
    "mps2-an385": _mps2("an385"),
    "mps2-an386": _mps2("an386"),
    "mps2-an500": _mps2("an500"),
    "mps2-an505": _mps2("an505", "0x10000000", "0x38000000", "-DBENCH_AN505"),
    "virt": _qemu(
        "qemu-system-riscv32 -M virt -bios none -icount shift=0",
        "",
        "riscv.c",
        "0x80000000",
        "0x80400000",
    ),
    "atmega1284p": Board(
        ("simavr", "-m", "atmega1284p", "-f", "16000000"),
        ("avr.c",),
        Library(),
        Library(),
        (),
        ("-Wl,--gc-sections",),
        "",
        "cycles",
        _of_simavr,
    ),
}
