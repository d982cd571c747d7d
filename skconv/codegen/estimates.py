"""Estimates without a compiler: the instructions of each node on a core, and the bytes of code.

Both are sums of products: the work of a node, times what a routine was measured to take for it.
``estimates.json`` holds the measured factors; `tests/benchmarks/bench_estimates.py` measures them
on simulated cores, writes the file, and prints how far the estimates are off.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

from skconv.codegen.node import Function
from skconv.codegen.program import Program
from skconv.codegen.unpack import Unpacked
from skconv.graph import (
    Fused,
    Graph,
    Magnitude,
    Node,
    Op,
    QConv,
    QKernelMachine,
    QLinear,
    QTriangle,
    Reshape,
    TensorSpec,
)
from skconv.graph.nested import Nested, Packed, Streamed
from skconv.graph.ops import ConvGeometry, PoolGeometry
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

Features = Mapping[str, float]


@cache
def coefficients() -> dict[str, dict[str, dict[str, float]]]:
    """``"instructions"`` of a class of ops; ``"code"`` of a core."""
    found: dict[str, dict[str, dict[str, float]]] = json.loads(FILE.read_text(encoding="utf-8"))
    return found


# ------------------------------------------------------------------------ instructions


def instructions(graph: Graph) -> float:
    """Estimate of the Cortex-M4 instructions of one inference."""
    specs = graph.specs
    return sum(
        node_instructions(node, specs[node.inputs[0]], specs[node.name]) for node in graph.nodes
    )


def node_instructions(node: Node, x: TensorSpec, y: TensorSpec) -> float:
    """Those of one node."""
    known = coefficients()["instructions"]
    name = routine(node.op)
    return dot(work(node.op, x, y), known.get(name, known["other"]))


def routine(op: Op) -> str:
    """The routine of an op; a stage that reads rows uses the same one."""
    if isinstance(op, Streamed):
        return routine(op.stage)
    if isinstance(op, Unpacked):
        return routine(op.op)
    inner = plain(op)
    kernel = f" {inner.kernel}" if isinstance(inner, QKernelMachine) else ""
    return type(op).__name__ + kernel


def work(op: Op, x: TensorSpec, y: TensorSpec) -> Features:
    """The work of an op: products, entries, and one call.

    Of a stage: what its convolution has to do, and of each other member the products of a layer
    or a triangle, the entries that a pooling takes in, or those that anything else makes.
    """
    inner = plain(op)
    if not isinstance(inner, Nested):
        return {"macs": op.macs(x), "entries": y.size, "call": 1}
    graph = inner.graph
    specs, macs = graph.specs, graph.node_macs()
    repeats = op.repeats if isinstance(op, Streamed) else 1
    found: Counter[str] = Counter({"call": 1})
    for node in graph.nodes:
        name, size = type(node.op).__name__, specs[node.name].size
        match node.op:
            case ConvGeometry():
                found["macs"] += round(macs[node.name] * repeats)
                found["entries"] += round(size * repeats)
            case PoolGeometry(area=area):
                found.update({name: size, "pooled": size * area})
            case QLinear() | QTriangle():
                found[name] += macs[node.name]
            case Reshape():
                pass
            case _:
                found[name] += size
    return found


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
    core = "cortex-m4" if target.has_dsp else CODE_OF[target.name]
    unpacking = UNPACK_BYTES if program.unpacking else 0
    known = sum(function.code_bytes for function in functions(program))
    return round(dot(parts(program), coefficients()["code"][core])) + known + unpacking


def functions(program: Program) -> set[Function]:
    """The functions that are printed."""
    calls = program.calls.values()
    return {function for node in calls for call in node for function in call.functions}


def parts(program: Program) -> Features:
    """What a graph is printed as: how many of each routine, and lines of functions of its own."""
    found = Counter({"model": 1})
    for node in program.graph.nodes:
        found.update(_parts_of(node.op))
        found.update(_unrolled(node.op))
    for function in functions(program):
        if function.code_bytes:
            continue
        found["line of assembly" if function.is_assembly else "line"] += len(function.lines)
    if program.interface.probabilities is not None:
        found[type(program.interface.probabilities).__name__] += 1
    return found


def _unrolled(op: Op) -> dict[str, int]:
    """Taps of a kernel, or of the two of a magnitude, which routines have one by one in code."""
    inner = plain(op)
    members = [n.op for n in inner.graph.nodes] if isinstance(inner, Nested) else [inner]
    conv, name = members[0], routine(op)
    if not isinstance(op, Packed) or not isinstance(conv, ConvGeometry):
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
