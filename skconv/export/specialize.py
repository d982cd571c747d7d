"""Routines for a kind of target: ops whose tables lie as those routines read them.

`specialize` puts such an op in the place of every integer op that one of them can carry out.
The numbers stay those of the op inside (`skconv.graph.nested.Packed`). A new routine is a
class here, a function `pack` that makes it, and an `emit` in `skconv.export.emit_packed`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import singledispatch
from typing import Literal

import numpy as np

from skconv.export.packing import conv as conv_packing
from skconv.export.packing import kernel_machine as machine_packing
from skconv.export.packing import linear as linear_packing
from skconv.export.packing import stage as stage_packing
from skconv.graph import Fused, Graph, Op, QConv, QKernelMachine, QLinear, TensorSpec, verify
from skconv.graph.base import Array
from skconv.graph.integer import exp2_table
from skconv.graph.nested import Packed
from skconv.targets import Target

Optimize = Literal["size", "balanced", "speed"]


@dataclass(frozen=True)
class DspConv(Packed):
    """A convolution by ``csrc/dsp_conv.h``."""

    weight_bits: conv_packing.WeightBits = 8
    windows: int = conv_packing.MOST_WINDOWS


@dataclass(frozen=True)
class DspKernelMachine(Packed):
    """A kernel machine by ``csrc/dsp_kernel_machine.h``."""

    wide: bool = False


@dataclass(frozen=True)
class DspLinear(Packed):
    """A linear layer by ``csrc/dsp_linear.h``."""

    wide: bool = False


@dataclass(frozen=True)
class DspStage(Packed):
    """A fused stage on a one-channel map by ``csrc/dsp_stage.h``."""


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
    if not conv_packing.fits(op, x):
        return op
    bits: conv_packing.WeightBits = 16 if optimize == "speed" else 8
    windows = 2 if optimize == "size" else conv_packing.MOST_WINDOWS
    return DspConv(
        op,
        (("packed", conv_packing.table(op, x, bits)),),
        conv_packing.scratch_bytes(op, x, windows),
        bits,
        windows,
    )


@pack.register
def _(op: Fused, x: TensorSpec, optimize: Optimize) -> Op:
    stage = stage_packing.stage_of(op)
    if stage is None:
        return op
    tables = stage_packing.tables(stage)
    return DspStage(op, tuple(tables.items()), stage_packing.scratch_bytes(stage))


@pack.register
def _(op: QKernelMachine, x: TensorSpec, optimize: Optimize) -> Op:
    if not machine_packing.fits(op, x):
        return op
    wide = optimize == "speed"
    packed = machine_packing.pack(op, x, wide=wide)
    tables = {
        "support_vectors": packed.support_vectors,
        "coefficients": np.ascontiguousarray(packed.coefficients).view("<u4"),
        "intercept": packed.intercept,
        "exp2_table": exp2_table(),
    }
    if packed.norms is not None:
        tables["norms"] = packed.norms
    if packed.classes:
        tables["n_support"] = np.asarray(op.n_support, np.uint16)
    scratch = machine_packing.scratch_bytes(op, x, wide=wide)
    return DspKernelMachine(op, tuple(tables.items()), scratch, wide)


@pack.register
def _(op: QLinear, x: TensorSpec, optimize: Optimize) -> Op:
    if not linear_packing.fits(op, x):
        return op
    wide = optimize == "speed" and op.weights.dtype == np.int8
    tables: dict[str, Array] = {"packed": linear_packing.pack(op, x, wide=wide), "bias": op.bias}
    if op.requantization is not None:
        tables |= op.requantization.parameters
    return DspLinear(op, tuple(tables.items()), linear_packing.scratch_bytes(op, x), wide)
