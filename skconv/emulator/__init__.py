"""Compile C for a target, run it on a simulated board, count instructions and bytes.

``main`` of the given sources runs after the startup code in ``boards/``, on a board without
an operating system: its return value is the exit status (98 stands for 98 and more), a fault
is 99. Cortex-M and RISC-V run under QEMU, which counts executed instructions; AVR runs under
simavr, which counts cycles. A count is the same on every run.
"""

from __future__ import annotations

from skconv.emulator.board import FAULT
from skconv.emulator.build import (
    BuildError,
    MissingToolError,
    ObjectSizes,
    Symbol,
    object_sizes,
    tools,
)
from skconv.emulator.run import RunResult, count_instructions, run

__all__ = [
    "FAULT",
    "BuildError",
    "MissingToolError",
    "ObjectSizes",
    "RunResult",
    "Symbol",
    "count_instructions",
    "object_sizes",
    "run",
    "tools",
]
