"""The choice of routines for a kind of target.

`specialize` puts a `Packed` op in the place of every integer op that one of the routines of
the target can carry out (`skconv.export.routines`). The numbers stay those of the op inside.
"""

from __future__ import annotations

from dataclasses import replace
from functools import singledispatch

from skconv.export.routines import conv, kernel_machine, linear, stage
from skconv.export.routines.base import Optimize
from skconv.graph import Fused, Graph, Op, QConv, QKernelMachine, QLinear, TensorSpec, verify
from skconv.targets import Target


def specialize(graph: Graph, target: Target, optimize: Optimize = "balanced") -> Graph:
    """An integer graph with the routines that a target has.

    Parameters
    ----------
    graph : Graph
        An integer graph.
    target : Target
        Cores with Arm's DSP extension have routines of their own.
    optimize : {"size", "balanced", "speed"}
        ``"speed"`` stores weights as 16 bits where fewer instructions come of it; ``"size"``
        takes less code and scratch memory where that costs instructions.
    """
    if not target.has_dsp or graph.domain == "float":
        return graph
    specs = graph.specs
    nodes = tuple(
        replace(node, op=pack(node.op, specs[node.inputs[0]], optimize)) for node in graph.nodes
    )
    return verify(replace(graph, nodes=nodes))


@singledispatch
def pack(op: Op, x: TensorSpec, optimize: Optimize) -> Op:
    """The op for a core with the DSP extension: the same one where there is no routine."""
    return op


@pack.register
def _(op: QConv, x: TensorSpec, optimize: Optimize) -> Op:
    return conv.pack(op, x, optimize) if conv.fits(op, x) else op


@pack.register
def _(op: Fused, x: TensorSpec, optimize: Optimize) -> Op:
    return stage.pack(op) or op


@pack.register
def _(op: QKernelMachine, x: TensorSpec, optimize: Optimize) -> Op:
    return kernel_machine.pack(op, x, optimize) if kernel_machine.fits(op, x) else op


@pack.register
def _(op: QLinear, x: TensorSpec, optimize: Optimize) -> Op:
    return linear.pack(op, x, optimize) if linear.fits(op, x) else op
