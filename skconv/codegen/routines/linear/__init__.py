"""Linear layers by ``dsp_linear.h``."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from skconv.codegen.node import Call, NodeCode, emit
from skconv.codegen.routines.base import Routine, Wish, with_dsp
from skconv.codegen.routines.linear import packing
from skconv.codegen.text import call, struct
from skconv.graph import QLinear, TensorSpec
from skconv.graph.base import Array
from skconv.graph.nested import Packed


@dataclass(frozen=True)
class DspLinear(Packed):
    """A linear layer, two weights at a time."""

    wide: bool = False
    narrow: bool = False


# Where weights of zero are stored for inputs that are not read, two products are taken at a time:
# an input costs about a quarter of the instructions. Of all inputs, this share must be read.
LEAST_READ = {"speed": 0.5, "balanced": 0.75}


def reads_enough(op: QLinear, wish: Wish) -> bool:
    """Whether zeros for what is not read pay; they never do where only memory counts."""
    return op.is_kept is None or op.is_kept.mean() >= LEAST_READ.get(wish.optimize, 2.0)


def fits(op: QLinear, x: TensorSpec, wish: Wish) -> bool:
    """Whether it is the routine to take: wherever it serves.

    Few levels take four bits here, unless memory does not count. Where the portable C has fewer
    bits for them, that is taken to save memory.
    """
    is_kept = op.form is None or wish.optimize == "speed"
    is_smaller = op.form == "int4" or (op.form == "int3" and wish.optimize != "size")
    is_worth_it = is_kept or (is_smaller and packing.is_narrow(op, x))
    return packing.fits(op, x) and reads_enough(op, wish) and is_worth_it


def plan(op: QLinear, x: TensorSpec, wish: Wish) -> DspLinear:
    """The op with its tables."""
    wide = wish.optimize == "speed" and op.weights.dtype == np.int8
    narrow = op.form is not None and not wide
    packed = packing.pack_narrow(op) if narrow else packing.pack(op, x, wide=wide)
    tables: dict[str, Array] = {"packed": packed, "bias": op.bias}
    if op.requantization is not None:
        tables |= op.requantization.parameters
    return DspLinear(op, tuple(tables.items()), packing.scratch_bytes(op, x), wide, narrow)


@emit.register
def _(op: DspLinear, code: NodeCode) -> Iterator[Call]:
    x, y = code.input, code.output
    linear = op.op
    assert isinstance(linear, QLinear)
    rows, columns = linear.weights.shape
    matrix = struct(
        "sk_dsp_matrix",
        type=x.type,
        weight_type=f"SK_{packing.weight_type(linear, wide=op.wide).upper()}",
        rows=rows,
        columns=columns,
        weights=code.tables["packed"],
        bias=code.table("bias", "int32"),
    )
    rule = linear.requantization
    if op.narrow:
        requantized = {} if rule is None else {"rule": code.requantization(rule)}
        result = struct(
            "sk_linear_result", type=y.type, is_requantized=rule is not None, **requantized
        )
        yield Call(
            "dsp_linear_narrow.h", call("sk_dsp_narrow", x.pointer, y.pointer, matrix, result)
        )
    elif rule is None:
        yield Call("dsp_linear.h", call("sk_dsp_linear", x.pointer, y.pointer, matrix))
    else:
        arguments = (x.pointer, *y.typed, matrix, code.requantization(rule))
        yield Call("dsp_linear.h", call("sk_dsp_linear_requantized", *arguments))


ROUTINES = (Routine(QLinear, with_dsp, fits, plan),)
