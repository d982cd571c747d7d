"""The names that tests know the emulator by: see `skconv.emulator`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from skconv import emulator
from skconv.emulator import FAULT, ObjectSizes, RunResult

__all__ = ["FAULT", "TOOLS", "Cpu", "count_instructions", "object_sizes", "run_on_qemu"]

Cpu = str
TOOLS = emulator.tools("cortex-m4")


def run_on_qemu(
    sources: Mapping[str, str],
    *,
    cpu: Cpu = "cortex-m4",
    flags: Sequence[str] = ("-O2",),
    timeout: float = 60.0,
) -> RunResult:
    return emulator.run(sources, target=cpu, flags=flags, timeout=timeout)


def count_instructions(
    sources: Mapping[str, str],
    statement: str,
    *,
    prelude: str = "",
    cpu: Cpu = "cortex-m4",
    flags: Sequence[str] = ("-O2",),
) -> int:
    return emulator.count_instructions(sources, statement, prelude=prelude, target=cpu, flags=flags)


def object_sizes(
    sources: Mapping[str, str], *, cpu: Cpu = "cortex-m4", flags: Sequence[str] = ("-Os",)
) -> ObjectSizes:
    return emulator.object_sizes(sources, target=cpu, flags=flags)
