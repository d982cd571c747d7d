"""The choice of routines for a kind of target.

`specialize` puts a `Packed` op in the place of every integer op that one of the routines of
the target can carry out (`skconv.codegen.routines`). The numbers stay those of the op inside.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from functools import singledispatch

from skconv.codegen.routines import (
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
from skconv.codegen.routines.base import ConvRoutine, Optimize
from skconv.codegen.turned import turned_chain
from skconv.graph import (
    Fused,
    Graph,
    Node,
    Op,
    QConv,
    QConvHash,
    QKernelMachine,
    QLinear,
    TensorSpec,
    verify,
)
from skconv.passes.fuse import in_parts
from skconv.target.memory import aligned, plan_memory
from skconv.target.targets import Target

# The first that fits is taken: the more special ones come first.
CONVOLUTIONS: tuple[ConvRoutine, ...] = (depthwise, strided_depthwise, rows, first, conv)


def specialize(
    graph: Graph,
    target: Target,
    optimize: Optimize = "balanced",
    *,
    by_rows: bool = False,
    turned: Collection[str] = (),
    spared: Collection[str] = (),
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
    turned : collection of str
        Names of nodes, stages of signals, that go through them sample by sample.
    spared : collection of str
        Names of nodes that take what ``"size"`` would choose for them.
    """
    if graph.domain == "float":
        return graph
    stages = {node.name: node.op for node in graph.nodes if isinstance(node.op, Fused)}
    parts = {name: turned_chain(stages[name], name) for name in turned}
    if target.has_dsp:
        apart = list(stages)[1 if by_rows else 0 :]
        parts |= {
            name: stages[name].graph
            for name in apart
            if name not in {*turned, *spared}
            and _is_smaller_in_parts(stages[name], target, optimize)
        }
    graph = in_parts(graph, parts) if parts else graph
    if target.word_bits < 32:
        return graph
    specs = graph.specs

    def packed(node: Node) -> Op:
        x, wish = specs[node.inputs[0]], "size" if node.name in spared else optimize
        if node.name in turned:
            return pack_turned(node.op, wish) if target.has_dsp else node.op
        return pack(node.op, x, wish) if target.has_dsp else pack_plain(node.op, x, wish)

    return verify(
        replace(graph, nodes=tuple(replace(node, op=packed(node)) for node in graph.nodes))
    )


def _is_smaller_in_parts(op: Fused, target: Target, optimize: Optimize) -> bool:
    if optimize == "size" or stage.pack(op) or hash.pack_stage(op):
        return False
    packed = row_stage.pack(op, optimize)
    if packed is None:
        return row_stage.has_routine_in_parts(op)
    arena = plan_memory(specialize(op.graph, target, optimize)).arena_bytes
    return optimize != "speed" and aligned(packed.scratch_bytes) > arena


def pack_turned(op: Op, optimize: Optimize) -> Op:
    """A stage that goes through a signal sample by sample: by rows of one pixel, if at all."""
    assert isinstance(op, Fused)
    if optimize == "size":
        return op
    return row_stage.pack(op, optimize) or stage.pack(op) or op


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
