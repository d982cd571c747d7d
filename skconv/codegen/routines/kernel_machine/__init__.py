"""Kernel machines by ``dsp_kernel_machine.h``."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from skconv.codegen.node import Call, NodeCode, emit
from skconv.codegen.routines.base import Routine, Wish, with_dsp
from skconv.codegen.routines.kernel_machine import packing
from skconv.codegen.text import CTYPES, call, struct
from skconv.graph import QKernelMachine, TensorSpec
from skconv.graph.integer import exp2_table
from skconv.graph.nested import Packed


@dataclass(frozen=True)
class DspKernelMachine(Packed):
    """A kernel machine, two or four features at a time."""

    wide: bool = False


def fits(op: QKernelMachine, x: TensorSpec, wish: Wish) -> bool:
    """Whether it is the routine to take: wherever it serves."""
    return packing.fits(op, x)


def plan(op: QKernelMachine, x: TensorSpec, wish: Wish) -> DspKernelMachine:
    """The op with its tables."""
    wide = wish.optimize == "speed"
    packed = packing.pack(op, x, wide=wide)
    # In the order of sk_dsp_machine: C++ wants the fields of a structure in their order.
    tables = {"support_vectors": packed.support_vectors}
    if packed.classes:
        tables["n_support"] = np.asarray(op.n_support, np.uint16)
    tables["coefficients"] = np.ascontiguousarray(packed.coefficients).view("<u4")
    tables["intercept"] = packed.intercept
    if packed.norms is not None:
        tables["norms"] = packed.norms
    tables["exp2_table"] = exp2_table()
    scratch = packing.scratch_bytes(op, x, wide=wide)
    return DspKernelMachine(op, tuple(tables.items()), scratch, wide)


@emit.register
def _(op: DspKernelMachine, code: NodeCode) -> Iterator[Call]:
    x, y = code.input, code.output
    machine = op.op
    assert isinstance(machine, QKernelMachine)
    packed = packing.pack(machine, x.spec, wide=op.wide)
    tables = {name: code.tables[name] for name in op.parameters}
    value = struct(
        "sk_dsp_machine",
        kernel=f"SK_{machine.kernel.upper()}",
        type=x.type,
        vector_type=f"SK_{packed.vector_type.upper()}",
        features=x.spec.size,
        vectors=len(machine.support_vectors),
        classes=packed.classes,
        rows=len(machine.dual_coef),
        **tables,
        **({"fine": True} if machine.fine else {}),
        **({"byte_coefficients": True} if machine.dual_coef.dtype == np.int8 else {}),
        **({"shift": machine.shift} if machine.kept_bits else {}),
        **(vars(packed.grid) if packed.grid is not None else {}),
        exponent=code.requantization(packed.exponent),
    )
    scratch = f"({CTYPES['int64']} *){code.scratch}" if op.scratch_bytes else "NULL"
    arguments = (x.pointer, y.pointer, scratch, value)
    yield Call("dsp_kernel_machine.h", call("sk_dsp_kernel_machine", *arguments))


ROUTINES = (Routine(QKernelMachine, with_dsp, fits, plan),)
