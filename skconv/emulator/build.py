"""Compile C for a target, and measure the size of objects."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

from skconv.emulator.board import BOARDS, FOLDER, Board
from skconv.target.targets import TARGETS, Target, get_target
from skconv.utils.files import write_files

Compiler = Literal["gcc", "clang"]
Section = Literal["text", "rodata", "data", "bss"]

# A caller of the emulator may leave out -O2 on purpose.
WARNINGS = ("-Wall", "-Wextra", "-Werror", "-DSKCONV_NO_OPTIMIZE_WARNING")
SECTIONS = ("-ffunction-sections", "-fdata-sections")

PACKAGES = {
    "arm-none-eabi-gcc": "gcc-arm-none-eabi libnewlib-arm-none-eabi",
    "qemu-system-arm": "qemu-system-arm",
    "riscv64-unknown-elf-gcc": "gcc-riscv64-unknown-elf",
    "qemu-system-riscv32": "qemu-system-misc",
    "avr-gcc": "gcc-avr avr-libc",
    "simavr": "simavr",
    "clang": "clang",
}


class MissingToolError(RuntimeError):
    """A compiler or a simulator is not installed."""


class BuildError(RuntimeError):
    """A compiler refused its input; the message is the compiler's."""


@dataclass(frozen=True)
class Symbol:
    """Bytes of a symbol and the kind of section that holds it."""

    size: int
    section: Section


@dataclass(frozen=True)
class ObjectSizes:
    """Bytes of compiled objects: code, constant tables, initialised and zeroed data."""

    text: int
    rodata: int
    data: int
    bss: int
    symbols: dict[str, Symbol]

    @property
    def tables(self) -> int:
        """Bytes of the constants that have a name."""
        return sum(s.size for s in self.symbols.values() if s.section == "rodata")


def simulated(name: str) -> tuple[Target, Board]:
    """A target and the board that runs its code.

    Raises
    ------
    ValueError
        Where there is no such target, or it is this machine.
    """
    target = get_target(name)
    if not target.board:
        names = ", ".join(repr(t.name) for t in TARGETS.values() if t.board)
        raise ValueError(
            f"target is {name!r}, which has no simulated board, expected one of {names}"
        )
    return target, BOARDS[target.board]


def tools(target: str, compiler: Compiler = "gcc") -> tuple[str, ...]:
    """The programs that a target needs: its compiler and its simulator."""
    chosen, board = simulated(target)
    more = ("clang",) if compiler == "clang" else ()
    return (chosen.compiler, board.command[0], *more)


def require_tool(program: str) -> None:
    """Raise `MissingToolError`, naming Debian's package, where a program is not installed."""
    if shutil.which(program) is None:
        package = PACKAGES.get(program)
        hint = f" (Debian: apt-get install {package})" if package else ""
        raise MissingToolError(f"{program} is not installed{hint}")


def compile_for(
    name: str,
    folder: Path,
    sources: Iterable[str],
    flags: Sequence[str],
    *rest: str,
    compiler: Compiler = "gcc",
    hosted: bool = False,
) -> None:
    """Compile the ``.c`` files among some in a folder, for a target."""
    target, board = simulated(name)
    library, split = board.library(hosted=hosted), () if hosted else SECTIONS
    command = (target.compiler,) if compiler == "gcc" else _clang(target, board)
    units = [file for file in sources if file.endswith(".c")]
    output(
        *command, *WARNINGS, *split, *target.dialect, *library.flags, *board.compile_flags,
        *flags, "-I", str(folder), "-I", str(FOLDER), *units, *rest, cwd=folder,
    )  # fmt: skip


def link(
    folder: Path,
    sources: Iterable[str],
    name: str,
    flags: Sequence[str],
    *,
    compiler: Compiler = "gcc",
    hosted: bool = False,
) -> Path:
    """Compile the ``.c`` files among some in a folder, and link a program of a board."""
    _, board = simulated(name)
    objects = startup(name, tuple(flags), compiler, hosted=hosted)
    for file, content in objects.items():
        (folder / file).write_bytes(content)
    image = folder / "image.elf"
    rest = (*board.library(hosted=hosted).links, *board.link_flags, "-o", str(image))
    compile_for(name, folder, sources, flags, *objects, *rest, compiler=compiler, hosted=hosted)
    return image


