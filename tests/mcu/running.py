"""Programs of cases, built and run: how many bytes differ."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from skconv import emulator
from tests.exactness import SANITIZERS, run_program
from tests.mcu.cases import Case, program


def differing_on_host(cases: Sequence[Case], folder: Path, *, in_place: bool = False) -> int:
    """With sanitizers."""
    return run_program(program(cases, host=True, in_place=in_place), SANITIZERS, folder)


def differing_on_m4(cases: Sequence[Case], flag: str = "-O2", *, in_place: bool = False) -> int:
    """On an emulated Cortex-M4."""
    result = emulator.run(
        program(cases, host=False, in_place=in_place), flags=(flag,), target="cortex-m4"
    )
    if result.returncode != 0 or not result.output:
        raise AssertionError(f"exit status {result.returncode}: {result.output}")
    return int(result.output)
