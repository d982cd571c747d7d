"""The choice of routines for a kind of target.

`specialize` puts a `Packed` op in the place of every integer op that one of the routines of
the target can carry out (`skconv.export.routines`). The numbers stay those of the op inside.
"""

from __future__ import annotations

from dataclasses import replace
from functools import singledispatch

from skconv.export.routines import (
    blocked,
    conv,
    depthwise,
    first,
    hash,
    kernel_machine,
    linear,
    row_stage,
    rows,
    stage,
    strided_depthwise,
)
from skconv.export.routines.base import ConvRoutine, Optimize
from skconv.graph import (
    Fused,
    Graph,
    Op,
    QConv,
    QConvHash,
    QKernelMachine,
    QLinear,
    TensorSpec,
    verify,
)
from skconv.memory import aligned, plan_memory
from skconv.passes.fuse import in_parts
from skconv.targets import Target

# The first that fits is taken: the more special ones come first.
CONVOLUTIONS: tuple[ConvRoutine, ...] = (depthwise, strided_depthwise, rows, first, conv)


def specialize(
    graph: Graph, target: Target, optimize: Optimize = "balanced", *, by_rows: bool = False
) -> Graph:
    """An integer graph with the routines that a target has.

    Parameters
    ----------
    graph : Graph
        An integer graph.
    target : Target
        Cores with Arm's DSP extension have routines for most ops; other cores of 32 bits have
        one for convolutions.
    optimize : {"size", "balanced", "speed"}
        ``"speed"`` stores weights as 16 bits where fewer instructions come of it; ``"size"``
        takes less code and scratch memory where that costs instructions.
    by_rows : bool
        Whether the input is to come row by row: the first stage stays one op then.
    """
    if target.word_bits < 32 or graph.domain == "float":
        return graph
    choose = pack if target.has_dsp else pack_plain
    if target.has_dsp:
        graph = _with_small_parts(graph, target, optimize, by_rows)
    specs = graph.specs
    nodes = tuple(
        replace(node, op=choose(node.op, specs[node.inputs[0]], optimize)) for node in graph.nodes
    )
    return verify(replace(graph, nodes=nodes))


def _with_small_parts(graph: Graph, target: Target, optimize: Optimize, by_rows: bool) -> Graph:
    """Stages op after op where the routine for them takes more memory, or cannot serve them."""
    stages = [(node.name, node.op) for node in graph.nodes if isinstance(node.op, Fused)]
    parts = {
        name: op.graph
        for name, op in stages[1 if by_rows else 0 :]
        if _is_smaller_in_parts(op, target, optimize)
    }
    return in_parts(graph, parts) if parts else graph


def _is_smaller_in_parts(op: Fused, target: Target, optimize: Optimize) -> bool:
    if optimize == "size" or stage.pack(op) or hash.pack_stage(op):
        return False
    packed = row_stage.pack(op, optimize)
    if packed is None:
        return row_stage.has_routine_in_parts(op)
    arena = plan_memory(specialize(op.graph, target, optimize)).arena_bytes
    return optimize != "speed" and aligned(packed.scratch_bytes) > arena


def pack_plain(op: Op, x: TensorSpec, optimize: Optimize) -> Op:
    """The op for a core without the extension."""
    if isinstance(op, QConv) and blocked.fits(op, x, optimize):
        return blocked.pack(op, x, optimize)
    return op


@singledispatch
def pack(op: Op, x: TensorSpec, optimize: Optimize) -> Op:
    """The op for a core with the DSP extension: the same one where there is no routine."""
    return op


@pack.register
def _(op: QConv, x: TensorSpec, optimize: Optimize) -> Op:
    for routine in CONVOLUTIONS:
        if routine.fits(op, x, optimize):
            return routine.pack(op, x, optimize)
    return op


@pack.register
def _(op: QConvHash, x: TensorSpec, optimize: Optimize) -> Op:
    return hash.pack(op, x) if hash.fits(op, x) else op


@pack.register
def _(op: Fused, x: TensorSpec, optimize: Optimize) -> Op:
    return stage.pack(op) or hash.pack_stage(op) or row_stage.pack(op, optimize) or op


@pack.register
def _(op: QKernelMachine, x: TensorSpec, optimize: Optimize) -> Op:
    return kernel_machine.pack(op, x, optimize) if kernel_machine.fits(op, x) else op


@pack.register
def _(op: QLinear, x: TensorSpec, optimize: Optimize) -> Op:
    return linear.pack(op, x, optimize) if linear.fits(op, x) else op
