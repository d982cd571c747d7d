"""Estimates without a compiler: the instructions of each node on a core, and the bytes of code.

Both are sums of products: the work of a node (`skconv.codegen.work`), times what a routine was
measured to take for it. ``estimates.json`` holds the measured factors;
`tests/benchmarks/bench_estimates.py` measures them on simulated cores, writes the file, and prints
how far the estimates are off.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from statistics import median
from typing import Any

from skconv.codegen.node import Function
from skconv.codegen.program import Program
from skconv.codegen.unpack import Unpacked
from skconv.codegen.work import work
from skconv.graph import (
    Fused,
    Graph,
    Magnitude,
    Node,
    Op,
    QConv,
    QKernelMachine,
    Reshape,
    TensorSpec,
)
from skconv.graph.nested import Nested, Packed, Streamed
from skconv.graph.ops import ConvGeometry
from skconv.target.stage_memory import StageMemory
from skconv.target.targets import Target

FILE = Path(__file__).with_name("estimates.json")
# The measured core whose code is like that of another.
CODE_OF = {
    "cortex-m0": "cortex-m0",
    "cortex-m0plus": "cortex-m0",
    "cortex-m3": "cortex-m3",
    "rv32imc": "rv32imc",
    "portable": "rv32imc",
    "avr": "avr",
}

# Code that unpacks tables: 250 to 370 bytes on Cortex-M0, Cortex-M4 and RISC-V.
UNPACK_BYTES = 300

NO_PADDING = ((0, 0), (0, 0))
# Members of a stage that are counted with the stage itself.
APART = (Reshape, ConvGeometry)

# What stands for a routine or a part that was never measured.
OTHER = "other"

Features = Mapping[str, float]


@cache
def coefficients() -> dict[str, Any]:
    """``"instructions"`` of a core, by routine and part of the work; ``"code"`` of a core."""
    found: dict[str, Any] = json.loads(FILE.read_text(encoding="utf-8"))
    return found


# ------------------------------------------------------------------------ instructions


def core_of(target: Target) -> str:
    """The measured core whose instructions are like those of a target: with DSP or without."""
    return "cortex-m4" if target.has_dsp else "cortex-m0"


def instructions(graph: Graph, target: Target) -> float:
    """Estimate of the instructions of one inference.

    They are those of a Cortex-M4 for cores with the DSP extension, and of a Cortex-M0 for others.
    """
    specs = graph.specs
    return sum(
        node_instructions(node, specs[node.inputs[0]], specs[node.name], target)
        for node in graph.nodes
    )


def core_name(target: Target) -> str:
    """The core that they are of, as it is written."""
    return core_of(target).capitalize().replace("-m", "-M")


def node_instructions(node: Node, x: TensorSpec, y: TensorSpec, target: Target) -> float:
    """Those of one node. What was never measured counts as an op of its size does on average."""
    known = coefficients()["instructions"][core_of(target)]
    name = routine(node.op)
    found = work(node.op, x, y)
    if name not in known:
        return dot({"call": 1, "entries": y.size, "macs": node.op.macs(x)}, known[OTHER])
    return sum(count * factor_of(part, known[name]) for part, count in found.items())


def factor_of(part: str, known: Mapping[str, float]) -> float:
    """What a part of the work takes; one that was never measured, what those like it do.

    Parts are alike whose names begin alike: the same products, of numbers of other types.
    """
    if part in known:
        return known[part]
    for stem in (part.split(" of ")[0], part.split()[0]):
        alike = [c for name, c in known.items() if name.startswith(f"{stem} ") and c > 0]
        if alike:
            return median(alike)
    return 0.0


def unmeasured(graph: Graph, target: Target) -> list[str]:
    """The routines of a graph whose instructions or code were never measured."""
    found = coefficients()
    counted, core = found["instructions"][core_of(target)], code_core(target)
    names = {routine(node.op) for node in graph.nodes}
    return sorted(n for n in names if n not in counted or n not in found["code"][core])


def routine(op: Op) -> str:
    """The routine of an op; a stage that reads rows uses the same one."""
    if isinstance(op, Streamed):
        return routine(op.stage)
    if isinstance(op, Unpacked):
        return routine(op.op)
    inner, name = plain(op), type(op).__name__
    if isinstance(inner, QKernelMachine):
        return f"{name} {inner.kernel}"
    return name if inner is op or name != "DspNeighbours" else f"{name} {type(inner).__name__}"


def plain(op: Op) -> Op:
    """The op that a packed one computes."""
    while isinstance(op, Packed):
        op = op.op
    return op


# -------------------------------------------------------------------------------- code


def code_bytes(program: Program, target: Target) -> int | None:
    """Estimate of the bytes of code of an integer graph, with -O2."""
    if program.graph.domain == "float":
        return None
    return code_bytes_by(program, coefficients()["code"][code_core(target)])


def code_bytes_by(program: Program, known: Features) -> int:
    """The same by other coefficients."""
    unpacking = UNPACK_BYTES if program.unpacking else 0
    found = parts(program)
    missing = sum(count for name, count in found.items() if name not in known)
    printed = sum(function.code_bytes for function in functions(program))
    return round(dot(found, known) + missing * known[OTHER]) + printed + unpacking


def functions(program: Program) -> set[Function]:
    """The functions that are printed."""
    calls = program.calls.values()
    return {function for node in calls for call in node for function in call.functions}


def code_core(target: Target) -> str:
    """The measured core whose code is like that of a target."""
    return "cortex-m4" if target.has_dsp else CODE_OF[target.name]


def parts(program: Program) -> Features:
    """What a graph is printed as: how many of each routine, and lines of functions of its own."""
    found = Counter({"model": 1})
    for node in program.graph.nodes:
        found.update(_parts_of(node.op))
        found.update(_unrolled(node.op))
    for function in functions(program):
        if function.code_bytes:
            continue
        lines = [line for line in function.lines if not line.lstrip().startswith("(void)")]
        found["line of assembly" if function.is_assembly else "line"] += len(lines)
    if program.interface.probabilities is not None:
        found[type(program.interface.probabilities).__name__] += 1
    return found


def _unrolled(op: Op) -> dict[str, int]:
    """Taps of a kernel, or of the two of a magnitude, which routines have one by one in code."""
    stage = op.stage if isinstance(op, Streamed) else op
    inner = plain(stage)
    members = [n.op for n in inner.graph.nodes] if isinstance(inner, Nested) else [inner]
    conv, name = members[0], routine(op)
    if not isinstance(stage, Packed) or not isinstance(conv, ConvGeometry):
        return {}
    height, width = conv.window
    kernels = 2 if any(isinstance(member, Magnitude) for member in members) else 1
    return {f"columns of {name}": kernels * width, f"taps of {name}": kernels * height * width}


def _parts_of(op: Op) -> Iterator[str]:
    """A routine, and of a stage what stands in it.

    Portable convolutions have a part for the borders, where there are any.
    """
    inner = plain(op)
    yield routine(op)
    if isinstance(op, Streamed):
        yield "by rows"
    if isinstance(op, QConv) and op.padding != NO_PADDING:
        yield "border"
    if not isinstance(inner, Nested):
        return
    members = [n.op for n in inner.graph.nodes]
    yield from (f"{type(m).__name__} in a stage" for m in members if not isinstance(m, APART))
    memory = StageMemory(inner.graph)
    conv = memory.first.op
    if not isinstance(conv, ConvGeometry):
        return
    if isinstance(op, Fused) and conv.padding != NO_PADDING:
        yield "border of a stage"
    if isinstance(op, Fused) and not memory.by_window:
        yield "overlapping windows"


def dot(features: Features, weights: Mapping[str, float]) -> float:
    return sum(value * weights.get(name, 0) for name, value in features.items())
