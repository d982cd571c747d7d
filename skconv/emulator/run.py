"""Run a program on a simulated board."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from skconv.emulator.board import FOLDER, Board
from skconv.emulator.build import Compiler, link, require_tool, simulated, written
from skconv.utils.template import fill

COUNTING_MAIN = FOLDER / "counting_main.c.in"


@dataclass(frozen=True)
class RunResult:
    """Exit status of a run and what it printed."""

    returncode: int
    output: str


def run(
    sources: Mapping[str, str],
    *,
    target: str = "cortex-m4",
    flags: Sequence[str] = ("-O2",),
    timeout: float = 60.0,
    compiler: Compiler = "gcc",
    hosted: bool = False,
) -> RunResult:
    """Compile, link and run a program.

    Parameters
    ----------
    sources : mapping of str to str
        Text of each file by its name, headers included. Every ``.c`` is compiled; one of
        them defines ``int main(void)``. ``bench.h`` is on the include path.
    target : str
        As `skconv.target.targets.get_target` knows it; ``"portable"`` has no board.
    flags : sequence of str
        More compiler flags, the optimisation among them.
    timeout : float
        Seconds of wall time that the program may run.
    compiler : {"gcc", "clang"}
        Clang takes the linker and libgcc of the target's own compiler.
    hosted : bool
        Whether the compiler may count on its C library, as it does for firmware: GCC then
        calls `memset` and `memmove` where loops do the same. By default it has none, and
        counts are those of the C itself.

    Raises
    ------
    ValueError
        Where there is no such target, or it has no board, or clang does not build for it.
    MissingToolError
        Where the compiler or the simulator is not installed.
    BuildError
        Where the compiler refuses the sources (its messages are in the error), or the
        data do not fit the board's memory.
    RuntimeError
        Where the program does not end in time.
    """
    _, board = simulated(target)
    require_tool(board.command[0])
    with written(sources) as folder:
        image = link(folder, sources, target, flags, compiler=compiler, hosted=hosted)
        return _emulate(image, board, timeout)


def count_instructions(
    sources: Mapping[str, str],
    statement: str,
    *,
    prelude: str = "",
    target: str = "cortex-m4",
    flags: Sequence[str] = ("-O2",),
) -> int:
    """Count the instructions of a C statement: repeatable, and exact to one.

    Parameters
    ----------
    sources : mapping of str to str
        Files as for `run`, without ``main``.
    statement : str
        What is counted, as ``"gesture_predict(x)"``. Call functions of other files only:
        the compiler may move the work of a function that it sees out of the count.
    prelude : str
        Includes and static data that the statement needs.
    target, flags
        As for `run`. On ``"avr"`` cycles are counted.
    """
    main = fill(COUNTING_MAIN, {}, prelude=prelude, statement=statement)
    result = run({**sources, "bench_main.c": main}, target=target, flags=flags)
    if result.returncode:
        raise RuntimeError(f"exit status {result.returncode}: {result.output}")
    return int(result.output)


def _emulate(image: Path, board: Board, timeout: float) -> RunResult:
    try:
        result = subprocess.run(
            [*board.command, str(image)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=timeout,
        )
    except subprocess.TimeoutExpired as error:
        raise RuntimeError(f"no end within {timeout} s; output: {error.output!r}") from error
    return RunResult(*board.output(result.returncode, result.stdout))
