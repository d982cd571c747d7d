"""Which multiplications a compiler makes of a graph: those of the hardware, and calls."""

from __future__ import annotations

import re

from skconv.codegen.render import render
from skconv.codegen.select import select
from skconv.emulator.build import compile_for, output, written
from skconv.graph import Graph
from skconv.target.targets import get_target

# Of Arm, RISC-V and AVR; and the functions of GNU's runtime library.
INSTRUCTION = re.compile(r"\t(f?mul\w*|ml[as]\w*|[su]ml?a?l\w*|smla\w+|smmul\w*)\b")
CALL = re.compile(r"R_\w+\s+(__\w*mul\w*)")


def multiplications(graph: Graph, target: str, flag: str = "-O2") -> list[str]:
    """Every one in the object file, by name.

    Parameters
    ----------
    graph : Graph
        An integer graph, as `skconv.passes.integers.integer_graph` makes it.
    target : str
        What it is printed and compiled for.
    flag : str
        The optimisation.
    """
    core = get_target(target)
    files = render(select(graph, core), "model")
    objdump = core.compiler.removesuffix("gcc") + "objdump"
    with written(files) as folder:
        compile_for(target, folder, files, (flag,), "-c")
        text = output(objdump, "-dr", *map(str, sorted(folder.glob("*.o"))))
    return [*INSTRUCTION.findall(text), *CALL.findall(text)]