@cache
def startup(
    name: str, flags: tuple[str, ...], compiler: Compiler, *, hosted: bool
) -> dict[str, bytes]:
    """Objects that are linked to every program on a target's board, compiled once a process."""
    _, board = simulated(name)
    files = (*board.startup, *board.library(hosted=hosted).files)
    with written({}) as folder:
        sources = [str(FOLDER / file) for file in files]
        compile_for(name, folder, sources, flags, "-c", compiler=compiler, hosted=hosted)
        return {path.name: path.read_bytes() for path in sorted(folder.glob("*.o"))}


def _clang(target: Target, board: Board) -> tuple[str, ...]:
    """Clang for the same processor, with the linker and the arithmetic of GNU's compiler."""
    if not board.triple:
        raise ValueError(f"compiler is 'clang', which target {target.name!r} does not have")
    linker = shutil.which(f"{target.compiler.removesuffix('gcc')}ld")
    library = output(target.compiler, *target.flags, "-print-libgcc-file-name").strip()
    return (
        "clang", f"--target={board.triple}", f"--ld-path={linker}", f"-L{Path(library).parent}",
        "-Wno-unused-command-line-argument",
    )  # fmt: skip


def output(*command: str, cwd: Path | None = None) -> str:
    """What a program prints.

    Raises
    ------
    MissingToolError
        Where it is not installed.
    BuildError
        Where it fails.
    """
    require_tool(command[0])
    result = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    if result.returncode:
        raise BuildError(f"{command[0]} failed:\n{result.stderr}")
    return result.stdout


@contextmanager
def written(sources: Mapping[str, str]) -> Iterator[Path]:
    """A temporary folder with some files."""
    with TemporaryDirectory(prefix="skconv-bench-") as name:
        folder = Path(name)
        write_files(folder, sources)
        yield folder


def object_sizes(
    sources: Mapping[str, str],
    *,
    target: str = "cortex-m4",
    flags: Sequence[str] = ("-Os",),
    hosted: bool = False,
) -> ObjectSizes:
    """Bytes of the compiled ``.c`` files, before linking: totals and every symbol.

    Parameters
    ----------
    sources : mapping of str to str
        Text of each file by its name, headers included.
    target : str
        As `skconv.target.targets.get_target` knows it.
    flags : sequence of str
        More compiler flags, the optimisation among them.
    hosted : bool
        As for `skconv.emulator.run`.

    Returns
    -------
    ObjectSizes
        ``rodata`` counts what the compiler makes of constants too; a table's own bytes are
        ``symbols[name].size``.
    """
    compiler = get_target(target).compiler
    with written(sources) as folder:
        compile_for(target, folder, sources, flags, "-c", hosted=hosted)
        objects = [str(path) for path in sorted(folder.glob("*.o"))]
        totals = _totals(output(_binutil(compiler, "size"), "-A", *objects), sections(compiler))
        listing = output(_binutil(compiler, "objdump"), "-t", *objects)
        symbols = dict(_symbols(listing, sections(compiler)))
    return ObjectSizes(**totals, symbols=symbols)


def _totals(listing: str, kinds: Mapping[str, Section]) -> dict[Section, int]:
    totals: dict[Section, int] = dict.fromkeys(("text", "rodata", "data", "bss"), 0)
    for line in listing.splitlines():
        fields = line.split()
        kind = kinds.get(fields[0].split(".")[1]) if line.startswith(".") else None
        if kind is not None:
            totals[kind] += int(fields[1])
    return totals


def _binutil(compiler: str, name: str) -> str:
    return compiler.removesuffix("gcc") + name


def sections(compiler: str) -> dict[str, Section]:
    """What the sections of an object hold."""
    kinds: dict[str, Section] = {"text": "text", "rodata": "rodata", "data": "data", "bss": "bss"}
    if compiler.startswith("riscv"):
        return kinds | {"srodata": "rodata", "sdata": "data", "sbss": "bss"}
    if compiler == "avr-gcc":
        # Only what is in program memory stays there.
        return kinds | {"progmem": "rodata", "rodata": "data"}
    return kinds


def _symbols(listing: str, kinds: Mapping[str, Section]) -> Iterator[tuple[str, Symbol]]:
    """Functions and objects in objdump's table: value, flags, section, then size and name."""
    for line in listing.splitlines():
        place, _, rest = line.partition("\t")
        fields = place.split()
        if len(fields) < 3 or not fields[-1].startswith(".") or fields[-2] not in ("F", "O"):
            continue
        section = kinds.get(fields[-1].split(".")[1])
        size, *name = rest.split()
        if section is not None:
            yield name[-1], Symbol(int(size, 16), section)
