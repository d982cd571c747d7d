"""The processors that code is checked for: a compiler and its flags."""

from __future__ import annotations

from dataclasses import dataclass

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
    has_fpu : bool
        Whether float32 arithmetic is done by the processor itself.
    """

    name: str
    compiler: str
    flags: tuple[str, ...]
    has_fpu: bool


def _cortex(core: str, *flags: str) -> Target:
    name = f"cortex-{core}"
    cpu = core.removesuffix("f")
    soft = () if flags else ("-mfloat-abi=soft",)
    return Target(
        name, "arm-none-eabi-gcc", (f"-mcpu=cortex-{cpu}", "-mthumb", *soft, *flags), bool(flags)
    )


TARGETS = {
    target.name: target
    for target in (
        _cortex("m0"),
        _cortex("m0plus"),
        _cortex("m4"),
        _cortex("m4f", "-mfloat-abi=hard", "-mfpu=fpv4-sp-d16"),
        _cortex("m7", "-mfloat-abi=hard", "-mfpu=fpv5-d16"),
        Target("host", "cc", (), True),
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
    >>> from skconv.targets import get_target
    >>> get_target("cortex-m4").flags
    ('-mcpu=cortex-m4', '-mthumb', '-mfloat-abi=soft')
    """
    if name not in TARGETS:
        raise ValueError(f"target is {name!r}, wanted one of {', '.join(map(repr, TARGETS))}")
    return TARGETS[name]
