"""Processors to build for: compiler, flags, and abilities of the core."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches

from skconv.target.chips import CHIPS

WARNING_FLAGS = (
    "-std=c99",
    "-Wall",
    "-Wextra",
    "-Wpedantic",
    "-Wdouble-promotion",
    "-Wfloat-conversion",
    "-Wconversion",
    "-Wshadow",
    "-Werror",
)
# With this all ways to build a saved project compile, and so do predict, verify and benchmark.
OPTIMIZATION = "-O2"


@dataclass(frozen=True)
class Target:
    """A processor to build for.

    Attributes
    ----------
    name : str
        As `get_target` knows it.
    compiler : str
        Name of the compiler.
    flags : tuple of str
        What selects the processor.
    has_dsp : bool
        Whether the core has Arm's DSP extension: two 16-bit products an instruction.
    has_fpu : bool
        Whether float32 arithmetic is done by the processor itself.
    board : str
        The simulated board that runs the code, see `skconv.emulator`; empty where the code
        runs on this machine.
    word_bits : int
        Width of the registers.
    """

    name: str
    compiler: str
    flags: tuple[str, ...]
    has_dsp: bool = False
    has_fpu: bool = False
    board: str = ""
    word_bits: int = 32

    @property
    def dialect(self) -> tuple[str, ...]:
        """The dialect of C, and what selects the processor."""
        has_own = any(flag.startswith("-std=") for flag in self.flags)
        return self.flags if has_own else ("-std=c99", *self.flags)

    @property
    def build_flags(self) -> tuple[str, ...]:
        """What the README of a saved project gives to the compiler."""
        return (*self.dialect, OPTIMIZATION)


def _cortex(core: str, board: str, fpu: str = "", *, has_dsp: bool = False) -> Target:
    abi = ("-mfloat-abi=hard", f"-mfpu={fpu}") if fpu else ("-mfloat-abi=soft",)
    flags = (f"-mcpu=cortex-{core.removesuffix('f')}", "-mthumb", *abi)
    return Target(f"cortex-{core}", "arm-none-eabi-gcc", flags, has_dsp, bool(fpu), board)


# Code for Cortex-M0 runs on the Cortex-M3 board: its instructions are a subset, and the small
# boards of QEMU have no room for a test and no timer of this kind. gnu99 gives the compiler
# for AVR its address space for tables in flash; a table read as if it were RAM is a warning.
TARGETS = {
    target.name: target
    for target in (
        Target("portable", "cc", (), has_fpu=True),
        _cortex("m0", "mps2-an385"),
        _cortex("m0plus", "mps2-an385"),
        _cortex("m3", "mps2-an385"),
        _cortex("m4", "mps2-an386", has_dsp=True),
        _cortex("m4f", "mps2-an386", "fpv4-sp-d16", has_dsp=True),
        _cortex("m7", "mps2-an500", "fpv5-d16", has_dsp=True),
        _cortex("m33", "mps2-an505", "fpv5-sp-d16", has_dsp=True),
        Target(
            "rv32imc",
            "riscv64-unknown-elf-gcc",
            ("-march=rv32imc", "-mabi=ilp32"),
            board="virt",
        ),
        Target(
            "avr",
            "avr-gcc",
            ("-mmcu=atmega1284p", "-std=gnu99", "-Waddr-space-convert"),
            board="atmega1284p",
            word_bits=8,
        ),
    )
}


def get_target(name: str) -> Target:
    """The target of a name.

    Raises
    ------
    ValueError
        Where there is none; the message lists the names.

    Examples
    --------
    >>> from skconv.target.targets import get_target
    >>> get_target("cortex-m4").flags
    ('-mcpu=cortex-m4', '-mthumb', '-mfloat-abi=soft')
    """
    if name not in TARGETS:
        names = ", ".join(map(repr, TARGETS))
        raise ValueError(
            f"target is {name!r}, expected one of {names}. {_meant(str(name).lower())}"
        )
    return TARGETS[name]


def _meant(name: str) -> str:
    """Advice for the name of a target that does not exist."""
    if chips := get_close_matches(name, CHIPS, n=1, cutoff=0.8):
        chip = CHIPS[chips[0]]
        return f"For the chip {chip.name} write target={chip.target!r}."
    if targets := get_close_matches(name, TARGETS, n=1, cutoff=0.8):
        return f"Write target={targets[0]!r}."
    return "For another processor write target='portable'."
